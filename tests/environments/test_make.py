"""Environments that are really made, by a real venv and a real pip, from wheels of the test."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from amlemu.environments import make, place
from amlemu.environments.pythons import choose
from amlemu.environments.steps import steps
from amlemu.errors import AmlemuError, UsageError

from .wheels import make_wheel


@pytest.fixture
def told():
    return []


@pytest.fixture
def create(told):
    return lambda asked: make.make(asked, steps(asked), choose(None, sys.executable), told.append)


def version_in(made, name):
    """Ask the environment's own Python."""
    command = [made.python, "-c", f"import {name}; print({name}.version)"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()


def test_conda_packages_and_then_pips_list(ask, create, wheels, tmp_path):
    """A bare name in pip's list outdoes the version of conda's packages, as `pip install -U` does in conda."""
    for version in ("1.0", "1.1", "2.0"):
        make_wheel(wheels, "scipy", version)
        make_wheel(wheels, "joblib", version)

    made = create(ask("dependencies: [scipy=1, joblib=1, r-base, pip: [joblib]]\n"))

    assert made.python == tmp_path / ".amlemu" / "environments" / "conda" / "bin" / "python"
    assert (version_in(made, "scipy"), version_in(made, "joblib")) == ("1.1", "2.0")
    assert (tmp_path / ".amlemu" / ".gitignore").read_text() == "*\n"
    assert (made.folder / "pip-requirements.txt").read_text() == "joblib\n"
    assert not (made.folder.parent / "conda.old").exists()


def test_a_requirement_that_is_not_to_be_had_leaves_what_was_there(ask, create, told, wheels):
    """The old environment works as before, and nothing of the new one is left."""
    make_wheel(wheels, "ours", "1.0")
    create(ask("ours\n", "requirements.txt"))

    with pytest.raises(AmlemuError, match=r"pip has failed: there is no ours==2 for this Python; the newest .*: 1\.0"):
        create(ask("ours==2\n", "requirements.txt"))

    old = place.find(ask("ours\n", "requirements.txt"))
    assert old.is_current
    assert version_in(old, "ours") == "1.0"
    assert told[-1] == "the environment stays as it was before"
    assert sorted(os.listdir(old.folder.parent)) == ["requirements", "requirements.lock"]


def test_requirements_that_exclude_each_other_are_named(ask, create, wheels):
    make_wheel(wheels, "ours", "1.0", ("third>=2",))
    make_wheel(wheels, "theirs", "1.0", ("third<2",))
    make_wheel(wheels, "third", "1.0")
    make_wheel(wheels, "third", "2.0")
    asked = ask("ours\ntheirs\n", "requirements.txt")

    with pytest.raises(AmlemuError) as caught:
        create(asked)

    assert "exclude each other: ours 1.0 depends on third>=2; theirs 1.0 depends on third<2" in str(caught.value)
    assert not place.place_of(asked).exists()


def test_two_at_once_are_refused(ask, create):
    asked = ask("dependencies: []\n")
    folder = place.place_of(asked)
    folder.parent.mkdir(parents=True)
    with folder.with_name("conda.lock").open("w") as lock:
        lock.write("4711\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(UsageError, match=r"another amlemu \(pid 4711\) makes this environment just now"):
            create(asked)


def test_what_a_kill_has_left_is_swept(ask, create, wheels):
    """An environment without its record is half made; the one that was set aside for it counts."""
    asked = ask("dependencies: []\n")
    folder = place.place_of(asked)
    (folder / "bin").mkdir(parents=True)
    old = folder.with_name("conda.old")
    old.mkdir()
    (old / "kept").touch()

    made = create(asked)

    assert place.find(asked).is_current
    assert not (made.folder / "kept").exists()
    assert not old.exists()


def test_a_python_that_cannot_make_environments(ask, told, tmp_path):
    asked = ask("dependencies: []\n")
    broken = tmp_path / "python"
    broken.write_text(
        "#!/bin/sh\necho 'The virtual environment was not created: ensurepip is not available.'; exit 1\n"
    )
    broken.chmod(0o755)
    chosen = choose(None, sys.executable)

    with pytest.raises(AmlemuError, match="this Python cannot make virtual environments"):
        make.make(asked, steps(asked), type(chosen)(broken, "3.11.0", ""), told.append)

    assert not place.place_of(asked).exists()


@pytest.mark.parametrize("what", ["file", "read-only"])
def test_a_folder_that_cannot_be_written(ask, create, tmp_path, what):
    if what == "read-only" and os.geteuid() == 0:
        pytest.skip("root writes anywhere")
    asked = ask("dependencies: []\n")
    if what == "file":
        (tmp_path / ".amlemu").touch()
    else:
        tmp_path.chmod(0o500)

    with pytest.raises(UsageError, match="the environment would lie here, and it cannot be written"):
        create(asked)


def test_it_is_removed(ask, tmp_path):
    asked = ask("dependencies: []\n")
    assert not make.remove(asked)

    place.place_of(asked).mkdir(parents=True)
    assert make.remove(asked)

    assert os.listdir(place.place_of(asked).parent) == []


def test_pip_is_not_led_astray(ask, create, wheels, monkeypatch, tmp_path):
    """Variables of the caller's shell that would have pip install elsewhere mean nothing here."""
    make_wheel(wheels, "ours", "1.0")
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "elsewhere"))

    made = create(ask("ours\n", "requirements.txt"))

    monkeypatch.delenv("PYTHONPATH")
    assert version_in(made, "ours") == "1.0"
    assert not Path(tmp_path / "elsewhere").exists()


def test_a_signal_leaves_nothing_behind(ask, wheels, tmp_path):
    """SIGTERM while pip waits for an index that never answers: pip ends, and the half-made environment goes."""
    asked = ask("ours\n", "requirements.txt")
    program = (
        "from pathlib import Path; from amlemu import cli_env\n"
        f"cli_env.create({str(tmp_path / 'requirements.txt')!r}, None)"
    )
    with socket.create_server(("127.0.0.1", 0)) as index:
        index.settimeout(60)
        address = f"http://127.0.0.1:{index.getsockname()[1]}/simple"
        variables = {**os.environ, "PIP_INDEX_URL": address, "PIP_NO_INDEX": "0", "PYTHONWARNINGS": "ignore"}
        with subprocess.Popen([sys.executable, "-c", program], env=variables, stderr=subprocess.PIPE) as process:
            connection, _ = index.accept()
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=60)
        with connection:
            connection.settimeout(60)
            while connection.recv(4096):  # its request, then its end
                pass

    assert b"KeyboardInterrupt" in said
    assert not place.place_of(asked).exists()
