"""The guest half in an interpreter of its own, where it may change pydevd and pdb for good: a few lines, and what they say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import amlemu

PATIENCE_S = 10.0
PRELUDE = f"""
import json, os, socket, sys, threading
sys.path.insert(0, {str(Path(amlemu.__file__).parents[1])!r})
from amlemu.worker import protocol, session
from amlemu.worker.protocol import Channel
ours, theirs = socket.socketpair()
ours.settimeout({PATIENCE_S} / 2)
channel = Channel(ours)
def told():
    "Return what the host has been told, as [kind, head]."
    decoder, frames = protocol.Decoder(), []
    theirs.setblocking(False)
    try:
        frames += decoder.feed(theirs.recv(1 << 20))
    except BlockingIOError:
        pass
    return [[frame.kind.decode(), frame.head] for frame in frames]
def join():
    "Be debugged in the session that is the first argument, as JSON."
    session.join(session.Session(*json.loads(sys.argv[1])))
def say(*values):
    sys.__stdout__.write(json.dumps(values) + "\\n")
"""
PAUSED, RESUMED, NOTICED, WAIT, UNFOLLOWED = "U", "G", "N", "Q", "Z"
NO_WISHES: dict[str, Any] = {
    "session": None,
    "attached": False,
    "wait_s": None,
    "paths": [],
    "stops_clocks": True,
    "on_error": False,
    "terminal": None,
}
"""What a worker is told about debuggers where nobody debugs."""


def begin(
    program: str, *arguments: object, flags: tuple[str, ...] = (), variables: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start a program that may use the words of the prelude; `arguments` are in sys.argv, from 1."""
    words = [sys.executable, *flags, "-c", PRELUDE + textwrap.dedent(program), *map(str, arguments)]
    environment = {**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1", **(variables or {})}
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdout=pipe, stderr=pipe, stdin=subprocess.DEVNULL, text=True, env=environment)


def end(process: subprocess.Popen[str]) -> list[Any]:
    """Return what it has said, call by call; it must have ended well."""
    with process:
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    return [json.loads(line) for line in out.splitlines()]


def guest(program: str, *arguments: object, **more: Any) -> list[Any]:
    """Run a program to its end; returns what it has said."""
    return end(begin(program, *arguments, **more))
