"""Containers of a real engine: a script runs and is scored, ends in its various ways, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import httpx
import pytest
from amlemu import deployment
from amlemu.azure.description import Resources
from amlemu.errors import UsageError
from amlemu.finding import Place
from amlemu_harness.containers import Container, of_endpoint
from amlemu_harness.ends import NoServer
from amlemu_harness.labels import OURS
from amlemu_harness.local import order_for
from amlemu_harness.readiness import ContainerEnded, NotReadyInTime, wait_until_ready
from amlemu_harness.troubles import EngineRefused, NoSuchImage

pytestmark = pytest.mark.docker
PATIENCE_S = 60
SCORE = """
    import os, sys
    def init():
        with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.txt")) as file:
            print("the model says", file.read())
        print("to stderr", file=sys.stderr)
    def run(data):
        if "crash" in data:
            os._exit(7)
        return {"data": data, "cwd": os.getcwd(), "script": os.environ["AZUREML_ENTRY_SCRIPT"]}
"""
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def endpoint(engine):
    """A name that nobody else has; whatever is made under it is removed."""
    name = f"t-{uuid.uuid4().hex[:12]}"
    yield name
    for one in engine.client.containers.list(all=True, filters={"label": f"endpoint={name}"}):
        one.remove(force=True)


@pytest.fixture
def ordered(engine, endpoint, folder, reference_image):
    """Makes an order for a script in a folder of its own."""

    def make(score=SCORE, *, model="42", image=None, **wishes):
        code = folder(f"code-{uuid.uuid4().hex[:6]}", **{"score.py": score})
        models = {"m:3": folder("model", **{"model.txt": model}) / "model.txt"} if model else {}
        made = deployment.from_script(code / "score.py", endpoint=endpoint, models=models)
        return order_for(made, None, image or reference_image, **wishes)

    return make


@pytest.fixture
def started(engine, ordered):
    def make(*words, **wishes):
        container = Container.create(engine, ordered(*words, **wishes))
        container.start()
        return container

    return make


def bare_image(engine, words, name):
    """Make an image of the reference's layers with another command; a commit, so that nothing is built."""
    made = engine.client.containers.create(words.pop("of"))
    try:
        changes = [f"{key} {json.dumps(value)}" for key, value in words.items()]
        made.commit(name, "1", changes=changes)
    finally:
        made.remove()
    return f"{name}:1"


@pytest.fixture
def image_with(engine, reference_image):
    """Makes an image that has another command."""
    names = []

    def make(*command):
        name = f"amlemu-tests-{uuid.uuid4().hex[:12]}"
        names.append(bare_image(engine, {"of": reference_image, "CMD": list(command)}, name))
        return names[-1]

    yield make
    for name in names:
        engine.client.images.remove(name, force=True)


def score(container, body, **headers):
    host, port = container.address() or ("", 0)
    return httpx.post(f"http://{host}:{port}/score", content=body, headers={**JSON, **headers}, timeout=PATIENCE_S)


def test_a_script_runs_is_scored_and_survives_its_crash(started, endpoint):
    """
    With its model, in its folder; both streams of it are told apart; a crash in run() is nginx's 502, and the next request is answered.
    Stopped it has ended with 0, and once removed there is nothing of it.
    """
    container = started()
    pieces: list[tuple[str, bytes]] = []
    reader = threading.Thread(target=lambda: pieces.extend(container.follow()))
    reader.start()

    assert 0 < wait_until_ready(container, PATIENCE_S) < PATIENCE_S
    answer = score(container, '{"a": 1}')
    assert (answer.status_code, answer.headers["server"].partition("/")[0]) == (200, "nginx")
    assert answer.json()["cwd"].startswith("/var/azureml-app/code-")
    assert answer.json()["script"].endswith("/score.py")
    crashed = score(container, '"crash"')
    assert (crashed.status_code, crashed.headers["content-type"]) == (502, "text/html")
    wait_until_ready(container, PATIENCE_S)
    assert score(container, "1").status_code == 200
    container.restart()
    reader.join(PATIENCE_S)  # the log of a container ends with it
    wait_until_ready(container, PATIENCE_S)
    assert score(container, "2").status_code == 200
    container.stop()
    assert (container.wait(), container.state().status, container.address()) == (0, "exited", None)
    written = {stream: b"".join(piece for which, piece in pieces if which == stream) for stream in ("stdout", "stderr")}
    assert b"the model says 42" in written["stdout"]
    assert b"to stderr" in written["stderr"]
    assert b"to stderr" not in written["stdout"]
    assert container.logs(tail=1).count(b"\n") == 1
    container.remove()
    container.remove()  # that was the wish
    assert container.state().status == "removed"


