"""
A deployment's folders again, made of links, in which one file is another: so that a probe is served exactly where the script would be.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path


class Mirror:
    """A folder of links to all that is beside the script and above it, up to what all of `paths` have in common."""

    def __init__(self, script: Path, instead: Path, paths: Sequence[Path]) -> None:
        """
        Make it.

        Args:
            script: the file that is another one in the mirror; absolute.
            instead: what it is there.
            paths: all files and folders that the deployment names; absolute.
        """
        self._root = Path(os.path.commonpath([script.parent, *(path.parent for path in paths)]))
        self.folder = Path(tempfile.mkdtemp(prefix="amlemu-mirror-"))
        self.folder.chmod(0o755)  # the user of a container reads the probe, too
        here, there = self._root, self.folder
        for part in script.relative_to(self._root).parts[:-1]:
            _link_all(here, there, part)
            here, there = here / part, there / part
            there.mkdir(mode=0o755)
        _link_all(here, there, script.name)
        shutil.copyfile(instead, there / script.name)
        (there / script.name).chmod(0o644)

    def of(self, path: Path) -> Path:
        """Return where a path is in the mirror; one outside stays as it is."""
        return self.folder / path.relative_to(self._root) if path.is_relative_to(self._root) else path


def _link_all(here: Path, there: Path, but: str) -> None:
    for entry in here.iterdir():
        if entry.name != but:
            (there / entry.name).symlink_to(entry)
