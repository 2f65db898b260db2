"""Which files count: tables of names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from amlemu.errors import UsageError
from amlemu.reload import ReloadRules
from amlemu.watch.rules import Rules, Watched

CODE = Path("/home/ann/diabetes/code")
MODEL = Path("/home/ann/diabetes/models/v1")


def rules(*ignored: str, code: Path = CODE, script: str = "score.py", data: tuple[Path, ...] = (), **asked) -> Rules:
    return Rules(Watched(code / script, code, (MODEL,), data, ReloadRules(**asked)), ignored)


def counts(made: Rules, path: str) -> bool:
    return made.counts(os.path.join(CODE, path))


@pytest.mark.parametrize(
    "path",
    [
        "score.py",
        "helpers/text.py",
        "config.yaml",
        "config.yml",
        "a/b/c.json",
        "pyproject.toml",
        "setup.cfg",
        "app.ini",
        "prod.env",
        ".env",
        "a/.env",
        "nginx.conf",
        "log.properties",
        "4914.py",
        "ümlaut einfach.py",
    ],
)
def test_code_and_configuration_count(path):
    """Everywhere in the code folder."""
    assert counts(rules(), path)


@pytest.mark.parametrize(
    "path",
    [
        "notes.txt",
        "data.csv",
        "score.pyc",
        "__pycache__/score.cpython-311.pyc",
        "__pycache__/x.py",
        ".git/config.json",
        ".hidden.py",
        ".env/x.py",
        ".env.local",
        "node_modules/a/package.json",
        "lib/site-packages/numpy/__init__.py",
        "score.py~",
        ".score.py.swp",
        ".score.py.swx",
        ".#score.py",
        "#score.py#",
        "4913",
        "score.py.tmp",
        "score.py___jb_tmp___",
        "score.py___jb_old___",
        "/home/ann/diabetes/other.py",
        "/home/ann/diabetes/code.py",
        "/home/ann/diabetes/code2/x.py",
    ],
)
def test_what_nobody_means_does_not_count(path):
    """Data, caches, hidden files, what editors leave for a moment, and what is elsewhere."""
    assert not counts(rules(), path)


@pytest.mark.parametrize(
    ("path", "is_so"),
    [
        ("model.pkl", True),
        ("shards/0001", True),
        ("tokenizer.txt", True),
        (".cache/x", False),
        (".lock", False),
        ("__pycache__/x.bin", False),
        ("model.pkl.tmp", False),
        ("../v2/model.pkl", False),
    ],
)
def test_every_file_of_a_model_counts(path, is_so):
    """But for hidden files, caches and temporary ones."""
    assert rules().counts(os.path.normpath(MODEL / path)) is is_so


def test_a_model_that_is_a_file_counts_alone(tmp_path):
    """Not the files beside it, though their folder is watched."""
    (tmp_path / "model.pkl").touch()
    made = Rules(Watched(CODE / "score.py", CODE, (tmp_path / "model.pkl",)))

    assert made.counts(str(tmp_path / "model.pkl"))
    assert not made.counts(str(tmp_path / "other.pkl"))
    assert made.trees == (str(CODE),)
    assert made.roots == (str(CODE), str(tmp_path))


def test_single_files_count():
    """deployment.yml beside the code folder does, its neighbours do not."""
    made = rules(data=(CODE.parent / "deployment.yml",))

    assert made.counts("/home/ann/diabetes/deployment.yml")
    assert not made.counts("/home/ann/diabetes/endpoint.yml")


@pytest.mark.parametrize("script", ["score.py", "../score.py", ".hidden/score.py", "score", "tmp/score.py"])
def test_the_script_always_counts(script):
    """Outside of the folder, hidden, ignored, excluded, without a suffix."""
    made = rules("tmp/", "score*", script=script, exclude=("score*", "*.py"))

    assert made.counts(os.path.abspath(CODE / script))
    assert os.path.dirname(os.path.abspath(CODE / script)) in made.roots


def test_a_neighbour_of_a_hidden_script_does_not_count():
    """The folder is looked at for the script only."""
    assert not counts(rules(script=".hidden/score.py"), ".hidden/other.py")


def test_what_a_linked_script_points_to_counts(tmp_path):
    """An editor may write there."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/score.py").touch()
    (tmp_path / "code").mkdir()
    (tmp_path / "code/score.py").symlink_to("../shared/score.py")
    made = Rules(Watched(tmp_path / "code/score.py", tmp_path / "code"))

    assert made.counts(str(tmp_path / "shared/score.py"))
    assert made.counts(str(tmp_path / "code/score.py"))


