"""
What can be done to a request: one change of one part each. Plain functions from draft to draft.

Neighbours: `draft.py` takes requests apart and writes them, `oddities.py` has what is put in, `moves.py` draws which.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from amlemu_harness.parity.walking.draft import Draft, Framing, taken_apart
from amlemu_harness.parity.wire import Sent

Change = Callable[[Draft], Draft]
Place = tuple[Any, ...]

_TOKEN = "amlemu-stands-here"  # noqa: S105  # what json.dumps writes for a text that is no JSON


def body(text: bytes) -> Change:
    """Another body."""
    return lambda draft: replace(draft, body=text)


def cut(keep: int) -> Change:
    """Only the beginning of the body."""
    return lambda draft: replace(draft, body=draft.body[: keep % (len(draft.body) + 1)])


def flipped(place: int, bit: int) -> Change:
    """One bit of the body turned."""

    def change(draft: Draft) -> Draft:
        turned = bytearray(draft.body or b"\0")
        turned[place % len(turned)] ^= 1 << bit
        return replace(draft, body=bytes(turned))

    return change


def json_value(place: int, text: str) -> Change:
    """Another value in a JSON document, as text, which need not be JSON."""
    return lambda draft: _reworded(draft, lambda whole: _with(whole, _nth(whole, place), _TOKEN), text)


def json_key(place: int, key: str, text: str) -> Change:
    """One more member or element in a JSON document; a key that is there already is there twice."""

    def added(value: Any) -> Any:
        if isinstance(value, dict):
            return {**value, _TOKEN: 0}
        return [*value, _TOKEN] if isinstance(value, list) else [value, _TOKEN]

    def change(whole: Any) -> Any:
        where = _nth(whole, place)
        return _with(whole, where, added(_at(whole, where)))

    return lambda draft: _reworded(draft, change, json.dumps(key) if _has_object(draft, place) else text)


def json_dropped(place: int) -> Change:
    """A member or an element of a JSON document less."""

    def change(whole: Any) -> Any:
        where = _nth(whole, place)
        return _without(whole, where) if where else whole

    return lambda draft: _reworded(draft, change, "")


def json_deeper(place: int, levels: int) -> Change:
    """A value of a JSON document in so many lists."""

    def change(whole: Any) -> Any:
        where = _nth(whole, place)
        value = _at(whole, where)
        for _ in range(levels):
            value = [value]
        return _with(whole, where, value)

    return lambda draft: _reworded(draft, change, "")


def header(name: str, value: str) -> Change:
    """One more line in the head."""
    return lambda draft: replace(draft, lines=(*draft.lines, f"{name}: {value}"))


def line(text: str, place: int) -> Change:
    """One more line in the head, and be it none."""
    return lambda draft: replace(draft, lines=(*draft.lines[:place], text, *draft.lines[place:]))


def content_type(value: str) -> Change:
    """Another type of the body."""

    def change(draft: Draft) -> Draft:
        others = tuple(one for one in draft.lines if not one.lower().startswith("content-type:"))
        return replace(draft, lines=(*others, f"Content-Type: {value}"))

    return change


def repeated(place: int) -> Change:
    """A line of the head twice."""
    return _one_line(place, lambda one: (one, one))


def dropped(place: int) -> Change:
    """A line of the head less."""
    return _one_line(place, lambda _: ())


def spelled(place: int, how: Callable[[str], str]) -> Change:
    """A header's name in another spelling."""

    def change(one: str) -> tuple[str, ...]:
        name, colon, value = one.partition(":")
        return (how(name) + colon + value,)

    return _one_line(place, change)


def many_headers(count: int) -> Change:
    """So many more headers, each with a name of its own."""
    return lambda draft: replace(draft, lines=(*draft.lines, *(f"X-{number}: a" for number in range(count))))


def method(word: str) -> Change:
    """Another method."""
    return lambda draft: replace(draft, method=word)


def target(text: str) -> Change:
    """Another path."""
    return lambda draft: replace(draft, target=text)


def query(text: str) -> Change:
    """A query, or more of it."""
    return lambda draft: replace(draft, target=draft.target + ("&" if "?" in draft.target else "?") + text)


def encoded(place: int) -> Change:
    """One character of the target percent-encoded."""

    def change(draft: Draft) -> Draft:
        at = place % (len(draft.target) + 1)
        letter = "".join(f"%{byte:02x}" for byte in draft.target[at : at + 1].encode("latin-1", "replace"))
        return replace(draft, target=draft.target[:at] + letter + draft.target[at + 1 :])

    return change


def version(word: str) -> Change:
    """Another version of HTTP."""
    return lambda draft: replace(draft, version=word)


def framing(how: Framing) -> Change:
    """The body framed otherwise."""
    return lambda draft: replace(draft, framing=how)


def expect(value: str) -> Change:
    """An expectation."""
    return lambda draft: replace(draft, expect=value)


def behind(text: bytes) -> Change:
    """Bytes after the request."""
    return lambda draft: replace(draft, behind=text)


def head_flipped(place: int, bit: int) -> Change:
    """One bit of the head turned."""
    return lambda draft: replace(draft, flips=((place, bit),))


def half_closed(draft: Draft) -> Draft:
    """Our side ended after the request."""
    return replace(draft, half_close=True)


def made(sent: Sent, changes: Sequence[Change]) -> Sent:
    """Make the changes, one after the other; a request that cannot be taken apart stays as it is."""
    draft = taken_apart(sent) if changes else None
    if draft is None:
        return sent
    for change in changes:
        draft = change(draft)
    return draft.written()


def _one_line(place: int, change: Callable[[str], tuple[str, ...]]) -> Change:
    def changed(draft: Draft) -> Draft:
        if not draft.lines:
            return draft
        at = min(place, len(draft.lines) - 1)  # no remainder: what another change has added shall not move it
        return replace(draft, lines=(*draft.lines[:at], *change(draft.lines[at]), *draft.lines[at + 1 :]))

    return changed


def _reworded(draft: Draft, change: Callable[[Any], Any], text: str) -> Draft:
    """Change a JSON body as a value, and put the text where the token stands, key or value; what is no JSON stays."""
    try:
        whole = change(json.loads(draft.body))
        written = json.dumps(whole)
    except (ValueError, RecursionError):
        return draft
    return replace(draft, body=written.replace(f'"{_TOKEN}"', text).encode("utf-8", "surrogatepass"))


def _places(value: Any, path: Place = ()) -> Iterator[Place]:
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from _places(member, (*path, key))


def _nth(whole: Any, place: int) -> Place:
    places = list(_places(whole))
    return places[place % len(places)]


def _at(whole: Any, where: Place) -> Any:
    for key in where:
        whole = whole[key]
    return whole


def _with(whole: Any, where: Place, value: Any) -> Any:
    if not where:
        return value
    copied = whole.copy()
    copied[where[0]] = _with(copied[where[0]], where[1:], value)
    return copied


def _without(whole: Any, where: Place) -> Any:
    parent = _at(whole, where[:-1]).copy()
    del parent[where[-1]]
    return _with(whole, where[:-1], parent)


def _has_object(draft: Draft, place: int) -> bool:
    try:
        whole = json.loads(draft.body)
        return isinstance(_at(whole, _nth(whole, place)), dict)
    except (ValueError, RecursionError):
        return False
