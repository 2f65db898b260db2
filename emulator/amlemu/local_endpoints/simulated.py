"""
Failures that no desk can have, played where the cloud would have them: `--simulate ERR_1100`, `--simulate OutOfQuota`.

What each is, and at which step it comes, stands with its source in `explain/errors.toml`.
"""

from __future__ import annotations

from amlemu.check.report import Cause
from amlemu.errors import UsageError
from amlemu.explain.entries import Entry, entries
from amlemu.explain.find import named
from amlemu.finding import CloudError

_OF_2021 = "ERR_"


def chosen(code: str) -> Entry | None:
    """Return what shall be played; None for an empty code. Raises UsageError for one that is no failure of a deployment."""
    if not code:
        return None
    found = next((one for one in named(code) if one.step), None)
    if found is None:
        there = ", ".join(one.name for one in entries() if one.step)
        what = f"{code!r} is no failure of a deployment that can be played"
        raise UsageError(what, where="--simulate", expected=f"Expected one of {there}.")
    return found


def cause_of(entry: Entry) -> Cause:
    """Return why a deployment fails with it, as if it had happened."""
    meaning = entry.meanings[0]
    return Cause(f"{entry.title} (simulated). {meaning.text}".rstrip("."), _said(entry), "\n".join(meaning.look))


def _said(entry: Entry) -> CloudError:
    """Pair today's word with that of 2021; the entries name each other."""
    today = next((name for name in entry.see if not name.startswith(_OF_2021)), "InternalServerError")
    if entry.name.startswith(_OF_2021):
        return CloudError(today, entry.name, entry.meanings[0].source)
    in_2021 = next((name for name in entry.see if name.startswith(_OF_2021)), "")
    return CloudError(entry.name, in_2021, entry.meanings[0].source)
