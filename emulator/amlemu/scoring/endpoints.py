"""
The three routes and the hooks around them: what flask would call views, before_request and after_request.

Both fronts (`plain_front`, `flask_front`) call these; an answer is an `Answer` or, where the script made one, a flask
Response: they share the few words used here.

Source: azureml-inference-server-http 1.5.1, server/routes.py (read 2026-11); contract 4.2 to 4.11.
"""

from __future__ import annotations

import sys
import time
import traceback
from typing import Any, Callable, Dict, Optional

from amlemu.exchange import Request
from amlemu.scoring import codec, cors, faults, ids, request_lines, swagger
from amlemu.scoring.answer import HTML, Answer, error_answer, json_answer
from amlemu.scoring.logs import OWN, is_as_set_up, server_log
from amlemu.scoring.script import UserScript

SCRIPT_FAILED = "An unexpected error occurred in scoring script. Check the logs for more info."
INTERNAL_ERROR = "An unexpected internal error occurred. Check the logs for more info."
NOT_FOUND = (
    "The requested URL was not found on the server. If you entered the URL manually please check your spelling and"
    " try again."
)
NOT_UNDERSTOOD = "The browser (or proxy) sent a request that this server could not understand."
NOT_ALLOWED = "The method is not allowed for the requested URL."
Header = Callable[[str], Optional[str]]


class Call:
    """One request on its way through: its ids, its endpoint's name in the log, its clock, and what run() did."""

    __slots__ = (
        "account",
        "api_name",
        "ids",
        "inbound",
        "is_told_by_host",
        "late_context",
        "request",
        "started",
        "streamed",
    )

    def __init__(self, request: Request) -> None:
        self.request = request
        self.ids = ids.RequestIds()
        self.api_name: Optional[str] = None  # only endpoints that have one are logged
        self.started = time.perf_counter()
        self.account: Dict[str, Any] = {}
        self.late_context: Any = None  # flask's, when the script imported flask in the middle of this call
        self.streamed = False
        self.is_told_by_host: Optional[bool] = (
            None  # by the host; None: not decided, as nothing has been said of this call
        )
        self.inbound: codec.Inbound


class Endpoints:
    """The routes of one script."""

    def __init__(
        self,
        script: UserScript,
        documents: swagger.Documents,
        origins: Optional[cors.Policy],
        timeout_ms: int,
        root: str,
    ) -> None:
        """
        Args:
            script: loaded, init() done.
            documents: the OpenAPI documents, ready.
            origins: who may call from a browser; None = no CORS headers at all.
            timeout_ms: SCORING_TIMEOUT_MS.
            root: the app root, to name places in the script by short paths.
        """
        self.script = script
        self._documents = documents
        self._origins = origins
        self._timeout_ms = timeout_ms
        self._root = root

    def health(self, call: Call) -> Answer:
        """Answer `GET /`."""
        return Answer(200, HTML, b"Healthy")

    def openapi(self, call: Call) -> Answer:
        """Answer `GET /swagger.json`."""
        call.api_name = "/swagger.json"
        pairs = codec.query_pairs(call.inbound.query)
        version = next((value for name, value in pairs if name == "version"), "2")
        try:
            return json_answer(self._documents.document(version))
        except swagger.NoSuchVersion as error:
            return error_answer(404, str(error))

    def score(self, call: Call) -> Any:
        """Answer `/score`: decode, call run(), encode. Raises what json.dumps raises for a result it refuses."""
        call.api_name = "/score"
        try:
            arguments = codec.arguments(self.script.style, self.script.parameters, call.inbound)
            request = call.request
            result = self.script.invoke_run(arguments, lambda: codec.script_headers(request), self._timeout_ms)
        except codec.BadInput as error:
            return error_answer(400, str(error))
        except codec.UnsupportedInput as error:
            return error_answer(415, str(error))
        except codec.UnsupportedMethod:
            return _unsupported(call.inbound.method)
        except faults.ScriptTimedOut as error:
            server_log.debug("Run function timeout caught", extra=OWN)
            return self._failed(call, error.cause, f"Scoring timeout after {error.timeout_ms} ms")
        except faults.ScriptRaised as error:
            server_log.debug("Run function exception caught", extra=OWN)
            return self._failed(call, error.cause, SCRIPT_FAILED)
        call.account["run_ms"] = result.elapsed_ms
        answer = _encode(result.output)
        # Not in scientific notation, whatever the size: '0.012', never '1.2e-2'.
        answer.headers.add("x-ms-run-fn-exec-ms", f"{result.elapsed_ms:.3f}")
        return answer

    def internal_error(self, call: Call, error: BaseException) -> Answer:
        """Answer an exception that is not run()'s own, such as a result that json.dumps refuses."""
        server_log.debug("Unhandled exception generated", extra=OWN)
        server_log.error("Encountered Exception: %s", traceback.format_exc(), extra=OWN)
        call.account["fault"] = faults.describe(error, "result", self._root).as_data()
        return error_answer(500, INTERNAL_ERROR)

    def before(self, call: Call, header: Header) -> Optional[Answer]:
        """Decide the ids; returns the answer when one of them is too long."""
        try:
            call.ids = ids.read(header, lambda text: server_log.warning(text, extra=OWN))
        except ids.TooLong as error:
            call.ids = error.ids
            return error_answer(431, str(error))
        return None

    def after(self, call: Call, answer: Any, header: Header) -> None:
        """Put CORS headers and ids on an answer, and account for it. `length` is bytes, or "N/A" for a stream."""
        if self._origins:
            self._origins.apply(call.request.method, header, answer.headers)
        call.streamed = answer.is_streamed
        call.account.update(
            api_name=call.api_name,
            duration_ms=(time.perf_counter() - call.started) * 1000,
            length="N/A" if call.streamed else answer.calculate_content_length(),
        )
        call.is_told_by_host = is_as_set_up() and not call.streamed  # a stream's first line comes before its pieces
        if call.api_name and not call.is_told_by_host:
            request_lines.say_served(call.request, answer.status_code, call.account)
        ids.write(call.ids, answer.headers)

    def _failed(self, call: Call, cause: BaseException, message: str) -> Answer:
        server_log.error("Encountered Exception: %s", traceback.format_exc(), extra=OWN)
        call.account["fault"] = faults.describe(cause, "run", self._root).as_data()
        return error_answer(500, message, failed=True)


def _unsupported(method: str) -> Answer:
    if method == "OPTIONS":
        return Answer(200, HTML, b"", failed=False)
    return error_answer(405, "Method not allowed")


def _encode(output: Any) -> Any:
    flask = sys.modules.get("flask")
    if flask is None or not isinstance(output, flask.Response):
        return json_answer(output)
    server_log.info("run() output is HTTP Response", extra=OWN)
    if output.status_code >= 500:
        output.headers["x-ms-run-function-failed"] = True
    return output
