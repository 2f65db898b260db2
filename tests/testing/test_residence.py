"""A script that resides in this process: what a test may change for it, and that all is as before when it leaves."""

from __future__ import annotations

import builtins
import codecs
import contextlib
import gc
import importlib
import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from amlemu.testing.residence import ProcessEnded, Residence


@pytest.fixture(autouse=True)
def ours() -> Iterator[None]:
    """Compare before and after."""
    before = surroundings()
    yield
    Residence.leave()
    assert surroundings() == before


def surroundings() -> tuple[object, ...]:
    """What a script may change for all."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    return variables, os.getcwd(), list(sys.path), builtins.print, sys.stdout, sys.stderr, os._exit, set(sys.meta_path)


@pytest.fixture
def residence(tmp_path: Path) -> Residence:
    return Residence(tmp_path, {**os.environ, "OWN": "script"}, lambda record, text: None)


def initialised(residence: Residence) -> Residence:
    with residence:
        os.environ["OF_INIT"] = "1"
        os.environ.setdefault("MODE", "default")
    residence.settle()
    return residence


def test_variables_and_modules_stay_between_calls(residence: Residence, tmp_path: Path) -> None:
    """So that a test can change them for the script; folder, import path and print are the process's all the same."""
    before = surroundings()
    (tmp_path / "of_script.py").write_text("value = 1")
    with residence:
        sys.path.append(str(tmp_path))
        module = importlib.import_module("of_script")

    assert (os.environ["OWN"], sys.modules["of_script"]) == ("script", module)
    assert surroundings()[1:-1] == before[1:-1]
    os.environ["OWN"] = "test"
    with residence:
        assert os.environ["OWN"] == "test"
        os.environ["OWN"] = "script"
    Residence.leave()

    assert "of_script" not in sys.modules


def test_each_stay_begins_with_what_init_has_left(residence: Residence, tmp_path: Path) -> None:
    """Variables, working folder and import path; what a call has changed since goes with the stay."""
    (tmp_path / "below").mkdir()
    with residence:
        os.environ["OF_INIT"] = "1"
        os.chdir("below")
        sys.path.append("/of/init")
    residence.settle()
    with residence:
        os.environ["OF_RUN"] = "1"
        os.chdir("..")
    Residence.leave()

    with residence:
        assert [os.environ.get(name) for name in ("OWN", "OF_INIT", "OF_RUN")] == ["script", "1", None]
        assert os.getcwd() == str(tmp_path / "below")
        assert "/of/init" in sys.path


