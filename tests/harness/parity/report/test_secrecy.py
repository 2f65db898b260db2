"""What proves who somebody is does not stay."""

from __future__ import annotations

import pytest
from amlemu_harness.parity.report.secrecy import (
    Secrets,
    dropped,
    is_secret_header,
    is_secret_variable,
    masked,
    shown_value,
    without_secrets,
)

RAW = b"POST / HTTP/1.1\r\nAuthorization: Bearer hush\r\nX: 1\r\ncookie:hush\r\n\thush\r\n\r\nCookie: body\r\n"


def test_headers_of_a_request():
    """One that goes over two lines goes whole; a body that looks like a header stays."""
    assert masked(RAW) == (
        b"POST / HTTP/1.1\r\nAuthorization: (not kept)\r\nX: 1\r\ncookie: (not kept)\r\n\r\nCookie: body\r\n"
    )
    assert dropped(RAW) == b"POST / HTTP/1.1\r\nX: 1\r\n\r\nCookie: body\r\n"


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\nbody", b"\xff\x00", b"GET / HTTP/1.1"]
)
def test_a_request_without_secrets_stays_as_it_is(raw):
    assert masked(raw) == raw
    assert dropped(raw) == raw


def test_a_name_is_kept():
    assert without_secrets((("Set-Cookie", "a=b"), ("Server", "x"))) == (("Set-Cookie", "(not kept)"), ("Server", "x"))
    assert is_secret_header("PROXY-Authorization")


@pytest.mark.parametrize(
    "name", ["API_KEY", "APIKEY", "DB_PASSWORD", "PGPASSWORD", "db_pwd", "AZURE_CLIENT_SECRET", "HF_TOKEN"]
)
def test_variables_that_look_secret(name):
    assert is_secret_variable(name)


@pytest.mark.parametrize(
    "name", ["PWD", "OLDPWD", "KEYBOARD", "TOKENIZERS_PARALLELISM", "PATH", "tokenizers", "MONKEY"]
)
def test_variables_that_do_not(name):
    assert not is_secret_variable(name)


def test_a_difference_in_a_secret_says_only_that_there_is_one():
    assert shown_value("2.headers.Set-Cookie[1]", "a") == "(not kept)"
    assert shown_value("variables.API_KEY", "a") == "(not kept)"
    assert shown_value("headers.Set-Cookie", "(none)") == "(none)"
    assert shown_value("body.API_KEY", "a") == "a"


@pytest.mark.parametrize(
    "spelled", ['a"b/c+é', r"a\"b/c+é", r"a\"b/c+\u00e9", "a%22b%2Fc%2B%C3%A9", "a%22b/c%2B%C3%A9"]
)
def test_a_text_is_found_however_it_is_spelled(spelled):
    """As JSON writes it, and a URL."""
    secrets = Secrets(['a"b/c+é', ""])

    assert secrets.out_of(f"<{spelled}>") == "<(not kept)>"
    assert secrets.out_of_bytes(f"<{spelled}>".encode()) == b"<(not kept)>"


def test_the_longest_is_taken_first():
    """A key that begins with another leaves no rest."""
    assert Secrets(["key", "key-and-more"]).out_of("key-and-more key") == "(not kept) (not kept)"


def test_plain_data_loses_secrets_and_what_is_called_one():
    told = {"variables": {"API_KEY": "1", "A": "hush"}, "path": ["/hush/x"], "n": 1}

    assert Secrets(["hush"]).out_of_plain(told) == {
        "variables": {"API_KEY": "(not kept)", "A": "(not kept)"},
        "path": ["/(not kept)/x"],
        "n": 1,
    }
