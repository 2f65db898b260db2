"""
The front for scripts that load flask: a real flask application around the same endpoints.

Routing, contexts, forms, `after_this_request` and streamed responses are then flask's own. Opened only when the script
has imported flask (`LateFlask` notices one that does so in the middle of a call) or asks for the raw request.

Source: azureml-inference-server-http 1.5.1, server/create_app.py, server/routes.py; contract 4.7, 4.11, 4.15.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from typing import Any, Callable, Iterator, List, Optional

from amlemu.exchange import Response
from amlemu.scoring import codec, gunicorn
from amlemu.scoring.answer import Answer, error_answer
from amlemu.scoring.endpoints import Call, Endpoints

_CALL = "amlemu.call"


class FlaskFront:
    """A flask application whose views are `Endpoints`. Needs flask in the script's environment."""

    def __init__(self, endpoints: Endpoints) -> None:
        """Build the application under the names that the real one has."""
        import flask
        from werkzeug.exceptions import HTTPException

        self._flask = flask
        self._endpoints = endpoints
        # The names are the real ones, though no such package may be installed: so the folders have to be given.
        here = os.path.dirname(os.path.abspath(__file__))
        name = "azureml_inference_server_http.server"
        self.app = flask.Flask(f"{name}.create_app", root_path=here, instance_path=os.path.join(here, "instance"))
        views = flask.Blueprint("main", f"{name}.routes", root_path=here)
        views.before_request(self._before)
        views.after_request(self._after)
        views.register_error_handler(HTTPException, _http_error(self._respond))
        views.register_error_handler(Exception, self._internal_error)
        for path, name, view, options in (
            ("/swagger.json", "get_swagger_specification", endpoints.openapi, {"methods": ["GET"]}),
            ("/", "health_probe", endpoints.health, {"methods": ["GET"]}),
            ("/score", "handle_score", endpoints.score, _SCORE_OPTIONS),
        ):
            views.add_url_rule(path, name, self._view(view), **options)
        self.app.register_blueprint(views)
        self.app.register_error_handler(HTTPException, _http_error(self._respond))

    def answer(self, call: Call) -> Response:
        """Answer one call; BaseExceptions of run() pass through. Raises BadResponse for a head nobody can send."""
        head: List[Any] = []

        def start_response(status: str, headers: Any, exc_info: Any = None) -> None:
            head[:] = (status, headers)

        pieces = self.app.wsgi_app(self._environ(call), start_response)  # type: ignore[arg-type]
        body = _one_by_one(pieces)
        return gunicorn.finish(call.request, head[0], head[1], body if call.streamed else b"".join(body))

    def late_context(self, call: Call) -> Any:
        """Return a request context, entered, for a call that began without flask."""
        context = self.app.request_context(self._environ(call))
        context.push()
        return context

    def _environ(self, call: Call) -> Any:
        return {**gunicorn.environ(call.request), _CALL: call}

    def _view(self, endpoint: Callable[[Call], Any]) -> Callable[[], Any]:
        return lambda: self._respond(endpoint(self._call()))

    def _call(self) -> Call:
        return self._flask.request.environ[_CALL]  # type: ignore[no-any-return]

    def _before(self) -> Any:
        call, request, g = self._call(), self._flask.request, self._flask.g
        call.inbound = codec.Inbound(
            method=request.method,
            query=request.query_string.decode("latin-1"),
            content_type=request.headers.get("Content-Type", ""),
            data=lambda: request.data,
            whole=request.get_data,
            raw=lambda: request,
        )
        refusal = self._endpoints.before(call, request.headers.get)
        g.request_id, g.legacy_client_request_id, g.client_request_id = call.ids[:3]
        return None if refusal is None else self._respond(refusal)

    def _after(self, response: Any) -> Any:
        self._endpoints.after(self._call(), response, self._flask.request.headers.get)
        return response

    def _internal_error(self, error: Exception) -> Any:
        return self._respond(self._endpoints.internal_error(self._call(), error))

    def _respond(self, answer: Any) -> Any:
        if not isinstance(answer, Answer):
            return answer
        response = self._flask.Response(answer.body, status=answer.status_code)
        response.headers.clear()
        response.headers.extend(list(answer.headers))
        return response


_SCORE_OPTIONS = {"methods": ["GET", "POST", "OPTIONS"], "provide_automatic_options": False}


def _http_error(respond: Callable[[Answer], Any]) -> Callable[[Any], Any]:
    return lambda error: respond(error_answer(error.code, error.description))


def _one_by_one(pieces: Any) -> Iterator[bytes]:
    try:
        yield from pieces
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()


class LateFlask:
    """
    A finder that tells when flask has been imported: `run()` may do so as late as in the first request.

    Under the real server flask is always there, and so is its context.
    """

    def __init__(self, arrived: Callable[[], None]) -> None:
        self._arrived = arrived

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        """Find flask through the other finders, and wrap what executes it."""
        if name != "flask":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            self._wrap(spec.loader)
        return spec

    def _wrap(self, loader: Any) -> None:
        execute = loader.exec_module

        def exec_module(module: Any) -> None:
            execute(module)
            self._arrived()

        loader.exec_module = exec_module
