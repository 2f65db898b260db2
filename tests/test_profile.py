"""A profile is data with sources; whatever is not, is refused with the place and the remedy."""

from __future__ import annotations

from importlib import resources

import pytest
from amlemu import profile
from amlemu.errors import UsageError

BARE = (resources.files("amlemu") / "profiles" / "bare.toml").read_text(encoding="utf-8")


def refusal_of(call):
    with pytest.raises(UsageError) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize("name", profile.names())
def test_every_value_of_every_profile_has_a_source(name):
    """A contract section, a file of a version, or `assumed` with its reason."""
    loaded = profile.load(name)
    values = {f"wire.{key}" for key in vars(loaded.wire)} | {f"failures.{key}" for key in vars(loaded.failures)}

    assert loaded.sources.keys() == values
    for key, source in loaded.sources.items():
        assert source.startswith(("contract ", "assumed: ")), key
        assert len(source) > len("assumed: "), key


def test_bare_is_the_servers_own_manners():
    """The numbers of contract 4.1 and 4.8."""
    bare = profile.load("bare")

    assert bare.name == "bare"
    assert bare.wire.keep_alive is False
    assert (bare.wire.request_line_bytes, bare.wire.header_field_bytes, bare.wire.header_fields) == (4094, 8190, 100)
    assert bare.failures.worker_crashed == "close"


def test_an_override_replaces_a_value_and_says_so():
    """--set wire.keep_alive=on; its source is the flag."""
    set_by_hand = profile.load(
        "bare", {"wire.keep_alive": "on", "wire.header_seconds": "2.5", "wire.header_fields": "7"}
    )

    assert (set_by_hand.wire.keep_alive, set_by_hand.wire.header_seconds, set_by_hand.wire.header_fields) == (
        True,
        2.5,
        7,
    )
    assert set_by_hand.sources["wire.keep_alive"] == "--set"
    assert profile.load("bare").wire.keep_alive is False


@pytest.mark.parametrize("word", ["on", "true", "YES"])
@pytest.mark.parametrize("opposite", ["off", "False", "no"])
def test_switches_take_the_usual_words(word, opposite):
    assert profile.load("bare", {"wire.keep_alive": word}).wire.keep_alive is True
    assert profile.load("bare", {"wire.keep_alive": opposite}).wire.keep_alive is False


@pytest.mark.parametrize(
    ("key", "word", "message"),
    [
        pytest.param(
            "wire.keepalive",
            "on",
            "--set wire.keepalive: no such value. There are: failures.backend_timeout, ",
            id="unknown-key",
        ),
        pytest.param("keep_alive", "on", "--set keep_alive: no such value. There are: ", id="no-section"),
        pytest.param("name", "x", "--set name: no such value. There are: ", id="not-a-value"),
        pytest.param(
            "wire.keep_alive", "maybe", "--set wire.keep_alive: 'maybe' is neither on nor off", id="not-a-switch"
        ),
        pytest.param("wire.header_fields", "many", "--set wire.header_fields: 'many' is no int", id="not-an-integer"),
        pytest.param("wire.header_seconds", "soon", "--set wire.header_seconds: 'soon' is no float", id="not-a-number"),
    ],
)
def test_a_bad_override_is_refused(key, word, message):
    assert refusal_of(lambda: profile.load("bare", {key: word})).startswith(message)


def test_an_unknown_profile_is_refused_with_the_known_ones():
    assert refusal_of(lambda: profile.load("mars")) == "no profile 'mars'. There are: bare."


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("[wire]", "[wire", "mine.toml: not TOML: ", id="not-toml"),
        pytest.param(
            "[wire]",
            "[wire]\nspeed = { value = 1, source = 'x' }",
            "mine.toml, [wire]: unknown speed. Known are: body_bytes, ",
            id="unknown-key",
        ),
        pytest.param(
            "[wire]",
            "[extras]\nx = 1\n[wire]",
            "mine.toml: unknown extras. Known are: failures, name, summary, wire.",
            id="unknown-section",
        ),
        pytest.param("header_fields = ", "#", "mine.toml: [wire] lacks header_fields", id="missing"),
        pytest.param(
            'header_fields = { value = 100, source = "contract 4.8, gunicorn 27.0.1 limit_request_fields" }',
            "header_fields = { value = 100 }",
            'mine.toml: wire.header_fields has no source. Add source = "..." or source = "assumed: ...".',
            id="no-source",
        ),
        pytest.param(
            'header_fields = { value = 100, source = "contract 4.8, gunicorn 27.0.1 limit_request_fields" }',
            "header_fields = 100",
            "mine.toml: wire.header_fields has no source.",
            id="bare-value",
        ),
        pytest.param(
            "value = 4094",
            "value = '4094'",
            "mine.toml: wire.request_line_bytes: '4094' is no int",
            id="text-for-a-number",
        ),
        pytest.param(
            "value = 4094",
            "value = true",
            "mine.toml: wire.request_line_bytes: True is no int",
            id="switch-for-a-number",
        ),
        pytest.param(
            "value = 30.0", "value = 30", "mine.toml: wire.header_seconds: 30 is no float", id="integer-for-seconds"
        ),
    ],
)
def test_a_bad_profile_is_refused_with_place_and_remedy(old, new, message):
    """Read from a copy of the bare profile with one thing wrong."""
    assert old in BARE
    assert refusal_of(lambda: profile.parse(BARE.replace(old, new, 1), "mine.toml", {})).startswith(message)
