"""The real server's log, read without a server: what is a record, what is raw, what nobody needs twice."""

from __future__ import annotations

import pytest
from amlemu.backends.engine_log import Log, Record


def line(text: str, level: str = "I", logger: str = "azmlinfsrv", pid: int = 7) -> str:
    return f"2026-11-21 10:07:46,375 {level} [{pid}] {logger} - {text}\n"


def read(text: str) -> list[str]:
    """The texts of what is read; records in brackets."""
    return [f"[{piece.text}]" if isinstance(piece, Record) else piece for piece in Log().read(text)]


def test_a_record_is_read() -> None:
    """Time in UTC, level by its full name."""
    (record,) = Log().read(line("a - b", "W", "azmlinfsrv.print"))

    assert record == Record(1795255666.375, "WARNING", 7, "azmlinfsrv.print", "a - b")


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        pytest.param("raw\n" + line("x"), ["raw\n", "[x]"], id="raw-before"),
        pytest.param(line("a", logger="azmlinfsrv.print") + "b\n\n", ["[a\nb\n]"], id="print-of-several-lines"),
        pytest.param(line("Encountered Exception", "E") + "  more\n" + line("x"), ["[Encountered Exception\n  more]", "[x]"], id="traceback"),
        pytest.param(line("POST /score 200 1.0ms 3") + "raw\n", ["[POST /score 200 1.0ms 3]", "raw\n"], id="raw-after-own-news"),
        pytest.param(line("a", logger="azmlinfsrv.print") + "Initializing logger\n", ["[a]"], id="another-worker-s-print"),
        pytest.param("half", ["half"], id="no-newline"),
        pytest.param("", [], id="nothing"),
    ],
)  # fmt: skip
def test_records_and_raw_output_are_told_apart(text: str, read_as: list[str]) -> None:
    """Lines without a head belong to a record that may have several."""
    assert read(text) == read_as


@pytest.mark.parametrize("cuts", [1, 5, 10_000], ids=["in-lines", "in-pieces", "at-once"])
def test_the_print_at_the_start_is_dropped_and_what_follows_is_not(cuts: int) -> None:
    """However it arrives."""
    package = "/x/azureml_inference_server_http/logging.json"
    lines = [line(f"Loaded logging config from {package}"), "\n", "Server Settings\n", "---\n", "Score:   POST  x\n"]
    lines += ["\n", "raw of the script\n", "Score: raw, too\n", "\n"]
    log = Log(has_print=True)
    pieces = [piece for start in range(0, len(lines), cuts) for piece in log.read("".join(lines[start : start + cuts]))]

    assert "".join(piece for piece in pieces if isinstance(piece, str)) == "raw of the script\nScore: raw, too\n\n"


@pytest.mark.parametrize("has_model", [False, True])
def test_a_print_that_each_worker_repeats_is_dropped_each_time(has_model: bool) -> None:
    """In a container output is buffered, and a fork writes what its parent had not written yet. Its version is kept."""
    unset = "The environment variable 'AZUREML_MODEL_DIR' has not been set.\nUse the --model_dir command line argument to set it.\n"
    start_print = ("" if has_model else unset) + "\nAzure ML Inferencing HTTP server v1.5.1\n\nScore:   POST  x\n\n"
    log = Log(has_print=True)
    pieces = [*log.read(start_print + line("x")), *log.read("raw\n"), *log.read("more\n" + start_print + line("y"))]

    assert [piece.text if isinstance(piece, Record) else piece for piece in pieces] == ["x", "raw\n", "more\n", "y"]
    assert log.version == "1.5.1"


def test_a_server_without_that_print_is_heard_once_it_answers() -> None:
    log = Log(has_print=True)
    before = log.read("hidden\n")
    log.end_print()

    assert (before, log.read("seen\n")) == ([], ["seen\n"])
