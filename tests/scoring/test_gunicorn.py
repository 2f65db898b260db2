"""What the process around the application adds: the WSGI environment, the head of an answer, error pages."""

from __future__ import annotations

import re

import pytest
from amlemu.exchange import Request
from amlemu.scoring import gunicorn
from amlemu.scoring.gunicorn import BadResponse

GET = Request("GET", "/", [])
DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")


def finish(status="200 OK", headers=(), body=b"abc", request=GET):
    return gunicorn.finish(request, status, headers, body)


def test_the_head_begins_with_gunicorns_own():
    """Server, Date, Connection, then the application's, spelled and ordered as they came."""
    response = finish(headers=[("content-TYPE", "a/b"), ("Content-Length", "3"), ("X-a", "1"), ("x-A", "2")])

    assert [name for name, _ in response.headers] == [
        "Server",
        "Date",
        "Connection",
        "content-TYPE",
        "Content-Length",
        "X-a",
        "x-A",
    ]
    assert (response.header("server"), response.header("connection")) == ("gunicorn", "close")
    assert DATE.fullmatch(response.header("date"))
    assert (response.status, response.phrase, response.body) == (200, "OK", b"abc")


@pytest.mark.parametrize(
    "name", ["Connection", "Date", "server", "Transfer-Encoding", "Upgrade", "TE", "trailers", "Keep-Alive"]
)
def test_hop_by_hop_headers_of_the_script_are_dropped(name):
    response = finish(headers=[(name, "x"), ("Content-Length", "3")])

    assert "x" not in [value for _, value in response.headers]


@pytest.mark.parametrize(
    ("version", "method", "status", "is_chunked"),
    [
        ("1.1", "GET", "200 OK", True),
        ("1.0", "GET", "200 OK", False),
        ("1.1", "HEAD", "200 OK", False),
        ("1.1", "GET", "304 X", False),
        ("1.1", "GET", "204 X", False),
    ],
)
def test_an_answer_without_length_is_chunked_where_it_can_be(version, method, status, is_chunked):
    response = finish(status, body=iter([b"abc"]), request=Request(method, "/", [], version=version))

    assert (response.header("transfer-encoding") == "chunked") is is_chunked


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", "200 OK"), ("GET", "204 NO CONTENT"), ("GET", "304 NOT MODIFIED")]
)
def test_some_answers_have_no_body(method, status):
    response = finish(status, [("Content-Length", "3")], request=Request(method, "/", []))

    assert response.body == b""
    assert response.header("content-length") == (None if status.startswith("204") else "3")


@pytest.mark.parametrize(("length", "sent"), [("2", b"ab"), ("0", b""), ("3", b"abc"), ("9", b"abc")])
def test_no_more_is_sent_than_promised(length, sent):
    """Neither of a whole body nor of a streamed one."""
    headers = [("Content-Length", length)]

    assert finish(headers=headers).body == sent
    assert b"".join(finish(headers=headers, body=iter([b"a", b"bc"])).body) == sent


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        pytest.param("99 X", (), id="two-digits"),
        pytest.param("0 UNKNOWN", (), id="zero"),
        pytest.param("200 \x01", (), id="control-in-phrase"),
        pytest.param("200 OK", [("X Y", "1")], id="name-with-a-blank"),
        pytest.param("200 OK", [("X", "a\nb")], id="newline"),
        pytest.param("200 OK", [("X", "\u20ac")], id="not-latin"),
        pytest.param("200 OK", [("Content-Length", "many")], id="length-no-number"),
    ],
)
def test_a_head_that_cannot_be_sent_is_refused(status, headers):
    with pytest.raises(BadResponse):
        finish(status, headers)


@pytest.mark.parametrize(
    "status", ["299 UNKNOWN", "999 UNKNOWN", "200 ", "200 Caf\xe9", "500 Model Error; original-code=500"]
)
def test_any_three_digits_and_phrase_can_be_sent(status):
    response = finish(status)

    assert f"{response.status} {response.phrase}" == status


def test_the_page_is_gunicorns():
    """141 bytes, byte for byte (contract 4.2)."""
    page = gunicorn.page(500, "Internal Server Error")

    assert page.body == (
        b"<html>\n  <head>\n    <title>Internal Server Error</title>\n  </head>\n  <body>\n"
        b"    <h1><p>Internal Server Error</p></h1>\n    \n  </body>\n</html>\n"
    )
    assert page.headers == [("Connection", "close"), ("Content-Type", "text/html"), ("Content-Length", "141")]


