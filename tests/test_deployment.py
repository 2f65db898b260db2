"""A deployment is checked once, before anything starts; each refusal says where, what and what to do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from amlemu import deployment
from amlemu.errors import UsageError
from amlemu.models import Model


@pytest.fixture
def score(tmp_path, monkeypatch):
    """A script in the current folder, and no variables that would choose for it."""
    monkeypatch.chdir(tmp_path)
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "score.py"
    path.write_text("", encoding="utf-8")
    return path


def refusal_of(call):
    with pytest.raises(UsageError) as caught:
        call()
    return str(caught.value)


def test_paths_become_absolute_and_the_scripts_folder_the_code(score, tmp_path):
    (tmp_path / "model").mkdir()

    made = deployment.from_script("score.py", model_dir="model")

    assert (made.script, made.code, made.app_root) == (score, tmp_path, None)
    assert made.models == (Model("model", "1", tmp_path / "model", is_whole=True),)
    assert (made.python, made.workers, made.environment) == (Path(sys.executable), 1, {})


def test_links_are_followed(score, tmp_path):
    """As the real server does: AZUREML_ENTRY_SCRIPT is the real path (contract 3.3)."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link.py").symlink_to(score)

    assert deployment.from_script("elsewhere/link.py").script == score


def test_the_app_root_can_be_named(score):
    """Kept as typed: it may be a folder of the tree, which `layout.py` knows."""
    made = deployment.from_script("score.py", environment={"AML_APP_ROOT": "/var/azureml-app"})

    assert made.app_root == "/var/azureml-app"


# the code folder


def test_a_folder_above_the_script_may_be_deployed(score, tmp_path):
    (tmp_path / "src").mkdir()
    inner = score.rename(tmp_path / "src" / "score.py")

    assert deployment.from_script(inner, code=".").code == tmp_path


def test_the_script_must_lie_in_the_code_folder(score, tmp_path):
    (tmp_path / "other").mkdir()

    told = refusal_of(lambda: deployment.from_script(score, code="other"))

    assert told == f"--code other: the script does not lie in it. The script is {score}; name a folder above."


def test_a_code_folder_must_be_a_folder(score, tmp_path):
    told = refusal_of(lambda: deployment.from_script(score, code="score.py"))

    assert told == f"--code score.py: not a folder. Give the folder that holds it: {tmp_path}"


# processes and interpreters


@pytest.mark.parametrize(
    ("choice", "environment", "shell", "count"),
    [
        pytest.param(None, {}, None, 1, id="default"),
        pytest.param(None, {}, "3", 3, id="shell"),
        pytest.param(None, {"WORKER_COUNT": "2"}, "3", 2, id="script's variable"),
        pytest.param(4, {"WORKER_COUNT": "2"}, "3", 4, id="flag"),
    ],
)
def test_the_number_of_workers_is_flag_then_variable_then_one(score, monkeypatch, choice, environment, shell, count):
    """Contract 3.7: the option beats WORKER_COUNT."""
    if shell is not None:
        monkeypatch.setenv("WORKER_COUNT", shell)

    assert deployment.from_script(score, workers=choice, environment=environment).workers == count


@pytest.mark.parametrize("word", ["0", "-1", "two", "", "1.5", "²"])
def test_a_number_of_workers_that_is_none_is_refused(score, word):
    told = refusal_of(lambda: deployment.from_script(score, environment={"WORKER_COUNT": word}))

    assert told == f"WORKER_COUNT: {word!r} is no number of processes. At least one is needed."


def test_a_folder_with_a_script_in_it_is_nearly_right(score, tmp_path):
    told = refusal_of(lambda: deployment.from_script(tmp_path))

    assert told == f"{tmp_path}: this is a folder, not a scoring script. Did you mean {score}?"


def test_a_missing_script_with_no_near_miss_tells_where_was_looked(score, tmp_path):
    assert refusal_of(lambda: deployment.from_script("xyz.py")) == f"xyz.py: no such file. Looked in {tmp_path}."


@pytest.mark.skipif(os.geteuid() == 0, reason="permission bits do not bind root")
def test_what_this_user_cannot_read_is_refused(score, tmp_path):
    score.chmod(0)

    assert refusal_of(lambda: deployment.from_script(score)).startswith(f"{score}: not readable by this user")


# names and limits of its own


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        # contract 1.5: letters, digits and dashes, 3 to 32 of them, a letter first
        pytest.param("iris", "iris", id="fine"),
        pytest.param("my_model v2", "my-model-v2", id="other-characters"),
        pytest.param("__src__", "src", id="at-the-ends"),
        pytest.param("a" * 40, "a" * 32, id="too-long"),
        pytest.param("b" * 31 + "--c", "b" * 31, id="dash-at-the-cut"),
        pytest.param("ab", "endpoint", id="too-short"),
        pytest.param("2021-model", "endpoint", id="digit-first"),
        pytest.param("\u6a21\u578b", "endpoint", id="no-letter-of-these"),
    ],
)
def test_an_endpoint_is_called_by_its_folder_as_far_as_it_may(tmp_path, folder, name):
    script = tmp_path / folder / "score.py"
    script.parent.mkdir()
    script.write_text("", encoding="utf-8")

    assert deployment.from_script(script).endpoint == name


def test_names_can_be_given(score):
    given = deployment.from_script(score, endpoint="mine", name="green")

    assert (given.endpoint, given.name) == ("mine", "green")


def test_a_deployment_is_blue_and_has_no_limits_of_its_own_unless_it_says_so(score):
    plain = deployment.from_script(score)

    assert (plain.name, dict(plain.request_settings)) == ("blue", {})


def test_a_deployment_has_request_settings_by_their_azure_names(score):
    own = {"request_timeout_ms": 8000, "max_concurrent_requests_per_instance": 2}

    assert deployment.from_script(score, request_settings=own).request_settings == own
