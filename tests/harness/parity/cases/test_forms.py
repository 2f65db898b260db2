"""A form with parts, byte for byte."""

from __future__ import annotations

from amlemu_harness.parity.cases.forms import Part, multipart


def test_a_form_is_written():
    body = multipart([Part("a", b"1"), Part("é", b"\xff", 'n".x', "a/b")], "B")

    assert body.split(b"\r\n") == [
        b"--B",
        b'Content-Disposition: form-data; name="a"',
        b"",
        b"1",
        b"--B",
        'Content-Disposition: form-data; name="é"; filename="n%22.x"'.encode(),
        b"Content-Type: a/b",
        b"",
        b"\xff",
        b"--B--",
        b"",
    ]


def test_two_runs_write_the_same():
    assert multipart([Part("a", b"1")]) == multipart([Part("a", b"1")])
