"""
What a worker writes to its two streams, read as it comes and handed on in whole lines.

C code and child processes write there too, so pipes are the only place where everything passes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable
from typing import Any


class Output:
    """One pipe of one worker: raw text in whole lines (unless the pipe or a request has ended), and records."""

    def __init__(
        self, file: int, marker: str, on_text: Callable[[str], None], on_record: Callable[[list[Any]], None]
    ) -> None:
        """
        Args:
            file: descriptor, not blocking; closed by `close`.
            marker: begins a record, see `protocol.pack_record`.
            on_text: gets raw output, decoded.
            on_record: gets a record's fields.
        """
        self._file = file
        self._marker = marker.encode("ascii")
        self._on_text = on_text
        self._on_record = on_record
        self._rest = b""
        self._open = True
        self.last_line = ""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Read whenever something comes."""
        self._loop = loop
        loop.add_reader(self._file, self.read)

    def read(self) -> None:
        """Hand on what is there now; does not wait."""
        while self._open:
            try:
                data = os.read(self._file, 1 << 16)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self.close()
                return
            self._take(data)

    def flush(self) -> None:
        """Hand on an unfinished line, too, but not an unfinished record: its rest is still to come."""
        raw, marker, record = self._rest.partition(self._marker)
        held = 0 if marker else _overlap(raw, self._marker)
        self._rest = marker + record if marker else raw[len(raw) - held :]
        self._emit_text(raw[: len(raw) - held])

    def close(self) -> None:
        """Stop reading and hand on what is left."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._file)
            os.close(self._file)
            self._emit_text(self._rest.partition(self._marker)[0])  # half a record: it was killed while it printed
            self._rest = b""

    def _take(self, data: bytes) -> None:
        lines, newline, rest = data.rpartition(b"\n")
        if newline:
            self._emit(self._rest + lines + newline)
            self._rest = rest
        else:
            self._rest += rest

    def _emit(self, data: bytes) -> None:
        """Tell raw text and records apart; a record may follow an unfinished line."""
        raw, marker, rest = data.partition(self._marker)
        while marker:
            self._emit_text(raw)
            record, _, rest = rest.partition(b"\n")
            self._emit_record(record)
            raw, marker, rest = rest.partition(self._marker)
        self._emit_text(raw)

    def _emit_record(self, record: bytes) -> None:
        """Drop what is no record: two processes of a script may write at once, more than a pipe takes whole."""
        with contextlib.suppress(ValueError):
            self._on_record(json.loads(record.rpartition(self._marker)[2]))

    def _emit_text(self, data: bytes) -> None:
        if not data:
            return
        text = data.decode("utf-8", "replace")
        self.last_line = next((line for line in reversed(text.splitlines()) if line.strip()), self.last_line)
        self._on_text(text)


def _overlap(data: bytes, marker: bytes) -> int:
    """Return how many bytes at the end of `data` may be the beginning of `marker`."""
    return next((size for size in range(len(marker) - 1, 0, -1) if data.endswith(marker[:size])), 0)
