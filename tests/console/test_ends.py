"""Why a worker ended, in a person's words."""

from __future__ import annotations

import pytest
from amlemu.console.ends import Ends
from amlemu.events import Spoke, WorkerStarted, WorkerTimedOut
from amlemu.memory import MemoryRules, OutOfMemory

from .told import ended

DUMP = (
    "Fatal Python error: Segmentation fault\n\nCurrent thread 0x01 (most recent call first):\n"
    '  File "/usr/lib/python3.11/ctypes/__init__.py", line 519 in string_at\n'
    '  File "/app/score.py", line 12 in run\n'
    '  File "/usr/lib/python3.11/threading.py", line 975 in run\n'
)


class Counts:
    """The kernel's count, one number for each time that it is asked."""

    def __init__(self, *counts):
        self._counts = list(counts)

    def __call__(self):
        return self._counts.pop(0)


def told(*events, **options):
    """Return the lines that are said of these events."""
    said = []
    ends = Ends(lambda _, text: said.append(text), **options)
    ends.folders = ["/app"]
    for event in events:
        ends.event(event)
    return said


@pytest.mark.parametrize(
    ("end", "line"),
    [
        pytest.param(
            ended(exit_code=7, busy_s=8.2, last_lines=("Out of cheese",)),
            "worker 7 ended while run() had been busy for 8.2 s with exit code 7; the script, or a library, probably"
            ' called os._exit(7). Last line of its stderr: "Out of cheese". A new one starts.',
            id="exited-in-run",
        ),
        pytest.param(
            ended(exit_code=-11, was_booting=True, restart_in_s=0.25),
            "worker 7 ended while the script was loading with SIGSEGV; C code in a library crashed."
            " A new one starts in 0.25 s.",
            id="crashed-at-start",
        ),
        pytest.param(
            ended(exit_code=-12),
            "worker 7 ended while idle with SIGUSR2; somebody sent it. A new one starts.",
            id="another-signal",
        ),
        pytest.param(
            ended(exit_code=3, busy_s=0.04, restart_in_s=None),
            "worker 7 ended while run() had been busy for 0.0 s with exit code 3; gunicorn takes it for a failure to"
            " boot, whoever chose it, and ends.",
            id="the-server-ends",
        ),
        pytest.param(
            ended(exit_code=1, last_line="Out of cheese"),
            "worker 7 ended while idle with exit code 1; the script, or a library, probably called os._exit(1)."
            ' Last line of its stderr: "Out of cheese". A new one starts.',
            id="only-the-last-line-is-known",
        ),
        pytest.param(
            ended(exit_code=-15, last_line='  File "/app/score.py", line 12 in run'),
            "worker 7 ended while idle with SIGTERM; somebody sent it. A new one starts.",
            id="of-a-dump-nothing",
        ),
    ],
)
def test_an_end_is_told_with_when_how_why_and_what_is_next(end, line):
    """One sentence each."""
    assert told(end) == [line]


def test_several_last_lines_stand_below():
    """As they were written, oldest first; a line without an end is cut."""
    (text,) = told(ended(exit_code=7, last_lines=("loading", "x" * 500)))

    assert text.splitlines()[1:] == [
        "        Last lines of its stderr:",
        "          loading",
        "          " + "x" * 200,
    ]


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(ended(planned=True, restart_in_s=None), id="as-planned"),
        pytest.param(ended(was_booting=True, restart_in_s=None), id="told-as-boot-failure"),
    ],
)
def test_an_end_that_was_wanted_or_is_told_by_others_is_not_told(end):
    """We asked for it, or the traceback says more."""
    assert told(end) == []


def test_no_replacement_is_promised_when_there_is_none():
    """`amlemu invoke` has one request only."""
    assert "A new one" not in told(ended(), restarts=False)[0]


def test_workers_that_die_at_every_start_are_explained_once():
    """At the third."""
    deaths = [ended(was_booting=True, restart_in_s=1.0)] * 5
    told_more = "Azure's server, too, would start workers for ever; only the platform's probe ends it."

    assert [place for place, text in enumerate(told(*deaths)) if text == told_more] == [3]


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        pytest.param((2, 3), "the kernel killed it, for memory had run out", id="counted"),
        pytest.param((2, 2), "it may have run out of memory", id="not-counted"),
        pytest.param((None, None), "it may have run out of memory", id="nobody-counts"),
    ],
)
def test_the_kernel_knows_who_ran_out_of_memory(counts, reason):
    """Its count since the first worker started has been raised, or not, or cannot be read."""
    assert told(WorkerStarted(7), ended(), count=Counts(*counts)) == [
        f"worker 7 ended while idle with SIGKILL; {reason}. A new one starts."
    ]


