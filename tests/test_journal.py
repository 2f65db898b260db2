"""The last exchanges: as many as there is room for."""

from __future__ import annotations

import pytest
from amlemu import journal as journals
from amlemu.exchange import Exchange, Request, Response
from amlemu.journal import Journal

OVERHEAD = 2048


def exchange(number, request=b"", model=None, response=None, cloud=None):
    lanes = {"model": model, "response": response, "cloud": cloud}
    return Exchange(Request("POST", "/score", [], request, number=number), **lanes)


def said(body):
    return Response(200, "OK", [], body)


def numbers(journal):
    return [one.number for one in journal]


def test_exchanges_are_kept_oldest_first():
    journal = Journal()
    for number in (1, 2, 3):
        journal.add(exchange(number))

    assert numbers(journal) == [1, 2, 3]
    assert len(journal) == 3


def test_the_oldest_is_forgotten_where_there_are_too_many():
    journal = Journal(exchanges=2)
    for number in (1, 2, 3):
        journal.add(exchange(number))

    assert numbers(journal) == [2, 3]
    assert journal.bytes == 2 * OVERHEAD


def test_ten_thousand_are_kept_unless_somebody_wants_fewer():
    """Issue 03: the last 10 000, bounded by bytes too."""
    journal = Journal()
    for number in range(10_001):
        journal.add(exchange(number))

    assert (len(journal), numbers(journal)[0]) == (10_000, 1)
    assert journals.BYTES == 67_108_864


@pytest.mark.parametrize(
    ("room", "kept"), [pytest.param(0, [1, 2], id="just-enough"), pytest.param(-1, [2], id="one-byte-too-few")]
)
def test_the_oldest_are_forgotten_where_they_are_too_large(room, kept):
    journal = Journal(bytes_=2 * (OVERHEAD + 1000) + room)
    for number in (1, 2):
        journal.add(exchange(number, request=bytes(1000)))

    assert numbers(journal) == kept
    assert journal.bytes == len(kept) * (OVERHEAD + 1000)


def test_a_large_one_pushes_several_out():
    journal = Journal(bytes_=5 * OVERHEAD)
    for number in (1, 2, 3, 4):
        journal.add(exchange(number))
    journal.add(exchange(5, request=bytes(2 * OVERHEAD)))

    assert numbers(journal) == [3, 4, 5]


def test_one_that_alone_is_too_large_goes_without_its_bodies():
    """Who asked and what became of it is kept, and so are the others."""
    journal = Journal(bytes_=3 * OVERHEAD)
    journal.add(exchange(1, request=b"small"))
    answer = said(bytes(3 * OVERHEAD))
    large = exchange(2, request=bytes(3 * OVERHEAD), model=answer, response=said(b"too large"), cloud=said(b"x"))
    journal.add(large)
    small, shown = journal

    assert (small.request.body, shown.request.body) == (b"small", b"")
    assert [lane.body for lane in (shown.model, shown.response, shown.cloud)] == [b"", b"", b""]
    assert (shown.number, shown.request.target, shown.model.status) == (2, "/score", 200)
    assert len(large.request.body) == len(answer.body) == 3 * OVERHEAD  # theirs, whoever else has them
    assert (small.bodies_kept, shown.bodies_kept) == (True, False)
    assert journal.bytes == 2 * OVERHEAD + 5


def test_both_lanes_count_but_the_same_bytes_only_once():
    """With nothing between them they are the same object."""
    same, other = said(bytes(100)), said(bytes(30))
    journal = Journal()
    journal.add(exchange(1, model=same, response=same))
    once = journal.bytes
    journal.add(exchange(2, model=same, response=Response(424, "", [], same.body)))
    shared = journal.bytes - once
    journal.add(exchange(3, model=same, response=other, cloud=said(bytes(4))))

    assert (once, shared, journal.bytes - once - shared) == (OVERHEAD + 100, OVERHEAD + 100, OVERHEAD + 134)


def test_a_stream_has_no_bytes_to_keep():
    journal = Journal()
    journal.add(exchange(1, response=said(iter([b"piece"]))))

    assert journal.bytes == OVERHEAD


def test_who_reads_is_not_disturbed_by_who_writes():
    """Any thread may read."""
    journal = Journal(exchanges=2)
    journal.add(exchange(1))
    reader = iter(journal)
    for number in (2, 3, 4):
        journal.add(exchange(number))

    assert [one.number for one in reader] == [1]
