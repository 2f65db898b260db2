"""What `amlemu parity` asks: what was named, what lies beside the script, what is made for any."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from amlemu_harness.parity.case import post
from amlemu_harness.parity.wire import Patience, exchange

from .compared import ECHO, QUICK, Start, cases, kinds, parity, python, told
from .parity.hermit import hermit

Write = Callable[[str, str], Path]

HAR = {
    "log": {
        "version": "1.2",
        "entries": [
            {
                "request": {
                    "method": "POST",
                    "url": "https://mine.westeurope.inference.ml.azure.com/score",
                    "headers": [{"name": "Authorization", "value": "Bearer stolen"}],
                    "postData": {"mimeType": "application/json", "text": '{"from": "har"}'},
                }
            }
        ],
    }
}
EXAMPLE = {
    "request": {"method": "POST", "path": "/score", "headers": {}, "body": "from example"},
    "response": {"status": 200},
}
COLLECTED = {
    "specversion": "1.0",
    "id": "1",
    "type": "azureml.inference.inputs",
    "source": "/x",
    "time": "2026-11-22T12:00:00Z",
    "data": [{"from": "collected"}],
}
JOURNAL = """
def init():
    pass

def run(data):
    return data
"""


def listed(start: Start, *words: str) -> dict[str, str]:
    """Return names and sources of `--list`."""
    done = parity(start, *words, "--list")
    assert done.code == 0, done.said
    return dict(re.split(r"  +", line, maxsplit=1) for line in done.out.splitlines())  # type: ignore[arg-type]


def test_what_lies_beside_the_script_and_what_is_made(write: Write, start: Start, tmp_path: Path) -> None:
    """By names, with where they come from; nothing is started for a plain script, and no server has to be there."""
    write("score.py", ECHO)
    write("sample-request.json", '{"data": 1}')
    cases(tmp_path, **{"other.json": json.dumps(EXAMPLE)})

    found = listed(start, "score.py")
    named = listed(start, "score.py", "--cases=sample-request.json", "--no-generated")
    chosen = listed(start, "score.py", "--only=GET*", "--only=other")

    assert found["sample-request.json"] == "sample-request.json"
    assert found["other"] == "cases/other.json"
    assert (found["good"], found["1.6 MB"], found["after a crash"]) == ("made here", "made here", "made here")
    assert len(found) > 55
    assert named == {"sample-request.json": "sample-request.json"}
    assert list(chosen) == ["other", "GET", "GET with a query", "GET with a body"]


def test_each_kind_of_source_is_asked(write: Write, start: Start, tmp_path: Path) -> None:
    """Bodies, cases with an answer, HAR, curl lines, collected data, an exported journal, and the journal of the server that runs."""
    write("app/score.py", JOURNAL)
    server = start("serve", "app/score.py", "-p0", "--profile=managed", "--auth=off")
    for body in (b"from journal", b"again"):
        exchange(server.port, post(body, (("Content-Type", "text/plain"),)), Patience(5.0, 0.0))
    exported = start("requests", "app/score.py", "--export=said.jsonl").finish()
    write("body.txt", "from body")
    write("example.json", json.dumps(EXAMPLE))
    write("browser.har", json.dumps(HAR))
    write("lines.sh", "curl -X POST https://h/score -H 'Authorization: Bearer stolen' -d 'from curl'\n")
    write("data.jsonl", json.dumps(COLLECTED) + "\n")
    names = ("body.txt", "example.json", "browser.har", "lines.sh", "data.jsonl", "said.jsonl", "journal")

    words = [f"--cases={name}" for name in names]
    with hermit(lambda _: b"other") as other:
        done = parity(start, "app/score.py", f"--against=http://127.0.0.1:{other.port}", *QUICK, *words, "--json")

    assert exported.code == 0, exported.said
    assert list(kinds(told(done)).values()) == ["different"] * 9
    sent = [asked.decode() for asked in other.heard if asked.startswith(b"POST /score ")]
    bodies = [asked.partition("\r\n\r\n")[2] for asked in sent]
    assert bodies[:4] == ["from body", "from example", '{"from": "har"}', "from curl"]
    assert json.loads(bodies[4])
    assert bodies[5:9] == ["from journal", "again"] * 2
    assert bodies[9:] == bodies[:9] * 2  # twice in any case, and once more where something differs
    assert "stolen" not in done.said + "".join(sent)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("--only=nothing",), "--only nothing: no case is called so. There is good, twice, empty, BOM, bad JSON, null, a list, a number, a text, an unknown key and ", id="only"),
        pytest.param(("--no-generated",), "--no-generated: there is nothing to ask: no cases lie beside it. Name some by --cases, or leave --no-generated out.", id="nothing"),
        pytest.param(("--cases=nowhere.json",), "nowhere.json: there is no such file or folder. ", id="no-such-file"),
        pytest.param(("--cases=empty.json",), "empty.json: it is empty. ", id="empty"),
        pytest.param(("--cases=broken.json",), "broken.json:2: ", id="broken"),
        pytest.param(("--cases=journal",), "amlemu: ", id="no-server"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told(write: Write, start: Start, words: tuple[str, ...], said: str) -> None:
    """With the names there are; before anything is started."""
    write("score.py", ECHO)
    write("empty.json", "")
    write("broken.json", '{"data":\n ]}\n')

    done = parity(start, "score.py", *words, "--list")

    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_recording_brings_its_own_cases(write: Write, start: Start, tmp_path: Path) -> None:
    """Others cannot be compared; of them some can be chosen."""
    write("app/score.py", ECHO)
    cases(tmp_path, "a", "b")
    with hermit(lambda _: b"other") as other:
        parity(start, "app/score.py", f"--against=http://127.0.0.1:{other.port}", *QUICK, "--cases=cases", "--record=said.json")  # fmt: skip

    both = parity(start, "app/score.py", "--against=said.json", "--cases=cases")

    assert (both.code, both.err) == (2, "amlemu: --cases beside --against FILE: a recording brings its own cases. Leave it out.\n")  # fmt: skip
    assert listed(start, "app/score.py", "--against=said.json") == {"a": "cases/a", "b": "cases/b"}
    assert list(listed(start, "app/score.py", "--against=said.json", "--only=b")) == ["b"]


SCHEMA = """
from inference_schema.schema_decorators import input_schema
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

def init():
    {init}

@input_schema("rows", StandardPythonParameterType([{{"age": 1}}]))
def run(rows):
    return rows
"""


def test_a_script_that_describes_itself_is_asked_what_it_describes(write: Write, start: Start) -> None:
    """Its sample is the good request; one that does not start describes nothing, and is asked all the same."""
    write("score.py", SCHEMA.format(init="pass"))
    write("broken/score.py", SCHEMA.format(init="raise ValueError('no model')"))

    described = listed(start, "score.py", python())
    silent = listed(start, "broken/score.py", python())

    assert set(described) - set(silent) == {"without rows", "rows is null", "wrong type of rows"}
    assert set(silent) - set(described) == {"without data", "data is null", "wrong type of data"}
