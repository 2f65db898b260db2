"""
The one list of known differences: cases that a target is allowed to fail, each with its reason and date.

An exempted case still runs. When it passes, the test fails: the exemption is no longer needed and has to go.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass


@dataclass(frozen=True)
class Exemption:
    """
    One known difference.

    Attributes:
        kind: "cannot" (a part we build on refuses), "will-not" (a decision, with its reason), "not-yet".
        case: pattern of case ids, as in file names (`*`, `?`).
        targets: names of the targets it is for.
        since: the day it was written, ISO.
    """

    kind: str
    case: str
    targets: tuple[str, ...]
    reason: str
    since: str


FORWARDERS = ("upstream", "engine")
DAY = "2026-11-21"

EXEMPTIONS: tuple[Exemption, ...] = (
    Exemption(
        "will-not",
        "quote-in-service-name",
        ("worker",),
        "it does stop the start; the place in the JSON error is that of the real server's template file",
        DAY,
    ),
    Exemption(
        "cannot",
        "chunked-cut-*",
        FORWARDERS,
        "a body is forwarded whole, so the server behind cannot meet the broken chunks",
        DAY,
    ),
    Exemption("cannot", "chunked-bad-*", FORWARDERS, "likewise: a body is forwarded whole", DAY),
    Exemption("cannot", "raw-chunked-cut", FORWARDERS, "likewise: a body is forwarded whole", DAY),
    Exemption(
        "cannot",
        "page-of-*",
        FORWARDERS,
        "whose page a 500 is cannot be told, and a client reads no body behind the head that answers HEAD",
        "2026-11-22",
    ),
    Exemption("cannot", "request-headers-none", FORWARDERS, "httpx sends a Host header, as HTTP/1.1 demands", DAY),
)


def exemption_of(case_id: str, target: str) -> Exemption | None:
    """Return the exemption that covers a case on a target."""
    for exemption in EXEMPTIONS:
        if target in exemption.targets and fnmatch.fnmatchcase(case_id, exemption.case):
            return exemption
    return None
