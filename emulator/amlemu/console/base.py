"""
What every rendering shares: two streams, written in order and soon, after the clients have their answers.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import itertools
import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from amlemu import ports
from amlemu.events import Event
from amlemu.exchange import Exchange
from amlemu.layout import Layout
from amlemu.transcript import Transcript

if TYPE_CHECKING:
    from amlemu.azure.description import Description
    from amlemu.backends import Capabilities
    from amlemu.emulator import Opening
    from amlemu.stand import Plan

_FLUSH_S = 0.02


class Console(abc.ABC):
    """Where events and exchanges end up. Subclasses say how they look; writes never raise once the reader is gone."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        """Take the two streams; sys.stdout and sys.stderr where none are given."""
        self.transcript = Transcript()  # of what is written
        self._out = self.transcript.tee(sys.stdout if out is None else out, "stdout")
        self._err = self.transcript.tee(sys.stderr if err is None else err, "stderr")
        self._pending: list[Exchange | tuple[TextIO, str]] = []
        self._is_due = False
        self._is_held = False

    @abc.abstractmethod
    def event(self, event: Event) -> None:
        """Show what happened."""

    def exchange(self, exchange: Exchange) -> None:
        """Show a request that is over: soon, so that its client need not wait for our words."""
        self._flush_soon()
        self._pending.append(exchange)

    @abc.abstractmethod
    def _show(self, exchange: Exchange) -> None:
        """Show a request that is over."""

    def surroundings(self, layout: Layout) -> None:  # noqa: B027  # not every rendering has a word for it
        """Take note of where things lie for the script, before it says its first word."""

    def described(self, said: Description, remarks: Sequence[str]) -> None:  # noqa: B027
        """Show what Azure's files say, which of it has no effect here, and what else should be known of it."""

    def opened(self, plan: Plan, opening: Opening) -> None:
        """Show that the ports are bound; nothing runs yet."""
        self.surroundings(opening.layout)

    def started(self, plan: Plan, opening: Opening, capabilities: Capabilities) -> None:  # noqa: B027
        """Show that requests are answered now, and by whom."""

    def stopping(self, signal_name: str) -> None:  # noqa: B027
        """Show that a signal (`term`, `int`, `quit`) has asked for the end."""

    def stopped(self) -> None:  # noqa: B027
        """Show that all is over."""

    @abc.abstractmethod
    def boot_failed(self, fault: dict[str, Any]) -> None:
        """Show why nothing is served."""

    @abc.abstractmethod
    def say(self, colour: str, text: str) -> None:
        """Show a line of ours."""

    def show_warnings(self) -> None:
        """From now on show what the library, and uvicorn below it, warn of; for the rest of the process."""
        for name in ("amlemu", "uvicorn"):
            logging.getLogger(name).addHandler(_Warnings(self))

    def _write(self, text: str, stream: TextIO | None = None) -> None:
        """Write soon: under load one write carries the lines of many requests."""
        self._flush_soon()
        self._pending.append((stream or self._out, text))

    def hold(self, *, is_on: bool) -> None:
        """Keep what is to be written until this is taken back: somebody else has the terminal."""
        if is_on:
            self.flush()
        self._is_held = is_on
        if not is_on:
            self._flush_soon()

    def _flush_soon(self) -> None:
        if self._is_due or self._is_held:
            return
        self._is_due = True
        try:
            asyncio.get_running_loop().call_later(_FLUSH_S, self._flush_due)
        except RuntimeError:
            self._is_due = False  # no loop any more; the last `flush` is the caller's

    def _flush_due(self) -> None:
        self._is_due = False
        if not self._is_held:
            self.flush()

    def _written(self) -> list[tuple[TextIO, str]]:
        """Return what is pending as text for its stream; an exchange becomes its lines only here."""
        written: list[tuple[TextIO, str]] = []
        pending, self._pending = self._pending, []
        for entry in pending:
            if isinstance(entry, Exchange):
                self._show(entry)
                written += self._pending  # type: ignore[arg-type]  # _show writes text
                self._pending = []
            else:
                written.append(entry)
        return written

    def flush(self) -> None:
        """Write what is pending, in order."""
        self._is_due = True  # what is shown now must not ask for another flush
        for stream, texts in itertools.groupby(self._written(), key=lambda entry: entry[0]):
            text = "".join(text for _, text in texts)
            if stream.closed:
                continue
            with contextlib.suppress(BrokenPipeError):
                try:
                    stream.write(text)
                except UnicodeEncodeError:  # a script may print what no terminal can show
                    stream.write(text.encode(stream.encoding, "backslashreplace").decode(stream.encoding))
                stream.flush()
        self._is_due = False


class _Warnings(logging.Handler):
    """Shows warnings of loggers as lines of ours."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.say("yellow", self.format(record))


def url_of(plan: Plan, opening: Opening) -> str:
    """Return an address that can be opened here, also where the server listens on all."""
    return ports.url_of(plan.host, opening.port)
