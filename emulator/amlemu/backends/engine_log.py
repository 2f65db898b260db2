"""
The real server's log, read as it comes: records, raw output, and the print at the start, which nobody needs twice.

`engine_story.py` decides what each record means. What is the server's own and what the script's is told by logger and words.

Source: azureml-inference-server-http 0.8.4.1 and 1.5.1, gunicorn 20.1.0 and 27.0.1 (observed; contract 4.13).
"""

from __future__ import annotations

import calendar
import re
import time
from dataclasses import dataclass

_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_HEAD = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{3}) ([DIWEC]) \[(\d+)\] (\S+) - (.*)")
_LEVELS = {name[0]: name for name in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")}
_OWN_LOGGERS = ("azmlinfsrv.user_script", "azmlinfsrv.swagger", "azmlinfsrv.trace", "gunicorn.access", "gunicorn.error")
# Scripts may use the logger `azmlinfsrv`, too: what begins otherwise is taken for theirs, so that no word of theirs is lost.
_OWN_WORDS = re.compile(
    r"Loaded logging config|Found extra keys|AML_FLASK_ONE|Starting up app insights|AppInsights |Enabling CORS"
    r"|CORS cannot be enabled|Scoring timeout is set|Worker with pid \d+ ready|run\(\) output is HTTP Response|x-ms-request-id header has been"
    r"|User's init function failed|Encountered [Ee]xception|Traceback \(most recent|Model Directory Contents"
    r"|\w+ /\S* \d{3} [\d.]+ms "
)
_INITIALIZING = "Initializing logger\n"  # each worker's, raw
_TITLE = re.compile(r"Azure ML Inferencing HTTP server v(\S+)")  # of the print
_BEFORE_TITLE = (
    "The environment variable 'AZUREML_MODEL_DIR' has not been set.\n",
    "Use the --model_dir command line argument to set it.\n",
)


@dataclass
class Record:
    """One record of the server's log. `text` may have several lines, without a newline at the end."""

    at: float  # seconds since the epoch
    level: str
    pid: int
    logger: str
    text: str

    @property
    def is_own(self) -> bool:
        """Whether the server speaks of its own doings, not the script through the server's loggers."""
        if self.logger == "azmlinfsrv":
            return _OWN_WORDS.match(self.text) is not None
        return self.logger in _OWN_LOGGERS

    @property
    def line(self) -> str:
        """What patterns are held against: logger and text."""
        return f"{self.logger} - {self.text}"

    @property
    def may_go_on(self) -> bool:
        """Whether lines without a head that follow belong to it: the server's own news have one line."""
        return self.level != "INFO" or not self.is_own


class Log:
    """
    Tells records and raw output of one stream apart; drops the print at the start, which consoles write themselves.

    Where the server's output is buffered, as in a container, each worker is a fork with the print still in its buffer, and
    writes it again.
    """

    def __init__(self, *, has_print: bool = False) -> None:
        self._in_print, self._before_blank = has_print, False
        self._may_print = has_print
        self.version = ""  # of the server, as the print has it

    def end_print(self) -> None:
        """Whatever comes is not the print, though its end has not been seen: this server may have another one, or none."""
        self._in_print = False

    def read(self, text: str) -> list[Record | str]:
        """
        Return what a piece of output holds, in order: records, and raw output as it was written.

        A record ends with the piece at the latest, for it is written at once. What a script writes raw just after its
        own record may be taken for the rest of that.
        """
        found: list[Record | str] = []
        for line in _LINES.findall(text):
            last = found[-1] if found else None
            if line == _INITIALIZING:
                continue  # first of all: another worker's may come just after a print of the script
            if head := _HEAD.match(line):
                found.append(self._record(head))
            elif isinstance(last, Record) and last.may_go_on:
                last.text += "\n" + line.removesuffix("\n")
            elif self._is_print(line):
                if self._is_title(line) and isinstance(last, str) and last.endswith("\n"):
                    _drop_blank(found)  # it is the print's own
                continue
            elif isinstance(last, str):
                found[-1] = last + line
            else:
                found.append(line)
        return found

    def _record(self, head: re.Match[str]) -> Record:
        stamp, ms, level, pid, logger, text = head.groups()
        at = calendar.timegm(time.strptime(stamp, "%Y-%m-%d %H:%M:%S")) + int(ms) / 1000
        record = Record(at, _LEVELS[level], int(pid), logger, text)
        self._in_print &= SAID_BY_CONSOLES.match(record.line) is not None
        return record

    def _is_print(self, line: str) -> bool:
        """Tell whether a raw line is the server's own; the print ends with a blank line after the routes."""
        self._in_print |= self._may_print and (line in _BEFORE_TITLE or self._is_title(line))
        if self._in_print and line.startswith("Score:"):
            self._in_print, self._before_blank = False, True
            return True
        is_blank, self._before_blank = self._before_blank and line == "\n", False
        return self._in_print or is_blank

    def _is_title(self, line: str) -> bool:
        title = _TITLE.match(line) if self._may_print else None
        self.version = title[1] if title is not None else self.version
        return title is not None


def _drop_blank(found: list[Record | str]) -> None:
    """Take a blank line off the end of what was read."""
    last = str(found.pop())
    if last not in ("", "\n") and not last.endswith("\n\n"):
        found.append(last)
    elif kept := last[:-1]:
        found.append(kept)


READY = re.compile(r"azmlinfsrv - Worker with pid (\d+) ready for serving traffic")
SAID_BY_CONSOLES = re.compile(
    r"gunicorn\.access - |azmlinfsrv - Loaded logging config from .*azureml_inference_server_http.logging\.json"
    r"|gunicorn\.error - (Starting gunicorn|Listening at:|Using worker:|Worker exiting|Handling signal:|Shutting down:|Reason:)"
)
