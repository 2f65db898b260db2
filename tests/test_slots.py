"""Places of instances against a plain model: who has one, who waits, in every order of coming, leaving, giving up and scaling."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from amlemu import profile_file as profiles
from amlemu.slots import Slots, at_first
from hypothesis import given, settings
from hypothesis import strategies as st

NTH = st.integers(0, 30)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), NTH),
        st.tuples(st.just("ask"), NTH),  # twice as often as each of the others
        st.tuples(st.just("leave"), NTH),
        st.tuples(st.just("give up"), NTH),
        st.tuples(st.just("resize"), st.integers(0, 4)),
    ),
    max_size=60,
)


@dataclass
class Model:
    """The same with lists: requests are numbers in the order in which they came."""

    total: int
    inside: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)

    def settle(self) -> None:
        while self.waiting and len(self.inside) < self.total:
            self.inside.append(self.waiting.pop(0))


class Played:
    """Slots and their model, done the same to."""

    def __init__(self, per_instance: int, instances: int) -> None:
        self.slots = Slots(per_instance, instances)
        self.model = Model(per_instance * instances)
        self.places: dict[int, asyncio.Future[None]] = {}
        self.asked = 0

    def ask(self, _: int) -> None:
        number, self.asked = self.asked, self.asked + 1
        is_free = self.slots.take()
        assert is_free == (not self.model.waiting and len(self.model.inside) < self.model.total)
        if not is_free:
            self.places[number] = self.slots.queue()
        self.model.waiting.append(number)

    def leave(self, nth: int) -> None:
        if self.model.inside:
            self.places.pop(self.model.inside.pop(nth % len(self.model.inside)), None)
            self.slots.leave()

    def give_up(self, nth: int) -> None:
        if self.model.waiting:
            number = self.model.waiting.pop(nth % len(self.model.waiting))
            self.places.pop(number).cancel()

    def resize(self, instances: int) -> None:
        self.slots.resize(instances)
        self.model.total = self.slots.per_instance * instances

    def holds(self) -> None:
        """What may be relied on, after each step."""
        assert {number for number, place in self.places.items() if not place.done()} == set(self.model.waiting)
        assert self.slots.total == self.model.total
        assert self.slots.queued == len(self.model.waiting)
        assert self.slots.free == max(0, self.model.total - len(self.model.inside))
        assert not (self.slots.free and self.slots.queued)


@settings(max_examples=300)
@given(st.integers(1, 3), st.integers(0, 3), STEPS)
def test_first_come_first_served_and_nobody_waits_while_one_is_free(per_instance, instances, steps):
    """Never more have one than there are, but for those that were in when there came to be fewer."""

    async def play() -> None:
        played = Played(per_instance, instances)
        for step, number in steps:
            before = len(played.model.inside)
            getattr(played, step.replace(" ", "_"))(number)
            played.model.settle()
            played.holds()
            assert len(played.model.inside) <= max(played.model.total, before)

    asyncio.run(play())


def test_who_waits_is_called_when_an_instance_comes():
    """Two of the three that wait: the new instance takes two requests."""

    async def play() -> None:
        slots = Slots(2, 0)
        places = [slots.queue() for _ in range(3)]
        slots.resize(1)

        assert [place.done() for place in places] == [True, True, False]
        assert (slots.free, slots.queued) == (0, 1)

    asyncio.run(play())


def test_who_has_a_place_keeps_it_when_there_are_fewer():
    """It is not given to anybody when they leave."""

    async def play() -> None:
        slots = Slots(1, 2)
        assert slots.take()
        assert slots.take()
        slots.resize(1)
        place = slots.queue()
        slots.leave()
        assert not place.done()
        slots.leave()
        assert place.done()
        assert not slots.take()

    asyncio.run(play())


def test_who_queues_while_one_is_free_has_it_at_once():
    """Nobody waits for somebody to leave."""

    async def play() -> None:
        slots = Slots(1, 1)

        assert slots.queue().done()
        assert not slots.take()

    asyncio.run(play())


def test_those_that_gave_up_are_forgotten():
    """An overload that lasts leaves nothing behind: each 503 was one that waited."""

    async def play() -> None:
        slots = Slots(1, 1)
        slots.take()
        for _ in range(1000):
            slots.queue().cancel()

        assert slots.queued == 0
        assert len(slots._waiting) == 1

    asyncio.run(play())


def test_at_first_there_are_those_of_the_deployment():
    """max_concurrent_requests_per_instance times instance_count; one and one are the defaults, contract 1.7."""
    limits = profiles.load(
        "managed", {"limits.max_concurrent_requests_per_instance": "4", "limits.instance_count": "3"}
    ).limits
    slots = at_first(limits)

    assert (slots.per_instance, slots.instances, slots.total, slots.free, slots.queued) == (4, 3, 12, 12, 0)
    assert at_first(profiles.load("managed").limits).total == 1
