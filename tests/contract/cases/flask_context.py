"""Flask around a plain run(): section 4.15."""

from ..answers import ERROR, EXEC, FINE, IDS, JSON, LENGTH, OK, START, VERSION, bare, full, passed
from ..case import Answer, Case, Deployment, post

CONTEXT = Deployment("flask_context.py")

SEEN = {
    "path": ("4.15 right path", b'["/score", "POST", "localhost"]'),
    "server_software": ("4.15 right path", b'"gunicorn"'),
    "server_protocol": ("4.15 right path", b'"HTTP/1.1"'),
    "app": ("4.15 context", b'"Flask"'),
    "args": ("4.15 context", b'{"q": "1"}'),
    "remote": ("4.15 context", b'"127.0.0.1"'),
    "url": ("4.15 context", b'"http://HOST/score?q=1"'),
    "has_context": ("4.15 context", b"[true, true]"),
    "data_again": ("4.15 context", b"\"b'data_again'\""),
    "endpoint": ("observed flask details", b'["main.handle_score", "main"]'),
    "view_args": ("observed flask details", b"{}"),
    "url_for": ("observed flask details", b'"/score"'),
    "session": ("observed flask details", b"{}"),
    "template": ("observed flask details", b'"<1>"'),
    "debug": ("observed flask details", b"false"),
}

CASES = (
    *(
        Case(
            f"flask-{name.replace('_', '-')}",
            (row,),
            CONTEXT,
            post(name.encode(), target="/score?q=1"),
            full(body),
        )
        for name, (row, body) in SEEN.items()
    ),
    Case("flask-jsonify", ("4.15 context",), CONTEXT, post(b"jsonify"), passed(b'{"a":1}\n', JSON, LENGTH)),
    Case(
        "flask-g-is-of-one-request",
        ("observed flask details",),
        CONTEXT,
        post(b"own_g"),
        full(b"1"),
        then=((post(b"own_g"), full(b"1")),),
    ),
    Case(
        "flask-after-this-request",
        ("observed after_this_request",),
        CONTEXT,
        post(b"after"),
        Answer(OK, (*START, JSON, LENGTH, FINE, EXEC, "X-After: 1", VERSION, *IDS), b'"after"'),
    ),
    Case(
        "flask-after-this-request-changes-all",
        ("observed after_this_request",),
        CONTEXT,
        post(b"changed_status"),
        full(b"changed", status="HTTP/1.1 202 ACCEPTED"),
    ),
    Case(
        "flask-after-this-request-fails",
        ("observed after_this_request",),
        CONTEXT,
        post(b"breaks_afterwards"),
        bare(
            ERROR,
            b'{"message": "The server encountered an internal error and was unable to complete your request. '
            b'Either the server is overloaded or there is an error in the application."}',
        ),
    ),
    Case(
        "flask-no-context-in-init",
        ("observed flask details",),
        Deployment("uses_context_outside.py"),
        post(),
        full(b'{"import": [false, false], "init": [false, false]}'),
    ),
)