@pytest.mark.parametrize(
    ("lines", "path", "is_so"),
    [
        pytest.param(["*.json"], "a/b.json", False, id="name"),
        pytest.param(["/b.json"], "a/b.json", True, id="anchored-elsewhere"),
        pytest.param(["tests/"], "tests/deep/x.py", False, id="folder"),
        pytest.param(["*.json", "!keep.json"], "keep.json", True, id="taken-back"),
        pytest.param(["tests/", "!tests/x.py"], "tests/x.py", False, id="not-taken-back-from-a-closed-folder"),
        pytest.param(["# *.py", "", "  "], "a.py", True, id="comment"),
        pytest.param(["models/"], "models/v1.json", False, id="model-beside-code"),
    ],
)
def test_the_ignore_file_is_read_as_git_reads_it(lines, path, is_so):
    """About files and about folders."""
    assert counts(rules(*lines), path) is is_so


def test_models_that_were_named_are_not_ignored():
    """`models/` stands in many a .gitignore."""
    made = Rules(Watched(CODE / "score.py", CODE, (CODE / "models",)), ["models/"])

    assert counts(made, "models/a.pkl")
    assert counts(made, "models/deep/a.pkl")
    assert made.enters(os.path.join(CODE, "models/deep"))


def test_a_line_that_is_no_pattern_is_passed_over_and_kept_to_be_told():
    """The other lines hold."""
    made = rules("*.json", "!", "[z-a]")

    assert made.not_understood == ("!", "[z-a]")
    assert not counts(made, "a.json")


@pytest.mark.parametrize(
    ("there", "is_so"), [((".gitignore",), False), ((".amlignore", ".gitignore"), True), ((), True)]
)
def test_amlignore_is_used_alone(tmp_path, there, is_so):
    """Where both are, .gitignore is not read, as Azure ML does it."""
    lines = {".amlignore": "*.yaml", ".gitignore": "*.json"}
    for name in there:
        (tmp_path / name).write_text(lines[name])

    assert Rules.load(Watched(tmp_path / "score.py", tmp_path)).counts(str(tmp_path / "a.json")) is is_so


def test_ignore_files_matter_and_do_not_count():
    """They change the rules; the deployment is what it was."""
    made = rules()

    assert made.matters("/home/ann/diabetes/code/.amlignore")
    assert not counts(made, ".amlignore")
    assert not made.matters("/home/ann/diabetes/code/deep/.amlignore")


