"""
"Troubleshoot Docker deployment of models" of 2020-03-05, replayed top to bottom: its notebook, its statuses before an AKS service, its
debugger. What needs an engine (the image, its tag, what is edited in it) is replayed in `container/test_seeds.py`.
"""

from __future__ import annotations

import functools
import json
import pickle
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import amlemu
import httpx
import numpy as np
import pytest
from amlemu import profile_file
from amlemu.autoscale import ScaleRule, needed
from amlemu.debugging import DebugRules
from amlemu.events import Noticed, Spoke
from amlemu.reload import ReloadRules

from ..debug.conftest import Desk, desk
from ..free_port import free_port
from . import items
from .typed import Said, python, typed

__all__ = ["desk"]

PAGE = items.page("000")
proves = items.of("000")
MYENV = """\
dependencies:
  - python
  - pip
  - pip:
      - azureml-defaults>=1.0.45
      - numpy
"""
SCORE = f"""\
import json
import pickle

import numpy as np
from azureml.core.model import Model


def init():
    global model
    with open(Model.get_model_path(model_name="my_best_model"), "rb") as file:
        model = pickle.load(file)
    print("init() has the model")


{PAGE.text(43)}
"""
"""The page's run(), and an init() as people had it then."""
FINDS = f"""\
{PAGE.text(39)}


def init(): ...


def run(data):
    import json
    import time

    said = json.loads(data)
    time.sleep(said.get("seconds", 0))
    if "raise" in said:
        raise ValueError("no such customer")
    return 1
"""
"""The page's search for the model, as a script has it."""
DEADLINE_S = 10.0
ADDS, MULTIPLIES = (SimpleNamespace(predict=functools.partial(how, axis=1)) for how in (np.sum, np.prod))
"""Two models that can be pickled without a library of models."""


@proves(2)
def test_docker_that_is_missing_is_explained(explained: Said):
    """To debug on a desk it is not needed."""
    said = explained("DockerEngineNotAvailableError")

    assert "Start Docker" in said
    assert "amlemu serve score.py needs no Docker" in said


# the notebook


class Notebook:
    """Cells that share their names, in a folder."""

    def __init__(self, folder: Path) -> None:
        from amlemu.v1 import Experiment, Workspace

        for name, model in (("my_model.pkl", ADDS), ("outputs/my_model.pkl", ADDS), ("different.pkl", MULTIPLIES)):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(pickle.dumps(model))
        (folder / "score.py").write_text(SCORE)
        (folder / "myenv.yml").write_text(MYENV)
        self.ws = Workspace.from_config()
        run = Experiment(self.ws, "best").start_logging()
        run.upload_file("outputs/my_model.pkl", "outputs/my_model.pkl")
        self.names: dict[str, Any] = {"ws": self.ws, "best_run": run}

    def run(self, number: int, **instead: str) -> str:
        """Run a block of the page; return what it prints."""
        return python(PAGE.text(number), self.names, **instead)

    def close(self) -> None:
        for service in list(self.ws.webservices.values()):
            service.delete()


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    """A notebook of 2020 with its import lines changed, in a folder that has what the page takes for granted."""
    monkeypatch.chdir(tmp_path)
    notebook = Notebook(tmp_path)
    yield notebook
    notebook.close()


@proves(1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 18, 82, 83)
def test_a_model_is_registered_configured_and_deployed_to_aci(notebook: Notebook):
    """In three parts, as the page takes it apart; nobody logs in. An ACI service has no reload."""
    notebook.run(11)
    notebook.run(13)
    shown = notebook.run(15)
    service = notebook.names["aci_service"]

    assert [one.version for one in notebook.ws.models.values()] == [2]  # out of the run's record, then out of a file
    assert (notebook.names["model"].name, notebook.names["model"].version) == ("my_best_model", 2)
    assert "Succeeded" in shown
    assert (service.name, service.state) == ("my-service", "Healthy")
    assert json.loads(service.run(json.dumps({"data": [[1, 2], [3, 4]]}))) == {"result": [3, 7]}
    assert not (Path.cwd() / ".azure").exists()