def test_a_page_escapes_what_the_client_sent():
    assert b"&lt;b&gt; &#x27;\n" in gunicorn.page(400, "Bad Request", "<b> '").body


def test_the_environment_is_what_wsgi_says():
    """Header names with an underscore are dropped, repeats joined, the path decoded, the query not."""
    headers = [
        ("Host", "h"),
        ("Content-Type", "a/b"),
        ("X-A", "1"),
        ("x-a", "2"),
        ("X_B", "3"),
        ("Content-Length", "2"),
    ]
    request = Request("POST", "/a%20b?c=%20", headers, b"hi", client=("10.0.0.9", 99), server=("10.0.0.1", 5001))
    seen = gunicorn.environ(request)

    assert {name: value for name, value in seen.items() if name.isupper()} == {
        "SERVER_SOFTWARE": "gunicorn/27.0.1",
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": "c=%20",
        "RAW_URI": "/a%20b?c=%20",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "10.0.0.9",
        "REMOTE_PORT": "99",
        "SERVER_NAME": "10.0.0.1",
        "SERVER_PORT": "5001",
        "PATH_INFO": "/a b",
        "SCRIPT_NAME": "",
        "HTTP_HOST": "h",
        "CONTENT_TYPE": "a/b",
        "CONTENT_LENGTH": "2",
        "HTTP_X_A": "1,2",
    }
    assert seen["wsgi.input"].read() == b"hi"
    assert (seen["wsgi.url_scheme"], seen["wsgi.version"], seen["wsgi.multithread"]) == ("http", (1, 0), False)


@pytest.mark.parametrize(
    ("client", "headers", "scheme"),
    [
        ("127.0.0.1", [("X-Forwarded-Proto", "https")], "https"),
        ("::1", [("x-forwarded-ssl", "on")], "https"),
        ("127.0.0.1", [("X-Forwarded-Proto", "http")], "http"),
        ("127.0.0.1", [("X-Forwarded-Proto", "https"), ("x-forwarded-proto", "https")], "https"),
        ("10.0.0.9", [("X-Forwarded-Proto", "https")], "http"),
    ],
)
def test_only_a_proxy_on_this_machine_is_believed(client, headers, scheme):
    assert gunicorn.environ(Request("GET", "/", headers, client=(client, 1)))["wsgi.url_scheme"] == scheme


@pytest.mark.parametrize(
    ("target", "names", "path"),
    [
        ("/a/score", ["/a"], "/score"),
        ("/a/score", ["/b", "/a"], "/score"),
        ("/a%20b/score?c", ["/a%20b"], "/score"),
        ("/score", ["/score"], ""),
        ("/score", ["/a", ""], "/score"),
        ("http://host/a/score", ["/a"], "/score"),
    ],
)
def test_a_proxy_on_this_machine_says_where_the_application_is_mounted(target, names, path):
    """The last SCRIPT_NAME counts; it is compared with the path as it was sent, and is a header besides."""
    headers = [("Script_Name", name) for name in names]
    seen = gunicorn.environ(Request("GET", target, headers))

    assert (seen["SCRIPT_NAME"], seen["PATH_INFO"]) == (names[-1], path)
    assert seen["HTTP_SCRIPT_NAME"] == ",".join(names)


def test_a_path_elsewhere_is_misplaced():
    """Unless a stranger says so, or the name has no underscore."""
    request = Request("GET", "/score", [("Script_Name", "a")])
    far = Request("GET", "/score", request.headers, client=("10.0.0.9", 1))
    spelled = Request("GET", "/score", [("Script-Name", "a")])
    words = "Configuration problem: Request path '/score' does not start with SCRIPT_NAME 'a'"

    with pytest.raises(gunicorn.Misplaced, match=words):
        gunicorn.environ(request)
    assert [gunicorn.environ(one)["SCRIPT_NAME"] for one in (far, spelled)] == ["", ""]
    assert "HTTP_SCRIPT_NAME" not in gunicorn.environ(far)


def test_a_broken_body_raises_where_it_is_read():
    """Not before: a script that does not look at its body answers."""
    seen = gunicorn.environ(Request("POST", "/", [], broken="bad chunk"))

    with pytest.raises(gunicorn.BrokenBody, match="bad chunk"):
        seen["wsgi.input"].read()
