"""Returns, by the name in its input, answers made with flask."""

import flask


def init():
    pass


def _pieces():
    yield "one"
    yield "two"


def _broken_pieces():
    yield "one"
    raise ValueError("in the middle of the stream")


def _never_starts():
    raise ValueError("before the stream")
    yield "unreachable"


def _with_header(name, value, body="abc", **options):
    response = flask.Response(body, **options)
    response.headers[name] = value
    return response


ANSWERS = {
    "plain": lambda: flask.Response("hello", 201, {"X-Own": "1"}, content_type="text/x-own"),
    "default": lambda: flask.Response("hello"),
    "empty": lambda: flask.Response(),
    "failing": lambda: flask.Response("no", 503),
    "client_error": lambda: flask.Response("no", 422),
    "own_failed": lambda: _with_header("x-ms-run-function-failed", "perhaps", status=500),
    "own_failed_ok": lambda: _with_header("x-ms-run-function-failed", "perhaps"),
    "redirect": lambda: flask.redirect("/elsewhere"),
    "jsonify": lambda: flask.jsonify(b=1, a="ä"),
    "stream": lambda: flask.Response(_pieces()),
    "stream_empty_piece": lambda: flask.Response(iter(["one", "", "two"])),
    "stream_of_bytes": lambda: flask.Response(iter([b"\xff\x00"]), content_type="application/octet-stream"),
    "stream_broken": lambda: flask.Response(_broken_pieces()),
    "stream_never_starts": lambda: flask.Response(_never_starts()),
    "stream_of_numbers": lambda: flask.Response(iter([1])),
    "stream_with_length": lambda: _with_header("Content-Length", "6", _pieces()),
    "length_too_large": lambda: _with_header("Content-Length", "10"),
    "length_too_small": lambda: _with_header("Content-Length", "2"),
    "length_not_a_number": lambda: _with_header("Content-Length", "x"),
    "no_content": lambda: flask.make_response("", 204),
    "no_content_with_body": lambda: flask.make_response("abc", 204),
    "not_modified": lambda: flask.make_response("", 304),
    "not_modified_with_body": lambda: flask.make_response("abc", 304),
    "informational": lambda: flask.Response("", 100),
    "tuple_of_response": lambda: (flask.Response("x"), 201),
    "connection": lambda: _with_header("Connection", "keep-alive"),
    "hop_by_hop": lambda: _with_header("Keep-Alive", "timeout=5"),
    "own_date": lambda: _with_header("Date", "yesterday"),
    "own_server": lambda: _with_header("Server", "mine"),
    "own_ids": lambda: _with_header("x-request-id", "mine"),
    "own_version": lambda: _with_header("x-ms-server-version", "mine"),
    "own_exec_ms": lambda: _with_header("x-ms-run-fn-exec-ms", "mine"),
    "cookies": lambda: _with_two_cookies(),
    "custom_phrase": lambda: flask.Response("x", "200 Very Well"),
    "phrase_of_unknown": lambda: flask.Response("x", "299 Fine"),
    "phrase_only": lambda: flask.Response("x", "Fine"),
    "etag": lambda: _with_etag(),
    "file": lambda: flask.send_file(__file__, mimetype="text/x-python", etag=False, last_modified=1),
    "lower_case_name": lambda: _with_header("x-lower", "1"),
    "html_page": lambda: flask.make_response("<p>", 200, {"Content-Type": "text/html"}),
}


def _with_two_cookies():
    response = flask.Response("abc")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


def _with_etag():
    response = flask.Response("abc")
    response.set_etag("tag")
    return response.make_conditional(flask.request)


def run(data):
    return ANSWERS[data]()
