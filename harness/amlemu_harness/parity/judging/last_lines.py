"""
The last lines of a server that has ended, made comparable: times, processes, ports, addresses, and each server's own frames and folders go.

What remains is what the server and the script said at last, of one worker where there were several. `normal.py` does this for
answers; `engine_log.py` reads records, `container_log.py` knows what stands around the server in a container.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import amlemu
from amlemu.backends.engine_log import Log, Record
from amlemu.backends.engine_story import InHand, Story
from amlemu.events import Event

from amlemu_harness.container_log import ContainerLog
from amlemu_harness.parity.record import End

_MOST_LINES = 12

_WORKER = re.compile(r"[Ww]orker (?:with pid:? |exiting \(pid: ?|\(pid: ?)(\d+)")
_EXITING = re.compile(r"Worker exiting \(pid: ?(\d+)")
_FOUND_DEAD = re.compile(r"Worker (?:\(pid: ?|with pid )(\d+)\)? (?:exited|was) ")

# the print at the start, which comes again wherever a buffer of the master's is written by its fork
# (azureml-inference-server-http 1.5.1, amlserver.py; observed)
_PRINT = re.compile(
    r"^(?:The environment variable 'AZUREML_MODEL_DIR' has not been set\.|Use the --model_dir command line argument to set it\."
    r"|Azure ML Inferencing HTTP server v\S+|Server Settings|Server Routes|---------------"
    r"|(?:Entry Script Name|Model Directory|Config File|Worker Count|Worker Timeout \(seconds\)|Server Port|Health Port"
    r"|Application Insights Enabled|Application Insights Key|Inferencing HTTP server version|CORS for the specified origins"
    r"|Create dedicated endpoint for health): .*|Liveness Probe: GET .*|Score: +POST .*)\n",
    re.MULTILINE,
)
_FRAME = re.compile(r'^  File "(?P<file>[^"\n]*)", line \d+.*\n(?:    .*\n)*', re.MULTILINE)
_OF_A_SERVER = re.compile(
    r"<frozen |.*/(?:site|dist)-packages/(?:azureml_inference_server_http|gunicorn|flask|werkzeug|amlemu)/"
    r"|.*/importlib/__init__\.py$|.*/bin/(?:azmlinfsrv|gunicorn|amlemu)$"
)
_OWN_FOLDER = Path(amlemu.__file__).parent  # of an installation that is no package of site-packages
_OWN_FOLDERS = (f"{_OWN_FOLDER}/", f"{_OWN_FOLDER.resolve()}/")
_OF_PYTHON = re.compile(r".*/(?:site-packages|dist-packages|lib/python\d\.\d+)/")
_OF_STANDARD_LIBRARY = re.compile(r".*/lib/python\d\.\d+/(?!site-packages/|dist-packages/)")
_LINE = re.compile(r"\bline \d+")
_SCRIPT = re.compile(r"^(?:.*Found user script at |Entry Script Name: )(/.*)/[^/\n]+$", re.MULTILINE)
_PORT = re.compile(r"(?:Listening at: \S+:|Server Port: )(\d+)")

_WORDS = (
    # gunicorn 27 lets other programs ask it things at a socket, and says where
    (re.compile(r"^.* gunicorn\.error - Control socket listening at .*\n", re.MULTILINE), ""),
    # each package has its own file
    (re.compile(r"(- Loaded logging config from ).*"), r"\1<its own>"),
    # where in a line the fault is: not all versions of Python say
    (re.compile(r"^ +[~^]+\n", re.MULTILINE), ""),
    # a traceback without frames: all were a server's own, or it has none
    (re.compile(r"^Traceback \(most recent call last\):\n(?=\S)", re.MULTILINE), ""),
    # variables of the machine that the server takes for its settings: `surroundings.py` compares them
    (re.compile(r"^(Extra keys = ).*", re.MULTILINE), r"\1<variables>"),
    (re.compile(r"(Expected script to be found in PYTHONPATH: ).*"), r"\1<paths>"),
    # ours tells who waits for its end that it has heard
    (re.compile(r"^amlemu: (?:requests in hand may take|still waiting for init\(\)).*\n", re.MULTILINE), ""),
    # the C extensions that a server has imported, which Python lists when it crashes
    (re.compile(r"^Extension modules: .*\n", re.MULTILINE), ""),
    (re.compile(r"\b(pid:? ?)\d+\b"), r"\1<pid>"),
    (re.compile(r"(Listening at: )\S+ \(\d+\)"), r"\1<address> (<pid>)"),
    (re.compile(r"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]"), "[<date>]"),
    (re.compile(r"\b\d+\.\d{3}ms\b"), "<ms>"),
    (re.compile(r"\b0x[0-9a-f]{6,16}\b"), "<object>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"(?:\b127\.0\.0\.1|\b0\.0\.0\.0|\blocalhost|\[::1?\]):\d+\b"), "<address>"),
)
"""The one list of what may differ in a log: patterns, and what stands for them on both sides."""


def last_lines(end: End) -> tuple[str, str]:
    """Return the last lines of the two streams in normal form."""
    out, err = _of_the_server(end.out, end.err)
    folders, ports = _folders(out + err), frozenset(_PORT.findall(out + err))
    streams = [Log().read(text) for text in (_PRINT.sub("", out), err)]
    chosen, others = _workers(end, [piece for pieces in reversed(streams) for piece in pieces])
    first, second = (_last(_normal("".join(_told(pieces, chosen, others)), folders, ports)) for pieces in streams)
    return first, second


def _of_the_server(out: Sequence[str], err: Sequence[str]) -> tuple[str, str]:
    """Return both streams without what runit's scripts and nginx say; where no server has said anything, all of it."""
    around: list[Event] = []
    log = ContainerLog(Story(_nobody, InHand(is_alone=True), {}, lambda _: False), around.append)
    whole, kept = ["", ""], ["", ""]
    for number, (stream, lines) in enumerate((("stdout", out), ("stderr", err))):
        for line in lines:
            count = len(around)
            log.take(stream, f"{line}\n".encode("utf-8", "replace"))
            whole[number] += f"{line}\n"
            kept[number] += f"{line}\n" if len(around) == count else ""
    out_text, err_text = kept if any(kept) else whole
    return out_text, err_text


