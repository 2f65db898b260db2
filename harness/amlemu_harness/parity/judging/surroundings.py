"""
What a script finds around itself, on both sides: its variables, working folder, import path, user, limits, streams.

`probe.py` is the script that tells it; a side serves it in the user's script's place (`Side.start`). What it tells of installed
packages is for `drift.py`. What differs by nature is one list, each entry with its reason.
"""

from __future__ import annotations

import difflib
import fnmatch
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from amlemu_harness.parity.verdict import Difference, Verdict

PROBE = Path(__file__).with_name("probe.py")
CASE = "surroundings"

Nature = Literal["same machine", "container"]
"""What the reference is to our side: a process of the same machine, or a container on it."""

NONE = "(none)"
_OF_AZURE = ("AZUREML_", "AML_", "SERVER_", "WORKER_", "HTTP_", "TRANSPORT_", "SERVICE_", "SCORING_", "HEALTH_PORT")
_IMPORT_PATH = "sys.path"
_VERSION, _PATCH = "python.version", "python.patch"
_REAL_TREE = "/var/azureml-app"
_HOOK = "__editable__"  # no folder, but how setuptools finds what is installed from a checkout
_SERVERS_OWN = "/azureml_inference_server_http/server"
_TEMPORARY = (
    (re.compile(r"amlemu-mirror-\w+"), "amlemu-mirror"),  # the folder in which the probe stands for the script
    (re.compile(r"\.amlemu/[^/]+"), ".amlemu/<run>"),  # folders of links: one for each port
    (
        re.compile(r"\bamlemu-[0-9a-f]{16}\b"),
        "amlemu-<run>",
    ),  # and where the script's own folder is not ours to write in
)
_BOTH: tuple[Nature, ...] = ("same machine", "container")
_INSIDE: tuple[Nature, ...] = ("container",)


@dataclass(frozen=True)
class Natural:
    """
    Something that differs by nature.

    Attributes:
        path: pattern, as in file names.
        natures: of references for which it does.
        is_told: it is worth a remark: what runs here may notice.
    """

    path: str
    natures: tuple[Nature, ...]
    reason: str
    is_told: bool = False


NATURAL: tuple[Natural, ...] = (
    Natural("variables.SERVER_PORT", _BOTH, "two servers, two ports"),
    Natural("variables.HEALTH_PORT", _BOTH, "two servers, two ports"),
    Natural("python.argv", _BOTH, "the command's own words: gunicorn's there, none here"),
    Natural("python.executable", _BOTH, "the server may be in another environment; its packages are compared instead"),
    Natural("python.prefix", _BOTH, "as the executable"),
    Natural("python.real prefix", _BOTH, "as the executable"),
    Natural("signals.SIGUSR1", _BOTH, "gunicorn opens its log files again at it; here are none"),
    Natural("signals.SIGTTIN", _BOTH, "gunicorn takes it for one worker more; docs/fidelity.md"),
    Natural("signals.SIGTTOU", _BOTH, "gunicorn takes it for one worker less; docs/fidelity.md"),
    Natural("signals.SIGWINCH", _BOTH, "gunicorn takes it for the end of its workers; docs/fidelity.md"),
    Natural(
        "process.leads its session", _BOTH, "a worker of ours leads its own, so that all that it starts can be ended"
    ),
    Natural("streams.stdout.is line buffered", _BOTH, "ours is read line by line by what tells records from prints"),
    Natural("python.build", _INSIDE, "another build of the same version"),
    Natural("python.base prefix", _INSIDE, "where the image has its Python"),
    Natural("user.*", _INSIDE, "the container's user", is_told=True),
    Natural("limits.*", _INSIDE, "the engine's", is_told=True),
    Natural("process.nice", _INSIDE, "the engine's"),
    Natural("process.processors", _INSIDE, "the engine's", is_told=True),
    Natural("text.*", _INSIDE, "the image's", is_told=True),
    Natural("streams.*.encoding", _INSIDE, "follows the image's locale", is_told=True),
    Natural("streams.*.errors", _INSIDE, "follows the image's locale"),
    Natural("umask", _INSIDE, "the image's", is_told=True),
    Natural("python.flags.*", _INSIDE, "follow the variables of whoever starts it"),
    Natural("python.writes bytecode", _INSIDE, "likewise"),
    Natural("streams.*.is write through", _INSIDE, "likewise: PYTHONUNBUFFERED"),
    Natural("streams.*.is line buffered", _INSIDE, "likewise"),
    Natural("variables.AZUREML_INFERENCE_PYTHON_PATH", _INSIDE, "where the image has its Python"),
    Natural("variables.WORKER_TIMEOUT", _INSIDE, "the image sets it; ours keeps the same without", is_told=True),
    Natural("variables.AZUREML_CONDA_ENVIRONMENT_PATH", _INSIDE, "the image sets it", is_told=True),
    Natural("variables.AZUREML_INFERENCE_SERVER_HTTP_ENABLED", _INSIDE, "the image sets it", is_told=True),
    Natural(_PATCH, _INSIDE, "another patch of the same version", is_told=True),
)


