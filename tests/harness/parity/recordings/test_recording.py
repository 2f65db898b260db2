"""Recordings: written whole, read as they were, never edited."""

from __future__ import annotations

import copy
import json
import os
from datetime import date, datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from amlemu import __version__
from amlemu.errors import UsageError
from amlemu_harness.parity.case import Case, post
from amlemu_harness.parity.record import End, Record, Seen, Take
from amlemu_harness.parity.recordings.kept import kept_cases, kept_record
from amlemu_harness.parity.recordings.recording import (
    Recording,
    fingerprints,
    is_recording,
    read,
    refuse_other_files,
    stale,
    write,
)
from amlemu_harness.parity.wire import Received, Sent
from hypothesis import given, settings
from hypothesis import strategies as some

from ..told import THEIRS, answer, case, record

MADE = datetime(2026, 11, 22, 12, 30, tzinfo=timezone.utc)
DEPLOYMENT = {"score.py": "a" * 64}
LATIN = some.text(some.characters(max_codepoint=255))
LINES = some.lists(some.text(), max_size=2).map(tuple)
ENDS = some.none() | some.builds(End, some.none() | some.integers(), LINES, LINES)
ANSWERS = some.builds(
    Received,
    LATIN,
    some.lists(some.tuples(LATIN, LATIN), max_size=3).map(tuple),
    some.binary(),
    some.binary(),
    some.lists(some.binary(), max_size=3).map(tuple),
    some.lists(LATIN, max_size=2).map(tuple),
    some.booleans(),
    some.booleans(),
    some.lists(some.tuples(some.floats(0, 100), some.integers(0)), max_size=2).map(tuple),
)
SEEN = some.builds(Seen, some.lists(ANSWERS, max_size=2).map(tuple), some.text(), ENDS)
TAKES = some.builds(
    Take,
    some.dictionaries(some.text(), SEEN, max_size=3),
    ENDS,
    some.none() | some.fixed_dictionaries({"path": some.lists(some.text())}),
    some.dictionaries(some.text(), some.text(), max_size=2),
)
SENT = some.builds(
    Sent, some.binary(), some.binary(), some.booleans(), some.booleans(), some.binary(), some.floats(0, 9)
)
CASES = some.builds(
    Case,
    some.text(),
    some.text(),
    some.lists(SENT, max_size=2).map(tuple),
    some.integers(1, 9),
    some.booleans(),
    some.booleans(),
)


def written(folder: Path, *, cases=None, told=None, **more) -> Path:
    path = folder / "recording.json"
    more = {"deployment": DEPLOYMENT, "made": MADE, **more}
    write(path, [case("a")] if cases is None else cases, record(a=answer(b"1")) if told is None else told, **more)
    return path


@settings(deadline=None, max_examples=60)
@given(
    cases=some.lists(CASES, max_size=2),
    takes=some.lists(TAKES, max_size=2).map(tuple),
    facts=some.dictionaries(some.text(), some.text(), max_size=2),
)
def test_what_was_written_is_read(cases, takes, facts):
    """Any bytes in bodies, any header, any text: but for secret headers and parts of milliseconds, and in its order."""
    with TemporaryDirectory() as folder:
        told = read(written(Path(folder), cases=cases, told=Record("x", takes, facts)))

    assert told.cases == kept_cases(cases)
    assert told.record == kept_record(Record("x", takes, facts))
    assert [list(take.seen) for take in told.record.takes] == [list(take.seen) for take in takes]


