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
