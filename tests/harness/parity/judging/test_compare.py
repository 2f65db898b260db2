"""Two records: what becomes of each case, of starts, of exemptions, and which exit code follows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from amlemu_harness.parity.case import Case
from amlemu_harness.parity.judging.compare import compare
from amlemu_harness.parity.judging.rules import Exemption, Rules
from amlemu_harness.parity.record import End, Record, Seen, Take
from amlemu_harness.parity.verdict import Difference, Result, Verdict

from ..answered import GOOD, SERVED, answer, seen

BAD = replace(GOOD, name="bad")
CASES = (GOOD, BAD)
NO_RULES = Rules()
DAY = dt.date(2026, 11, 22)
FINE = seen(answer())
OTHER = seen(answer(headers=(("Server", "uvicorn"), *SERVED[1:])))
FAILED = End(3, err=("Reason: Worker failed to boot.",))


def take(good: Seen = FINE, bad: Seen = FINE, **more: Any) -> Take:
    return Take({"good": good, "bad": bad}, **more)


def result(theirs: tuple[Take, ...], ours: Take, rules: Rules = NO_RULES, **more: Any) -> Result:
    return compare(CASES, Record("azmlinfsrv 1.5.1", theirs), Record("amlemu", (ours,)), rules, **more)


def kinds(result: Result) -> Mapping[str, str]:
    return {one.case: one.kind for one in result.verdicts}


def exemption(case: str = "good", path: str = "headers.Server", **more: Any) -> Rules:
    return Rules((Exemption(case, path, "another server", DAY, **more),))


def test_the_same_twice() -> None:
    """Nothing is said of starts where both did."""
    told = result((take(), take()), take())

    assert (kinds(told), told.exit_code) == ({"good": "same", "bad": "same"}, 0)
    assert (told.troubles, told.remarks, told.unneeded) == ((), (), ())


def test_a_difference_is_exit_code_1() -> None:
    told = result((take(), take()), take(bad=OTHER))

    assert (kinds(told), told.exit_code) == ({"good": "same", "bad": "different"}, 1)


def test_a_reference_that_lets_nobody_in_proves_nothing() -> None:
    """All of its answers are 401, which is no answer of the script: exit code 2, and why."""
    refused = seen(answer(status="HTTP/1.1 401 Unauthorized"))

    told = result((take(refused, refused), take(refused, refused)), take())

    assert told.exit_code == 2
    assert told.troubles == ("azmlinfsrv 1.5.1 answers 401 to every request: it wants a key, or another one",)


def test_a_reference_that_was_asked_once_is_remarked() -> None:
    told = result((take(),), take())

    assert told.remarks == ("azmlinfsrv 1.5.1 was asked once: what varies by itself is not known",)


def test_facts_are_those_of_both() -> None:
    told = compare(
        CASES, Record("theirs", (take(),), {"python": "3.10"}), Record("ours", (take(),), {"python": "3.11"}), Rules()
    )

    assert told.facts == {"theirs.python": "3.10", "ours.python": "3.11"}


def test_an_unsteady_reference_is_exit_code_2() -> None:
    """The rest is compared."""
    told = result((take(), take(good=seen(answer(status="HTTP/1.1 503 Busy")))), take(bad=OTHER))

    assert (kinds(told), told.exit_code) == ({"good": "unsteady", "bad": "different"}, 2)
    assert told.verdicts[0].why == "status: HTTP/1.1 200 OK, and then HTTP/1.1 503 Busy"
    assert told.troubles == ()  # the case itself says so


def test_a_case_that_a_side_could_not_be_asked() -> None:
    told = result((take(), take()), Take({"good": FINE}, unasked={"bad": "its workers cannot be killed from here"}))

    assert (kinds(told), told.exit_code) == ({"good": "same", "bad": "unasked"}, 2)
    assert told.verdicts[1].why == "amlemu: its workers cannot be killed from here"


def test_neither_starts_and_both_say_the_same() -> None:
    """That is parity, too; no case can be asked."""
    told = result((Take(start=FAILED), Take(start=FAILED)), Take(start=FAILED))

    assert (kinds(told), told.exit_code) == ({"start": "same"}, 0)
    assert told.remarks == ("2 cases were not asked: azmlinfsrv 1.5.1 and amlemu did not start",)


def test_why_neither_starts_is_told() -> None:
    """The first exception of a chain, for the last one is the server's own."""
    raised = (
        "Traceback (most recent call last):",
        "ModuleNotFoundError: No module named 'torch'",
        "",
        "a.b.UserScriptError: x",
    )
    failed = replace(FAILED, out=raised)
    told = result((Take(start=failed), Take(start=failed)), Take(start=failed))

    assert told.remarks[0].endswith("did not start: ModuleNotFoundError: No module named 'torch'")


def test_a_reference_that_was_still_busy_is_a_trouble() -> None:
    """Two servers whose time was too short have nothing in common."""
    busy = End(None, err=("Booting worker with pid: 7",))
    told = result((Take(start=busy), Take(start=busy)), Take(start=busy))

    assert (told.exit_code, len(told.troubles)) == (2, 1)


