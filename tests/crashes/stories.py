"""Each kind of crash happens once under each profile; what was seen of it is kept for the tests."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from amlemu.console import PersonConsole
from amlemu.events import Event, WorkerEnded, WorkerReady
from amlemu.exchange import Exchange

from .kinds import LIMITS, Kind
from .places import Caller, Place, until

SPACIOUS = {
    "bare": {},
    "image": {},
    "managed": {"limits.requests_per_second": "1000000", "limits.request_timeout_ms": "10000"},
    "kubernetes": {"limits.max_queue_wait_ms": "10000", "limits.request_timeout_ms": "10000"},
}
"""What other limits must not interfere with."""


@dataclass(frozen=True)
class Story:
    """
    What was seen of a crash.

    Attributes:
        said: status line and body that its caller got.
        then: what the next one got, who waited meanwhile; when run() hangs it asked afterwards.
        entered: what run() was entered with.
        records: the exchanges of the first caller, and of the next one.
        events: of the worker's end and of its successor's start, with all that was said meanwhile.
        text: what a person reads of all that.
    """

    said: tuple[str, bytes]
    then: tuple[str, bytes]
    entered: list[str]
    records: tuple[list[Exchange], list[Exchange]]
    events: list[Event]
    text: str

    @property
    def ends(self) -> list[WorkerEnded]:
        """The ends of workers."""
        return [event for event in self.events if isinstance(event, WorkerEnded)]


class Stories:
    """Serves what a story needs, and keeps it as long as others may need it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places: dict[str, Place] = {}
        self._told: dict[str, Story] = {}

    def __call__(self, kind: Kind, profile: str) -> Story:
        """Return what was seen of a kind; it happens when it is asked for first."""
        name = f"{kind!r} {profile}"
        if name not in self._told:
            self._told[name] = _happen(self.place(kind, profile), kind)
        return self._told[name]

    def place(self, kind: Kind, profile: str) -> Place:
        """Return a server for this kind."""
        settings = {**SPACIOUS[profile], **(LIMITS[profile] if kind.hangs else {})}
        name = f"{profile} {settings} {kind.env}"
        if name not in self._places:
            folder = self._folder / str(len(self._places))
            folder.mkdir()
            self._places[name] = Place(folder, profile, settings, kind.env)
        return self._places[name]

    def stop(self) -> None:
        """Stop all servers."""
        for place in self._places.values():
            place.endpoint.stop()


def _happen(place: Place, kind: Kind) -> Story:
    entries, events = len(place.entries()), len(place.endpoint.events)
    with place.gate_shut():
        first = place.ask(kind.name)
        until(lambda: place.entries()[entries:] == [kind.name], "in run()")
        if not kind.hangs:
            second = _waiting(place)
        if kind.outlasts:
            said = first.receive()
    if not kind.outlasts:
        said = first.receive()
    if kind.hangs:
        second = place.ask("answer")
    then = second.receive()
    if kind.ends:
        until(lambda: _is_replaced(place.endpoint.events[events:]), "replaced")
    records = place.exchanges(first.port), place.exchanges(second.port)
    seen = place.endpoint.events[events:]
    return Story(said, then, place.entries()[entries:], records, seen, _told(place, seen, records))


def _waiting(place: Place) -> Caller:
    """Ask, and see to it that the server has heard it."""
    caller = place.ask("answer")
    place.see_to_it()
    return caller


def _is_replaced(events: list[Event]) -> bool:
    kinds = [type(event) for event in events if isinstance(event, WorkerEnded | WorkerReady)]
    return kinds == [WorkerEnded, WorkerReady]


def _told(place: Place, events: list[Event], records: tuple[list[Exchange], list[Exchange]]) -> str:
    person = PersonConsole(io.StringIO(), err := io.StringIO())
    person.surroundings(place.endpoint.opening.layout)
    for event in events:
        person.event(event)
    for exchange in (*records[0], *records[1]):
        person.exchange(exchange)
    person.flush()
    return err.getvalue()
