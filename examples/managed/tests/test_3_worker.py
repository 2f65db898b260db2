"""Worker processes, as in the deployment: what one process cannot show. A third of a second for the first of these tests."""

import asyncio

import pytest
from amlemu.testing import assert_cloud, assert_scored

pytestmark = pytest.mark.amlemu(target="worker")


def test_workers_share_the_load(async_scoring_client):
    async def ask():
        posts = (async_scoring_client.post("/score", json={"text": "a test"}) for _ in range(4))
        return [assert_scored(response) for response in await asyncio.gather(*posts)]

    assert len(asyncio.run(ask())) == 4


def test_more_than_the_deployment_lets_in_is_refused(make_endpoint):
    client = make_endpoint(settings={"limits.requests_per_second": 1})

    assert_scored(client.post("/score", json={"text": "one"}))
    assert_cloud(client.post("/score", json={"text": "two"}), 429, model=None, why="1 requests a second")


def test_other_settings_of_the_deployment(make_endpoint):
    client = make_endpoint(env={"LEAST_SHARE": "0.99"})

    assert client.score({"text": "Das ist ein Test."})["language"] is None
