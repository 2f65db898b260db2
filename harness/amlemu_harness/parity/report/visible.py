"""
Texts of strangers as a person may see them: nothing that paints a terminal, cut to the width around what differs.

Texts in, texts out; `blocks.py` and `page.py` lay them out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_CUT = "..."
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str) -> str:
    r"""Return a text with all that is no printable character escaped: `\x1b`, `\n`, `\u202e`; a byte that is no UTF-8 as `\xff`."""
    return text if text.isprintable() else "".join(map(_sign, text))


def text_of(content: bytes) -> str:
    """Return bytes as text, UTF-8 where it is; two that differ give two texts that differ."""
    return content.decode("utf-8", "surrogateescape")


def cells(text: str) -> int:
    """Count the columns that a terminal needs for a visible text."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def padded(text: str, width: int) -> str:
    """Return a visible text with blanks up to a width."""
    return text + " " * (width - cells(text))


def head(text: str, width: int) -> str:
    """Return the visible beginning of a text that fits."""
    signs = [_sign(sign) for sign in text[: width + 1]]
    if len(text) <= width and cells("".join(signs)) <= width:
        return "".join(signs)
    return "".join(_fitting(signs, width - len(_CUT))) + _CUT[: max(width, 0)]


def tail(text: str, width: int) -> str:
    """Return the visible end of a text that fits."""
    signs = [_sign(sign) for sign in text[max(len(text) - width - 1, 0) :]]
    if len(text) <= width and cells("".join(signs)) <= width:
        return "".join(signs)
    return _CUT[: max(width, 0)] + "".join(reversed(_fitting(reversed(signs), width - len(_CUT))))


@dataclass(frozen=True)
class Marked:
    """A visible text in three parts; `middle` is what differs from its counterpart."""

    before: str
    middle: str
    after: str

    @property
    def text(self) -> str:
        """All of it."""
        return self.before + self.middle + self.after

    @property
    def is_partly(self) -> bool:
        """Something is as in its counterpart."""
        return bool(self.before or self.after)


def marked(theirs: str, ours: str, width: int) -> tuple[Marked, Marked]:
    """Return two texts with what differs marked, and cut around that to a width."""
    start = common_start(theirs, ours)
    left, right = theirs[start:], ours[start:]
    end = common_end(left, right)
    after = left[len(left) - end :]
    left, right = left[: len(left) - end], right[: len(right) - end]
    if max(_room_of(theirs, width), _room_of(ours, width)) <= width:
        whole = visible(theirs[:start]), visible(after)
        return Marked(whole[0], visible(left), whole[1]), Marked(whole[0], visible(right), whole[1])
    middles = [head(middle, max(width * 2 // 3, 4)) for middle in (left, right)]
    room = width - max(map(cells, middles))
    before = tail(theirs[:start], room - min(_room_of(after, room // 2), room // 2))
    one, other = (
        Marked(before, middle, head(after, width - cells(before) - cells(middle)) if after else "")
        for middle in middles
    )
    return one, other


def common_start(one: str | bytes, other: str | bytes) -> int:
    """Count what two begin with in common; in no time also where they are long."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def common_end(one: str | bytes, other: str | bytes) -> int:
    """Count what two end with in common."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]:
            low = middle
        else:
            high = middle - 1
    return low


def _room_of(text: str, width: int) -> int:
    return cells(visible(text)) if len(text) <= width else width + 1


def _sign(sign: str) -> str:
    if sign.isprintable():
        return sign
    code = ord(sign)
    if 0xDC80 <= code <= 0xDCFF:  # what `text_of` makes of a byte
        return f"\\x{code - 0xDC00:02x}"
    return _SHORT.get(sign) or sign.encode("unicode_escape").decode()


def _cells(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _fitting(signs: Iterable[str], width: int) -> list[str]:
    """Take signs while they fit; an escaped one is not torn."""
    taken: list[str] = []
    for sign in signs:
        width -= cells(sign)
        if width < 0:
            break
        taken.append(sign)
    return taken
