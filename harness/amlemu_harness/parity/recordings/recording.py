"""
Recordings: what a server said, in a file, to be compared with later where that server is not at hand.

Never edited by hand: `sealed.py` tells. `recorded.py` says how values stand in it, `kept.py` what does not come into it,
`run.py` compares it as it compares a server that has just been asked.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

from amlemu import __version__
from amlemu.errors import UsageError

from amlemu_harness.parity.case import Case
from amlemu_harness.parity.record import Record
from amlemu_harness.parity.recordings import recorded
from amlemu_harness.parity.recordings.kept import kept_cases, kept_record
from amlemu_harness.parity.recordings.sealed import parsed, sealed, unsealed
from amlemu_harness.parity.report.secrecy import Secrets

FORMAT = 1
_MARK = "amlemu_recording"  # the first key also where a tool has sorted them
_BEGINNING = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"' + _MARK.encode() + rb'"\s*:')
_BEGINNING_BYTES = 200
_OLD_DAYS = 180
_FILES_NAMED = 5
_PACKAGE = "azureml-inference-server-http"
_VERSION = re.compile(r"\d+(?:\.\w+)+")


@dataclass(frozen=True)
class Recording:
    """
    A file that was read.

    Attributes:
        made: when, UTC.
        amlemu: the version that made it.
        deployment: SHA-256 of the files that were served, by path.
        version: of the format.
        seal: SHA-256 of the content.
    """

    cases: tuple[Case, ...]
    record: Record
    made: datetime
    amlemu: str
    deployment: Mapping[str, str]
    version: int
    seal: str


def fingerprints(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the SHA-256 of files by the names they are given. Raises UsageError for one that cannot be read."""
    return {name: _fingerprint(path) for name, path in sorted(files.items())}


def is_recording(path: Path) -> bool:
    """Take a cheap look: whether it begins as one; False for what is not there or cannot be read."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return _BEGINNING.match(file.read(_BEGINNING_BYTES)) is not None
    except (OSError, ValueError):  # a name with a NUL is no file's
        return False


def refuse_other_files(path: Path) -> None:
    """Look whether a recording may be written there, before work is done for it. Raises UsageError."""
    expected = "A recording overwrites nothing but recordings."
    if path.is_dir() or (path.exists() and not path.is_file()):
        raise UsageError("it is no file", where=str(path), expected=expected)
    if path.is_file() and path.stat().st_size and not is_recording(path):
        raise UsageError("it is there already, and no recording", where=str(path), expected=expected)


def write(
    path: Path,
    cases: Sequence[Case],
    record: Record,
    *,
    deployment: Mapping[str, str],
    secrets: Sequence[str] = (),
    made: datetime | None = None,
) -> None:
    """
    Write a recording; the file is there whole, or as it was before.

    Args:
        record: takes are kept as they came, but for secrets and parts of milliseconds.
        deployment: what `fingerprints` says of the files that were served.
        secrets: texts that must not be in the file, whatever answered with them.
        made: now, unless it is given.

    Raises:
        UsageError: something else is there, or nothing can be written.
    """
    refuse_other_files(path)
    content = _content(cases, record, deployment, secrets, made or datetime.now(timezone.utc))
    text, _ = sealed(content)
    target = path.resolve()  # a link stays one
    draft = target.with_name(f".amlemu-{os.getpid()}-{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:8]}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with draft.open("xb") as file:
                file.write(text.encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"the recording cannot be written: {error.strerror or error}", where=str(path)) from error


def read(path: Path) -> Recording:
    """Read a recording. Raises UsageError for what is none, was edited, or was made by a later amlemu."""
    told = parsed(path)
    version = told.get(_MARK)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise UsageError("it is no recording", where=str(path), expected="Expected what --record has written.")
    if version > FORMAT:
        what = f"it has format {version}, of a later amlemu; this one reads up to {FORMAT}"
        raise UsageError(what, where=str(path), hint="Update amlemu, or record again.")
    content, seal = unsealed(told, path)
    try:
        return _recording(content, version, seal)
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        what = f"it is not as amlemu writes it: {error!r:.200}"
        raise UsageError(what, where=str(path), hint="Record again.") from error


def stale(recording: Recording, deployment: Mapping[str, str], today: date, known_server: str) -> list[str]:
    """
    Say why a recording no longer says what the server would say now; empty where it is fresh.

    Args:
        deployment: fingerprints of the files as they are now.
        known_server: the version of the real server that amlemu imitates: `1.5.1`, `azmlinfsrv/1.5.1`.

    Returns:
        Sentences, without a full stop.
    """
    found = []
    if changes := list(_changes(recording.deployment, deployment)):
        found.append(f"the recording was made of other files: {', '.join(changes)}")
    if (days := (today - recording.made.date()).days) > _OLD_DAYS:
        found.append(f"the recording is {days} days old: it was made on {recording.made.date().isoformat()}")
    recorded_server, known = _server_of(recording.record), _version_in(known_server)
    if recorded_server and known and recorded_server != known:
        found.append(f"the recording is of the server's version {recorded_server}, amlemu imitates {known}")
    if recording.version < FORMAT:
        found.append(f"the recording has format {recording.version}, today's is {FORMAT}")
    return found


def _changes(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    both = then.keys() & now.keys()
    changed = sorted(name for name in both if then[name] != now[name])
    for names, words in (
        (changed, ("has changed", "have changed")),
        (sorted(now.keys() - both), ("is new", "are new")),
        (sorted(then.keys() - both), ("is gone", "are gone")),
    ):
        if names:
            more = f" and {len(names) - _FILES_NAMED} more" if len(names) > _FILES_NAMED else ""
            yield f"{', '.join(names[:_FILES_NAMED])}{more} {words[len(names) > 1]}"


def _server_of(record: Record) -> str:
    """Return the version of the real server, as far as the recording knows it."""
    return _version_in(record.facts.get(_PACKAGE, "") or (record.side if "azmlinfsrv" in record.side else ""))


def _version_in(text: str) -> str:
    match = _VERSION.search(text)
    return match[0] if match else ""


def _content(
    cases: Sequence[Case], record: Record, deployment: Mapping[str, str], secrets: Sequence[str], made: datetime
) -> dict[str, Any]:
    kept, hidden = kept_record(record, secrets), Secrets(secrets)
    return {
        _MARK: FORMAT,
        "made": made.astimezone(timezone.utc).isoformat(timespec="seconds"),
        "made_with": __version__,
        "side": kept.side,
        "facts": dict(kept.facts),
        "deployment": {hidden.out_of(name): digest for name, digest in deployment.items()},
        "cases": [recorded.case(case) for case in kept_cases(cases, secrets)],
        "takes": [recorded.take(take) for take in kept.takes],
    }


def _recording(content: Mapping[str, Any], version: int, seal: str) -> Recording:
    record = Record(
        str(content["side"]),
        tuple(recorded.take_of(take) for take in content["takes"]),
        recorded.texts_of(content["facts"]),
    )
    return Recording(
        cases=tuple(recorded.case_of(case) for case in content["cases"]),
        record=record,
        made=datetime.fromisoformat(content["made"]).astimezone(timezone.utc),
        amlemu=str(content["made_with"]),
        deployment=recorded.texts_of(content["deployment"]),
        version=version,
        seal=seal,
    )


def _fingerprint(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    except OSError as error:
        raise UsageError(f"it cannot be read: {error.strerror or error}", where=str(path)) from error
    return digest.hexdigest()
