"""
A script's world that stays in this process from one call to the next, so that a test can change it: monkeypatch.setenv, setattr
of a module that the script has imported.

Folder, import path, streams and print are the script's only while it is called, as in any `World`.
"""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from amlemu.backends.world import ONE_AT_A_TIME, World, become
from amlemu.scoring.logs import Sink

_OF_PYTEST = "PYTEST_CURRENT_TEST"  # it changes with each phase of a test
_WORKER = 'Mark the test with @pytest.mark.amlemu(target="worker"): there a process ends as in the cloud.'
_Changes = dict[str, tuple[str | None, str | None]]


class ProcessEnded(BaseException):
    """The script would have ended its process, and all tests with it. No Exception: a script must not catch it."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.fault = {
            "what": f"it called os._exit({status}), which would end this process and all tests",
            "hint": _WORKER,
        }
        super().__init__(f"the script called os._exit({status}), which would end this process and all tests. {_WORKER}")


class Residence(World):
    """
    A world whose variables and modules stay from when it is moved into until another one is, or until `leave`.

    Whoever changes a variable meanwhile finds it as it was left: only what the script has changed is put back.
    """

    _present: ClassVar[Residence | None] = None
    _owed: ClassVar[dict[str, tuple[str | None, set[str | None]]]] = {}  # what a test has hidden, see `take_variables`

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        sink: Sink,
        models_folder: str | None = None,
        import_path: Sequence[str] | None = None,
    ) -> None:
        """As a `World`'s; what logging has at the root, a test's caplog for one, hears the script along with its own."""
        super().__init__(folder, environment, sink, models_folder, import_path, is_overheard=True)
        self._changed: _Changes = {}  # by the script: what was there before, and what it has left
        self._settled: tuple[_Changes, str, list[str]] | None = None
        self._streams: tuple[Any, Any] = (_Stream("stdout"), _Stream("stderr"))

    def __enter__(self) -> None:
        ONE_AT_A_TIME.acquire()
        self._move_here()
        self.begin()

    def __exit__(self, *error: object) -> None:
        self.end()
        ONE_AT_A_TIME.release()

    def stay(self) -> None:
        """Bring variables and modules before the first call."""
        with ONE_AT_A_TIME:
            self._move_here()

    def settle(self) -> None:
        """After a call, that of init(): take what it has left for what each stay begins with."""
        changed = {name: values for name, values in self._changed.items() if name != _OF_PYTEST}
        self._settled = changed, self._folder, self._path

    @staticmethod
    def leave() -> None:
        """Give the process its own variables and modules back, if a script resides there."""
        with ONE_AT_A_TIME:
            present, Residence._present = Residence._present, None
            if present is not None:
                present.move_out()

    @staticmethod
    def rest() -> None:
        """When a test and its monkeypatches are over: leave, and take what only now comes to light of those who were here."""
        Residence.leave()
        for name, (outer, owns) in Residence._owed.items():
            if os.environ.get(name) in owns:
                _put(os.environ, name, outer)
        Residence._owed.clear()

    def _move_here(self) -> None:
        if Residence._present is not self:
            self.leave()
            self.move_in()
            Residence._present = self

    def bring_variables(self) -> None:
        """Those that it has settled with, on top of the process's; one that has been changed since beats the script's."""
        before = dict(os.environ)
        wanted = dict(self._environment)
        if self._settled is not None:
            changed, self._folder, self._path = self._settled
            wanted = dict(before)
            for name, (outer, own) in changed.items():
                if before.get(name) == outer:
                    _put(wanted, name, own)
        become(wanted)
        names = [name for name in before.keys() | wanted.keys() if before.get(name) != wanted.get(name)]
        self._changed = {name: (before.get(name), wanted.get(name)) for name in names}

    def take_variables(self) -> None:
        """Put back what the script has changed, where nobody has changed it since."""
        for name, (outer, own) in self._changed.items():
            if os.environ.get(name) == own:
                _put(os.environ, name, outer)
            else:  # a test has changed it, and will put back what it has found: the script's
                self._owed.setdefault(name, (outer, set()))[1].add(own)

    def begin(self) -> None:
        """See `World`; the streams are the script's own, which outlive those of a test, and os._exit() ends the call only."""
        super().begin()
        self._before_call = dict(_raw())
        self._outer_streams = sys.stdout, sys.stderr
        for stream, outer in zip(self._streams, self._outer_streams, strict=True):
            if isinstance(stream, _Stream):
                stream.inner = outer
        sys.stdout, sys.stderr = self._streams
        self.refused: ProcessEnded | None = None
        self._exit, os._exit = os._exit, self._refusal(os._exit)

    def end(self) -> None:
        """See `World`."""
        os._exit = self._exit
        self._streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = self._outer_streams
        for stream in self._streams:
            if isinstance(stream, _Stream):
                stream.inner = None
        super().end()
        if _raw() != self._before_call:
            self._note_changes()

    def _refusal(self, end: Any) -> Any:
        """Return an os._exit() for the call of this thread; in a child that has been forked meanwhile, and in other threads, it is the real one."""
        process, thread = os.getpid(), threading.get_ident()

        def refuse(status: int = 0) -> NoReturn:
            if os.getpid() != process or threading.get_ident() != thread:
                end(status)
            self.refused = ProcessEnded(status)
            raise self.refused

        return refuse

    def _note_changes(self) -> None:
        decode, before, now = os.fsdecode, self._before_call, _raw()
        for raw in [raw for raw in before.keys() | now.keys() if before.get(raw) != now.get(raw)]:
            name = decode(raw)
            outer = None if raw not in before else decode(before[raw])
            self._changed[name] = self._changed.get(name, (outer, None))[0], os.environ.get(name)


class _Stream(io.TextIOBase):
    """stdout or stderr of whoever has it when something is written: what holds on to it outlives a test's capture."""

    def __init__(self, name: str) -> None:
        self.inner: Any = None
        self._name = name
        self.buffer = _Buffer(self)

    @property
    def now(self) -> Any:
        """The stream that is written to."""
        return self.inner or getattr(sys, self._name)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of the stream."""
        return str(self.now.encoding)

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """Likewise."""
        found: str | None = self.now.errors
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.now, name)

    def write(self, text: str) -> int:
        """As a stream does."""
        return int(self.now.write(text))

    def flush(self) -> None:
        """Likewise."""
        self.now.flush()

    def writable(self) -> bool:
        """Likewise."""
        return True

    def isatty(self) -> bool:
        """Likewise."""
        return bool(self.now.isatty())

    def fileno(self) -> int:
        """Likewise; raises OSError where the stream has none."""
        return int(self.now.fileno())

    def close(self) -> None:
        """It is not the script's to close."""


class _Buffer(io.BufferedIOBase):
    """The bytes below such a stream; a wrapper that a script puts around them, and drops, does not close them."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream

    def write(self, data: Any) -> int:
        """As a buffer does; the stream is up to date afterwards."""
        written = int(self._stream.now.buffer.write(data))
        self._stream.now.flush()
        return written

    def flush(self) -> None:
        """Likewise."""
        self._stream.now.flush()

    def writable(self) -> bool:
        """Likewise."""
        return True

    def close(self) -> None:
        """It is not the script's to close."""


def _raw() -> dict[Any, Any]:
    """Return the variables as os.environ keeps them: to copy them all costs as much as a call."""
    found: dict[Any, Any] = vars(os.environ)["_data"]
    return found


def _put(environment: Any, name: str, value: str | None) -> None:
    if value is None:
        environment.pop(name, None)
    else:
        environment[name] = value
