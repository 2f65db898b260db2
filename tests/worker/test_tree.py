"""
The tree of a deployment as a script finds it and as the host sees it: the real path for root, links for anybody else.

Real commands. Run by root, the tests make the ordinary user themselves; it may read everything, for the checkout may lie
where others cannot look, but it may not mount nor write what is not its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import amlemu
import httpx
import pytest
from amlemu.deployment import Deployment
from amlemu.errors import UsageError
from amlemu.models import Model
from amlemu.worker import tree
from amlemu.worker.tree import choose

REPOSITORY = Path(__file__).resolve().parents[2]
IS_ROOT = os.geteuid() == 0
MAY_MOUNT = IS_ROOT and not subprocess.run(["unshare", "--mount", "true"], check=False).returncode
needs_mounts = pytest.mark.skipif(not MAY_MOUNT, reason="only root may mount, and not in every container")
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root can take something away from root")

USER = "setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=+dac_read_search --ambient-caps=+dac_read_search"
OWN = "chown -R 65534:65534 . && " if IS_ROOT else ""
AS_USER = f'{OWN}exec {USER} "$@"' if IS_ROOT else 'exec "$@"'
WITHOUT_MOUNTS = 'exec setpriv --bounding-set=-sys_admin "$@"'  # root in a container that was given nothing
KINDS = [pytest.param("var", "", id="var", marks=needs_mounts), pytest.param("links", AS_USER, id="links")]

HARD_CODED = """
    def init():
        global weights
        with open("/var/azureml-app/azureml-models/m/1/model.pkl") as file:
            weights = file.read()

    def run(data):
        return weights
"""
PAGE_OF_2020 = """
    from azureml.core.model import Model
    import logging
    logging.basicConfig(level=logging.DEBUG)

    def init():
        print(Model.get_model_path(model_name='my-best-model'))

    def run(data):
        path = Model.get_model_path(model_name='my-best-model')
        return [path, open(path).read()]
"""
LOOKS_AROUND = """
    import os, sys

    def init(): ...

    def run(data):
        names = ("AZUREML_MODEL_DIR", "AML_APP_ROOT", "AZUREML_ENTRY_SCRIPT")
        seen = {name: os.environ.get(name) for name in names}
        return {**seen, "cwd": os.getcwd(), "path": sys.path[-1], "file": __file__, "name": __name__}
"""
READS_ITS_MODEL = """
    import os
    from pathlib import Path

    def init(): ...

    def run(data):
        return {path.name: path.read_text() for path in Path(os.environ["AZUREML_MODEL_DIR"]).iterdir()}
"""
WAITS = """
    import os

    def init(): ...

    def run(data):
        print("run begins")
        with open(os.path.join(os.path.dirname(__file__), "gate")) as gate:
            return gate.read()
"""


@pytest.fixture
def tmp_path():
    """A folder that an ordinary user may enter, too; pytest's own lies in one that is closed to others."""
    with tempfile.TemporaryDirectory(prefix="amlemu-tests-") as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def deployed(write):
    """Write a script, its model and a request; the script's folder is `src`."""

    def deployed(script):
        write("models/m/1/model.pkl", "weights")
        write("m/model.pkl", "weights")
        write("request.json", "{}")
        return write("src/score.py", script)

    return deployed


@pytest.fixture
def invoke(start):
    """Return the answer of `amlemu invoke src/score.py` and the command."""

    def invoke(*words, shell=""):
        command = start("invoke", "src/score.py", "-r", "request.json", *words, shell=shell)
        ended = command.finish()
        assert ended.code == 0, ended.said
        return json.loads(ended.out), command

    return invoke


def score(port, payload=None):
    """Return the answer; unlike `Endpoint.score` it does not wait for ever."""
    return httpx.post(f"http://127.0.0.1:{port}/score", json=payload or {}, trust_env=False, timeout=10).json()


def names_in(folder):
    """Return the names, but for what the script's interpreter keeps of its own."""
    return sorted(path.name for path in folder.iterdir() if path.name != "__pycache__")


# what the script finds


