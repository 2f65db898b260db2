"""YAML and JSON with lines: what Azure's tools take is taken, what would hurt is refused, and nothing is executed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from amlemu.azure import marked
from amlemu.azure.marked import Unreadable, Value
from hypothesis import example, given, settings
from hypothesis import strategies as st

HERE = Path("deployment.yml")


def parse(text, name="deployment.yml"):
    return marked.parse(text, Path(name))


def refusal_of(text, name="deployment.yml"):
    with pytest.raises(Unreadable) as caught:
        parse(text, name)
    return str(caught.value)


# values and their lines


def test_every_value_knows_its_line():
    """A value stands at its key's line, an entry of a list at its own."""
    value = parse("name: blue\nmodel:\n  path: >\n    a\n    b\ntags:\n  - x\n  - {k: v}\n")

    assert {name: one.line for name, one in value.items()} == {"name": 1, "model": 2, "tags": 6}
    assert value.get("model", "path").line == 3
    assert [one.line for one in value.get("tags").values()] == [7, 8]
    assert value.plain == {"name": "blue", "model": {"path": "a b\n"}, "tags": ["x", {"k": "v"}]}


@pytest.mark.parametrize(
    ("text", "content"),
    [
        pytest.param("a: 1", 1, id="int"),
        pytest.param("a: '1'", "1", id="quoted"),
        pytest.param("a: 1.0", 1.0, id="float"),
        pytest.param("a: yes", True, id="yes"),
        pytest.param("a: Off", False, id="off"),
        pytest.param("a: ~", None, id="null"),
        pytest.param("a:", None, id="bare"),
        pytest.param("a: 2024-01-01", "2024-01-01", id="a-date-stays-what-it-looks-like"),
        pytest.param("a: 1_000", 1000, id="underscore"),
        pytest.param("a: 0x10", 16, id="hex"),
        pytest.param("a: 12:30", 750, id="sexagesimal-as-in-YAML-1.1"),
        pytest.param("a: 1e3", "1e3", id="no-number-in-YAML-1.1"),
        pytest.param("a: !!str 3", "3", id="a-tag-of-plain-text"),
        pytest.param("a: !!int x", "x", id="not-what-its-tag-says"),
        pytest.param('a: !!int ""', "", id="an-empty-int"),
        pytest.param("a: !!bool maybe", "maybe", id="no-bool"),
        pytest.param("a: C:\\models\\m.pkl", "C:\\models\\m.pkl", id="windows-path"),
        pytest.param("a: 0x" + "f" * 5000, "0x" + "f" * 5000, id="a-number-of-thousands-of-digits"),
        pytest.param("a: '{{x}}'", "{{x}}", id="quoted-braces"),
    ],
)
def test_scalars_are_those_of_azures_reader(text, content):
    """PyYAML's safe loader, which azure-ai-ml 1.35.2 uses, but dates stay texts and nothing fails over a number."""
    assert parse(text).content["a"] == Value(content, 1)


def test_anchors_aliases_and_merge_keys_are_taken():
    """As Azure takes them; the line of an alias is that of its key, a merged entry's that of the anchor."""
    value = parse("probe: &p\n  period: 5\n  timeout: 1\nliveness: *p\nreadiness:\n  <<: *p\n  timeout: 9\n")

    assert value.get("liveness").line == 4
    assert value.get("readiness").plain == {"period": 5, "timeout": 9}
    assert (value.get("readiness", "period").line, value.get("readiness", "timeout").line) == (2, 7)


def test_of_several_merged_mappings_the_first_wins():
    value = parse("a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc:\n  <<: [*a, *b]\n")

    assert value.get("c").plain == {"x": 1, "y": 1, "z": 2}


def test_looking_where_nothing_is_finds_nothing():
    value = parse("a: {b: 1}\nc: [x]\nd:\n")

    assert [value.get(*path) for path in (("x",), ("a", "b", "c"), ("c", "x"), ("d",))] == [None] * 4
    assert (value.text("a", "b"), value.text("a"), value.text("c"), value.text("d")) == ("1", "", "", "")
    assert (list(value.get("c").items()), value.get("a").values()) == ([], [])


