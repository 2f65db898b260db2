"""
Which names of a script hold a model whose predict() gives numpy arrays, by what loads or makes it. The table is in kinds.toml.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from amlemu.doctor.code.syntax import dotted

Word: TypeAlias = Literal["sure", "likely", "onnx"]
WORDS: tuple[Word, ...] = ("sure", "likely", "onnx")


def read_models(tree: ast.Module, imported: Mapping[str, str], makers: Mapping[str, Sequence[str]]) -> dict[str, Word]:
    """
    Return the names, `model` or `self.model`, that get their value from one kind of maker alone.

    Args:
        imported: what imported names stand for.
        makers: full names of loaders and constructors, by word. `sure`: its predict() gives an array. `likely`: what was pickled may be
            anything, and mostly is of scikit-learn. `onnx`: an inference session.
    """
    word_of = {name: word for word in WORDS for name in makers[word]}
    found: dict[str, set[Word | None]] = {}
    for name, value in _assigned(tree):
        if not (isinstance(value, ast.Constant) and value.value is None):
            maker = dotted(value.func, imported) if isinstance(value, ast.Call) else ""
            found.setdefault(name, set()).add(word_of.get(maker))
    single = {name: next(iter(words)) for name, words in found.items() if name and len(words) == 1}
    return {name: word for name, word in single.items() if word is not None}


def place_of(node: ast.expr) -> str:
    """Return what a place is called that holds a value: `model`, `self.model`, `models["a"]`; empty for others."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        holder = dotted(node.value, {})
        return f"{holder}[{node.slice.value!r}]" if holder else ""
    return dotted(node, {})


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield names and what they get; None for what a loop, a with or unpacking gives."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            yield from ((name, node.value) for target in node.targets for name in [place_of(target)])
            tuples = [target for target in node.targets if isinstance(target, (ast.Tuple, ast.List))]
            yield from ((dotted(part, {}), None) for target in tuples for part in target.elts)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield dotted(node.target, {}), node.value
        elif isinstance(node, (ast.For, ast.withitem)):
            target = node.target if isinstance(node, ast.For) else node.optional_vars
            yield from ((part.id, None) for part in ast.walk(target or ast.Pass()) if isinstance(part, ast.Name))
