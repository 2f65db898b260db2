"""
The program that makes /var/azureml-app real for itself: what it makes, what it leaves alone, and that nothing stays.

The tests run it in a mount namespace that they throw away: a fault in it must not cover the /var of whoever runs them.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from amlemu.worker import mounts

PATIENCE_S = 10.0
MAY_MOUNT = os.geteuid() == 0 and not subprocess.run(["unshare", "--mount", "true"], check=False).returncode
needs_mounts = pytest.mark.skipif(not MAY_MOUNT, reason="only root may mount, and not in every container")
THROWN_AWAY = ("unshare", "--mount")
LOOK = (
    "import json, os\n"
    "def look(path):\n"
    "    if os.path.islink(path): return '-> ' + os.readlink(path)\n"
    "    if os.path.isdir(path): return {name: look(path + '/' + name) for name in os.listdir(path)}\n"
    "    return open(path).read() if os.path.isfile(path) else 'special'\n"
)


def words_of(places: dict[str, Any], *command: str, folder: str = "/") -> list[str]:
    """Return the command line of the program, as a worker's launch writes it."""
    tree = {"folder": folder, "places": [[inside, str(source)] for inside, source in places.items()]}
    return [sys.executable, "-I", "-S", mounts.__file__, json.dumps(tree), *command]


def run(words: list[str], before: Sequence[str] = THROWN_AWAY) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*before, *words], capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def seen(places: dict[str, Any], expression: str, before: Sequence[str] = THROWN_AWAY) -> Any:
    """Return what an expression is for a Python that the program has become; `look` draws a folder."""
    ended = run(words_of(places, sys.executable, "-c", f"{LOOK}print(json.dumps({expression}))"), before)
    assert (ended.returncode, ended.stderr) == (0, "")
    return json.loads(ended.stdout)


def with_own_var(setup: str, *, after: str = "") -> list[str]:
    """Return the beginning of a command that runs in a world with another /var, made by lines of shell."""
    ending = f'"$@"\n{after}' if after else 'exec "$@"'
    return ["unshare", "--mount", "sh", "-ec", f"mount -t tmpfs -o mode=755 tmpfs /var\n{setup}\n{ending}", "sh"]


# what there is


@needs_mounts
def test_files_and_folders_appear_at_their_places(tmp_path):
    """Names with spaces, other letters, and bytes that are no text are names like others."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "score.py").write_text("code")
    for name in ("modèle 1 'final'.pkl", "\udcff.bin"):
        (tmp_path / name).write_text("model")
    places = {
        "my code": tmp_path / "code",
        "azureml-models/m/1/modèle 1 'final'.pkl": tmp_path / "modèle 1 'final'.pkl",
        "azureml-models/m/2/\udcff.bin": tmp_path / "\udcff.bin",
    }

    assert seen(places, "look('/var/azureml-app')") == {
        "my code": {"score.py": "code"},
        "azureml-models": {"m": {"1": {"modèle 1 'final'.pkl": "model"}, "2": {"\udcff.bin": "model"}}},
    }


@needs_mounts
def test_it_becomes_the_command_in_its_folder(tmp_path):
    """The same process: whoever started it may signal it and wait for it, and hands files on through it."""
    read, write = os.pipe()
    os.set_inheritable(write, True)
    program = f"import os; os.write({write}, f'{{os.getpid()}} {{os.getcwd()}}'.encode())"
    words = words_of({"src": tmp_path}, sys.executable, "-c", program, folder="/var/azureml-app/src")
    process = subprocess.Popen([*THROWN_AWAY, *words], pass_fds=[write])
    process.wait(PATIENCE_S)

    assert os.read(read, 1000).decode() == f"{process.pid} /var/azureml-app/src"

    os.close(read)
    os.close(write)


@needs_mounts
def test_the_command_inherits_no_file_of_the_programs_own(tmp_path):
    count = "len([name for name in os.listdir('/proc/self/fd') if int(name) > 2])"

    assert seen({"src": tmp_path, "m": tmp_path}, count) == 1  # the folder that is being listed


@needs_mounts
def test_what_is_written_at_a_place_is_written_on_the_host_and_the_rest_is_gone(tmp_path):
    """A script that writes beside itself finds its file again; the tree between the places lives as long as it."""
    (tmp_path / "src").mkdir()
    world = with_own_var("echo -n before > /var/file", after="find /var")
    writes = "touch /var/azureml-app/src/written /var/azureml-app/between /var/top && echo -n after > /var/file"

    ended = run(words_of({"src": tmp_path / "src"}, "/bin/sh", "-c", writes), world)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.split() == ["/var", "/var/file"]
    assert (tmp_path / "src" / "written").exists()


@needs_mounts
def test_the_rest_of_this_hosts_var_is_as_it_was():
    """Every name, every link; nothing of it is a copy."""
    entries = {entry.name for entry in os.scandir("/var") if entry.name != "azureml-app"}
    links = {name: os.readlink(f"/var/{name}") for name in entries if os.path.islink(f"/var/{name}")}
    inodes = {name: os.stat(f"/var/{name}").st_ino for name in entries - links.keys()}

    names = sorted(entries)
    assert seen({}, "sorted(os.listdir('/var'))") == sorted({*names, "azureml-app"})
    assert seen({}, f"{{name: os.readlink('/var/' + name) for name in {sorted(links)}}}") == links
    assert seen({}, f"{{name: os.stat('/var/' + name).st_ino for name in {sorted(inodes)}}}") == inodes


@needs_mounts
def test_links_special_files_and_what_is_mounted_below_var_stay():
    """/var/run leads out of /var; a disk at /var/lib/data stays a disk."""
    setup = """
        ln -s /proc /var/run; ln -s nowhere /var/dangling; ln -s lib/inner /var/relative
        echo -n file > /var/file; mkfifo /var/fifo
        mkdir -p /var/lib/inner; echo -n below > /var/lib/hidden
        mount -t tmpfs tmpfs /var/lib/inner; echo -n mounted > /var/lib/inner/deep
    """

    assert seen({}, "look('/var')", with_own_var(setup)) == {
        "azureml-app": {},
        "run": "-> /proc",
        "dangling": "-> nowhere",
        "relative": "-> lib/inner",
        "file": "file",
        "fifo": "special",
        "lib": {"hidden": "below", "inner": {"deep": "mounted"}},
    }
    assert seen({}, "[os.path.exists('/var/run/self'), look('/var/relative/')]", with_own_var(setup)) == [
        True,
        {"deep": "mounted"},
    ]


# a host that has such a folder


IN_USE = """
    mkdir -p /var/azureml-app/src /var/azureml-app/azureml-models/theirs/1 /var/azureml-app/other
    for file in src/old azureml-models/theirs/1/model other/kept file; do echo -n host > /var/azureml-app/$file; done
    ln -s other /var/azureml-app/link
