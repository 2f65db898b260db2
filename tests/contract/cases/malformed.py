"""Bytes that are hardly HTTP, as gunicorn 27 answers them: the end of section 4.8, and what was observed beyond."""

import re

from amlemu_harness.parity.wire import Sent

from ..answers import BAD_REQUEST, HEALTHY, NOTALLOWED, NOTHING, bare, full, gunicorn
from ..case import CHUNKED, Answer, Case, ask, get, post
from .ids import LONGER, TOO_LONG, refusal
from .routes import ECHO

ECHOED = full(b'["str", "abc"]')
ROOT = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
THREE_CHUNKED = b"3\r\nabc\r\n0\r\n\r\n"


def _bad(text: str) -> Answer:
    return gunicorn("400 Bad Request", "Bad Request", text.replace("'", "&#x27;"))


def _bad_line(line: str) -> Answer:
    return _bad(f"Invalid Request Line 'Invalid HTTP request line: '{line}''")


def _bad_header(name: str) -> Answer:
    return _bad(f"Invalid HTTP Header: '{name}'")


EXPECTATION_FAILED = gunicorn(
    "417 Expectation Failed", "Expectation Failed", "Unable to comply with expectation: &#x27;x&#x27;"
)


def _line(line: str) -> Sent:
    return Sent(f"{line}\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc".encode("latin-1"))


def _with(*headers: str) -> Sent:
    """Send a POST of three bytes with these header lines as they are."""
    return post(b"abc", *headers)


def _framed(*headers: str, body: bytes = b"abc") -> Sent:
    return ask("POST", "/score", *headers, body=body, has_length=False)


BAD_LINES = {
    "without-version": ("POST /score", "observed request line without version"),
    "method-only": ("GET", "observed request line without version"),
    "two-spaces": ("POST  /score HTTP/1.1", "4.8 Invalid Request Line"),
    "preface-of-http-2": ("PRI * HTTP/2.0", "observed bad HTTP versions"),
}

BAD_METHODS = {"lower-case": "post", "two-letters": "XY", "21-letters": "X" * 21, "no-token": "P(ST"}

BAD_VERSIONS = {
    "2.0": ("POST /score HTTP/2.0", "(2, 0)"),
    "0.9": ("POST /score HTTP/0.9", "(0, 9)"),
    "one-digit": ("POST /score HTTP/1", "'HTTP/1'"),
    "space-in-target": ("POST /sc ore HTTP/1.1", "'ore HTTP/1.1'"),
}

BAD_HOSTS = {"opened": "[::1", "closed": "::1]", "no-address": "[zz]"}

BAD_HEADERS = {
    "nul": ("X-A: a\0b", "X-A", "observed control characters in values"),
    "carriage-return": ("X-A: a\rb", "X-A", "observed control characters in values"),
    "delete": ("X-A: a\x7fb", "X-A", "observed control characters in values"),
    "no-colon": ("nonsense", "nonsense", "observed bad header names"),
    "no-name": (": a", ": a", "observed bad header names"),
    "second-host": ("Host: other", "HOST", "observed duplicate Host"),
    "second-length": ("Content-Length: 3", "CONTENT-LENGTH", "observed bad Content-Length"),
    "other-length": ("Content-Length: 4", "CONTENT-LENGTH", "observed bad Content-Length"),
    "chunked-and-length": (CHUNKED, "CONTENT-LENGTH", "observed bad Content-Length"),
    "identity": ("Transfer-Encoding: identity", "TRANSFER-ENCODING", "observed Transfer-Encoding combinations"),
}

BAD_NAMES = {"space-before-colon": "X-A ", "parenthesis": "X(A", "latin": "X-\xe4", "leading-space": " X-A"}

BAD_LENGTHS = {
    "list": "3, 3",
    "negative": "-3",
    "plus": "+3",
    "hexadecimal": "0x3",
    "empty": "",
    "words": "abc",
    "superscript": "\xb2",
    "of-4301-digits": "1" * 4301,
}

