"""
The counts in docs/fidelity.md: each comparison keeps its own cell there, and fails when it no longer holds.

With AMLEMU_KEEP=1 the cell is written instead. Several processes may do that at once.
"""

from __future__ import annotations

import fcntl
import os
import re

from amlemu_harness.parity.verdict import Result

from ..contract.targets import REPOSITORY

PAGE = REPOSITORY / "docs" / "fidelity.md"
HEAD = "| served | against azmlinfsrv | in the container |"
_COLUMNS = {"azmlinfsrv": 1, "container": 2}
_NONE = "-"


def check(name: str, column: str, result: Result) -> None:
    """Hold a result's counts against the page."""
    counted = count(result)
    if os.environ.get("AMLEMU_KEEP"):
        _keep(name, column, counted)
    kept = rows(PAGE.read_text(encoding="utf-8")).get(name, {}).get(column, _NONE)
    print(f"{name} {column}: {counted}")

    assert counted == kept, f"docs/fidelity.md says {kept!r}; AMLEMU_KEEP=1 writes what was counted"


def count(result: Result) -> str:
    """Say how many cases are the same, and how many exempt."""
    exempt = result.count("exempt")
    return f"{result.count('same')} same" + (f", {exempt} exempt" if exempt else "")


def rows(page: str) -> dict[str, dict[str, str]]:
    """Return the table's cells by what was served and column."""
    found: dict[str, dict[str, str]] = {}
    for line in _table(page):
        name, *cells = (cell.strip() for cell in line.strip().strip("|").split("|"))
        found[name] = dict(zip(_COLUMNS, cells, strict=True))
    return found


def totals(page: str) -> str:
    """Return the sums, as the last row has them."""
    sums = []
    for column in _COLUMNS:
        cells = [cells[column] for name, cells in rows(page).items() if name != "all"]
        same, exempt = (
            sum(int(number) for cell in cells for number in re.findall(rf"(\d+) {word}", cell))
            for word in ("same", "exempt")
        )
        sums.append(f"{same} same, {exempt} exempt")
    return f"| all | {' | '.join(sums)} |"


def _table(page: str) -> list[str]:
    _, _, rest = page.partition(HEAD + "\n")
    lines = rest.splitlines()[1:]
    return lines[: next((number for number, line in enumerate(lines) if not line.startswith("|")), len(lines))]


def _keep(name: str, column: str, counted: str) -> None:
    with PAGE.open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        page = file.read()
        table = _table(page)
        found = rows(page)
        found.setdefault(name, dict.fromkeys(_COLUMNS, _NONE))[column] = counted
        found.pop("all", None)
        lines = [f"| {one} | {' | '.join(cells.values())} |" for one, cells in sorted(found.items())]
        head, old = HEAD + "\n|---|---|---|\n", "".join(f"{line}\n" for line in table)
        written = page.replace(head + old, head + "\n".join(lines) + "\n")
        written = written.replace(lines[-1] + "\n", lines[-1] + "\n" + totals(written) + "\n")
        file.seek(0)
        file.write(written)
        file.truncate()
