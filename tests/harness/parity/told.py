"""Results to tell of, and what they were made of: one short way to write each."""

from __future__ import annotations

from amlemu_harness.parity.case import Case, post
from amlemu_harness.parity.record import Record, Seen, Take
from amlemu_harness.parity.verdict import Difference, Result, Verdict
from amlemu_harness.parity.wire import Received

THEIRS, OURS = "azmlinfsrv 1.5.1", "amlemu, profile bare"
HOSTILE = "</script><script>alert(1)</script>\"'&<!--]]>\x1b[2J\x00\u202e"


def answer(body: bytes, content_type: str = "application/json", status: str = "HTTP/1.1 200 OK", **more) -> Received:
    headers = (("Server", "gunicorn"), ("Content-Type", content_type), *more.pop("headers", ()))
    return Received(status, headers, body, body, **{"is_complete": True, **more})


def record(side: str = THEIRS, **answers: Received) -> Record:
    return Record(side, (Take({name: Seen((one,)) for name, one in answers.items()}),))


def case(name: str, body: bytes = b'{"data": 1}') -> Case:
    return Case(name, f"cases/{name}.json", (post(body),))


def different(name: str, *differences: Difference, **more) -> Verdict:
    return Verdict(name, "different", differences, source=f"cases/{name}.json", **more)


def result(*verdicts: Verdict, **more) -> Result:
    return Result(THEIRS, OURS, verdicts, **more)


def hostile() -> tuple[Result, list[Case], Record, Record]:
    """A run in which whatever a script can choose is hostile."""
    latin = HOSTILE.encode().decode("latin-1")
    bodies = [HOSTILE.encode() + b"\xff", HOSTILE.encode() + b"\xfe\r\n\x07"]
    seen = [answer(body, latin, f"HTTP/1.1 200 {latin}", headers=((latin, latin),)) for body in bodies]
    sides = [Record(f"{HOSTILE}{at}", (Take({HOSTILE: Seen((one,), HOSTILE)}),)) for at, one in enumerate(seen)]
    found = Difference(f"body.{HOSTILE}", HOSTILE + "1", HOSTILE + "2", 1)
    excused = Difference(f"headers.{HOSTILE}", HOSTILE, "(none)", 2, reason=HOSTILE)
    verdicts = (
        Verdict(HOSTILE, "different", (found, excused), (HOSTILE,), source=HOSTILE),
        Verdict(HOSTILE + "x", "unsteady", why=HOSTILE),
        Verdict(HOSTILE + "n", "unasked", why=HOSTILE),
        Verdict(HOSTILE + "e", "exempt", (excused,)),
    )
    told = Result(
        sides[0].side, sides[1].side, verdicts, (HOSTILE,), (HOSTILE,), (HOSTILE,), {f"theirs.{HOSTILE}": HOSTILE}
    )
    return told, [Case(HOSTILE, HOSTILE, (post(bodies[0]),))], sides[0], sides[1]
