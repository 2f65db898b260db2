"""One case of two sides: each kind of difference under its path, what varies by itself, what is allowed."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest
from amlemu_harness.parity.case import Case, post, request
from amlemu_harness.parity.judging.judge import judge
from amlemu_harness.parity.judging.rules import Exemption, Rules, Tolerance
from amlemu_harness.parity.record import End, Seen
from amlemu_harness.parity.verdict import Verdict
from amlemu_harness.parity.wire import Received
from hypothesis import given, settings
from hypothesis import strategies as st

from ..answered import GOOD, ID, OTHER_ID, SERVED, THIRD_ID, answer, seen, streamed

NO_RULES = Rules()
TOLERANT = Rules(tolerances=(Tolerance("body.score[*]", relative=1e-6),))
DAY = dt.date(2026, 11, 22)


def judged(theirs: Received, ours: Received, rules: Rules = NO_RULES, again: Received | None = None) -> Verdict:
    return judge(GOOD, seen(theirs), None if again is None else seen(again), seen(ours), rules)


def told(verdict: Verdict) -> list[tuple[str, str, str]]:
    return [(one.path, one.theirs, one.ours) for one in verdict.differences]


def with_headers(*headers: tuple[str, str]) -> Received:
    return answer(headers=(*SERVED, *headers))


def with_ids(first: str, second: str, third: str) -> Received:
    return answer(json.dumps({"id": second, "again": third}).encode(), headers=(*SERVED, ("x-ms-request-id", first)))


AS_WRITTEN = "the same JSON, written otherwise: "
PLANTED = [
    pytest.param(
        answer(),
        answer(status="HTTP/1.1 500 Internal Server Error"),
        [("status", "HTTP/1.1 200 OK", "HTTP/1.1 500 Internal Server Error")],
        id="status",
    ),
    pytest.param(
        answer(),
        answer(status="HTTP/1.1 200 Fine"),
        [("status", "HTTP/1.1 200 OK", "HTTP/1.1 200 Fine")],
        id="phrase",
    ),
    pytest.param(
        answer(),
        answer(status="HTTP/1.0 200 OK"),
        [("status", "HTTP/1.1 200 OK", "HTTP/1.0 200 OK")],
        id="http-version",
    ),
    pytest.param(answer(), Received(), [("status", "HTTP/1.1 200 OK", "(closed without an answer)")], id="no-answer"),
    pytest.param(
        answer(),
        Received(is_closed=False),
        [("status", "HTTP/1.1 200 OK", "(no answer, and not closed)")],
        id="no-answer-in-time",
    ),
    pytest.param(
        Received(wire_body=b"SSH-2.0"), Received(wire_body=b"SSH-1.0"), [("body", "SSH-2.0", "SSH-1.0")], id="no-http"
    ),
    pytest.param(
        with_headers(("x-ms-server-version", "azmlinfsrv/1.5.1")),
        answer(),
        [("headers", "x-ms-server-version", "(none)")],
        id="header-missing",
    ),
    pytest.param(answer(), with_headers(("X-Ours", "1")), [("headers", "(none)", "X-Ours")], id="header-added"),
    pytest.param(
        answer(headers=(SERVED[1], SERVED[0], SERVED[2])),
        answer(headers=SERVED[:3]),
        [("headers", "Date, Server", "Server, Date")],
        id="header-moved",
    ),
    pytest.param(
        answer(headers=(*SERVED[1:], ("server", "gunicorn"))),
        answer(headers=(*SERVED[1:], ("Server", "gunicorn"))),
        [("headers", "server", "Server")],
        id="header-spelled",
    ),
    pytest.param(
        answer(),
        answer(headers=(("Server", "uvicorn"), *SERVED[1:])),
        [("headers.Server", "gunicorn", "uvicorn")],
        id="header-value",
    ),
    pytest.param(
        with_headers(("Vary", "Accept"), ("Vary", "Origin")),
        with_headers(("Vary", "Accept"), ("Vary", "Cookie")),
        [("headers.Vary[1]", "Origin", "Cookie")],
        id="second-header-of-a-name",
    ),
    pytest.param(
        answer(headers=(("Date", "Sun, 22 Nov 2026 12:43:27 GMT"),)),
        answer(headers=(("Date", "2026-11-22"),)),
        [("headers.Date", "<date>", "2026-11-22")],
        id="no-well-formed-date",
    ),
    pytest.param(
        with_headers(("x-ms-run-fn-exec-ms", "1.234")),
        with_headers(("x-ms-run-fn-exec-ms", "1")),
        [("headers.x-ms-run-fn-exec-ms", "<ms>", "1")],
        id="no-well-formed-duration",
    ),
    pytest.param(
        answer(),
        replace(answer(), headers=(*SERVED, ("Content-Length", "9"))),
        [("headers.Content-Length", "<length>", "9")],
        id="length-of-another-body",
    ),
    pytest.param(
        with_ids(ID, ID, OTHER_ID),
        with_ids(THIRD_ID, OTHER_ID, OTHER_ID),
        [("body.id", '"<id 1>"', '"<id 2>"')],
        id="ids-that-are-equal-on-one-side",
    ),
    pytest.param(
        answer(b'{"a": {"b c": [1, 2]}}'),
        answer(b'{"a": {"b c": [1, 3]}}'),
        [('body.a["b c"][1]', "2", "3")],
        id="json-value",
    ),
    pytest.param(
        answer(b"[1, true]"), answer(b"[1.0, 1]"), [("body[0]", "1", "1.0"), ("body[1]", "true", "1")], id="json-type"
    ),
    pytest.param(answer(b"[NaN, 0.0]"), answer(b"[NaN, -0.0]"), [("body[1]", "0.0", "-0.0")], id="not-a-number"),
    pytest.param(answer(b'{"a": 1, "b": 2}'), answer(b'{"a": 1}'), [("body.b", "2", "(none)")], id="json-key"),
    pytest.param(answer(b'{"a": [1, 2]}'), answer(b'{"a": [1]}'), [("body.a", "[1, 2]", "[1]")], id="json-length"),
    pytest.param(
        answer(b'{"a": 1, "a": 2}'), answer(b'{"a": 1, "a": 3}'), [("body.a#2", "2", "3")], id="json-key-given-twice"
    ),
    pytest.param(
        answer(b'{"a": 1}'),
        answer(b'{"a":1}'),
        [("body", f'{AS_WRITTEN}{{"a": 1}}', f'{AS_WRITTEN}{{"a":1}}')],
        id="json-spacing",
    ),
    pytest.param(
        answer(b'{"a": 1, "b": 2}'),
        answer(b'{"b": 2, "a": 1}'),
        [("body", f'{AS_WRITTEN}{{"a": 1, "b": 2}}', f'{AS_WRITTEN}{{"b": 2, "a": 1}}')],
        id="json-order",
    ),
    pytest.param(
        answer(b'"\\u00e9"'),
        answer('"é"'.encode()),
        [("body", f'{AS_WRITTEN}"\\u00e9"', f'{AS_WRITTEN}"é"')],
        id="json-escapes",
    ),
    pytest.param(
        answer(b'"{\\"a\\": [1, 2]}"'), answer(b'"{\\"a\\": [1, 3]}"'), [("body.a[1]", "2", "3")], id="json-in-json"
    ),
    pytest.param(answer(b"one\ntwo\n"), answer(b"one\ntoo\n"), [("body", "line 2: two\n", "line 2: too\n")], id="line"),
    pytest.param(answer(b"one"), answer(b"one\n"), [("body", "one", "one\n")], id="line-end"),
    pytest.param(
        answer(b"\x89PNG\x00\x01\x02"),
        answer(b"\x89PNG\x00\x01\x03"),
        [("body", "byte 6 of 7: ... 4e 47 00 01 02", "byte 6 of 7: ... 4e 47 00 01 03")],
        id="bytes",
    ),
    pytest.param(streamed(b"one", b"two"), streamed(b"onetwo"), [("pieces", "3 + 3 bytes", "6 bytes")], id="pieces"),
    pytest.param(
        streamed(b"one"),
        replace(streamed(b"one"), wire_body=b"03\r\none\r\n0\r\n\r\n"),
        [("pieces", "3 0\r\n\r\n", "03 0\r\n\r\n")],
        id="pieces-framed-otherwise",
    ),
    pytest.param(
        streamed(b"a", b"b", b"c", at_s=(0.0, 0.1, 0.2)),
        streamed(b"a", b"b", b"c", at_s=(0.2, 0.2, 0.2)),
        [("arrival", "pieces 1 | 2 | 3 end", "pieces 1 2 3 end")],
        id="arrival",
    ),
    pytest.param(
        answer(), replace(answer(), is_complete=False), [("complete", "to its end", "cut off")], id="cut-answer"
    ),
    pytest.param(
        answer(), replace(answer(), is_closed=False), [("connection", "closed", "kept")], id="kept-connection"
    ),
    pytest.param(
        replace(answer(), interim=("HTTP/1.1 100 Continue",)),
        answer(),
        [("interim", "HTTP/1.1 100 Continue", "(none)")],
        id="interim",
    ),
]


@pytest.mark.parametrize(("theirs", "ours", "differences"), PLANTED)
def test_each_kind_of_difference_has_its_path(
    theirs: Received, ours: Received, differences: list[tuple[str, str, str]]
) -> None:
    """One planted difference is found as one, and both sides are shown."""
    verdict = judged(theirs, ours)

    assert (verdict.kind, told(verdict)) == ("different", differences)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        pytest.param(with_ids(ID, ID, OTHER_ID), with_ids(THIRD_ID, THIRD_ID, ID), id="ids"),
        pytest.param(
            answer(), answer(headers=(SERVED[0], ("Date", "Mon, 23 Nov 2026 00:00:00 GMT"), *SERVED[2:])), id="date"
        ),
        pytest.param(
            with_headers(("x-ms-run-fn-exec-ms", "1.234")),
            with_headers(("x-ms-run-fn-exec-ms", "56.000")),
            id="duration",
        ),
        pytest.param(with_headers(("Allow", "POST, GET")), with_headers(("Allow", "GET, POST")), id="allow"),
        pytest.param(
            with_headers(("Location", "http://127.0.0.1:5001/score/")),
            with_headers(("Location", "http://localhost:43099/score/")),
            id="address",
        ),
        pytest.param(Received(), Received(), id="neither-answers"),
        pytest.param(
            streamed(b"a", b"b", at_s=(0.0, 0.06)),
            streamed(b"a", b"b", at_s=(0.0, 0.04)),
            id="a-pause-of-a-busy-machine",
        ),
    ],
)
def test_what_differs_by_nature_is_the_same(theirs: Received, ours: Received) -> None:
    verdict = judged(theirs, ours)

    assert (verdict.kind, verdict.differences) == ("same", ())


def test_ids_are_told_apart_over_all_answers_of_a_case() -> None:
    """An id that comes again in the second answer has to do so on the other side, too."""
    case = Case("twice", "made here", (post(b"1"), post(b"2")))
    one, other = (answer(json.dumps({"id": text}).encode()) for text in (ID, OTHER_ID))

    verdict = judge(case, seen(one, one), None, seen(one, other), NO_RULES)

    assert told(verdict) == [("2.body.id", '"<id 1>"', '"<id 2>"')]


def test_a_missing_header_does_not_shift_the_ids_after_it() -> None:
    theirs = with_headers(("x-request-id", ID), ("x-ms-request-id", OTHER_ID))
    ours = with_headers(("x-ms-request-id", THIRD_ID))

    assert told(judged(theirs, ours)) == [("headers", "x-request-id", "(none)")]


def test_an_id_that_the_client_has_sent_stays_as_it_is() -> None:
    """A server that answers with one of its own has not passed it on."""
    case = Case("id", "made here", (request("POST", "/score", [("x-ms-request-id", ID)], b"1"),))
    theirs, ours = with_headers(("x-ms-request-id", ID)), with_headers(("x-ms-request-id", OTHER_ID))

    verdict = judge(case, seen(theirs), None, seen(ours), NO_RULES)

    assert told(verdict) == [("headers.x-ms-request-id", ID, "<id 1>")]


def test_an_id_that_the_reference_says_each_time_is_no_generated_one() -> None:
    """Its model's version, perhaps: it is compared as it is."""
    theirs, ours = (answer(json.dumps({"model": text}).encode()) for text in (ID, OTHER_ID))

    assert told(judged(theirs, ours, again=theirs)) == [("body.model", f'"{ID}"', '"<id 1>"')]


