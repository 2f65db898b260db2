"""
What a script finds around itself, for people and for programs: the tree, what of the host stands for it, the variables.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable

from amlemu.deployment import Deployment
from amlemu.environment import Variable
from amlemu.layout import BASE, Layout

_ORIGINS = {
    "tree": "the tree above",
    "--env": "--env",
    "server": "the inference server",
    "interpreter": "the script's interpreter",
}


def as_text(deployment: Deployment, layout: Layout, variables: list[Variable]) -> str:
    """Return lines for a terminal; variables of the shell are counted only."""
    own = [variable for variable in variables if variable.origin != "shell"]
    width = max(len(f"{variable.name}={variable.value}") for variable in own)
    lines = [
        *_tree(layout),
        "",
        f"working folder  {layout.app_root}",
        f"entry script    {layout.script}  (module entry_module)",
        f"import path     the interpreter's own, then {' and '.join(_import_roots(layout))}",
        f"interpreter     {deployment.python}",
        "",
        *(f"{f'{v.name}={v.value}':{min(width, 90)}}  {_ORIGINS[v.origin]}" for v in own),
        f"and {len(variables) - len(own)} variables of this shell",
    ]
    return "\n".join(lines)


def as_json(deployment: Deployment, layout: Layout, variables: list[Variable]) -> str:
    """Return one JSON object; of the shell's variables the names only, for a value may be a secret."""
    content = {
        "kind": layout.kind,
        "base": layout.base,
        "why": layout.why,
        "places": {posixpath.join(layout.base, place.inside): str(place.source) for place in layout.places},
        "app_root": layout.app_root,
        "script": layout.script,
        "model_dir": layout.model_dir,
        "python": str(deployment.python),
        "variables": {v.name: {"value": v.value, "origin": v.origin} for v in variables if v.origin != "shell"},
        "shell": [variable.name for variable in variables if variable.origin == "shell"],
    }
    return json.dumps(content, indent=2)


def _import_roots(layout: Layout) -> list[str]:
    source = [posixpath.join(layout.app_root, layout.source_folder)] if layout.source_folder else []
    return [layout.app_root, *source]


def _tree(layout: Layout) -> list[str]:
    if layout.kind == "none":
        return [f"{layout.base}  the host's own folder; there is no {BASE}"]
    told = "real for the script, mounted for its processes only"
    if layout.kind == "links":
        told = f"links that stand for {BASE}" + (f"; {layout.why}" if layout.why else "")
    lines = [f"{layout.base}  {told}"]
    return lines + list(_branches([(place.inside.split("/"), str(place.source)) for place in layout.places]))


def _branches(places: list[tuple[list[str], str]], margin: str = "") -> Iterable[str]:
    """Draw the folders that the paths go through, and at each end what stands for it."""
    names = list(dict.fromkeys(path[0] for path, _ in places))
    for name in names:
        below = [(path[1:], source) for path, source in places if path[0] == name]
        is_last = name == names[-1]
        end = "".join(f"  = {source}" for path, source in below if not path)
        yield f"{margin}{'`-- ' if is_last else '|-- '}{name}{end}"
        yield from _branches([entry for entry in below if entry[0]], margin + ("    " if is_last else "|   "))