def _nobody(_: Event) -> None:
    """Hear what a story tells of the server, which is wanted as it was written."""


def _folders(text: str) -> list[str]:
    """Return where the script lies, as the log tells it; the outermost of its frames is the entry script's."""
    frames = (match["file"] for match in _FRAME.finditer(text))
    scripts = [str(Path(file).parent) for file in frames if file.startswith("/") and not _is_installed(file)][:1]
    return sorted({*_SCRIPT.findall(text), *scripts} - {"/"}, key=len, reverse=True)


def _is_installed(file: str) -> bool:
    return _is_of_a_server(file) or _OF_PYTHON.match(file) is not None


def _is_of_a_server(file: str) -> bool:
    return file.startswith(_OWN_FOLDERS) or _OF_A_SERVER.match(file) is not None


def _workers(end: End, pieces: Sequence[Record | str]) -> tuple[int | None, frozenset[int]]:
    """Return one worker that has come to its end, and all others, whose story is left out."""
    texts = [piece.text for piece in pieces if isinstance(piece, Record)]
    workers = list(dict.fromkeys(pid for text in texts for pid in _pids(_WORKER, text)))
    dead = [pid for pattern in (_EXITING, _FOUND_DEAD) for text in texts for pid in _pids(pattern, text)]
    if not dead and end.exit_code is None:  # an exit code of 0 is not told: only that the next one is started
        dead = workers[:-1]
    chosen = (dead or workers)[-1] if workers else None
    return chosen, frozenset(pid for pid in workers if pid != chosen)


def _pids(pattern: re.Pattern[str], text: str) -> list[int]:
    return [int(pid) for pid in pattern.findall(text)]


def _told(pieces: Sequence[Record | str], chosen: int | None, others: frozenset[int]) -> Iterator[str]:
    """Yield records and raw output without times and processes, and without what is said by, or of, other workers."""
    raw_of = chosen  # raw output is that of the worker that was heard of last; the master has none
    for piece in pieces:
        if isinstance(piece, str):
            text, speaker = (piece if piece.endswith("\n") else f"{piece}\n"), raw_of
        else:
            text, speaker = f"{piece.level} {piece.line}\n", piece.pid
            raw_of = speaker if speaker == chosen or speaker in others else raw_of
        if speaker not in others and not others.intersection(_pids(_WORKER, text)):
            yield text


def _normal(text: str, folders: Sequence[str], ports: frozenset[str]) -> str:
    text = _FRAME.sub(_frame, text)
    for folder in folders:
        text = re.sub(rf"{re.escape(folder)}(?![\w.-])", "<root>", text)
    for pattern, word in _WORDS:
        text = pattern.sub(word, text)
    for port in ports:
        text = re.sub(rf"\b{port}\b", "<port>", text)
    return text


def _frame(match: re.Match[str]) -> str:
    """Leave out a server's frame; tell a library's file from where it is installed."""
    file = match["file"]
    if _is_of_a_server(file):
        return ""
    told = match[0].replace(file, _OF_PYTHON.sub("<python>/", file), 1)
    # where in a file of Python's own a line is differs from one patch to the next
    return _LINE.sub("line <n>", told, count=1) if _OF_STANDARD_LIBRARY.match(file) else told


def _last(text: str) -> str:
    return "\n".join([line for line in text.splitlines() if line.strip()][-_MOST_LINES:])