def test_workers_that_die_again_and_again_on_both_sides_are_the_same() -> None:
    dying = End(None, err=("Booting worker with pid: 7",), is_trying=True)
    told = result((Take(start=dying), Take(start=dying)), Take(start=dying))

    assert (told.exit_code, told.troubles) == (0, ())


@pytest.mark.parametrize(
    ("ours", "difference"),
    [
        pytest.param(replace(FAILED, exit_code=1), ("start.exit code", "3", "1"), id="exit-code"),
        pytest.param(
            replace(FAILED, err=("Reason: none.",)),
            ("start.stderr", "Reason: Worker failed to boot.", "Reason: none."),
            id="log-line",
        ),
    ],
)
def test_neither_starts_and_they_differ(ours: End, difference: tuple[str, str, str]) -> None:
    told = result((Take(start=FAILED), Take(start=FAILED)), Take(start=ours))

    assert [(one.path, one.theirs, one.ours) for one in told.verdicts[0].differences] == [difference]
    assert (kinds(told), told.exit_code) == ({"start": "different"}, 1)


def test_ours_alone_does_not_start() -> None:
    told = result((take(), take()), Take(start=FAILED))

    assert (kinds(told), told.exit_code) == ({"start": "different"}, 1)
    assert told.verdicts[0].differences == (Difference("start", "(started)", "ended with exit code 3", 22),)


def test_the_reference_alone_does_not_start() -> None:
    """A difference, and nothing was compared."""
    told = result((Take(start=FAILED), Take(start=FAILED)), take())

    assert (kinds(told), told.exit_code) == ({"start": "different"}, 2)
    assert told.troubles == ("azmlinfsrv 1.5.1 did not start: it ended with exit code 3; amlemu did",)


def test_a_reference_that_starts_now_and_then_is_unsteady() -> None:
    told = result((take(), Take(start=FAILED)), take())

    assert (kinds(told), told.exit_code) == ({"start": "unsteady", "good": "same", "bad": "same"}, 2)


def test_a_reference_that_dies_where_ours_does_not() -> None:
    """The rest is compared."""
    dead = Seen(FINE.answers, end=End(-9))

    told = result((take(good=dead), take(good=dead)), take())

    assert (kinds(told), told.exit_code) == ({"good": "different", "bad": "same"}, 2)
    assert told.troubles == ("azmlinfsrv 1.5.1 ended with exit code -9 in the case 'good'; amlemu did not",)


def test_what_others_have_compared_falls_under_the_same_rules() -> None:
    around = Verdict("surroundings", "different", (Difference("variables.PATH", "/a", "/b", 1),))

    bare = result((take(), take()), take(), also=(around,))
    ruled = result((take(), take()), take(), exemption("surroundings", "variables.*"), also=(around,))

    assert (kinds(bare)["surroundings"], bare.exit_code) == ("different", 1)
    assert (kinds(ruled)["surroundings"], ruled.exit_code, ruled.unneeded) == ("exempt", 0, ())


def test_an_exemption_that_covers_nothing_fails() -> None:
    """It names what, since when, and the file."""
    told = result((take(), take()), take(), exemption(where="parity.toml:3"))

    assert told.unneeded == (
        "parity.toml:3: case 'good', path 'headers.Server', since 2026-11-22: covers nothing any more",
    )
    assert told.exit_code == 1


def test_a_pattern_that_covers_nothing_fails_where_all_was_asked() -> None:
    assert len(result((take(), take()), take(), exemption("*")).unneeded) == 1


def test_an_exemption_that_covers_a_difference_is_needed() -> None:
    told = result((take(), take()), take(good=OTHER), exemption())

    assert (kinds(told)["good"], told.unneeded, told.exit_code) == ("exempt", (), 0)


@pytest.mark.parametrize(
    ("rules", "more"),
    [
        pytest.param(exemption("another case"), {}, id="case-not-asked"),
        pytest.param(exemption(against="container*"), {}, id="another-reference"),
        pytest.param(exemption("*"), {"is_selection": True}, id="a-pattern-where-only-some-were-asked"),
    ],
)
def test_an_exemption_of_what_was_not_asked_is_not_judged(rules: Rules, more: dict[str, Any]) -> None:
    assert result((take(), take()), take(), rules, **more).unneeded == ()


def test_an_exemption_of_what_varies_is_needed() -> None:
    """It may be that the next two takes are equal by chance."""
    told = result((take(), take(good=OTHER)), take(), exemption())

    assert (kinds(told)["good"], told.unneeded) == ("same", ())


def test_an_exemption_of_a_start_is_not_needed_once_both_start() -> None:
    told = result((take(), take()), take(), exemption("start", "start.stderr"))

    assert [line[:12] for line in told.unneeded] == ["case 'start'"]


def test_a_case_needs_no_rules_and_no_answer_to_be_named() -> None:
    """Verdicts are in the order of the cases, and say where they come from."""
    case = Case("third", "cases/third.json:4", GOOD.requests)

    told = compare((case,), Record("theirs", (Take(),)), Record("ours", (Take(),)), Rules())

    assert told.verdicts == (
        Verdict("third", "unasked", why="theirs: it could not be asked", source="cases/third.json:4"),
    )
