"""A profile is data with sources; whatever is not, is refused with the place and the remedy."""

from __future__ import annotations

import re
from importlib import resources

import pytest
from amlemu import profile_file as profiles
from amlemu.errors import UsageError

BARE = (resources.files("amlemu") / "profiles" / "bare.toml").read_text(encoding="utf-8")
HEAD = 'name = "mine"\nsummary = "of mine"\nextends = "managed"\n'
ALL = "aci, aks, bare, image, kubernetes, local, managed, managed-2021, managed-current"


def refusal_of(call):
    with pytest.raises(UsageError) as caught:
        call()
    return str(caught.value)


def mine(text):
    """Read a profile that extends managed, as mine.toml; its own lines begin with the fourth."""
    return profiles.parse(HEAD + text, "mine.toml")


# overrides


def test_bare_is_the_servers_own_manners():
    """The numbers of contract 4.1 and 4.8."""
    bare = profiles.load("bare")

    assert bare.name == "bare"
    assert bare.wire.keep_alive is False
    assert (bare.wire.request_line_bytes, bare.wire.header_field_bytes, bare.wire.header_fields) == (4094, 8190, 100)
    assert bare.answers.worker_crashed == "close"


def test_an_override_replaces_a_value_and_says_so():
    """--set wire.keep_alive=on; its source is the flag."""
    set_by_hand = profiles.load(
        "bare", {"wire.keep_alive": "on", "wire.header_seconds": "2.5", "wire.header_fields": "7"}
    )

    wire = set_by_hand.wire
    assert (wire.keep_alive, wire.header_seconds, wire.header_fields) == (True, 2.5, 7)
    assert set_by_hand.facts["wire.keep_alive"].source == "--set"
    assert profiles.load("bare").wire.keep_alive is False


def test_an_override_takes_the_note_of_the_old_value_away():
    """A limit that was set by hand is none of 2021."""
    assert profiles.load("managed", {"limits.request_bytes": "7"}).note("limits.request_bytes") == ""


@pytest.mark.parametrize(
    ("key", "word", "value"),
    [
        pytest.param("routes.paths", "/score /", ("/score", "/"), id="list"),
        pytest.param("routes.prefix", "/v1", "/v1", id="text"),
        pytest.param("routes.prefix", "", "", id="empty-text"),
        pytest.param("statuses.mapped", "500", "500", id="word"),
    ],
)
def test_an_override_is_read_as_its_kind(key, word, value):
    section, _, name = key.partition(".")

    assert getattr(getattr(profiles.load("managed", {key: word}), section), name) == value


@pytest.mark.parametrize("word", ["on", "true", "YES"])
@pytest.mark.parametrize("opposite", ["off", "False", "no"])
def test_switches_take_the_usual_words(word, opposite):
    assert profiles.load("bare", {"wire.keep_alive": word}).wire.keep_alive is True
    assert profiles.load("bare", {"wire.keep_alive": opposite}).wire.keep_alive is False


