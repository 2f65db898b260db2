"""
How the tree of a deployment comes into being, and goes: private mounts where this user may, else a folder of links.

`layout.py` says what it holds; `mounts.py` is the program that a worker's process runs first.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from amlemu.deployment import Deployment
from amlemu.errors import UsageError
from amlemu.layout import BASE, KINDS, OWN_FOLDER, Layout, lay_out
from amlemu.worker.session import unseen

_PROGRAM = str(Path(__file__).with_name("mounts.py"))
_PATIENCE_S = 60.0  # of a trial that takes milliseconds: only a machine that stands still comes near
_OWNER = "pid"  # a file that says whose links these are


class Tree:
    """A layout on this host. `make` before the first worker starts, `remove` after the last one has ended."""

    def __init__(self, layout: Layout, home: Path | None = None) -> None:
        """`home` is the folder below which links are made."""
        self.layout = layout
        self._home = home

    @property
    def prefix(self) -> tuple[str, ...]:
        """The program that a worker's process runs first; empty where there is nothing to mount."""
        if self.layout.kind != "var":
            return ()
        places = [(place.inside, str(place.source)) for place in self.layout.places]
        return _program({"folder": self.layout.app_root, "places": places})

    @property
    def mounted(self) -> tuple[Path, ...]:
        """The host's files and folders that the program mounts."""
        return tuple(place.source for place in self.layout.places) if self.layout.kind == "var" else ()

    def make(self) -> None:
        """Make the links; what an earlier run has left there goes first. Raises UsageError where links cannot be."""
        if self._home is None:
            return
        shutil.rmtree(self._home, ignore_errors=True)
        try:
            self._home.mkdir(parents=True, mode=0o700)
            (self._home / _OWNER).write_text(str(os.getpid()), encoding="ascii")
            if self._home.parent.name == OWN_FOLDER:
                (self._home.parent / ".gitignore").write_text("*\n", encoding="ascii")
                _sweep(self._home.parent)
            for place in self.layout.places:
                path = Path(self.layout.base, place.inside)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.symlink_to(place.source)
        except OSError as error:
            what = f"no links can be made there: {error.strerror}"
            raise UsageError(what, where=str(self._home), hint="--layout none does without.") from error

    def remove(self) -> None:
        """Leave nothing behind."""
        if self._home is None:
            return
        shutil.rmtree(self._home, ignore_errors=True)
        folder = self._home.parent
        if folder.name == OWN_FOLDER and folder.is_dir() and os.listdir(folder) == [".gitignore"]:
            shutil.rmtree(folder, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove what was left by others that were killed."""
    for owner in folder.glob(f"*/{_OWNER}"):
        with contextlib.suppress(OSError, ValueError):
            pid = int(owner.read_text(encoding="ascii"))
            if not Path("/proc/self").exists() or Path(f"/proc/{pid}").exists():
                continue
            shutil.rmtree(owner.parent, ignore_errors=True)


def choose(deployment: Deployment, wish: str, name: str, *, has_processes: bool = True) -> Tree:
    """
    Return the tree that fits wish and host, not made yet.

    Args:
        wish: `var`, `links`, `none`, or `auto`: the real path where this user may mount, else links.
        name: of the folder for links, below `.amlemu` beside the script.
        has_processes: False where the script runs in this very process, which cannot be moved.

    Raises:
        UsageError: the wish cannot be fulfilled here; `auto` always can.
    """
    if wish not in KINDS:
        raise UsageError(f"{wish!r} is no layout", expected=f"Expected one of {', '.join(KINDS)}.")
    if wish == "none":
        return Tree(lay_out(deployment, "none"))
    why = "" if wish == "links" else _refusal() if has_processes else "the script runs in amlemu's own process"
    if wish == "var" and why:
        raise UsageError(f"{BASE} cannot be made real: {why}", where="--layout var", hint="Use --layout links.")
    if wish == "links" or why:
        home = _home(deployment.script.parent, name)
        return Tree(lay_out(deployment, "links", str(home / BASE.lstrip("/")), why), home)
    return Tree(lay_out(deployment, "var"))


def _home(folder: Path, name: str) -> Path:
    """Return a place for links: beside the script, else in the temporary folder under a name that nobody can guess."""
    own = folder / OWN_FOLDER
    if all(os.access(path, os.W_OK) for path in (own / name, own, folder) if path.exists()):
        return own / name
    return Path(tempfile.gettempdir(), f"amlemu-{secrets.token_hex(8)}")


@functools.cache
def _refusal() -> str:
    """Say why this process may not mount; empty when it may. Asked once, by trying."""
    if not sys.platform.startswith("linux"):
        return "only Linux has private mounts"
    if os.geteuid() != 0:
        return "only root may mount"
    try:
        with unseen():
            trial = subprocess.run(
                _program({"places": []}),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE_S,
                check=False,
            )
    except subprocess.TimeoutExpired:
        return f"a trial did not end within {_PATIENCE_S:g} s"
    except OSError as error:
        return str(error)
    return "" if trial.returncode == 0 else f"refused ({trial.stderr.decode('utf-8', 'replace').strip()[-200:]})"


def _program(tree: dict[str, object]) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", _PROGRAM, json.dumps(tree))
