"""A fork answers as a fresh worker would, whatever packages do when they are imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from amlemu.events import Reloaded

from .conftest import Place

PACKAGES = {
    "finds_azureml": "try:\n    from azureml.core.model import Model\n    VALUE = True\nexcept ImportError:\n    VALUE = False",
    "sets_up_logging": "import logging\nlogging.basicConfig(level=logging.INFO, format='LIB %(message)s')",
    "keeps_print": "import builtins\nPRINT = builtins.print",
    "keeps_a_folder": "import os, tempfile\nFOLDER = tempfile.TemporaryDirectory()",
    "handles_a_signal": "import signal\nsignal.signal(signal.SIGUSR1, print)",
    "is_lazy": (
        "import importlib.util, sys\n"
        "spec = importlib.util.find_spec('slow_lazy')\n"
        "spec.loader = importlib.util.LazyLoader(spec.loader)\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "sys.modules['slow_lazy'] = module\n"
        "spec.loader.exec_module(module)\n"
    ),
    "slow_lazy": "import sys\nsys.lazy_is_loaded = True",
    "warns": "import warnings\nwith warnings.catch_warnings(record=True) as caught:\n"
    "    warnings.simplefilter('always')\n    warnings.warn('old', stacklevel=2)\nPLACE = caught[0].filename.rpartition('/')[2]",
}
LOOKS = {
    "finds_azureml": "finds_azureml.VALUE",
    "sets_up_logging": "[type(h).__name__ for h in logging.getLogger().handlers]",
    "keeps_print": "keeps_print.PRINT is print",
    "keeps_a_folder": "os.path.isdir(keeps_a_folder.FOLDER.name)",
    "handles_a_signal": "signal.getsignal(signal.SIGUSR1) is print",
    "is_lazy": "getattr(sys, 'lazy_is_loaded', False)",
}


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Installed packages, for PYTHONPATH."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    for name, text in PACKAGES.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def script(imports: str, value: str, number: int = 0) -> str:
    return f"import json, logging, os, signal, sys\n{imports}\ndef init(): pass\ndef run(data): return [{number}, {value}]\n"


def settled(place: Place) -> None:
    """Wait until the next generation may be a fork."""
    nursery: Any = place.endpoint._emulator.backend._nursery
    place.until(lambda: nursery._resident is not None and nursery.is_settled, "ready to fork")


@pytest.mark.parametrize("name", LOOKS)
def test_what_a_package_does_at_its_import_is_the_same_in_a_fork(place: Place, packages: Path, name: str) -> None:
    """In the second fork, too: the first one has ended by then."""
    place.save("score.py", script(f"import {name}", LOOKS[name]))
    place.serve(env={"PYTHONPATH": str(packages)})
    _, fresh = place.ask().json()
    for number in (1, 2):
        settled(place)
        place.save("score.py", script(f"import {name}", LOOKS[name], number))
        place.until_told(Reloaded, number)

        assert place.ask().json() == [number, fresh]


def test_what_is_lazy_is_not_loaded_by_who_looks_on(place: Place, packages: Path) -> None:
    """Not in the first generation either."""
    place.save("score.py", script("import is_lazy", LOOKS["is_lazy"]))
    place.serve(env={"PYTHONPATH": str(packages)})

    assert place.ask().json() == [0, False]


def test_a_warning_names_the_script_that_imports(place: Place, packages: Path) -> None:
    """Not us, who look on: a filter by module would be ours, too."""
    place.save("score.py", script("import warns", "warns.PLACE"))
    place.serve(env={"PYTHONPATH": str(packages)})

    assert place.ask().json() == [0, "score.py"]


def test_an_import_that_is_taken_out_is_missed_at_once(place: Place) -> None:
    """As in the cloud; the fork that has it would go on."""
    place.save("score.py", script("import xml.dom.minidom", "xml.dom.minidom.__name__"))
    place.serve(profile="managed")
    settled(place)
    place.save("score.py", script("import xml", "xml.dom.minidom.__name__", 1))
    place.until_told(Reloaded)

    assert place.ask().status_code == 424


def test_a_users_module_that_a_package_imports_is_never_old(place: Place, packages: Path, tmp_path: Path) -> None:
    """It lies elsewhere, and a package asks for it by its name."""
    (packages / "asks_for_settings.py").write_text("import app_settings\nVALUE = app_settings.VALUE\n")
    settings = tmp_path / "settings"
    settings.mkdir()
    (settings / "app_settings.py").write_text("VALUE = 1\n")
    place.save("score.py", script("import asks_for_settings", "asks_for_settings.VALUE"))
    place.serve(env={"PYTHONPATH": f"{packages}:{settings}"})
    settled(place)
    (settings / "app_settings.py").write_text("VALUE = 2\n")
    place.save("score.py", script("import asks_for_settings", "asks_for_settings.VALUE", 1))

    place.until_answered([1, 2])


def test_a_package_that_is_edited_in_its_place_is_never_old(place: Place, packages: Path) -> None:
    """People put a print into site-packages."""
    (packages / "is_edited.py").write_text("VALUE = 1\n")
    place.save("score.py", script("import is_edited", "is_edited.VALUE"))
    place.serve(env={"PYTHONPATH": str(packages)})
    settled(place)
    (packages / "is_edited.py").write_text("VALUE = 22\n")
    place.save("score.py", script("import is_edited", "is_edited.VALUE", 1))

    place.until_answered([1, 22])


def test_a_file_that_shadows_a_package_is_seen(place: Place, packages: Path) -> None:
    """Where the script puts its own folder first on the path."""
    first = "sys.path.insert(0, os.path.dirname(__file__))\nimport shadowed"
    (packages / "shadowed.py").write_text("VALUE = 'installed'\n")
    place.save("score.py", script(first, "shadowed.VALUE"))
    place.serve(env={"PYTHONPATH": str(packages)})
    assert place.ask().json() == [0, "installed"]
    settled(place)
    place.save("shadowed.py", "VALUE = 'mine'\n")

    place.until_answered([0, "mine"])


def test_a_port_that_only_one_can_have_lets_the_old_one_end_first(place: Place) -> None:
    """From the first time on; it is said why."""
    from amlemu.events import ReloadBegan, ReloadFailed

    binds = "import socket\nkept = socket.socket()\nkept.bind(('127.0.0.1', PORT)); kept.listen()"
    place.save("score.py", script(binds.replace("PORT", "0"), "kept.getsockname()[1]"))
    place.serve()
    _, port = place.ask().json()
    for number in (1, 2):
        place.save("score.py", script(binds.replace("PORT", str(port)), "kept.getsockname()[1]", number))

        place.until_answered([number, port])
    assert place.told(ReloadFailed) == []
    assert "Address already in use" in place.told(ReloadBegan)[-1].why
