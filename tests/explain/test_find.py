"""A word leads to its meaning in any spelling, and a wrong one to what is spelled nearly so."""

from __future__ import annotations

import pytest
from amlemu.errors import UsageError
from amlemu.explain import find


def titles(*words, profile=""):
    return [entry.title for entry in find.find(words, profile)]


@pytest.mark.parametrize(
    ("words", "title"),
    [
        pytest.param(["424"], "424 Failed Dependency", id="status"),
        pytest.param(["failed", "dependency"], "424 Failed Dependency", id="phrase-in-two-words"),
        pytest.param(["HTTP", "502"], "502 Bad Gateway", id="http-502"),
        pytest.param(["422"], "422", id="a-status-that-is-in-no-table"),
        pytest.param(["resourcenotready"], "ResourceNotReady: the container did not become ready", id="small"),
        pytest.param(["Resource Not Ready"], "ResourceNotReady: the container did not become ready", id="spaces"),
        pytest.param(["'ResourceNotReady:'"], "ResourceNotReady: the container did not become ready", id="quoted"),
        pytest.param(
            ["err-2200"],
            "ERR_2200: the user's container has crashed or terminated (2021); today ResourceNotReady",
            id="dash",
        ),
        pytest.param(["Internal", "Server", "Error"], "500 Internal Server Error", id="phrase-of-500"),
        pytest.param(["internalservererror"], "InternalServerError: a fault of the service", id="error-of-that-name"),
        pytest.param(["111"], "exit code 111", id="exit-code"),
        pytest.param(["exitCode", "111"], "exit code 111", id="exit-code-as-aci-writes-it"),
        pytest.param(["137"], "exit code 137, signal 9 (SIGKILL)", id="128-plus-9"),
        pytest.param(["-9"], "exit code 137, signal 9 (SIGKILL)", id="minus-9"),
        pytest.param(["signal", "9"], "exit code 137, signal 9 (SIGKILL)", id="signal-9"),
        pytest.param(["130"], "exit code 130, signal 2 (SIGINT)", id="a-signal-without-an-entry"),
        pytest.param(["42"], "exit code 42", id="an-exit-code-of-nobody"),
        pytest.param(["x-ms-run-function-failed"], "x-ms-run-function-failed: whether run() raised", id="header"),
    ],
)
def test_a_word_is_found(words, title):
    assert titles(*words) == [title]


@pytest.mark.parametrize(
    "words",
    [
        ["424/500"],
        ["424", "model", "500"],
        ["424 (500)"],
        ["original-code=500"],
        ["Model Error; original-code=500"],
        ["ms-azureml-model-error-statuscode: 500"],
    ],
    ids=" ".join,
)
def test_a_424_with_the_models_status_is_both(words):
    """The gateway's word, and what the container itself said."""
    assert titles(*words) == ["424 Failed Dependency", "the container's own status: 500 Internal Server Error"]


def test_several_words_are_explained_one_after_the_other():
    assert titles("503", "CrashLoopBackOff", "503")[0] == "503 Service Unavailable"
    assert len(titles("503", "CrashLoopBackOff", "503")) == 2


def test_two_sentences_that_look_alike_are_two_things():
    """Contract 4.2: run() raised, or what it returned is not JSON."""
    raised, returned = (
        titles("An unexpected error occurred in scoring script"),
        titles("An unexpected internal error occurred"),
    )

    assert raised == ["An unexpected error occurred in scoring script: run() raised"]
    assert returned == ["An unexpected internal error occurred: run() returned, and its result cannot be sent"]


def test_a_message_is_found_by_a_piece_of_it():
    entry = find.text_of("ERROR: Too many requests for service diabetes (overloaded)")

    assert entry is not None
    assert entry.name == "Too many requests for service"


@pytest.mark.parametrize(
    ("profile", "begins"),
    [
        pytest.param("managed", "The endpoint has no deployment with traffic", id="since-2022"),
        pytest.param("managed-2021", "The URL is not correct", id="2021"),
        pytest.param("bare", "No such route", id="the-servers-own"),
    ],
)
def test_a_profile_keeps_what_is_true_for_it(profile, begins):
    """404 has meant three things."""
    [entry] = find.find(["404"], profile)

    assert [meaning.text.startswith(begins) for meaning in entry.meanings] == [True]


def test_without_a_profile_all_are_told_and_managed_comes_first():
    [entry] = find.find(["504"])

    assert [meaning.profiles[0] for meaning in entry.meanings] == ["managed", "kubernetes", "aks", "local", "bare"]


def test_a_profile_of_ones_own_is_what_it_begins_with(tmp_path):
    file = tmp_path / "ours.toml"
    file.write_text('name = "ours"\nsummary = "ours"\nextends = "aks"\n')

    assert find.cloud_of(str(file)) == "aks"


def test_an_unknown_profile_is_refused():
    with pytest.raises(UsageError, match="no profile 'azure'"):
        find.cloud_of("azure")


@pytest.mark.parametrize(
    ("word", "near"),
    [
        pytest.param("ResorceNotReady", "did you mean ResourceNotReady", id="misspelt"),
        pytest.param("ERR_220", "did you mean ERR_2200", id="cut"),
        pytest.param("CrashLoop", "did you mean CrashLoopBackOff", id="beginning"),
        pytest.param("qqqqqq", "'qqqqqq'. Expected a status (424)", id="nothing-near"),
        pytest.param("600", "'600'", id="no-status"),
    ],
)
def test_an_unknown_word_is_refused_with_what_is_near(word, near):
    with pytest.raises(UsageError) as told:
        find.find([word])

    assert near in str(told.value)


def test_a_very_long_word_is_refused_in_few():
    with pytest.raises(UsageError) as told:
        find.find(["x" * 100_000])

    assert len(str(told.value)) < 600