@pytest.mark.parametrize(
    ("include", "path", "is_so"),
    [
        pytest.param("*.txt", "deep/a.txt", True, id="name"),
        pytest.param("*.txt", "a.csv", False, id="another-name"),
        pytest.param("*.txt", "ignored/a.txt", True, id="in-an-ignored-folder"),
        pytest.param("*.txt", "ignored/a.json", False, id="only-that-in-an-ignored-folder"),
        pytest.param("secret.json", "secret.json", True, id="ignored-file"),
        pytest.param("*.txt", "node_modules/a.txt", False, id="names-do-not-open-what-is-passed-by"),
        pytest.param("node_modules/mine/*.txt", "node_modules/mine/a.txt", True, id="paths-do"),
        pytest.param(".config", ".config/deep/a", True, id="folder"),
        pytest.param("templates/", "templates/a.html", True, id="folder-with-a-slash"),
        pytest.param("*.tmp", "a.tmp", True, id="editor-leftover"),
        pytest.param("*", "data.csv", True, id="everything"),
        pytest.param("*", "__pycache__/a.pyc", False, id="everything-but-caches"),
        pytest.param("*", "4913", False, id="everything-but-leftovers"),
        pytest.param("/home/ann/diabetes/code/a.txt", "a.txt", True, id="absolute"),
        pytest.param("**/a.txt", "deep/er/a.txt", True, id="any-depth"),
    ],
)
def test_an_include_beats_ignore_file_and_defaults(include, path, is_so):
    """Files by name; folders that are passed by when the pattern names them."""
    assert counts(rules("ignored/", "secret.json", include=(include,)), path) is is_so


@pytest.mark.parametrize(
    ("exclude", "path", "is_so"),
    [
        pytest.param("*.json", "a.json", False, id="name"),
        pytest.param("deep", "deep/a.py", False, id="folder"),
        pytest.param("deep", "deeper/a.py", True, id="another-folder"),
        pytest.param("a.txt", "a.txt", False, id="included"),
        pytest.param("/home/ann/diabetes/code/deep", "deep/a.py", False, id="absolute"),
        pytest.param("*.pkl", "/home/ann/diabetes/models/v1/a.pkl", False, id="of-a-model"),
        pytest.param("*.py", "score.py", True, id="the-script"),
    ],
)
def test_an_exclude_beats_all_but_the_script(exclude, path, is_so):
    """Includes and models, too."""
    assert counts(rules(include=("a.txt",), exclude=(exclude,)), path) is is_so


@pytest.mark.parametrize("flag", ["include", "exclude"])
def test_a_pattern_of_the_user_that_is_none_is_an_error(flag):
    """It says which."""
    with pytest.raises(UsageError, match=r"'\[z-a\]' is no pattern"):
        rules(**{flag: ("[z-a]",)})


def test_included_files_are_known_by_name():
    """Asked by whoever takes a file for the script's own."""
    made = rules(include=("*.txt",))

    assert made.includes("/home/ann/diabetes/code/a.txt")
    assert not made.includes("/home/ann/diabetes/code/a.json")
    assert not made.includes("/elsewhere/a.txt")


def test_other_folders_take_the_place_of_the_code_folder():
    """As uvicorn's --reload-dir; the script counts as ever."""
    made = rules(folders=(Path("/home/ann/lib"), Path("/home/ann/lib2")))

    assert made.trees == ("/home/ann/lib", "/home/ann/lib2", "/home/ann/diabetes/models/v1")
    assert made.counts("/home/ann/lib2/x.py")
    assert not counts(made, "helpers.py")
    assert counts(made, "score.py")


@pytest.mark.parametrize(
    ("folder", "is_so"),
    [
        ("pkg", True),
        ("pkg/deep", True),
        ("__pycache__", False),
        (".git", False),
        ("pkg/.hidden/deep", False),
        ("node_modules", False),
        ("ignored", False),
        ("excluded/deep", False),
        (".config", True),
        (".config/deep", True),
        (".secret", True),
        (".secret/deep", False),
    ],
)
def test_folders_without_a_file_that_counts_are_not_entered(folder, is_so):
    """Unless something in them is included."""
    made = rules("ignored/", include=(".config", ".secret/*.txt"), exclude=("excluded",))

    assert made.enters(os.path.join(CODE, folder)) is is_so


@pytest.mark.parametrize("mark", ["pyvenv.cfg", "conda-meta"])
def test_virtual_environments_are_not_entered(tmp_path, mark):
    """Whatever their name is."""
    (tmp_path / "my-environment" / mark).mkdir(parents=True)
    made = Rules(Watched(tmp_path / "score.py", tmp_path))

    assert not made.enters(str(tmp_path / "my-environment"))