def test_one_kill_of_the_kernels_explains_one_end():
    """The next SIGKILL may be anybody's."""
    first, second = told(WorkerStarted(7), ended(), ended(pid=8), count=Counts(0, 1, 1))

    assert "the kernel killed it" in first
    assert "it may have run out of memory" in second


@pytest.mark.parametrize("pieces", [[DUMP], DUMP.splitlines(keepends=True)], ids=["whole", "line-by-line"])
def test_a_dump_names_the_place(pieces):
    """The user's own frames, and the innermost one."""
    (text,) = told(*(Spoke("stderr", piece, 7) for piece in pieces), ended(exit_code=-11))

    place = "score.py:12 run -> ctypes/__init__.py:519 string_at"
    assert text == (
        f"worker 7 ended while idle with SIGSEGV; C code in a library crashed; it was at {place}. A new one starts."
    )


@pytest.mark.parametrize(
    "spoke",
    [
        pytest.param(Spoke("stderr", DUMP, 8), id="of-another-worker"),
        pytest.param(Spoke("stderr", DUMP.partition("\n\n")[2], 7), id="written-without-a-crash"),
        pytest.param(Spoke("stdout", DUMP, 7), id="on-stdout"),
    ],
)
def test_a_stack_that_is_not_of_this_crash_is_no_place(spoke):
    """A script may have faulthandler write at any time."""
    assert "it was at" not in told(spoke, ended(exit_code=-11))[0]


def test_a_worker_that_ends_after_its_interrupted_answer_was_not_idle():
    """Whatever came next had not reached it."""
    (text,) = told(WorkerTimedOut(7, 1.0), ended(exit_code=0))

    assert text.startswith("worker 7 ended after run() was interrupted with exit code 0; it had outlasted")


@pytest.mark.parametrize("exit_code", [1, -9, -6])
def test_what_worker_timeout_ended_is_not_blamed_on_memory(exit_code):
    """SystemExit first, then SIGKILL; the next worker of that pid is another one."""
    events = (WorkerTimedOut(7, 1.0), ended(exit_code=exit_code), ended(exit_code=exit_code))
    first, second = told(*events, count=lambda: None)

    assert first.endswith("; it had outlasted WORKER_TIMEOUT. A new one starts.")
    assert "WORKER_TIMEOUT" not in second


# memory that we have seen run out

GB = 1 << 30
ONE = OutOfMemory(2 * GB, MemoryRules(GB, "--memory-gb"))
WHOLE = OutOfMemory(2 * GB, MemoryRules(GB, "deployment.yml:10", is_whole=True))


def test_peak_and_limit_are_named_with_who_says_so():
    """The kernel's count does not matter: it was us."""
    assert told(ended(busy_s=0.5, memory=ONE), count=lambda: None) == [
        "worker 7 ended while run() had been busy for 0.5 s with SIGKILL; memory ran out: it had 2 GB, and --memory-gb allows 1 GB."
        " A new one starts."
    ]


@pytest.mark.parametrize(
    ("wait_s", "words"),
    [
        (0.0, "at once"),
        (9.987, "in 10 s"),  # it was 10 s when the container ended, and the process took a moment
        (159.96, "in 160 s"),
        (0.52, "in 0.5 s"),
        (0.02, "in 0.02 s"),
    ],
)
def test_a_container_that_starts_again_says_when(wait_s, words):
    """Contract 2.3, 6.3: in the cloud's words for it."""
    [line] = told(ended(was_booting=True, memory=WHOLE, restart_in_s=wait_s))

    assert line == (
        "worker 7 ended while the script was loading with SIGKILL; memory ran out: it had 2 GB, and deployment.yml:10 allows"
        f" 1 GB. The container starts again {words} (CrashLoopBackOff, PodOutOfMemory)."
    )


@pytest.mark.parametrize(("memory", "count"), [(ONE, 1), (WHOLE, 0)])
def test_the_server_starts_workers_for_ever_but_no_containers(memory, count):
    """Contract 6.4: the first without an end, the second is the platform's affair."""
    lines = told(*[ended(was_booting=True, memory=memory, restart_in_s=1.0)] * 5)

    assert sum("would start workers for ever" in line for line in lines) == count
