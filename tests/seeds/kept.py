"""
docs/seeds.md: each item of each page with where it is proved, and the totals. It is made of `pages/` and of the marks of the tests;
with AMLEMU_KEEP=1 it is written, otherwise compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType

from .items import PAGES, Item, Page, page

HEAD = """\
# The five pages, item by item

What this project imitates was described by five pages of Azure's documentation, of 2020 and 2021. They are walked from top to bottom by
`tests/seeds`: each block of code is run, each message is produced or explained, each row of a status or an error is shown, each number and
name of a setting is held. What no desk has (roles, quotas, registries, Azure Monitor, an FPGA) is an entry of `amlemu explain`.

Commands are typed with `amlemu` in the place of `az ml`, Python with `amlemu.v1` in the place of `azureml.core`. Prose is given in a line of
ours. The pages are not kept here; where `AMLEMU_SEEDS` names their folder a test compares them with these lists, so that nothing is left out.
This page is written by `tests/seeds`, with `AMLEMU_KEEP=1`.
"""
_WIDTH = 60
Proofs = Mapping[tuple[str, int], list[str]]


def proofs(modules: Iterable[ModuleType]) -> dict[tuple[str, int], list[str]]:
    """Return the tests that prove each item, by page and number."""
    found: dict[tuple[str, int], list[str]] = {}
    for module in modules:
        where = "/".join(module.__name__.split(".")[-2:])
        for name, test in vars(module).items():
            for proved in getattr(test, "proved", ()):
                found.setdefault(proved, []).append(f"{where}.py::{name}")
    return found


def proofs_of(item: Item, known: Proofs) -> list[str]:
    """Return the tests that prove an item, its own or those of the page that has it, too."""
    own = known.get((item.page, item.number), [])
    return own or (known.get(item.same_as, []) if item.same_as else [])


def as_markdown(known: Proofs) -> str:
    """Return the whole page."""
    pages = [page(name) for name in PAGES]
    rows = [_total(one, known) for one in pages]
    sums = [sum(row[count] for row in rows) for count in (0, 1)]
    lines = ["", "| page | called | of | in | items | proved |", "|---|---|---|---|---|---|"]
    for one, (items, proved) in zip(pages, rows, strict=True):
        lines.append(f"| {one.name} | {one.title} | {one.date} | {one.language} | {items} | {proved} of {items} |")
    lines.append(f"| all | | | | {sums[0]} | {sums[1]} of {sums[0]} |")
    for one in pages:
        lines += ["", f"## {one.name}", "", "| item | line | kind | what | proved by |", "|---|---|---|---|---|"]
        lines += _rows(one, known)
    return HEAD + "\n".join(lines) + "\n"


def _total(one: Page, known: Proofs) -> tuple[int, int]:
    return len(one.items), sum(bool(proofs_of(item, known)) for item in one.items.values())


def _rows(one: Page, known: Proofs) -> Iterator[str]:
    for item in one.items.values():
        where = ", ".join(f"`{test}`" for test in proofs_of(item, known)) or "-"
        same = f"as {item.same_as[0]}/{item.same_as[1]}: " if item.same_as else ""
        yield f"| {item.number} | {item.line} | {item.kind} | {shown(item)} | {same}{where} |"


def shown(item: Item) -> str:
    """Return an item in one short cell: what is literal as code, without the options of other programs."""
    text = next(line.strip() for line in item.text.splitlines() if line.strip())
    if item.kind not in ("code", "command", "message", "setting", "name", "heading"):
        return text.replace("|", "\\|")
    if item.kind in ("code", "command"):
        text = text.partition(" --")[0]
    short = text if len(text) <= _WIDTH and text == item.text.strip() else f"{text[:_WIDTH].rstrip()} ..."
    return f"`{short}`".replace("|", "\\|")
