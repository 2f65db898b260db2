"""
What a run() has raised where only a log tells: the real server's, which puts the script's traceback among frames of its own.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from amlemu.events import Spoke
from amlemu.explain.lines import read_lines
from amlemu.explain.tracebacks import Chain, Frame, Tracebacks

_PRINT = "azmlinfsrv.print"


@dataclass(frozen=True)
class LogFault:
    """An exception of the script, the lines that tell it to a person, and the record that has told it to us."""

    told: list[str]
    record: Spoke


def fault_in(said: Sequence[Spoke]) -> LogFault | None:
    """Return the first exception that the server tells of; None where it tells of none."""
    for one in said:
        if is_of_an_exception(one) and (chain := _chain(one.text)):
            return LogFault(_told(chain), one)
    return None


def is_of_an_exception(one: Spoke) -> bool:
    """Tell whether a record is one of the server's about an exception; what the script prints is its own business."""
    is_record = one.stream == "log" and one.logger != _PRINT
    return is_record and "Traceback (most recent call last)" in one.text


def _chain(text: str) -> Chain | None:
    reader = Tracebacks()
    for line in read_lines(io.BytesIO(text.encode())):
        _, chain = reader.take(line)
        if chain is not None:
            return chain
    return reader.end()


def _told(chain: Chain) -> list[str]:
    """Return what was raised and where, and the traceback from the user's first line on."""
    root, place = chain.root, chain.place
    end = f"{root.kind}: {root.message}" if root.message else root.kind
    where = f" ({place.name}:{place.line})" if place else ""
    first = next((number for number, frame in enumerate(root.frames) if frame.is_users), 0)
    lines = [line for frame in root.frames[first:] for line in _lines(frame)]
    trace = ["Traceback (most recent call last):", *lines, end]
    return [f"the script raised {end}{where}", *(f"  {line}" for line in trace)]


def _lines(frame: Frame) -> list[str]:
    code = [f"    {frame.code.strip()}"] if frame.code else []
    return [f'  File "{frame.file}", line {frame.line}, in {frame.function}', *code]
