"""Nothing of the five pages is left out: each thing in them is an item, each item is proved, and docs/seeds.md says where."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from ..container import test_seeds as in_container
from . import extract, items, kept, test_page_000, test_page_001, test_page_003, test_page_004

DOCS = Path(__file__).resolve().parents[2] / "docs" / "seeds.md"
REPLAYS = (test_page_000, test_page_001, test_page_003, test_page_004, in_container)
TEXT = """\
---
title: not of the page, 7 times `so`
---
# <a name="intro"></a>A heading of no interest, `with code`

## <a name="err_1100-not-enough-quota"></a>ERR_1100

Some 70% of `one` and **30 %** of `one`, in 1.0.45, as of [2.0](./how-2-do.md); CrashLoopBackOff, 424.

1. A step:

    ```python
    if True:
        1. / 2
    ```

- [A link](https://example.com).
- A bullet of its own, not [a link](x).

> [!NOTE]
> ERR
| head | `no` |
|---|---|
| 200 | `yes` |
"""


@pytest.mark.parametrize("name", items.PAGES)
def test_each_thing_in_a_page_is_an_item(name: str):
    """And each item is in the page, word for word, where it says; for who has the pages."""
    folder = os.environ.get("AMLEMU_SEEDS")
    if not folder:
        pytest.skip("AMLEMU_SEEDS names no folder with the five pages; they are not kept here")
    [path] = Path(folder).glob(f"{name}_*")
    found = extract.found_in(path.read_text(encoding="utf-8"))
    listed = list(items.page(name).items.values())

    assert [one for one in found if not any(item.is_for(one) for item in listed)] == []
    assert [item for item in listed if not any(item.is_for(one) for one in found)] == []


def test_what_must_be_an_item_is_found():
    """Blocks as they stand, code and names once, numbers but for statuses; nothing before the text, in headings, links and heads."""
    found = [(one.line, one.kind, one.text) for one in extract.found_in(TEXT)]

    assert found == [
        (6, "heading", "err_1100"),
        (8, "inline", "one"),
        (8, "name", "CrashLoopBackOff"),
        (8, "number", "70"),
        (8, "number", "30"),
        (8, "number", "1.0.45"),
        (10, "step", ""),
        (12, "block", "if True:\n    1. / 2"),
        (18, "bullet", ""),
        (20, "note", "NOTE"),
        (24, "row", ""),
        (24, "inline", "yes"),
    ]


@pytest.mark.parametrize("name", items.PAGES)
def test_items_are_counted_from_one_and_go_down_the_page(name: str):
    page = items.page(name)

    assert list(page.items) == list(range(1, len(page.items) + 1))
    lines = [one.line for one in page.items.values()]
    assert lines == sorted(lines)


@pytest.mark.parametrize("name", items.PAGES)
def test_each_item_is_proved(name: str):
    """N of N."""
    known = kept.proofs(REPLAYS)

    assert [one for one in items.page(name).items.values() if not kept.proofs_of(one, known)] == []


def test_each_proof_is_of_an_item():
    """A number that no page has would prove nothing; nor is an item proved twice by one test."""
    known = kept.proofs(REPLAYS)

    assert [one for one in known if one[1] not in items.page(one[0]).items] == []
    assert [tests for tests in known.values() if max(Counter(tests).values()) > 1] == []


def test_the_page_says_where_each_item_is_proved():
    """docs/seeds.md; AMLEMU_KEEP=1 writes it."""
    written = kept.as_markdown(kept.proofs(REPLAYS))
    if os.environ.get("AMLEMU_KEEP"):
        DOCS.write_text(written, encoding="utf-8")

    assert DOCS.read_text(encoding="utf-8") == written
