"""Images: built from a deployment, layer by layer, by a real engine; what fails says why in one sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import docker.errors
import httpx
import pytest

from tests.container.conftest import REPOSITORY, alone

pytestmark = pytest.mark.docker
CONDA_STAND_IN = REPOSITORY / "tests" / "container" / "conda" / "Dockerfile"
OWN = f"amlemu-tests-{os.getpid()}"  # several processes may run tests; each removes its own
DIABETES = REPOSITORY / "examples" / "diabetes"


def amlemu(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "amlemu", *words]
    environment = {**os.environ, "AMLEMU_NETWORK": "host", **variables}
    return subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment, check=False)


@pytest.fixture(scope="module")
def diabetes(engine) -> str:
    with alone():
        built = amlemu("image", "build", str(DIABETES / "score.py"), "--tag", "amlemu-tests:diabetes", "--json")
    assert built.returncode == 0, built.stderr
    return json.loads(built.stdout)["image"]


def layers(engine, name: str) -> list[str]:
    return engine.client.images.get(name).attrs["RootFS"]["Layers"]


def test_the_diabetes_example_is_built_and_nothing_twice(engine, diabetes):
    """A second build with nothing changed takes less than 2 s, and gives the same image."""
    before = engine.client.images.get(diabetes).id

    took_s = []
    for _ in range(3):  # machines are shared: the best one says how long it takes
        with alone():
            began = time.monotonic()
            again = amlemu("image", "build", str(DIABETES / "score.py"), "--tag", "amlemu-tests:diabetes")
            took_s.append(time.monotonic() - began)

    assert again.returncode == 0, again.stderr
    assert engine.client.images.get(diabetes).id == before
    assert min(took_s) < 2.0
    assert "packages of conda.yml" not in again.stderr  # no step is done again


def test_the_diabetes_example_runs_and_its_cases_are_answered(engine, diabetes):
    """`amlemu container run`: the real container's answers to the example's own requests are those that the example states."""
    words = (
        "container",
        "run",
        str(DIABETES / "score.py"),
        "--model-dir",
        str(DIABETES / "model"),
        "--image",
        diabetes,
    )
    subprocess.run([sys.executable, str(DIABETES / "train.py"), "--if-missing"], check=True, timeout=60)
    ran = amlemu(*words, "--endpoint-name", "amlemu-tests-diabetes", "--json")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    try:
        cases = [json.loads(path.read_text()) for path in sorted((DIABETES / "cases").glob("*.json"))]
        answers = [ask(told["scoring_uri"].removesuffix("/score"), case) for case in cases]
    finally:
        removed = amlemu("container", "remove", told["name"])

    assert cases
    assert answers == [case["response"] for case in cases]
    assert removed.returncode == 0


def ask(base: str, case: dict) -> dict:
    """Play a case of the example; returns the answer as cases state one, with the headers that this one states."""
    asked = case["request"]
    file = asked.get("body_file")
    body = (DIABETES / file).read_bytes() if file else asked.get("body", "").encode()
    answer = httpx.request(
        asked["method"], base + asked["path"], headers=asked["headers"], content=body, trust_env=False
    )
    said = {"json": answer.json()} if "json" in case["response"] else {"text": answer.text}
    headers = {name: answer.headers.get(name) for name in case["response"]["headers"]}
    return {"status": answer.status_code, "headers": headers, **said}


def test_each_message_says_which_image_it_is(engine, diabetes):
    """Microsoft's registry is out of reach, or it is not: one of the two names is in the output."""
    with alone():
        told = amlemu("image", "build", str(DIABETES / "score.py"), "--tag", "amlemu-tests:diabetes")

    assert "on the reference image" in told.stdout or "mcr.microsoft.com/azureml/" in told.stdout
    assert (
        "in place of mcr.microsoft.com/azureml/minimal-py311-inference:latest" in told.stderr
        or "pulling" in told.stderr
    )


