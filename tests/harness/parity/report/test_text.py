"""The report for a terminal, as literal text."""

from __future__ import annotations

import time
from textwrap import dedent

from amlemu_harness.parity.case import Case, post
from amlemu_harness.parity.record import End, Record, Seen, Take
from amlemu_harness.parity.report.text import as_text
from amlemu_harness.parity.verdict import Difference, Result, Verdict

from ..told import OURS, THEIRS, answer, case, different, hostile, record, result


def text(told, cases=(), theirs=None, ours=None, *, width=60, colours=False):
    return as_text(told, cases, theirs or Record(THEIRS, ()), ours or Record(OURS, ()), width=width, colours=colours)


def one_letter():
    """One case in which a number and a header differ."""
    left = answer(b'{"answer": 42}', headers=(("Date", "Mon"),))
    right = answer(b'{"answer": 41}', "text/html", headers=(("Date", "Tue"), ("X-More", "1")))
    found = (
        Difference("headers.Content-Type", "application/json", "text/html", 16),
        Difference("body.answer", "42", "41", 1),
    )
    told = result(Verdict("same", "same"), different("good", *found))
    return told, [case("good")], record(good=left), record(OURS, good=right)


def test_all_the_same_is_one_line():
    told = text(result(*(Verdict(str(number), "same") for number in range(34))))

    assert told == "all 34 cases the same: amlemu, profile bare = azmlinfsrv 1.5.1\n"


def test_nothing_compared():
    assert text(result()) == "no case was compared\n"


def test_one_below_the_other_where_it_is_narrow():
    """The smallest difference comes first, with both answers and the request; what no difference is about has a ~."""
    expected = """\
        2 cases: 1 same, 1 different
        - azmlinfsrv 1.5.1
        + amlemu, profile bare

        body.answer in good
          - 42                         + 41
             ~                            ~
          both answers (~ is not compared):
            HTTP/1.1 200 OK
            Server: gunicorn
          - Content-Type: application/json
                          ~~~~~~~~~~~~~~~~
          + Content-Type: text/html
                          ~~~~~~~~~
          ~ Date: Mon
          ~ Date: Tue
          ~ X-More: 1

          - {"answer": 42}
                        ~
          + {"answer": 41}
                        ~
          asked by:
            curl -i http://localhost:5001/score -H 'Content-Type: application/json' -H User-Agent: -H Accept: --data-binary '{"data": 1}'

        headers.Content-Type in good
          - application/json           + text/html
        """

    assert text(*one_letter()) == dedent(expected)


def test_side_by_side_where_it_is_wide():
    told = text(*one_letter(), width=100)

    assert told.split("\n")[4:17] == [
        "body.answer in good",
        "  - 42                                             + 41",
        "     ~                                                ~",
        "  both answers (~ is not compared):",
        "    HTTP/1.1 200 OK                                  HTTP/1.1 200 OK",
        "    Server: gunicorn                                 Server: gunicorn",
        "  - Content-Type: application/json                 + Content-Type: text/html",
        "                  ~~~~~~~~~~~~~~~~                                 ~~~~~~~~~",
        "  ~ Date: Mon                                      ~ Date: Tue",
        "                                                   ~ X-More: 1",
        "",
        '  - {"answer": 42}                                 + {"answer": 41}',
        "                ~                                                ~",
    ]


def test_colours_mark_what_differs():
    """Only the part that differs is marked, and no line of tildes is needed."""
    told = text(*one_letter(), width=100, colours=True)

    assert '{"answer": 4\x1b[7;31m2\x1b[0m}' in told
    assert '{"answer": 4\x1b[7;32m1\x1b[0m}' in told
    assert "~~" not in told


def test_the_smallest_of_the_whole_run_is_first_and_the_same_one_stands_once():
    small, large = Difference("status", "200 OK", "200 Ok", 1), Difference("body", "abc", "xyz", 3)
    told = text(result(different("a", large), different("b", small, large), different("c", large)))

    assert [line for line in told.split("\n") if " in " in line] == ["status in b", "body in a, b and c"]


def test_long_values_are_cut_around_the_difference():
    told = text(result(different("a", Difference("body", "x" * 5000 + "A" + "y" * 90, "x" * 5000 + "B" + "y" * 90, 1))))

    assert "  - ..." in told
    assert "xxxxA" in told
    assert "xxxxByyyy" in told
    assert max(map(len, told.split("\n"))) <= 60


