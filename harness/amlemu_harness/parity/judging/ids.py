"""
Ids that a server has made, told apart by number: `<id 1>`, and `<id 1>` again where it says the same one.

Two runs never make the same ids, so what can be compared is which of them are equal. `normal.py` says where they are looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

_UUID = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[1-8][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}"
    # without dashes a digest looks alike: only the random kind, and no number
    r"|(?=[0-9]*[A-Fa-f])[0-9A-Fa-f]{12}4[0-9A-Fa-f]{3}[89ABab][0-9A-Fa-f]{15})(?![0-9A-Za-z])"
)
_RUN = re.compile(r"[0-9A-Fa-f-]{32}")  # no id without one; found ten times as fast in a body of megabytes

Places = Mapping[str, str]
"""Texts in which ids may be, by a name of the place that is the same on both sides."""
Numbers = Mapping[str, int]
"""Of each id that was made; in lower case and without dashes."""


def ids_of(text: str) -> Iterator[str]:
    """Yield the ids in a text in one spelling, in order, repeated ones again."""
    return (_plain(match[0]) for match in _UUID.finditer(text)) if _RUN.search(text) else iter(())


def ids_in(texts: Iterable[str]) -> frozenset[str]:
    """Return all ids of some texts."""
    return frozenset(one for text in texts for one in ids_of(text))


def numbered(sides: Sequence[Places], known: frozenset[str]) -> list[Numbers]:
    """
    Number the ids of each side in order of appearance, but for those that are known: nobody has made them there.

    The first side leads: an id in a place where that has an id, too, has its number, unless one of the two has another already.
    So a header that is missing, or is elsewhere, is one difference, and does not make all ids after it different.
    """
    lead = _first_numbers(sides[0], known)
    return [lead, *(_following(sides[0], lead, places, known) for places in sides[1:])]


def with_numbers(text: str, numbers: Numbers) -> str:
    """Return a text with its ids numbered; each spelling keeps its own word."""

    def word(match: re.Match[str]) -> str:
        number = numbers.get(_plain(match[0]))
        return match[0] if number is None else f"<{_spelling(match[0])} {number}>"

    return _UUID.sub(word, text) if numbers and _RUN.search(text) else text


def _first_numbers(places: Places, known: frozenset[str]) -> Numbers:
    in_order = dict.fromkeys(one for text in places.values() for one in ids_of(text) if one not in known)
    return {one: number for number, one in enumerate(in_order, 1)}


def _following(lead: Places, lead_numbers: Numbers, places: Places, known: frozenset[str]) -> Numbers:
    numbers: dict[str, int] = {}
    taken = set()
    for place, text in places.items():
        for theirs, ours in zip(ids_of(lead.get(place, "")), ids_of(text), strict=False):
            number = lead_numbers.get(theirs)
            if number is not None and ours not in known and ours not in numbers and number not in taken:
                numbers[ours] = number
                taken.add(number)
    free = len(lead_numbers)
    for one in _first_numbers(places, known):
        if one not in numbers:
            free += 1
            numbers[one] = free
    return numbers


def _plain(spelled: str) -> str:
    return spelled.replace("-", "").lower()


def _spelling(spelled: str) -> str:
    letters = spelled.replace("-", "")
    word = "id" if letters == letters.lower() else "ID" if letters == letters.upper() else "Id"
    return word if "-" in spelled else f"{word} without dashes"
