"""
How two texts, or two answers, stand beside each other on a terminal: in columns where there is room, else one below the other.

`-` is theirs, `+` is ours; `~` differs and does not count. What differs is marked by colours, or by a line of tildes below. `text.py`
and `junit.py` put the blocks together; `rows.py` says what stands opposite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from amlemu_harness.parity.report.rows import Row, line_rows
from amlemu_harness.parity.report.visible import Marked, cells, common_start, head, marked, padded

_COLUMNS_FROM = 100  # wide enough for two answers beside each other
_CODES = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1", "theirs": "7;31", "ours": "7;32"}


@dataclass(frozen=True)
class Look:
    """How wide, and whether in colours. Narrow is also what is wide, where nothing shall stand beside each other."""

    width: int
    colours: bool
    is_narrow: bool = False

    def paint(self, colour: str, text: str) -> str:
        """Colour a visible text, or leave it alone."""
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.colours and text else text


def value_lines(theirs: str, ours: str, look: Look) -> list[str]:
    """Show two values of one difference, whole where there is room, else cut around what differs."""
    if "\n" in theirs.rstrip("\n") or "\n" in ours.rstrip("\n"):
        rows = line_rows(theirs, ours)
        longest = max(cells(text) for row in rows for text in (row.theirs, row.ours) if text is not None)
        return row_lines(rows, look if longest <= _column(look) else replace(look, is_narrow=True))
    column = _column(look)
    if max(len(theirs), len(ours)) <= column:
        pair = marked(theirs, ours, look.width)
        if max(cells(one.text) for one in pair) <= column:
            return _beside(pair, "-", "+", look)
    return _below(marked(theirs, ours, look.width - 4), "-", "+", look)


def row_lines(rows: Sequence[Row], look: Look) -> list[str]:
    """Show two answers."""
    show = _row_beside if look.width >= _COLUMNS_FROM and not look.is_narrow else _row_below
    return [line for row in rows for line in show(row, look)]


def _column(look: Look) -> int:
    return (look.width - 2) // 2 - 3


def _row_beside(row: Row, look: Look) -> Iterator[str]:
    column = _column(look)
    if row.theirs is not None and row.ours is not None and row.mark == "differs":
        yield from _beside(marked(row.theirs, row.ours, column), "-", "+", look)
        return
    signs = {"same": "  ", "differs": "-+", "passed by": "~~"}[row.mark]
    texts = ["" if one is None else head(one, column) for one in _same_cut(row, column)]
    left, right = (
        f"{sign if one is not None else ' '} " for sign, one in zip(signs, (row.theirs, row.ours), strict=True)
    )
    colours = ("red", "green") if row.mark == "differs" else ("dim", "dim")
    one = look.paint(colours[0], f"{left}{padded(texts[0], column)}")
    yield _bare(f"  {one} {look.paint(colours[1], right + texts[1])}", look)


def _same_cut(row: Row, width: int) -> tuple[str | None, str | None]:
    """Cut what is passed by around what differs, too; else a reader sees two equal lines."""
    if row.mark != "passed by" or row.theirs is None or row.ours is None:
        return row.theirs, row.ours
    start = max(common_start(row.theirs, row.ours) - width // 2, 0)
    if max(len(row.theirs), len(row.ours)) <= width:
        return row.theirs, row.ours
    return row.theirs[start:], row.ours[start:]


def _row_below(row: Row, look: Look) -> Iterator[str]:
    room = look.width - 4
    if row.mark == "same":
        yield _bare(look.paint("dim", f"    {head(row.theirs or '', room)}"), look)
    elif row.mark == "differs" and row.theirs is not None and row.ours is not None:
        yield from _below(marked(row.theirs, row.ours, room), "-", "+", look)
    else:
        signs = "~~" if row.mark == "passed by" else "-+"
        colours = ("dim", "dim") if row.mark == "passed by" else ("red", "green")
        for one, sign, colour in zip(_same_cut(row, room), signs, colours, strict=True):
            if one is not None:
                yield _bare(look.paint(colour, f"  {sign} {head(one, room)}"), look)


def _beside(pair: tuple[Marked, Marked], left: str, right: str, look: Look) -> list[str]:
    column = _column(look)
    theirs, ours = pair
    gap = " " * (column - cells(theirs.text) + 1)
    lines = [_bare(f"  {left} {_painted(theirs, 'theirs', look)}{gap}{right} {_painted(ours, 'ours', look)}", look)]
    below = padded(_tildes(theirs), column)
    return lines + _marks(f"    {below}   {_tildes(ours)}", pair, look)


def _below(pair: tuple[Marked, Marked], left: str, right: str, look: Look) -> list[str]:
    found: list[str] = []
    for one, sign, colour in zip(pair, (left, right), ("theirs", "ours"), strict=True):
        found.append(_bare(f"  {sign} {_painted(one, colour, look)}", look))
        found += _marks(f"    {_tildes(one)}", pair, look)
    return found


def _marks(line: str, pair: tuple[Marked, Marked], look: Look) -> list[str]:
    """Return the line below, where it says anything: not in colours, and not where all differs."""
    is_told = not look.colours and any(one.is_partly for one in pair) and line.strip()
    return [line.rstrip()] if is_told else []


def _tildes(one: Marked) -> str:
    return " " * cells(one.before) + "~" * cells(one.middle)


def _painted(one: Marked, colour: str, look: Look) -> str:
    return one.before + look.paint(colour, one.middle) + one.after


def _bare(line: str, look: Look) -> str:
    return line if look.colours else line.rstrip()
