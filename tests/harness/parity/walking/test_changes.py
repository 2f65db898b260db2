"""What a walk does to requests, one change at a time."""

from __future__ import annotations

import pytest
from amlemu_harness.parity.case import post
from amlemu_harness.parity.walking import changes
from amlemu_harness.parity.walking.changes import Change, made
from amlemu_harness.parity.walking.draft import Framing
from amlemu_harness.parity.wire import Sent

JSON = post(b'{"a": [1, {"b": 2}]}')


def written(body: bytes, *lines: str, first: str = "POST /score HTTP/1.1") -> bytes:
    head = [first, "Host: localhost", *(lines or ("Content-Type: application/json",)), f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("change", "body"),
    [
        pytest.param(changes.body(b"x"), b"x", id="another"),
        pytest.param(changes.cut(3), b'{"a', id="cut"),
        pytest.param(changes.flipped(0, 1), b'y"a": [1, {"b": 2}]}', id="a-bit"),
        pytest.param(changes.json_value(0, "NaN"), b"NaN", id="the-whole"),
        pytest.param(changes.json_value(2, "1e999"), b'{"a": [1e999, {"b": 2}]}', id="a-number"),
        pytest.param(changes.json_value(4, ""), b'{"a": [1, {"b": }]}', id="no-json"),
        pytest.param(changes.json_key(0, "a", "0"), b'{"a": [1, {"b": 2}], "a": 0}', id="a-key-twice"),
        pytest.param(changes.json_key(1, "a", "null"), b'{"a": [1, {"b": 2}, null]}', id="an-element"),
        pytest.param(changes.json_dropped(4), b'{"a": [1, {}]}', id="a-member-less"),
        pytest.param(changes.json_dropped(2), b'{"a": [{"b": 2}]}', id="an-element-less"),
        pytest.param(changes.json_dropped(0), b'{"a": [1, {"b": 2}]}', id="the-whole-stays"),
        pytest.param(changes.json_deeper(3, 2), b'{"a": [1, [[{"b": 2}]]]}', id="deeper"),
    ],
)
def test_a_body_is_changed_in_one_place(change: Change, body: bytes) -> None:
    """JSON changes at any depth; the length follows."""
    assert made(JSON, [change]).raw == written(body)


def test_what_is_no_json_stays_where_json_was_to_change() -> None:
    """A change that does not fit is none."""
    sent = post(b"{")

    assert made(sent, [changes.json_value(0, "1"), changes.json_key(0, "a", "1"), changes.json_dropped(0)]) == sent


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        pytest.param(changes.header("X-A", "b"), ("Content-Type: application/json", "X-A: b"), id="one-more"),
        pytest.param(changes.line("nonsense", 1), ("nonsense", "Content-Type: application/json"), id="no-header"),
        pytest.param(changes.content_type("a/b"), ("Content-Type: a/b",), id="another-type"),
        pytest.param(changes.repeated(1), ("Content-Type: application/json",) * 2, id="twice"),
        pytest.param(changes.spelled(1, str.upper), ("CONTENT-TYPE: application/json",), id="another-spelling"),
        pytest.param(changes.many_headers(2), ("Content-Type: application/json", "X-0: a", "X-1: a"), id="many"),
    ],
)
def test_a_head_is_changed_in_one_line(change: Change, lines: tuple[str, ...]) -> None:
    """The other lines stay, and so does the body."""
    assert made(post(b"x"), [change]).raw == written(b"x", *lines)


@pytest.mark.parametrize(
    ("change", "first"),
    [
        pytest.param(changes.method("FOO"), "FOO /score HTTP/1.1", id="method"),
        pytest.param(changes.target("//score"), "POST //score HTTP/1.1", id="target"),
        pytest.param(changes.query("a=1"), "POST /score?a=1 HTTP/1.1", id="query"),
        pytest.param(changes.encoded(1), "POST /%73core HTTP/1.1", id="a-letter-encoded"),
        pytest.param(changes.version("HTTP/1.0"), "POST /score HTTP/1.0", id="version"),
    ],
)
def test_the_first_line_is_changed_in_one_part(change: Change, first: str) -> None:
    """Method, target and version are independent of each other."""
    assert made(post(b"x"), [change]).raw == written(b"x", first=first)


def test_changes_add_up() -> None:
    """One after the other, also those of the framing."""
    some = [changes.dropped(0), changes.query("a"), changes.query("b"), changes.framing(Framing("chunked"))]

    assert made(post(b"x", ()), some) == Sent(
        b"POST /score?a&b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
    )


def test_a_request_that_nobody_can_take_apart_stays() -> None:
    """It is asked as it is, whatever was to change."""
    odd = Sent(b"\x00\x01", half_close=True)

    assert made(odd, [changes.method("PUT")]) == odd