def scores(*values: float) -> Received:
    return answer(json.dumps({"score": values}).encode())


def test_a_number_inside_its_tolerance_is_the_same() -> None:
    assert judged(scores(1.0, 2), scores(1.0000009, 2), TOLERANT).kind == "same"


def test_a_whole_number_is_not_near_one_with_a_point() -> None:
    """A client that reads whole numbers refuses the other, however small the difference is."""
    assert told(judged(scores(2), scores(2.0), TOLERANT)) == [("body.score[0]", "2", "2.0")]


def test_a_number_outside_its_tolerance_differs() -> None:
    assert told(judged(scores(1.0, 2.0), scores(1.0000011, 2.0), TOLERANT)) == [("body.score[0]", "1.0", "1.0000011")]


def test_differences_come_smallest_first() -> None:
    """By how many characters differ, then by how deep they are."""
    theirs = answer(b'{"long": "abcdef", "a": {"b": 1}, "c": 1}')
    ours = answer(b'{"long": "axxxxf", "a": {"b": 2}, "c": 2}', status="HTTP/1.1 299 OK")

    verdict = judged(theirs, ours)

    assert [(one.path, one.size) for one in verdict.differences] == [
        ("body.c", 1),
        ("body.a.b", 1),
        ("status", 2),
        ("body.long", 4),
    ]


