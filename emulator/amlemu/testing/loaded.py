"""
One scoring script in this process: loaded once, initialised once, then called as the real server would call it.

The caller's thread runs it, in the script's own world (`backends/world.py`). `doorway.py` puts the front door before it.
"""

from __future__ import annotations

import bdb
import functools
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from amlemu.deployment import Deployment
from amlemu.endpoint import body_of
from amlemu.environment import script_environment
from amlemu.errors import BootFailed, ScoringFailed, WorkerCrashed
from amlemu.events import Spoke
from amlemu.exchange import Request, Response
from amlemu.scoring import faults
from amlemu.scoring.app import BootFault, ScoringApp
from amlemu.testing.off_loop import off_loop
from amlemu.testing.residence import ProcessEnded, Residence
from amlemu.worker import tree

_SCORING_PORT = 5001  # what the script sees as SERVER_PORT; nobody listens there
_PRINT = "azmlinfsrv.print"
_MOST_SAID = 10_000


class LoadedScript:
    """
    A script whose `init()` has returned. One call at a time in the whole process, whoever calls.

    Attributes:
        module: the script's own module, to look into and to change.
        said: what it and the server on its behalf have said last, in order.
    """

    module: ModuleType

    def __init__(self, deployment: Deployment, name: str, import_path: Sequence[str] | None = None) -> None:
        """
        Remember what is served; nothing is loaded yet.

        Args:
            deployment: what is served.
            name: of the folder for links that stand for /var/azureml-app; unlike that of any other.
            import_path: where the script's imports are looked for before its own folder; None: where this process's are.
        """
        self.deployment = deployment
        self.said: deque[Spoke] = deque(maxlen=_MOST_SAID)
        self._tree = tree.choose(deployment, "links" if deployment.models else "none", name, has_processes=False)
        layout = self._tree.layout
        variables = script_environment(deployment, layout, _SCORING_PORT)
        self._world = Residence(Path(layout.app_root), variables, self._hear, layout.models_folder, import_path)
        self._call = _Call()

    def load(self) -> LoadedScript:
        """
        Import the script, call init().

        Raises:
            BootFailed: the real server would not start either; what the script raised is its cause.
        """
        __tracebackhide__ = True
        self._tree.make()
        try:
            with self._world:
                self._app = ScoringApp(os.environ, when_raised=self._call.raised)
                self._boot()
            self._world.settle()
        except BaseException:
            self.close()
            raise
        script = self._app.script
        self.module = script.module
        self._variables = dict(vars(self.module))
        script.spares_timers = True  # pytest-timeout's
        script.run = self._call.listened(script.run, self.module)
        return self

    def close(self) -> None:
        """Leave nothing of it in this process, nor on disk."""
        self._world.leave()
        if hasattr(self, "_app"):
            with self._world:
                self._app.close()
            self._world.leave()
        self._tree.remove()

    def stay(self) -> None:
        """Bring its variables and modules into this process, for a test that is about to change them."""
        self._world.stay()

    def restore(self) -> None:
        """Give the process its world back, and the module what a test has put in its place; what the script did itself stays."""
        self._world.leave()
        now, then = vars(self.module), self._variables
        for name in [name for name in now if name not in then]:
            del now[name]
        now.update(then)

    def run(
        self,
        payload: Any = None,
        *,
        data: bytes | None = None,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """
        Call `run()` as the server would for this request, and return what it returned.

        Args:
            payload: the body: text and bytes as they are, anything else as JSON.
            data: the body as it is, instead.
            headers: more headers of the request.

        Raises:
            ScoringFailed: the server answers without calling run(), 400 for one: the request is not for this script.
            BaseException: whatever run() raised, with the script's own traceback.
        """
        __tracebackhide__ = True
        body = body_of(payload) if data is None else data
        shared = [("Host", "localhost"), ("Content-Type", content_type), ("Content-Length", str(len(body)))]
        request = Request("POST", "/score", [*shared, *(headers or {}).items()], body)
        call = self._call
        call.keeps_output = True
        try:
            response = self.handle(request)
        finally:
            call.keeps_output = False
        if call.error is not None:
            raise call.own_error()
        if not call.was_made:
            assert isinstance(response.body, bytes)
            raise ScoringFailed(response.status, response.phrase, response.body)
        return call.output

    def handle(self, request: Request) -> Response:
        """
        Answer one request, 4xx and 5xx included; the pieces of a stream have all been taken.

        Raises:
            BaseException: KeyboardInterrupt, and what pytest raises to end a test.
        """
        __tracebackhide__ = True
        return off_loop(self._handle, request)

    def _handle(self, request: Request) -> Response:
        __tracebackhide__ = True
        with self._world:
            variables = vars(self.module)
            before = dict(variables)
            self._call.begin(request.number)
            response = self._app.handle(request)
            if not isinstance(response.body, bytes):
                response.body = _drained(response.body)  # type: ignore[arg-type]
            # what the call has changed is the script's own state
            self._variables.update(
                (name, value) for name, value in variables.items() if before.get(name, self) is not value
            )
        if self._world.refused is not None:
            raise self._world.refused
        if self._call.is_for_us:
            raise self._call.own_error()
        return response

    def _boot(self) -> None:
        __tracebackhide__ = True
        writes_none, sys.dont_write_bytecode = (
            sys.dont_write_bytecode,
            True,
        )  # a test may write it anew within its second
        try:
            self._app.boot()
        except Exception as error:
            if isinstance(self._call.error, ProcessEnded):
                raise BootFailed(self._call.error.fault, self._call.error.status) from None
            if self._call.is_for_us:
                raise self._call.own_error() from None
            told = error.fault if isinstance(error, BootFault) else faults.describe(error, "boot", self._root)
            cause = self._call.error or (None if isinstance(error, BootFault) else error)
            raise BootFailed(told.as_data()) from cause
        finally:
            sys.dont_write_bytecode = writes_none

    @property
    def _root(self) -> str:
        return self._tree.layout.app_root

    def _hear(self, record: Any, text: str) -> None:
        own = getattr(record, "own", False)
        number = self._call.number or None
        self.said.append(
            Spoke("log", text, os.getpid(), record.name, record.levelname, record.created, own, request=number)
        )
        if record.name == _PRINT:
            sys.stdout.write(text + "\n")  # where -s shows it, and capsys finds it


class _Call:
    """One call of run(), heard from inside: what it returned or raised, beside what the server makes of that."""

    def __init__(self) -> None:
        self.keeps_output = False  # nobody wants the server's answer
        self.begin(0)

    def begin(self, number: int) -> None:
        self.number = number
        self.was_made = False
        self.output: Any = None
        self.error: BaseException | None = None

    def raised(self, error: BaseException) -> None:
        self.error = error

    def listened(self, run: Callable[..., Any], module: ModuleType) -> Callable[..., Any]:
        own = module.run

        @functools.wraps(run)
        def listened(**arguments: Any) -> Any:
            self.was_made = True
            now = module.run
            try:
                self.output = (run if now is own else now)(**arguments)  # a test may have put another in its place
            except BaseException as error:
                self.error = error
                raise
            return None if self.keeps_output else self.output

        return listened

    @property
    def is_for_us(self) -> bool:
        """Whether what was raised is none of the script's business: Ctrl-C, pytest.fail() and exit(), the end of a debugger."""
        pytest: Any = sys.modules.get("pytest")
        ends = (bdb.BdbQuit, *([pytest.exit.Exception] if pytest is not None else []))
        is_scripts = isinstance(self.error, (Exception, SystemExit, GeneratorExit)) and not isinstance(self.error, ends)
        return self.error is not None and not is_scripts

    def own_error(self) -> BaseException:
        """Return what was raised, its traceback beginning in the script."""
        error = self.error
        assert error is not None, "asked only where something was raised"
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None and faults.is_ours(trace.tb_frame.f_code.co_filename):
            trace = trace.tb_next
        return error.with_traceback(trace)


def _drained(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Take all pieces now, in the script's world."""
    taken: list[bytes] = []
    try:
        taken.extend(pieces)
    except BaseException as error:
        return _ended(taken, WorkerCrashed(f"the stream was cut: {error!r}"))
    return iter(taken)


def _ended(pieces: list[bytes], error: Exception) -> Iterator[bytes]:
    yield from pieces
    raise error