def test_a_failing_init_ends_the_container_with_111(started):
    """The cause is in the first line, the server's own code is told with it, and the log stays to be read."""
    container = started("def init():\n    import nosuchpackage\ndef run(data): return data\n")

    with pytest.raises(ContainerEnded) as caught:
        wait_until_ready(container, PATIENCE_S)

    told = str(caught.value).splitlines()
    assert told[0] == (
        f"{container.where}: it ended before it answered: "
        "score.py:2: the module nosuchpackage is not installed in the environment"
    )
    assert told[1].startswith("exit code 111: the server inside ended with 3. A worker failed to boot: ")
    assert (caught.value.end.code, caught.value.end.server_code) == (111, 3)
    assert b"nosuchpackage" in container.logs()


def test_a_worker_that_dies_again_and_again_is_told_when_patience_ends(started):
    """The server does not leave by itself then (contract 3.4), so no end comes."""
    with pytest.raises(NotReadyInTime) as caught:
        wait_until_ready(started("import os\ndef init(): os._exit(0)\ndef run(data): return data\n"), 4)

    assert caught.value.account.state.is_running
    assert str(caught.value).splitlines()[0].startswith(f"{caught.value.where}: not ready within 4 s: ")


def test_what_it_may_use_reaches_the_engine(engine, ordered):
    """Memory without swap on top, as on Kubernetes; processors at most those that there are."""
    order = ordered(resources=Resources(Place(Path("x")), 256 << 20, 4096.0), ports={5678: ("127.0.0.1", 0)})
    container = Container.create(engine, order)
    found = engine.client.api.inspect_container(container.id)

    host = found["HostConfig"]
    assert (host["Memory"], host["MemorySwap"]) == (268_435_456, 268_435_456)
    assert host["NanoCpus"] == engine.client.info()["NCPU"] * 1_000_000_000
    assert sorted(host["PortBindings"]) == ["5001/tcp", "5678/tcp"]
    assert found["Config"]["Labels"][OURS]
    assert found["Config"]["Tty"] is False
    assert {mount["Destination"] for mount in found["Mounts"]} == {
        next(mount.target for mount in order.mounts if not mount.mode),
        "/var/azureml-app/azureml-models/m/3/model.txt",
    }


def test_a_container_of_the_endpoint_is_replaced_and_told(engine, ordered, endpoint, reference_image):
    """Whichever deployment, and also where az ml has made it, as az itself does; nobody else's is touched."""
    labels = {"azureml-local-endpoint": "", "endpoint": endpoint, "deployment": "green"}
    engine.client.containers.create(reference_image, name=f"{endpoint}.green", labels=labels)
    first = Container.create(engine, ordered())

    assert first.replaced == (f"{endpoint}.green",)
    assert Container.create(engine, ordered()).replaced == (f"{endpoint}.blue",)
    assert first.state().status == "removed"
    assert Container.find(engine, endpoint).name == f"{endpoint}.blue"


def test_a_name_of_somebody_elses_container_is_taken(engine, ordered, endpoint, reference_image):
    others = engine.client.containers.create(reference_image, name=f"{endpoint}.blue")
    try:
        with pytest.raises(UsageError) as caught:
            Container.create(engine, ordered())
        assert str(caught.value) == (
            f"the name {endpoint}.blue is taken by a container that amlemu has not made. It is of the image {reference_image}, Created. "
            "Give it another name with --endpoint-name or --deployment-name."
        )
        with pytest.raises(UsageError, match="neither amlemu nor az ml has made this container"):
            Container.find(engine, f"{endpoint}.blue")
        others.reload()
        assert others.status == "created"
    finally:
        others.remove(force=True)


def test_a_port_that_is_taken_is_named(engine, ordered):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        container = Container.create(engine, ordered(ports={5001: ("127.0.0.1", port)}))

        with pytest.raises(EngineRefused) as caught:
            container.start()

    assert str(caught.value) == f"{container.where}: port {port} is taken. Name another one with -p."


def test_what_is_there_stays_when_the_engine_refuses_another(engine, ordered, endpoint):
    """An image that is not there, a platform that it is not made for, no GPU: told by its name, and nothing is lost."""
    first = Container.create(engine, ordered())

    with pytest.raises(NoSuchImage, match="amlemu-tests-nosuch:1: there is no such image"):
        Container.create(engine, ordered(image="amlemu-tests-nosuch:1"))
    with pytest.raises(EngineRefused, match="linux/s390x"):
        Container.create(engine, ordered(platform="linux/s390x"))
    assert [one.id for one in of_endpoint(engine, endpoint)] == [first.id]


@pytest.mark.parametrize(
    ("command", "kind", "told"),
    [
        (["true"], NoServer, "its command ended at once with exit code 0"),
        (["sh", "-c", "echo no server here >&2; exit 127"], NoServer, "its command ended at once with exit code 127"),
        (["nosuchprogram"], NoServer, "its command cannot be started"),
        (["sleep", "60"], NoServer, "after 1 s nothing listens on port 5001 in it"),
        (["sh", "-c", "exit 97"], ContainerEnded, "exit code 97: AZUREML_EXTRA_PYTHON_LIB_PATH names a folder"),
        (["sh", "-c", "exit 137"], ContainerEnded, "exit code 137: Killed from outside"),
    ],
)
def test_an_image_without_a_server_is_told_from_one_whose_server_ends(started, image_with, command, kind, told):
    with pytest.raises(kind) as caught:
        wait_until_ready(started(model="", image=image_with(*command)), 1)

    assert told in str(caught.value)


