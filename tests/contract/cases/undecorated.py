"""The body of a POST to an undecorated run(): section 4.4."""

import gzip

from ..answers import BAD_REQUEST, INTERNAL500, SCRIPT500, full, noexec
from ..case import CHUNKED, JSON_TYPE, Answer, Case, Deployment, ask, get, post, post_chunked
from .routes import ECHO

SIZE = Deployment("counts_characters.py")
FORM = "Content-Type: application/x-www-form-urlencoded"
MULTIPART = "Content-Type: multipart/form-data; boundary=XX"
ONE_PART = b'--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--XX--\r\n'
EATEN = full(b'["str", ""]')
TOO_LARGE = noexec(
    "HTTP/1.1 413 REQUEST ENTITY TOO LARGE",
    b'{"message": "The data value transmitted exceeds the capacity limit."}',
)


def _part(disposition: bytes, size: int) -> bytes:
    return b'--XX\r\nContent-Disposition: form-data; name="a"%s\r\n\r\n%s\r\n--XX--\r\n' % (disposition, b"x" * size)


def _not_utf8(reason: str) -> Answer:
    message = f'{{"message": "Input cannot be decoded as UTF-8: \'utf-8\' codec can\'t decode byte {reason}"}}'
    return noexec(BAD_REQUEST, message.encode())


