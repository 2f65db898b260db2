"""Model.package, the harness's half: the files of an image are written without an engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from amlemu.errors import EngineMissing, UsageError
from amlemu_harness import packaged

PAGE = "FROM mcr.microsoft.com/azureml/base:intelmpi2018.3-ubuntu16.04\nRUN apt-get update && apt-get install vim -y"


@pytest.fixture
def project(tmp_path):
    """Writes an inferenceconfig.json with its script and a model; returns its path and the options."""

    def write(pip: list[str], **docker: str) -> tuple[str, dict[str, object]]:
        (tmp_path / "src").mkdir()
        (tmp_path / "src/score.py").write_text("def init(): pass\ndef run(data): return data\n")
        (tmp_path / "m.pkl").write_bytes(b"model")
        conda = {"name": "e", "dependencies": ["python=3.8", {"pip": pip}]}
        environment = {"name": "e", "python": {"condaDependencies": conda}, "docker": docker}
        said = {"entryScript": "score.py", "sourceDirectory": "src", "environment": environment}
        file = tmp_path / "inferenceconfig.json"
        file.write_text(json.dumps(said))
        return str(file), {"model": [f"net:4={tmp_path / 'm.pkl'}"]}

    return write


def test_the_dockerfile_of_the_page_keeps_its_lines(project, tmp_path):
    """`base_dockerfile` of the page of 2020-03: what follows comes after its RUN."""
    file, options = project(["azureml-defaults==1.0.45", "ptvsd"], baseDockerfile=PAGE)
    packaged.files(file, options, tmp_path / "context")
    lines = (tmp_path / "context/Dockerfile").read_text().splitlines()

    assert lines.index("RUN apt-get update && apt-get install vim -y") == lines.index(PAGE.splitlines()[0]) + 1
    assert "EXPOSE 5678" in lines  # ptvsd is asked for
    assert any(line.startswith("COPY") and "package/models/ /var/azureml-app/" in line for line in lines)


def test_all_that_it_copies_is_there(project, tmp_path):
    """Models lie at azureml-models/NAME/VERSION (contract 3.1)."""
    file, options = project(["azureml-defaults"], baseImage="mcr.microsoft.com/azureml/base")
    context = tmp_path / "context"
    packaged.files(file, options, context)

    assert (context / "package/models/azureml-models/net/4/m.pkl").read_bytes() == b"model"
    assert (context / "package/code/src/score.py").is_file()
    dockerfile = (context / "Dockerfile").read_text()
    assert 'AZUREML_MODEL_DIR="/var/azureml-app/azureml-models/net/4"' in dockerfile
    assert "EXPOSE 5678" not in dockerfile
    sources = [word for line in dockerfile.splitlines() if line.startswith("COPY") for word in line.split()[1:-1]]
    assert [one for one in sources if not one.startswith("--") and not (context / one).exists()] == []


def test_without_an_engine_nothing_is_built(project, monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    file, options = project(["azureml-defaults"])

    with pytest.raises(EngineMissing):
        packaged.image(file, options, "package:1", print)


def test_a_script_alone_is_no_package(project, tmp_path):
    project([])

    with pytest.raises(UsageError, match=r"a package is made of an inferenceconfig.json"):
        packaged.read(str(tmp_path / "src/score.py"), {}, "")


def test_a_model_that_is_gone_is_named(project):
    file, options = project([])
    Path(str(options["model"][0]).partition("=")[2]).unlink()

    with pytest.raises(UsageError, match="no such file or folder"):
        packaged.read(file, options, "")
