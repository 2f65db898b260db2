"""What the doctor looks at, as a value."""

from __future__ import annotations

import ast

from amlemu.finding import Place


def test_a_node_and_a_line_have_a_place(subject_of, tmp_path):
    source = subject_of("import os\nx = 1\n").script

    assert source.at(source.tree.body[1]) == Place(tmp_path / "score.py", 2)
    assert source.at(7) == Place(tmp_path / "score.py", 7)
    assert source.at(ast.Load()) == Place(tmp_path / "score.py")


def test_only_what_parses_is_a_source(subject_of):
    subject = subject_of("import broken, fine", {"broken": "def (", "fine": ""})

    assert [source.path.name for source in subject.sources] == ["score.py", "fine.py"]
