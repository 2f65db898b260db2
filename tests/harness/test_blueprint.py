"""Dockerfiles: as the Azure CLI writes them, or the reference image's; what changes more often comes later."""

from __future__ import annotations

from amlemu.azure import asked
from amlemu_harness.bases import choose, the_reference
from amlemu_harness.blueprint import Extras, draw

CONDA = """name: x
dependencies:
  - python=3.11
  - numpy=1.26
  - cudatoolkit
  - pip:
      - azureml-inference-server-http
      - --extra-index-url https://example.org/simple
      - pandas<3
"""


def requirements(folder, name="conda.yml", text=CONDA):
    (folder / name).write_text(text)
    return asked.read(folder / name)


def instructions(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith(("#", "ARG "))]


def test_a_conda_file_on_azures_image_is_built_as_the_cli_builds_it(tmp_path):
    """Source: contract 5.1 item 3, azure-ai-ml 1.35.2, dockerfile_resolver.py."""
    plan = draw(choose(None, None, image="mcr.microsoft.com/azureml/x:1"), requirements(tmp_path), Extras())

    assert sorted(instructions(plan.dockerfile)) == sorted(
        [
            "FROM mcr.microsoft.com/azureml/x:1",
            "RUN mkdir -p /var/azureml-app/",
            "WORKDIR /var/azureml-app/",
            "COPY conda.yml /var/azureml-app/",
            "RUN conda env create -n inf-conda-env --file conda.yml",
            'CMD ["conda", "run", "--no-capture-output", "-n", "inf-conda-env", "runsvdir", "/var/runit"]',
        ]
    )
    assert instructions(plan.dockerfile)[-1] == "RUN conda env create -n inf-conda-env --file conda.yml"
    assert plan.files["conda.yml"] == CONDA.encode()


def test_an_image_alone_gets_no_environment():
    plan = draw(choose(None, None, image="a:1"), None, Extras())

    assert instructions(plan.dockerfile) == [
        "FROM a:1",
        "RUN mkdir -p /var/azureml-app/",
        "WORKDIR /var/azureml-app/",
        'CMD ["runsvdir", "/var/runit"]',
    ]


def test_requirements_of_pip_go_into_the_images_own_environment(tmp_path):
    asked_for = requirements(tmp_path, "requirements.txt", "--index-url https://example.org/\nsix==1.16.0\n")
    plan = draw(choose(None, None, image="a:1"), asked_for, Extras())

    assert instructions(plan.dockerfile)[-1] == "RUN pip install -r /opt/amlemu/requirements/pip.txt"
    assert plan.files["requirements/pip.txt"] == b"--index-url https://example.org/\nsix==1.16.0\n"


def test_the_reference_image_ends_with_the_packages(tmp_path):
    """So that a new requirement makes the last layer anew; conda's packages and then pip's, in one step."""
    plan = draw(the_reference("x"), requirements(tmp_path), Extras())

    assert instructions(plan.dockerfile)[-2:] == [
        "COPY requirements /opt/amlemu/requirements/",
        "RUN /opt/miniconda/envs/inf-conda-env/bin/pip install -r /opt/amlemu/requirements/conda.txt"
        " && /opt/miniconda/envs/inf-conda-env/bin/pip install -U -r /opt/amlemu/requirements/pip.txt",
    ]
    assert plan.files["requirements/conda.txt"] == b"numpy==1.26.*\n"
    assert plan.files["requirements/pip.txt"] == (
        b"--extra-index-url https://example.org/simple\nazureml-inference-server-http\npandas<3\n"
    )
    assert "ENV PATH=/opt/miniconda/envs/inf-conda-env/bin:$PATH" in instructions(plan.dockerfile)


def test_all_reference_images_begin_alike(tmp_path):
    """So that the server is installed once, whatever deployments there are."""
    debugged = Extras(debugger={"sitecustomize.py": tmp_path / "sitecustomize.py"})
    texts = [draw(the_reference("x"), asked_for, extras).dockerfile for asked_for in (None, requirements(tmp_path)) for extras in (Extras(), debugged)]  # fmt: skip
    begin = texts[0]

    assert begin.splitlines()[-1].endswith("pip install azure-identity azure-storage-blob joblib numpy")
    assert all(text.startswith(begin) for text in texts)


