"""Answers with the request headers that the server hands over, and their type."""


def init():
    pass


def run(data, request_headers):
    return [type(request_headers).__name__, request_headers]