CASES = (
    Case(
        "json-stays-text",
        ("4.4 always str", "4.4 JSON of any type"),
        ECHO,
        post(b'{"a": 1}', JSON_TYPE),
        full(b'["str", "{\\"a\\": 1}"]'),
    ),
    Case(
        "malformed-json-stays-text",
        ("4.4 JSON of any type",),
        ECHO,
        post(b'{"a": ', JSON_TYPE),
        full(b'["str", "{\\"a\\": "]'),
    ),
    *(
        Case(f"text-{name}", ("4.4 JSON of any type",), ECHO, post(b"x", *headers), full(b'["str", "x"]'))
        for name, headers in {
            "without-type": (),
            "octet-stream": ("Content-Type: application/octet-stream",),
            "plain": ("Content-Type: text/plain",),
            "json-with-charset": ("Content-Type: application/json; charset=utf-8",),
        }.items()
    ),
    Case(
        "query-of-a-post",
        ("4.4 query on a POST",),
        ECHO,
        post(b"x", target="/score?a=1"),
        full(b'["str", "x"]'),
    ),
    Case("empty-body", ("4.4 empty",), ECHO, post(b""), EATEN),
    Case("no-content-length", ("4.4 no Content-Length",), ECHO, ask("POST", "/score", has_length=False), EATEN),
    Case(
        "chunked",
        ("4.4 chunked",),
        ECHO,
        post_chunked(b"3\r\nabc\r\n2;name=value\r\nde\r\n0\r\n\r\n"),
        full(b'["str", "abcde"]'),
    ),
    Case(
        "chunked-with-trailer",
        ("4.4 chunked",),
        ECHO,
        post_chunked(b"3\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n"),
        full(b'["str", "abc"]'),
    ),
    Case("bom", ("4.4 BOM",), ECHO, post(b"\xef\xbb\xbf{}"), full(b'["str", "\\ufeff{}"]')),
    Case(
        "not-utf8",
        ("4.4 not UTF-8", "4.1 NOEXEC"),
        ECHO,
        post(b"\xff"),
        _not_utf8("0xff in position 0: invalid start byte"),
    ),
    Case(
        "charset-is-ignored",
        ("4.4 not UTF-8",),
        ECHO,
        post(b"\xe4", "Content-Type: text/plain; charset=latin-1"),
        _not_utf8("0xe4 in position 0: unexpected end of data"),
    ),
    Case(
        "gzip",
        ("4.4 gzip",),
        ECHO,
        post(gzip.compress(b"{}", mtime=0), "Content-Encoding: gzip"),
        _not_utf8("0x8b in position 1: invalid start byte"),
    ),
    *(
        Case(f"form-{name}", ("4.4 form",), ECHO, post(b"a=1", header), EATEN)
        for name, header in {
            "plain": FORM,
            "with-charset": FORM + "; charset=utf-8",
            "upper-case": "Content-Type: APPLICATION/X-WWW-FORM-URLENCODED",
        }.items()
    ),
    Case("form-holding-json", ("4.4 form",), ECHO, post(b'{"a": 1}', FORM), EATEN),
    Case("form-not-utf8", ("4.4 form",), ECHO, post(b"a=\xff", FORM), EATEN),
    Case("form-500001", ("observed form over 500 000 bytes",), ECHO, post(b"a" * 500_001, FORM), EATEN),
    Case("form-500004-in-fields", ("observed form over 500 000 bytes",), ECHO, post(b"a=1&" * 125_001, FORM), EATEN),
    Case(
        "form-500001-chunked",
        ("observed form over 500 000 bytes",),
        ECHO,
        post_chunked(b"7a121\r\n" + b"a" * 500_001 + b"\r\n0\r\n\r\n", FORM),
        EATEN,
    ),
    Case("multipart", ("4.4 multipart",), ECHO, post(ONE_PART, MULTIPART), EATEN),
    *(
        Case(f"multipart-{name}", ("observed malformed multipart",), ECHO, post(body, MULTIPART), EATEN)
        for name, body in {
            "garbage": b"garbage",
            "cut": ONE_PART[:30],
            "bad-part-header": b"--XX\r\nnonsense\r\n\r\n1\r\n--XX--\r\n",
        }.items()
    ),
    Case(
        "multipart-without-boundary",
        ("observed malformed multipart",),
        ECHO,
        post(b"--XX\r\n", "Content-Type: multipart/form-data"),
        full(b'["str", "--XX\\r\\n"]'),
    ),
    Case(
        "multipart-large-field",
        ("observed multipart field over 500 000 bytes",),
        ECHO,
        post(_part(b"", 600_000), MULTIPART),
        TOO_LARGE,
    ),
    Case(
        "multipart-many-parts",
        ("observed multipart field over 500 000 bytes",),
        ECHO,
        post(ONE_PART[:-8] * 1001 + b"--XX--\r\n", MULTIPART),
        TOO_LARGE,
    ),
    Case(
        "multipart-large-file",
        ("observed multipart file over 500 000 bytes",),
        ECHO,
        post(_part(b'; filename="f"', 600_000), MULTIPART),
        EATEN,
    ),
    Case("3-mb", ("4.4 3 MB", "4.4 name of the parameter"), SIZE, post(b"x" * 3_000_000), full(b"3000000")),
    Case("20-mb", ("4.4 20 MB",), SIZE, post(b"x" * 20_000_000), full(b"20000000")),
    Case(
        "shorter-than-its-length",
        ("4.4 short, half closed",),
        ECHO,
        ask("POST", "/score", "Content-Length: 100", body=b"abc", has_length=False, half_close=True),
        full(b'["str", "abc"]'),
    ),
    Case(
        "longer-than-its-length",
        ("observed more bytes than Content-Length",),
        ECHO,
        ask("POST", "/score", "Content-Length: 3", body=b"abcdef", has_length=False),
        full(b'["str", "abc"]'),
    ),
    Case(
        "100-continue",
        ("4.4 100-continue",),
        ECHO,
        ask("POST", "/score", "Expect: 100-continue", "Content-Length: 3", has_length=False, after_continue=b"abc"),
        Answer("HTTP/1.1 200 OK", full(b"").headers, b'["str", "abc"]', interim=("HTTP/1.1 100 Continue",)),
    ),
    *(
        Case(
            f"chunked-cut-{name}", ("observed chunked and cut",), ECHO, post_chunked(body, half_close=True), INTERNAL500
        )
        for name, body in {
            "in-data": b"5\r\nabc",
            "after-chunk": b"3\r\nabc\r\n",
            "in-size": b"3",
            "before-last-line-end": b"3\r\nabc\r\n0\r\n",
        }.items()
    ),
    *(
        Case(f"chunked-bad-{name}", ("observed malformed chunks",), ECHO, post_chunked(body), INTERNAL500)
        for name, body in {
            "size": b"zz\r\nabc\r\n0\r\n\r\n",
            "end-of-chunk": b"3\r\nabcd\r\n0\r\n\r\n",
            "extension": b"3;=\r\nabc\r\n0\r\n\r\n",
        }.items()
    ),
    *(
        Case(
            f"chunked-bad-trailer-{name}",
            ("observed malformed chunks", "observed trailers"),
            ECHO,
            post_chunked(b"3\r\nabc\r\n0\r\n%s\r\n\r\n" % b"\r\n".join(trailers)),
            INTERNAL500,
        )
        for name, trailers in {
            "host": [b"Host: x"],
            "no-colon": [b"nonsense"],
            "no-name": [b": a"],
            "bad-name": [b"X-A : a"],
            "control": [b"X-A: a\x01"],
            "nul": [b"X-A: a\0b"],
            "bare-lf": [b"X-A: a\nX-B: b"],
            "folded": [b"X-A: a", b" b"],
            "two-types": [b"Content-Type: a/b", b"content-type: c/d"],
            "101": [b"X-%d: a" % number for number in range(101)],
            "of-8191": [b"X-A: " + b"x" * 8184],
        }.items()
    ),
    *(
        Case(
            f"chunked-trailer-{name}",
            ("observed trailers",),
            ECHO,
            post_chunked(b"3\r\nabc\r\n0\r\n%s\r\n\r\n" % b"\r\n".join(trailers), "Content-Type: text/plain"),
            full(b'["str", "abc"]'),
        )
        for name, trailers in {
            "100": [b"X-%d: a" % number for number in range(100)],
            "of-8190": [b"X-A: " + b"x" * 8183],
            "type": [b"Content-Type: a/b"],
            "not-of-trailers": [b"Expect: x", b"X-Forwarded-Proto: https", b"X-Forwarded-Ssl: off"],
            "101-with-underscore": [b"Script_Name: /a"] * 101,
        }.items()
    ),
    Case(
        "chunked-bad-form",
        ("observed malformed chunks", "4.4 form"),
        SIZE,
        post_chunked(b"3 \r\na=1\r\n0\r\n\r\n", FORM),
        INTERNAL500,
    ),
    Case(
        "chunked-with-bad-form-of-a-get",
        ("observed malformed chunks", "4.4 form"),
        SIZE,
        ask("GET", "/score", CHUNKED, FORM, body=b"3 \r\na=1\r\n0\r\n\r\n", has_length=False),
        full(b"2"),
    ),
    Case("keyword-only", ("4.4 keyword-only",), Deployment("keyword_only.py"), post(b"x"), full(b'"x"')),
    Case(
        "second-parameter-with-default",
        ("4.4 second parameter with default",),
        Deployment("two_parameters_default.py"),
        post(b"x"),
        full(b'["x", "default"]'),
    ),
    Case(
        "second-parameter-without-default",
        ("4.4 second parameter without default",),
        Deployment("two_parameters_missing.py"),
        post(b"x"),
        SCRIPT500,
        then=((get(), SCRIPT500),),
    ),
    Case(
        "request-headers",
        ("4.4 request_headers",),
        Deployment("request_headers.py"),
        ask("POST", "/score", "X-Own: 1", "x-own: 2", "x-OTHER-thing: a", "Cookie: a=1; b=2", "X-Empty:", body=b"x"),
        full(
            b'["dict", {"Host": "localhost", "X-Own": "1,2", "X-Other-Thing": "a", "Cookie": "a=1; b=2", '
            b'"X-Empty": "", "Content-Length": "1"}]'
        ),
    ),
    Case(
        "request-headers-type-and-latin",
        ("4.4 request_headers",),
        Deployment("request_headers.py"),
        post(b"x", "Content-Type: text/x", "X-Latin: \xe4", "X-Spaced:   a  "),
        full(
            b'["dict", {"Host": "localhost", "Content-Type": "text/x", "X-Latin": "\\u00e4", "X-Spaced": "a", '
            b'"Content-Length": "1"}]'
        ),
    ),
    Case(
        "request-headers-none",
        ("4.4 request_headers", "observed Host"),
        Deployment("request_headers.py"),
        ask("GET", "/score", has_host=False),
        full(b'["dict", {}]'),
    ),
    Case(
        "request-headers-underscore",
        ("observed underscore in a header name",),
        Deployment("request_headers.py"),
        get("/score", "X_Own: 1", "x_request_id: A"),
        full(b'["dict", {"Host": "localhost"}]'),
    ),
    Case(
        "request-headers-script-name",
        ("observed SCRIPT_NAME and PATH_INFO",),
        Deployment("request_headers.py"),
        get("/b/score", "Script_Name: /a", "Path_Info: c", "SCRIPT_NAME: /b", "Path-Info: d", "SCRIPT-NAME: /e"),
        full(b'["dict", {"Host": "localhost", "Script-Name": "/a,/b,/e", "Path-Info": "c,d"}]'),
    ),
)