@pytest.mark.parametrize("start", ["\ufeff", ""], ids=["byte-order-mark", "none"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_files_of_windows_are_read(tmp_path, start, end):
    path = tmp_path / "deployment.yml"
    path.write_bytes(f"{start}name: blue{end}model: x{end}".encode())

    assert marked.read(path).plain == {"name": "blue", "model": "x"}


# what is refused, in words of a person who writes YAML


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "deployment.yml: there is nothing in this file", id="empty"),
        pytest.param("# only\n", "deployment.yml: there is nothing in this file", id="comments-only"),
        pytest.param(
            "a: 1\nb: 2\na: 3\n",
            "deployment.yml:3: a stands here a second time, after line 1; Azure would take the last one. Leave one of them.",
            id="duplicate-key",
        ),
        pytest.param(
            "a:\n\tb: 1\n",
            "deployment.yml:2: a tab stands where YAML wants blanks. Indent with blanks; most editors convert tabs.",
            id="tab",
        ),
        pytest.param(
            "a: 1\n---\nb: 2\n",
            "deployment.yml:2: a second document begins here; Azure reads one. Give each document a file of its own.",
            id="several-documents",
        ),
        pytest.param("a: b: c\n", "deployment.yml:1: not YAML: mapping values are not allowed", id="two-colons"),
        pytest.param("a: 1\nb: 'x\n", "deployment.yml:3: not YAML: found unexpected end of stream", id="open-quote"),
        pytest.param("a: *x\n", "deployment.yml:1: not YAML: found undefined alias", id="undefined-alias"),
        pytest.param("? [a]\n: b\n", "deployment.yml:1: a key has to be a text", id="a-list-as-key"),
        pytest.param("a: 1\nb:\n  <<: x\n", "deployment.yml:3: << can merge a mapping only", id="merge-of-a-text"),
        pytest.param("a: 1\nb: \x07\n", "deployment.yml:2: not a text: it holds the character '\\x07'", id="bell"),
        pytest.param(
            "n\0a\0", "deployment.yml:1: not a text: it holds the character '\\x00'", id="utf-16-without-mark"
        ),
        pytest.param("a: @x\n", "deployment.yml:1: not YAML: found character that cannot start any token", id="at"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(text, message):
    assert refusal_of(text).startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x: 1\na: !!python/object/apply:os.system ['touch {mark}']\n", id="call"),
        pytest.param("x: 1\na: !!python/object/new:subprocess.Popen [['touch', '{mark}']]\n", id="object"),
        pytest.param("x: 1\na: !!python/name:os.system\n", id="name"),
        pytest.param("x: 1\na: !include secrets.yml\n", id="own-tag"),
        pytest.param("x: 1\na: [1, {{b: !!python/tuple [1]}}]\n", id="deep-within"),
    ],
)
def test_tags_that_would_construct_are_refused_and_nothing_runs(tmp_path, text):
    """PyYAML's unsafe loaders would run the call; here the tag is named, with its line."""
    mark = tmp_path / "ran"
    told = refusal_of(text.format(mark=mark))

    assert told.startswith("deployment.yml:2: the tag !")
    assert "would construct an object; neither Azure nor amlemu does that" in told
    assert not mark.exists()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("endpoint_name: {{ENDPOINT}}\nname: x\n", 1, id="moustache"),
        pytest.param("name: x\nimage: {{registry}}.azurecr.io/{{image}}\n", 2, id="several"),
        pytest.param("name: x\n{% if gpu %}\ninstance_type: y\n{% endif %}\n", 2, id="jinja"),
        pytest.param("model: {{ model }}\n", 1, id="blanks"),
    ],
)
def test_template_braces_are_named_as_such(text, line):
    """Which YAML takes for a mapping in a mapping, or for nothing at all."""
    told = refusal_of(text)

    assert told.startswith(f"deployment.yml:{line}: {{")
    assert "was never filled in" in told


def test_braces_in_a_comment_do_not_hide_the_real_fault():
    assert refusal_of("# {{NAME}}\na: b: c\n").startswith("deployment.yml:2: not YAML")


# size


