"""Every setting with its value and who says so."""

from __future__ import annotations

import json
import re

import pytest

from ..azure.written import MANAGED, changed, fill, put


@pytest.fixture
def here(tmp_path):
    (tmp_path / ".git").mkdir()
    put(tmp_path, "pyproject.toml", '[tool.amlemu]\nport = 5005\n[tool.amlemu.models]\n"credit:3" = "model.pkl"\n')
    content = changed(MANAGED, "request_settings.request_timeout_ms", 9000)
    content = changed(changed(content, "environment_variables", {"A": "b c"}), "model", "azureml:credit:3")
    put(fill(tmp_path), "deployment.yml", content)
    return tmp_path


def rows(text, title):
    """Return the lines of a block, cut at two blanks or more."""
    block = text.split(f"{title}\n")[1].split("\n\n")[0]
    return {line.split()[0]: re.split(r"  +", line.strip())[1:] for line in block.splitlines()}


def test_every_setting_is_shown_with_its_origin(here, finish):
    """Flags, variables, Azure's file with its line, the project's, and the default."""
    shown = finish("config", "show", "deployment.yml", "--grace", "3", AMLEMU_HOST="127.0.0.2")
    settings, profile = rows(shown.out, "settings"), rows(shown.out, "profile")

    assert shown.code == 0, shown.err
    assert settings["grace"] == ["3.0", "--grace"]
    assert settings["host"] == ["127.0.0.2", "AMLEMU_HOST"]
    assert settings["port"] == ["5005", "pyproject.toml:2"]
    assert settings["endpoint_name"] == ["credit-ep", "deployment.yml:2"]
    assert settings["auth"] == ["off", "default"]
    assert settings["model"] == [f'["credit:3={here}/model.pkl"]', "pyproject.toml:3"]
    assert profile["limits.request_timeout_ms"] == ["9000", "deployment.yml:13"]
    assert profile["limits.max_concurrent_requests_per_instance"] == ["1", "profile managed"]
    assert rows(shown.out, "variables") == {"A": ["b c", "deployment.yml:15"]}
    assert rows(shown.out, "files")["script"] == [f"{here}/src/score.py", "deployment.yml:6"]


def test_a_program_gets_the_same(here, finish):
    shown = finish("config", "show", "deployment.yml", "--json")
    content = json.loads(shown.out)

    assert content["settings"]["port"] == {"value": 5005, "origin": "pyproject.toml:2"}
    assert content["profile"]["limits.request_timeout_ms"] == {"value": 9000, "origin": "deployment.yml:13"}
    assert content["variables"] == {"A": {"value": "b c", "origin": "deployment.yml:15"}}


def test_keys_are_not_shown(here, finish):
    shown = finish("config", "show", "deployment.yml", "--primary-key", "hushhushhush")

    assert rows(shown.out, "settings")["primary_key"] == ["(given)", "--primary-key"]
    assert "hushhushhush" not in shown.said


def test_what_cannot_be_read_is_told_in_one_line(here, finish):
    """With its place; no stack trace."""
    (here / "deployment.yml").write_text("name: {{NAME}}\n")
    shown = finish("config", "show", "deployment.yml")

    assert shown.code == 2
    assert shown.err.startswith("amlemu: deployment.yml:1: {{NAME}} was never filled in")
    assert "Traceback" not in shown.said


def test_the_layout_of_a_deployment_is_shown(here, finish):
    """`amlemu layout` reads Azure's files as well."""
    shown = finish("layout", "deployment.yml", "--layout", "links")

    assert shown.code == 0, shown.err
    assert "azureml-models/credit/3" in shown.out
