"""
What a case is made of: a deployment, how its cause is produced, and the answer that must come, item by item.

Only values; causes are in `causes`, the words of the answers in `answers`, the tables in `cases`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from .caller import Ask

if TYPE_CHECKING:
    from .causes import Cause

T = TypeVar("T")


@dataclass(frozen=True)
class Assumed(Generic[T]):
    """An item that we answer and the contract does not know: `why` names its open point, or says what it is inferred from."""

    item: T
    why: str


Text = str | Assumed[str]
Item = int | str | bytes | Assumed[int] | Assumed[str] | Assumed[bytes]


@dataclass(frozen=True)
class Said:
    """
    One answer; what differs by nature is a word in angle brackets, see `normalised`.

    Attributes:
        status: 0 when the connection is closed without an answer.
        headers: `Name: value` lines in wire order.
        trailers: likewise.
    """

    status: int | Assumed[int]
    phrase: Text = ""
    headers: tuple[Text, ...] = ()
    body: bytes | Assumed[bytes] = b""
    trailers: tuple[Text, ...] = ()

    def items(self) -> Iterator[Item]:
        """Go through what is known and what is assumed."""
        yield from (self.status, self.phrase, *self.headers, self.body, *self.trailers)


@dataclass(frozen=True)
class Deployment:
    """
    What is served, and as which cloud.

    Attributes:
        settings: values of the profile.
        is_started: False: init() has not returned.
        only_for: a case that shares it with no other, because what others spend it would miss.
    """

    profile: str
    settings: tuple[tuple[str, str], ...]
    auth: str | None
    script: str
    is_started: bool
    only_for: str


@dataclass(frozen=True)
class Case:
    """
    One request, how it comes to its answer, and the answer.

    Attributes:
        rows: the rows of the contract that it holds.
        cause: None sends the request and reads the answer.
        why: what the exchange gives as the reason of the front door's own answer, or a part of it.
        is_forwarded: False when the request must not have reached the container.
        takes_s: least and most seconds.
    """

    id: str
    rows: tuple[str, ...]
    at: Deployment
    ask: Ask
    said: Said
    cause: Cause | None = None
    why: str = ""
    is_forwarded: bool = True
    takes_s: tuple[float, float] = (0.0, 10.0)


def at(
    profile: str,
    *,
    auth: str | None = None,
    script: str = "",
    is_started: bool = True,
    only_for: str = "",
    **settings: str | int,
) -> Deployment:
    """Describe a deployment: `request_bytes=5` is limits.request_bytes, `container__x=5` is container.x."""
    names = {name.replace("__", ".") if "__" in name else f"limits.{name}": str(v) for name, v in settings.items()}
    if profile.startswith("managed"):
        names = {"limits.requests_per_second": "1000000", **names}  # the rate is the subject of few
    given = tuple(sorted((name, value) for name, value in names.items() if value != "default"))
    script = script or ("obeys.py" if is_started else "starts_slowly.py")
    return Deployment(profile, given, auth, script, is_started, only_for)


def plain(item: Assumed[T] | T) -> T:
    """Return an item, assumed or not."""
    return item.item if isinstance(item, Assumed) else item
