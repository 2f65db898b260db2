"""What only watchdog does: names of other systems, and versions of its own. The rest is in `test_watcher.py`."""

from __future__ import annotations

import subprocess
import sys

import pytest
from amlemu.watch.by_watchdog import ByWatchdog, _only_changes
from amlemu.watch.rules import Rules, Watched

from .sight import deployment


def test_paths_come_with_the_names_that_we_gave(tmp_path):
    """macOS tells real paths, where /tmp is a link."""
    deployment(tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    made = ByWatchdog(Rules(Watched(tmp_path / "link/score.py", tmp_path / "link")), pytest.fail)
    made.open()
    (tmp_path / "real/new.py").write_text("1")
    found = made.wait(5)
    made.close()

    assert found == {str(tmp_path / "link/new.py")}


def test_versions_without_a_filter_are_asked_for_everything():
    """3.0 and 4.0 know no `event_filter`."""

    class Old:
        def schedule(self, event_handler, path, recursive=False): ...

    assert _only_changes(Old()) == {}


def test_watchdog_is_imported_when_watching_starts():
    """Not for a command that watches nothing."""
    program = "import sys, amlemu.watch.watcher, amlemu.watch.eyes; print('watchdog' in sys.modules, 'pathspec' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)

    assert told.stdout == "False False\n"