@needs_mounts
@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--model", "m:1=models/m/1/model.pkl"], id="--model"),
        pytest.param(["--model", "m=m/model.pkl"], id="--model-without-version"),
        pytest.param(["--model-dir", "models/m/1"], id="--model-dir-with-version"),
        pytest.param(["--model-dir", "m"], id="--model-dir"),
    ],
)
def test_a_script_that_hard_codes_the_clouds_path_scores(deployed, invoke, words):
    """However the model is named."""
    deployed(HARD_CODED)

    assert invoke(*words)[0] == "weights"


@needs_mounts
def test_it_scores_under_a_server_and_from_python(deployed, start, tmp_path):
    script = deployed(HARD_CODED)
    command = start("serve", "src/score.py", "--profile", "bare", "--model-dir", "m", "--port", "0", "--workers", "2")
    assert {score(command.port) for _ in range(4)} == {"weights"}
    with amlemu.serve(script, models={"m:1": tmp_path / "m/model.pkl"}) as endpoint:
        assert endpoint.score({}) == "weights"
    command.send(signal.SIGTERM)

    assert command.finish().code == 0
    assert names_in(tmp_path / "src") == ["score.py"]


@pytest.mark.parametrize(("kind", "shell"), KINDS)
def test_a_script_finds_itself_where_the_kind_says(deployed, invoke, tmp_path, kind, shell):
    """As in the cloud, or where it is with a model folder of the same last names (contract 3.1, 3.3)."""
    deployed(LOOKS_AROUND)
    told, command = invoke("--model-dir", "m", shell=shell)

    links = f"{tmp_path}/src/.amlemu/invoke-{command.process.pid}/var/azureml-app"
    base, folder = ("/var/azureml-app", "/var/azureml-app/src") if kind == "var" else (links, f"{tmp_path}/src")
    assert told == {
        "AZUREML_MODEL_DIR": f"{base}/azureml-models/m/1",
        "AML_APP_ROOT": folder,
        "AZUREML_ENTRY_SCRIPT": f"{folder}/score.py",
        "cwd": folder,
        "path": folder,
        "file": f"{folder}/score.py",
        "name": "entry_module",
    }


@pytest.mark.parametrize("shell", [pytest.param("", id="root", marks=needs_root), pytest.param(AS_USER, id="user")])
def test_without_a_tree_a_script_finds_itself_where_it_is(deployed, invoke, tmp_path, shell):
    """`--layout none`, whoever asks; nothing is made."""
    deployed(LOOKS_AROUND)
    told, _ = invoke("--model-dir", "m", "--layout", "none", shell=shell)

    assert told == {
        "AZUREML_MODEL_DIR": f"{tmp_path}/m",
        "AML_APP_ROOT": f"{tmp_path}/src",
        "AZUREML_ENTRY_SCRIPT": f"{tmp_path}/src/score.py",
        "cwd": f"{tmp_path}/src",
        "path": f"{tmp_path}/src",
        "file": f"{tmp_path}/src/score.py",
        "name": "entry_module",
    }


@pytest.mark.parametrize(("kind", "shell"), KINDS)
def test_the_base_may_be_the_app_root(write, invoke, kind, shell):
    """The layout of a v1 web service: paths relative to it, imports from it (contract 3.1)."""
    write("request.json", "{}")
    write("model.pkl", "weights")
    write("src/sibling.py", "name = 'sibling'")
    script = """
        def init(): ...

        def run(data):
            from src import sibling
            return [sibling.name, open("azureml-models/m/1/model.pkl").read()]
    """
    write("src/score.py", script)

    told, _ = invoke("--model", "m:1=model.pkl", "--env", "AML_APP_ROOT=/var/azureml-app", shell=shell)

    assert told == ["sibling", "weights"]


@pytest.mark.parametrize("has_core", [False, True], ids=["served", "azureml-core"])
@pytest.mark.parametrize(("kind", "shell"), KINDS)
def test_the_page_of_2020_prints_the_path(write, invoke, tmp_path, kind, shell, has_core):
    """`print(Model.get_model_path(...))` as the page has it: relative to /var/azureml-app it is where Azure puts models."""
    write("request.json", "{}")
    write("model.pkl", "weights")
    write("src/score.py", PAGE_OF_2020)
    words = ["--python", core_python()] if has_core else []

    told, command = invoke("--model", "my-best-model:1=model.pkl", *words, shell=shell)

    links = f"{tmp_path}/src/.amlemu/invoke-{command.process.pid}/var/azureml-app"
    base = "/var/azureml-app" if kind == "var" else links
    printed = next(line for line in command.finish().err.splitlines() if line.endswith("model.pkl"))
    path = printed.removeprefix("score | ")
    assert os.path.relpath(path, base) == "azureml-models/my-best-model/1/model.pkl"
    assert told == [path, "weights"]