@pytest.mark.parametrize(
    ("key", "word", "message"),
    [
        pytest.param(
            "wire.keepalive",
            "on",
            "--set wire.keepalive: no such value; did you mean wire.keep_alive? There are: answers.backend_timeout, ",
            id="unknown-key",
        ),
        pytest.param(
            "keep_alive",
            "on",
            "--set keep_alive: no such value; did you mean wire.keep_alive? There are: ",
            id="no-section",
        ),
        pytest.param("colour", "x", "--set colour: no such value. There are: ", id="not-a-value"),
        pytest.param(
            "wire.keep_alive", "maybe", "--set wire.keep_alive: 'maybe' is neither on nor off", id="not-a-switch"
        ),
        pytest.param(
            "wire.header_fields", "many", "--set wire.header_fields: 'many' is no whole number", id="not-an-integer"
        ),
        pytest.param("limits.request_bytes", "1.5", "--set limits.request_bytes: '1.5' is no whole number", id="half"),
        pytest.param(
            "wire.header_seconds",
            "soon",
            "--set wire.header_seconds: 'soon' is no number with a point",
            id="not-a-number",
        ),
        pytest.param(
            "wire.header_seconds", "nan", "--set wire.header_seconds: nan is less than the minimum, 0", id="nan"
        ),
        pytest.param(
            "wire.header_seconds",
            "inf",
            "--set wire.header_seconds: inf is more than the maximum, 9223372036854775807",
            id="infinite",
        ),
        pytest.param(
            "limits.request_bytes",
            "-1",
            "--set limits.request_bytes: -1 is less than the minimum, 0",
            id="negative",
        ),
        pytest.param(
            "statuses.mapped",
            "404",
            "--set statuses.mapped: '404' is none of its words. Allowed: 'none', 'all but 200', '500'.",
            id="not-a-word",
        ),
        pytest.param(
            "answers.busy",
            "close",
            "--set answers.busy: an answer cannot be set here. Write a profile that extends this one.",
            id="answer",
        ),
    ],
)
def test_a_bad_override_is_refused(key, word, message):
    assert refusal_of(lambda: profiles.load("bare", {key: word})).startswith(message)


@pytest.mark.parametrize(
    ("name", "word", "message"),
    [
        # contract 1.5: 180 s today, 90 s in autumn 2021; contract 2.2: 300 s
        pytest.param(
            "managed",
            "180001",
            "180001 is more than the maximum, 180000 (180 s: contract 1.5, how-to-manage-quotas, 2026-01-27)",
            id="managed",
        ),
        pytest.param(
            "managed-2021",
            "90001",
            "90001 is more than the maximum, 90000 (90 s: contract 1.5, autumn 2021)",
            id="managed-2021",
        ),
        pytest.param(
            "kubernetes",
            "300001",
            "300001 is more than the maximum, 300000 (300 s: contract 2.2, how-to-manage-quotas, 2026-01-27)",
            id="kubernetes",
        ),
        pytest.param("managed", "0", "0 is less than the minimum, 1", id="none-at-all"),
    ],
)
def test_a_time_limit_that_the_cloud_does_not_have_is_refused_with_its_source(name, word, message):
    told = refusal_of(lambda: profiles.load(name, {"limits.request_timeout_ms": word}))

    assert told.startswith(f"--set limits.request_timeout_ms: {message}")


@pytest.mark.parametrize(
    ("name", "word"), [("managed", "180000"), ("managed", "1"), ("managed-2021", "90000"), ("aks", "300000")]
)
def test_the_bounds_themselves_are_legal(name, word):
    loaded = profiles.load(name, {"limits.request_timeout_ms": word})

    assert loaded.limits.request_timeout_ms == int(word)


# a deployment's own request settings


def test_request_settings_of_a_deployment_replace_the_profiles():
    """And their source is the deployment."""
    loaded = profiles.load("managed", None, {"request_timeout_ms": 8000, "max_concurrent_requests_per_instance": 4})

    assert loaded.limits.request_timeout_ms == 8000
    assert loaded.limits.slots == 4
    assert loaded.facts["limits.request_timeout_ms"].source == "the deployment"
    assert loaded.limits.request_bytes == 1_572_864


def test_the_command_line_beats_the_deployment():
    loaded = profiles.load("managed", {"limits.request_timeout_ms": "9000"}, {"request_timeout_ms": 8000})

    assert loaded.limits.request_timeout_ms == 9000
    assert loaded.facts["limits.request_timeout_ms"].source == "--set"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param(
            {"request_timeout_ms": 200_000},
            "the deployment: limits.request_timeout_ms: 200000 is more than the maximum, 180000"
            " (180 s: contract 1.5, how-to-manage-quotas, 2026-01-27)",
            id="too-long",
        ),
        pytest.param(
            {"request_timeout": 1},
            "the deployment: limits.request_timeout: no such value; did you mean limits.request_timeout_ms? There are: ",
            id="unknown",
        ),
    ],
)
def test_bad_request_settings_are_the_deployments_fault(settings, message):
    assert refusal_of(lambda: profiles.load("managed", None, settings)).startswith(message)


