"""What each fixture costs, seen from inside a test."""

from __future__ import annotations

import time

import pytest

BODY = '{"data": [[59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87]]}'
CALLS = 2000


def test_a_call_of_the_script(script, figures, timed, server):
    figures["run_us"] = 0.0 if server else timed(lambda: script.module.run(BODY), CALLS)
    figures["script_us"] = timed(lambda: script.run(BODY), CALLS)


def test_a_call_through_the_client(client, figures, timed):
    figures["client_us"] = timed(lambda: client.score(BODY), CALLS)


@pytest.mark.parametrize("number", range(50))
def test_it_is_there_again(script, number):
    assert script


def test_the_first_worker(figures, request, server):
    if server is None:
        make_endpoint = request.getfixturevalue("make_endpoint")
        began = time.perf_counter()
        endpoint = make_endpoint(target="worker")
        figures["worker_ms"] = (time.perf_counter() - began) * 1e3
        assert endpoint.score(BODY)