def core_python():
    """Return an interpreter that has azureml-core."""
    folder = Path(os.environ.get("AMLEMU_TEST_CORE") or REPOSITORY / ".environments" / "azureml-core")
    if not (folder / "bin" / "python").exists():
        pytest.fail(f"{folder} has no azureml-core. `make test` creates it, or set AMLEMU_TEST_CORE to such a folder.")
    return str(folder / "bin" / "python")


@pytest.mark.parametrize(("kind", "shell"), KINDS)
def test_several_models_lie_side_by_side(write, invoke, kind, shell):
    """AZUREML_MODEL_DIR is the folder above them all."""
    write("request.json", "{}")
    write("a.bin", "a")
    write("b/inner.bin", "b")
    script = """
        import os

        def init(): ...

        def run(data):
            top = os.environ["AZUREML_MODEL_DIR"]
            return [os.path.basename(top), open(top + "/a/1/a.bin").read(), open(top + "/b/2/b/inner.bin").read()]
    """
    write("src/score.py", script)

    told, _ = invoke("--model", "a=a.bin", "--model", "b:2=b", shell=shell)

    assert told == ["azureml-models", "a", "b"]


@pytest.mark.parametrize(("kind", "shell"), KINDS)
@pytest.mark.parametrize("name", ["my model (1).pkl", "modèle 'ö'.pkl"])
def test_a_model_file_may_have_any_name(write, invoke, kind, shell, name):
    """It lies alone in its folder, as in Azure: its neighbours do not show up."""
    write("request.json", "{}")
    write(f"some data/{name}", "weights")
    write("some data/neighbour", "")
    write("src/score.py", READS_ITS_MODEL)

    told, _ = invoke("--model", f"m:1=some data/{name}", shell=shell)

    assert told == {name: "weights"}


@pytest.mark.parametrize(("kind", "shell"), KINDS)
def test_a_script_may_be_named_by_a_link(write, finish, tmp_path, kind, shell):
    """A relative one, from another folder: its own folder is the one of the file (contract 3.3)."""
    write("request.json", "{}")
    write("real/score.py", LOOKS_AROUND)
    (tmp_path / "src").mkdir()
    (tmp_path / "src/link.py").symlink_to("../real/score.py")

    ended = finish("invoke", "src/link.py", "-r", "request.json", shell=shell)

    folder = "/var/azureml-app/real" if kind == "var" else f"{tmp_path}/real"
    told = json.loads(ended.out)
    assert (told["file"], told["cwd"]) == (f"{folder}/score.py", folder)
    assert names_in(tmp_path / "src") == ["link.py"]
    assert names_in(tmp_path / "real") == ["score.py"]


@pytest.mark.parametrize(("kind", "shell"), KINDS)
def test_a_folder_above_the_script_is_deployed_as_a_whole(write, finish, tmp_path, kind, shell):
    """What the script reaches by `..` is there; the app root is its own folder."""
    write("request.json", "{}")
    write("shared.txt", "shared")
    write("src/score.py", "def init(): ...\ndef run(data): return open('../shared.txt').read()")

    ended = finish("invoke", "src/score.py", "-r", "request.json", "--code", ".", shell=shell)

    assert (ended.code, ended.out) == (0, '"shared"')


@needs_mounts
def test_what_a_script_starts_finds_the_tree_and_so_does_the_next_worker(write):
    """The path is real for every process below, and again after one has died."""
    script = """
        import os, subprocess

        def init(): ...

        def run(data):
            if "die" in data:
                os._exit(1)
            return subprocess.run(["ls", "/var/azureml-app"], capture_output=True, text=True).stdout.split()
    """
    with amlemu.serve(write("src/score.py", script), profile="bare") as endpoint:
        assert score(endpoint.port) == ["src"]
        with pytest.raises(httpx.RemoteProtocolError):
            score(endpoint.port, "die")
        assert score(endpoint.port) == ["src"]


