"""
What a worker writes to its two streams, read as it comes and handed on in whole lines.

C code and child processes write there too, so pipes are the only place where everything passes.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable


class Output:
    """One pipe of one worker. `on_text` gets decoded text, in whole lines unless the pipe or a request has ended."""

    def __init__(self, file: int, on_text: Callable[[str], None]) -> None:
        self._file = file
        self._on_text = on_text
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
        """Hand on an unfinished line, too."""
        if self._rest:
            rest, self._rest = self._rest, b""
            self._emit(rest)

    def close(self) -> None:
        """Stop reading and hand on what is left."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._file)
            os.close(self._file)
            self.flush()

    def _take(self, data: bytes) -> None:
        lines, newline, rest = data.rpartition(b"\n")
        if newline:
            self._emit(self._rest + lines + newline)
            self._rest = rest
        else:
            self._rest += rest

    def _emit(self, data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        self.last_line = next((line for line in reversed(text.splitlines()) if line.strip()), self.last_line)
        self._on_text(text)
