"""
The report of a run as one HTML page: nothing is loaded, nothing in it runs but the few lines of its filter.

What a script has answered is hostile: all of it goes through `_text`, and the page allows no script but its own, by its hash. `rows.py`
says what stands opposite, `summary.py` what is told.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterator, Sequence

from amlemu_harness.parity.case import Case
from amlemu_harness.parity.record import Record
from amlemu_harness.parity.report.curl_line import curl_line
from amlemu_harness.parity.report.rows import BODY_BYTES, Row, case_of, rows
from amlemu_harness.parity.report.summary import (
    WORDS,
    exempt,
    facts_of,
    groups,
    headline,
    listed,
    name_of,
    values_of,
    varied,
)
from amlemu_harness.parity.report.visible import Marked, head, marked, visible
from amlemu_harness.parity.verdict import Difference, Result, Verdict

_VALUE = 2000  # characters of one value or line
_BODY_BYTES = {"different": 20_000}

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --theirs: #d336; --ours: #2a56; --quiet: #777 }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 110rem; padding: 0 1rem }
code, pre, td.v { font: 13px/1.4 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; table-layout: fixed; margin: .5rem 0 }
td, th { border: 1px solid var(--line); padding: .1rem .5rem; vertical-align: top; text-align: left }
th.p { width: 14rem; overflow-wrap: anywhere }
details { border: 1px solid var(--line); border-radius: 4px; margin: .3rem 0; padding: .3rem .7rem }
summary { cursor: pointer; overflow-wrap: anywhere }
.kind { display: inline-block; min-width: 5.5rem; font-weight: 600 }
.different > summary .kind { color: #d33 } .unsteady > summary .kind, .unasked > summary .kind { color: #b80 }
.quiet, tr.passed td { color: var(--quiet) }
td.t mark { background: var(--theirs); color: inherit } td.o mark { background: var(--ours); color: inherit }
tr.differs td.t { border-left: 4px solid #d33 } tr.differs td.o { border-left: 4px solid #2a5 }
"""
_SCRIPT = """
document.querySelectorAll("[data-kind]").forEach(box => box.addEventListener("change", () =>
  document.querySelectorAll("details." + box.dataset.kind).forEach(one => { one.hidden = !box.checked })));
"""


def as_page(result: Result, cases: Sequence[Case], theirs: Record, ours: Record) -> str:
    """Return one page, complete in itself."""
    digest = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    ordered = sorted(result.verdicts, key=_rank)
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>amlemu parity: {_text(headline(result))}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{_text(headline(result))}</h1>",
        *_about(result),
        *_filter(result),
        *(_verdict(verdict, cases, theirs, ours, result) for verdict in ordered),
        *_lists(result),
        f"<script>{_SCRIPT}</script></body></html>\n",
    ]
    return "\n".join(parts)


def _text(text: str) -> str:
    """Return a stranger's text as one: control characters visible, nothing that a browser reads as its own."""
    return html.escape(visible(text))


def _rank(verdict: Verdict) -> tuple[int, int]:
    """What has to be looked at comes first, the smallest difference first of all."""
    order = ("different", "unsteady", "unasked", "exempt", "same")
    found = groups([verdict])
    return order.index(verdict.kind), found[0].difference.size if found else 0


def _about(result: Result) -> Iterator[str]:
    yield "<table>"
    yield f'<tr><th class="p">theirs</th><td>{_text(name_of("theirs", result))}</td><td>{_text(facts_of("theirs", result))}</td></tr>'
    yield f'<tr><th class="p">ours</th><td>{_text(name_of("ours", result))}</td><td>{_text(facts_of("ours", result))}</td></tr>'
    yield "</table>"
    for title, lines in (
        ("trouble", result.troubles),
        ("exemption no longer needed", result.unneeded),
        ("stale", result.stale),
        ("note", result.remarks),
    ):
        yield from (f"<p><strong>{title}:</strong> {_lines(line)}</p>" for line in lines)


def _lines(text: str) -> str:
    return "<br>".join(map(_text, text.split("\n")))