@proves(16, 17, 19, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 41, 42, 43, 84)
def test_a_local_service_is_deployed_asked_reloaded_updated_and_deleted(notebook: Notebook, tmp_path: Path):
    """
    Line by line: the port that was asked for, the prediction, the script that was edited, another model, the logs, and run() that returns its errors.

    It is for this machine alone: nobody else can reach it.
    """
    from amlemu.v1 import Model
    from amlemu.v1.webservice import AciWebservice, AksWebservice

    port = str(free_port())
    notebook.run(11)
    deployed = notebook.run(19, **{"8890": port})
    service = notebook.names["service"]

    assert deployed.splitlines()[-1] == port
    assert service.scoring_uri == f"http://localhost:{port}/score"
    assert notebook.run(21) == '{"result": [55, 55]}\n'
    assert json.loads(service.run(json.dumps({"dat": 1}))) == {"error": "'data'"}

    (tmp_path / "score.py").write_text(SCORE.replace('"result"', '"sums"'))
    assert notebook.run(26) == '{"sums": [55, 55]}\n'
    assert not hasattr(AciWebservice, "reload")
    assert not hasattr(AksWebservice, "reload")

    notebook.names["different_model"] = Model.register(notebook.ws, "different.pkl", "my_best_model")
    notebook.run(29)
    service.wait_for_deployment()
    assert json.loads(service.run(notebook.names["test_sample"])) == {"sums": [3628800, 3628800]}

    logs = notebook.run(30, mysvc="mymodel")
    assert logs.count("azmlinfsrv.print - init() has the model") >= 2
    service.delete()
    assert notebook.ws.webservices == {}


@proves(20)
def test_azureml_defaults_must_be_1_0_45_or_newer(write: Callable[[str, str], Path], tmp_path: Path):
    """The first with what it takes to host a model."""
    write("score.py", "def init(): ...\n\n\ndef run(data):\n    return 1\n")
    write("myenv.yml", MYENV.replace(">=1.0.45", "==1.0.44"))
    write("inferenceconfig.json", '{"entryScript": "score.py", "runtime": "python", "condaFile": "myenv.yml"}')

    ended = typed(tmp_path, "doctor", "inferenceconfig.json")

    assert ended.code == 1
    assert "azureml-defaults==1.0.44 is older than 1.0.45, the first with what it takes to host a model" in ended.out


@proves(73, 74, 75)
def test_ptvsd_goes_into_the_conda_file_by_pip_packages(notebook: Notebook, tmp_path: Path):
    """As the real library writes it, with ptvsd and the versions of the page."""
    import yaml

    notebook.run(75)
    told = yaml.safe_load((tmp_path / "myenv.yml").read_text())
    [of_pip] = [one["pip"] for one in told["dependencies"] if isinstance(one, dict)]

    assert [one for one in of_pip if not one.startswith("--")] == ["azureml-defaults==1.0.45", "ptvsd"]
    assert all(one in told["dependencies"] for one in ("numpy==1.15.4", "scikit-learn==0.19.1", "pandas==0.23.4"))


# a service that does not start


@proves(31, 32, 33, 34)
def test_a_container_that_cannot_be_scheduled(write: Callable[[str, str], Path], tmp_path: Path, explained: Said):
    """Nodes without a GPU: the message of the page, with the scheduler's line, before anything is deployed."""
    write("score.py", "def init(): ...\n\n\ndef run(data):\n    return 1\n")
    write("inferenceconfig.json", '{"entryScript": "score.py", "sourceDirectory": "."}')
    write(
        "deploymentconfig.json",
        '{"computeType": "AKS", "containerResourceRequirements": {"cpu": 1, "memoryInGB": 1, "gpu": 1}}',
    )
    write("nodes.yml", "".join(f"- {{name: {name}, cpu: 4, memory: 16Gi}}\n" for name in "abc"))

    ended = typed(tmp_path, "check", "deploymentconfig.json", "--cluster", "nodes.yml")

    assert ended.code == 3
    assert ended.out.startswith(f"fails: {PAGE.text(32)}: {PAGE.text(34)}")
    assert explained(PAGE.text(32)).startswith("the cluster had no room for the service within 5 minutes")