def test_what_the_images_user_cannot_read_is_told_before_it_starts(engine, ordered, endpoint):
    """With the folder and what to do; no container is left."""
    order = ordered()
    (model,) = (mount.source for mount in order.mounts if mount.mode)
    model.chmod(0o600)

    with pytest.raises(UsageError) as caught:
        Container.create(engine, order)

    assert str(caught.value).startswith(f"{os.path.relpath(model)}: the user dockeruser of the image ") or str(
        caught.value
    ).startswith(f"{model}: the user dockeruser of the image ")
    assert "chmod -R o+rX" in str(caught.value)
    assert engine.client.containers.list(all=True, filters={"label": f"endpoint={endpoint}"}) == []


def test_a_memory_that_is_too_small_kills_the_server_again_and_again(started):
    """The kernel kills the worker, and the server starts another (contract 6.4)."""
    hungry = "def init():\n    global held\n    held = bytearray(400 << 20)\ndef run(data): return data\n"
    container = started(hungry, resources=Resources(Place(Path("x")), 150 << 20))

    with pytest.raises((NotReadyInTime, ContainerEnded)) as caught:
        wait_until_ready(container, 5)

    assert "memory" in str(caught.value).splitlines()[0]


def test_the_command_line_from_run_to_remove(finish, ordered, endpoint, reference_image, engine):
    """One container: run with a published port, listed, its log read, entered, stopped, removed."""
    script = str(next(mount.source for mount in ordered().mounts if not mount.mode) / "score.py")
    model = next(str(mount.source) for mount in ordered().mounts if mount.mode)
    words = (script, "--image", reference_image, "--endpoint-name", endpoint, "--model", f"m:3={model}")
    ran = finish("container", "run", *words, "-p", "5678", "--memory", "512m", "--json")

    assert (ran.code, ran.err) == (0, "")
    told = json.loads(ran.out)
    assert (told["name"], sorted(told["ports"])) == (f"{endpoint}.blue", ["5001", "5678"])
    assert httpx.post(told["scoring_uri"], content="1", headers=JSON).status_code == 200
    assert engine.client.api.inspect_container(told["id"])["HostConfig"]["Memory"] == 536_870_912
    listed = json.loads(finish("container", "list", "--json").out)
    assert [(one["state"], one["scoring_uri"]) for one in listed if one["name"] == told["name"]] == [
        ("running", told["scoring_uri"])
    ]
    assert "the model says 42" in finish("container", "logs", endpoint).out
    if "docker" in {path.name for folder in os.environ["PATH"].split(":") for path in Path(folder).glob("docker")}:
        shell = subprocess.run(
            [sys.executable, "-m", "amlemu", "container", "shell", endpoint],
            input="id -un\n", capture_output=True, text=True, timeout=PATIENCE_S, check=True,
        )  # fmt: skip
        assert shell.stdout == "dockeruser\n"
    assert finish("container", "stop", endpoint).out == f"stopped {told['name']}\n"
    entered = finish("container", "shell", endpoint)
    assert (entered.code, "it is not running (exited (0))" in entered.err) == (2, True)
    removed = finish("container", "remove", endpoint, "no-such-container")
    assert (removed.code, removed.out) == (1, f"removed {told['name']}\n")


def test_a_run_that_fails_leaves_its_log_and_ends_with_3(write, finish, endpoint, reference_image, tmp_path):
    tmp_path.chmod(0o755)
    script = write("code/score.py", "def init(): raise ValueError('no luck')\ndef run(data): return data")
    ran = finish("container", "run", str(script), "--image", reference_image, "--endpoint-name", endpoint)

    assert (ran.code, ran.out) == (3, "")
    assert "no luck" in ran.err.splitlines()[0]
    assert "no luck" in finish("container", "logs", f"{endpoint}.blue").out


def test_ctrl_c_while_it_is_waited_for_leaves_nothing(write, start, endpoint, reference_image, engine, tmp_path):
    tmp_path.chmod(0o755)
    script = write("code/score.py", "import time\ndef init(): time.sleep(600)\ndef run(data): return data")
    command = start("container", "run", str(script), "--image", reference_image, "--endpoint-name", endpoint)

    def running():
        return bool(engine.client.containers.list(filters={"label": f"endpoint={endpoint}"}))

    command.until(running, "running")
    command.send(signal.SIGINT)
    ended = command.finish()

    assert (ended.code, ended.said.strip()) == (130, "")
    assert engine.client.containers.list(all=True, filters={"label": f"endpoint={endpoint}"}) == []