def test_the_file(tmp_path):
    """It says what it is and where it comes from, and one line of it is one thing that may differ."""
    two = Take({"a": Seen((answer(b"1\x00", arrivals=((0.12345, 1),)),))}, surroundings={"path": ["/x"]})
    path = written(tmp_path, told=Record(THEIRS, (record(a=answer(b"1")).takes[0], two), {"python": "3.11.7"}))
    text = path.read_text(encoding="utf-8")
    expected = f"""\
{{
 "amlemu_recording": 1,
 "made": "2026-11-22T12:30:00+00:00",
 "made_with": "{__version__}",
 "side": "azmlinfsrv 1.5.1",
 "facts": {{
  "python": "3.11.7"
 }},
 "deployment": {{
  "score.py": "{"a" * 64}"
 }},
 "cases": [
  {{
   "name": "a",
   "source": "cases/a.json",
   "requests": [
    {{
     "raw": [
      "POST /score HTTP/1.1\\r\\n",
      "Host: localhost\\r\\n",
      "Content-Type: application/json\\r\\n",
      "Content-Length: 11\\r\\n",
      "\\r\\n",
      "{{\\"data\\": 1}}"
     ]
    }}
   ]
  }}
 ],
 "takes": [
  {{
   "seen": [
    {{
     "case": "a",
     "answers": [
      {{
       "status": "HTTP/1.1 200 OK",
       "headers": [
        ["Server", "gunicorn"],
        ["Content-Type", "application/json"]
       ],
       "body": "1",
       "complete": true,
       "closed": true
      }}
     ]
    }}
   ]
  }},
  {{
   "seen": [
    {{
     "case": "a",
     "answers": [
      {{
       "status": "HTTP/1.1 200 OK",
       "headers": [
        ["Server", "gunicorn"],
        ["Content-Type", "application/json"]
       ],
       "body": {{
        "base64": ["MQA="]
       }},
       "complete": true,
       "closed": true,
       "arrivals": [
        [0.123, 1]
       ]
      }}
     ]
    }}
   ],
   "surroundings": {{
    "path": ["/x"]
   }}
  }}
 ],
 "seal": "{read(path).seal}"
}}
"""

    assert text == expected


def test_what_is_known_of_it(tmp_path):
    told = read(written(tmp_path))

    assert (told.made, told.amlemu, told.version, told.deployment) == (MADE, __version__, 1, DEPLOYMENT)


