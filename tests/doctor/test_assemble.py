"""What the doctor looks at: which files are meant, which modules the script can reach. Nothing of it is imported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from amlemu.azure import files
from amlemu.doctor import assemble
from amlemu.errors import UsageError

DEPLOYMENT = "endpoint_name: credit\nname: blue\ncode_configuration:\n  code: .\n  scoring_script: score.py\n"


def look(script: Path, said=None, **known):
    return assemble.subject_of(script, said, python=Path(sys.executable), **known)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(
            ["blue.yml", "green.yml", "endpoint.yml", "score.py"], ["blue.yml", "green.yml"], id="deployments"
        ),
        pytest.param(["endpoint.yml", "score.py"], ["endpoint.yml"], id="an-endpoint-alone"),
        pytest.param(["inferenceconfig.json", "deploymentconfig.json"], ["inferenceconfig.json"], id="v1"),
        pytest.param(["conda.yml", "helper.py", "score.py"], ["score.py"], id="a-script"),
        pytest.param(["predict.py", "train.py"], ["predict.py"], id="what-has-a-run"),
        pytest.param(["deployment.yml-broken", "score.py"], ["deployment.yml"], id="a-broken-file-is-meant"),
    ],
)
def test_a_folder_means_its_deployments_or_else_its_script(tmp_path, names, expected):
    texts = {
        "blue.yml": DEPLOYMENT,
        "green.yml": DEPLOYMENT,
        "endpoint.yml": "name: credit\nauth_mode: key\n",
        "inferenceconfig.json": '{"entryScript": "score.py"}',
        "deploymentconfig.json": '{"computeType": "local"}',
        "conda.yml": "dependencies: [python]\n",
        "predict.py": "def run(data): ...",
        "deployment.yml-broken": "a: [\n",
    }
    for name in names:
        (tmp_path / name.partition("-broken")[0]).write_text(texts.get(name, "pass"), encoding="utf-8")

    assert [path.name for path in assemble.targets(tmp_path)] == expected


def test_a_folder_with_nothing_in_it_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no deployment and no scoring script in this folder"):
        assemble.targets(tmp_path)


def test_siblings_are_what_the_app_root_can_import(write, tmp_path):
    """Through each other, from packages, by relative imports, inside functions; each once; what is not there is not."""
    script = write(
        "score.py",
        """
        import helper, json, numpy
        from package.words import shorten
        def run(data):
            from deep.inside import thing
        """,
    )
    write("helper.py", "import helper, other")
    write("other.py", "import score")
    write("unused.py", "")
    write("package/__init__.py", "from . import base")
    write("package/base.py", "")
    write("package/words.py", "from .base import x\nfrom .. import helper")
    write("deep/inside.py", "")

    subject = look(script)

    assert {source.module for source in subject.siblings} == {
        "helper", "other", "package", "package.base", "package.words", "deep.inside",
    }  # fmt: skip
    assert (subject.app_root, subject.code, subject.kind) == (tmp_path, tmp_path, "managed")


def test_a_module_that_does_not_parse_has_no_tree(write):
    script = write("score.py", "import broken\n")
    write("broken.py", "def (:\n")

    subject = look(script)

    assert [(source.module, source.tree) for source in subject.siblings] == [("broken", None)]
    assert subject.sources == (subject.script,)


@pytest.mark.parametrize(
    ("text", "variables", "root"),
    [
        # contract 3.3: AML_APP_ROOT is /var/azureml-app/<code folder>/<folder of the script>
        pytest.param(DEPLOYMENT.replace("score.py", "sub/score.py"), {}, "sub", id="v2"),
        pytest.param(
            DEPLOYMENT.replace("score.py", "sub/score.py"),
            {"AML_APP_ROOT": "/var/azureml-app/code"},
            ".",
            id="variable",
        ),
    ],
)
def test_the_app_root_is_where_the_deployment_says(tmp_path, text, variables, root):
    folder = tmp_path / "code"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "score.py").write_text("", encoding="utf-8")
    (folder / "deployment.yml").write_text(text, encoding="utf-8")

    subject = look(folder / "deployment.yml", files.describe(folder / "deployment.yml"), variables=variables)

    assert subject.app_root == (folder / root).resolve()


def test_the_app_root_of_v1_is_the_source_directory(tmp_path):
    """Contract 3.1: the generated driver puts it on the import path."""
    (tmp_path / "src" / "sub").mkdir(parents=True)
    (tmp_path / "src" / "sub" / "score.py").write_text("", encoding="utf-8")
    config = tmp_path / "inferenceconfig.json"
    config.write_text('{"entryScript": "sub/score.py", "sourceDirectory": "src"}', encoding="utf-8")

    assert look(config, files.describe(config)).app_root == tmp_path / "src"


def test_nothing_is_run(write, tmp_path):
    script = write("score.py", "import helper\nopen('run', 'w').close()\n")
    write("helper.py", "open('run', 'w').close()\n")

    look(script)

    assert not (tmp_path / "run").exists()