"""


@needs_mounts
def test_entries_of_the_hosts_own_folder_stay_and_ours_win(tmp_path):
    """In Azure's own image, for example; the two names at the top that we need hide the host's."""
    (tmp_path / "score.py").write_text("ours")
    places = {"src": tmp_path, "azureml-models/m/1/model": tmp_path / "score.py"}

    assert seen(places, "look('/var/azureml-app')", with_own_var(IN_USE)) == {
        "src": {"score.py": "ours"},
        "azureml-models": {"m": {"1": {"model": "ours"}}},
        "other": {"kept": "host"},
        "link": "-> other",
        "file": "host",
    }


@needs_mounts
def test_the_hosts_own_folder_is_not_touched(tmp_path):
    """Looked at afterwards, from the same world: numbers, rights, sizes, times."""
    (tmp_path / "src").mkdir()
    look = r"find /var -printf '%p %i %m %s %T@\n'"
    world = with_own_var(f"{IN_USE}\n{look} > {tmp_path}/before", after=f"{look} > {tmp_path}/after")
    command = ["/bin/sh", "-c", "touch /var/azureml-app/top /var/azureml-app/azureml-models/top"]

    ended = run(words_of({"src": tmp_path / "src", "azureml-models/m/1": tmp_path}, *command), world)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "azureml-models/theirs/1/model" in (tmp_path / "before").read_text()
    assert (tmp_path / "after").read_text() == (tmp_path / "before").read_text()


@needs_mounts
def test_what_is_to_be_seen_may_lie_below_var_itself():
    """Also at the very place: a deployment inside Azure's image, where amlemu runs for a look."""
    places = {
        "src": "/var/azureml-app/src",
        "azureml-models/m/1": "/var/azureml-app/azureml-models/theirs/1",
        "azureml-models/m/2/file": "/var/azureml-app/other/kept",
        "lib": "/var/lib/code",
    }
    setup = f"{IN_USE}\nmkdir -p /var/lib/code; echo -n code > /var/lib/code/module"

    assert seen(places, "look('/var/azureml-app')", with_own_var(setup)) == {
        "src": {"old": "host"},
        "azureml-models": {"m": {"1": {"model": "host"}, "2": {"file": "host"}}},
        "lib": {"module": "code"},
        "other": {"kept": "host"},
        "link": "-> other",
        "file": "host",
    }


@needs_mounts
@pytest.mark.parametrize(
    "setup",
    [
        pytest.param("echo -n file > /var/azureml-app", id="file"),
        pytest.param("ln -s nowhere /var/azureml-app", id="dangling-link"),
        pytest.param("mkdir /var/elsewhere; ln -s elsewhere /var/azureml-app", id="link-to-a-folder"),
    ],
)
def test_something_else_of_that_name_does_no_harm(tmp_path, setup):
    (tmp_path / "score.py").write_text("ours")

    assert seen({"src": tmp_path}, "look('/var/azureml-app/')", with_own_var(setup)) == {"src": {"score.py": "ours"}}


# what is not left