def test_what_the_reference_image_cannot_have_is_told(tmp_path):
    asked_for = requirements(tmp_path, text=CONDA.replace("3.11", "3.8"))

    remarks = draw(the_reference("x"), asked_for, Extras()).remarks

    assert remarks[0] == "conda.yml asks for Python ==3.8.*; the reference image has 3.11"
    assert remarks[1].startswith("not in the reference image: cudatoolkit (")


def test_a_list_that_names_other_lists_is_one_list_in_the_image(tmp_path):
    """`-r` leads nowhere there."""
    (tmp_path / "base.txt").write_text("six==1.16.0\n")
    plan = draw(the_reference("x"), requirements(tmp_path, "requirements.txt", "-r base.txt\nflask\n"), Extras())

    assert plan.files["requirements/pip.txt"] == b"six==1.16.0\nflask\n"


def test_constraints_lie_beside_the_list(tmp_path):
    (tmp_path / "constraints.txt").write_text("flask<3\n")
    plan = draw(the_reference("x"), requirements(tmp_path, "requirements.txt", "-c constraints.txt\nflask\n"), Extras())

    assert plan.files["requirements/pip.txt"] == b"-c constraints.txt\nflask\n"
    assert plan.files["requirements/constraints.txt"] == tmp_path / "constraints.txt"


def test_certificates_hold_in_the_build_and_not_for_the_script(tmp_path):
    """ARG, and no ENV; before all that fetches."""
    bundle = tmp_path / "ca.pem"
    plan = draw(the_reference("x"), None, Extras(certificates=bundle))
    lines = plan.dockerfile.splitlines()

    assert plan.files["certificates.pem"] == bundle
    assert lines.index("ARG PIP_CERT=/opt/amlemu/certificates.pem") < next(
        number for number, line in enumerate(lines) if "pip install" in line
    )
    assert not [line for line in lines if line.startswith("ENV") and "CERT" in line]


def test_wheels_take_the_place_of_the_index(tmp_path):
    plan = draw(the_reference("x"), None, Extras(wheels=tmp_path))

    assert "COPY wheels /opt/amlemu/wheels/" in plan.dockerfile
    assert "ARG PIP_NO_INDEX=1" in plan.dockerfile
    assert plan.files["wheels"] == tmp_path


def test_arguments_of_the_build_are_declared():
    """pip's own before all that pip does, others as late as they are wanted: each new value makes anew what follows."""
    lines = draw(the_reference("x"), None, Extras(arguments=("PIP_INDEX_URL", "MINE"))).dockerfile.splitlines()
    server = next(number for number, line in enumerate(lines) if "azureml-inference-server-http" in line)

    assert lines.index("ARG PIP_INDEX_URL") < server < lines.index("ARG MINE")


def test_a_debugger_comes_before_the_packages_and_the_user_stays(tmp_path):
    """A new requirement leaves its layer be; commands that need root give the base's user back."""
    extras = Extras(debugger={"sitecustomize.py": tmp_path / "sitecustomize.py"})
    reference = instructions(draw(the_reference("x"), requirements(tmp_path), extras).dockerfile)
    azure = instructions(draw(choose(None, None, image="a:1"), None, extras, "dockeruser").dockerfile)

    assert reference.index("RUN /opt/miniconda/envs/inf-conda-env/bin/pip install debugpy") < reference.index(
        "COPY requirements /opt/amlemu/requirements/"
    )
    assert azure[1] == "USER root"
    assert azure[4] == "USER dockeruser"
    assert azure[-1] == "RUN pip install debugpy"


def test_what_is_baked_in_comes_last():
    plan = draw(the_reference("x"), None, Extras(instructions="COPY code /var/azureml-app/code", files={"code": b"x"}))

    assert instructions(plan.dockerfile)[-1] == "COPY code /var/azureml-app/code"
    assert plan.files["code"] == b"x"


def test_a_dockerfile_of_the_users_finds_its_folder_beside_it(tmp_path):
    """But for what .dockerignore says; ours comes on top."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("a/b/c.txt", "secret.key", "Dockerfile", "conda.yml"):
        (tmp_path / name).write_text("FROM a:1\nCOPY a /a\n")
    (tmp_path / ".dockerignore").write_text("# keys\n*.key\n")

    plan = draw(choose(None, None, dockerfile=tmp_path / "Dockerfile"), None, Extras())

    assert plan.dockerfile.splitlines()[2:4] == ["FROM a:1", "COPY a /a"]
    assert sorted(plan.files) == [".dockerignore", "Dockerfile", "a/b/c.txt", "conda.yml"]
