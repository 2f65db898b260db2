"""The script itself: run() is called as the server would call it, and what it returns comes back as it is. Microseconds."""

import pytest


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Das ist ein Test, und er ist nicht schwer.", "de"),
        ("This is a test, and it is not hard.", "en"),
        ("xyzzy plugh", None),
    ],
)
def test_it_guesses_the_language(scoring_script, text, language):
    assert scoring_script.run({"text": text})["language"] == language


def test_a_request_without_a_text_is_an_error(scoring_script):
    with pytest.raises(KeyError, match="text"):
        scoring_script.run({"txt": "Das ist ein Test"})


def test_how_sure_it_has_to_be_can_be_changed(scoring_script, monkeypatch):
    monkeypatch.setattr(scoring_script.module, "LEAST_SHARE", 0.99)

    assert scoring_script.run({"text": "Das ist ein Test."})["language"] is None


def test_a_model_of_the_tests_own(scoring_script, monkeypatch):
    monkeypatch.setattr(scoring_script.module, "common_words", {"nonsense": {"xyzzy"}})

    assert scoring_script.run({"text": "xyzzy"})["language"] == "nonsense"
