"""Where a person's own modules lie."""

from __future__ import annotations

import pytest
from amlemu.doctor.needs.local_modules import changes_path, elsewhere, find, is_local, names_in, of_other_case

from ..subjects import subject


@pytest.fixture
def code(tmp_path):
    for name in (
        "words.py",
        "pack/__init__.py",
        "pack/inner.py",
        "space/deep/x.py",
        "data/a.txt",
        "fast.cpython-310-x86_64-linux-gnu.so",
    ):
        (tmp_path / "code" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "code" / name).write_text("")
    return tmp_path / "code"


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        pytest.param("words", "words.py", id="file"),
        pytest.param("pack", "pack", id="package"),
        pytest.param("pack.inner", "pack/inner.py", id="in-a-package"),
        pytest.param("fast", "fast.cpython-310-x86_64-linux-gnu.so", id="extension"),
        pytest.param("Words", None, id="other-case"),
        pytest.param("pack.outer", None, id="not-in-it"),
        pytest.param("words.inner", None, id="not-in-a-file"),
    ],
)
def test_a_module_is_found_by_its_exact_name(code, module, expected):
    found = find(code, module)

    assert (None if found is None else found.relative_to(code).as_posix()) == expected


@pytest.mark.parametrize(
    ("module", "expected"),
    [("words.x", True), ("pack", True), ("space.deep.x", True), ("data", False), ("numpy", False)],
)
def test_a_folder_with_python_in_it_is_the_persons_own(code, tmp_path, module, expected):
    assert is_local(subject(tmp_path), module) is expected


def test_a_module_elsewhere_in_the_code_folder_is_found(code, tmp_path):
    of = subject(tmp_path, others={"env/pyvenv.cfg": "", "env/x.py": "", ".git/x.py": ""})

    assert [path.relative_to(code).as_posix() for path in elsewhere(of, "x")] == ["space/deep/x.py"]
    assert elsewhere(of, "words") == []


def test_another_case_of_a_name_is_found(code):
    assert of_other_case(code, "Words") == "words"
    assert of_other_case(code, "words") is None
    assert names_in(code / "pack") == ["__init__", "inner"]


def test_a_script_may_say_itself_where_modules_are(tmp_path):
    assert not changes_path(subject(tmp_path))
    assert changes_path(subject(tmp_path, "import sys\nsys.path.append('lib')\n"))
    assert changes_path(subject(tmp_path, variables={"PYTHONPATH": "/x"}))
