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

from amlemu.credentials import KeyFile, make_token
from amlemu.endpoint import Endpoint, in_quarters, plan_of
from amlemu.errors import AmlemuError, BootFailed, Unreachable
from amlemu.layout import OWN_FOLDER
from amlemu.stand import Plan
from amlemu.testing.choice import Choice
from amlemu.testing.doorway import Doorway
from amlemu.testing.hosts import KEY_VARIABLE, InProcess, Remote, Served, bearer
from amlemu.testing.loaded import LoadedScript
from amlemu.testing.residence import Residence

_GRACE_S = 5.0
_TOKEN_MINUTES = 24 * 60
_OF_PYTEST = ("PYTEST_", "COLUMNS", "LINES")
_MOST_LOADED = 16  # scripts in this process: each holds its model
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
        self._variables = dict(os.environ)
        # of each, those that were asked for last are the last
        self._scripts: dict[Any, LoadedScript | AmlemuError] = {}
        self._hosts: dict[Any, AnyHost | AmlemuError] = {}
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
        Residence.leave()
        return self._moved_in(self._load(choice))

    def host(self, choice: Choice) -> AnyHost:
        """Return who answers for a choice. Raises as `script`, and Unreachable where nobody answers at a URL."""
        Residence.leave()
        host: AnyHost = self._shared(self._hosts, choice, lambda: self._make(choice))
        if isinstance(host, InProcess):
            self._moved_in(host.script)
        return host

    def end(self, one: AnyHost | LoadedScript) -> None:
        """End what was asked for as a fresh one."""
        one.close()
        script = one.script if isinstance(one, InProcess) else one
        if isinstance(script, LoadedScript):
            self._used.discard(script)
            script.close()

    def rest(self) -> None:
        """A test is over: give this process its world back, and scripts what the test has changed of them; what is too much goes."""
        Residence.rest()
        for script in self._used:
            script.restore()
        self._used.clear()
        served = {key: host for key, host in self._hosts.items() if isinstance(host, Served)}
        dead = [key for key, host in served.items() if host.has_ended]
        for key in (*dead, *[key for key in served if key not in dead][:-_MOST_SERVED]):
            self._hosts.pop(key)
            served[key].close()
        for key, loaded in list(self._scripts.items())[:-_MOST_LOADED]:
            del self._scripts[key]
            if isinstance(loaded, LoadedScript):
                self._forget(loaded)

    def close(self) -> None:
        """Stop everything."""
        self.rest()
        with ThreadPoolExecutor() as several:  # each waits for its workers to end
            list(several.map(_close, self._hosts.values()))
        for script in self._scripts.values():
            _close(script)
        self._hosts.clear()
        self._scripts.clear()

    def _moved_in(self, script: LoadedScript) -> LoadedScript:
        """Let it reside in this process until another one does, or until the test is over."""
        self._used.add(script)
        for key in [key for key, one in self._scripts.items() if one is script]:
            self._scripts[key] = self._scripts.pop(key)  # it was asked for last, by whichever way
        script.stay()
        return script

    def _forget(self, script: LoadedScript) -> None:
        doorways = [key for key, host in self._hosts.items() if isinstance(host, InProcess) and host.script is script]
        for key in doorways:
            _close(self._hosts.pop(key))
        script.close()

    def _key(self, choice: Choice) -> tuple[Any, ...]:
        """Tell what was asked for: also a file that was written anew, or another variable, is something else."""
        now, then = os.environ, self._variables
        changed = [name for name in now.keys() | then.keys() if now.get(name) != then.get(name)]
        variables = tuple((name, now.get(name)) for name in sorted(changed) if not name.startswith(_OF_PYTEST))
        return choice, _content(choice.file), variables

    def _shared(self, found: dict[Any, Any], choice: Choice, make: Callable[[], Any]) -> Any:
        """Return what is there, or make it; what could not be made is not tried again."""
        if choice.fresh:
            return make()
        key = self._key(choice)
        one = found.pop(key, None)
        if one is None or (isinstance(one, Served) and one.has_ended):
            try:
                one = make()
            except (BootFailed, Unreachable) as error:
                one = error
        found[key] = one
        if isinstance(one, AmlemuError):
            raise one
        return one

    def _make(self, choice: Choice) -> AnyHost:
        if choice.is_remote and not choice.profile:
            return Remote(_root(choice.target), self._keys(KEY_VARIABLE) or "")
        plan = self._plan(choice)
        headers = bearer(self._keys(KEY_VARIABLE) if choice.is_remote else _word(plan))
        told = f"{choice.target}, profile {plan.profile.name}"
        if choice.target == "inprocess":
            script = self._load(choice)
            return InProcess(script, Doorway(plan, script.handle), told, headers)
        return Served(Endpoint(plan, _GRACE_S).start(), told, headers)

    def _plan(self, choice: Choice) -> Plan:
        wishes = {**choice.wishes(), "keys": self._keys_of_endpoints}
        if choice.is_remote:
            return plan_of(choice.file, backend="upstream", upstream=_root(choice.target), **wishes)
        plan = replace(plan_of(choice.file, backend=choice.target, **wishes), alias=self._name(), is_single=True)
        return in_quarters(plan, choice.file, self._say)

    def _load(self, choice: Choice) -> LoadedScript:
        # of the profile it sees nothing
        same = replace(choice, profile="", settings=(), request_settings=(), auth=None, target="")
        loaded: LoadedScript = self._shared(self._scripts, same, lambda: self._new(choice))
        return loaded

    def _new(self, choice: Choice) -> LoadedScript:
        deployment = plan_of(choice.file, **choice.wishes()).deployment
        return LoadedScript(deployment, self._name(), self._import_path).load()

    def _name(self) -> str:
        """Return a name that no other session on this machine has."""
        return f"pytest-{os.getpid()}-{next(self._count)}"


def _close(one: AnyHost | LoadedScript | AmlemuError) -> None:
    if not isinstance(one, AmlemuError):
        one.close()


def _root(url: str) -> str:
    return url.rstrip("/").removesuffix("/score")


def _word(plan: Plan) -> str:
    """Return what lets its own clients in: a key, or a token; empty where everybody is let in."""
    if plan.auth in (None, "key"):
        return (plan.keys[0] or "") if plan.auth else ""
    keys = KeyFile(plan.deployment.script.parent / OWN_FOLDER).keys()
    return str(make_token(keys, _TOKEN_MINUTES)["accessToken"])


def _content(file: str) -> str:
    """Tell one content of a file from another; its times do not, where it is written twice in a moment."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        return ""  # whoever opens it for good says why not