def test_an_edit_of_the_script_rebuilds_no_layer_and_a_new_requirement_one(engine, folder):
    """The layers that stay are the same to the byte."""
    code = folder(
        "code", **{"score.py": "def init(): pass\ndef run(d): return 1\n", "conda.yml": CONDA.format("six==1.16.0")}
    )
    words = ("image", "build", str(code / "score.py"), "--reference", "--tag", f"{OWN}:layers")
    with alone():
        assert amlemu(*words).returncode == 0
        first = layers(engine, f"{OWN}:layers")
        (code / "score.py").write_text("def init(): pass\ndef run(d): return 2\n")
        assert amlemu(*words).returncode == 0
        second = layers(engine, f"{OWN}:layers")
        (code / "conda.yml").write_text(CONDA.format("six==1.17.0"))
        told = amlemu(*words)
        third = layers(engine, f"{OWN}:layers")

    assert second == first
    assert third != first
    assert [step for step in told.stderr.splitlines() if step.endswith(" ...")] == ["the packages of conda.yml ..."]
    assert third[:-2] == first[:-2]  # the list, and what pip has installed of it


def test_a_conflict_is_told_with_the_whole_log_and_the_cause_in_one_line(engine, folder):
    """Exit code 1; both sides of what pip cannot fit together are named."""
    code = folder(
        "code",
        **{
            "score.py": "def init(): pass\ndef run(d): return 1\n",
            "requirements.txt": "flask==2.2.0\nwerkzeug==1.0.1\n",
        },
    )
    with alone():
        failed = amlemu("image", "build", str(code / "score.py"), "--reference", "--tag", f"{OWN}:conflict")

    assert failed.returncode == 1
    cause = failed.stderr.strip().splitlines()[-1]
    assert cause.startswith(
        "amlemu: the packages of requirements.txt: the step has failed: these requirements exclude each other:"
    )
    assert "werkzeug" in cause.lower()
    assert "Cannot install" in failed.stderr.rpartition("amlemu: ")[0]  # pip's own words


def test_a_base_that_is_nowhere_is_told(engine, folder):
    """A name that no registry has, or whose registry cannot be reached; no stack trace."""
    code = folder("code", **{"score.py": "def init(): pass\ndef run(d): return 1\n"})

    failed = amlemu("image", "build", str(code / "score.py"), "--base-image", "nowhere.invalid/nothing:1")

    assert failed.returncode == 1
    assert (
        failed.stderr.strip()
        .splitlines()[-1]
        .startswith("amlemu: nowhere.invalid/nothing:1: the registry cannot be reached")
    )


def test_a_certificate_that_is_not_trusted_is_told(engine, folder):
    """Without the bundle of a proxy that reads along, pip fails, and the option that helps is named."""
    if not os.environ.get("PIP_CERT"):
        pytest.skip("PyPI is reached here without a certificate of one's own")
    code = folder(
        "code", **{"score.py": "def init(): pass\ndef run(d): return 1\n", "requirements.txt": "six==1.15.0\n"}
    )

    with alone():
        failed = amlemu(
            "image",
            "build",
            str(code / "score.py"),
            "--reference",
            "--ca-bundle",
            "",
            "--no-cache",
            "--build-arg",
            "PIP_RETRIES=0",
            "--tag",
            f"{OWN}:tls",
        )

    assert failed.returncode == 1
    assert "pip does not trust the certificate of the index" in failed.stderr.strip().splitlines()[-1]
    assert "--ca-bundle" in failed.stderr.strip().splitlines()[-1]


