"""
Builds a blueprint: sends it to the engine, follows its steps by their names, and says in one sentence why one has failed.

The engine's classic builder is asked, which every engine has; a build that is interrupted ends with us.
"""

from __future__ import annotations

import contextlib
import io
import re
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NoReturn

from amlemu.environments import causes
from amlemu.interrupts import as_interrupts

from amlemu_harness.blueprint import Blueprint, Content
from amlemu_harness.engine import Engine
from amlemu_harness.progress import Progress
from amlemu_harness.troubles import EngineRefused, in_words, told

NAME_MARK = "#:"
_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)")
_CODE = re.compile(r"The command '(.*)' returned a non-zero code: (\d+)", re.DOTALL)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SPOOL_BYTES = 16 * 1024 * 1024
# Between those of pip, which `causes` knows: conda's own words, then the shell's.
_CONDA = (
    (r"(?:PackagesNotFoundError|ResolvePackageNotFound)[^\n]*\n+((?:\s+-\s*\S+[^\n]*\n?)+)", "conda finds no package for {0}"),
    (r"(?:LibMambaUnsatisfiableError|UnsatisfiableError)[^\n]*\n(?:[^\n]*\n)??\s*[-├└│ ]*\s*(\S[^\n]*)", "conda cannot fit its packages together: {0}"),
    (r"CondaSSLError|CondaHTTPError[^\n]*SSL", "conda does not trust the certificate of its channel"),
    (r"(CondaHTTPError|CondaConnectionError)", "conda cannot reach its channel"),
    (r"conda: (?:command )?not found", "the image has no conda, and the deployment has a conda file"),
    (r"/bin/sh: \d*:? ?(\S+): (?:command )?not found", "the image has no {0}"),
)  # fmt: skip


class BuildFailed(EngineRefused):
    """A step of a build has failed; `log` is all that it wrote."""

    def __init__(self, what: str, log: tuple[str, ...], **rest: str) -> None:
        self.log = log
        super().__init__(what, **rest)


@dataclass(frozen=True)
class Order:
    """
    How to build.

    Attributes:
        tag: the image's name.
        arguments: of the build, ARG's values.
        network: of its commands, as `docker build --network` has it.
        platform: such as linux/amd64; empty for the engine's own.
        uses_cache: False makes each step anew.
    """

    tag: str
    labels: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict)
    network: str = ""
    platform: str = ""
    uses_cache: bool = True


def build(engine: Engine, plan: Blueprint, order: Order, progress: Progress) -> str:
    """
    Build an image; returns its id.

    Raises:
        BuildFailed: a step has failed; with its log, and the cause in one sentence.
        AmlemuError: the engine has gone away, the disk is full, the base is not there.
        KeyboardInterrupt: at SIGINT, SIGTERM and SIGHUP; the engine has let go of what it had begun.
    """
    following = _Following(plan.dockerfile, progress)
    with _context(plan) as tar, as_interrupts(), in_words(order.tag):
        stream = engine.client.api.build(
            fileobj=tar,
            custom_context=True,
            tag=order.tag,
            labels=dict(order.labels),
            buildargs=dict(order.arguments),
            network_mode=order.network or None,
            platform=order.platform or None,
            nocache=not order.uses_cache,
            rm=True,
            forcerm=True,
            decode=True,
            timeout=None,
        )
        with contextlib.closing(stream):
            for message in stream:
                following.take(message)
    following.end()
    return following.image


class _Following:
    """Reads what the engine tells of a build."""

    def __init__(self, dockerfile: str, progress: Progress) -> None:
        self._names = _names(dockerfile)
        self._progress = progress
        self._log: list[str] = []  # of the step that is being done
        self._instruction = self._running = ""
        self._number = 0
        self._began_at = time.monotonic()
        self._rest = ""
        self.image = ""

    def take(self, message: Mapping[str, Any]) -> None:
        """Take one message. Raises BuildFailed, or what else the engine says is wrong."""
        if "error" in message:
            self._fail(str(message["error"]))
        if "aux" in message:
            self.image = str(message["aux"].get("ID", self.image))
        *lines, self._rest = (self._rest + str(message.get("stream", ""))).split("\n")
        for line in lines:
            self._line(_COLOUR.sub("", line.rpartition("\r")[2] or line))

    def end(self) -> None:
        """Tell of the last step."""
        if self._running:
            self._progress.ended(self._running, time.monotonic() - self._began_at)
            self._running = ""

    def _line(self, line: str) -> None:
        step = _STEP.match(line)
        if step is not None:
            if self._name(int(step[1])) != self._running:
                self.end()
            self._number, self._instruction, self._log = int(step[1]), step[3], []
        elif line.startswith(" ---> Running in"):
            self._begin(self._name(self._number))
        elif line.strip() and not line.startswith((" --->", "Removing intermediate", "Successfully ")):
            self._log.append(line)
            self._progress.heard(line)

    def _begin(self, name: str) -> None:
        if name and name != self._running:
            self.end()
            self._running, self._began_at = name, time.monotonic()
            self._progress.began(name)

    def _name(self, number: int) -> str:
        return self._names[number - 1] if 0 < number <= len(self._names) else ""

    def _fail(self, error: str) -> NoReturn:
        """Say why: a command's own words, where a command has failed, else the engine's."""
        failed = _CODE.search(error)
        if failed is None:
            raise told(error, self._name(self._number))
        what, hint = why(self._log, int(failed[2]))
        step = self._name(self._number) or self._instruction
        raise BuildFailed(f"the step has failed: {what}", tuple(self._log), where=step, hint=hint)


def why(log: list[str], code: int) -> tuple[str, str]:
    """Return the cause of a failed command in one sentence, and what to do."""
    text = "\n".join(log)
    for pattern, what in _CONDA:
        found = re.search(pattern, text)
        if found is not None:
            words = " ".join(found[1].replace(" - ", " ").split()) if found.groups() else ""
            return what.format(words), ""
    cause = causes.why(log, code)
    hint = cause.hint.replace("PIP_CERT=/path/to/its/certificate.pem", "--ca-bundle /path/to/its/certificate.pem")
    return cause.what.replace("which is not on this machine", "which is not in the image"), hint.replace(
        " with --python", ""
    )


def _names(dockerfile: str) -> list[str]:
    """Return the name of each instruction's step: that of the last `#:` line before it, or the instruction itself."""
    names, name, is_going_on = [], "", False
    for line in dockerfile.splitlines():
        text = line.strip()
        if text.startswith(NAME_MARK):
            name = text[len(NAME_MARK) :].strip()
        elif text and not text.startswith("#") and not is_going_on:
            names.append(name or text)
        is_going_on = not text.startswith("#") and text.endswith("\\")
    return names


@contextlib.contextmanager
def _context(plan: Blueprint) -> Iterator[IO[bytes]]:
    """Pack Dockerfile and files; in memory while they are small."""
    with tempfile.SpooledTemporaryFile(_SPOOL_BYTES) as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            _put_bytes(tar, "Dockerfile", plan.dockerfile.encode())
            for name, content in plan.files.items():
                if name != "Dockerfile":  # a user's own is part of ours
                    _put(tar, name, content)
        file.seek(0)
        yield file


def _put(tar: tarfile.TarFile, name: str, content: Content) -> None:
    if isinstance(content, bytes):
        _put_bytes(tar, name, content)
    else:
        tar.add(Path(content).resolve(), name, filter=_nobodys)


def _put_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o644
    tar.addfile(member, io.BytesIO(content))


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Forget whose it is, and let everybody read it: neither belongs into an image, nor into what its cache goes by."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode |= 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member