# what the host sees


@pytest.mark.parametrize(("kind", "shell"), KINDS)
def test_what_a_script_writes_beside_itself_appears_on_the_host(write, invoke, tmp_path, kind, shell):
    """A cache, a counter: the next start finds it."""
    write("request.json", "{}")
    write("src/score.py", "def init(): ...\ndef run(data): return open('written.txt', 'w').write('here')")
    invoke(shell=shell)

    assert (tmp_path / "src/written.txt").read_text() == "here"
    assert names_in(tmp_path / "src") == ["score.py", "written.txt"]


@needs_mounts
def test_real_serves_that_are_killed_leave_nothing_on_the_host(deployed, start, tmp_path):
    """The command and its worker, at random moments of a start; `test_mounts.py` does so fifty times."""
    seed = random.randrange(1 << 30)
    moments, before = random.Random(seed), state_of_the_host()
    deployed(HARD_CODED)
    for _ in range(4):
        words = ("--profile", "bare", "--model-dir", "m", "--port", "0", "--no-control")  # whose note would stay
        command = start("serve", "src/score.py", *words)
        with contextlib.suppress(subprocess.TimeoutExpired):
            command.process.wait(moments.uniform(0.2, 1.0))
        kill_all_of(command)
        assert command.left_behind() == [], f"seed {seed}"

    assert state_of_the_host() == before, f"seed {seed}"
    assert names_in(tmp_path / "src") == ["score.py"]


def kill_all_of(command):
    """SIGKILL everything that the command has started, workers with their own session included."""
    command.kill()
    while pids := [int(left[4:]) for left in command.left_behind() if left.startswith("pid ")]:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                process = os.pidfd_open(pid)
                signal.pidfd_send_signal(process, signal.SIGKILL)
                assert select.select([process], [], [], 10)[0], f"pid {pid} does not end"
                os.close(process)


def state_of_the_host():
    """Return what must not change: the mounts, /var and its names; not the times inside, for others work there."""
    entries = sorted((entry.name, entry.inode()) for entry in os.scandir("/var"))
    return Path("/proc/self/mountinfo").read_text(encoding="utf-8"), os.stat("/var").st_mtime_ns, entries


@needs_mounts
def test_a_deployment_may_lie_below_var_itself(deployed, finish, tmp_path):
    """In Azure's own image, for example: at the very place, beside what the host has there."""
    deployed(HARD_CODED)
    world = f"""
        unshare --mount sh -ec '
            mount -t tmpfs -o mode=755 tmpfs /var
            mkdir -p /var/azureml-app/azureml-models/m/1 /var/azureml-app/other
            cp -r {tmp_path}/src /var/azureml-app/code
            cp {tmp_path}/m/model.pkl /var/azureml-app/azureml-models/m/1
            exec "$@"' sh "$@"
    """
    words = [
        "/var/azureml-app/code/score.py",
        "-r",
        "request.json",
        "--model-dir",
        "/var/azureml-app/azureml-models/m/1",
    ]

    ended = finish("invoke", *words, shell=world)

    assert (ended.code, ended.out, ended.err) == (0, '"weights"', "")


# links


@pytest.fixture
def serving(start):
    """Start `amlemu serve src/score.py` on a free port as an ordinary user, wait until it serves, return the command."""

    def serving(*words, port=0):
        command = start("serve", "src/score.py", "--port", str(port), "--model-dir", "m", *words, shell=AS_USER)
        assert command.port
        return command

    return serving


def test_links_are_unknown_to_git_and_gone_after_the_last_stop(deployed, serving, tmp_path):
    """Two servers of one script have a folder each; the first to stop leaves the other's."""
    deployed(READS_ITS_MODEL)
    links = tmp_path / "src/.amlemu"
    one, two = serving(), serving()

    assert score(one.port) == score(two.port) == {"model.pkl": "weights"}
    assert names_in(links) == sorted([".gitignore", str(one.port), str(two.port)])
    assert (links / ".gitignore").read_text() == "*\n"

    one.send(signal.SIGTERM)
    assert one.finish().code == 0
    assert names_in(links) == [".gitignore", str(two.port)]
    assert score(two.port) == {"model.pkl": "weights"}

    two.send(signal.SIGINT)
    assert two.finish().code == 0
    assert names_in(tmp_path / "src") == ["score.py"]


