"""
The commands' side of the control port: find the server that is meant, and ask it.

A server is found by the note beside its script, or by asking the ports where control ports are. A note is believed when
its process is there and its port answers for the very folder where the note lies.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from amlemu.choices import script_of
from amlemu.control import note as notes
from amlemu.control.note import Note
from amlemu.control.port import HOST, PORTS
from amlemu.errors import AmlemuError, Unreachable, UsageError
from amlemu.layout import OWN_FOLDER

_STRANGER_PATIENCE_S = 0.2  # with whatever listens there
_PATIENCE_S = 5.0  # with a server of ours, which may be busy


class NobodyServes(UsageError):
    """There is no server of this script, or none at all."""


@dataclass(frozen=True)
class Found:
    """A server that runs, and what it takes to ask it."""

    note: Note

    @property
    def port(self) -> int:
        """Where requests are answered."""
        return int(self.note.scoring.rpartition(":")[2])

    def ask(self, method: str, path: str, *, patience_s: float | None = _PATIENCE_S, **query: Any) -> Any:
        """
        Return what the server says, decoded.

        Raises:
            UsageError: it refuses, and says why.
            Unreachable: it has ended, or does not answer within `patience_s` seconds (None: however long).
        """
        with self._client(patience_s) as http:
            return _checked(http.request(method, path, params=query)).json()

    def lines(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield the lines of an answer as they come, until the server is done or gone. Raises as `ask`."""
        with self._client(None) as http, http.stream("GET", path, params=query) as answer:
            if answer.status_code != 200:
                answer.read()
            _checked(answer)
            for line in _lines(answer.iter_bytes()):
                yield json.loads(line)

    @contextmanager
    def _client(self, patience_s: float | None) -> Iterator[httpx.Client]:
        headers = {"Authorization": f"Bearer {self.note.token}"}
        try:
            timeout = httpx.Timeout(patience_s, connect=_PATIENCE_S)
            with httpx.Client(base_url=self.note.url, headers=headers, timeout=timeout, trust_env=False) as http:
                yield http
        except httpx.TransportError as error:
            has_ended = not isinstance(error, httpx.TimeoutException)
            what = "the server has ended" if has_ended else f"no answer within {patience_s:g} s"
            raise Unreachable(what, where=self.note.url) from error


def find(script: str | None = None, port: int | None = None, deployment: str | None = None) -> Found:
    """
    Return the server that is meant.

    Args:
        script: the one it serves, or the folder of that; None: one of the current folder, else whichever runs here.
        port: where it answers requests; None: whichever.
        deployment: its name, for an endpoint has several at one port; None: whichever.

    Raises:
        NobodyServes: there is none.
        UsageError: there are several.
    """
    with httpx.Client(trust_env=False) as http:
        beside = _beside(http, Path.cwd() if script is None else _folder(script))
        asked = (script, port, deployment)
        meant = [note for note in beside if _is_meant(note, *asked)]
        if not meant:
            meant = [note for note in _listening(http) if _is_meant(note, *asked)]
    if not meant:
        raise _nobody(*asked)
    if len(meant) > 1:
        choice = ", ".join(f"{_words_for(note, meant)} ({note.script})" for note in meant)
        raise UsageError(f"{len(meant)} servers are running", expected=f"Say which one: {choice}.")
    return Found(meant[0])


def _folder(script: str) -> Path:
    path = Path(script_of(script)).resolve()
    return path if path.is_dir() else path.parent


def _words_for(note: Note, others: list[Note]) -> str:
    """Return the options that name it alone."""
    is_alone = [one.scoring for one in others].count(note.scoring) == 1
    return f"--port {Found(note).port}" + ("" if is_alone else f" --deployment {note.deployment}")


def _is_meant(note: Note, script: str | None, port: int | None, deployment: str | None) -> bool:
    if port is not None and Found(note).port != port:
        return False
    if deployment is not None and note.deployment != deployment:
        return False
    wanted = None if script is None else Path(script_of(script)).resolve()
    return wanted is None or wanted in (Path(note.script), Path(note.script).parent)


def _beside(http: httpx.Client, folder: Path) -> list[Note]:
    """Return the notes of the servers whose script lies in a folder."""
    places = sorted(path.parent for path in (folder / OWN_FOLDER).glob(f"*/{notes.FILE}"))
    found = ((notes.read(place), place.resolve()) for place in places)
    return [note for note, place in found if note and note.is_alive and _place(http, note.url, _PATIENCE_S) == place]


def _listening(http: httpx.Client) -> Iterable[Note]:
    """Yield the notes of the servers that have one of the usual ports, as far as this user may read them."""
    for port in PORTS:
        url = f"http://{HOST}:{port}"
        place = _place(http, url, _STRANGER_PATIENCE_S)
        note = None if place is None else notes.read(place)
        if note is not None and note.url == url:  # who names the folder of another one does not get its token
            yield note


def _place(http: httpx.Client, url: str, patience_s: float) -> Path | None:
    """Ask an address for the folder of its note; None when nobody of ours is there."""
    try:
        said = http.get(url, timeout=patience_s).json()
        return Path(said["folder"]).resolve() if "amlemu" in said else None
    except (httpx.HTTPError, ValueError, TypeError, KeyError):
        return None


def _nobody(script: str | None, port: int | None, deployment: str | None) -> NobodyServes:
    whom = "" if script is None else f" {script}"
    where = ("" if port is None else f" on port {port}") + (
        "" if deployment is None else f" as deployment {deployment}"
    )
    missing = script is not None and not Path(script).exists()
    expected = f"{Path(script or '').absolute()} does not exist, either." if missing else ""
    hint = f"Start one with amlemu serve {script or 'SCRIPT'}{'' if port is None else f' --port {port}'}."
    return NobodyServes(f"no amlemu is serving{whom}{where}", expected=expected, hint="" if missing else hint)


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut at line feeds alone: a text in JSON may well have other signs that end lines."""
    begun: list[bytes] = []
    for piece in pieces:
        end, *more = piece.split(b"\n")
        begun.append(end)
        for line in more:
            yield b"".join(begun)
            begun = [line]


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.status_code == 200:
        return answer
    try:
        refusal = answer.json()
        error, hint = str(refusal["error"]), str(refusal["hint"])
    except (ValueError, TypeError, KeyError):
        error, hint = f"the control port answered {answer.status_code} {answer.reason_phrase}", ""
    if answer.status_code < 500:
        raise UsageError(error, hint=hint)
    raise AmlemuError(error, where=str(answer.url).partition("?")[0], hint=hint)
