"""
Groups the lines of Python's tracebacks: one `Raised` per exception, chained ones together, and what stood before them.

`lines.py` gives the lines; `log.py` asks `Tracebacks` about each. Which exception means what is in `signs.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from amlemu.explain.lines import Line

Phase = Literal["import", "init", "run", "build", ""]

_MOST_FRAMES = 60
_MOST_BELOW = 4  # lines of a message below its first
_MOST_FOREIGN = 20  # lines of other processes inside a traceback
_LONGEST_MESSAGE = 600
_HEADER = "Traceback (most recent call last):"
_LINKS = {"The above exception was the direct cause": "cause", "During handling of the above exception": "context"}
_FRAME = re.compile(
    r'(?P<indent>[\s|]*)File "(?P<file>[^"]{1,500})", line (?P<line>\d{1,9})(?:, in (?P<function>.{1,200}))?$'
)
_RAISED = re.compile(r"(?P<type>[A-Za-z_][\w.]{0,200})(?:: ?(?P<message>.*))?$")
_SURE = re.compile(r"(?:.*\.)?\w*(?:Error|Exception|Exit|Interrupt|Warning|Abort|Timeout|Iteration)$")
_LIBRARY = re.compile(
    r"site-packages|dist-packages|^<|[/\\]lib[/\\]python|[/\\]Lib[/\\]|/azureml-server/|azureml_inference_server_http"
    r"|/bin/(?:azmlinfsrv|gunicorn)$|\.p(?:yx|xd|xi)$|[/\\]pip-(?:install|req-build|build-env|wheel)-|[/\\]gunicorn[/\\]"
)
_BUILD = re.compile(
    r"[/\\]pip-(?:install|req-build|build-env|wheel)-|[/\\]pip[/\\]_|setuptools[/\\]build_meta|(?:^|[/\\])setup\.py$"
)
_RUN_CALLS = {
    "handle_score",
    "invoke_run",
    "run_scoring",
    "invoke_user_with_timer",
    "score_realtime",
    "get_prediction_realtime",
}
_IMPORT_CALLS = {"load_script", "exec_module", "import_module", "import_app", "_load_swagger"}
_CONTROL_FLOW = {
    "KeyError",
    "StopIteration",
    "IndexError",
    "AttributeError",
    "LookupError",
    "Empty",
    "TypeError",
    "ImportError",
}


@dataclass(frozen=True)
class Frame:
    """A line of a file in a traceback; `code` is what stood there. `number` is the log's line."""

    file: str
    line: int
    function: str
    number: int
    code: str = ""

    @property
    def is_users(self) -> bool:
        """Whether it is neither Python's, nor a package's, nor the server's."""
        return not _LIBRARY.search(self.file)

    @property
    def name(self) -> str:
        """The file without its folders."""
        return re.split(r"[/\\]", self.file)[-1]


@dataclass
class Raised:
    """One exception: its type as written, its message, its frames outermost first, and where the log has it."""

    first: int
    kind: str = ""
    message: str = ""
    frames: list[Frame] = field(default_factory=list)
    last: int = 0
    link: str = ""  # how it follows from the one before: cause or context

    @property
    def type(self) -> str:
        """The type without its module."""
        return self.kind.rpartition(".")[2]

    @property
    def users_frame(self) -> Frame | None:
        """The innermost frame of the user's own files."""
        return next((frame for frame in reversed(self.frames) if frame.is_users), None)


@dataclass
class Chain:
    """Exceptions that belong together, the first to be raised first; `before` is what the log said just before."""

    before: str
    logger: str = ""
    raised: list[Raised] = field(default_factory=list)

    @property
    def root(self) -> Raised:
        """
        The exception that began it.

        A library looks something up, does not find it and raises what it means: the look-up is not the cause. It is told by
        "During handling" and by frames that begin below the user's.
        """
        for raised, following in zip(self.raised, self.raised[1:], strict=False):
            is_lookup = raised.type in _CONTROL_FLOW and not any(frame.is_users for frame in raised.frames)
            if not (is_lookup and following.link == "context"):
                return raised
        return self.raised[-1]

    @property
    def frames(self) -> list[Frame]:
        """All frames of the chain."""
        return [frame for raised in self.raised for frame in raised.frames]

    @property
    def place(self) -> Frame | None:
        """The user's line: of the exception that began it, else of those that followed."""
        found = (raised.users_frame for raised in (self.root, *self.raised))
        return next((frame for frame in found if frame), None)

    @property
    def phase(self) -> Phase:
        """When it was raised, as its frames tell; empty when they do not."""
        if any(_BUILD.search(frame.file) for frame in self.frames):
            return "build"
        functions = {frame.function for frame in self.frames}
        users = {frame.function for frame in self.frames if frame.is_users}
        if functions & _RUN_CALLS or any(raised.type == "UserScriptTimeout" for raised in self.raised):
            return "run"
        if "invoke_init" in functions or "init" in users:
            return "init"
        if functions & _IMPORT_CALLS:
            return "import"
        return "run" if "run" in users else ""


def alone(line: Line) -> Chain | None:
    """Return the exception that a line names by itself, without a traceback; None when it names none."""
    found = _RAISED.match(line.text.strip())
    if found is None or not found["message"] or not _SURE.match(found["type"]) or found["type"].endswith("Warning"):
        return None
    raised = Raised(line.number, found["type"], found["message"][:_LONGEST_MESSAGE], last=line.number)
    return Chain("", raised=[raised])


