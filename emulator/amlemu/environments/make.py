"""
Makes the virtual environment of a file: Python's own venv, then pip, once for conda's packages and once for pip's list.

It is made where it stays, as virtual environments cannot be moved; what was there before waits beside it and comes back when
the new one fails. One at a time: a lock beside it says so.

Source of the order and of -U: conda 26.7.1, env/installers (conda's packages first, then `pip install -U -r`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from amlemu.azure.requirements import Requirements
from amlemu.environments import causes, place
from amlemu.environments.place import Made, Record
from amlemu.environments.pythons import Chosen
from amlemu.environments.steps import Steps
from amlemu.errors import AmlemuError, UsageError
from amlemu.interrupts import as_interrupts
from amlemu.layout import OWN_FOLDER

Tell = Callable[[str], None]
_LAST_LINES = 15
_END_PATIENCE_S = 5.0
# What of the caller's variables would lead pip elsewhere than into the new environment.
_ASTRAY = (
    "PYTHONPATH",
    "PYTHONHOME",
    "VIRTUAL_ENV",
    "__PYVENV_LAUNCHER__",
    "PIP_USER",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
)


def make(asked: Requirements, steps: Steps, python: Chosen, tell: Tell, show: Tell | None = None) -> Made:
    """
    Make the environment, anew if there is one.

    Args:
        tell: gets a line for each step.
        show: gets each line of pip's as it comes; None where nobody looks on, then pip's last lines are told when it fails.

    Raises:
        UsageError: another process makes it just now, or the folder cannot be written.
        AmlemuError: venv or pip has failed; nothing is left of the attempt.
    """
    folder = place.place_of(asked)
    _prepare(folder)
    with _alone(folder), as_interrupts(), _in_place_of_the_old(folder, tell):
        run = _Run(tell, show)
        tell(f"making {folder} ...")
        run.program([str(python.path), "-m", "venv", str(folder)], steps.folder, "venv")
        _install(steps, folder, run)
        record = Record(asked.place.file.name, place.fingerprint(asked), str(python.path), python.version, time.time())
        place.write_record(record, folder)
    return Made(folder, record, is_current=True)


def remove(asked: Requirements) -> bool:
    """Remove the environment of a file; returns whether there was one. Raises UsageError."""
    folder = place.place_of(asked)
    if not folder.exists():
        return False
    with _alone(folder):
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise UsageError("it cannot be removed", where=str(folder))
    _lock_of(folder).unlink(missing_ok=True)
    return True


def _install(steps: Steps, folder: Path, run: _Run) -> None:
    pip = [str(place.python_in(folder)), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    if steps.mapped:
        run.tell(f"pip installs what stands for {len(steps.mapped)} of conda's packages ...")
        listed = _write(folder / "conda-requirements.txt", [one.requirement for one in steps.mapped])
        run.program([*pip, "-r", listed], steps.folder, "pip, for conda's packages,")
    if steps.pip_lines:
        run.tell("pip installs its own list ...")
        listed = _write(folder / "pip-requirements.txt", list(steps.pip_lines))
        upgrade = ["-U", "--exists-action=b"] if steps.upgrades else []
        run.program([*pip, *upgrade, "-r", listed], steps.folder, "pip")


def _write(path: Path, lines: list[str]) -> str:
    """A list for pip; it stays, so that it can be looked at. It may name an index with a password."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return str(path)


class _Run:
    """Runs programs one after the other, and tells what goes wrong."""

    def __init__(self, tell: Tell, show: Tell | None) -> None:
        self.tell = tell
        self._show = show

    def program(self, command: list[str], folder: Path, name: str) -> None:
        """Run one to its end. Raises AmlemuError when it fails; ends it when we are interrupted."""
        variables = {key: value for key, value in os.environ.items() if key not in _ASTRAY}
        variables |= {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", "GIT_TERMINAL_PROMPT": "0"}
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # so that its compilers end with it
            )
        except OSError as error:
            raise AmlemuError(f"{command[0]} cannot be started: {error.strerror or error}") from error
        said: list[str] = []
        try:
            self._read(process, said)
        except BaseException:
            _end(process)
            raise
        if process.returncode:
            self._fail(said, process.returncode, name)
        self._warn(said)

    def _read(self, process: subprocess.Popen[str], said: list[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                said.append(line.rstrip())
                if self._show is not None:
                    self._show(said[-1])
        process.wait()

    def _fail(self, said: list[str], code: int, name: str) -> NoReturn:
        if self._show is None:
            for line in [line for line in said if line.strip()][-_LAST_LINES:]:
                self.tell(f"  {line}")
        cause = causes.why(said, code)
        raise AmlemuError(f"{name} has failed: {cause.what}", hint=cause.hint)

    def _warn(self, said: list[str]) -> None:
        """pip installs what does not fit together when the one came earlier, and says so at the end of its output."""
        if self._show is None:
            for line in said:
                if " which is incompatible" in line:
                    self.tell(f"pip says: {line.removeprefix('ERROR: ')}")


def _end(process: subprocess.Popen[str]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_PATIENCE_S)


def _prepare(folder: Path) -> None:
    own = folder.parent.parent
    assert own.name == OWN_FOLDER
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        (own / ".gitignore").write_text("*\n", encoding="ascii")
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"the environment would lie here, and it cannot be written: {why}", where=str(own)) from error


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the lock, which the system opens again when we die."""
    import fcntl

    with _lock_of(folder).open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            who = file.read().strip()
            what = f"another amlemu{f' (pid {who})' if who else ''} makes this environment just now"
            raise UsageError(what, where=str(folder), hint="Wait until it has ended.") from None
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


@contextlib.contextmanager
def _in_place_of_the_old(folder: Path, tell: Tell) -> Iterator[None]:
    """Set aside what is there; on failure it comes back, and on success it goes."""
    old = folder.with_name(f"{folder.name}.old")
    try:
        if old.exists() and place.read_record(folder) is None:  # we were killed the last time
            shutil.rmtree(folder, ignore_errors=True)
            old.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
    except OSError as error:
        raise UsageError(f"it cannot be replaced: {error.strerror or error}", where=str(folder)) from error
    try:
        yield
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if old.exists():
            old.rename(folder)
            tell("the environment stays as it was before")
        if isinstance(error, OSError):
            raise AmlemuError(
                f"the environment cannot be made: {error.strerror or error}", where=str(folder)
            ) from error
        raise
    shutil.rmtree(old, ignore_errors=True)