def test_what_the_reference_says_otherwise_each_time_is_passed_by() -> None:
    """A value only there: its neighbours are compared, and so is how the whole is written."""
    theirs, again = answer(b'{"at": 171, "x": {"y": 1}, "z": 1}'), answer(b'{"at": 1724, "x": {"y": 2}, "z": 1}')

    same = judged(theirs, answer(b'{"at": 9, "x": {"y": 3}, "z": 1}'), again=again)
    other = judged(theirs, answer(b'{"at": 9, "x": {"y": 3}, "z": 2}'), again=again)
    otherwise = judged(theirs, answer(b'{"at": 9, "x": {"y":3}, "z": 1}'), again=again)

    assert (same.kind, same.varies) == ("same", ("body.at", "body.x.y"))
    assert told(other) == [("body.z", "1", "2")]
    assert [one.path for one in otherwise.differences] == ["body"]


def test_keys_that_come_and_go_vary_with_the_object_around_them() -> None:
    """And with all that is below it; the object's neighbours are compared."""
    theirs, again = answer(b'{"seen": {"a": 1}, "n": [1]}'), answer(b'{"seen": {"b": 1}, "n": [1]}')

    verdict = judged(theirs, answer(b'{"seen": {"a": 2, "c": 1}, "n": [2]}'), again=again)

    assert (told(verdict), verdict.varies) == ([("body.n[0]", "1", "2")], ("body.seen",))