class Tracebacks:
    """Takes lines one by one; a chain is given back with the line that shows that it is over."""

    def __init__(self) -> None:
        self._chain: Chain | None = None
        self._raised: Raised | None = None  # the one whose frames or message come now
        self._state: Literal["idle", "frames", "message", "between"] = "idle"
        self._indent = 0
        self._is_sure = True  # it began with a header, not in the midst
        self._foreign = self._below = 0
        self._before = ""

    def take(self, line: Line) -> tuple[bool, Chain | None]:
        """Return whether the line belongs to a traceback, and the chain that ended before it."""
        if self._state == "idle" and "Traceback" not in line.text and 'File "' not in line.text:
            self._remember(line)
            return False, None
        return self._take(line)

    def end(self) -> Chain | None:
        """Return the chain that the log ends with."""
        return self._finish()

    def _take(self, line: Line) -> tuple[bool, Chain | None]:
        if _HEADER in line.text:
            return True, self._begin(line)
        if self._state == "frames":
            return self._in_frames(line)
        if self._state in ("message", "between"):
            return self._after(line)
        if frame := _FRAME.match(line.text):  # the log begins in the midst of one, or its header is lost
            self._open(line, "", is_sure=False, indent=max(len(frame["indent"]) - 2, 0))
            return self._in_frames(line)
        self._remember(line)
        return False, None

    def _begin(self, line: Line) -> Chain | None:
        head, _, _ = line.text.partition(_HEADER)
        before = head.strip() or ("" if line.is_record else self._before)  # a record stands by itself
        done = None if self._state == "between" else self._finish()
        group = head.partition("Exception Group")[0]
        self._open(line, before, is_sure=True, indent=len(group) if not group.strip(" |+") else 0)
        return done

    def _open(self, line: Line, before: str, *, is_sure: bool, indent: int) -> None:
        link = self._raised.link if self._raised and self._state == "between" else ""
        self._raised = Raised(line.number, link=link)
        self._chain = self._chain or Chain(before, line.logger)
        self._state, self._indent, self._is_sure, self._foreign = "frames", indent, is_sure, 0

    def _in_frames(self, line: Line) -> tuple[bool, Chain | None]:
        raised, text = self._raised, line.text
        assert raised is not None, "there are frames of an exception only"
        if frame := _FRAME.match(text):
            if len(raised.frames) < _MOST_FRAMES:
                found = Frame(frame["file"], int(frame["line"]), (frame["function"] or "").strip(), line.number)
                raised.frames.append(found)
            else:
                raised.frames[-1] = Frame(frame["file"], int(frame["line"]), frame["function"] or "", line.number)
            return True, None
        bare = text.lstrip(" |")
        if len(text) - len(bare) > self._indent and not line.is_record:
            self._code(raised, bare)
            return True, None
        if self._is_end(line, bare):
            return True, None
        self._foreign += 1
        if not bare or self._foreign > _MOST_FOREIGN:
            return False, self._finish()
        return False, None

    def _is_end(self, line: Line, bare: str) -> bool:
        """Take the line that names the exception, if this is it."""
        raised, found = self._raised, _RAISED.match(bare)
        if raised is None or found is None or self._chain is None or not (raised.frames or self._is_sure):
            return False
        kind = found["type"]
        is_type = "." in kind or kind[0].isupper()
        if not is_type or ((line.is_record or not self._is_sure) and not _SURE.match(kind)):
            return False
        raised.kind, raised.message, raised.last = kind, (found["message"] or "")[:_LONGEST_MESSAGE], line.number
        self._chain.raised.append(raised)
        self._state, self._below = "message", 0
        return True

    @staticmethod
    def _code(raised: Raised, text: str) -> None:
        last = raised.frames[-1] if raised.frames else None
        if last is not None and not last.code and text.strip("~^ "):
            raised.frames[-1] = Frame(last.file, last.line, last.function, last.number, text[:200])

    def _after(self, line: Line) -> tuple[bool, Chain | None]:
        """The message goes on, a link to the next exception follows, or it is over."""
        link = next((kind for text, kind in _LINKS.items() if text in line.text), "")
        if link:
            self._state, self._raised = "between", Raised(line.number, link=link)
            return True, None
        if not line.text.strip(" |"):
            self._state = "between" if self._raised and self._raised.link and self._state == "between" else "message"
            self._below = _MOST_BELOW  # what follows a blank line is no message any more
            return True, None
        if self._state == "message" and self._below < _MOST_BELOW and not line.is_record and self._raised:
            self._below += 1
            is_open = not self._raised.message or self._raised.message[-1] in ":,(" or line.text[:1].isspace()
            if line.text.strip() == "[end of output]":  # pip's, below what a build has said
                is_open = False
            if is_open and len(line.text) - len(line.text.lstrip()) >= self._indent:
                self._raised.message = f"{self._raised.message} {line.text.strip()}".strip()[:_LONGEST_MESSAGE]
            return False, None
        done = self._finish()
        self._remember(line)
        taken, _ = self._take(line) if _FRAME.match(line.text) else (False, None)
        return taken, done

    def _finish(self) -> Chain | None:
        chain, self._chain, self._raised, self._state, self._before = self._chain, None, None, "idle", ""
        return chain if chain is not None and chain.raised else None

    def _remember(self, line: Line) -> None:
        if line.text.strip():
            self._before = line.text[:200]
