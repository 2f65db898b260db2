"""
One container for many scripts: its nginx runs all the time, the server behind it is started anew for each script.

A container that is started for each script would take a minute more for all of them, and its services are held by tests/container.
The server is the image's own command, in its place of the tree, with the variables that the deployment's container has.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from amlemu_harness.engine import Engine
from amlemu_harness.local import order_for
from amlemu_harness.parity.case import request
from amlemu_harness.parity.record import End
from amlemu_harness.parity.sides.attempts import given_up
from amlemu_harness.parity.sides.contained import KILL_WORKERS
from amlemu_harness.parity.sides.served import Served
from amlemu_harness.parity.sides.side import DidNotStart
from amlemu_harness.parity.wire import Address, Patience, exchange

_NGINX = ["nginx", "-c", "/etc/nginx/azureml.conf", "-g", "daemon off;"]
_SERVER = 'cd "$AML_APP_ROOT" && exec azmlinfsrv --entry_script "$AZUREML_ENTRY_SCRIPT" --port 31311'
_END_ALL = r"""
for p in /proc/[0-9]*; do
  [ ${p#/proc/} = $$ ] || { tr '\0' ' ' < $p/cmdline 2>/dev/null | grep -q 'azmlinfsrv --entry' && kill -9 ${p#/proc/}; }
done
"""
_PATIENCE_S = 30.0
_HEALTH = request("GET", "/")


class Inside:
    """The container, with its image's nginx and nothing behind it; what runs in it is started by docker's own command."""

    def __init__(self, engine: Engine, image: str, folder: Path) -> None:
        """Mount the folder where a deployment's code lies."""
        self.image = image
        self.folder = folder
        self._container = engine.client.containers.run(
            image,
            _NGINX,
            detach=True,
            volumes={str(folder): {"bind": f"/var/azureml-app/{folder.name}"}},
            ports={"5001/tcp": ("127.0.0.1", None)},
            labels={"dev.amlemu": "tests"},
        )
        self._container.reload()
        self.address = Address(int(self._container.ports["5001/tcp"][0]["HostPort"]))
        self._docker = ["docker", "--host", engine.address, "exec"]

    def command(self, words: list[str], variables: Mapping[str, str]) -> list[str]:
        """Return the command line that runs words in it."""
        given = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
        return [*self._docker, *given, self._container.id, *words]

    def run(self, program: str) -> int:
        """Run a shell's program in it, to its end; return its exit code."""
        return subprocess.run(self.command(["sh", "-c", program], {}), check=False).returncode

    def remove(self) -> None:
        self._container.remove(force=True, v=True)


class OfImage:
    """A side: one script in that container. Two of them cannot run at the same time."""

    is_shared = False

    def __init__(self, inside: Inside, served: Served) -> None:
        self._inside = inside
        self._served = served

    @property
    def name(self) -> str:
        return f"container of {self._inside.image}"

    def start(self, probe: Path | None = None) -> _Server:
        assert probe is None, "the surroundings in a container are compared by tests/container"
        order = order_for(self._served.deployment, None, self._inside.image)
        return _Server(self.name, self._inside, order.variables).until_ready()

    def facts(self) -> Mapping[str, str]:
        return {"image": self._inside.image}


class _Server:
    """The server of one script, as long as it runs."""

    def __init__(self, side: str, inside: Inside, variables: Mapping[str, str]) -> None:
        self.address = inside.address
        self._side = side
        self._inside = inside
        self._files = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115  # closed by stop
        out, err = self._files
        self._process = subprocess.Popen(inside.command(["bash", "-c", _SERVER], variables), stdout=out, stderr=err)

    def until_ready(self) -> _Server:
        deadline = time.monotonic() + _PATIENCE_S
        while not self._answers():
            end = self.ended() or given_up(self._end(None), workers=1)
            if end is not None or time.monotonic() > deadline:
                end = end or self._end(None)
                self.stop()
                raise DidNotStart(self._side, end)
        return self

    def ended(self) -> End | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(0.02)
            return self._end(128 - code if code > 128 else code)  # the word of docker's command for a signal
        return None

    def kill_workers(self) -> bool:
        return self._inside.run(KILL_WORKERS) == 0

    def stop(self) -> None:
        if self._process.poll() is None:
            self._inside.run(_END_ALL)
        self._process.wait(_PATIENCE_S)
        for file in self._files:
            file.close()

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return exchange(self.address, _HEALTH, Patience(0.5, 0)).status == "HTTP/1.1 200 OK"
        return False

    def _end(self, code: int | None) -> End:
        texts = []
        for file in self._files:
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
        return End(code, *(tuple(text.splitlines()) for text in texts))