def test_a_text_varies_line_by_line() -> None:
    theirs, again = answer(b"at 12:01\nfine\n"), answer(b"at 12:02\nfine\n")

    assert judged(theirs, answer(b"at 12:03\nfine\n"), again=again).varies == ("body, line 1",)
    assert told(judged(theirs, answer(b"at 12:03\nbad\n"), again=again)) == [
        ("body", "line 2: fine\n", "line 2: bad\n")
    ]


def test_a_text_with_more_lines_each_time_varies_as_a_whole() -> None:
    verdict = judged(answer(b"a\nb"), answer(b"c"), again=answer(b"a\nb\nc"))

    assert (verdict.kind, verdict.varies) == ("same", ("body",))


def test_arrival_that_the_reference_does_not_repeat_varies() -> None:
    parted, together = streamed(b"a", b"b", at_s=(0.0, 0.1)), streamed(b"a", b"b")

    verdict = judged(parted, together, again=together)

    assert (verdict.kind, verdict.varies) == ("same", ("arrival",))


@pytest.mark.parametrize(
    ("again", "path"),
    [
        pytest.param(answer(status="HTTP/1.1 502 Bad Gateway"), "status", id="status"),
        pytest.param(with_headers(("X", "1")), "headers", id="headers"),
        pytest.param(Received(), "status", id="no-answer"),
        pytest.param(replace(answer(), is_complete=False), "complete", id="cut"),
    ],
)
def test_a_reference_that_differs_from_itself_is_unsteady(again: Received, path: str) -> None:
    """Whatever ours did: there is nothing to compare with."""
    verdict = judged(answer(), answer(b"other"), again=again)

    assert (verdict.kind, verdict.differences) == ("unsteady", ())
    assert verdict.why.startswith(f"{path}: ")