def edits(value, path=()):
    """Yield ways to each value of JSON, and another value for it."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from edits(one, (*path, key))
    elif isinstance(value, list):
        yield path, [*value, "more"]
        for at, one in enumerate(value):
            yield from edits(one, (*path, at))
    elif isinstance(value, bool):
        yield path, not value
    elif isinstance(value, str):
        yield path, value + "x"
    else:
        yield path, 1.25 if value is None else value + 1


def test_any_edit_breaks_the_seal(tmp_path):
    """Of any value whatsoever, be it one sign; the refusal says what to do."""
    path = written(tmp_path, told=record(a=answer(b"a\nb\xff", arrivals=((0.1, 1),))))
    content = json.loads(path.read_text(encoding="utf-8"))
    found = [way for way in edits(content) if way[0] != ("amlemu_recording",)]
    for way, other in found:
        edited = copy.deepcopy(content)
        place = edited
        for step in way[:-1]:
            place = place[step]
        place[way[-1]] = other
        path.write_text(json.dumps(edited), encoding="utf-8")

        with pytest.raises(UsageError, match=r"edited.*its seal is broken.*amlemu parity FILE --record"):
            read(path)
    assert len(found) > 20


def test_a_part_that_is_gone_or_new_breaks_the_seal(tmp_path):
    path = written(tmp_path)
    content = json.loads(path.read_text(encoding="utf-8"))
    for edited in ({**content, "x": 1}, {k: v for k, v in content.items() if k != "facts"}, {**content, "seal": None}):
        path.write_text(json.dumps(edited), encoding="utf-8")

        with pytest.raises(UsageError, match="its seal is broken"):
            read(path)


def test_a_later_format_is_refused(tmp_path):
    path = written(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace('_recording": 1', '_recording": 2'), encoding="utf-8")

    with pytest.raises(UsageError, match="it has format 2, of a later amlemu; this one reads up to 1"):
        read(path)


def test_secrets_are_nowhere_in_the_file(tmp_path):
    """Neither what proves who somebody is, nor what somebody names as a secret, however it was answered with."""
    key = 's3cret/+"é'
    sent = Case("a", "here", (post(key.encode(), (("Authorization", "Bearer other"), ("Cookie", "other"))),))
    seen = answer(
        json.dumps({"key": key}).encode() + b"\xff" + key.encode(), headers=(("Set-Cookie", "other"), ("X", key))
    )
    told = Record(
        THEIRS, (Take({"a": Seen((seen,))}, surroundings={"variables": {"MY_TOKEN": "other"}}),), {"url": key}
    )
    text = written(tmp_path, cases=[sent], told=told, secrets=[key]).read_text(encoding="utf-8")
    bodies = repr(read(tmp_path / "recording.json"))

    assert not [word for word in ("s3cret", "other", "Authorization") if word in text or word in bodies]
    assert "(not kept)" in text


def test_a_file_that_is_no_recording_is_not_overwritten(tmp_path):
    """One that is one is, and one that is empty."""
    path = tmp_path / "recording.json"
    path.write_text('{"precious": 1}')
    with pytest.raises(UsageError, match="it is there already, and no recording"):
        written(tmp_path)
    assert path.read_text() == '{"precious": 1}'

    path.write_text("")
    written(tmp_path)
    assert read(written(tmp_path, cases=[case("b")])).cases[0].name == "b"
    with pytest.raises(UsageError, match="it is no file"):
        refuse_other_files(tmp_path)


def test_nothing_is_left_of_a_recording_that_cannot_be_written(tmp_path):
    """The one that was there is still there, whole."""
    path = written(tmp_path)
    before = path.read_bytes()
    with pytest.raises(AttributeError):
        write(path, [case("a")], record(a=object()), deployment={})

    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["recording.json"]
    with pytest.raises(UsageError, match="the recording cannot be written"):
        write(path / "below" / "x.json", [], record(), deployment={})


def test_a_folder_is_made_and_a_link_stays_one(tmp_path):
    write(tmp_path / "new" / "r.json", [], record(), deployment={})
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "new" / "r.json")
    write(link, [case("b")], record(), deployment={})

    assert link.is_symlink()
    assert read(tmp_path / "new" / "r.json").cases[0].name == "b"


def test_a_cheap_look(tmp_path):
    path = written(tmp_path)
    other = tmp_path / "other.json"
    other.write_bytes(b'{"amlemu": 1}\xff')
    sorted_anew = tmp_path / "sorted.json"
    sorted_anew.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")), sort_keys=True, indent=2))

    assert is_recording(path)
    assert is_recording(sorted_anew)
    for no in (
        other,
        tmp_path,
        tmp_path / "gone",
        Path("azmlinfsrv"),
        Path("/dev/null"),
        Path("a\0b"),
        Path("x" * 5000),
    ):
        assert not is_recording(no)


def test_16_mb_of_text(tmp_path):
    body = "é".encode() * 8_000_000

    assert read(written(tmp_path, told=record(a=answer(body)))).record.takes[0].seen["a"].answers[0].body == body


def fresh(**more) -> Recording:
    fields = {"cases": (), "record": Record(THEIRS, ()), "made": MADE, "amlemu": "1", "deployment": DEPLOYMENT}
    return Recording(**{**fields, "version": 1, "seal": "", **more})


@pytest.mark.parametrize(
    ("recording", "deployment", "today", "sentences"),
    [
        pytest.param(fresh(), DEPLOYMENT, date(2027, 5, 21), [], id="fresh"),
        pytest.param(
            fresh(),
            DEPLOYMENT,
            date(2027, 5, 22),
            ["the recording is 181 days old: it was made on 2026-11-22"],
            id="old",
        ),
        pytest.param(
            fresh(deployment={"a": "1", "b": "1", "c": "1"}),
            {"a": "1", "b": "2", "d": "1", "e": "1"},
            MADE.date(),
            ["the recording was made of other files: b has changed, d, e are new, c is gone"],
            id="files",
        ),
        pytest.param(
            fresh(record=Record("azmlinfsrv 1.4.0", ())),
            DEPLOYMENT,
            MADE.date(),
            ["the recording is of the server's version 1.4.0, amlemu imitates 1.5.1"],
            id="server",
        ),
        pytest.param(
            fresh(record=Record("container", (), {"azureml-inference-server-http": "1.3.2"})),
            DEPLOYMENT,
            MADE.date(),
            ["the recording is of the server's version 1.3.2, amlemu imitates 1.5.1"],
            id="server-by-package",
        ),
        pytest.param(fresh(record=Record("https://a.b.1.2", ())), DEPLOYMENT, MADE.date(), [], id="server-unknown"),
        pytest.param(
            fresh(version=0), DEPLOYMENT, MADE.date(), ["the recording has format 0, today's is 1"], id="format"
        ),
    ],
)
def test_why_a_recording_is_stale(recording, deployment, today, sentences):
    assert stale(recording, deployment, today, "azmlinfsrv/1.5.1") == sentences


def test_fingerprints(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")

    assert fingerprints({"x/a": tmp_path / "a"}) == {
        "x/a": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    }
    with pytest.raises(UsageError, match="it cannot be read"):
        fingerprints({"b": tmp_path / "b"})