def test_links_of_a_killed_server_are_replaced(deployed, serving, tmp_path):
    """On the same port, with another model and after the old one has gone."""
    deployed(READS_ITS_MODEL)
    first = serving()
    port = first.port
    first.send(signal.SIGKILL)
    first.finish()
    stale = tmp_path / "src/.amlemu" / str(port)
    assert stale.exists()
    (stale / "foreign").write_text("from an earlier version")
    shutil.rmtree(tmp_path / "m")
    (tmp_path / "m").mkdir()
    (tmp_path / "m/new.pkl").write_text("new")

    second = serving(port=port)

    assert score(port) == {"new.pkl": "new"}
    assert names_in(stale) == ["control.json", "pid", "var"]
    second.send(signal.SIGTERM)
    second.finish()
    assert names_in(tmp_path / "src") == ["score.py"]


@pytest.mark.parametrize("script", ["def init(): 1 / 0\ndef run(data): ...", "import nothing_of_that_name"])
def test_a_script_that_does_not_start_leaves_no_links(deployed, finish, tmp_path, script):
    deployed(script)

    ended = finish("serve", "src/score.py", "--port", "0", "--model-dir", "m", shell=AS_USER)

    assert ended.code == 3
    assert names_in(tmp_path / "src") == ["score.py"]


def test_a_folder_that_cannot_be_written_gets_its_links_elsewhere(deployed, start, tmp_path):
    """In the temporary folder, and they are removed there, too."""
    script = deployed(READS_ITS_MODEL)
    own = 'chown 65534:65534 "$TMPDIR" && ' if IS_ROOT else ""
    script.parent.chmod(0o555)
    try:
        shell = f'{own}exec {USER} "$@"' if IS_ROOT else 'exec "$@"'
        command = start("serve", "src/score.py", "--port", "0", "--model-dir", "m", shell=shell)

        assert score(command.port) == {"model.pkl": "weights"}
        assert f"links in {command.temporary}/amlemu-" in command.err
        assert names_in(tmp_path / "src") == ["score.py"]
        command.send(signal.SIGTERM)
        assert command.finish().code == 0
        assert command.left_behind() == []
    finally:
        script.parent.chmod(0o755)


def test_a_script_in_this_process_gets_links(deployed, tmp_path):
    """An interpreter that runs already cannot be moved; the layout says so."""
    script = deployed(READS_ITS_MODEL)
    with amlemu.serve(script, model_dir=tmp_path / "m", backend="inprocess") as endpoint:
        assert endpoint.score({}) == {"model.pkl": "weights"}
        assert endpoint.opening.layout.kind == "links"
        assert endpoint.opening.layout.why == "the script runs in amlemu's own process"

    assert names_in(script.parent) == ["score.py"]


# where mounts are refused


REFUSALS = [
    pytest.param(
        WITHOUT_MOUNTS,
        "refused (Operation not permitted: a mount namespace of its own)",
        id="root-in-a-container",
        marks=needs_root,
    ),
    pytest.param(AS_USER, "only root may mount", id="user"),
]


@pytest.mark.parametrize(("shell", "why"), REFUSALS)
def test_auto_goes_on_with_links_and_says_why(deployed, start, tmp_path, shell, why):
    """One line of the start block."""
    deployed(READS_ITS_MODEL)
    command = start("serve", "src/score.py", "--port", "0", "--model-dir", "m", shell=shell)

    assert score(command.port) == {"model.pkl": "weights"}
    links = f"{tmp_path}/src/.amlemu/{command.port}/var/azureml-app"
    told = [line for line in command.err.splitlines() if why in line]
    assert told == [f"  tree     /var/azureml-app is not real here ({why}); links in {links} stand for it"]


@pytest.mark.parametrize(("shell", "why"), REFUSALS)
def test_who_insists_on_the_real_path_is_refused(deployed, start, tmp_path, shell, why):
    """Exit code 2 and one line; nothing is made."""
    deployed(READS_ITS_MODEL)

    ended = start("serve", "src/score.py", "--port", "0", "--layout", "var", shell=shell).finish()

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"amlemu: --layout var: /var/azureml-app cannot be made real: {why}. Use --layout links.\n"
    assert names_in(tmp_path / "src") == ["score.py"]