def test_ctrl_c_in_a_build_leaves_nothing_running(engine, folder):
    """Exit code 130; the command of the step has ended, and its container is gone."""
    code = folder("code", **{"score.py": "def init(): pass\ndef run(d): return 1\n"})
    lines = "FROM amlemu-tests:reference\nRUN echo begun-$RANDOM && sleep 300"
    command = [
        sys.executable,
        "-m",
        "amlemu",
        "image",
        "build",
        str(code / "score.py"),
        "--base-dockerfile",
        lines,
        "--no-cache",
        "--verbose",
    ]
    command += ["--tag", f"{OWN}:interrupted"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as building:
        for line in building.stderr:
            if "begun-" in line and "RUN" not in line:
                break
        building.send_signal(signal.SIGINT)
        rest = building.stderr.read()
        code_of_end = building.wait(10)

    assert code_of_end == 130, rest
    deadline = time.monotonic() + 10
    while sleeping(engine) and time.monotonic() < deadline:
        pass
    assert sleeping(engine) == []
    assert engine.client.images.list(f"{OWN}:interrupted") == []


def sleeping(engine) -> list[str]:
    found = engine.client.api.containers(all=True)
    return [one["Id"] for one in found if "sleep 300" in one["Command"]]


def test_prune_lists_all_and_removes_nothing_unasked(engine, folder):
    """With --dry-run, and where nobody can be asked."""
    code = folder("code", **{"score.py": "def init(): pass\ndef run(d): return 1\n"})
    with alone():
        built = amlemu("image", "build", str(code / "score.py"), "--reference", "--tag", f"{OWN}:pruned")
    assert built.returncode == 0, built.stderr

    looked, unasked = amlemu("image", "prune", "--dry-run"), amlemu("image", "prune")

    assert looked.returncode == 0
    assert f"{OWN}:pruned" in looked.stdout
    assert unasked.returncode == 2
    assert unasked.stderr == "amlemu: nobody is there to be asked, so nothing is removed. --yes removes these.\n"
    assert engine.client.images.list(f"{OWN}:pruned")


def test_a_folder_of_wheels_takes_the_place_of_the_index(engine, folder, tmp_path):
    """Nothing is fetched: the build has no network at all."""
    wheels = tmp_path / "wheels"
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "-d", str(wheels), "six==1.16.0"], check=True, timeout=120
    )
    code = folder(
        "code", **{"score.py": "def init(): pass\ndef run(d): return 1\n", "requirements.txt": "six==1.16.0\n"}
    )
    lines = "FROM amlemu-tests:reference"

    with alone():
        built = amlemu(
            "image",
            "build",
            str(code / "score.py"),
            "--base-dockerfile",
            lines,
            "--wheels",
            str(wheels),
            "--tag",
            f"{OWN}:wheels",
            AMLEMU_NETWORK="none",
        )

    assert built.returncode == 0, built.stderr


def test_a_conda_environment_is_made_in_azures_image_as_the_cli_makes_it(engine, folder):
    """On a base with a `conda` (here one that makes a virtual environment); without the server in it the container ends as in Azure."""
    code = folder(
        "code", **{"score.py": "def init(): pass\ndef run(d): return 1\n", "conda.yml": CONDA.format("six==1.16.0")}
    )
    with alone():
        built = amlemu(
            "image", "build", str(code / "score.py"), "--dockerfile", str(CONDA_STAND_IN), "--tag", f"{OWN}:conda"
        )
    assert built.returncode == 0, built.stderr

    log = engine.client.containers.run(
        f"{OWN}:conda",
        ["conda", "run", "--no-capture-output", "-n", "inf-conda-env", "pip", "freeze"],
        remove=True,
    )
    assert log == b"six==1.16.0\n"
    with pytest.raises(docker.errors.ContainerError) as ended:
        engine.client.containers.run(f"{OWN}:conda", remove=True, stdout=True, stderr=True)
    assert ended.value.exit_status == 111


@pytest.fixture(autouse=True)
def _has_reference(request, reference_image) -> None:
    """Others build on it by its name."""


@pytest.fixture(autouse=True, scope="module")
def _removed(engine):
    yield
    for name in ("layers", "conflict", "tls", "interrupted", "pruned", "wheels", "conda"):
        if engine.client.images.list(f"{OWN}:{name}"):
            engine.client.images.remove(f"{OWN}:{name}")


CONDA = """
dependencies:
  - python=3.11
  - pip
  - pip:
      - {}
"""


def test_an_engine_that_is_not_there_is_told_with_the_sockets_that_were_tried(tmp_path):
    """Exit code 1, no stack trace."""
    (tmp_path / "score.py").write_text("def init(): pass\ndef run(d): return 1\n")

    failed = amlemu("image", "build", str(tmp_path / "score.py"), DOCKER_HOST=f"unix://{tmp_path}/docker.sock")

    assert failed.returncode == 1
    assert failed.stderr == (
        f"amlemu: no Docker engine answers. Tried unix://{tmp_path}/docker.sock (DOCKER_HOST): no such socket."
        " Start it (Docker Desktop, or sudo systemctl start docker), or install one: https://docs.docker.com/engine/install/\n"
    )