def bomb(width, levels):
    lines = [f"a0: &a0 [{', '.join('x' * width)}]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(bomb(9, 9), "aliases make more than 20000 values of this file", id="billion-laughs"),
        pytest.param(
            "a0: &a0 {x: 1, y: 2}\n" + "\n".join(f"a{n}: &a{n} {{<<: *a{n - 1}, b: *a{n - 1}}}" for n in range(1, 30)),
            "aliases make more than 20000 values of this file",
            id="with-merge-keys",
        ),
        pytest.param(
            "a0: &a0 [x]\n" + "\n".join(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 400)),
            "aliases make something too deep of this file",
            id="a-chain-of-aliases",
        ),
        pytest.param("a: &a [*a]\n", "an alias leads back to what it stands in", id="an-alias-in-itself"),
        pytest.param("a: &a\n  b: {c: *a}\n", "an alias leads back to what it stands in", id="round-in-a-circle"),
        pytest.param("a: &a\n  <<: *a\n", "an alias leads back to what it stands in", id="merged-into-itself"),
        pytest.param("[" * 50_000, "this is too deep for a deployment file", id="brackets"),
        pytest.param(
            "\n".join("  " * n + "a:" for n in range(300)), "this is too deep for a deployment file", id="indentation"
        ),
        pytest.param("- x\n" * 150_000, "this is too long for a deployment file", id="entries"),
    ],
)
def test_a_bomb_does_not_go_off(text, message):
    """Each within a second; the line says where it begins to be too much."""
    begin = time.process_time()
    told = refusal_of(text)

    assert time.process_time() - begin < 1.0
    assert message in told
    assert told.startswith("deployment.yml:")
    assert told.split(":")[1].isdigit()


def test_many_aliases_within_bounds_are_no_bomb():
    value = parse("a: &a {period: 5}\n" + "\n".join(f"b{n}: *a" for n in range(1000)))

    assert value.get("b999").plain == {"period": 5}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: 1" + ":1" * 300_000, id="sexagesimal"),
        pytest.param("a: " + "9" * 900_000, id="digits"),
        pytest.param("a: '" + "x" * 900_000 + "'", id="text"),
        pytest.param("{" + ", ".join(f"k{n}: 1" for n in range(9_000)) + "}", id="keys"),
    ],
)
def test_long_scalars_take_no_time(text):
    begin = time.process_time()
    parse(text)

    assert time.process_time() - begin < 1.0


# files


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        pytest.param("name: x".encode("utf-16"), ": this file is UTF-16, as PowerShell's > writes it; ", id="utf-16"),
        pytest.param(
            b"a: 1\nb: caf\xe9\n", ":2: not UTF-8: invalid continuation byte. Save it as UTF-8.", id="latin-1"
        ),
        pytest.param(b"a: 1\n" * 2_000_000, ": this file has 10.0 MB, and a deployment file a few kB", id="10-MB"),
    ],
)
def test_a_file_that_cannot_be_one_is_told(tmp_path, raw, message):
    path = tmp_path / "deployment.yml"
    path.write_bytes(raw)

    with pytest.raises(Unreadable) as caught:
        marked.read(path)

    assert str(caught.value).startswith(f"{path}{message}")