@needs_root
def test_a_trial_that_does_not_end_is_told_in_words(tmp_path, monkeypatch):
    """Not as a command of ours; a machine that stands still for a while is waited for (a fault until 2026-11-23: ten seconds)."""
    assert tree._PATIENCE_S >= 60
    monkeypatch.setattr(tree, "_PATIENCE_S", 0.05)
    monkeypatch.setattr(tree, "_program", lambda _: ("sleep", "20"))
    tree._refusal.cache_clear()
    try:
        layout = choose(Deployment(tmp_path / "score.py", Path("/env/bin/python"), tmp_path), "auto", "5001").layout
    finally:
        tree._refusal.cache_clear()

    assert (layout.kind, layout.why) == ("links", "a trial did not end within 0.05 s")


@needs_mounts
def test_a_part_that_has_gone_is_named_when_a_worker_is_started_again(write, start, tmp_path):
    """Who moves the model away while it is served reads which path is missing."""
    write("src/score.py", "import os\ndef init(): ...\ndef run(data): os._exit(1)")
    model = write("model.pkl", "weights")
    command = start("serve", "src/score.py", "--profile", "bare", "--model", "m=model.pkl", "--port", "0")
    port = command.port
    model.unlink()
    with pytest.raises(httpx.RemoteProtocolError):
        score(port)

    command.until_said(f"No such file or directory: {model}\n")


# choosing


def test_links_by_wish_need_no_reason(tmp_path):
    deployment = Deployment(tmp_path / "score.py", Path("/env/bin/python"), tmp_path)
    tree = choose(deployment, "links", "5001")

    assert (tree.layout.kind, tree.layout.why, tree.prefix) == ("links", "", ())
    assert tree.layout.base == f"{tmp_path}/.amlemu/5001/var/azureml-app"
    assert list(tmp_path.iterdir()) == []  # not made yet


@needs_mounts
def test_only_the_real_path_has_a_program_before_it(tmp_path):
    deployment = Deployment(tmp_path / "score.py", Path("/env/bin/python"), tmp_path)

    assert [bool(choose(deployment, wish, "5001").prefix) for wish in ("auto", "var", "links", "none")] == [
        True,
        True,
        False,
        False,
    ]


def test_links_that_cannot_be_made_are_refused(tmp_path):
    """A file where the folder should be."""
    (tmp_path / ".amlemu").write_text("")
    deployment = Deployment(tmp_path / "score.py", Path("/env/bin/python"), tmp_path)
    tree = choose(deployment, "links", "5001")

    with pytest.raises(UsageError) as caught:
        tree.make()

    told = f"{tmp_path}/.amlemu/5001: no links can be made there: Not a directory. --layout none does without."
    assert str(caught.value) == told


def test_removing_twice_is_harmless(tmp_path):
    """Also when nothing was made."""
    model = Model("m", "1", tmp_path)
    tree = choose(Deployment(tmp_path / "score.py", Path("/p"), tmp_path, models=(model,)), "links", "5001")
    tree.remove()
    tree.make()
    assert names_in(tmp_path) == [".amlemu"]
    tree.remove()
    tree.remove()

    assert list(tmp_path.iterdir()) == []


def test_links_of_the_dead_go_and_those_of_the_living_stay(deployed, serving, tmp_path):
    """Nobody else would remove them: each server has a folder of its own."""
    deployed(READS_ITS_MODEL)
    dead = subprocess.Popen(["true"])
    dead.wait()
    for name, pid in {"5001": os.getpid(), "invoke-1": dead.pid, "5002": "no number"}.items():
        folder = tmp_path / "src/.amlemu" / name
        folder.mkdir(parents=True)
        (folder / "pid").write_text(str(pid))

    port = serving().port

    assert names_in(tmp_path / "src/.amlemu") == sorted([".gitignore", "5001", "5002", str(port)])


def test_a_layout_that_is_none_is_refused(tmp_path):
    with pytest.raises(UsageError, match="'var2' is no layout"):
        choose(Deployment(tmp_path / "score.py", Path("/p"), tmp_path), "var2", "5001")