def test_a_body_of_16_mb_is_cut_where_it_differs_and_that_soon():
    """The first byte that differs is shown, though it is far in."""
    common = b"0123456789abcdef" * (1 << 20)
    found = different("big", Difference("body", "x", "y", 1))
    began = time.monotonic()
    told = text(
        result(found),
        [case("big", common)],
        record(big=answer(common + b"THEIRS")),
        record(OURS, big=answer(common + b"OURS")),
        width=120,
    )

    assert time.monotonic() - began < 5
    assert len(told) < 5000
    assert "(16,776,716 bytes before)" in told
    assert "- ...123456789abcdef0123456789abcdef0123456789abcdefTHEIRS" in told
    assert "body.bin: the 16,777,216 bytes of its body; --json has them" in told


def test_lines_stand_beside_each_other():
    """The last lines of a script that did not start are compared line by line."""
    found = Difference("start.stderr", "one\ntwo\nthree", "one\n2\nthree", 3)
    told = text(result(different("start", found)))

    assert told.split("\n")[4:9] == ["start.stderr in start", "    one", "  - two", "  + 2", "    three"]


def test_a_script_does_not_paint_the_terminal():
    """Whatever it answers, no control character of it is written; without colours there is none at all but line ends."""
    told = text(*hostile())

    assert not [sign for sign in told if not sign.isprintable() and sign != "\n"]
    assert r"\x1b[2J\x00\u202e" in told
    assert r"\xff" in told


def test_the_end_of_a_server_is_told():
    """How the server died stands below its answers; of a start, both ends stand beside each other."""
    died = Record(
        THEIRS, (Take({"a": Seen((), "nobody listens any more", End(-9, ("hello",)))}, End(3, (), ("boom",))),)
    )
    ours = record(OURS, a=answer(b"1"))
    crash, start = Difference("connection", "closed", "kept", 1), Difference("start.exit code", "3", "(none)", 1)

    assert "  - (nobody listens any more)\n" in text(result(different("a", crash)), [case("a")], died, ours)
    assert "  - (the server ended with exit code -9)\n  - stdout: hello\n" in text(
        result(different("a", crash)), [case("a")], died, ours
    )
    assert "  - (the server ended with exit code 3)\n" in text(result(different("start", start)), [], died, ours)


def test_of_several_requests_the_one_that_differs_is_shown():
    cases = [Case("steps", "here", (post(b"1"), post(b"2")))]
    sides = [
        Record(name, (Take({"steps": Seen((answer(b"first"), answer(body)))}),))
        for name, body in ((THEIRS, b"x"), (OURS, b"y"))
    ]
    told = text(result(different("steps", Difference("2.body", "x", "y", 1))), cases, *sides)

    assert "first" not in told
    assert "--data-binary 2" in told
    assert "--data-binary 1" not in told


def test_what_else_there_is():
    told = Result(
        THEIRS,
        OURS,
        (
            Verdict(
                "a", "exempt", (Difference("headers.Via", "x", "(none)", 1, "a proxy, 2026-11-01"),), ("headers.Date",)
            ),
            Verdict(
                "b", "exempt", (Difference("headers.Via", "x", "(none)", 1, "a proxy, 2026-11-01"),), ("headers.Date",)
            ),
            Verdict("c", "unsteady", why="200, then 500"),
            Verdict("d", "unasked", why="the reference died"),
            Verdict("e", "unasked", why="the reference died"),
        ),
        unneeded=("parity.toml:3: body of z",),
        remarks=("a recording is old",),
        troubles=("the reference died\nin c",),
    )
    expected = """\
        5 cases: 2 exempt, 1 unsteady, 2 not asked; 1 exemption no longer needed; 1 trouble, see below
        unsteady: c: 200, then 500
        not asked: d and e: the reference died
        exemption no longer needed: parity.toml:3: body of z
        exempt: headers.Via in a and b: a proxy, 2026-11-01
        varies by itself: headers.Date (a and b)
        note: a recording is old
        trouble: the reference died
          in c
        """

    assert text(told) == dedent(expected)


def test_names_with_line_ends_stay_in_their_line():
    assert r"body in a\nall 34 cases the same" in text(
        result(different("a\nall 34 cases the same", Difference("body", "1", "2", 1)))
    )


def test_secret_headers_are_not_shown():
    """Neither of a request nor of an answer, nor as a difference."""
    sent = Case("a", "here", (post(b"1", (("Authorization", "Bearer hush"), ("Cookie", "hush"))),))
    sides = [answer(b"1", headers=(("Set-Cookie", f"id={at}hush"),)) for at in (1, 2)]
    found = Difference("headers.Set-Cookie", "id=1hush", "id=2hush", 1)
    told = text(result(different("a", found)), [sent], record(a=sides[0]), record(OURS, a=sides[1]))

    assert "hush" not in told
    assert "'Authorization: (not kept)'" in told


def test_many_differences_are_counted():
    found = [Difference(f"body[{number}]", "1", "2", 1) for number in range(25)]

    assert text(result(different("a", *found))).endswith("\n\nand 5 more differences; --json has them all\n")
