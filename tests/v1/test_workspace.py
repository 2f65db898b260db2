"""A workspace is this project, whatever it is called."""

from __future__ import annotations

import json
import subprocess
import sys

import amlemu.v1
import pytest
from amlemu.v1 import Workspace
from amlemu.v1.exceptions import UserErrorException


def test_no_config_is_needed(desk):
    assert Workspace.from_config().name == "local"
    assert Workspace.from_config() == Workspace()


def test_a_config_gives_its_name(desk, monkeypatch):
    """config.json of Azure, here or in a folder above, also in .azureml."""
    said = {"subscription_id": "s", "resource_group": "g", "workspace_name": "credit"}
    desk.write(".azureml/config.json", json.dumps(said))
    (desk.folder / "below").mkdir()
    monkeypatch.chdir(desk.folder / "below")

    found = Workspace.from_config()

    assert (found.name, found.resource_group, found.subscription_id) == ("credit", "g", "s")
    assert repr(found) == "Workspace.create(name='credit', subscription_id='s', resource_group='g')"


def test_a_config_of_another_name(desk):
    desk.write("staging.json", json.dumps({"subscription_id": "s", "resource_group": "g", "workspace_name": "staging"}))

    assert Workspace.from_config(_file_name="staging.json").name == "staging"
    with pytest.raises(UserErrorException, match=r"^The workspace configuration file prod\.json, could not be found"):
        Workspace.from_config(_file_name="prod.json")


def test_one_that_is_created_is_where_it_was_asked_for(desk):
    assert Workspace.create("credit", location="eastus").location == "eastus"
    assert Workspace.create("credit").location == "local"


def test_notebooks_print_the_version():
    assert amlemu.v1.VERSION == amlemu.v1.__version__ == amlemu.__version__


def test_one_that_is_written_is_read_again(desk):
    Workspace.get("credit", subscription_id="s", resource_group="g").write_config()

    assert Workspace.from_config() == Workspace.create("credit", subscription_id="s", resource_group="g")


def test_a_config_that_is_none_is_refused(desk):
    with pytest.raises(UserErrorException, match=r"is no workspace's config.json"):
        Workspace.from_config(desk.write("config.json", "[]"))
    with pytest.raises(UserErrorException, match="could not be found in nowhere"):
        Workspace.from_config("nowhere")


def test_an_empty_project_has_nothing(desk):
    ws = desk.ws

    assert (ws.webservices, ws.models, ws.environments, ws.experiments, ws.compute_targets) == ({}, {}, {}, {}, {})
    assert not (desk.folder / ".amlemu").exists()


def test_its_details_say_which_folder_it_is(desk):
    assert desk.ws.get_details()["folder"] == str(desk.folder / ".amlemu")


def test_the_package_has_the_names_that_notebooks_import():
    """Each is imported when it is first used; what is not there says what is."""
    assert all(getattr(amlemu.v1, name).__name__ == name for name in amlemu.v1.__all__)
    with pytest.raises(AttributeError, match=r"amlemu.v1 has no Dataset: of azureml.core it has what deploys models"):
        _ = amlemu.v1.Dataset


def test_the_package_itself_imports_nothing():
    program = "import sys, amlemu.v1; print(sorted(name for name in sys.modules if name.startswith('amlemu.')))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)

    assert told.stdout == "['amlemu.v1']\n"
