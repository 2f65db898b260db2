"""
What tests of one session share: scripts that are loaded, endpoints that run. Each is made when it is first asked for.

`pytest_plugin.py` has one for each session, and says when a test is over.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from amlemu.backends.world import Residence
from amlemu.credentials import KeyFile, make_token
from amlemu.endpoint import Endpoint, in_quarters, plan_of
from amlemu.errors import BootFailed, UsageError
from amlemu.layout import OWN_FOLDER
from amlemu.stand import Plan
from amlemu.testing.choice import Choice
from amlemu.testing.doorway import Doorway
from amlemu.testing.hosts import InProcess, Remote, Served
from amlemu.testing.loaded import LoadedScript

KEY_VARIABLE = "AMLEMU_KEY"
"""The variable that has the key or token for a URL."""
_GRACE_S = 5.0
_TOKEN_MINUTES = 24 * 60
_MOST_SERVED = 8  # endpoints with processes of their own that are kept; the one that was not asked for the longest goes

AnyHost = InProcess | Served | Remote


class Warm:
    """Scripts and endpoints by what was asked for; closed at the end of the session."""

    def __init__(
        self,
        import_path: Sequence[str] | None = None,
        say: Callable[[str], None] | None = None,
        keys: Callable[[str], str | None] = os.environ.get,
    ) -> None:
        """
        Args:
            import_path: see `LoadedScript`.
            say: hears of steps that take their time, such as those of a container's image.
            keys: returns the value of a variable.
        """
        self._import_path = import_path
        self._say = say
        self._keys = keys
        self._scripts: dict[Any, LoadedScript | BootFailed] = {}
        self._hosts: dict[Any, AnyHost | BootFailed] = {}  # those that were asked for last are the last
        self._keys_of_endpoints = (secrets.token_urlsafe(32), secrets.token_urlsafe(32))
        self._count = itertools.count(1)
        self._used: set[LoadedScript] = set()

    def script(self, choice: Choice) -> LoadedScript:
        """
        Return a script in this process, its `init()` done; a fresh one is ended by whoever has asked for it.

        Raises:
            BootFailed: it does not start; asked again, it is not tried again.
            UsageError: something is not usable as asked for.
        """
        loaded = self._load(choice)
        self._used.add(loaded)
        return loaded

    def host(self, choice: Choice) -> AnyHost:
        """Return who answers for a choice. Raises as `script`."""
        if choice.fresh:
            return self._make(choice)
        key = choice, _version(choice.file)
        found = self._hosts.pop(key, None)
        if found is None:
            try:
                found = self._make(choice)
            except BootFailed as error:
                found = error
        self._hosts[key] = found
        if isinstance(found, BootFailed):
            raise found
        if isinstance(found, InProcess):
            self._used.add(found.script)
        return found

    def end(self, one: AnyHost | LoadedScript) -> None:
        """End what was asked for as a fresh one."""
        one.close()
        script = one.script if isinstance(one, InProcess) else one
        if isinstance(script, LoadedScript):
            self._used.discard(script)
            script.close()

    def rest(self) -> None:
        """A test is over: give this process its world back, and scripts what the test has changed of them."""
        Residence.leave()
        for script in self._used:
            script.restore()
        self._used.clear()
        served = [(key, host) for key, host in self._hosts.items() if isinstance(host, Served)]
        for key, host in served[:-_MOST_SERVED]:
            host.close()
            del self._hosts[key]

    def close(self) -> None:
        """Stop everything."""
        self.rest()
        with ThreadPoolExecutor() as several:  # each waits for its workers to end
            list(several.map(_close, self._hosts.values()))
        for script in self._scripts.values():
            if not isinstance(script, BootFailed):
                script.close()
        self._hosts.clear()
        self._scripts.clear()

    def _make(self, choice: Choice) -> AnyHost:
        if choice.is_remote and not choice.profile:
            return Remote(_root(choice.target), _bearer(self._keys(KEY_VARIABLE)))
        plan = self._plan(choice)
        headers = _bearer(self._keys(KEY_VARIABLE) if choice.is_remote else _word(plan))
        told = f"{choice.target}, profile {plan.profile.name}"
        if choice.target == "inprocess":
            script = self._load(choice)
            return InProcess(script, Doorway(plan, script.handle), told, headers)
        return Served(Endpoint(plan, _GRACE_S).start(), told, headers)

    def _plan(self, choice: Choice) -> Plan:
        wishes = {**choice.wishes(), "keys": self._keys_of_endpoints}
        if choice.is_remote:
            return plan_of(choice.file, backend="upstream", upstream=_root(choice.target), **wishes)
        plan = plan_of(choice.file, backend=choice.target, **wishes)
        return in_quarters(replace(plan, alias=self._name()), choice.file, self._say)

    def _load(self, choice: Choice) -> LoadedScript:
        if choice.fresh:
            return self._new(choice)
        # of the profile it sees nothing; a file that was written anew is another script
        same = replace(choice, profile="", settings=(), request_settings=(), auth=None, target="")
        key = same, _version(choice.file)
        found = self._scripts.get(key)
        if found is None:
            try:
                found = self._new(choice)
            except BootFailed as error:
                found = error
            self._scripts[key] = found
        if isinstance(found, BootFailed):
            raise found
        return found

    def _new(self, choice: Choice) -> LoadedScript:
        deployment = plan_of(choice.file, **choice.wishes()).deployment
        return LoadedScript(deployment, self._name(), self._import_path).load()

    def _name(self) -> str:
        """Return a name that no other session on this machine has."""
        return f"pytest-{os.getpid()}-{next(self._count)}"


def _close(host: AnyHost | BootFailed) -> None:
    if not isinstance(host, BootFailed):
        host.close()


def _root(url: str) -> str:
    return url.rstrip("/").removesuffix("/score")


def _word(plan: Plan) -> str:
    """Return what lets its own clients in: a key, or a token; empty where everybody is let in."""
    if plan.auth in (None, "key"):
        return (plan.keys[0] or "") if plan.auth else ""
    keys = KeyFile(plan.deployment.script.parent / OWN_FOLDER).keys()
    return str(make_token(keys, _TOKEN_MINUTES)["accessToken"])


def _bearer(word: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {word}"} if word else {}


def _version(file: str) -> str:
    """Tell one content of a file from another; its times do not, where it is written twice in a moment."""
    if not file:
        return ""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(f"not readable: {error.strerror}", where=file) from error
