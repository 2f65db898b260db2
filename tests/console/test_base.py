"""The streams below every rendering, and the choice of one."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import time

import pytest
from amlemu.console import JsonConsole, PersonConsole, ServerConsole, choose
from amlemu.events import Spoke


def test_what_a_stream_cannot_encode_is_escaped():
    """Nothing that was written before or after it is lost."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    person = PersonConsole(out, io.StringIO())
    person.event(Spoke("stdout", "before\n", 7))
    person.event(Spoke("log", "caf\u00e9 \ud800", 7))
    person.event(Spoke("stdout", "after\n", 7))
    person.flush()

    assert raw.getvalue() == b"score | before\nscore | caf\\xe9 \\ud800\nscore | after\n"


def test_a_reader_that_has_gone_stops_nobody():
    read, write = os.pipe()
    os.close(read)
    with open(write, "w", buffering=1, encoding="utf-8") as out:
        person = PersonConsole(out, err := io.StringIO())
        person.event(Spoke("stdout", "lost\n", 7))
        person.event(Spoke("stderr", "kept\n", 7))
        person.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), write)  # so that closing it has somewhere to write

    assert err.getvalue() == "score | kept\n"


@pytest.mark.parametrize("logger", ["amlemu.gateway.wire", "uvicorn.error"])
def test_warnings_of_the_library_are_lines_of_ours(logger):
    """Not its chatter."""
    person = PersonConsole(io.StringIO(), err := io.StringIO())
    before = {name: list(logging.getLogger(name).handlers) for name in ("amlemu", "uvicorn")}
    person.show_warnings()
    try:
        logging.getLogger(logger).warning("closed %s", "a connection")
        logging.getLogger(logger).info("opened")
    finally:
        for name, handlers in before.items():
            logging.getLogger(name).handlers[:] = handlers
    person.flush()

    assert err.getvalue() == "amlemu: closed a connection\n"


@pytest.mark.parametrize(
    ("log_format", "as_json", "kind"),
    [("amlemu", False, PersonConsole), ("azmlinfsrv", False, ServerConsole), ("azmlinfsrv", True, JsonConsole)],
)
def test_the_flags_choose_the_rendering(log_format, as_json, kind):
    assert type(choose(log_format, as_json)) is kind


# somebody else has the terminal


@pytest.fixture
def out():
    return io.StringIO()


async def until_written(out, text):
    deadline = time.monotonic() + 5
    while out.getvalue() != text:
        assert time.monotonic() < deadline, out.getvalue()
        await asyncio.sleep(0.01)


@pytest.mark.anyio
async def test_what_is_held_is_written_when_that_is_over(out):
    """What came before is written first, at once."""
    person = PersonConsole(out, io.StringIO())
    person.event(Spoke("stdout", "before\n", 7))
    person.hold(is_on=True)
    before = out.getvalue()
    person.event(Spoke("stdout", "meanwhile\n", 7))
    person._flush_due()  # as the loop does when it was asked to before
    during = out.getvalue()
    person.hold(is_on=False)
    await until_written(out, "score | before\nscore | meanwhile\n")

    assert before == during == "score | before\n"


@pytest.mark.anyio
async def test_what_was_due_when_the_hold_began_is_not_lost(out):
    """A flush that is on its way writes nothing of what comes in the hold, and the next one does."""
    person = PersonConsole(out, io.StringIO())
    person.event(Spoke("stdout", "a\n", 7))
    person.hold(is_on=True)
    person.event(Spoke("stdout", "b\n", 7))
    person.hold(is_on=False)
    person.event(Spoke("stdout", "c\n", 7))
    await until_written(out, "score | a\nscore | b\nscore | c\n")


def test_the_last_flush_writes_what_is_held(out):
    """Nothing is lost at the end."""
    person = PersonConsole(out, io.StringIO())
    person.hold(is_on=True)
    person.event(Spoke("stdout", "last words\n", 7))
    person.flush()

    assert out.getvalue() == "score | last words\n"