@proves(35, 36, 37)
def test_an_exception_in_init_is_a_crash_loop(write: Callable[[str, str], Path], tmp_path: Path, explained: Said):
    """Said with the line that raised, before anything is deployed; and explained by its word."""
    write("score.py", "def init():\n    raise ValueError('no licence')\n\n\ndef run(data): ...\n")
    write("inferenceconfig.json", '{"entryScript": "score.py", "sourceDirectory": "."}')
    write("deploymentconfig.json", '{"computeType": "AKS"}')

    ended = typed(tmp_path, "check", "deploymentconfig.json")

    assert ended.code == 3
    assert ended.out.startswith(
        f"fails: score.py:2: init() raised ValueError: no licence  [{PAGE.text(37)}, exit code 111]"
    )
    assert "init()" in explained(PAGE.text(37))


# a service that runs, and its statuses


class Aks:
    """An AKS web service of one replica, which waits a second for an answer; and who asks."""

    def __init__(self, folder: Path) -> None:
        (folder / "score.py").write_text(FINDS)
        model = folder / "model.txt"
        model.write_text("0.5")
        self.endpoint = amlemu.serve(
            folder / "score.py",
            profile="aks",
            endpoint_name="my-service",
            models={"my-best-model": model},
            settings={"limits.request_timeout_ms": "1200"},
        )

    def ask(self, **said: Any) -> tuple[int, str]:
        answer = httpx.post(f"{self.endpoint.url}/score", json=said, trust_env=False, timeout=10)
        return answer.status_code, answer.text


@pytest.fixture(scope="module")
def aks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aks]:
    aks = Aks(tmp_path_factory.mktemp("aks"))
    yield aks
    aks.endpoint.stop()


@proves(38, 39, 40)
def test_the_models_place_in_the_container_is_printed(aks: Aks, explained: Said):
    """Below /var/azureml-app; and where it is not found the message is explained."""
    said = [one.text for one in aks.endpoint.events if isinstance(one, Spoke)]
    message = (
        "Model my-best-model not found in cache at azureml-models or in current working directory /var/azureml-app."
    )

    assert any(f"{PAGE.text(40)}/azureml-models/my-best-model/1/model.txt" in one for one in said), said
    assert "the service was deployed without that model, or under another name" in explained(message)


@proves(44, 45)
def test_502_is_a_run_that_raised(aks: Aks):
    """The container's own 500 does not come through."""
    assert aks.ask(**{"raise": True})[0] == 502
    assert aks.ask()[0] == 200


@proves(46, 58)
def test_503_is_a_peak(aks: Aks, explained: Said):
    """One replica takes one at a time; who has waited for half a second is refused. More replicas at the least would help, up to the next peak."""
    refused, deadline = (503, "Too many requests for service my-service (overloaded)"), time.monotonic() + DEADLINE_S
    with ThreadPoolExecutor(3) as pool:
        while not ((told := Counter(pool.map(lambda _: aks.ask(seconds=0.9), range(3))))[refused] and told[200, "1"]):
            assert time.monotonic() < deadline, told  # on a machine that stands still they do not come at the same time

    assert "a peak; the autoscaler works for gradual changes" in explained("503", profile="aks")


@proves(59, 60)
def test_504_is_a_time_limit_of_one_minute(aks: Aks):
    """Unless set, as here to little more than a second."""
    assert profile_file.load("aks").limits.request_timeout_ms == 60_000
    assert aks.ask(seconds=1.6)[0] == 504


@proves(47, 48, 49, 50, 51, 52, 53, 54, 55, 56)
def test_the_autoscalers_names_and_numbers(explained: Said):
    """
    70 % unless set leaves 30 % for peaks: ten replicas are enough for seven that are busy. With 30 % there are more at once, not sooner;
    never more than autoscale_max_replicas, never fewer than autoscale_min_replicas.
    """
    from amlemu.v1.webservice import AksWebservice

    names = [PAGE.text(number) for number in (48, 54, 56)]
    settings = dict(zip(names, (30, 20, 4), strict=True))
    config = AksWebservice.deploy_configuration(autoscale_enabled=True, **settings)
    rule = profile_file.load("aks").scale_rule
    lower = ScaleRule(4, 20, 30, rule.refresh_s)

    assert [getattr(config, name, None) for name in names] == [30, 20, 4]
    assert (rule.target_percent, rule.minimum, rule.maximum, rule.refresh_s) == (70, 1, 10, 1.0)
    assert [needed(rule, busy, 0) for busy in (0, 7, 8, 60)] == [1, 10, 10, 10]
    assert [needed(lower, busy, 0) for busy in (0, 3, 4, 60)] == [4, 10, 14, 20]
    said = explained("503", profile="aks")
    assert all(name in said for name in names)
    assert "70 % unless set" in said


