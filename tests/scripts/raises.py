"""Raises, by the name in its input, everything that run() may raise; `last_sin` is what this process raised last."""

import socket

import flask
import werkzeug.exceptions


class OwnBaseException(BaseException):
    """Derives from nothing that `except Exception` catches."""


class OwnTimeout(TimeoutError):
    """A timeout of the script's own."""


def _recurse():
    _recurse()


def _chained():
    try:
        raise ValueError("the cause")
    except ValueError as error:
        raise RuntimeError("the consequence") from error


def _raise(error):
    raise error


SINS = {
    "ValueError": lambda: _raise(ValueError("secret of run")),
    "MemoryError": lambda: _raise(MemoryError()),
    "RecursionError": _recurse,
    "abort_404": lambda: flask.abort(404),
    "HTTPException": lambda: _raise(werkzeug.exceptions.ImATeapot()),
    "StopIteration": lambda: _raise(StopIteration()),
    "StopAsyncIteration": lambda: _raise(StopAsyncIteration()),
    "chained": _chained,
    "TimeoutError": lambda: _raise(TimeoutError("own")),
    "socket.timeout": lambda: _raise(socket.timeout("own")),
    "OwnTimeout": lambda: _raise(OwnTimeout()),
    "SystemExit": lambda: _raise(SystemExit()),
    "SystemExit_3": lambda: _raise(SystemExit(3)),
    "KeyboardInterrupt": lambda: _raise(KeyboardInterrupt()),
    "GeneratorExit": lambda: _raise(GeneratorExit()),
    "OwnBaseException": lambda: _raise(OwnBaseException("bare")),
    "breakpoint": breakpoint,
    "input": input,
    "BrokenPipeError": lambda: _raise(BrokenPipeError()),
    "ConnectionResetError": lambda: _raise(ConnectionResetError(104, "own")),
}

state = {}


def init():
    pass


def run(data):
    if data == "last_sin":
        return state["last"]
    state["last"] = data
    return SINS[data]()
