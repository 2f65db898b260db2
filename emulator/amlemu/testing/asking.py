"""
What a test asks for, read from its marker and from pytest, and what it gets: a script, a host, or a failure that tells why not.

`choice.py` merges, `warm.py` makes, `troubles.py` has the words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from amlemu.errors import AmlemuError, BootFailed, Unreachable, UsageError
from amlemu.testing import choice as choices
from amlemu.testing import troubles
from amlemu.testing.choice import Choice, Layer
from amlemu.testing.loaded import LoadedScript
from amlemu.testing.warm import AnyHost, Warm

INI = ("script", "deployment", "model_dir", "profile", "target")
"""What pytest's configuration may say, each after `amlemu_`."""
_MARKER = "@pytest.mark.amlemu"
_Got = TypeVar("_Got", bound=AnyHost | LoadedScript)


def script(request: pytest.FixtureRequest, warm: Warm, ends: ExitStack) -> LoadedScript:
    """Return the test's script, in this process whatever else is said. Fails or skips the test where there is none."""
    __tracebackhide__ = True
    choice = replace(_asked(request, {}), target=choices.TARGETS[0])
    return _got(request, choice, lambda: warm.script(choice), warm, ends)


def host(request: pytest.FixtureRequest, warm: Warm, arguments: Mapping[str, Any], ends: ExitStack) -> AnyHost:
    """
    Return who answers for what a test asks. Fails or skips the test where nobody does.

    Args:
        arguments: of `make_endpoint`.
        ends: ends a fresh one.
    """
    __tracebackhide__ = True
    option = request.config.option
    choice = choices.commanded(_asked(request, arguments), option.amlemu_target, option.amlemu_profile)
    return _got(request, choice, lambda: warm.host(choice), warm, ends)


def _asked(request: pytest.FixtureRequest, arguments: Mapping[str, Any]) -> Choice:
    __tracebackhide__ = True
    try:
        return _merged(request, arguments)
    except UsageError as error:
        told = str(error)
    pytest.fail(f"amlemu: {told}", pytrace=False)


def _merged(request: pytest.FixtureRequest, arguments: Mapping[str, Any]) -> Choice:
    """Merge what pytest's configuration, markers (the nearest last) and arguments say, on top of the project's own table."""
    config = request.config
    root = config.inipath.parent if config.inipath is not None else config.rootpath
    places = (request.path.parent, root)
    marks = [*request.node.iter_markers("amlemu")][::-1]
    ini = {name: value for name in INI if (value := config.getini(f"amlemu_{name}"))}
    if config.option.amlemu_target:
        ini.pop("target", None)  # it is said for all tests, and so is that
    layers = [
        Layer("pytest's configuration", ini, (root,)),
        *(_of_marker(mark, places) for mark in marks),
        Layer("make_endpoint", arguments, places),
    ]
    found = choices.merged(layers)
    if found.file:
        return choices.merged([choices.of_project(found.file), *layers])
    if "://" in (config.option.amlemu_target or found.target) and not config.option.amlemu_profile:
        return found  # somebody at a URL has a script of his own
    raise choices.nothing_named(root)


def _of_marker(mark: pytest.Mark, places: tuple[Path, ...]) -> Layer:
    if mark.args:
        expected = f'Expected {_MARKER}(script="{mark.args[0]}").'
        raise UsageError("the marker takes arguments by name", where=_MARKER, expected=expected)
    return Layer(_MARKER, mark.kwargs, places)


def _got(request: pytest.FixtureRequest, choice: Choice, get: Callable[[], _Got], warm: Warm, ends: ExitStack) -> _Got:
    """Return it. Of a script that does not start one test tells, all others are skipped."""
    __tracebackhide__ = True
    try:
        got = get()
    except AmlemuError as error:
        trouble = error
    else:
        if choice.fresh:
            ends.callback(warm.end, got)
        return got
    if isinstance(trouble, BootFailed | Unreachable) and (first := troubles.first_of(request, choice)):
        pytest.skip(f"amlemu: {troubles.short(choice, trouble)}; {first} says why")
    if troubles.is_lack_of_engine(trouble) and not request.config.getoption("amlemu_require_container", False):
        pytest.skip(f"amlemu: {trouble}")
    pytest.fail(troubles.told(choice, trouble), pytrace=False)