def judge_surroundings(
    theirs: Mapping[str, Any] | None,
    again: Mapping[str, Any] | None,
    ours: Mapping[str, Any] | None,
    *,
    nature: Nature,
    own: Collection[str] = (),
) -> tuple[Verdict, tuple[str, ...]]:
    """
    Compare what the probe has told.

    Args:
        theirs, again, ours: its answers: of the reference, of the reference once more, of ours; None where there is none.
        own: names of the variables that the deployment sets; in a container others than Azure's and these are only counted.

    Returns:
        The verdict, smallest difference first, and remarks.
    """
    if theirs is None or ours is None:
        who = "the reference" if theirs is None else "our side"
        return Verdict(CASE, "unasked", why=f"{who} did not say what a script finds there"), ()
    is_at_its_place = all(_variable(side, "AML_APP_ROOT").startswith(_REAL_TREE) for side in (theirs, ours))
    words = nature == "container" and not is_at_its_place
    there, here = _comparable(theirs, words), _comparable(ours, words)
    paths = [path for path in {**there, **here} if there.get(path, NONE) != here.get(path, NONE)]
    varies = _varying(there, again, words)
    remarks = []
    if nature == "container":
        paths, foreign = _counted(paths, own)
        remarks += _of_variables(foreign, there, here)
    told = [path for path in paths if _is_told(path, nature) and path not in varies]
    remarks += [f"surroundings: {path} is {there.get(path, NONE)}, here {here.get(path, NONE)}" for path in told]
    differing = [path for path in paths if path not in (*varies, _IMPORT_PATH) and _natural(path, nature) is None]
    found = [*_of_import_path(there, here, varies), *(_difference(path, there, here) for path in differing)]
    found.sort(key=lambda one: one.size)
    kind: Literal["different", "same"] = "different" if found else "same"
    passed = tuple(path for path in paths if path in varies)
    return Verdict(CASE, kind, tuple(found), passed, source=PROBE.name), tuple(remarks)


def difference(path: str, theirs: str, ours: str) -> Difference:
    """Write a difference of two texts; its size is what is left of both without their common beginning and end."""
    longest = max(len(theirs), len(ours))
    start = next((n for n, (one, other) in enumerate(zip(theirs, ours, strict=False)) if one != other), None)
    start = min(len(theirs), len(ours)) if start is None else start
    tails = zip(reversed(theirs[start:]), reversed(ours[start:]), strict=False)
    end = next((n for n, (one, other) in enumerate(tails) if one != other), min(len(theirs), len(ours)) - start)
    return Difference(path, theirs, ours, longest - start - end)


def _difference(path: str, there: Mapping[str, str], here: Mapping[str, str]) -> Difference:
    return difference(path, there.get(path, NONE), here.get(path, NONE))


def _natural(path: str, nature: Nature) -> Natural | None:
    of_path = (one for one in NATURAL if nature in one.natures and fnmatch.fnmatchcase(path, one.path))
    return next(of_path, None)


def _is_told(path: str, nature: Nature) -> bool:
    natural = _natural(path, nature)
    return natural is not None and natural.is_told


def _comparable(told: Mapping[str, Any], words: bool) -> dict[str, str]:
    """Return all values as text, by path; folders of this one run, and this one side, as words."""
    names = _names(told) if words else {}
    found = {}
    for path, value in _leaves({**told, _IMPORT_PATH: _import_path(told)}):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if path == _VERSION:  # 3.11 counts in any case, what follows between two of the same machine
            text, _, found[_PATCH] = text.rpartition(".")
        for name, word in names.items():
            text = text.replace(name, word)
        for pattern, word in _TEMPORARY:
            text = pattern.sub(word, text)
        found[path] = text
    return found