def _filter(result: Result) -> Iterator[str]:
    yield "<p>"
    for kind, word in WORDS.items():
        if count := result.count(kind):
            yield f'<label><input type="checkbox" data-kind="{kind}" checked> {count} {word}</label> '
    yield "</p>"


def _verdict(verdict: Verdict, cases: Sequence[Case], theirs: Record, ours: Record, result: Result) -> str:
    found = groups([verdict])
    told = found[0].difference.path if found else verdict.why
    opened = " open" if verdict.kind == "different" else ""
    summary = f'<span class="kind">{WORDS[verdict.kind]}</span> {_text(verdict.case)}'
    parts = [
        f'<details class="{verdict.kind}"{opened}><summary>{summary} <span class="quiet">{_text(head(told, 200))}</span></summary>'
    ]
    parts += [f'<p class="quiet">{_text(verdict.source)}</p>'] if verdict.source else []
    parts += [f"<p>{_lines(verdict.why)}</p>"] if verdict.why else []
    parts += _differences(verdict.differences, result)
    both = rows(verdict, theirs, ours, None, _BODY_BYTES.get(verdict.kind, BODY_BYTES))
    parts += [_answers(both, result)] if both else []
    parts += _asked(case_of(verdict.case, cases))
    return "\n".join([*parts, "</details>"])


def _heading(result: Result, first: str) -> str:
    return f"<tr>{first}<th>{_text(name_of('theirs', result))}</th><th>{_text(name_of('ours', result))}</th></tr>"


def _differences(differences: Sequence[Difference], result: Result) -> Iterator[str]:
    if not differences:
        return
    yield "<table>" + _heading(result, '<th class="p">what differs</th>')
    for one in sorted(differences, key=lambda one: one.size):
        left, right = marked(*values_of(one), _VALUE)
        reason = f'<br><span class="quiet">exempt: {_text(one.reason)}</span>' if one.reason else ""
        yield (
            f'<tr class="{"passed" if one.reason else "differs"}"><th class="p">{_text(head(one.path, _VALUE))}{reason}</th>'
            f'<td class="v t">{_marked(left)}</td><td class="v o">{_marked(right)}</td></tr>'
        )
    yield "</table>"


def _marked(one: Marked) -> str:
    middle = f"<mark>{html.escape(one.middle)}</mark>" if one.middle else ""
    return html.escape(one.before) + middle + html.escape(one.after)


def _answers(both: Sequence[Row], result: Result) -> str:
    return "\n".join(["<table>" + _heading(result, ""), *map(_row, both), "</table>"])


def _row(row: Row) -> str:
    left, right = row.theirs or "", row.ours or ""
    if row.mark == "differs":
        one, other = marked(left, right, _VALUE)
        return f'<tr class="differs"><td class="v t">{_marked(one)}</td><td class="v o">{_marked(other)}</td></tr>'
    look = ' class="passed"' if row.mark == "passed by" else ""
    texts = html.escape(head(left, _VALUE)), html.escape(head(right, _VALUE))
    return f'<tr{look}><td class="v t">{texts[0]}</td><td class="v o">{texts[1]}</td></tr>'


def _asked(case: Case | None) -> Iterator[str]:
    for sent in case.requests if case is not None else ():
        asked = curl_line(sent)
        note = f' <span class="quiet">{_text(asked.note)}</span>' if asked.note else ""
        yield f"<pre>{_text(asked.line)}</pre>{note}"


def _lists(result: Result) -> Iterator[str]:
    exemptions = exempt(result.verdicts)
    if exemptions:
        items = "".join(
            f"<li><code>{_text(path)}</code> in {_text(listed(names))}: {_text(reason)}</li>"
            for path, reason, names in exemptions
        )
        yield f"<h2>Exempt</h2><ul>{items}</ul>"
    paths = varied(result.verdicts)
    if paths:
        items = "".join(
            f"<li><code>{_text(path)}</code> in {_text(listed(names))}</li>" for path, names in paths.items()
        )
        yield f"<h2>Varies by itself</h2><ul>{items}</ul>"
