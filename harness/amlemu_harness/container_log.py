"""
The log of a container of Azure's kind, cut in two: what the inference server says, and what stands around it says of itself.

`amlemu.backends.engine_story` reads the server's part. Around it are runit's scripts, pip's list before the server starts, nginx.

Source: azureml-assets, mlflow-model-inference, runit/gunicorn/run and finish (contract 3.4); nginx 1.22.1, ngx_log.c; observed.
"""

from __future__ import annotations

import codecs
import re
import time
from collections import deque

from amlemu.backends.engine_story import Story
from amlemu.events import Listener, Noticed, Spoke

_AROUND = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.,]+\S* (?:\||-) (?:[\w.-]+/(?:run|finish)\b|Exit code -?\d+ is )"  # runit's scripts
    r"|\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[\w+\] \d+#\d+: |nginx: \["
    r"|(?:runsv|runsvdir|runsvchdir) \S+: "
)
_BEGINS = re.compile(
    r".*\| Starting AzureML Inference Server HTTP"
    r"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \w \[\d+\] "  # a record of the server's: an image with another script before it
)
_OURS = "amlemu | "  # docker/debug
_LISTENS = "the debugger listens on"  # an address inside, which is nobody's here
_MOST_CHARACTERS = 1 << 20  # of one start, for whoever asks why it failed
_STREAMS = ("stdout", "stderr")


class ContainerLog:
    """What a container writes from one start to its end."""

    def __init__(self, story: Story, tell: Listener, invitation: str = "") -> None:
        """`invitation` is told whenever the debugger inside begins to listen: only now does anybody reach it."""
        self._story = story
        self._tell = tell
        self._invitation = invitation
        self._has_server = False
        self._decoders = {stream: codecs.getincrementaldecoder("utf-8")("replace") for stream in _STREAMS}
        self._halves = dict.fromkeys(_STREAMS, "")
        self._kept: deque[str] = deque()
        self._kept_characters = 0

    @property
    def text(self) -> str:
        """All that it has written, or the end of it."""
        return "".join(self._kept)

    @property
    def has_half(self) -> bool:
        """Whether a line has begun and not ended yet."""
        return any(self._halves.values())

    def take(self, stream: str, data: bytes) -> None:
        """Read what has come; the beginning of a line waits for its end, or for `flush`."""
        text = self._halves[stream] + self._decoders[stream].decode(data)
        whole, newline, self._halves[stream] = text.rpartition("\n")
        self._hear(stream, whole + newline)

    def flush(self) -> None:
        """Read lines that have no end yet, too."""
        for stream, half in self._halves.items():
            self._halves[stream] = ""
            self._hear(stream, half)

    def server_answers(self) -> None:
        """Whatever is written from now on is the server's, also where nothing has said that it begins."""
        self._has_server = True
        self._story.serves()

    def _hear(self, stream: str, text: str) -> None:
        if not text:
            return
        self._keep(text)
        of_server: list[str] = []
        for line in text.splitlines(keepends=True):
            if self._is_around(line):
                self._pass_on(stream, of_server)
                self._say_around(stream, line)
            else:
                of_server.append(line)
        self._pass_on(stream, of_server)

    def _is_around(self, line: str) -> bool:
        is_around = not self._has_server or line.startswith(_OURS) or _AROUND.match(line) is not None
        if not self._has_server and (begins := _BEGINS.match(line)):
            self._has_server = True
            return "|" in begins[0]
        return is_around

    def _pass_on(self, stream: str, lines: list[str]) -> None:
        if lines:
            self._story.hear(stream, "".join(lines))
            lines.clear()

    def _say_around(self, stream: str, line: str) -> None:
        if not line.startswith(_OURS):
            self._tell(Spoke(stream, line, self._story.master, at=time.time(), own=True))
        elif line.startswith(_OURS + _LISTENS):
            self._tell(Noticed(self._invitation))
        else:
            self._tell(Noticed(f"debugger: {line.removeprefix(_OURS).rstrip()}"))

    def _keep(self, text: str) -> None:
        self._kept.append(text)
        self._kept_characters += len(text)
        while self._kept_characters > _MOST_CHARACTERS and len(self._kept) > 1:
            self._kept_characters -= len(self._kept.popleft())