@needs_mounts
def test_nobody_else_sees_what_was_mounted(tmp_path):
    """Not even where mounts are shared with everybody, as systemd has them."""
    look = f'cat /proc/self/mountinfo > {tmp_path}/before\n"$@" > {tmp_path}/inside\ncat /proc/self/mountinfo > {tmp_path}/after'
    shared = ["unshare", "--mount", "--propagation", "shared", "sh", "-ec", look, "sh"]

    ended = run(words_of({"src": tmp_path}, "/bin/sh", "-c", "cat /proc/self/mountinfo"), shared)

    assert (ended.returncode, ended.stderr) == (0, "")
    before, inside, after = ((tmp_path / name).read_text() for name in ("before", "inside", "after"))
    assert " shared:" in before
    assert " /var/azureml-app/src " in inside
    assert after == before


@needs_mounts
def test_what_the_host_mounts_later_is_seen(tmp_path):
    """A disk that is plugged in, a share: a server may run for days."""
    (tmp_path / "later").mkdir()
    script = """
        mkfifo "$0/started" "$0/go"
        "$@" &
        read line < "$0/started"
        mount -t tmpfs tmpfs "$0/later"; echo -n new > "$0/later/file"
        echo > "$0/go"
        wait
    """
    inner = f'echo started > "{tmp_path}/started"; read line < "{tmp_path}/go"; cat "{tmp_path}/later/file"'
    shared = ["unshare", "--mount", "--propagation", "shared", "sh", "-ec", script, str(tmp_path)]

    ended = run(words_of({}, "/bin/sh", "-c", inner), shared)

    assert (ended.stdout, ended.stderr) == ("new", "")


@needs_mounts
def test_fifty_starts_and_kills_leave_nothing(tmp_path):
    """Killed with all it has started, after its start or at any moment of it: no entry, no mount, no process."""
    look = "readlink /proc/self/ns/mnt"
    told = run(words_of({}, "/bin/sh", "-c", look), [*THROWN_AWAY, "sh", "-c", f'{look}; exec "$@"', "sh"]).stdout
    assert len(set(told.split())) == 2, "it mounts where it is started: not tried on this host"
    mark, seed = uuid.uuid4().hex, random.randrange(1 << 30)
    moments, start_s = random.Random(seed), 0.0
    words = words_of({"src": tmp_path, f"azureml-models/{mark}/1": tmp_path}, "/bin/sh", "-c", "echo; sleep 60 & wait")
    before = state_of_the_host()
    for number in range(50):
        began = time.monotonic()
        with subprocess.Popen(words, stdout=subprocess.PIPE, env={"MARK": mark}, start_new_session=True) as process:
            assert process.stdout is not None
            if number % 5:
                select.select([process.stdout], [], [], moments.uniform(0, start_s))
            else:
                assert process.stdout.read(1) == b"\n"
                start_s = time.monotonic() - began
            os.killpg(process.pid, signal.SIGKILL)
            process.stdout.read()  # ends with the last process that has it
            assert process.wait(PATIENCE_S) == -signal.SIGKILL, f"seed {seed}"

    assert state_of_the_host() == before, f"seed {seed}"
    assert processes_with(mark) == [], f"seed {seed}"


def state_of_the_host() -> tuple[Any, ...]:
    """Return what must not change: the mounts, /var and its names; not the times inside, for others work there."""
    entries = sorted((entry.name, entry.inode()) for entry in os.scandir("/var"))
    return Path("/proc/self/mountinfo").read_text(encoding="utf-8"), os.stat("/var").st_mtime_ns, entries


def processes_with(mark: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            variables = (process / "environ").read_bytes()
        except OSError:
            continue  # it has just ended
        found += [process.name] if mark.encode() in variables else []
    return found


# what cannot be


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(["setpriv", "--bounding-set=-sys_admin"], id="root-in-a-container"),
        pytest.param(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], id="an-ordinary-user"),
    ],
)
def test_who_may_not_mount_is_told_so(before):
    """One line, and the exit code of a shell for what cannot be run; nothing is started."""
    if os.geteuid() != 0:
        before = []
    elif before[1].startswith("--reuid"):
        before = [*before, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]

    ended = run(words_of({}, "echo", "started"), before)

    assert (ended.returncode, ended.stdout) == (126, "")
    assert ended.stderr == "Operation not permitted: a mount namespace of its own\n"


@needs_mounts
def test_a_part_that_is_gone_is_named(tmp_path):
    ended = run(words_of({"src": tmp_path / "gone"}, "echo", "started"))

    assert (ended.returncode, ended.stdout) == (126, "")
    assert ended.stderr == f"No such file or directory: {tmp_path}/gone\n"


@needs_mounts
@pytest.mark.parametrize(
    ("command", "folder", "what"),
    [
        pytest.param("/no/such/python", "/", "/no/such/python", id="command"),
        pytest.param("/bin/true", "/var/azureml-app/src/gone", "/var/azureml-app/src/gone", id="folder"),
    ],
)
def test_a_command_that_cannot_be_started_is_named(tmp_path, command, folder, what):
    ended = run(words_of({"src": tmp_path}, command, folder=folder))

    assert (ended.returncode, ended.stdout) == (127, "")
    assert ended.stderr == f"amlemu: {what}: No such file or directory\n"


@needs_mounts
def test_without_a_command_it_is_a_trial():
    """How a host is asked whether it would work."""
    ended = run([sys.executable, "-I", "-S", mounts.__file__, '{"places": []}'])

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