def test_a_variable_that_a_test_has_set_beats_the_scripts(
    residence: Residence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the script is there already or only comes: monkeypatch.setenv before and after the fixture means the same."""
    initialised(residence)
    Residence.leave()
    monkeypatch.setenv("MODE", "before")
    with residence:
        assert (os.environ["MODE"], os.environ["OF_INIT"]) == ("before", "1")
    monkeypatch.setenv("MODE", "after")
    with residence:
        assert os.environ["MODE"] == "after"


@pytest.mark.parametrize("is_there", [True, False])
def test_what_a_test_changes_and_puts_back_is_its_own(residence: Residence, *, is_there: bool) -> None:
    """Variables that were taken away, or set, by a monkeypatch that is undone while the script resides."""
    before = surroundings()
    initialised(residence)
    if not is_there:
        Residence.leave()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.delenv("HOME")
        monkeypatch.setenv("PATH", "/nope")
        monkeypatch.setenv("MODE", "test")
        with residence:
            assert ("HOME" in os.environ, os.environ["PATH"], os.environ["MODE"]) == (False, "/nope", "test")
            os.environ["OF_RUN"] = "1"
    Residence.leave()

    assert surroundings() == before


def test_what_outlasts_the_test_is_not_taken_away(residence: Residence) -> None:
    """A fixture of the whole session that is made while the script resides."""
    initialised(residence)
    os.environ["OF_SESSION"] = "1"
    Residence.leave()

    assert os.environ.pop("OF_SESSION") == "1"


def test_another_resident_moves_the_first_one_out(residence: Residence, tmp_path: Path) -> None:
    """And it finds its own again when it comes back."""
    other = Residence(tmp_path, {**os.environ, "OWN": "other"}, lambda record, text: None)
    initialised(residence)
    with other:
        assert (os.environ["OWN"], os.environ.get("OF_INIT")) == ("other", None)
    other.settle()
    with residence:
        assert (os.environ["OWN"], os.environ["OF_INIT"]) == ("script", "1")


def test_it_can_be_there_before_the_first_call(residence: Residence, tmp_path: Path) -> None:
    """So that a test patches the script's module and not one of its own of the same name."""
    (tmp_path / "patched.py").write_text("value = 1")
    with residence:
        sys.path.append(str(tmp_path))
        importlib.import_module("patched")
    residence.settle()
    Residence.leave()

    residence.stay()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("patched.value", 2)
        with residence:
            assert sys.modules["patched"].value == 2


def test_streams_that_a_script_holds_on_to_outlive_a_tests_capture(
    residence: Residence, capsys: pytest.CaptureFixture[str]
) -> None:
    """A handler made in init() writes where stdout is when it writes."""
    with residence:
        handler = logging.StreamHandler(sys.stdout)
        held = sys.stdout
    residence.settle()
    with capsys.disabled(), residence:
        pass

    with residence:
        handler.emit(logging.LogRecord("a", logging.INFO, "", 0, "heard", None, None))
        assert sys.stdout is held
    held.write("from a thread\n")

    assert capsys.readouterr().out == "heard\nfrom a thread\n"


def test_a_tests_caplog_hears_a_script_that_arranges_its_own_logging(
    residence: Residence, caplog: pytest.LogCaptureFixture
) -> None:
    """force=True removes all handlers that are there: the script's own stay removed, the test's do not."""
    before = list(logging.root.handlers)
    with residence:
        logging.basicConfig(force=True, level=logging.INFO)
    residence.settle()
    with residence:
        logging.getLogger("of.script").info("heard")

    assert [record.message for record in caplog.records] == ["heard"]
    assert logging.root.handlers == before


def test_a_script_cannot_end_the_process(residence: Residence) -> None:
    """os._exit() in a call is told; in a child that was forked it is the real one."""
    with pytest.raises(ProcessEnded, match=r"os\._exit\(4\).*target=\"worker\""), residence:
        os._exit(4)
    with residence:
        child = os.fork()
        if not child:
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_module_of_the_tests_does_not_stand_in_the_scripts_way(tmp_path: Path) -> None:
    """One of the same name, from a folder that is on the import path for tests alone; both find theirs again."""
    for folder in ("script", "tests"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "in_the_way.py").write_text(f"name = {folder!r}")
    before = list(sys.path)
    sys.path.insert(0, str(tmp_path / "tests"))
    theirs = importlib.import_module("in_the_way")
    inside = Residence(tmp_path / "script", dict(os.environ), lambda record, text: None, import_path=before)
    with inside:
        sys.path.append(str(tmp_path / "script"))
        assert importlib.import_module("in_the_way").name == "script"
    Residence.leave()

    assert sys.modules.pop("in_the_way") is theirs
    assert theirs.name == "tests"
    sys.path.remove(str(tmp_path / "tests"))


def test_a_variable_that_somebody_has_set_since_is_theirs(residence: Residence) -> None:
    """And stays when the script leaves."""
    initialised(residence)
    os.environ["MODE"] = "session"
    Residence.leave()

    assert os.environ.pop("MODE", "") == "session"


def test_a_value_that_a_test_has_hidden_goes_when_the_test_is_over(residence: Residence, tmp_path: Path) -> None:
    """A monkeypatch remembers what it has found, the script's, and puts it back when another script resides already."""
    initialised(residence)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("MODE", "test")
        with Residence(tmp_path, dict(os.environ), lambda record, text: None):
            pass
    assert os.environ["MODE"] == "default"
    Residence.rest()

    assert "MODE" not in os.environ


def test_a_stream_that_a_script_puts_in_place_stays(residence: Residence) -> None:
    """In its own world."""
    own = io.StringIO()
    with residence:
        sys.stdout = own
    with residence:
        assert sys.stdout is own


def test_a_held_stream_writes_where_stdout_is_now(residence: Residence) -> None:
    """A thread of the script may write at any time."""
    with residence:
        held = sys.stdout
    with contextlib.redirect_stdout(io.StringIO()) as later:
        held.write("from a thread\n")

    assert later.getvalue() == "from a thread\n"


def test_the_streams_are_such_as_scripts_expect(
    residence: Residence, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A wrapper around the bytes, as many scripts make at import for UTF-8; dropping it closes nothing."""
    with residence:
        assert isinstance(sys.stdout, io.TextIOBase)
        assert (sys.stdout.writable(), sys.stdout.encoding.lower(), sys.stdout.closed) == (True, "utf-8", False)
        wrapper = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8")
        wrapper.write("né ")
        wrapper.flush()
        del wrapper
        gc.collect()
        codecs.getwriter("utf-8")(sys.stdout.buffer).write("né ")
        with sys.stdout:
            sys.stdout.write("plain")
        sys.stdout.write(".")

    assert capsysbinary.readouterr().out == "né né plain.".encode()


def test_a_thread_can_end_the_process(tmp_path: Path) -> None:
    """It may be the test's own, with a limit of time."""
    text = (
        "import os, sys, threading\nfrom pathlib import Path\nfrom amlemu.testing.residence import Residence\n"
        "with Residence(Path(sys.argv[1]), dict(os.environ), print):\n"
        "    thread = threading.Thread(target=lambda: os._exit(7))\n    thread.start()\n    thread.join()\n"
    )

    assert subprocess.run([sys.executable, "-c", text, str(tmp_path)], check=False, timeout=20).returncode == 7


def test_each_stay_has_the_import_path_of_init(residence: Residence) -> None:
    """Whatever a call has made of it."""
    with residence:
        sys.path.append("/of/init")
    residence.settle()
    with residence:
        sys.path.remove("/of/init")
    Residence.leave()

    with residence:
        assert "/of/init" in sys.path


def test_a_module_in_the_way_may_come_later(tmp_path: Path) -> None:
    """Tests are imported one after the other."""
    for folder in ("script", "tests"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "comes_later.py").write_text(f"name = {folder!r}")
    inside = Residence(tmp_path / "script", dict(os.environ), lambda record, text: None, import_path=list(sys.path))
    with inside:
        sys.path.append(str(tmp_path / "script"))
        importlib.import_module("comes_later")
    Residence.leave()
    sys.path.insert(0, str(tmp_path / "tests"))
    theirs = importlib.import_module("comes_later")

    with inside:
        assert importlib.import_module("comes_later").name == "script"
    Residence.leave()

    assert sys.modules.pop("comes_later", None) is theirs
    sys.path.remove(str(tmp_path / "tests"))


def test_caplog_hears_each_record_once(residence: Residence, caplog: pytest.LogCaptureFixture) -> None:
    """Call after call."""
    for _ in range(2):
        with residence:
            logging.getLogger("of.script").warning("heard")

    assert [record.message for record in caplog.records] == ["heard", "heard"]