def test_what_is_no_file_is_told(tmp_path):
    """A folder, nothing, a link that leads round in a circle, and a device without an end."""
    loop = tmp_path / "round.yml"
    loop.symlink_to(loop)
    told = []
    for path in (tmp_path, tmp_path / "deployment.yml", loop, Path("/dev/zero")):
        with pytest.raises(Unreadable) as caught:
            marked.read(path)
        told.append(str(caught.value).partition(". ")[0])

    assert told == [
        f"{tmp_path}: this is a folder, not a file",
        f"{tmp_path}/deployment.yml: no such file",
        f"{loop}: not readable: Too many levels of symbolic links",
        "/dev/zero: this file has 1.0 MB, and a deployment file a few kB",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_told(tmp_path):
    path = tmp_path / "deployment.yml"
    path.write_text("a: 1")
    path.chmod(0)

    with pytest.raises(Unreadable, match="not readable: Permission denied"):
        marked.read(path)


def test_the_doctor_gets_the_same_as_a_finding(tmp_path):
    """One sentence, the place, what az would say, and the fix."""
    path = tmp_path / "deployment.yml"
    path.write_text("a: 1\na: 2\n")
    with pytest.raises(Unreadable) as caught:
        marked.read(path)
    found = caught.value.finding

    assert (found.severity, found.rule, found.place.file, found.place.line) == ("error", "duplicate-key", path, 2)
    assert (found.cloud.today, found.fix) == ("refused before it is submitted", "Leave one of them.")


# JSON


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        pytest.param('{"a":1,"b":[true,null],"c":{"d":"x"}}', {"a": 1, "b": [True, None], "c": {"d": "x"}}, id="tight"),
        pytest.param('{\n\t"a":\t"b"\n}', {"a": "b"}, id="tabs"),
        pytest.param('{"a": "\\ud83d\\ude00 \\u00e9 \\/"}', {"a": "\U0001f600 é /"}, id="escapes"),
        pytest.param('{"a": "\\\\ud83d\\\\ude00"}', {"a": "\\ud83d\\ude00"}, id="escaped-backslash"),
        pytest.param('{"a": "# no comment: {x}"}', {"a": "# no comment: {x}"}, id="text"),
        pytest.param('{"on": "yes", "1": 2}', {"on": "yes", "1": 2}, id="words-of-YAML"),
        pytest.param('{"a": ' + "1" * 5000 + "}", {"a": "1" * 5000}, id="number-of-thousands-of-digits"),
    ],
)
def test_json_is_read_as_json(text, plain):
    """With lines, which Python's reader does not keep; YAML's knows neither tabs nor pairs of escapes."""
    assert parse(text, "inferenceconfig.json").plain == plain


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('{\n // mine\n "a": 1}', "x.json:2: not JSON: Expecting property name", id="comment"),
        pytest.param(
            '{"a": 1,\n}',
            "x.json:1: not JSON: a comma stands before }, and nothing comes after it",
            id="trailing-comma",
        ),
        pytest.param("a: 1\n", "x.json:1: not JSON: Expecting value in column 1", id="yaml"),
        pytest.param('{"a": 1,\n "b": 2,\n "a": 3}', "x.json:3: a stands here twice", id="duplicate-key"),
        pytest.param('{"a": {{x}}}', "x.json:1: {{x}} was never filled in", id="template"),
        pytest.param("[" * 20_000, "x.json: not JSON that anybody would write: it is too deep", id="deep"),
        pytest.param('{"a": "\\ud83d"}', "x.json:1: not YAML: found invalid Unicode", id="half-a-pair"),
        pytest.param("", "x.json:1: not JSON: Expecting value", id="empty"),
    ],
)
def test_what_is_no_json_is_told_with_its_line(text, message):
    assert refusal_of(text, "x.json").startswith(message)


def test_many_keys_take_no_time():
    begin = time.process_time()
    refusal_of("{" + ",".join(f'"a{n}":1' for n in range(80_000)) + "}", "x.json")

    assert time.process_time() - begin < 1.0


# whatever comes


def is_read_or_refused(read):
    """Tell whether there is a value, or a cause in one line; anything else that is raised goes through."""
    try:
        return isinstance(read(), Value)
    except Unreadable as error:
        return bool(error.finding.cause) and "\n" not in error.finding.cause


VALID = """\
$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
name: blue
model: &m
  path: "model.pkl"
tags: {a: 'b', c: [1, 2.5, ~]}
copy: *m
text: |
  two
  lines
"""


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["x.yml", "x.json"]))
@example("\x85", "x.yml")
@example("? ", "x.yml")
@example("<<: *", "x.yml")
def test_any_text_is_read_or_refused(text, name):
    assert is_read_or_refused(lambda: parse(text, name))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_bytes(raw)

    assert is_read_or_refused(lambda: marked.read(path))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(VALID)),
            st.sampled_from(
                ["", "\t", ":", "- ", "[", "]", "{", "}", "&m ", "*m", "*x", "!!int ", "!!bool ", "<<: ", "'", '"', "\n", "#", "%", "|", "{{", "~"]
            ),
            st.integers(0, 5),
        ),
        min_size=1,
        max_size=6,
    )
)  # fmt: skip
def test_a_valid_file_with_faults_is_read_or_refused(faults):
    """A sign put in, some letters taken out."""
    text = VALID
    for place, sign, gone in faults:
        text = text[:place] + sign + text[place + gone :]
    assert is_read_or_refused(lambda: parse(text))


# references


@pytest.mark.parametrize(
    ("text", "is_reference"),
    [
        ("azureml:credit:3", True),
        ("azureml://registries/azureml/models/m/versions/1", True),
        ("runs:/abc/model", True),
        ("https://x.blob.core.windows.net/m", True),
        ("wasbs://c@a.blob.core.windows.net/m", True),
        ("/subscriptions/x/resourceGroups/y", True),
        ("../models/m.pkl", False),
        ("/home/me/m.pkl", False),
        ("C:\\m.pkl", False),
        ("azureml-models/m", False),
        ("file:m.pkl", False),
    ],
)
def test_a_reference_is_told_from_a_path(text, is_reference):
    assert marked.is_reference(text) is is_reference
