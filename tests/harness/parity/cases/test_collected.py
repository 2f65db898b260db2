"""JSONL of Azure's data collection, in the layout of Learn's page, and of bodies."""

from __future__ import annotations

import json

import pytest
from amlemu.errors import UsageError
from amlemu_harness.parity.cases.collected import is_collected, read

# Learn, "Collect production data from models deployed for real-time inferencing", but for its ids
REQUEST = (
    '{"specversion":"1.0","id":"1","source":"/subscriptions/s/onlineEndpoints/e/deployments/d","type":"azureml.inference.request",'
    '"datacontenttype":"application/json","time":"2022-05-25T08:59:48Z","data":{"data": [  [1,2,3,4,5,6,7,8,9,10], [10,9,8,7,6,5,4,3,2,1]]},'
    '"path":"/score","method":"POST","contentrange":"bytes 0-59/*","correlationid":"c","xrequestid":"c"}'
)
RESPONSE = (
    '{"specversion":"1.0","id":"2","source":"s","type":"azureml.inference.response","datacontenttype":"application/json",'
    '"time":"2022-05-25T08:59:48Z","data":[11055.977245525679, 4503.079536107787],"contentrange":"bytes 0-38/39","correlationid":"c"}'
)
INPUTS = (
    '{"specversion":"1.0","id":"3","source":"s","type":"azureml.inference.model_inputs","datacontenttype":"application/json",'
    '"time":"2024-03-05T18:16:25Z","data":[{"AGE":54,"SEX":2},{"AGE":35,"SEX":1}],"contentrange":"bytes 0-6794/6795",'
    '"correlationid":"test","modelversion":"default","collectdatatype":"pandas.core.frame.DataFrame","agent":"azureml-ai-monitoring/0.1.0b4"}'
)
IN_STORAGE = (
    '{"specversion":"1.0","id":"4","source":"s","type":"azureml.inference.request","datacontenttype":"text/plain",'
    '"time":"2022-02-28T08:41:07Z","data":"https://x.blob.core.windows.net/modeldata/mdc/ba993308","path":"/score?size=1",'
    '"method":"POST","contentrange":"bytes 0-80770/80771","datainblob":"true"}'
)


def raws(tmp_path, text, sample=None):
    return [case.requests[0].raw for case in read(tmp_path / "c.jsonl", text, sample)]


def body(raw):
    return raw.partition(b"\r\n\r\n")[2]


def test_a_payload_is_sent_byte_for_byte(tmp_path):
    """The event holds it as it came, blanks and all: `contentrange` says 60 bytes."""
    (raw,) = raws(tmp_path, REQUEST)

    assert raw == (
        b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n"
        b'{"data": [  [1,2,3,4,5,6,7,8,9,10], [10,9,8,7,6,5,4,3,2,1]]}'
    )


def test_rows_are_wrapped_as_the_sample_is(tmp_path):
    assert body(raws(tmp_path, INPUTS)[0]) == b'{"data": [{"AGE": 54, "SEX": 2}, {"AGE": 35, "SEX": 1}]}'
    assert body(raws(tmp_path, INPUTS, b'{"people": [[1, 2]]}')[0]) == b'{"people": [[54, 2], [35, 1]]}'


def test_outputs_are_passed_by_and_a_case_has_the_number_of_its_line(tmp_path):
    told = []
    text = f"{RESPONSE}\n\n{REQUEST}\r\n{INPUTS.replace('model_inputs', 'model_outputs')}\n{INPUTS}\n"

    cases = read(tmp_path / "c.jsonl", text, remark=told.append)

    assert [(case.name, case.source) for case in cases] == [
        ("c.jsonl #3", f"{tmp_path / 'c.jsonl'}:3"),
        ("c.jsonl #5", f"{tmp_path / 'c.jsonl'}:5"),
    ]
    assert told == [f"2 events are left out of {tmp_path / 'c.jsonl'}: outputs, or payloads that are elsewhere"]


def test_a_payload_in_storage_is_taken_where_it_lies_beside_the_events(tmp_path):
    with pytest.raises(UsageError) as failure:
        raws(tmp_path, IN_STORAGE)
    (tmp_path / "ba993308").write_bytes(b"\xff\0")
    (raw,) = raws(tmp_path, IN_STORAGE)

    assert failure.value.what == "none of its 1 events is a request whose payload is here"
    assert raw.startswith(b"POST /score?size=1 HTTP/1.1\r\n")
    assert raw.endswith(b"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n\xff\0")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({"datacontenttype": "text/plain", "data": "a\nb"}, b"a\nb", id="text"),
        pytest.param({"datacontenttype": "application/json", "data": '{"a": 1}'}, b'{"a": 1}', id="json-as-text"),
        pytest.param({"datacontenttype": "application/json", "data": "word"}, b'"word"', id="text-that-was-json"),
        pytest.param({"datacontenttype": "image/png", "data_base64": "/w=="}, b"\xff", id="base64"),
    ],
)
def test_payloads_of_other_kinds(tmp_path, more, expected):
    event = {"specversion": "1.0", "type": "azureml.inference.request", "path": "no path", **more}

    (raw,) = raws(tmp_path, json.dumps(event))

    assert raw.startswith(b"POST /score HTTP/1.1\r\n")
    assert body(raw) == expected


def test_an_event_over_several_lines_is_one(tmp_path):
    """As Azure's pages show it."""
    assert len(raws(tmp_path, json.dumps(json.loads(REQUEST), indent=1))) == 1


def test_other_lines_are_bodies(tmp_path):
    """Those that look like events, but for what makes one, too."""
    text = '{"data":  [1]}\n[1, 2]\n{"type": "x", "data": 1}\n'

    assert [body(raw) for raw in raws(tmp_path, text)] == [b'{"data":  [1]}', b"[1, 2]", b'{"type": "x", "data": 1}']


def test_only_the_first_thousand_lines_are_taken(tmp_path):
    told = []

    cases = read(tmp_path / "c.jsonl", "1\n" * 1001, remark=told.append)

    assert (len(cases), cases[-1].name) == (1000, "c.jsonl #1000")
    assert told == [f"of {tmp_path / 'c.jsonl'} only the first 1000 lines are taken"]


def test_a_broken_line_is_named(tmp_path):
    with pytest.raises(UsageError) as failure:
        read(tmp_path / "c.jsonl", "{}\n\n{'a': 1}\n")

    assert failure.value.where == f"{tmp_path / 'c.jsonl'}:3"


@pytest.mark.parametrize(
    "value", [None, [], {"type": "text", "data": [1]}, {"type": 1, "specversion": "1.0", "data": 1}]
)
def test_other_json_is_no_event(value):
    assert not is_collected(value)
