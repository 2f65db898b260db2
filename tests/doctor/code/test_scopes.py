"""Where a name comes from, by Python's own rules."""

from __future__ import annotations

import ast

import pytest
from amlemu.doctor.code.scopes import read_scopes


def unbound(text):
    """Return the names that are read and that neither a scope around nor the module binds."""
    module = read_scopes(ast.parse(text))
    loads = [(scope, load.id) for scope in module.top.with_inner() for load in scope.loads]
    return sorted({name for scope, name in loads if scope.home_of(name).is_module and not module.defines(name)})


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("def f(a, *b, c=d, **e):\n    return a, b, c, e, g", ["d", "g"], id="parameters-and-defaults"),
        pytest.param("def f():\n    global m\n    m = 1\ndef g():\n    return m", [], id="given-with-global"),
        pytest.param("def f():\n    m = 1\ndef g():\n    return m", ["m"], id="local-of-another-function"),
        pytest.param("def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n    return g", [], id="nonlocal"),
        pytest.param("def f(xs):\n    return [x for x in xs if x] + [x]", ["x"], id="comprehensions-keep-their-names"),
        pytest.param("def f(xs):\n    [y := x for x in xs]\n    return y", [], id="walrus-leaves-the-comprehension"),
        pytest.param("class A:\n    a = 1\n    b = a\n    def f(self):\n        return a", ["a"], id="class-names-are-not-seen-by-methods"),
        pytest.param("def f():\n    try:\n        pass\n    except E as e:\n        return e", ["E"], id="except-binds"),
        pytest.param("match m:\n    case {'a': a, **rest}:\n        a, rest\n    case [b, *c]:\n        b, c\n    case d:\n        d", ["m"], id="match-binds"),
        pytest.param("import a.b, c as d\nfrom e import f as g\na, d, g, c, f", ["c", "f"], id="imports"),
        pytest.param("def f(x: T) -> R:\n    y: U = 1", ["R", "T"], id="annotations-of-locals-are-not-read"),
        pytest.param("from __future__ import annotations\ndef f(x: T) -> R: ...", [], id="no-annotation-is-read-with-the-future"),
        pytest.param("x: int\ndef f():\n    return x", ["int", "x"], id="an-annotation-gives-no-value"),
        pytest.param("try:\n    u\nexcept NameError:\n    u = str", [], id="excused-by-NameError"),
        pytest.param("def f():\n    try:\n        return u\n    except Exception:\n        pass", ["Exception", "u"], id="not-excused-by-Exception-in-a-function"),
        pytest.param("import sys\nt = str if sys.version_info[0] > 2 else u", [], id="excused-by-a-version-in-an-expression"),
        pytest.param("import sys\nif sys.version_info[0] < 3:\n    u", [], id="excused-by-a-version"),
        pytest.param('if __name__ == "__main__":\n    a = b\na', ["a"], id="main-guards-do-not-run"),
        pytest.param("for i, (j, k) in z:\n    i, j, k\nwith o as p:\n    p", ["o", "z"], id="loops-and-with"),
        pytest.param("f = lambda a, b=c: a + b + d", ["c", "d"], id="lambda"),
        pytest.param("def f():\n    n += 1", [], id="augmented-assignment-makes-a-local"),
    ],
)  # fmt: skip
def test_what_nobody_binds_is_found(text, names):
    assert unbound(text) == names


@pytest.mark.parametrize("text", ["exec('a = 1')", "globals()['a'] = 1", "x = vars()"])
def test_a_module_that_may_bind_unseen_is_open(text):
    assert read_scopes(ast.parse(text)).is_open


def test_star_imports_are_told():
    assert read_scopes(ast.parse("from a import *\nfrom .b import *")).stars == ["a", ".b"]


def test_a_text_as_deep_as_the_parser_takes_is_read():
    """No recursion of ours: a long chain of attributes, a deep nest of lists."""
    read_scopes(ast.parse("a" + ".a" * 900))
    read_scopes(ast.parse("[" * 90 + "]" * 90))
