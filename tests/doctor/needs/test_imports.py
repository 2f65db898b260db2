"""Which imports of a file must succeed, and when."""

from __future__ import annotations

import pytest
from amlemu.doctor.assemble import read
from amlemu.doctor.needs.imports import all_imports, find_imports, occasions

from ..subjects import subject


@pytest.fixture
def imports(tmp_path):
    """Return a function that writes a script and returns its imports."""

    def find(text):
        (tmp_path / "score.py").write_text(text)
        return find_imports(read(tmp_path / "score.py"))

    return find


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("try:\n    import x\nexcept ImportError:\n    x = None\n", id="import-error"),
        pytest.param("try:\n    import x\nexcept (ValueError, ModuleNotFoundError):\n    pass\n", id="one-of-several"),
        pytest.param("try:\n    import x\nexcept Exception:\n    pass\n", id="any-error"),
        pytest.param("try:\n    import x\nexcept:\n    pass\n", id="bare"),
        pytest.param("try:\n    import x\nexcept ImportError:\n    import y as x\n", id="the-other-one"),
        pytest.param(
            "from contextlib import suppress as s\nimport contextlib\nwith contextlib.suppress(ImportError):\n    import x\n",
            id="suppress",
        ),
        pytest.param("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import x\n", id="type-checking"),
        pytest.param("import typing\nif typing.TYPE_CHECKING:\n    import x\n", id="type-checking-by-attribute"),
        pytest.param("if __name__ == '__main__':\n    import x\n", id="main"),
        pytest.param(
            "import sys\nif sys.version_info >= (3, 11):\n    import x\nelse:\n    import y\n", id="other-python"
        ),
        pytest.param("if False:\n    import x\n", id="never"),
    ],
)
def test_an_import_that_the_script_can_do_without_is_left_out(imports, text):
    found = {each.module for each in imports(text)}

    assert not found & {"x", "y"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("try:\n    import x\nexcept ValueError:\n    pass\n", id="other-error"),
        pytest.param("try:\n    import x\nexcept ImportError as error:\n    raise RuntimeError from error\n", id="raised-again"),
        pytest.param("try:\n    pass\nfinally:\n    import x\n", id="finally"),
        pytest.param("import importlib\nx = importlib.import_module('x')\n", id="by-name"),
        pytest.param("x = __import__('x')\n", id="dunder"),
        pytest.param("if __name__ == '__main__':\n    pass\nelse:\n    import x\n", id="not-main"),
    ],
)  # fmt: skip
def test_an_import_that_fails_the_script_is_found(imports, text):
    assert [(each.module, each.occasion, each.severity) for each in imports(text) if each.module == "x"] == [
        ("x", "start", "error")
    ]


def test_an_import_under_a_condition_may_fail_only(imports):
    (found,) = imports("if flag:\n    import x\n")

    assert found.severity == "warning"


def test_an_import_is_told_with_the_moment_when_it_fails(imports):
    """Functions count as what uses them: init(), run(), the file itself, or nobody that is known."""
    found = imports(
        "import a\n"
        "def init():\n    import b\n    load()\n"
        "def run(data):\n    import c\n    Model().go()\n"
        "def load():\n    import d\n"
        "class Model:\n    def go(self):\n        import e\n"
        "def unused():\n    import f\n"
        "def at_start():\n    import g\n"
        "at_start()\n"
    )

    assert [(each.module, each.occasion) for each in found] == [
        *(("a", "start"), ("b", "init"), ("c", "run"), ("d", "init"), ("e", "run"), ("f", "call"), ("g", "start")),
    ]
    assert found[1].consequence == "as soon as init() runs"
    assert found[5].consequence == "when unused() is called"


def test_leading_dots_and_names_are_kept(imports):
    (found,) = imports("from ..words import a, b\n")

    assert (found.module, found.level, found.names, found.place.line) == ("words", 2, ("a", "b"), 1)


def test_a_thousand_elifs_are_no_trouble(imports):
    text = "if a == 0:\n    import x\n" + "".join(f"elif a == {n}:\n    import x{n}\n" for n in range(1, 900))

    assert len(imports(text)) == 900


def test_a_file_that_does_not_parse_has_no_imports(imports):
    assert imports("import x\ndef (\n") == []


def test_each_file_tells_a_module_once(tmp_path):
    of = subject(tmp_path, "import a\nimport a\nimport words\n", others={"words.py": "import a\n"})

    assert [(source.path.name, each.module) for source, each in all_imports(of)] == [
        *(("score.py", "a"), ("score.py", "words"), ("words.py", "a")),
    ]


def test_functions_of_a_sibling_are_called_by_nobody_that_is_known(tmp_path):
    of = subject(tmp_path, "import words\n", others={"words.py": "def run():\n    import a\n"})

    assert occasions(of.siblings[0]) == {"": "start", "run": "call"}
