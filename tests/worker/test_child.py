"""The worker's main loop without its host: the zoo's scripts in a real process, asked by raw frames."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from amlemu.worker import protocol
from amlemu.worker.protocol import Frame

from .bare_child import MARKER, ORDER, BareChild, bare_child, records
from .guest import NO_WISHES


@pytest.fixture
def slow() -> Iterator[BareChild]:
    """A worker that has booted `slow.py` and waits."""
    with bare_child("slow") as child:
        child.boots()
        yield child


def status(frame: Frame) -> int:
    assert frame.kind == protocol.ANSWER
    return frame.head[0]


def test_hello_comes_before_the_order_and_ready_after_init() -> None:
    """The host learns the version before it says what to do, and sends requests when init() has returned."""
    with bare_child("echo") as child:
        hello = child.hears()
        child.channel.send(protocol.ORDER, ORDER)
        ready = child.hears()

    assert hello == Frame(protocol.HELLO, {"version": protocol.VERSION, "python": sys.version.split()[0]})
    assert ready.kind == protocol.READY
    assert ready.head["style"] == "text"
    assert 0 < ready.head["boot_ms"] < 10_000


def test_an_order_of_another_version_is_refused_loudly() -> None:
    """Nothing is loaded; the reason is on stderr."""
    with bare_child("echo") as child:
        child.hears()
        child.channel.send(protocol.ORDER, {**ORDER, "version": 99})

        assert child.ends() == 1
        assert b"ProtocolError" in child.reads(2)


def test_a_script_that_cannot_be_booted_says_why_and_ends_with_3() -> None:
    """The exit code is the real server's (contract 3.4); the fault crosses as data."""
    with bare_child("fail_init_raises") as child:
        failed = child.boots()

        assert child.ends() == 3

    assert failed.kind == protocol.FAILED
    assert failed.head["phase"] == "init"
    assert failed.head["where"].startswith("fail_init_raises.py:")


def test_an_answer_has_head_body_and_account() -> None:
    """Number, phrase, headers as they go on the wire; times for the record."""
    with bare_child("echo") as child:
        child.boots()
        child.is_asked(1, b'{"a": 1}')
        answer = child.hears()

    code, phrase, headers, account = answer.head
    assert (answer.kind, code, phrase) == (protocol.ANSWER, 200, "OK")
    assert headers[0] == ["Server", "gunicorn"]
    assert ["Content-Length", str(len(answer.body))] in headers
    assert answer.body == b'["str", "{\\"a\\": 1}"]'
    assert account["run_ms"] >= 0


def test_a_body_of_10_mb_arrives() -> None:
    """More than any buffer on the way."""
    with bare_child("counts_characters") as child:
        child.boots()
        child.is_asked(1, b"x" * 10_000_000)

        assert child.hears().body == b"10000000"


def test_a_broken_body_is_the_servers_to_refuse() -> None:
    """Bad chunks reach the server as they reach flask under gunicorn; run() is not called."""
    with bare_child("counts_calls") as child:
        child.boots()
        child.is_asked(1, b"", broken="Invalid chunk size: b'x'")
        refused = child.hears()
        child.is_asked(2, b"")

        assert status(refused) != 200
        assert b'"runs": 1' in child.hears().body


def test_a_streamed_answer_comes_in_pieces() -> None:
    """Head, one frame for each piece that the script yields, end."""
    with bare_child("returns_flask") as child:
        child.boots()
        child.is_asked(1, b"stream")
        head, *pieces, end = [child.hears() for _ in range(4)]

    assert (head.kind, head.head[0]) == (protocol.STREAM, 200)
    assert pieces == [Frame(protocol.CHUNK, 0, b"one"), Frame(protocol.CHUNK, 0, b"two")]
    assert end.kind == protocol.END


