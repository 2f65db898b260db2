"""The report for programs."""

from __future__ import annotations

import base64
import json

from amlemu_harness.parity.case import Case, post
from amlemu_harness.parity.record import End, Record, Take
from amlemu_harness.parity.report.data import as_data
from amlemu_harness.parity.verdict import Difference, Verdict

from ..told import OURS, THEIRS, answer, different, hostile, record, result


def test_keys_and_values():
    found = Difference("body", "1", "2", 1)
    excused = Difference("headers.Via", "1", "2", 1, "why")
    told = as_data(
        result(
            Verdict("same", "same", (excused,), ("headers.Date",)), different("a", found), facts={"ours.python": "3.11"}
        ),
        [Case("a", "here", (post(b"\xff", ()),))],
        record(a=answer(b"1", pieces=(b"1",), arrivals=((0.5, 1),))),
        record(OURS, a=answer(b"\xff")),
    )
    seen = {
        "status": "HTTP/1.1 200 OK",
        "headers": [["Server", "gunicorn"], ["Content-Type", "application/json"]],
        "body": {"text": "1"},
        "wire_body": {"text": "1"},
        "pieces": [{"text": "1"}],
        "interim": [],
        "complete": True,
        "closed": True,
        "arrivals": [[0.5, 1]],
    }

    assert told == {
        "version": 1,
        "headline": "2 cases: 1 same, 1 different",
        "exit_code": 1,
        "theirs": {"name": THEIRS, "facts": {}},
        "ours": {"name": OURS, "facts": {"python": "3.11"}},
        "counts": {"same": 1, "exempt": 0, "different": 1, "unsteady": 0, "unasked": 0},
        "cases": [
            {
                "case": "same",
                "kind": "same",
                "source": "",
                "why": "",
                "varies": ["headers.Date"],
                "differences": [{"path": "headers.Via", "theirs": "1", "ours": "2", "size": 1, "reason": "why"}],
            },
            {
                "case": "a",
                "kind": "different",
                "source": "cases/a.json",
                "why": "",
                "varies": [],
                "differences": [{"path": "body", "theirs": "1", "ours": "2", "size": 1, "reason": None}],
                "requests": [
                    {
                        "raw": {
                            "base64": base64.b64encode(
                                b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n\xff"
                            ).decode()
                        }
                    }
                ],
                "together": 1,
                "kills_workers": False,
                "theirs": [{"answers": [seen], "trouble": "", "end": None}],
                "ours": [
                    {
                        "answers": [
                            {
                                **seen,
                                "body": {"base64": "/w=="},
                                "wire_body": {"base64": "/w=="},
                                "pieces": [],
                                "arrivals": [],
                            }
                        ],
                        "trouble": "",
                        "end": None,
                    }
                ],
            },
        ],
        "unneeded": [],
        "remarks": [],
        "stale": [],
        "troubles": [],
    }


def test_it_is_json_whatever_came():
    told = as_data(*hostile())

    assert json.loads(json.dumps(told)) == told


def test_a_start_has_its_ends():
    died = Record(THEIRS, (Take(start=End(3, ("a",), ("b",))), Take()))
    told = as_data(result(different("start")), [], died, record(OURS))

    assert told["cases"][0]["theirs"] == [{"exit_code": 3, "is_trying": False, "out": ["a"], "err": ["b"]}, None]
    assert told["cases"][0]["ours"] == [None]


def test_secrets_are_not_in_it():
    sent = Case("a", "here", (post(b"1", (("Authorization", "hush"),)),))
    seen = answer(b"1", headers=(("Set-Cookie", "hush"),))
    told = as_data(
        result(different("a", Difference("headers.Set-Cookie", "hush", "(none)", 1))), [sent], record(a=seen), record()
    )

    assert "hush" not in json.dumps(told)
