# The reference image: what Azure's inference image does, on Debian, for machines that cannot reach Azure's registry.
# `#:` names the step that follows.
{start}
{certificates}
#: the user, its folders, nginx and the services
USER root
RUN useradd --create-home --uid 1001 dockeruser && install -d -o dockeruser /var/azureml-app /var/runit /azureml-envs /opt/miniconda/envs /opt/amlemu
COPY --chown=dockeruser reference/runit /var/runit
COPY reference/nginx.conf /etc/nginx/azureml.conf
RUN chmod +x /var/runit/*/* && echo "amlemu reference image" > /IMAGE_INFORMATION
USER dockeruser
WORKDIR /var/azureml-app/
ENV SVDIR=/var/runit WORKER_TIMEOUT=300 AZUREML_INFERENCE_SERVER_HTTP_ENABLED=True
ENV AZUREML_CONDA_ENVIRONMENT_PATH=/azureml-envs/minimal PATH=/azureml-envs/minimal/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
EXPOSE 5001
CMD ["runsvdir", "/var/runit"]
#: the inference server
RUN python3 -m venv /azureml-envs/minimal && /azureml-envs/minimal/bin/pip install {server}
#: what Azure's minimal environment has beside it
RUN /azureml-envs/minimal/bin/pip install {beside}
{environment}