def test_a_generator_that_raises_cuts_the_stream_and_nothing_else() -> None:
    """The fault is told; the worker lives on (contract 4.7)."""
    with bare_child("returns_flask") as child:
        child.boots()
        child.is_asked(1, b"stream_broken")
        _, piece, cut = [child.hears() for _ in range(3)]
        child.is_asked(2, b"default")

        assert piece.body == b"one"
        assert cut.kind == protocol.CUT
        assert "in the middle of the stream" in cut.head["what"]
        assert status(child.hears()) == 200


def test_prints_are_on_stdout_before_the_answer() -> None:
    """Who has the answer need not wait for the words that came before it."""
    with bare_child("talks") as child:
        child.boots()
        child.is_asked(1, b"print")
        child.hears()
        written = child.reads(1)

    assert "printed 1 [2]" in records(written)


@pytest.mark.parametrize(("action", "stream"), [("write", 1), ("descriptor", 1), ("child", 1), ("write_stderr", 2)])
def test_raw_writes_are_on_their_stream_before_the_answer(action: str, stream: int) -> None:
    """Also those of C code and of child processes, which know nothing of frames."""
    words = {"write": b"written", "descriptor": b"from the descriptor", "child": b"from a child process"}
    with bare_child("talks") as child:
        child.boots()
        child.is_asked(1, action.encode())
        child.hears()

        assert words.get(action, b"written to stderr") + b"\n" in child.reads(stream)


def test_half_a_line_is_on_stdout_before_the_answer() -> None:
    """Python would keep it until the line is whole or the process ends."""
    with bare_child("writes_slowly") as child:
        child.boots()
        child.is_asked(1, b"half a line")
        child.hears()

        assert child.reads(1).endswith(b"no newline")


def test_a_whole_line_is_on_stdout_while_run_goes_on() -> None:
    """Who watches a long run() sees what it says."""
    with bare_child("writes_slowly") as child:
        child.boots()
        child.is_asked(1, b"a whole line")

        child.reads_until(1, b"a whole line\n")


def test_prints_and_raw_writes_keep_their_order() -> None:
    """Both go through one pipe."""
    with bare_child("talks") as child:
        child.boots()
        for number, action in enumerate([b"write", b"print", b"descriptor"], start=1):
            child.is_asked(number, action)
            child.hears()
        written = child.reads(1).decode()

    places = [written.index(words) for words in ("written\n", "printed 1", "from the descriptor\n")]
    assert places == sorted(places)
    assert f"written\n{MARKER}" in written


def test_the_mark_is_set_before_run_is_entered() -> None:
    """After this death the host must not give request 7 to another worker."""
    with bare_child("kills_itself") as child:
        child.boots()
        before = child.mark.taken
        child.is_asked(7, b"kill")

        assert child.ends() == -signal.SIGKILL
        assert (before, child.mark.taken) == (0, 7)


def test_a_host_that_hangs_up_ends_an_idle_worker() -> None:
    """Exit code 0, for it was asked to go; also when the host has crashed."""
    with bare_child("echo") as child:
        child.boots()
        child.hangs_up()

        assert child.ends() == 0


def test_a_host_that_hangs_up_gets_the_answers_it_has_asked_for(slow: BareChild) -> None:
    """An orderly stop loses nothing: the request in hand and the one behind it are answered."""
    slow.is_asked(1, b'["sleep", 0.1]')
    slow.is_asked(2, b'["sleep", 0]')
    slow.hangs_up()

    assert [status(slow.hears()), status(slow.hears())] == [200, 200]
    assert slow.ends() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_to_end_ends_an_idle_worker(slow: BareChild, number: signal.Signals) -> None:
    """At once, with exit code 0."""
    slow.is_sent(number)

    assert slow.ends() == 0


def test_a_request_to_end_lets_the_request_in_hand_finish(slow: BareChild) -> None:
    """Contract 4.7: SIGTERM during run() finishes the request; the one behind it is not taken."""
    slow.is_asked(1, b'["sleep", 0.3]')
    slow.is_asked(2, b'["sleep", 0]')
    slow.takes(1)
    slow.is_sent(signal.SIGTERM)

    assert status(slow.hears()) == 200
    assert slow.ends() == 0
    assert slow.mark.taken == 1


