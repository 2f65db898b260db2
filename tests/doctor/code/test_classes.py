"""The person's own classes, and what a call on their objects runs."""

from __future__ import annotations

import ast

import pytest
from amlemu.doctor.code.classes import method
from amlemu.doctor.code.entry import read_entry

CLASSES = """
import words
class A:
    def score(self, x): return x
class B:
    def score(self, x): return x
class C(A): ...
a = None
def init():
    global a, either, c, w
    a = A()
    either = A() if a else B()
    c = C()
    w = words.Counter()
def run(data):
    return {call}
"""


@pytest.mark.parametrize(
    ("call", "line"),
    [
        pytest.param("a.score(1)", 3, id="a-global-that-init-makes"),
        pytest.param("B().score(1)", 5, id="made-at-once"),
        pytest.param("w.score(1)", 2, id="of-a-module-beside"),
        pytest.param("either.score(1)", None, id="one-of-two"),
        pytest.param("c.score(1)", None, id="inherited"),
        pytest.param("data.score(1)", None, id="a-parameter"),
    ],
)
def test_a_method_is_found_where_it_is_certain(subject_of, call, line):
    subject = subject_of(
        CLASSES.replace("{call}", call).lstrip(), {"words": "class Counter:\n    def score(self, x): return x"}
    )
    run = read_entry(subject).run
    called = run.node.body[0].value
    assert isinstance(called.func, ast.Attribute)
    found = method(called.func.value, "score", run, {each.module: each for each in subject.siblings})

    assert (found.node.lineno if found else None) == line
