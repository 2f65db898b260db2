"""
The container as the other side: the deployment's image, run as Azure would run it, asked at the port that its nginx has.
"""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from amlemu.azure.description import Description
from amlemu.errors import AmlemuError

from amlemu_harness.containers import DEPLOYMENT, ENDPOINT, Container
from amlemu_harness.engine import Engine
from amlemu_harness.local import order_for
from amlemu_harness.parity.record import End
from amlemu_harness.parity.sides.attempts import given_up
from amlemu_harness.parity.sides.lives import Lives
from amlemu_harness.parity.sides.served import Served
from amlemu_harness.parity.sides.side import DidNotStart
from amlemu_harness.parity.wire import Address
from amlemu_harness.readiness import ContainerEnded, NotReadyInTime, wait_until_ready
from amlemu_harness.troubles import in_words

_LAST_LINES = 400
_LOOK_S = 0.02
_FINISHED = re.compile(r"gunicorn/finish (-?\d+) (-?\d+)")  # contract 3.4: exit code, or -1 and the signal
# Children of the server's first process, told apart by their words: in the container there may be neither ps nor Python's.
KILL_WORKERS = r"""
is_server() { tr '\0' ' ' < /proc/$1/cmdline 2>/dev/null | grep -v '^runsv' | grep -qE 'azmlinfsrv|gunicorn'; }
parent() { sed 's/.*) //' /proc/$1/stat 2>/dev/null | cut -d' ' -f2; }
workers() { for p in /proc/[0-9]*; do p=${p#/proc/}; is_server $p && is_server $(parent $p) && echo $p; done; }
found=$(workers)
[ -n "$found" ] || exit 9
kill -9 $found
for i in $(seq 500); do left=; for p in $found; do [ -d /proc/$p ] && left=1; done; [ -z "$left" ] && exit 0; sleep 0.01; done
exit 8
"""


class _Box:
    """One container that runs."""

    def __init__(self, container: Container, lives: Lives, belongings: Path | None) -> None:
        self._container = container
        self._lives = lives
        self._belongings = belongings

    @property
    def address(self) -> Address:
        place = self._container.address()
        return Address(place[1], place[0]) if place is not None else Address(0)

    def ended(self) -> End | None:
        state = self._container.state()
        return None if state.is_running else end_of(self._container, state.exit_code)

    def kill_workers(self) -> bool:
        api = self._container.engine.client.api
        with in_words(self._container.where):
            made = api.exec_create(self._container.id, ["sh", "-c", KILL_WORKERS])["Id"]
            api.exec_start(made, detach=True)  # whoever reads what it says gets a socket that nobody closes
            while (told := api.exec_inspect(made))["Running"]:
                time.sleep(_LOOK_S)
        return int(told["ExitCode"]) == 0

    def stop(self) -> None:
        self._container.remove()
        self._lives.forget(self.stop)
        if self._belongings is not None:
            shutil.rmtree(self._belongings, ignore_errors=True)


@dataclass(frozen=True)
class Inside:
    """
    The image.

    Attributes:
        name: one that is there.
        said: what Azure's files say of the deployment; None for a script.
        mounts: code and models are this machine's; not those of an image that has them in it.
    """

    engine: Engine
    name: str
    said: Description | None = None
    mounts: bool = True


class Contained:
    """The image of a deployment."""

    is_shared = False

    def __init__(self, served: Served, image: Inside, patience_s: float, lives: Lives) -> None:
        """`patience_s` is how long it may take until it answers."""
        self._served = served
        self._inside = image
        self._patience_s = patience_s
        self._lives = lives

    @property
    def name(self) -> str:
        """The image."""
        return f"container of {self._inside.name}"

    def start(self, probe: Path | None = None) -> _Box:
        """Run a container; see `Side.start`."""
        served, belongings = self._served.with_probe(probe) if probe is not None else (self._served, None)
        order = order_for(
            served.deployment, self._inside.said, self._inside.name, mounts=self._inside.mounts or probe is not None
        )
        name = f"amlemu-parity-{secrets.token_hex(4)}"  # no other container's: az's rule is that an endpoint has one
        order = replace(order, name=name, labels={ENDPOINT: name, DEPLOYMENT: served.deployment.name})
        try:
            with self._lives.beginning():
                container = Container.create(self._inside.engine, order)
                box = _Box(container, self._lives, belongings)
                self._lives.know(box.stop)
        except BaseException:
            if belongings is not None:
                shutil.rmtree(belongings, ignore_errors=True)
            raise
        try:
            container.start()
            wait_until_ready(container, self._patience_s, lambda: self._give_up(container))
        except (ContainerEnded, NotReadyInTime) as error:
            state = container.state()
            end = end_of(container, None if state.is_running else state.exit_code)
            box.stop()
            raise DidNotStart(self.name, end) from error
        except BaseException:
            box.stop()
            raise
        return box

    def _give_up(self, container: Container) -> None:
        """Raise DidNotStart for one whose workers die again and again: it would go on for as long as we wait."""
        whole = end_of(
            container, None, last=None
        )  # its first try is told, which is soon no longer among the last lines
        end = given_up(whole, self._served.deployment.workers)
        if end is not None:
            raise DidNotStart(self.name, end)

    def facts(self) -> Mapping[str, str]:
        """Return image and digest."""
        engine, name = self._inside.engine, self._inside.name
        with in_words(name):
            found = engine.client.api.inspect_image(name)
        return {"image": name, "digest": str(found["Id"]), "engine": engine.version}


def end_of(container: Container, exit_code: int | None, *, last: int | None = _LAST_LINES) -> End:
    """
    Say how the server in a container has ended: by what its service says of it, for the container's own code is 111 always.

    Args:
        last: how many lines of its log count, of both streams together; None is all of them.
    """
    out, err = (_lines(container, stream, last) for stream in ("stdout", "stderr"))
    finished = [found for line in out + err if (found := _FINISHED.search(line))]
    if finished and exit_code is not None:
        code, number = (int(word) for word in finished[-1].groups())
        exit_code = -number if code == -1 else code
    return End(exit_code, out, err)


def _lines(container: Container, stream: str, last: int | None) -> tuple[str, ...]:
    api = container.engine.client.api
    try:
        with in_words(container.where):
            tail = "all" if last is None else last
            told = api.logs(container.id, stdout=stream == "stdout", stderr=stream == "stderr", tail=tail)
    except AmlemuError:
        return ()
    return tuple(bytes(told).decode("utf-8", "replace").splitlines())
