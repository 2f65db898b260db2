"""The real image, built from deployment.yml and run by Docker; skipped where there is none. Minutes once, then a second or two."""

from amlemu.testing import assert_cloud


def test_it_answers_in_its_own_image(container_endpoint):
    assert container_endpoint.score({"text": "Das ist ein Test."})["language"] == "de"


def test_an_error_is_the_same_there(container_endpoint):
    assert_cloud(container_endpoint.post("/score", json={"txt": "no text"}), 424, model=500)