@proves(57)
def test_the_formula_needs_286_replicas(tmp_path: Path):
    """The page's code, and `amlemu capacity`."""
    names: dict[str, Any] = {}
    python(PAGE.text(57), names)

    assert names["replicas"] == 286
    assert typed(
        tmp_path, "capacity", "--rps", "20", "--latency", "10", "--concurrency", "1", "--utilization", "0.7"
    ).out.startswith("286 replicas: ")


# debugging


@proves(63, 64)
def test_ptvsd_is_installed_by_the_pages_line():
    """As far as finding it: nothing is installed. Where no index answers, pip's own words say so."""
    _, *line = PAGE.text(64).split()
    asks = [
        sys.executable,
        *line,
        "--dry-run",
        "--no-deps",
        "--disable-pip-version-check",
        "--timeout",
        "5",
        "--retries",
        "0",
    ]
    ended = subprocess.run(asks, capture_output=True, text=True, timeout=60, check=False)

    assert (
        "Would install ptvsd-4.3.2" in ended.stdout
        or "Requirement already satisfied: ptvsd" in ended.stdout
        or "Could not find a version" in ended.stderr
    ), ended.stderr


@proves(65, 66, 67, 68, 69, 70, 71, 72)
def test_the_launch_entry_of_the_page_stays_beside_ours(write: Callable[[str, str], Path], tmp_path: Path):
    """Inserted after the line that the page names, in a file that has others already: port 5678, the container's folder, and its comma."""
    line = PAGE.text(68)
    write("score.py", "def init(): ...\n\n\ndef run(data): ...\n")
    write(".vscode/launch.json", f'{{\n"version": "0.2.0",\n{line}\n{PAGE.text(69)}\n]}}\n')

    ended = typed(tmp_path, "vscode")
    entries = json.loads((tmp_path / ".vscode" / "launch.json").read_text())["configurations"]
    by_name = {entry["name"]: entry for entry in entries}
    theirs, ours = by_name["Azure Machine Learning: Docker Debug"], by_name["amlemu: attach to the container"]

    assert ended.code == 0
    assert theirs == json.loads(PAGE.text(69))
    assert theirs["port"] == 5678
    assert ours["connect"]["port"] == 5678
    assert all(one["remoteRoot"].startswith("/var/azureml-app") for one in ours["pathMappings"])


@proves(61, 62, 76, 77, 92, 95)
def test_the_script_waits_for_the_editor_that_attaches_with_the_pages_entry(desk: Desk):
    """ptvsd's lines at the top of score.py, without ptvsd. A local service will do: what the page says of it was true of its own."""
    port = free_port()
    text = (
        PAGE.text(77).replace("5678", str(port))
        + "\n\n\ndef init(): ...\n\n\ndef run(data):\n    x = 1\n    return x\n"
    )
    desk.write(text)
    entry = json.loads(PAGE.text(69).replace("5678", str(port)).replace("${workspaceFolder}", str(desk.folder)))
    starting = desk.begin(rules=DebugRules(), profile="local", reload=ReloadRules(is_on=False))
    desk.editor.set_breakpoints(desk.script, 1 + text.splitlines().index("    return x"))
    desk.editor.attach(port, **{key: entry[key] for key in ("host", "port", "pathMappings")})
    starting.result(10)
    desk.followed()
    answer = desk.ask()
    stop = desk.editor.stopped()
    x = stop.variables()["x"]
    stop.go_on()

    assert (x, answer.result().json()) == ("1", 1)
    assert any("Debugger attached..." in event.text for event in desk.told(Spoke))
    assert "ptvsd, which is not installed" in " ".join(event.text for event in desk.told(Noticed))
