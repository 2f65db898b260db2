"""All cases to one side, whatever becomes of it."""

from __future__ import annotations

import threading
from pathlib import Path

from amlemu_harness.parity.case import Case, post
from amlemu_harness.parity.play import look_around, play
from amlemu_harness.parity.record import End
from amlemu_harness.parity.wire import Patience

from .parrot import Parrot, answer

PATIENCE = Patience(piece_s=20.0, afterwards_s=0.0, closed_s=2.0)


def case(name: str, *targets: str, **more: object) -> Case:
    return Case(name, "here", tuple(post(b"x", target=one) for one in targets or (f"/{name}",)), **more)  # type: ignore[arg-type]


def test_every_case_is_asked_once_in_its_order() -> None:
    """Requests of one case come one after the other; the server starts once, and is stopped."""
    heard: list[bytes] = []

    def say(asked: bytes) -> list[bytes]:
        heard.append(asked.split(b" ")[1])
        return [answer(heard[-1])]

    parrot = Parrot(say)
    take = play(parrot, [case("a"), case("b", "/b1", "/b2")], PATIENCE)

    assert heard == [b"/a", b"/b1", b"/b2"]
    assert {name: [one.body for one in seen.answers] for name, seen in take.seen.items()} == {
        "a": [b"/a"],
        "b": [b"/b1", b"/b2"],
    }
    assert (parrot.starts, parrot.stops, take.start, take.unasked) == (1, 1, None, {})


def test_a_server_that_ends_is_started_again_for_the_rest() -> None:
    """How it ended stands with the case in which it did."""
    parrot = Parrot(lambda asked: [answer(b"fine")])
    parrot.dies_at = {"/crash": End(4, err=("dying",))}

    take = play(parrot, [case("before"), case("crash"), case("after")], PATIENCE)

    assert take.seen["crash"].end == End(4, err=("dying",))
    assert [one.status for one in take.seen["crash"].answers] == [""]
    assert [one.body for one in take.seen["after"].answers] == [b"fine"]
    assert (parrot.starts, parrot.stops) == (2, 2)


def test_a_server_that_ends_again_and_again_is_given_up() -> None:
    """After five starts the rest is not asked, and why is said."""
    parrot = Parrot(lambda asked: [])
    parrot.dies_at = {"/crash": End(3)}

    take = play(parrot, [case(str(number), "/crash") for number in range(7)], PATIENCE)

    assert parrot.starts == 5
    assert take.unasked == {"5": "it has ended 5 times", "6": "it has ended 5 times"}


def test_a_server_that_answers_nothing_is_left_alone() -> None:
    """After three requests in a row that it has taken and not answered; each would cost the whole patience."""
    gate = threading.Event()

    def silent(asked: bytes) -> list[bytes]:
        gate.wait(5)
        return []

    try:
        take = play(Parrot(silent), [case(str(number)) for number in range(5)], Patience(0.05, 0.0))
    finally:
        gate.set()

    assert list(take.seen) == ["0", "1", "2"]
    why = "it has taken 3 requests in a row and answered none"
    assert take.unasked == {"3": why, "4": why}


def test_a_server_that_does_not_start_says_how_it_ended() -> None:
    """Nothing is asked then."""
    end = End(3, ("no init()",))

    take = play(Parrot(lambda _: [], does_not_start=end), [case("a")], PATIENCE)

    assert (take.start, take.seen) == (end, {})


def test_requests_together_are_sent_at_once() -> None:
    """Each waits for all the others, or none would be answered."""
    gate = threading.Barrier(3, timeout=5)

    def say(asked: bytes) -> list[bytes]:
        gate.wait()
        return [answer(b"all here")]

    take = play(Parrot(say), [case("a", together=3)], PATIENCE)

    assert [one.body for one in take.seen["a"].answers] == [b"all here"] * 3


def test_workers_are_killed_before_a_case_that_wants_it() -> None:
    """And a side whose workers nobody can kill is not asked."""
    parrot, untouchable = Parrot(lambda _: [answer(b"")]), Parrot(lambda _: [answer(b"")])
    perch = untouchable.start()
    perch.kill_workers = lambda: False  # type: ignore[method-assign]
    untouchable.start = lambda probe=None: perch  # type: ignore[assignment]

    play(parrot, [case("a"), case("b", kills_workers=True)], PATIENCE)
    take = play(untouchable, [case("b", kills_workers=True)], PATIENCE)

    assert parrot.kills == 1
    assert take.unasked == {"b": "its workers cannot be killed from here"}


def test_a_shared_server_is_spared_what_may_hurt_it() -> None:
    """Without a start for it."""
    parrot = Parrot(lambda _: [answer(b"")])
    parrot.is_shared = True

    take = play(parrot, [case("large", is_hard=True)], PATIENCE)

    assert take.unasked == {"large": "it may hurt a server that others use"}
    assert parrot.starts == 0


def test_a_probe_tells_what_it_finds() -> None:
    """It is served in the script's place, asked once, and gone."""
    parrot = Parrot(lambda _: [])

    assert look_around(parrot, Path("probe.py"), PATIENCE) == {"probe": "yes"}
    assert (parrot.starts, parrot.stops) == (1, 1)
