"""A deployment baked into an image: which lines, which files, which variables; and what makes its container debuggable."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from amlemu.deployment import from_script
from amlemu.errors import UsageError
from amlemu.models import Model
from amlemu_harness import packages


@pytest.fixture
def deployment(tmp_path):
    """A script with a module beside it, and a model of two files."""
    for name, text in {
        "my code/score.py": "",
        "my code/src/deep.py": "",
        "my code/.gitignore": "*.log\n",
        "my code/x.log": "",
        "my code/__pycache__/score.pyc": "",
        "weights/a.bin": "",
        "weights/sub/b.bin": "",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    made = from_script(tmp_path / "my code" / "score.py", environment={"KEY": "value"})
    return replace(made, models=(Model("net", "3", tmp_path / "weights"),))


def test_code_and_models_lie_where_azure_has_them(deployment, tmp_path):
    """Models come first: an edit of the script leaves their layer alone."""
    baked = packages.bake(deployment)

    assert baked.instructions.splitlines() == [
        "#: the models",
        "COPY --chown=dockeruser package/models/ /var/azureml-app/",
        "#: the code",
        "COPY --chown=dockeruser package/code/ /var/azureml-app/",
        'ENV AML_APP_ROOT="/var/azureml-app/my code" AZUREML_ENTRY_SCRIPT="score.py"'
        ' AZUREML_MODEL_DIR="/var/azureml-app/azureml-models/net/3" KEY="value"',
    ]
    assert {inside: str(file.relative_to(tmp_path)) for inside, file in baked.files.items()} == {
        "package/models/azureml-models/net/3/weights/a.bin": "weights/a.bin",
        "package/models/azureml-models/net/3/weights/sub/b.bin": "weights/sub/b.bin",
        "package/code/my code/.gitignore": "my code/.gitignore",
        "package/code/my code/score.py": "my code/score.py",
        "package/code/my code/src/deep.py": "my code/src/deep.py",
    }


def test_image_tells_where_its_files_come_from(deployment, tmp_path):
    told = packages.labels(deployment)

    assert json.loads(told["code"]) == {"/var/azureml-app/my code": str(tmp_path / "my code")}
    assert json.loads(told["models"]) == {"/var/azureml-app/azureml-models/net/3/weights": str(tmp_path / "weights")}
    assert packages.labels(replace(deployment, models=())).keys() == {"code"}


def test_package_is_azures_wherever_models_lie_locally(deployment):
    """Nothing that lies beside the model is baked in."""
    local = replace(deployment, has_local_models=True)

    assert packages.bake(local) == packages.bake(deployment)


def test_web_service_of_v1_has_its_own_rule(deployment):
    """The app root is the folder above the source directory; the script's path begins there."""
    variables = packages.bake(replace(deployment, is_v1=True)).variables

    assert variables["AML_APP_ROOT"] == "/var/azureml-app"
    assert variables["AZUREML_ENTRY_SCRIPT"] == "my code/score.py"
    assert variables["AZUREML_SOURCE_DIRECTORY"] == "my code"


def test_app_root_of_the_hosts_becomes_one_inside(deployment, tmp_path):
    """One that is not in the image is refused."""
    inside = replace(deployment, app_root=str(tmp_path / "my code" / "src"))
    outside = replace(deployment, app_root=str(tmp_path))

    assert packages.bake(inside).variables["AML_APP_ROOT"] == "/var/azureml-app/my code/src"
    assert packages.bake(inside).variables["AZUREML_ENTRY_SCRIPT"] == "../score.py"
    with pytest.raises(UsageError, match="this folder is not in the image"):
        packages.bake(outside)


def test_values_of_variables_are_quoted(deployment):
    """A value of several lines is an argument of the build, and a build without it fails."""
    environment = {"A": 'it\'s "a" $HOME \\', "B": "one\ntwo"}
    baked = packages.bake(replace(deployment, environment=environment))

    assert 'A="it\'s \\"a\\" \\$HOME \\\\"' in baked.instructions
    assert 'B="${AMLEMU_VALUE_1:?is the value of B}"' in baked.instructions
    assert "ARG AMLEMU_VALUE_1" in baked.instructions.splitlines()
    assert baked.arguments == {"AMLEMU_VALUE_1": "one\ntwo"}


