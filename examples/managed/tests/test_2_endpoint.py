"""The endpoint, in this process: the cloud's front door stands before the script. Less than a millisecond."""

import json
from pathlib import Path

from amlemu.testing import assert_cloud, assert_scored

SAMPLE = Path(__file__).parents[1] / "sample-request.json"


def test_a_client_gets_an_answer(scoring_client):
    answer = scoring_client.score({"text": "C'est un essai, et il est facile."})

    assert answer["language"] == "fr"
    assert sum(answer["shares"].values()) > 0


def test_the_sample_request_is_still_answered_so(scoring_client, scoring_snapshot):
    scoring_snapshot(scoring_client.post("/score", json=json.loads(SAMPLE.read_text())))


def test_what_a_client_gets_of_an_error(scoring_client):
    response = scoring_client.post("/score", json={"txt": "no text"})

    assert_cloud(response, 424, model=500)
    assert "traceback" not in response.text.lower()


def test_a_text_that_is_too_long_does_not_reach_the_script(scoring_client):
    response = scoring_client.post("/score", json={"text": "word " * 400_000})

    assert_cloud(response, 413, model=None)


def test_a_key_is_asked_for(make_endpoint):
    client = make_endpoint(auth="key")

    assert_scored(client.post("/score", json={"text": "ein Test"}))
    assert_cloud(client.post("/score", json={}, headers={"Authorization": "Bearer wrong"}), 401, model=None)


def test_on_a_cluster_the_same_error_has_another_face(make_endpoint):
    client = make_endpoint(profile="kubernetes")

    assert_cloud(client.post("/score", json={"txt": "no text"}), 502, model=500)
