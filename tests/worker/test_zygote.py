"""The zygote without its host: a script that boots once, and workers forked from it by raw frames."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import socket
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from amlemu.worker import protocol
from amlemu.worker.launch import Lines, open_lines

from .bare_child import FORK_MARKER, PATIENCE_S, ZOO, BareChild, BareZygote, bare_child, bare_zygote, records

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a script whose run() evaluates what it is sent; `init` are the lines of its init()."""

    def write(init: str) -> Path:
        path = tmp_path / "score.py"
        lines = textwrap.indent(textwrap.dedent(init).strip(), "    ")
        head = "import atexit, json, os, random, signal, subprocess, sys, threading, time\nstate = {'runs': 0}\n"
        path.write_text(f"{head}def init():\n{lines}\ndef run(data):\n    return eval(data)\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def ready(write: Write) -> Iterator[BareZygote]:
    """A zygote that has booted a script which knows where its init() ran."""
    with bare_zygote(write("state['init'] = os.getpid()")) as zygote:
        zygote.boots()
        yield zygote


def worker_of(zygote: BareZygote) -> BareChild:
    """Fork a worker and let it say that it is ready."""
    worker = zygote.forks()
    assert worker.boots().kind == protocol.READY
    return worker


def value(worker: BareChild, expression: str, number: int = 1) -> Any:
    """Let run() evaluate an expression."""
    worker.is_asked(number, expression.encode())
    answer = worker.hears()
    assert answer.head[0] == 200, answer
    return json.loads(answer.body)


@contextlib.contextmanager
def lines_for_nobody() -> Iterator[Lines]:
    """Open lines that are closed whole at the end."""
    with open_lines() as lines:
        yield lines
        lines.endpoint.close()
        lines.mark.close()
        lines.stacks.close()
        for output in lines.outputs:
            os.close(output)


def test_the_zygote_boots_the_script_and_says_ready(write: Write) -> None:
    """As a worker says it, but once for all of its forks."""
    with bare_zygote(write("pass")) as zygote:
        answer = zygote.boots()
        worker = zygote.forks()
        again = worker.boots()

    assert (answer.kind, answer.head["style"]) == (protocol.READY, "text")
    assert again == answer
    assert worker.process.pid != zygote.process.pid


def test_init_runs_once_and_its_memory_is_everybodys_beginning(ready: BareZygote) -> None:
    """Contract 3.7: what init() has loaded is there, what one worker changes the other one does not see."""
    one, other = worker_of(ready), worker_of(ready)
    changed = value(one, "state.update(runs=state['runs'] + 1) or state['runs']")

    assert changed == 1
    assert value(other, "state['runs']") == 0
    assert value(one, "state['init']", 2) == value(other, "state['init']", 2) == ready.process.pid
    assert value(other, "os.getpid()", 3) == other.process.pid


@pytest.mark.parametrize("script", ["fail_init_raises", "fail_import_missing_module"])
def test_a_script_that_cannot_be_booted_says_why_and_ends_with_3(script: str) -> None:
    """As a worker does."""
    with bare_zygote(ZOO / f"{script}.py") as zygote:
        failed = zygote.boots()

        assert zygote.ends() == 3
        assert failed.kind == protocol.FAILED
        assert failed.head["where"].startswith(f"{script}.py:")


@pytest.mark.parametrize(
    ("init", "code"),
    [
        pytest.param("os._exit(0)", 0, id="exit-0"),
        pytest.param("os._exit(5)", 5, id="exit-5"),
        pytest.param("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, id="kill"),
        pytest.param("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, id="terminate"),
    ],
)
def test_a_death_in_init_is_the_processs_own(write: Write, init: str, code: int) -> None:
    """Observed: the real server has no signal handlers yet, and ends as init() ends it."""
    with bare_zygote(write(init)) as zygote:
        zygote.hears()
        zygote.channel.send(protocol.ORDER, zygote.order)

        assert zygote.ends() == code


@pytest.mark.parametrize(
    ("death", "code"),
    [("os._exit(0)", 0), ("os._exit(7)", 7), ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL)],
)
def test_the_end_of_a_worker_is_told_and_the_next_one_needs_no_init(ready: BareZygote, death: str, code: int) -> None:
    """Contract 4.7 with preload (observed): a crash costs one request; the successor is forked."""
    worker = worker_of(ready)
    worker.is_asked(7, death.encode())

    assert ready.tells_the_end() == (worker.process.pid, code)
    assert worker.mark.taken == 7
    assert value(worker_of(ready), "state['init']") == ready.process.pid


def test_the_scripts_own_children_are_not_taken_for_workers(write: Write) -> None:
    """The zygote must not reap what init() has started: the script waits for it."""
    with bare_zygote(write("state['p'] = subprocess.Popen(['sleep', '60'])")) as zygote:
        zygote.boots()
        worker = worker_of(zygote)
        value(worker, "os.kill(state['p'].pid, signal.SIGKILL)")
        worker.hangs_up()

        assert zygote.tells_the_end() == (worker.process.pid, 0)
        stat = Path("/proc", str(value(worker_of(zygote), "state['p'].pid")), "stat").read_text()
        assert stat.rpartition(")")[2].split()[0] == "Z"  # still its own parent's to ask for


def test_a_worker_has_the_same_surroundings_as_a_fresh_one(ready: BareZygote) -> None:
    """Session, input and descriptors of its own; nothing of the zygote's or of its siblings'."""
    files = "n for n in range(50) if os.path.lexists(f'/proc/self/fd/{n}')"
    _, second = worker_of(ready), worker_of(ready)
    kinds = value(second, f"[os.readlink(f'/proc/self/fd/{{n}}').partition(':')[0] for n in [{files}]]")
    inheritable = value(second, f"[n for n in [{files}] if os.get_inheritable(n)]", 2)

    *known, page, copy = sorted(kinds, key=lambda kind: kind.endswith("(deleted)"))
    assert sorted(known) == ["/dev/null", "pipe", "pipe", "pipe", "socket"]
    assert page.endswith("(deleted)")  # stacks are written behind it
    assert copy == page  # mmap's own
    assert inheritable == [0, 1, 2]
    assert value(second, "os.getsid(0) == os.getpgid(0) == os.getpid()", 3) is True
    assert value(second, "sys.stdin.read()", 4) == ""


def test_each_worker_speaks_on_lines_of_its_own(ready: BareZygote) -> None:
    """Prints, raw writes of C code, stderr; under the marker and the pid of the one that speaks."""
    one, other = worker_of(ready), worker_of(ready)
    before = ready.reads(1)
    value(one, "print('printed') or os.write(1, b'raw\\n') and os.write(2, b'error\\n')")

    assert records(one.reads(1), FORK_MARKER) == ["printed"]
    assert f",{one.process.pid},".encode() in one.reads(1)
    assert one.reads(1).endswith(b"raw\n")
    assert one.reads(2) == b"error\n"
    assert (other.reads(1), other.reads(2), ready.reads(1)) == (b"", b"", before)


def test_what_init_has_written_is_said_once(write: Write) -> None:
    """Half a line sits in a buffer when the workers are forked; they must not write it again."""
    with bare_zygote(write("sys.stdout.write('half a line'); sys.stderr.write('and another')")) as zygote:
        zygote.boots()
        worker = worker_of(zygote)
        worker.hangs_up()
        zygote.tells_the_end()

        assert zygote.reads(1).count(b"half a line") == 1
        assert b"and another" in zygote.reads(2)
        said = worker.reads(1)
        assert (said.count(b"\n"), b"Worker exiting" in said, worker.reads(2)) == (1, True, b"")


def test_a_script_that_has_closed_its_streams_has_workers_that_speak(write: Write) -> None:
    """Then the descriptors that the zygote is sent stand where the streams should."""
    with bare_zygote(write("os.close(1); os.close(2)")) as zygote:
        zygote.boots()
        worker = worker_of(zygote)
        value(worker, "os.write(1, b'out') + os.write(2, b'err')")

        assert (worker.reads(1), worker.reads(2)) == (b"out", b"err")


def test_handlers_that_init_has_set_do_not_reach_a_worker(write: Write) -> None:
    """Observed: gunicorn resets in each worker the signals that it knows; the others stay as they are."""
    names = ("SIGTERM", "SIGHUP", "SIGUSR2", "SIGCHLD", "SIGPROF")
    handlers = "".join(f"signal.signal(signal.{name}, print)\n" for name in names)
    with bare_zygote(write(handlers)) as zygote:
        zygote.boots()
        worker = worker_of(zygote)
        kept = value(worker, f"[signal.getsignal(getattr(signal, name)) is print for name in {names}]")
        default = value(worker, "[signal.getsignal(n) == signal.SIG_DFL for n in (signal.SIGHUP, signal.SIGCHLD)]", 2)

    assert kept == [False, False, False, False, True]
    assert default == [True, True]


def test_a_request_to_end_lets_the_request_in_hand_finish(ready: BareZygote) -> None:
    """Contract 4.7, as in a fresh worker."""
    worker = worker_of(ready)
    worker.is_asked(1, b"time.sleep(0.3) or 'finished'")
    worker.takes(1)
    worker.is_sent(signal.SIGTERM)

    assert worker.hears().body == b'"finished"'
    assert ready.tells_the_end() == (worker.process.pid, 0)


def test_abort_in_run_answers_500_and_dumps_nothing(ready: BareZygote) -> None:
    """Observed: with WORKER_PRELOAD gunicorn's handler of SIGABRT replaces faulthandler's."""
    worker = worker_of(ready)
    worker.is_asked(1, b"print('entered') or time.sleep(30)")
    worker.reads_until(1, b"entered")
    worker.is_sent(signal.SIGABRT)

    assert worker.hears().head[0] == 500
    assert ready.tells_the_end() == (worker.process.pid, 0)
    assert b"Fatal Python error" not in worker.reads(2)


def test_the_random_module_differs_but_generators_of_the_script_do_not(write: Write) -> None:
    """Observed in the real server, for both; a trap worth imitating."""
    with bare_zygote(write("random.seed(1); state['own'] = random.Random(5)")) as zygote:
        zygote.boots()
        one, other = (value(worker_of(zygote), "[random.random(), state['own'].random()]") for _ in range(2))

    assert one[0] != other[0]
    assert one[1] == other[1]


def test_what_is_registered_for_the_end_runs_in_every_process(write: Write) -> None:
    """Observed: atexit handlers of init() run in each worker and in the master."""
    with bare_zygote(write("atexit.register(lambda: os.write(1, b'end of %d' % os.getpid()))")) as zygote:
        zygote.boots()
        worker = worker_of(zygote)
        worker.hangs_up()
        zygote.tells_the_end()
        zygote.hangs_up()

        assert zygote.ends() == 0
        assert worker.reads(1).endswith(b"\nend of %d" % worker.process.pid)
        assert zygote.reads(1).endswith(b"end of %d" % zygote.process.pid)


def test_a_host_that_hangs_up_ends_the_zygote_and_each_worker_by_its_own_line(ready: BareZygote) -> None:
    """Also when the host has crashed; a worker in the middle of a request finishes it."""
    worker = worker_of(ready)
    ready.hangs_up()
    code = ready.ends()

    assert code == 0
    assert value(worker, "'still here'") == "still here"

    worker.hangs_up()

    assert worker.endpoint.recv(1) == b""  # it has ended; nobody can tell with which exit code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_do_not_end_a_zygote_that_has_booted(ready: BareZygote, number: signal.Signals) -> None:
    """Whoever signals all processes of a container means the host, which ends the zygote in order."""
    ready.is_sent(number)

    assert value(worker_of(ready), "1") == 1


def test_a_worker_without_its_descriptors_is_not_forked(ready: BareZygote) -> None:
    """The kernel drops what finds no room in the process; the host hears of it."""
    with lines_for_nobody() as lines:
        answer = ready.is_asked_to_fork(lines.theirs[:3])

    assert answer == {"error": os.strerror(errno.EMFILE)}
    assert value(worker_of(ready), "1") == 1


def test_several_requests_at_once_are_all_heard(ready: BareZygote) -> None:
    """All workers are asked for before the first answer is read; each gets its own descriptors."""
    with lines_for_nobody() as one, lines_for_nobody() as other:
        for lines in (one, other):
            socket.send_fds(ready.endpoint, [protocol.pack(protocol.FORK, 0)], list(lines.theirs))
        answers = [ready.hears(), ready.hears()]
        for lines in (one, other):
            lines.endpoint.settimeout(PATIENCE_S)
            assert lines.endpoint.recv(1) == protocol.HELLO

    assert [answer.kind for answer in answers] == [protocol.FORKED] * 2
    assert len({answer.head["pid"] for answer in answers}) == 2


def test_nothing_in_zygote_and_worker_warns(write: Write) -> None:
    """With every warning an error both boot, answer and end all the same."""
    with bare_zygote(write("pass"), PYTHONWARNINGS="error", PYTHONDEVMODE="1") as zygote:
        zygote.boots()
        worker = worker_of(zygote)
        value(worker, "1")
        worker.hangs_up()
        end = zygote.tells_the_end()
        zygote.hangs_up()

        assert (end[1], zygote.ends()) == (0, 0)
        assert (b"Warning" in worker.reads(2), b"Warning" in zygote.reads(2)) == (False, False)


# A zygote that imports ahead


class Packages:
    """A script with installed packages beside it, told as a first boot in a fresh interpreter tells them."""

    def __init__(self, folder: Path) -> None:
        self.script = folder / "code" / "score.py"
        self.site = folder / "env" / "site-packages"
        for path in (self.script.parent, self.site):
            path.mkdir(parents=True)
        self.install(lib_a="import os\nseen = os.environ.get('X')", lib_b="import lib_a")

    def install(self, **files: str) -> None:
        for name, text in files.items():
            (self.site / f"{name}.py").write_text(textwrap.dedent(text))

    def saves(self, head: str, init: str = "...") -> None:
        """Save the script: what it does when it is loaded, and in init()."""
        body = (
            f"{textwrap.dedent(head)}\nimport os, sys\ndef init():\n{textwrap.indent(textwrap.dedent(init), '    ')}\n"
        )
        self.script.write_text(body + "def run(data):\n    return eval(data, globals())\n", encoding="utf-8")

    def told(self, **environment: str) -> dict[str, Any]:
        with bare_child(self.script, PYTHONPATH=str(self.site), **environment) as child:
            assert child.boots().kind == protocol.READY, child.reads(2)
        return child.imports

    @contextlib.contextmanager
    def zygote(self, **environment: str) -> Iterator[BareZygote]:
        """A zygote that has imported what the script as it is now needs."""
        ahead = {**self.told(**environment), "number": 7}
        with bare_zygote(self.script, ahead, PYTHONPATH=str(self.site), **environment) as zygote:
            assert zygote.boots().head == {"spoiled": ""}
            yield zygote


@pytest.fixture
def packages(tmp_path: Path) -> Packages:
    return Packages(tmp_path)


def test_a_fork_finds_its_packages_loaded_and_loads_the_script_itself(packages: Packages) -> None:
    """The script as it is when the fork is made."""
    packages.saves("import lib_a")
    with packages.zygote() as zygote:
        packages.saves("import sys\nbefore = 'lib_a' in sys.modules, 'score' in sys.modules\nimport lib_a")
        worker = worker_of(zygote)

        assert value(worker, "[before, os.getppid()]") == [[True, False], zygote.process.pid]
        assert (worker.greetings, "lib_a" in worker.imports["asked"]) == (1, True)


def test_each_fork_tells_what_it_has_imported_itself(packages: Packages) -> None:
    """And the number of the list that it has begun with, so the next zygote has both."""
    packages.saves("import lib_a")
    with packages.zygote() as zygote:
        packages.saves("import lib_a, lib_b")
        imports = worker_of(zygote).imports

    assert ([name for name in imports["modules"] if name.startswith("lib")], imports["ahead"]) == (["lib_b"], 7)


def test_what_begins_afresh_tells_all_that_it_has_imported(packages: Packages) -> None:
    """It has begun with no list: number 0."""
    packages.saves("import lib_a")
    with packages.zygote() as zygote:
        packages.saves("import lib_b, os\nos.environ['X'] = '1'\nimport lib_a")
        imports = worker_of(zygote).imports

    assert [name for name in imports["modules"] if name.startswith("lib")] == ["lib_a", "lib_b"]
    assert (imports["ahead"], imports["is_cut"]) == (0, True)


@pytest.mark.parametrize(
    ("head", "init"),
    [
        pytest.param("import os\nos.environ['X'] = '1'\nimport lib_a", "...", id="at-import"),
        pytest.param("import helper\nimport lib_a", "...", id="in-a-helper"),
        pytest.param("", "os.environ['X'] = '1'; import lib_a; globals().update(lib_a=lib_a)", id="in-init"),
        pytest.param("import os\nos.environ['X'] = '1'\nimport lib_b, lib_a", "...", id="before-what-needs-it"),
    ],
)
def test_a_variable_set_before_an_import_begins_afresh(packages: Packages, head: str, init: str) -> None:
    """The same process with a new interpreter: the library sees the variable when it is loaded, as without a zygote."""
    (packages.script.parent / "helper.py").write_text("import os\nos.environ['X'] = '1'\n")
    packages.saves("import lib_a")
    with packages.zygote() as zygote:
        packages.saves(f"import sys\nbefore = 'lib_a' in sys.modules\n{head}", init)
        worker = worker_of(zygote)

        assert value(worker, "[before, lib_a.seen, os.getpid()]") == [False, "1", worker.process.pid]
        assert worker.greetings == 2


def test_a_variable_set_before_an_import_by_function_begins_afresh(packages: Packages) -> None:
    """importlib does not come by `__import__`."""
    load = "globals()['lib_a'] = importlib.import_module('lib_a')"
    packages.saves("import importlib", load)
    with packages.zygote() as zygote:
        packages.saves("import importlib", f"os.environ['X'] = '1'; {load}")

        assert value(worker_of(zygote), "lib_a.seen") == "1"


def test_what_begins_afresh_has_the_variables_of_the_deployment(packages: Packages) -> None:
    """Neither what the script has set the first time, nor what a package has set when it was imported ahead."""
    packages.install(lib_k="import os\nos.environ['KMP_X'] = 'true'")
    packages.saves("import lib_k, lib_a")
    with packages.zygote(GIVEN="given") as zygote:
        packages.saves(
            "import os\nbefore = [os.environ.get(n) for n in ('X', 'KMP_X', 'GIVEN')]\nos.environ['X'] = '1'\nimport lib_a"
        )
        worker = worker_of(zygote)

        assert value(worker, "before") == [None, None, "given"]
        assert worker.greetings == 2


def test_what_begins_afresh_has_the_surroundings_of_a_fresh_worker(packages: Packages) -> None:
    """Descriptors, session, streams, signals; and it ends like one."""
    packages.saves("import lib_a")
    with packages.zygote() as zygote:
        packages.saves("import os\nos.environ['X'] = '1'\nimport lib_a")
        worker = worker_of(zygote)
        files = "n for n in range(50) if os.path.lexists(f'/proc/self/fd/{n}')"
        kinds = value(worker, f"[os.readlink(f'/proc/self/fd/{{n}}').partition(':')[0] for n in [{files}]]")
        value(worker, "os.write(1, b'out') + os.write(2, b'err')", 2)

        assert sorted(kind for kind in kinds if not kind.startswith("/tmp")) == [
            "/dev/null",
            "pipe",
            "pipe",
            "pipe",
            "socket",
        ]
        assert len(kinds) == 7  # and the page twice, as in a fresh one
        assert value(worker, "os.getsid(0) == os.getpgid(0) == os.getpid()", 3) is True
        assert (worker.reads(1)[-3:], worker.reads(2)) == (b"out", b"err")
        worker.hangs_up()
        assert zygote.tells_the_end() == (worker.process.pid, 0)


def test_what_was_said_before_is_said_once_more(packages: Packages) -> None:
    """Nothing that the script has written is lost; it begins anew, and so does what it writes."""
    packages.saves("import lib_a")
    with packages.zygote() as zygote:
        packages.saves("import os, sys\nsys.stdout.write('half')\nos.environ['X'] = '1'\nimport lib_a")
        worker = worker_of(zygote)

        assert worker.reads(1).count(b"half") == 2


@pytest.mark.parametrize("init", ["os.environ['X'] = '1'", "os.environ['X'] = '1'\nimport lib_a", "..."])
def test_a_variable_set_after_the_imports_begins_nothing_afresh(packages: Packages, init: str) -> None:
    """All that was imported ahead has been asked for; what comes then is loaded as it would be anyway."""
    packages.install(lib_c="")
    packages.saves("import lib_a")
    with packages.zygote() as zygote:
        packages.saves("import lib_a, os", f"{init}\nimport lib_c")
        worker = worker_of(zygote)

        assert value(worker, "'lib_c' in sys.modules") is True
        assert worker.greetings == 1


def test_a_script_that_sets_its_variables_first_is_forked_with_what_it_has_before(packages: Packages) -> None:
    """Reload after reload: only what comes before the assignment was imported ahead."""
    packages.saves("import lib_b, os\nos.environ['X'] = '1'\nimport lib_c")
    packages.install(lib_c="import os\nseen = os.environ.get('X')")
    with packages.zygote() as zygote:
        workers = [worker_of(zygote) for _ in range(2)]
        loaded = [value(worker, "[lib_c.seen, sys.modules['lib_a'].seen]") for worker in workers]

    assert loaded == [["1", None]] * 2
    assert [worker.greetings for worker in workers] == [1, 1]


def test_what_a_package_sets_is_seen_by_the_packages_that_it_needs(packages: Packages) -> None:
    """A package that sets OMP_NUM_THREADS and then imports torch means it, in a fork as in a fresh interpreter."""
    packages.install(lib_k="import os\nos.environ['X'] = 'of lib_k'\nimport lib_a")
    packages.saves("import lib_k, lib_a")
    with packages.zygote() as zygote:
        assert value(worker_of(zygote), "lib_a.seen") == "of lib_k"


def test_forks_have_random_numbers_of_their_own(packages: Packages) -> None:
    """Both modules were seeded in the process that all come from."""
    packages.saves("import random, numpy.random")
    with packages.zygote() as zygote:
        drawn = [value(worker_of(zygote), "[random.random(), numpy.random.random()]") for _ in range(3)]

    assert len({numbers[0] for numbers in drawn}) == len({numbers[1] for numbers in drawn}) == 3


THREADS = "[pool['num_threads'] for pool in threadpoolctl.threadpool_info() if pool['internal_api'] == 'openblas']"


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"])
def test_a_number_of_threads_that_the_script_sets_has_its_meaning(packages: Packages, name: str) -> None:
    """numpy reads it when it is loaded. A script that begins to set it, changes it, and keeps it."""
    pytest.importorskip("threadpoolctl")
    if (os.cpu_count() or 1) < 2:
        pytest.skip("one processor: it is one thread anyway")
    packages.saves("import numpy, threadpoolctl")
    with packages.zygote(**{name: "2"}) as zygote:
        seen = [value(worker_of(zygote), THREADS)]
        for threads in (1, 2, 1, 1):
            packages.saves(f"import os\nos.environ['{name}'] = '{threads}'\nimport numpy, threadpoolctl")
            seen.append(value(worker_of(zygote), THREADS))

    assert seen == [[2], [1], [2], [1], [1]]


def test_a_fork_has_the_same_surroundings_as_a_fresh_worker(packages: Packages) -> None:
    """Session, group, input and descriptors of its own; nothing of the zygote's or of its siblings'."""
    packages.saves("import lib_a")
    with packages.zygote() as zygote:
        _, worker = worker_of(zygote), worker_of(zygote)
        files = "n for n in range(50) if os.path.lexists(f'/proc/self/fd/{n}')"
        kinds = value(worker, f"[os.readlink(f'/proc/self/fd/{{n}}').partition(':')[0] for n in [{files}]]")

        assert sorted(kind for kind in kinds if not kind.startswith("/tmp")) == [
            "/dev/null",
            "pipe",
            "pipe",
            "pipe",
            "socket",
        ]
        assert value(worker, f"[n for n in [{files}] if os.get_inheritable(n)]", 2) == [0, 1, 2]
        assert value(worker, "os.getsid(0) == os.getpgid(0) == os.getpid()", 3) is True
        assert value(worker, "sys.stdin.read()", 4) == ""


def test_forks_speak_on_lines_of_their_own(packages: Packages) -> None:
    packages.saves("import lib_a")
    with packages.zygote() as zygote:
        one, other = worker_of(zygote), worker_of(zygote)
        before = other.reads(1)
        value(one, "print('printed') or os.write(1, b'raw\\n') and os.write(2, b'error\\n')")

        assert "printed" in records(one.reads(1), FORK_MARKER)
        assert (one.reads(1)[-4:], one.reads(2)) == (b"raw\n", b"error\n")
        assert (other.reads(1), other.reads(2), zygote.reads(1)) == (before, b"", b"")


def test_a_script_that_does_not_boot_says_why_in_its_fork(packages: Packages) -> None:
    """The zygote stays, for the next one."""
    packages.saves("import lib_a")
    with packages.zygote() as zygote:
        packages.saves("import lib_a\n1 / 0")
        worker = zygote.forks()
        failed = worker.boots()
        end = zygote.tells_the_end()
        packages.saves("import lib_a")

        assert (failed.kind, failed.head["where"], end) == (protocol.FAILED, "score.py:2", (worker.process.pid, 3))
        assert value(worker_of(zygote), "1") == 1


def test_nobody_looks_on_once_a_fork_has_booted(packages: Packages) -> None:
    packages.saves("import lib_a, builtins")
    with packages.zygote() as zygote:
        assert value(worker_of(zygote), "repr(builtins.__import__)") == repr(__import__)


@pytest.mark.parametrize(("number", "words"), [("SIGSEGV", b"Segmentation fault"), ("SIGABRT", b"Aborted")])
def test_a_fork_that_crashes_dumps_its_stack(packages: Packages, number: str, words: bytes) -> None:
    """As a fresh worker does, at these two."""
    packages.saves("import lib_a, signal")
    with packages.zygote() as zygote:
        worker = worker_of(zygote)
        worker.is_asked(1, f"os.kill(os.getpid(), signal.{number})".encode())
        zygote.tells_the_end()

        assert b"Fatal Python error: " + words in worker.reads(2)
        assert b"score.py" in worker.reads(2)


def test_a_fork_that_is_aborted_in_run_answers_500(packages: Packages) -> None:
    """Contract 4.8: WORKER_TIMEOUT is that signal; the dump comes first, then gunicorn's page."""
    packages.saves("import lib_a, time")
    with packages.zygote() as zygote:
        worker = worker_of(zygote)
        worker.is_asked(1, b"os.write(1, b'entered') and time.sleep(30)")
        worker.reads_until(1, b"entered")
        worker.is_sent(signal.SIGABRT)

        assert worker.hears().head[0] == 500
        assert zygote.tells_the_end() == (worker.process.pid, 0)


def test_a_module_that_no_fork_survives_is_named(packages: Packages) -> None:
    """The host begins another zygote without it."""
    packages.install(
        lib_thread="import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    )
    packages.saves("import lib_a, lib_thread, lib_b")
    with bare_zygote(packages.script, packages.told(), PYTHONPATH=str(packages.site)) as zygote:
        assert zygote.boots().head == {"spoiled": "lib_thread"}


def test_nothing_in_a_zygote_of_packages_warns(packages: Packages) -> None:
    """With every warning an error it imports, forks, begins afresh and ends all the same."""
    packages.saves("import lib_a")
    with packages.zygote(PYTHONWARNINGS="error", PYTHONDEVMODE="1") as zygote:
        fork = worker_of(zygote)
        packages.saves("import os\nos.environ['X'] = '1'\nimport lib_a")
        afresh = worker_of(zygote)
        for worker in (fork, afresh):
            worker.hangs_up()
        codes = {zygote.tells_the_end()[1] for _ in range(2)}
        zygote.hangs_up()

        assert (codes, zygote.ends()) == ({0}, 0)
        assert [b"Warning" in one.reads(2) for one in (fork, afresh, zygote)] == [False] * 3
