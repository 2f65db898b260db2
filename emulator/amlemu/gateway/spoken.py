"""
What the gateway says by itself: rows of the profile's answer table, made into responses. The only place where a refusal
or a silence turns into a status.
"""

from __future__ import annotations

from amlemu.errors import BackendFailure, BackendTimeout, Busy, NotReady, Unreachable, WorkerCrashed
from amlemu.exchange import Headers, Response
from amlemu.profile import Answer, Answers
from amlemu.scoring.gunicorn import http_date
from amlemu.scoring.ids import new_id

MODEL_STATUS = "ms-azureml-model-error-statuscode"
MODEL_REASON = "ms-azureml-model-error-reason"
_ROWS: dict[type[BackendFailure], str] = {
    NotReady: "not_ready",
    Busy: "busy",
    WorkerCrashed: "worker_crashed",
    BackendTimeout: "backend_timeout",
    Unreachable: "unreachable",
}


class AnswerTable:
    """The profile's answers for one endpoint."""

    def __init__(self, answers: Answers, endpoint: str, server: str = "") -> None:
        """`endpoint` and `server` are the names that some answers mention."""
        self._answers = answers
        self._names = {"{endpoint}": endpoint, "{server}": server}

    def has(self, row: str) -> bool:
        """Tell whether there are words for `row`, and not just a connection that closes."""
        return isinstance(getattr(self._answers, row), Answer)

    def is_of_container(self, row: str) -> bool:
        """Tell whether it is the container's nginx that says `row`, and no gateway before it."""
        answer = getattr(self._answers, row)
        return isinstance(answer, Answer) and answer.server == "{server}"

    def say(self, row: str) -> Response | None:
        """Return the answer of a row; None means: close the connection."""
        answer = getattr(self._answers, row)
        return _response(answer, self._names) if isinstance(answer, Answer) else None

    def after(self, failure: BackendFailure) -> Response | None:
        """Return the answer to a silence of the backend, likewise."""
        row = _ROWS.get(type(failure))
        return None if row is None else self.say(row)


def _response(answer: Answer, names: dict[str, str]) -> Response:
    body = _named(answer.body, names).encode()
    headers: Headers = [("Server", _named(answer.server, names))] if answer.server else []
    if answer.request_id:
        headers.append((answer.request_id, new_id()))
    headers += [("Date", http_date()), ("Content-Type", answer.content_type), ("Content-Length", str(len(body)))]
    if answer.model_status is not None:
        headers.append((MODEL_STATUS, answer.model_status))
    if answer.model_reason:
        headers.append((MODEL_REASON, answer.model_reason))
    return Response(answer.status, answer.phrase, headers, body)


def _named(text: str, names: dict[str, str]) -> str:
    for word, name in names.items():
        text = text.replace(word, name)
    return text