def together(*bodies: bytes) -> Seen:
    return seen(*(answer(body) for body in bodies))


def test_answers_to_requests_sent_together_come_in_any_order() -> None:
    case = replace(GOOD, together=3)

    same = judge(case, together(b"1", b"2", b"3"), None, together(b"3", b"1", b"2"), NO_RULES)
    other = judge(case, together(b"1", b"2", b"3"), None, together(b"3", b"3", b"2"), NO_RULES)
    none = judge(case, together(b"1", b"1", b"1"), None, together(b"2", b"2", b"2"), NO_RULES)

    assert same.kind == "same"
    assert told(other) == [("body", "1", "3")]
    assert told(none) == [("body", "1", "2")]  # which of them it is has no number


def test_what_varies_in_one_of_them_varies_in_all() -> None:
    """For nobody knows which one is which."""
    case = replace(GOOD, together=2)

    verdict = judge(
        case, together(b"[1, 0]", b"[2, 0]"), together(b"[1, 0]", b"[3, 0]"), together(b"[7, 0]", b"[8, 0]"), NO_RULES
    )

    assert (verdict.kind, verdict.varies) == ("same", ("body[0]",))


def test_an_answer_that_is_missing_is_a_difference() -> None:
    """It says why there is none."""
    verdict = judge(GOOD, seen(answer()), None, Seen(trouble="nobody answers: Connection refused"), NO_RULES)

    assert told(verdict) == [("status", "HTTP/1.1 200 OK", "(nobody answers: Connection refused)")]


def test_a_reference_that_nobody_reaches_could_not_be_asked() -> None:
    verdict = judge(GOOD, Seen(trouble="nobody answers"), None, seen(answer()), NO_RULES)

    assert (verdict.kind, verdict.why) == ("unasked", "nobody answers")


@pytest.mark.parametrize(
    ("theirs", "ours", "difference"),
    [
        pytest.param(End(3), None, ("end", "ended with exit code 3", "(goes on)"), id="one-goes-on"),
        pytest.param(End(3), End(-9), ("end.exit code", "3", "-9"), id="exit-code"),
        pytest.param(
            End(3, err=("Out of memory",)), End(3, err=("Bye",)), ("end.stderr", "Out of memory", "Bye"), id="log-line"
        ),
    ],
)
def test_a_server_that_ends_in_the_middle(theirs: End, ours: End | None, difference: tuple[str, str, str]) -> None:
    verdict = judge(GOOD, Seen((Received(),), end=theirs), None, Seen((Received(),), end=ours), NO_RULES)

    assert told(verdict) == [difference]


def test_a_difference_that_somebody_has_explained_is_exempt() -> None:
    """It is still told; one beside it is not excused."""
    rules = Rules((Exemption("go*", "headers.Server", "another server", DAY),))
    ours = answer(headers=(("Server", "uvicorn"), *SERVED[1:]))

    exempt = judged(answer(), ours, rules)
    different = judged(answer(), replace(ours, is_closed=False), rules)

    assert (exempt.kind, exempt.differences[0].reason) == ("exempt", "another server")
    assert (different.kind, {one.reason for one in different.differences}) == ("different", {"", "another server"})


TEXTS = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
BODIES = (
    st.binary(max_size=40) | DOCUMENTS.map(lambda one: json.dumps(one).encode()) | st.text(max_size=30).map(str.encode)
)


@st.composite
def answers(draw: Any) -> Received:
    """Any answer, whole or in pieces."""
    names = draw(st.lists(st.text("abXY-", min_size=1, max_size=4), max_size=4))
    headers = tuple((name, draw(TEXTS)) for name in names)
    if draw(st.booleans()):
        pieces = draw(st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=4))
        one = streamed(
            *pieces, at_s=tuple(sorted(draw(st.floats(0, 1)) for _ in pieces)), is_complete=draw(st.booleans())
        )
        return replace(one, headers=headers)
    body = draw(BODIES)
    one = answer(body, status=f"HTTP/1.1 {draw(st.integers(200, 599))} {draw(TEXTS)}".rstrip(), headers=headers)
    return replace(one, is_complete=draw(st.booleans()), is_closed=draw(st.booleans()))