def _leaves(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, member in value.items():
        path = f"{above}.{key}" if above else key
        if path == "packages":
            continue
        if isinstance(member, Mapping):
            yield from _leaves(member, path)
        else:
            yield path, member


def _names(told: Mapping[str, Any]) -> dict[str, str]:
    """Return where things are where they cannot be at their own place, and what they are called instead; the longest first."""
    found = {
        _variable(told, "AZUREML_ENTRY_SCRIPT"): "<script>",
        str(told.get("__file__", "")): "<script>",
        _variable(told, "AZUREML_MODEL_DIR"): "<model dir>",
        _variable(told, "AML_APP_ROOT"): "<app root>",
        str(told.get("working folder", "")): "<app root>",
    }
    return {name: found[name] for name in sorted(found, key=len, reverse=True) if name}


def _variable(told: Mapping[str, Any], name: str) -> str:
    variables = told.get("variables")
    return str(variables.get(name, "")) if isinstance(variables, Mapping) else ""


def _import_path(told: Mapping[str, Any]) -> list[str]:
    """
    Return `sys.path` without what the real server adds for itself: its command's folder, its own, and the app root twice.

    Source: azureml-inference-server-http 1.5.1 beside gunicorn 27.0.1, observed (contract 4.15, users 2 row 12).
    """
    python = told.get("python", {})
    environment = [(str(python.get(name)), word) for name, word in _ENVIRONMENT.items() if python.get(name)]
    command = str((python.get("argv") or [""])[0])
    programs = {command.rpartition("/")[0], f"{python.get('real prefix')}/bin", f"{python.get('prefix')}/bin"} - {""}
    found: list[str] = []
    for entry in told.get(_IMPORT_PATH, ()):
        text = str(entry)
        if text in programs or text.endswith(_SERVERS_OWN) or text.startswith(_HOOK):
            continue
        for folder, word in environment:
            if text == folder or text.startswith(folder + "/"):
                text = word + text[len(folder) :]
                break
        if text not in found:
            found.append(text)
    return found


_ENVIRONMENT = {"prefix": "<environment>", "real prefix": "<environment>", "base prefix": "<python>"}


def _varying(there: Mapping[str, str], again: Mapping[str, Any] | None, words: bool) -> frozenset[str]:
    """Return what is otherwise when the reference is asked once more."""
    if again is None:
        return frozenset()
    other = _comparable(again, words)
    return frozenset(path for path in {**there, **other} if there.get(path) != other.get(path))


def _of_import_path(there: Mapping[str, str], here: Mapping[str, str], varies: Collection[str]) -> list[Difference]:
    """Compare `sys.path` entry by entry: one that is missing does not make all that follow it differ."""
    if _IMPORT_PATH in varies:
        return []
    theirs, ours = (json.loads(side.get(_IMPORT_PATH, "[]")) for side in (there, here))
    found = []
    for what, i, i_end, j, j_end in difflib.SequenceMatcher(None, theirs, ours, autojunk=False).get_opcodes():
        if what != "equal":
            for n in range(max(i_end - i, j_end - j)):
                one = theirs[i + n] if i + n < i_end else NONE
                other = ours[j + n] if j + n < j_end else NONE
                found.append(difference(f"{_IMPORT_PATH}[{i + n}]", one, other))
    return found


def _counted(paths: list[str], own: Collection[str]) -> tuple[list[str], list[str]]:
    """Tell apart what counts between a host and a container, and the variables that do not."""

    def is_foreign(path: str) -> bool:
        kind, _, name = path.partition(".")
        return kind == "variables" and name not in own and not name.startswith(_OF_AZURE)

    return [path for path in paths if not is_foreign(path)], [path for path in paths if is_foreign(path)]


def _of_variables(foreign: list[str], there: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """Say how many variables differ that nobody of Azure's has set; names only, for who knows what is in them."""
    groups = {
        "only in the container": [path for path in foreign if path not in here],
        "only here": [path for path in foreign if path not in there],
        "with another value": [path for path in foreign if path in here and path in there],
    }
    parts = [f"{len(paths)} {how} ({_names_of(paths)})" for how, paths in groups.items() if paths]
    return [f"surroundings: of other variables, {', '.join(parts)}"] if parts else []


def _names_of(paths: list[str]) -> str:
    names = sorted(path.partition(".")[2] for path in paths)
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
