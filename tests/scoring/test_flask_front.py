"""The front with flask: contexts and hooks are flask's own, and a script that loads flask late gets them, too."""

from __future__ import annotations

import json
import sys

import amlemu
import pytest
from amlemu.exchange import Request
from amlemu.scoring.flask_front import LateFlask


def ask(app, method="POST", target="/score", body=b"", headers=()):
    return app.handle(Request(method, target, [*headers, ("Content-Length", str(len(body)))], body))


def test_run_is_called_inside_flasks_context(server):
    """Request, application, and ids on `g`, as under the real server (contract 4.15)."""
    script = """
        import flask

        def init(): ...

        def run(data):
            return [flask.request.path, flask.request.environ["SERVER_SOFTWARE"], flask.current_app.name, flask.g.request_id]
    """
    response = ask(server.boot(script), headers=[("x-request-id", "A")])

    assert json.loads(response.body) == [
        "/score",
        "gunicorn/27.0.1",
        "azureml_inference_server_http.server.create_app",
        "A",
    ]


def test_init_has_no_context(server):
    script = (
        "import flask\nfound = []\ndef init(): found.append(flask.has_request_context())\ndef run(data): return found"
    )

    assert ask(server.boot(script)).body == b"[false]"


def test_after_this_request_is_kept(server):
    """Its headers stand before the ids."""
    script = """
        import flask

        def init(): ...

        def run(data):
            @flask.after_this_request
            def later(response):
                response.headers["X-Later"] = "1"
                return response
            return 1
    """
    names = [name for name, _ in ask(server.boot(script)).headers]

    assert names.index("X-Later") < names.index("x-ms-server-version")


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD"])
def test_a_raw_script_gets_flasks_request(server, method):
    """For every method of the route; the body is untouched (contract 4.11)."""
    script = """
        from azureml.contrib.services.aml_request import rawhttp
        from azureml.contrib.services.aml_response import AMLResponse

        def init(): ...

        @rawhttp
        def run(request):
            return AMLResponse(request.method + str(request.get_data()), 201)
    """
    response = ask(server.boot(script), method, body=b"\xff")

    assert (response.status, response.phrase) == (201, "CREATED")
    assert response.body == (b"" if method == "HEAD" else f"{method}b'\\xff'".encode())
    assert response.header("content-length") == str(len(f"{method}b'\\xff'"))


def test_a_head_that_nobody_can_send_is_gunicorns_page(server):
    script = "import flask\ndef init(): ...\ndef run(data): return flask.Response('x', 99)"

    assert (ask(server.boot(script)).status, ask(server.boot(script)).header("content-type")) == (500, "text/html")


def test_a_stream_is_closed_at_its_end(server):
    """call_on_close runs when the reader has had the last piece, and when it stops early."""
    script = """
        import flask
        closed = []

        def init(): ...

        def run(data):
            response = flask.Response(iter(["a", "b"]))
            response.call_on_close(lambda: closed.append(data))
            return response if data else len(closed)
    """
    app = server.boot(script)
    assert list(ask(app, body=b"1").body) == [b"a", b"b"]
    assert ask(app).body == b"1"


def test_flask_that_is_loaded_in_the_middle_of_a_call_has_its_context_at_once(tmp_path):
    """In a worker of its own: here flask is loaded already. The script never names it, so nobody could know before."""
    (tmp_path / "score.py").write_text(
        "import sys\ndef init(): ...\n"
        "def run(data):\n    name = 'fl' + 'ask'\n    before = name in sys.modules\n    return [before, __import__(name).request.path]\n"
    )
    with amlemu.serve(tmp_path / "score.py") as endpoint:
        assert endpoint.score(1) == [False, "/score"]
        assert endpoint.score(1) == [True, "/score"]


def test_the_late_context_ends_with_its_call(tmp_path):
    """A context that stayed would be what the next call falls back to. The script never names flask here either."""
    (tmp_path / "score.py").write_text(
        "popped = []\ndef init(): ...\n"
        "def run(data):\n    if 'again' in data: return len(popped)\n"
        "    late = __import__('fl' + 'ask')\n    late.appcontext_popped.connect(popped.append, weak=False)\n"
    )
    with amlemu.serve(tmp_path / "score.py") as endpoint:
        endpoint.score("first")
        assert endpoint.score("again") == 1


def test_the_finder_looks_for_flask_only():
    assert LateFlask(lambda: pytest.fail("nothing has arrived")).find_spec("json") is None


def test_the_finder_leaves_when_it_has_found():
    """And tells when the module has been executed, not before."""
    arrived = []
    finder = LateFlask(lambda: arrived.append(True))
    sys.meta_path.insert(0, finder)
    spec = finder.find_spec("flask")

    assert finder not in sys.meta_path
    assert spec is not None
    assert arrived == []
