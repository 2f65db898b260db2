"""Questions about a syntax tree."""

from __future__ import annotations

import ast

import pytest
from amlemu.doctor.code import syntax


def function_of(text):
    return ast.parse(text).body[0]


@pytest.mark.parametrize(
    ("test", "is_guard"),
    [
        pytest.param('__name__ == "__main__"', True, id="as-everybody-writes-it"),
        pytest.param('"__main__" == __name__', True, id="turned-round"),
        pytest.param('__name__ == "__main__" and debug', True, id="with-a-condition"),
        pytest.param('__name__ != "__main__"', False, id="the-opposite"),
        pytest.param('__name__ == "entry_module"', False, id="the-server's-name"),
        pytest.param("debug", False, id="something-else"),
    ],
)
def test_a_main_guard_is_known(test, is_guard):
    assert syntax.is_main_guard(ast.parse(test, mode="eval").body) is is_guard


def test_statements_at_import_go_into_blocks_but_not_into_functions_and_main_guards():
    tree = ast.parse(
        "if a:\n    b = 1\nelse:\n    c = 1\ntry:\n    d = 1\nexcept E:\n    e = 1\n"
        'if __name__ == "__main__":\n    f = 1\nelse:\n    g = 1\ndef h():\n    i = 1\n'
    )

    names = [node.targets[0].id for node in syntax.statements_at_import(tree) if isinstance(node, ast.Assign)]

    assert names == ["b", "c", "d", "e", "g"]


@pytest.mark.parametrize(
    ("text", "is_generator"),
    [
        pytest.param("def f():\n    yield 1", True, id="yield"),
        pytest.param("def f():\n    yield from g()", True, id="yield-from"),
        pytest.param("def f():\n    def g():\n        yield 1\n    return g", False, id="yield-of-an-inner-function"),
        pytest.param("def f():\n    return (x for x in y)", False, id="generator-expression"),
    ],
)
def test_a_generator_is_known(text, is_generator):
    assert syntax.is_generator(function_of(text)) is is_generator


def test_returns_are_its_own():
    function = function_of(
        "def f():\n    def g():\n        return 1\n    if a:\n        return 2\n    return lambda: 3\n"
    )

    assert [statement.lineno for statement in syntax.returns(function)] == [5, 6]


def test_names_are_told_in_full():
    tree = ast.parse(
        "import numpy as np, os.path\nfrom json import loads as parse\nnp.linalg.norm\nparse\nos.path.join\nf().x"
    )
    imported = syntax.imported_names(tree)

    full = [syntax.dotted(statement.value, imported) for statement in tree.body[2:]]

    assert full == ["numpy.linalg.norm", "json.loads", "os.path.join", ""]


@pytest.mark.parametrize(
    ("text", "is_trivial"),
    [
        pytest.param('def f():\n    """Nothing."""', True, id="docstring"),
        pytest.param("def f():\n    print('ready')", True, id="print"),
        pytest.param("def f():\n    logging.info('ready')", True, id="log"),
        pytest.param("def f():\n    load()", False, id="a-call"),
    ],
)
def test_a_function_that_does_nothing_is_known(text, is_trivial):
    assert syntax.is_trivial(function_of(text)) is is_trivial
