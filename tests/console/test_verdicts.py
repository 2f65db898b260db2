"""What the platform's probes would have made of a container, in words."""

from __future__ import annotations

import re

import pytest
from amlemu.console.verdicts import killed, ready, seconds, unready, waited, where
from amlemu.events import WouldBeKilled, WouldBeUnready
from amlemu.exchange import Frame
from amlemu.probes import ProbeRules
from hypothesis import given
from hypothesis import strategies as st

DEFAULTS = ProbeRules(10, 10, 2, 1, 30)  # contract 1.7
NONE = ProbeRules(10, 0, 2, 1, 30)
IN_LOAD_MODEL = (
    Frame("/usr/lib/python3.11/runpy.py", 1, "_run"),
    Frame("/app/score.py", 20, "init"),
    Frame("/app/score.py", 14, "load_model"),
    Frame("/usr/lib/python3.11/site-packages/joblib/memory.py", 300, "load"),
)


def test_ready_in_time():
    """Contract 6.4: 10 + 30 x 10 s are allowed."""
    assert ready(12.4, DEFAULTS) == "ready after 12.4 s; these probes allow 310 s"


def test_ready_where_nobody_probes():
    assert ready(0.4, NONE) == "ready after 0.4 s; nobody probes here"


@pytest.mark.parametrize(
    ("stack", "told"),
    [
        pytest.param(IN_LOAD_MODEL, "init() was still in load_model (score.py:14)", id="a-function-of-the-users"),
        pytest.param(IN_LOAD_MODEL[:2], "init() was still at score.py:20", id="init-itself"),
        pytest.param(
            (Frame("/app/score.py", 3, "<module>"),),
            "the script was being imported, and still at score.py:3",
            id="importing",
        ),
        pytest.param((), "init() had not returned", id="nobody-knows"),
    ],
)
def test_killed_while_it_was_booting(stack, told):
    event = WouldBeKilled(310, is_booting=True, stack=stack)

    assert killed(event, ["/app"]) == f"would have been killed at 310 s: {told}"
    assert waited(event, ["/app"]) == f"no answer within 310 s: {told}; nobody probes here, so it would wait on"


@pytest.mark.parametrize(
    ("stack", "place"), [(IN_LOAD_MODEL, ", it was in load_model (score.py:14)"), ((), "")], ids=["seen", "unseen"]
)
def test_killed_while_run_had_the_worker(stack, place):
    """Contract 3.6: the event's words."""
    event = WouldBeKilled(60.5, is_booting=False, stack=stack)

    assert killed(event, ["/app"]) == (
        f"would have been killed: the liveness probe has been missed for 60.5 s, because run() had the worker{place}"
        " (Container inference-server failed liveness probe, will be restarted)"
    )


@pytest.mark.parametrize(
    ("stack", "place"), [(IN_LOAD_MODEL, ", it was in load_model (score.py:14)"), ((), "")], ids=["seen", "unseen"]
)
def test_no_more_requests_while_run_has_the_worker(stack, place):
    """Contract 3.6: the event's name."""
    assert unready(WouldBeUnready(32, stack), ["/app"]) == (
        f"would have got no more requests: the readiness probe has been missed for 32.0 s, because run() had the worker{place}"
        " (ReadinessProbeFailed; Unready until it answers again)"
    )


def test_where_a_script_was():
    assert where(IN_LOAD_MODEL, ["/app"]) == "in load_model (score.py:14)"
    assert where([], ["/app"]) == ""


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (310.4, "310 s"),
        (1, "1.0 s"),
        (12.44, "12.4 s"),
        (0.25, "0.25 s"),
        (0.4, "0.4 s"),
        (0.0997, "100 ms"),
        (0.012, "12 ms"),
        (0.0034, "3.4 ms"),
        (0.0004, "0.4 ms"),
        (0.00002, "less than 0.1 ms"),
        (0, "less than 0.1 ms"),
    ],
)
def test_times_as_a_person_says_them(number, text):
    assert seconds(number) == text


@given(st.floats(0, 1e5))
def test_no_time_is_nothing_or_an_exponent(number):
    found = re.fullmatch(r"(?:less than )?([\d.]+) m?s", seconds(number))

    assert found is not None
    assert float(found[1]) > 0
