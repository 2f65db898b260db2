"""A container's log, cut in two: what is the server's, what stands around it, what is ours. No container is needed."""

from __future__ import annotations

import pytest
from amlemu.backends.engine_story import InHand, Story
from amlemu.events import Event, Noticed, Spoke, WorkerStarted
from amlemu_harness.container_log import ContainerLog

RUN = "2026-11-22T09:43:51,922506731+00:00 | gunicorn/run | "
BEFORE = [
    "2026-11-22T09:43:51,922354655+00:00 | nginx/run | \n",
    RUN + "Pip Dependencies (before dynamic installation)\n",
    "Flask==3.1.3\n",
]
BEGINS = RUN + "Starting AzureML Inference Server HTTP.\n"
RECORD = "2026-11-22 09:43:53,129 I [43] azmlinfsrv.print - in init\n"
REFUSED = (
    "2026/11/22 09:43:55 [error] 19#19: *3 connect() failed (111: Connection refused) while connecting to upstream\n"
)


class Heard:
    """A log and all that it has told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        story = Story(self.events.append, InHand(is_alone=True), {}, lambda pid: True)
        self.log = ContainerLog(story, self.events.append, "come here")

    def take(self, *lines: str, stream: str = "stdout") -> Heard:
        for line in lines:
            self.log.take(stream, line.encode())
        return self

    def said(self, *, own: bool) -> list[str]:
        """What was told of the server and the script, or of what stands around them."""
        spoken = [event for event in self.events if isinstance(event, Spoke)]
        return [event.text for event in spoken if (event.own and event.stream != "log") == own]


def test_what_comes_before_the_server_is_not_the_script_s() -> None:
    """runit's scripts, and pip's list, which is raw; told as the surroundings' own."""
    heard = Heard().take(*BEFORE, BEGINS, RECORD)

    assert heard.said(own=True) == [*BEFORE, BEGINS]
    assert heard.said(own=False) == ["in init"]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(REFUSED, id="nginx"),
        pytest.param('nginx: [emerg] unknown directive "x" in /etc/nginx/azureml.conf:1\n', id="nginx-s-own-file"),
        pytest.param("2026-11-22T09:58:49,218709239+00:00 - gunicorn/finish 3 0\n", id="finish"),
        pytest.param("2026-11-22T09:58:49,21+00:00 - Exit code 3 is not normal. Killing image.\n", id="killing"),
        pytest.param("runsv nginx: fatal: unable to start ./run: file does not exist\n", id="runit"),
    ],
)
def test_what_stands_around_the_server_is_not_the_script_s_either(line: str) -> None:
    """Also in the middle of the script's own words."""
    heard = Heard().take(BEGINS, RECORD).take(line, "raw\n", stream="stderr")

    assert heard.said(own=True)[-1] == line
    assert heard.said(own=False) == ["in init", "raw\n"]


def test_an_image_with_another_script_before_the_server_is_heard() -> None:
    """A record of the server's says that it has begun."""
    heard = Heard().take("hello\n", RECORD, "raw\n")

    assert (heard.said(own=True), heard.said(own=False)) == (["hello\n"], ["in init", "raw\n"])


def test_a_server_of_another_kind_is_heard_from_its_first_answer_on() -> None:
    """Its log has neither our server's records nor its start print."""
    heard = Heard().take("hello\n")
    heard.log.server_answers()
    heard.take("served\n")

    assert (heard.said(own=True), heard.said(own=False)) == (["hello\n"], ["served\n"])


def test_lines_that_come_in_pieces_are_whole() -> None:
    """Letters of two bytes, too; a line without an end waits until somebody wants it."""
    heard = Heard().take(BEGINS, RECORD)
    for piece in (b"prom", "pt \u00e4".encode()[:-1], "\u00e4".encode()[-1:]):
        heard.log.take("stderr", piece)
    had_half = heard.log.has_half
    heard.log.flush()

    assert (had_half, heard.log.has_half) == (True, False)
    assert heard.said(own=False) == ["in init", "prompt \u00e4"]


def test_workers_are_the_story_s() -> None:
    heard = Heard().take(
        "2026-11-22 09:43:52,730 I [43] gunicorn.error - Booting worker with pid: 43\n", stream="stderr"
    )

    assert heard.events == [WorkerStarted(43)]


def test_our_own_words_from_inside_are_ours() -> None:
    """Where the debugger listens inside is nobody's address; editors are invited to another one."""
    words = "amlemu | no debugger: debugpy is not installed\n"
    heard = Heard().take(BEGINS).take(words, "amlemu | the debugger listens on 0.0.0.0:5678 (pid 9)\n", stream="stderr")

    assert heard.events[1:] == [Noticed("debugger: no debugger: debugpy is not installed"), Noticed("come here")]


def test_the_end_of_a_long_log_is_kept() -> None:
    """For whoever asks why a start has failed."""
    heard = Heard().take(*["x" * 999 + "\n"] * 3000, "the end\n")

    assert heard.log.text.endswith("the end\n")
    assert len(heard.log.text) <= 1 << 20
