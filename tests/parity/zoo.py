"""
The zoo as deployments whose answers are compared: each script of tests/scripts, and what it is asked.

That is what `amlemu parity` makes for any script, and every request that the contract's cases have for it. The expected answers
that stand there play no part: here one server is held against the other.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import ModuleType

from amlemu import deployment
from amlemu.deployment import Deployment
from amlemu_harness.parity.case import Case
from amlemu_harness.parity.cases.generated import generated, kind_of
from amlemu_harness.parity.judging.rules import Rules, load
from amlemu_harness.parity.sides.served import Served

from ..contract import cases as tables
from ..contract.case import Case as OfTable
from ..contract.case import Deployment as OfContract
from ..contract.targets import ZOO

SCRIPTS = sorted(path.name for path in ZOO.glob("*.py"))
VARIABLES = {
    "slow_init.py": {"INIT_S": "0.1"},
    "writes_slowly.py": {"SCORING_TIMEOUT_MS": "30"},  # it sleeps for half a minute otherwise, each time
}
# The server answers and closes with a large body unread; whether nginx is done with writing by then, or says 502, is chance.
LARGE_FOR_RAW = ("1.4 MB", "1.6 MB")
# Likewise; and the second answer's date is read as the end of the first one's body: whether both sides say the same second is chance.
CHANCE = ("malformed large-body*", "malformed pipelined")
EXEMPTIONS = Path(__file__).with_name("exemptions.toml")


def cases_inside(script: str) -> list[Case]:
    """Return what a script is asked in the container: what is not left to chance there."""
    is_raw = kind_of((ZOO / script).read_text(encoding="utf-8")) == "raw"
    names = [f"*: {pattern}" for pattern in (*CHANCE, *(LARGE_FOR_RAW if is_raw else ()))]
    return [case for case in cases_of(script) if not any(fnmatchcase(case.name, name) for name in names)]


def cases_of(script: str) -> list[Case]:
    """Return what a script is asked; those of the contract have its names. Exemptions are for one script's cases."""
    made = generated(kind_of((ZOO / script).read_text(encoding="utf-8")), None, "", None)
    plain = OfContract(script)
    of_contract = [
        Case(f"{table} {case.id}", "tests/contract", (case.request, *(sent for sent, _ in case.then)))
        for table, cases in _tables()
        for case in cases
        if case.deployment == plain
    ]
    return [replace(case, name=f"{Path(script).stem}: {case.name}") for case in (*made, *of_contract)]


def copied(folder: Path) -> Path:
    """Copy the zoo below a folder, for everybody to read and write in, and return it."""
    copy = shutil.copytree(ZOO, folder / "scripts", ignore=shutil.ignore_patterns("__pycache__", ".amlemu"))
    for one in (folder.parent, folder, copy, *copy.iterdir()):
        one.chmod(0o777)
    return copy


def _tables() -> Iterator[tuple[str, Iterable[OfTable]]]:
    """Yield the contract's tables of cases, each by its module's name."""
    for name, module in sorted(vars(tables).items()):
        if isinstance(module, ModuleType) and hasattr(module, "CASES"):
            yield name, module.CASES


@cache
def rules() -> Rules:
    """Return what is exempt, with reasons."""
    return load(EXEMPTIONS)


def served(file: Path, python: Path) -> Served:
    """Return a script as both sides serve it, by the same interpreter."""
    variables = VARIABLES.get(file.name, {})

    def read(file: Path, words: tuple[str, ...]) -> Deployment:
        return deployment.from_script(file, python=python, environment=variables)

    words = (f"--python={python}", *(f"--env={name}={value}" for name, value in variables.items()))
    return Served(file, words, read, read(file, ()))
