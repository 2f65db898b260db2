"""What a local name stands for at a place."""

from __future__ import annotations

import ast

import pytest
from amlemu.doctor.code.assignments import Assignments


def values(body):
    """Return the values that `x` may have in the last statement of a function."""
    function = ast.parse("def f(p):\n" + "".join(f"    {line}\n" for line in body.splitlines())).body[0]
    assignments = Assignments(function)
    last = [node for node in ast.walk(function) if isinstance(node, ast.Return)][-1]
    found = assignments.values("x", last.value)
    return None if found is None else [ast.unparse(value) for value in found]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param("x = 1\nx = 2\nreturn x", ["2"], id="the-last"),
        pytest.param("x = 1\nif p:\n    x = 2\nreturn x", ["1", "2"], id="a-branch-may-run"),
        pytest.param("if p:\n    x = 1\nelse:\n    x = 2\nreturn x", ["1", "2"], id="both-branches"),
        pytest.param("if p:\n    x = 1\nelse:\n    x = 2\n    return x", ["2"], id="of-its-own-branch-alone"),
        pytest.param("try:\n    x = 1\nexcept E:\n    x = 2\nreturn x", ["1"], id="except-clauses-are-another-matter"),
        pytest.param("x = None\ntry:\n    x = 1\nfinally:\n    pass\nreturn x", ["1"], id="placeholders-do-not-count"),
        pytest.param("for x in p:\n    pass\nreturn x", None, id="loop-variable"),
        pytest.param("a, x = p\nreturn x", None, id="unpacked"),
        pytest.param("return x", [], id="never"),
        pytest.param("x = (\n    1 +\n    x)\nreturn x", ["1 + x"], id="over-several-lines"),
    ],
)
def test_values_are_those_that_may_have_been_assigned(body, found):
    assert values(body) == found


def test_items_are_what_was_put_in_before():
    function = ast.parse(
        "def f():\n    x['a'] = 1\n    x['a'] = 2\n    x.append(3)\n    return x\n    x['b'] = 4\n"
    ).body[0]
    assignments = Assignments(function)

    assert [ast.unparse(value) for value in assignments.items("x", function.body[3])] == ["2", "3"]


def test_a_name_whose_type_is_asked_for_is_known():
    function = ast.parse("def f(x, y):\n    if hasattr(x, 'tolist'): pass\n    if y: pass\n").body[0]
    assignments = Assignments(function)

    assert (assignments.is_tested("x"), assignments.is_tested("y")) == (True, False)
