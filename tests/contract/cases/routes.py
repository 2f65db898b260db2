"""Routes and methods of an undecorated script: sections 3.6, 4.1 to 4.3, and forms of the request target."""

from ..answers import (
    BARE,
    EXEC,
    FINE,
    HEALTHY,
    HTML,
    IDS,
    JSON,
    LENGTH,
    NOT_ALLOWED,
    NOT_FOUND,
    NOTALLOWED,
    NOTFOUND,
    OK,
    START,
    VERSION,
    bare,
    full,
    gunicorn,
    noexec,
)
from ..case import Answer, Case, Deployment, ask, get, post

ECHO = Deployment("echo.py")
OPTIONS = Answer(OK, (*START, HTML, "Allow: GET, HEAD, OPTIONS", VERSION, *IDS, LENGTH))
EMPTY_QUERY = full(b'["str", "{}"]')
EMPTY_BODY = full(b'["str", ""]')


def _bad_line(line: str) -> Answer:
    return gunicorn(
        "400 Bad Request",
        "Bad Request",
        f"Invalid Request Line &#x27;Invalid HTTP request line: &#x27;{line}&#x27;&#x27;",
    )


def _redirect(url: str) -> Answer:
    text = (
        "<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n"
        "<p>You should be redirected automatically to the target URL: "
        f'<a href="{url}">{url}</a>. If not, click the link.\n'
    )
    return Answer("HTTP/1.1 308 PERMANENT REDIRECT", (*START, HTML, LENGTH, f"Location: {url}"), text.encode())


def _misplaced(path: str, said: str) -> Answer:
    text = f"Configuration problem: Request path &#x27;{path}&#x27; does not start with SCRIPT_NAME {said}"
    return gunicorn("500 Bad Request", "Bad Request", text)


