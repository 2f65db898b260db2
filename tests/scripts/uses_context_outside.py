"""Asks in init() and at import whether flask's context is there."""

import flask

seen = {"import": [flask.has_request_context(), flask.has_app_context()]}


def init():
    seen["init"] = [flask.has_request_context(), flask.has_app_context()]


def run(data):
    return seen
