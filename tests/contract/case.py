"""
What a case is made of: a deployment, the bytes that are sent, the answer that must come.

Only values and the few functions that write requests; the answers' words are in `answers`, the tables in `cases`.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

from amlemu_harness.parity.wire import Sent

JSON_TYPE = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"


@dataclass(frozen=True)
class Deployment:
    """
    What is served: a script of the zoo in a folder of its own, and what stands around it.

    Attributes:
        script: a file of tests/scripts, copied under its own name; it is also the entry script unless `entry` says another.
        env: variables; `{root}` stands for the folder.
        files: more files of the folder, by relative path.
        entry: path of the entry script in the folder, when it is not `script`.
        workers: number of processes.
        model_dir: the model folder as typed by the user.
        zoo: further files of tests/scripts that are copied.
    """

    script: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    entry: str = ""
    workers: int = 1
    model_dir: str | None = None
    zoo: tuple[str, ...] = ()

    def __hash__(self) -> int:
        """Hash all values, the mappings' too."""
        return hash(repr(self))


@dataclass(frozen=True)
class Answer:
    """
    One answer in normal form: what differs by nature is a word in angle brackets, see `normalise`.

    Attributes:
        status: the status line; empty when the connection is closed without a word.
        headers: `Name: value` lines in wire order.
        body: exact bytes, or a pattern, or the digest of a document too long to repeat here.
        pieces: the chunks, for a chunked answer.
        interim: status lines of 1xx answers before it.
        is_complete: False when the answer breaks off.
    """

    status: str
    headers: tuple[str, ...] = ()
    body: bytes | re.Pattern[bytes] | Digest = b""
    pieces: tuple[bytes, ...] = ()
    interim: tuple[str, ...] = ()
    is_complete: bool = True


@dataclass(frozen=True)
class Digest:
    """The length and SHA-256 of a body, and texts it contains."""

    length: int
    sha256: str
    contains: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Case:
    """
    One request and its answer.

    Attributes:
        id: readable, unique; contains no target's name, because `-k` selects targets by it.
        rows: the rows of the contract that it holds.
        then: what is asked afterwards, each once the server is healthy again.
        needs: capabilities without which a target skips it.
        takes_s: least and most seconds until the answer is complete.
    """

    id: str
    rows: tuple[str, ...]
    deployment: Deployment
    request: Sent
    expect: Answer
    then: tuple[tuple[Sent, Answer], ...] = ()
    needs: tuple[str, ...] = ()
    takes_s: tuple[float, float] | None = None


@dataclass(frozen=True)
class Boot:
    """
    One start of the server as a command, to its end.

    Attributes:
        exit_code: what the command ends with; None when it tries again for ever.
        stdout, stderr: texts of whole lines that must appear there, in normal form.
        contains: texts that must appear in stdout or stderr, anywhere in a line.
        never: texts that must not.
        requests: sent once the server is healthy, one after the other.
        awaits: a text of either stream that is waited for instead of health.
        signal: sent after them, once all `deployment.workers` processes are ready.
        arguments: the words after `azmlinfsrv`; by default the script and a free port. `{port}` is a free one, `{second}`
            another, `{taken}` one that somebody listens on.
    """

    id: str
    rows: tuple[str, ...]
    deployment: Deployment
    exit_code: int | None
    stdout: tuple[str, ...] = ()
    stderr: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    requests: tuple[Sent, ...] = ()
    awaits: str = ""
    signal: signal.Signals | None = None
    arguments: tuple[str, ...] | None = None
    needs: tuple[str, ...] = ("output",)


@dataclass(frozen=True)
class Log:
    """
    What requests leave in the log: texts of whole lines in normal form, on either stream; `contains` and `never` anywhere.

    All logs of one deployment share one run of the server, so requests must be told apart by what they leave.
    """

    id: str
    rows: tuple[str, ...]
    deployment: Deployment
    requests: tuple[Sent, ...] = ()
    stdout: tuple[str, ...] = ()
    stderr: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    needs: tuple[str, ...] = ("output",)


def ask(
    method: str,
    target: str,
    *headers: str,
    body: bytes = b"",
    version: str = "HTTP/1.1",
    has_host: bool = True,
    has_length: bool = True,
    half_close: bool = False,
    after_continue: bytes = b"",
) -> Sent:
    """
    Write one request; `Content-Length` is added where a body can be, `Host` always, both unless told otherwise.

    Args:
        headers: `Name: value` lines, latin-1, in wire order after Host.
        half_close: end our side of the connection after the last byte.
        after_continue: what is sent once the server said `100 Continue`.
    """
    lines = [f"{method} {target} {version}", *(["Host: localhost"] if has_host else []), *headers]
    if has_length and (body or method in ("POST", "PUT", "PATCH")):
        lines.append(f"Content-Length: {len(body)}")
    raw = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
    return Sent(raw, after_continue, half_close)


def post(body: bytes = b"", *headers: str, target: str = "/score") -> Sent:
    """Write a POST with its length."""
    return ask("POST", target, *headers, body=body)


def post_json(body: bytes) -> Sent:
    """Write a POST of a JSON document."""
    return post(body, JSON_TYPE)


def post_chunked(framed: bytes, *headers: str, half_close: bool = False, target: str = "/score") -> Sent:
    """Write a POST whose body is already framed in chunks."""
    return ask("POST", target, CHUNKED, *headers, body=framed, has_length=False, half_close=half_close)


def get(target: str = "/score", *headers: str) -> Sent:
    """Write a GET."""
    return ask("GET", target, *headers)