HUNDRED_FIELDS = tuple(f"X-{n}: a" for n in range(100))

FIRST_COMES = {
    "second-host": (("Host: other",), _bad_header("HOST")),
    "second-type": (("Content-Type: a/b", "Content-Type: a/b"), _bad_header("CONTENT-TYPE")),
    "expect": (("Expect: x",), EXPECTATION_FAILED),
    "schemes": (("X-Forwarded-Proto: https", "X-Forwarded-Ssl: off"), _bad("Contradictory scheme headers")),
}

THEN_COME = {"no-field": ("nonsense",), "bad-name": ("X-A : a",), "too-many": HUNDRED_FIELDS}

UNKNOWN_CODING = gunicorn("501 Bad Request", "Bad Request", "Unsupported transfer coding: &#x27;foo&#x27;")

OLD = re.compile(r"^HTTP/1\.1")


def _version(answer: Answer, version: str) -> Answer:
    return Answer(OLD.sub(version, answer.status), answer.headers, answer.body)


CASES = (
    *(Case(f"line-{name}", (row,), ECHO, _line(line), _bad_line(line)) for name, (line, row) in BAD_LINES.items()),
    *(
        Case(
            f"line-bracket-{name}",
            ("4.8 Invalid Request Line", "observed absolute-form"),
            ECHO,
            ask("POST", f"http://{host}/score", "Expect: x", *HUNDRED_FIELDS),
            _bad_line(f"POST http://{host}/score HTTP/1.1"),
        )
        for name, host in BAD_HOSTS.items()
    ),
    *(
        Case(f"first-{name}-then-{after}", ("observed order of refusals",), ECHO, _with(*headers, *later), answer)
        for name, (headers, answer) in FIRST_COMES.items()
        for after, later in THEN_COME.items()
    ),
    Case(
        "first-no-field-then-second-host",
        ("observed order of refusals",),
        ECHO,
        _with("nonsense", "Host: other"),
        _bad_header("nonsense"),
    ),
    Case(
        "first-second-length-then-no-field",
        ("observed order of refusals",),
        ECHO,
        _framed("Content-Length: 3", "Content-Length: 3", "nonsense"),
        _bad_header("nonsense"),
    ),
    Case(
        "first-coding-then-second-length",
        ("observed order of refusals",),
        ECHO,
        _framed("Transfer-Encoding: foo", "Content-Length: 3", "Content-Length: 3"),
        UNKNOWN_CODING,
    ),
    Case(
        "first-second-length-then-coding",
        ("observed order of refusals",),
        ECHO,
        _framed("Content-Length: 3", "Content-Length: 3", "Transfer-Encoding: foo"),
        _bad_header("CONTENT-LENGTH"),
    ),
    *(
        Case(
            f"method-{name}",
            ("observed unconventional methods",),
            ECHO,
            _line(f"{method} /score HTTP/1.1"),
            _bad(f"Invalid Method 'Invalid HTTP method: '{method}''"),
        )
        for name, method in BAD_METHODS.items()
    ),
    *(
        Case(
            f"version-{name}",
            ("observed bad HTTP versions",),
            ECHO,
            _line(line),
            _bad(f"Invalid HTTP Version 'Invalid HTTP Version: {said}'"),
        )
        for name, (line, said) in BAD_VERSIONS.items()
    ),
    Case(
        "version-1.0",
        ("observed HTTP/1.0", "4.1 always closes"),
        ECHO,
        _line("POST /score HTTP/1.0"),
        _version(ECHOED, "HTTP/1.0"),
    ),
    Case(
        "version-1.0-keep-alive",
        ("observed HTTP/1.0", "4.1 always closes"),
        ECHO,
        ask("POST", "/score", "Connection: keep-alive", body=b"abc", version="HTTP/1.0"),
        _version(ECHOED, "HTTP/1.0"),
    ),
    Case(
        "version-1.0-without-host",
        ("observed HTTP/1.0",),
        ECHO,
        ask("POST", "/score", body=b"abc", version="HTTP/1.0", has_host=False),
        _version(ECHOED, "HTTP/1.0"),
    ),
    Case(
        "version-1.0-chunked",
        ("observed HTTP/1.0",),
        ECHO,
        ask("POST", "/score", CHUNKED, body=THREE_CHUNKED, version="HTTP/1.0", has_length=False),
        _bad_header("TRANSFER-ENCODING"),
    ),
    Case("version-1.2", ("observed HTTP/1.2",), ECHO, _line("POST /score HTTP/1.2"), _version(ECHOED, "HTTP/1.2")),
    *(
        Case(f"header-{name}", (row, "4.8 Invalid HTTP Header"), ECHO, _with(line), _bad_header(said))
        for name, (line, said, row) in BAD_HEADERS.items()
    ),
    *(
        Case(
            f"header-name-{name}",
            ("observed bad header names",),
            ECHO,
            _with(f"{header}: a"),
            _bad(f"Invalid HTTP header name: '{header}'"),
        )
        for name, header in BAD_NAMES.items()
        if name != "leading-space"
    ),
    Case(
        "header-name-leading-space",
        ("observed bad header names",),
        ECHO,
        ask("POST", "/score", " X-A: a", has_host=False),
        _bad("Invalid HTTP header name: ' X-A'"),
    ),
    *(
        Case(
            f"length-{name}",
            ("observed bad Content-Length",),
            ECHO,
            _framed(f"Content-Length: {value}"),
            _bad_header("CONTENT-LENGTH"),
        )
        for name, value in BAD_LENGTHS.items()
    ),
    Case(
        "duplicate-content-type",
        ("observed duplicate Content-Type",),
        ECHO,
        _with("Content-Type: a/b", "Content-Type: c/d"),
        _bad_header("CONTENT-TYPE"),
    ),
    Case(
        "folding",
        ("observed obsolete folding",),
        ECHO,
        _with("X-A: a", "  b"),
        _bad("Obsolete line folding is unacceptable: 'X-A'"),
    ),
    Case(
        "transfer-encoding-unknown",
        ("observed unknown Transfer-Encoding",),
        ECHO,
        _framed("Transfer-Encoding: foo"),
        UNKNOWN_CODING,
    ),
    *(
        Case(
            f"transfer-encoding-{name}",
            ("observed Transfer-Encoding combinations",),
            ECHO,
            _framed(*headers, body=THREE_CHUNKED),
            answer,
        )
        for name, headers, answer in (
            ("gzip-chunked", ("Transfer-Encoding: gzip, chunked",), ECHOED),
            ("upper-case", ("Transfer-Encoding: CHUNKED",), ECHOED),
            ("chunked-twice", (CHUNKED, CHUNKED), _bad_header("TRANSFER-ENCODING")),
            ("chunked-gzip", ("Transfer-Encoding: chunked, gzip",), _bad_header("TRANSFER-ENCODING")),
        )
    ),
    Case(
        "expect-something",
        ("observed Expect",),
        ECHO,
        _with("Expect: something"),
        gunicorn(
            "417 Expectation Failed", "Expectation Failed", "Unable to comply with expectation: &#x27;something&#x27;"
        ),
    ),
    Case(
        "expect-upper-case",
        ("observed Expect",),
        ECHO,
        _with("Expect: 100-CONTINUE"),
        Answer(ECHOED.status, ECHOED.headers, ECHOED.body, interim=("HTTP/1.1 100 Continue",)),
    ),
    Case(
        "expect-of-version-1.0",
        ("observed Expect", "observed HTTP/1.0"),
        ECHO,
        ask("POST", "/score", "Expect: 100-continue", body=b"abc", version="HTTP/1.0"),
        _version(ECHOED, "HTTP/1.0"),
    ),
    Case(
        "bare-lf",
        ("observed bare LF",),
        ECHO,
        Sent(ROOT.replace(b"\r\n", b"\n")),
        _bad_line("bare LF as line terminator"),
    ),
    Case(
        "bare-lf-in-the-header",
        ("observed bare LF",),
        ECHO,
        Sent(b"GET / HTTP/1.1\r\nHost: localhost\nX-A: a\r\n\r\n"),
        _bad_header("HOST"),
    ),
    Case(
        "bare-lf-at-the-end",
        ("observed bare LF",),
        ECHO,
        Sent(b"GET / HTTP/1.1\r\nHost: localhost\n\n"),
        _bad_header("bare LF as line terminator"),
    ),
    Case(
        "bare-lf-in-a-large-header",
        ("observed bare LF", "observed order of refusals"),
        ECHO,
        get("/", "nonsense", "X-A: a\nX-B: b", "X-C: " + "c" * 8192),
        _bad_header("bare LF as line terminator"),
    ),
    Case("empty-line-first", ("observed empty lines first",), ECHO, Sent(b"\r\n" + ROOT), HEALTHY),
    Case("two-empty-lines-first", ("observed empty lines first",), ECHO, Sent(b"\r\n\r\n" + ROOT), _bad_line("")),
    *(
        Case(f"value-{name}", ("observed control characters in values",), ECHO, _with(f"X-A: {value}"), ECHOED)
        for name, value in {"tab": "a\tb", "latin": "\xe4", "empty": ""}.items()
    ),
    Case(
        "contradictory-schemes",
        ("observed contradictory schemes",),
        ECHO,
        _with("X-Forwarded-Proto: https", "X-Forwarded-Ssl: off"),
        _bad("Contradictory scheme headers"),
    ),
    Case("forwarded-https", ("observed contradictory schemes",), ECHO, _with("X-Forwarded-Proto: https"), ECHOED),
    Case(
        "websocket",
        ("observed websocket upgrade",),
        ECHO,
        _with("Connection: Upgrade", "Upgrade: websocket"),
        bare(
            BAD_REQUEST, b'{"message": "The browser (or proxy) sent a request that this server could not understand."}'
        ),
    ),
    Case("h2c", ("observed websocket upgrade",), ECHO, _with("Connection: Upgrade", "Upgrade: h2c"), ECHOED),
    Case("pipelined", ("observed pipelining",), ECHO, Sent(_with().raw + ROOT), ECHOED),
    *(
        Case(f"cut-{name}", ("observed cut in the header",), ECHO, Sent(data, half_close=True), NOTHING)
        for name, data in {
            "in-the-header": b"POST /score HTTP/1.1\r\nHost: localhost\r\n",
            "in-the-line": b"POST /sc",
            "before-all": b"",
        }.items()
    ),
    Case("host-missing", ("observed Host",), ECHO, ask("POST", "/score", body=b"abc", has_host=False), ECHOED),
    Case("host-empty", ("observed Host",), ECHO, ask("POST", "/score", "Host:", body=b"abc", has_host=False), ECHOED),
    Case(
        "host-invalid",
        ("observed Host",),
        ECHO,
        ask("POST", "/score", "Host: a b", body=b"abc", has_host=False),
        ECHOED,
    ),
    Case(
        "large-body-on-root",
        ("observed large body refused unread",),
        ECHO,
        post(b"x" * 3_000_000, target="/"),
        NOTALLOWED,
        needs=("duplex",),
    ),
    Case(
        "large-body-with-long-id",
        ("observed large body refused unread",),
        ECHO,
        post(b"x" * 3_000_000, f"x-request-id: {LONGER}"),
        refusal(TOO_LONG),
        needs=("duplex",),
    ),
    Case(
        "large-body-with-bad-header",
        ("observed large body refused unread",),
        ECHO,
        post(b"x" * 3_000_000, "nonsense"),
        _bad_header("nonsense"),
    ),
    Case("connection-close", ("4.1 always closes",), ECHO, get("/", "Connection: close"), HEALTHY),
)