# files


def test_an_unknown_profile_is_refused_with_the_known_ones():
    assert refusal_of(lambda: profiles.load("mars")) == (
        f"no profile 'mars'. There are: {ALL}. Or name a file, mine.toml."
    )


def test_a_profile_can_be_a_file(tmp_path):
    """What it does not say holds as in the one that it extends, sources included."""
    path = tmp_path / "mine.toml"
    path.write_text(f'{HEAD}[limits]\nrequest_bytes = {{ value = 7, source = "assumed: small" }}\n', encoding="utf-8")
    loaded = profiles.load(str(path), {"limits.response_bytes": "8"})

    assert (loaded.name, loaded.summary) == ("mine", "of mine")
    assert (loaded.limits.request_bytes, loaded.limits.response_bytes) == (7, 8)
    assert loaded.facts["limits.request_bytes"].source == "assumed: small"
    assert loaded.statuses.status == 424
    assert loaded.facts["statuses.status"] == profiles.load("managed").facts["statuses.status"]


def test_a_file_is_read_anew_each_time(tmp_path):
    path = tmp_path / "mine.toml"
    for number in (7, 8):
        path.write_text(f'{HEAD}[limits]\nrequest_bytes = {{ value = {number}, source = "x" }}\n', encoding="utf-8")

        assert profiles.load(str(path)).limits.request_bytes == number


def test_a_missing_file_is_named(tmp_path):
    path = tmp_path / "mine.toml"

    assert refusal_of(lambda: profiles.load(str(path))) == f"{path}: no such file"


def test_a_file_that_is_no_text_is_named(tmp_path):
    """Not UTF-8."""
    path = tmp_path / "mine.toml"
    path.write_bytes(b'name = "caf\xe9"')

    told = refusal_of(lambda: profiles.load(str(path)))
    assert re.match(rf"{re.escape(str(path))}: not readable: 'utf-8' codec can't decode byte 0xe9", told)


def test_a_file_that_is_a_folder_is_named(tmp_path):
    (tmp_path / "mine.toml").mkdir()

    told = refusal_of(lambda: profiles.load(str(tmp_path / "mine.toml")))
    assert told.startswith(f"{tmp_path / 'mine.toml'}: not readable: ")


def test_a_file_that_is_not_toml_is_named_with_its_line():
    assert re.fullmatch(r"mine\.toml: not TOML: .*\(at line 4, .*\)", refusal_of(lambda: mine("[limits\n")))


def test_a_profile_that_extends_no_profile_is_refused():
    told = refusal_of(lambda: profiles.parse(HEAD.replace("managed", "mars"), "mine.toml"))

    assert told == f"mine.toml:3: it extends 'mars', which does not come with amlemu. There are: {ALL}."


def test_a_profile_cannot_extend_a_file():
    """It could not be said where that lies."""
    told = refusal_of(lambda: profiles.parse(HEAD.replace("managed", "other.toml"), "mine.toml"))

    assert told == f"mine.toml:3: it extends 'other.toml', which does not come with amlemu. There are: {ALL}."


def test_the_clouds_bounds_hold_in_a_profile_of_ones_own():
    """Contract 1.5: at most 180 s; unless it gives bounds itself."""
    entry = '[limits]\nrequest_timeout_ms = {{ value = 200000, source = "x"{} }}'

    assert refusal_of(lambda: mine(entry.format(""))) == (
        "mine.toml:5: limits.request_timeout_ms: 200000 is more than the maximum, 180000"
        " (180 s: contract 1.5, how-to-manage-quotas, 2026-01-27)"
    )
    assert mine(entry.format(', max = 300000, bound = "mine"')).limits.request_timeout_ms == 200_000


@pytest.mark.parametrize(
    ("name", "near"), [("manged", "managed"), ("Managed", "managed"), ("managed-201", "managed-2021")]
)
def test_a_profile_that_is_nearly_right_is_named(name, near):
    told = refusal_of(lambda: profiles.load(name))

    assert told.startswith(f"no profile {name!r}; did you mean {near}? There are: ")


