"""A file that is a body."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu_harness.parity.cases.bodies import content_type, plain


@pytest.mark.parametrize(
    ("name", "body", "kind"),
    [
        ("a.json", b"{", "application/json"),
        ("a.CSV", b"1,2", "text/csv"),
        ("a.png", b"\x89", "image/png"),
        ("a.jpeg", b"\xff", "image/jpeg"),
        ("a.txt", b"{}", "text/plain"),
        ("a.what", b"{}", "application/octet-stream"),
        ("a", b"\xef\xbb\xbf{}", "application/json"),
        ("a", b"\xff", "application/octet-stream"),
    ],
)
def test_its_type_is_what_its_name_says(name, body, kind):
    assert content_type(Path(name), body) == kind


def test_it_is_sent_as_it_is():
    case = plain(Path("/x/sample-request.png"), b"\x89\r\n\0")

    assert case.requests[0].raw == (
        b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 4\r\n\r\n\x89\r\n\0"
    )
    assert (case.name, case.source) == ("sample-request.png", "/x/sample-request.png")
