"""
Reads a log as lines, whatever it was written by: bounded in memory, one pass, nothing assumed about encoding or length.

Each line comes without colours and without the prefixes of docker, Kubernetes, build systems and loggers, so that a
traceback looks the same in all of them. `tracebacks.py` and `signs.py` read the lines.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

LONGEST = 4000
"""Characters of a line that are read; the rest of it is not looked at."""
_CHUNK = 1 << 16  # bytes
_LONGEST_RAW = 1 << 18  # characters of a line that are kept before it is taken apart
_MOST_HEADS = 4  # prefixes that one line may have, each put before it by another program

_COLOUR = re.compile(r"\x1b\[[0-9;?]{0,20}[ -/]?[@-~]|\x1b[@-_]|\[(?:\d{1,3};){0,3}\d{1,3}m(?=\S|\s|$)")
_ESCAPED_END = re.compile(r"(?:\\{1,4}r)?\\{1,4}n")
_MANY_ENDS = 3  # so many escaped line ends in one line: it is a log that somebody quoted

_TIME = r"\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?\]?:?"
_HEADS = re.compile(
    rf"(?P<time>{_TIME})(?: |\t|$)"  # docker logs -t, kubectl, loggers
    r"|(?P<server>[DIWEC] \[\d{1,9}\] [\w.]{1,60} - )"  # azmlinfsrv 1.x
    r"|(?P<old>\| [\w. ]{1,60} \| (?:DEBUG|INFO|WARNING|ERROR|CRITICAL) \| )"  # the server of 2020 to 2022
    r"|(?P<gunicorn>\[\d{1,9}\] \[(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\] )"
    r"|(?P<run>\| [\w./-]{1,60} \|(?: |$)|- (?=[\w-]+/(?:run|finish)\b))"  # the image's start scripts
    r"|(?P<cri>std(?:out|err) [FP] )"
    r"|(?P<compose>[\w.-]{1,60}(?:[-_]\d{1,4}| ) *\| )"
    r"|(?P<pod>\[pod/[^\]\s]{1,200}\] )"
    r"|(?P<buildkit>#\d{1,4} \d{1,6}\.\d{1,4} )"
)
_RECORDS = ("server", "old", "gunicorn")
_TEXT_KEYS = ("log", "message", "msg", "textPayload", "LogEntry", "LogMessage", "Message")
_TRACE_KEYS = ("exc_info", "exception", "exc_text", "stack_trace", "traceback")
_RECORD_KEYS = frozenset(
    ("level", "levelname", "severity", "timestamp", "time", "logger", "host", "stream", "TimeGenerated", "@timestamp")
)


@dataclass(frozen=True)
class Line:
    """
    One line.

    Attributes:
        number: of the line in the log, from 1; pieces of one quoted line share it.
        text: without colours and prefixes, indentation kept, at most LONGEST characters.
        logger: of a record of the inference server, `azmlinfsrv.trace`; else empty.
        is_record: a logger has written its own head before the text.
    """

    number: int
    text: str
    logger: str = ""
    is_record: bool = False


def read_lines(stream: BinaryIO) -> Iterator[Line]:
    """Yield the lines of a stream; one that quotes a whole log, with escaped line ends in it, is taken apart."""
    for number, raw in _raw_lines(_texts(stream)):
        for piece in _pieces(raw):
            yield _line(number, piece)


def _texts(stream: BinaryIO) -> Iterator[str]:
    """Decode: UTF-8, or UTF-16 where the first bytes say so (`> log.txt` in PowerShell); what cannot be is replaced."""
    read: Any = getattr(stream, "read1", stream.read)
    chunk = read(_CHUNK)
    decoder = codecs.getincrementaldecoder(_encoding(chunk))(errors="replace")
    while chunk:
        yield decoder.decode(chunk).replace("\0", "")
        chunk = read(_CHUNK)
    yield decoder.decode(b"", final=True)


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) > 3 and head[1::2][:200].count(0) * 2 > len(head[1::2][:200]):
        return "utf-16-le"
    return "utf-8-sig"


def _raw_lines(texts: Iterator[str]) -> Iterator[tuple[int, str]]:
    """Yield numbered lines; one that is too long to keep is cut, or taken apart where it quotes line ends."""
    number, rest, is_cut = 1, "", False
    for text in texts:
        *ended, last = text.split("\n")
        for line in ended:
            if not is_cut:
                yield number, rest + line
            number, rest, is_cut = number + 1, "", False
        if is_cut:
            continue
        rest += last
        if len(rest) > _LONGEST_RAW:
            *quoted, rest = _ESCAPED_END.split(rest)
            yield from ((number, piece) for piece in quoted)
            if len(rest) > LONGEST:
                yield number, rest
                rest, is_cut = "", True
    if rest:
        yield number, rest


def _pieces(raw: str) -> Iterator[str]:
    """Take one line apart: JSON around a record, escaped line ends, a progress bar's returns."""
    if raw.startswith('{"') and (record := _record(raw)):
        raw = record
    if raw.count("\\n") >= _MANY_ENDS and ("Traceback" in raw or '"' in raw or raw.lstrip("b").startswith("'")):
        raw = _ESCAPED_END.sub("\n", raw).replace("\\t", "\t").replace('\\"', '"').replace("\\'", "'")
    if "\n" in raw or "\r" in raw:
        yield from (piece for piece in re.split(r"[\r\n]+", raw) if piece)
        if not raw.strip("\r\n"):
            yield ""
    else:
        yield raw


def _record(raw: str) -> str:
    """Return the text of a log record that was written as JSON, its traceback below it; empty when it is none."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(found, dict) or not _RECORD_KEYS & found.keys():
        return ""
    texts = [str(found[key]) for key in (*_TEXT_KEYS, *_TRACE_KEYS) if isinstance(found.get(key), str)]
    return "\n".join(_inner(text) for text in texts)


def _inner(text: str) -> str:
    """Return the message inside a message: the server of 2019 wrote JSON into JSON."""
    if not text.startswith('{"'):
        return text
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return str(inner["message"]) if isinstance(inner, dict) and "message" in inner else text


def _line(number: int, text: str) -> Line:
    text = text[:LONGEST].rstrip()
    if "\x1b" in text or "[0m" in text or "[9" in text:  # a build log in the studio has lost the escape itself
        text = _COLOUR.sub("", text)
    logger, is_record = "", False
    for _ in range(_MOST_HEADS):
        head = _HEADS.match(text)
        if head is None:
            break
        is_record = is_record or head.lastgroup in _RECORDS
        if head.lastgroup == "server":
            logger = head[0].split()[2]
        text = text[head.end() :]
    return Line(number, text, logger, is_record)