def test_a_request_to_end_during_init_waits_for_it() -> None:
    """init() is not interrupted in the middle of a file it writes."""
    with bare_child("talks") as child:
        child.hears()
        child.channel.send(protocol.ORDER, ORDER)
        child.reads_until(1, b"said at import")
        child.is_sent(signal.SIGTERM)

        assert child.hears().kind == protocol.READY
        assert child.ends() == 0


def test_abort_in_run_answers_500_and_dumps_the_stack() -> None:
    """Contract 4.8: WORKER_TIMEOUT gives gunicorn's own 500 page, a dump on stderr, and the worker's end."""
    with bare_child("notes_entries", NOTES="/dev/stdout") as child:
        child.boots()
        child.is_asked(1, b"entered 30")
        child.reads_until(1, b"entered")
        child.is_sent(signal.SIGABRT)
        answer = child.hears()
        code = child.ends()
        dump = child.reads(2)

    assert (status(answer), code) == (500, 0)
    assert answer.body.startswith(b"<html>")
    assert b"Fatal Python error: Aborted" in dump
    assert b"notes_entries.py" in dump


def test_abort_while_idle_ends_with_1(slow: BareChild) -> None:
    """As gunicorn's worker does."""
    slow.is_sent(signal.SIGABRT)

    assert slow.ends() == 1


def test_a_script_that_asks_for_its_own_end_is_answered_first() -> None:
    """SIGTERM from inside run()."""
    with bare_child("kills_itself") as child:
        child.boots()
        child.is_asked(1, b"terminate")

        assert status(child.hears()) == 200
        assert child.ends() == 0


def test_nothing_in_the_worker_warns() -> None:
    """With every warning an error the guest half boots, answers and ends all the same."""
    with bare_child("echo", PYTHONWARNINGS="error", PYTHONDEVMODE="1") as child:
        child.boots()
        child.is_asked(1, b"x")

        assert status(child.hears()) == 200

        child.hangs_up()

        assert child.ends() == 0
        assert b"Warning" not in child.reads(2)


def test_a_script_that_listens_for_a_debugger_asks_the_host(tmp_path: Path) -> None:
    """Who may refuse: the script then gets what debugpy would have raised."""
    script = tmp_path / "score.py"
    script.write_text("import debugpy\ndebugpy.listen(('0.0.0.0', 5678))\ndef init(): ...\ndef run(data): ...\n")
    with bare_child(script) as child:
        child.order = {**child.order, "debugging": NO_WISHES}
        asked = child.boots()
        child.channel.send(protocol.SESSION, {"error": "port 5678: taken by pid 812 (python)"})
        failed = child.boots()

        assert asked == Frame(protocol.LISTEN, ["0.0.0.0", 5678])
        assert failed.kind == protocol.FAILED
        assert "RuntimeError: port 5678: taken by pid 812 (python)" in failed.head["what"]
        assert child.ends() == 3


def test_a_fault_is_looked_at_before_it_is_told(tmp_path: Path) -> None:
    """--debug-on-error, with pdb: in init() already. Here the terminal is at its end at once."""
    script = tmp_path / "score.py"
    script.write_text("def init(): raise KeyError('a')\ndef run(data): ...\n")
    with bare_child(script) as child:
        child.order = {**child.order, "debugging": {**NO_WISHES, "on_error": True, "terminal": "/dev/null"}}
        frames = [child.boots() for _ in range(2)]
        child.channel.send(protocol.SESSION, {})
        frames += [child.boots() for _ in range(2)]

    assert [frame.kind for frame in frames] == [protocol.PAUSED, protocol.WAIT, protocol.RESUMED, protocol.FAILED]
    assert frames[0].head[0] == "pdb"
