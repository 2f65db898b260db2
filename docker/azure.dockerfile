# What `az ml online-deployment create --local` writes (azure-ai-ml 1.35.2, _local_endpoints/dockerfile_resolver.py).
# `#:` names the step that follows.
{start}
{certificates}
{root}
#: the app root
RUN mkdir -p /var/azureml-app/
WORKDIR /var/azureml-app/
CMD [{command}]
{environment}