CASES = (
    Case("get-root", ("4.3 GET /", "3.6 healthy", "4.1 HEALTH"), ECHO, get("/"), HEALTHY),
    Case("get-root-with-query", ("3.6 healthy",), ECHO, get("/?a=1"), HEALTHY),
    Case(
        "head-root",
        ("4.3 HEAD /",),
        ECHO,
        ask("HEAD", "/"),
        Answer(OK, (*START, HTML, "Content-Length: 7", VERSION, *IDS)),
    ),
    Case("options-root", ("4.3 OPTIONS /",), ECHO, ask("OPTIONS", "/"), OPTIONS),
    Case("options-swagger", ("4.3 OPTIONS /swagger.json",), ECHO, ask("OPTIONS", "/swagger.json"), OPTIONS),
    Case("post-root", ("4.3 POST /", "4.2 NOTALLOWED", "4.1 BARE"), ECHO, post(target="/"), NOTALLOWED),
    Case("post-score", ("4.3 POST /score",), ECHO, post(), EMPTY_BODY),
    Case("get-score", ("4.3 GET /score",), ECHO, get(), EMPTY_QUERY),
    Case("get-score-with-body", ("4.3 GET with a body",), ECHO, ask("GET", "/score", body=b"abc"), EMPTY_QUERY),
    Case(
        "options-score",
        ("4.3 OPTIONS /score",),
        Deployment("raises.py"),  # a script that would fail if it were called
        ask("OPTIONS", "/score"),
        noexec(OK, b"", type_line=HTML),
    ),
    Case(
        "head-score",
        ("4.3 HEAD /score",),
        ECHO,
        ask("HEAD", "/score"),
        Answer(NOT_ALLOWED, (*START, JSON, "Content-Length: 33", FINE, VERSION, *IDS)),
    ),
    *(
        Case(
            f"{method.lower()}-score", ("4.3 PUT, DELETE, PATCH, FOO /score",), ECHO, ask(method, "/score"), NOTALLOWED
        )
        for method in ("PUT", "DELETE", "PATCH", "FOO")
    ),
    *(
        Case(f"{method.lower()}-score", ("observed other methods",), ECHO, ask(method, "/score"), NOTALLOWED)
        for method in ("TRACE", "QUERY")
    ),
    Case("connect", ("observed other methods",), ECHO, ask("CONNECT", "localhost:1"), NOTFOUND),
    Case("post-swagger", ("4.3 POST /swagger.json",), ECHO, post(target="/swagger.json"), NOTALLOWED),
    *(
        Case(f"no-route-{name}", ("4.3 other paths", "4.2 NOTFOUND"), ECHO, get(path), NOTFOUND)
        for name, path in {
            "unknown": "/nope",
            "slash-after": "/score/",
            "case": "/Score",
            "health": "/health",
        }.items()
    ),
    Case("no-route-post", ("4.3 other paths",), ECHO, post(b"x", target="/nope"), NOTFOUND),
    Case("no-route-options", ("4.3 other paths",), ECHO, ask("OPTIONS", "/nope"), NOTFOUND),
    Case(
        "no-route-head",
        ("4.3 other paths",),
        ECHO,
        ask("HEAD", "/nope"),
        Answer(NOT_FOUND, (*START, JSON, "Content-Length: 135", FINE)),
    ),
    *(
        Case(f"no-route-{name}", ("observed other path forms",), ECHO, get(path), NOTFOUND)
        for name, path in {
            "two-slashes-after": "/score//",
            "dot": "/./score",
            "dots": "/a/../score",
            "encoded-slash": "/score%2F",
            "parameters": "/score;a=1",
            "not-utf8": "/%FF",
        }.items()
    ),
    *(
        Case(f"is-score-{name}", ("observed other path forms",), ECHO, get(path), EMPTY_QUERY)
        for name, path in {"three-slashes": "///score", "fragment": "/score#fragment", "empty-query": "/score?"}.items()
    ),
    Case("is-root-two-slashes", ("observed other path forms",), ECHO, get("//"), HEALTHY),
    Case(
        "is-score-query-and-fragment",
        ("observed other path forms",),
        ECHO,
        get("/score?a=1#fragment"),
        full(b'["str", "{\\"a\\": 1}"]'),
    ),
    Case("is-score-two-slashes", ("4.3 //score",), ECHO, post(target="//score"), EMPTY_BODY),
    Case("is-score-encoded", ("observed encoded path",), ECHO, get("/%73core"), EMPTY_QUERY),
    Case(
        "absolute-form",
        ("observed absolute-form",),
        ECHO,
        get("http://elsewhere/score?a=1"),
        full(b'["str", "{\\"a\\": 1}"]'),
    ),
    Case(
        "absolute-form-without-path",
        ("observed authority without path",),
        ECHO,
        get("http://elsewhere"),
        _redirect("http://localhost/"),
    ),
    Case(
        "absolute-form-with-query-alone",
        ("observed absolute-form",),
        ECHO,
        get("http://elsewhere?a=/score"),
        _redirect("http://localhost/?a=/score"),
    ),
    *(
        Case(f"absolute-form-{name}", ("observed absolute-form",), ECHO, get(target), NOTFOUND)
        for name, target in {"of-no-scheme": "1http://elsewhere/score", "of-two-schemes": "a:b://c/score"}.items()
    ),
    Case("absolute-form-of-ipv6", ("observed absolute-form",), ECHO, get("http://[::1]:80/score"), EMPTY_QUERY),
    Case(
        "forwarded-https-twice",
        ("observed contradictory schemes",),
        ECHO,
        get("http://elsewhere", "X-Forwarded-Proto: https", "x-forwarded-proto: https"),
        _redirect("https://localhost/"),
    ),
    *(
        Case(f"script-name-{name}", ("observed SCRIPT_NAME and PATH_INFO",), ECHO, get(target, *names), EMPTY_QUERY)
        for name, (target, *names) in {
            "and-path": ("/a/score", "Script_Name: /a"),
            "is-a-slash": ("/score", "Script_Name: /"),
            "encoded": ("/%61/score", "Script_Name: /%61"),
            "of-absolute-form": ("http://elsewhere/a/score", "script_name: /a"),
            "two": ("/b/score", "Script_Name: /a", "SCRIPT_NAME: /b"),
            "empty-last": ("/score", "Script_Name: /a", "Script_Name:"),
            "with-hyphen": ("/score", "Script-Name: /a"),
        }.items()
    ),
    *(
        Case(f"script-name-{name}", ("observed SCRIPT_NAME and PATH_INFO",), ECHO, sent, answer)
        for name, sent, answer in (
            ("is-all", post(b"", "Script_Name: /score"), NOTFOUND),
            ("is-all-of-a-get", get("/score", "Script_Name: /score"), _redirect("http://localhost/score/")),
            ("is-a-part", post(b"", "Script_Name: /s"), NOTFOUND),
        )
    ),
    *(
        Case(
            f"script-name-not-in-path-{name}",
            ("observed SCRIPT_NAME and PATH_INFO",),
            ECHO,
            ask(method, target, header),
            _misplaced(path, said),
        )
        for name, (method, target, header, path, said) in {
            "of-score": ("POST", "/score", "Script_Name: a", "/score", "&#x27;a&#x27;"),
            "of-root": ("GET", "/?a=1", "Script_Name: /a", "/", "&#x27;/a&#x27;"),
            "of-no-route": ("PUT", "/nope", "Script_Name: 'b\xe4'", "/nope", "&quot;&#x27;b\xe4&#x27;&quot;"),
            "decoded": ("GET", "/%61/score", "Script_Name: /a", "/%61/score", "&#x27;/a&#x27;"),
            "without-path": ("GET", "http://elsewhere", "Script_Name: /a", "", "&#x27;/a&#x27;"),
        }.items()
    ),
    *(
        Case(
            f"page-of-script-name-{name}",
            ("observed SCRIPT_NAME and PATH_INFO", "observed gunicorn's own page"),
            ECHO,
            sent,
            _misplaced("/score", "&#x27;a&#x27;"),
        )
        for name, sent in {
            "of-head": ask("HEAD", "/score", "Script_Name: a"),
            "of-version-1.0": ask("GET", "/score", "Script_Name: a", version="HTTP/1.0"),
        }.items()
    ),
    Case("path-info", ("observed SCRIPT_NAME and PATH_INFO",), ECHO, get("/score", "Path_Info: /nope"), EMPTY_QUERY),
    Case("asterisk-options", ("observed asterisk-form",), ECHO, ask("OPTIONS", "*"), NOTFOUND),
    Case("asterisk-get", ("observed asterisk-form",), ECHO, get("*"), _bad_line("GET * HTTP/1.1")),
    Case("no-slash", ("observed other path forms",), ECHO, get("score"), _bad_line("GET score HTTP/1.1")),
    Case(
        "header-list-of-a-routing-error",
        ("4.3 ids of 404 and 405", "4.1 BARE"),
        ECHO,
        get("/nope", "x-request-id: A", "x-ms-client-request-id: C", "TraceId: T"),
        Answer(NOT_FOUND, BARE, NOTFOUND.body),
    ),
    Case(
        "405-does-not-echo-ids",
        ("4.3 ids of 404 and 405",),
        ECHO,
        ask("PUT", "/score", "x-request-id: A", "x-ms-client-request-id: C", "TraceId: T"),
        bare(NOT_ALLOWED, b'{"message": "The method is not allowed for the requested URL."}'),
    ),
    Case(
        "header-list-of-a-result",
        ("4.1 FULL",),
        ECHO,
        get(),
        Answer(OK, (*START, JSON, LENGTH, FINE, EXEC, VERSION, *IDS), b'["str", "{}"]'),
    ),
    Case(
        "keep-alive-is-not-kept",
        ("4.1 always closes",),
        ECHO,
        get("/", "Connection: keep-alive"),
        HEALTHY,
    ),
)
