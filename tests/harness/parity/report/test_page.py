"""The report as a page."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from amlemu_harness.parity.record import Record
from amlemu_harness.parity.report.page import as_page
from amlemu_harness.parity.verdict import Difference, Verdict

from ..told import HOSTILE, OURS, THEIRS, answer, case, different, hostile, record, result

VOID = {"meta", "input", "br"}


class Page(HTMLParser):
    """A page as a browser sees it: elements with their attributes, text by the element it is in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def text_in(self, tag: str) -> list[str]:
        return [text for where, text in self.texts if where == tag]


def small() -> Page:
    told = result(
        Verdict("fine", "same"),
        Verdict("known", "exempt", (Difference("headers.Via", "1", "2", 1, "a proxy"),), ("headers.Date",)),
        different("large", Difference("body", "abc", "xyz", 3)),
        different("bad", Difference("body", "say 1", "say 2", 1)),
        remarks=("packages drift",),
        stale=("it is old",),
    )
    sides = record(bad=answer(b"say 1"), fine=answer(b"0")), record(OURS, bad=answer(b"say 2"), fine=answer(b"0"))
    return Page(as_page(told, [case("bad"), case("fine")], *sides))


def test_what_has_to_be_looked_at_comes_first():
    """Differences are open, smallest first; all else is folded."""
    details = [attributes for tag, attributes in small().elements if tag == "details"]
    names = [text.strip() for text in small().text_in("summary") if text.strip()]

    assert [one["class"] for one in details] == ["different", "different", "exempt", "same"]
    assert ["open" in one for one in details] == [True, True, False, False]
    assert names == ["bad", "large", "known", "fine"]


def test_the_parts_that_differ_are_marked():
    page = small()

    assert page.text_in("h1") == ["4 cases: 1 same, 1 exempt, 2 different; the recording is stale, see below"]
    assert page.text_in("mark")[:4] == ["1", "2", "1", "2"]
    assert any(text.startswith("curl -i ") for text in page.text_in("pre"))
    assert [text for text in page.text_in("p") if text in (" it is old", " packages drift")] == [
        " it is old",
        " packages drift",
    ]


def test_it_can_be_filtered_by_kind():
    boxes = [attributes for tag, attributes in small().elements if tag == "input"]

    assert [box["data-kind"] for box in boxes] == ["same", "exempt", "different"]


def test_nothing_is_loaded():
    """No address in any attribute; the policy would not let it, either, nor any script but the page's own."""
    page = small()
    policy = next(attributes["content"] for tag, attributes in page.elements if "http-equiv" in attributes)
    digest = base64.b64encode(hashlib.sha256("".join(page.text_in("script")).encode()).digest()).decode()

    assert not {"src", "href", "style", "action"} & {name for _, attributes in page.elements for name in attributes}
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    assert "url(" not in "".join(page.text_in("style"))


def test_a_script_cannot_write_into_the_page():
    """Names, values, bodies, paths, reasons: all that is not ours stays text, and visible."""
    text = as_page(*hostile())
    page = Page(text)
    shown = HOSTILE.partition("\x1b")[0] + r"\x1b[2J\x00\u202e"

    assert [tag for tag, _ in page.elements].count("script") == 1
    assert "alert(1)" not in "".join(page.text_in("script"))
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert any(shown in told for told in page.text_in("td"))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", text)


def test_a_huge_body_is_cut():
    told = result(different("big", Difference("body", "x" * 10**6, "y", 10**6)))
    page = as_page(
        told, [case("big", b"x" * 10**6)], record(big=answer(b"x" * 16_000_000)), record(OURS, big=answer(b"y"))
    )

    assert len(page) < 100_000


def test_nothing_compared():
    assert Page(as_page(result(), [], Record(THEIRS, ()), Record(OURS, ()))).text_in("h1") == ["no case was compared"]