def test_profiles_that_extend_each_other_are_refused(monkeypatch):
    """Only those that come with us can be extended, so it needs two of ours that are broken."""
    texts = {name: f'name = "{name}"\nsummary = "s"\nextends = "{base}"\n' for name, base in ("ab", "ba")}
    monkeypatch.setattr(profiles, "_text", texts.__getitem__)
    monkeypatch.setattr(profiles, "names", lambda: sorted(texts))

    told = refusal_of(lambda: profiles.parse(HEAD.replace("managed", "a"), "mine.toml"))
    assert told == "profile 'b': it extends a, which extends it"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            '[limits]\n\nrequest_byte = { value = 1, source = "x" }',
            "mine.toml:6: unknown limits.request_byte. Known are: bandwidth_bytes_per_second, boot_wait_ms, ",
            id="unknown-key",
        ),
        pytest.param(
            "[limit]\nrequest_bytes = 1",
            "mine.toml:4: unknown limit. Known are: answers, auth, container, extends, identity, limits, name, probes,"
            " restarts, routes, scale, statuses, summary, wire.",
            id="unknown-section",
        ),
        pytest.param('colour = "red"', "mine.toml:4: unknown colour. Known are: ", id="unknown-word-at-the-top"),
        pytest.param("limits = 1", "mine.toml: limits is no table", id="no-section"),
        pytest.param(
            "[limits]\nrequest_bytes = { value = 1 }",
            'mine.toml:5: limits.request_bytes has no source. Add source = "..." or source = "assumed: ...".',
            id="no-source",
        ),
        pytest.param(
            '[limits]\nrequest_bytes = { value = 1, source = " " }',
            "mine.toml:5: limits.request_bytes has no source. ",
            id="blank-source",
        ),
        pytest.param(
            "[limits]\nrequest_bytes = 1", "mine.toml:5: limits.request_bytes has no source. ", id="bare-value"
        ),
        pytest.param(
            '[limits]\nrequest_bytes = { source = "x" }',
            "mine.toml:5: limits.request_bytes has no value. Add value = ...",
            id="no-value",
        ),
        pytest.param(
            '[limits]\nrequest_bytes = { value = 1, source = "x", maximum = 2 }',
            "mine.toml:5: limits.request_bytes: unknown maximum. Known are: bound, max, min, note, source, value.",
            id="unknown-word-of-an-entry",
        ),
        pytest.param(
            '[limits]\nrequest_bytes = { value = 1, source = "x", max = "8" }',
            "mine.toml:5: limits.request_bytes: max: '8' is no number",
            id="text-for-a-bound",
        ),
        pytest.param(
            '[limits]\nrequest_bytes = { value = 1, source = "x", note = 1 }',
            "mine.toml:5: limits.request_bytes: note: 1 is no text",
            id="number-for-a-note",
        ),
        pytest.param(
            '[limits]\nrequest_bytes = { value = -1, source = "x" }',
            "mine.toml:5: limits.request_bytes: -1 is less than the minimum, 0",
            id="negative",
        ),
        pytest.param(
            '[limits]\ninstance_count = { value = 0, source = "x", min = 1 }',
            "mine.toml:5: limits.instance_count: 0 is less than the minimum, 1",
            id="below-its-minimum",
        ),
        pytest.param(
            '[limits]\nrequest_bytes = { value = 9, source = "x", max = 8, bound = "a book" }',
            "mine.toml:5: limits.request_bytes: 9 is more than the maximum, 8 (a book)",
            id="above-its-maximum",
        ),
        pytest.param(
            '[limits]\nrequest_bytes = { value = "4094", source = "x" }',
            "mine.toml:5: limits.request_bytes: '4094' is no whole number",
            id="text-for-a-number",
        ),
        pytest.param(
            '[limits]\nrequest_bytes = { value = true, source = "x" }',
            "mine.toml:5: limits.request_bytes: True is no whole number",
            id="switch-for-a-number",
        ),
        pytest.param(
            '[wire]\nheader_seconds = { value = 30, source = "x" }',
            "mine.toml:5: wire.header_seconds: 30 is no number with a point",
            id="integer-for-seconds",
        ),
        pytest.param(
            '[wire]\nkeep_alive = { value = "on", source = "x" }',
            "mine.toml:5: wire.keep_alive: 'on' is no switch (true, false)",
            id="text-for-a-switch",
        ),
        pytest.param(
            '[routes]\nprefix = { value = 1, source = "x" }',
            "mine.toml:5: routes.prefix: 1 is no text",
            id="number-for-text",
        ),
        pytest.param(
            '[routes]\npaths = { value = "/score", source = "x" }',
            "mine.toml:5: routes.paths: '/score' is no list of texts",
            id="text-for-a-list",
        ),
        pytest.param(
            '[statuses]\nmapped = { value = "some", source = "x" }',
            "mine.toml:5: statuses.mapped: 'some' is none of its words. Allowed: 'none', 'all but 200', '500'.",
            id="not-a-word",
        ),
        pytest.param(
            '[answers]\nbusy = { value = "shut", source = "x" }',
            "mine.toml:5: answers.busy: 'shut' is no answer. Expected \"close\", or a status and a phrase.",
            id="no-answer",
        ),
        pytest.param(
            '[answers]\nbusy = { value = { status = 503 }, source = "x" }',
            "mine.toml:5: answers.busy: {'status': 503} is no answer. Expected \"close\", or a status and a phrase.",
            id="answer-without-phrase",
        ),
        pytest.param(
            '[answers]\nbusy = { value = { status = 503, phrase = "p", text = "t" }, source = "x" }',
            "mine.toml:5: answers.busy: unknown text. Known are: body, content_type, model_reason, model_status, ",
            id="unknown-word-of-an-answer",
        ),
        pytest.param(
            '[answers]\nbusy = { value = { status = 503, phrase = "p", body = 1 }, source = "x" }',
            "mine.toml:5: answers.busy: body: 1 is no text",
            id="number-for-a-body",
        ),
        *(
            pytest.param(
                f'[answers]\nbusy = {{ value = {{ status = {status}, phrase = "p" }}, source = "x" }}',
                f"mine.toml:5: answers.busy: status {status}. Expected 200 to 599.",
                id=f"status-{status}",
            )
            for status in (199, 600)
        ),
    ],
)
def test_a_bad_profile_is_refused_with_its_line_and_the_remedy(text, message):
    """File, line, what is wrong, what would be right."""
    assert refusal_of(lambda: mine(text)).startswith(message)