CHANGES = {
    "status": lambda one: replace(one, status=f"{one.status}!"),
    "headers": lambda one: replace(one, headers=(*one.headers, ("Added", ""))),
    "headers.Last": lambda one: replace(one, headers=(*one.headers[:-1], ("Last", "other"))),
    "body": lambda one: replace(one, body=one.body + b"!", wire_body=one.wire_body + b"!"),
    "complete": lambda one: replace(one, is_complete=not one.is_complete),
    "connection": lambda one: replace(one, is_closed=not one.is_closed),
    "interim": lambda one: replace(one, interim=("HTTP/1.1 100 Continue",)),
}


@given(one=answers())
@settings(deadline=None)
def test_any_answer_is_the_same_as_itself(one: Received) -> None:
    verdict = judge(GOOD, seen(one), seen(one), seen(one), NO_RULES)

    assert (verdict.kind, verdict.differences, verdict.varies) == ("same", (), ())


@given(one=answers(), part=st.sampled_from(sorted(CHANGES)))
@settings(max_examples=200, deadline=None)  # the machine has more to do
def test_any_single_change_is_found_where_it_is(one: Received, part: str) -> None:
    """And nowhere else."""
    one = replace(one, headers=(*one.headers, ("Last", "as it was")))

    verdict = judged(one, CHANGES[part](one))

    assert (verdict.kind, [difference.path for difference in verdict.differences]) == ("different", [part])


@given(document=DOCUMENTS, data=st.data())
@settings(max_examples=200, deadline=None)  # the machine has more to do
def test_any_value_that_is_exchanged_is_found_at_its_path(document: Any, data: st.DataObject) -> None:
    """One leaf of any document is made another one: its path is named, and no other."""
    leaves = list(leaves_of(document, "body"))
    path, value = data.draw(st.sampled_from(leaves))
    changed = json.dumps(with_leaf(document, "body", path)).encode()

    verdict = judged(answer(json.dumps(document).encode()), answer(changed))

    assert [(one.path, one.ours) for one in verdict.differences] == [(path, '"another value"')], value


def below(value: Any, path: str) -> list[tuple[Any, Any, str]]:
    if isinstance(value, list):
        return [(place, one, f"{path}[{place}]") for place, one in enumerate(value)]
    steps = (
        (key, one, f".{key}" if key.isidentifier() else f"[{json.dumps(key, ensure_ascii=False)}]")
        for key, one in value.items()
    )
    return [(key, one, path + step) for key, one, step in steps]


def leaves_of(value: Any, path: str) -> Any:
    if isinstance(value, (list, dict)) and value:
        for _, one, where in below(value, path):
            yield from leaves_of(one, where)
    else:
        yield path, value


def with_leaf(value: Any, path: str, wanted: str) -> Any:
    if path == wanted:
        return "another value"
    if not isinstance(value, (list, dict)):
        return value
    pairs = [(key, with_leaf(one, where, wanted)) for key, one, where in below(value, path)]
    return [one for _, one in pairs] if isinstance(value, list) else dict(pairs)


@pytest.mark.parametrize(
    ("again", "ours", "kind", "varies"),
    [
        pytest.param(b'{"t": 2.5}', b'{"t": 9}', "same", ("body.t",), id="a-number-as-well"),
        pytest.param(b'{"t": 2.5}', b'{"t": null}', "different", ("body.t",), id="none"),
        pytest.param(b'{"t": 2.5}', b"{}", "different", ("body.t",), id="not-there"),
        pytest.param(b'{"t": null}', b'{"t": "x"}', "same", ("body.t (kind)",), id="of-any-kind-each-time"),
    ],
)
def test_a_value_that_varies_is_there_and_of_its_kind(
    again: bytes, ours: bytes, kind: str, varies: tuple[str, ...]
) -> None:
    """That a time is another one each time does not make an answer without it the same."""
    verdict = judged(answer(b'{"t": 1.5}'), answer(ours), again=answer(again))

    assert (verdict.kind, verdict.varies) == (kind, varies)


def test_a_whole_body_that_varies_stays_what_it_is() -> None:
    verdict = judged(answer(b'"a"'), answer(b'{"error": 1}'), again=answer(b'"b"'))

    assert told(verdict) == [("body (kind)", '"a"', '{"error": 1}')]