def test_debugger_is_switched_on_beside_what_the_deployment_has(deployment):
    """Its PYTHONPATH stays, and so does the base's."""
    plain = packages.bake(deployment, debugs=True)
    own = packages.bake(replace(deployment, environment={"PYTHONPATH": "/var/lib/mine"}), debugs=True)

    assert plain.variables["AMLEMU_DEBUG"] == "0.0.0.0:5678"
    assert 'PYTHONPATH="/opt/amlemu${PYTHONPATH:+:$PYTHONPATH}"' in plain.instructions
    assert own.variables["PYTHONPATH"] == "/opt/amlemu:/var/lib/mine"
    assert plain.instructions.endswith("EXPOSE 5678")
    assert packages.debugger_variables(wait_s=30)["AMLEMU_DEBUG_WAIT"] == "30"


def test_script_that_would_not_be_taken_is_an_error(deployment):
    """Azure would take the folder without it, and fail later."""
    (deployment.code / ".amlignore").write_text("*.py\n")

    with pytest.raises(UsageError, match=r"\.amlignore:1: this line keeps score\.py out"):
        packages.bake(deployment)


def test_files_of_root_are_copied_without_an_owner(deployment):
    assert "COPY package/code/ /var/azureml-app/" in packages.bake(deployment, owner="").instructions


def test_lines_of_the_page():
    """Those of 2020; without a debugger no port for it."""
    assert packages.page_lines("debug:1", debugs=True) == [
        "docker run --rm --name debug -p 8000:5001 -p 5678:5678 debug:1",
        "docker exec -it debug /bin/bash",
        "docker commit debug debug:2",
        "amlemu image diff debug:2",
        "docker stop debug",
    ]
    assert packages.page_lines("debug:1")[0] == "docker run --rm --name debug -p 8000:5001 debug:1"


@pytest.mark.parametrize(
    ("tag", "after"),
    [
        ("debug:1", "debug:2"),
        ("debug", "debug:2"),
        ("debug:latest", "debug:2"),
        ("debug:v9", "debug:v10"),
        ("my-endpoint:blue", "my-endpoint:blue-2"),
        ("localhost:5000/team/debug", "localhost:5000/team/debug:2"),
        ("debug@sha256:0123", "debug:2"),
    ],
)
def test_name_of_the_next_image(tag, after):
    assert packages.next_tag(tag) == after


@pytest.fixture
def debugger(tmp_path):
    """What lies at /opt/amlemu."""
    for name, file in packages.debugger_files().items():
        path = tmp_path / "opt" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.read_bytes())
    return tmp_path / "opt"


def python(*folders: Path, code: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders)), **variables}
    words = [sys.executable, "-c", f"import sys{code}; print('amlemu_debug' in sys.modules)"]
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=True)


def test_without_the_variable_nothing_is_loaded_and_the_hidden_sitecustomize_runs(debugger, tmp_path):
    """With it, too; a broken one of the image is told as Python tells it."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("print('the hidden one')")
    plain, on = python(debugger, hidden), python(debugger, hidden, AMLEMU_DEBUG="0.0.0.0:5678")
    (hidden / "sitecustomize.py").write_text("1 / 0")
    broken = python(debugger, hidden)

    assert plain.stdout == "the hidden one\nFalse\n"
    assert on.stdout == "the hidden one\nTrue\n"
    assert plain.stderr + on.stderr == ""
    assert "Error in sitecustomize" in broken.stderr
    assert broken.stdout == "False\n"


def test_another_gunicorn_is_left_alone(debugger):
    """Not all that run gunicorn in a container are the inference server."""
    code = "; from gunicorn.app.base import BaseApplication; print(BaseApplication.__module__)"
    fake = debugger.parent / "fake"
    (fake / "gunicorn" / "app").mkdir(parents=True)
    (fake / "gunicorn" / "__init__.py").write_text("")
    (fake / "gunicorn" / "app" / "__init__.py").write_text("")
    (fake / "gunicorn" / "app" / "base.py").write_text(
        "class BaseApplication:\n    callable = None\n    def do_load_config(self): self.cfg = object()\n"
        "    def wsgi(self): return 'app'\n"
    )
    code += "; one = BaseApplication(); one.do_load_config(); print(one.wsgi())"

    assert python(debugger, fake, code=code, AMLEMU_DEBUG="0.0.0.0:5678").stdout == "gunicorn.app.base\napp\nTrue\n"


@pytest.mark.parametrize("name", packages.debugger_files())
def test_debugger_is_for_old_pythons(name):
    """Syntax of 3.8, and imports of nothing but the standard library, debugpy and what that brings."""
    tree = ast.parse(packages.debugger_files()[name].read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    tops = {one.partition(".")[0] for one in imported}

    assert tops <= {*sys.stdlib_module_names, "amlemu_debug", "debugpy", "pydevd"}