def test_a_key_is_found_in_its_own_section():
    """request_bytes stands in two of them."""
    text = '[container]\nrequest_bytes = { value = 1, source = "x" }\n[limits]\nrequest_bytes = 1\n'

    assert refusal_of(lambda: mine(text)).startswith("mine.toml:7: limits.request_bytes has no source.")


def test_a_table_of_its_own_is_a_way_to_write_an_entry():
    loaded = mine('[limits.request_bytes]\nvalue = 1\nsource = "x"\n')

    assert loaded.limits.request_bytes == 1


def test_an_answer_may_be_to_close_the_connection():
    assert mine('[answers]\nbusy = { value = "close", source = "x" }').answers.busy == "close"


@pytest.mark.parametrize("word", ["name", "summary"])
def test_a_profile_without_name_or_summary_is_refused(word):
    text = re.sub(rf"(?m)^{word} = .*\n", "", HEAD)

    assert refusal_of(lambda: profiles.parse(text, "mine.toml")) == (
        f'mine.toml: it has no {word}. Add {word} = "..." at the top.'
    )


def test_a_profile_that_lacks_a_value_and_extends_none_is_refused():
    text = re.sub(r"(?m)^header_fields = .*\n", "", BARE)

    assert refusal_of(lambda: profiles.parse(text, "mine.toml")) == (
        'mine.toml: it lacks wire.header_fields. Or begin with extends = "bare".'
    )
