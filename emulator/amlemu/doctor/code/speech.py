"""
What the script says in its log, and the server never shows: INFO and DEBUG of loggers that nobody has lowered.

Contract 4.13. The server gives the root logger its handler before the script is imported, so that logging.basicConfig(level=...)
changes nothing unless it is given force=True (observed, azureml-inference-server-http 1.5.1).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from amlemu.doctor.code.entry import read_entry
from amlemu.doctor.code.reach import reached, read_modules
from amlemu.doctor.code.syntax import dotted, imported_names, is_main_guard, is_true, keyword, own_nodes, text
from amlemu.doctor.subject import Source, Subject
from amlemu.finding import Finding

_HIGH = ("WARNING", "WARN", "ERROR", "CRITICAL", "FATAL")
_SHOWN = ("azmlinfsrv", "gunicorn")  # loggers of the server's own, at level INFO
_ROOT = ""


def check_speech(subject: Subject) -> Iterator[Finding]:
    """Yield one finding for all lines of log that are lost, at the first of them."""
    script = subject.script
    if script is None or script.tree is None or _is_configured_by_file(subject):
        return
    heard = [(source, _Words(source.tree)) for source in subject.sources if source.tree is not None]
    if any(words.configures_all for _, words in heard):
        return
    used = _used_in_siblings(subject) if len(heard) > 1 else set()
    lowered = {name for _, words in heard for name in words.lowered}
    for source, words in heard:
        quiet = [call for call in words.quiet_calls() if not words.is_lowered(words.logger_of(call), lowered)]
        lost = [call for call in quiet if source is script or call in used]
        if lost:
            yield _lost(lost, source, words)
            return


def _used_in_siblings(subject: Subject) -> set[ast.AST]:
    """Return what runs of the modules beside the script; the rest of them may be for other programs."""
    entry = read_entry(subject)
    places = reached(entry, read_modules(subject)) if entry is not None else []
    return {node for place in places if place.source is not subject.script for node in own_nodes(place.scope.node)}


def _lost(calls: list[ast.Call], script: Source, words: _Words) -> Finding:
    first = min(calls, key=lambda call: call.lineno)
    said = ast.unparse(first.func)
    name = words.logger_of(first)
    others = f" (and {len(calls) - 1} more like it)" if len(calls) > 1 else ""
    cause = f"{said}(...){others} is never shown: the server leaves the root logger at WARNING"
    if words.basic_config is not None:
        cause += f", and logging.basicConfig() in line {words.basic_config.lineno} changes nothing, as the root logger has a handler already"
    lower = f"logging.getLogger({name!r}).setLevel(...)" if name else "logging.getLogger().setLevel(logging.INFO)"
    fix = f'Add {lower}, or log with logging.getLogger("azmlinfsrv").info(...), or print().'
    if words.basic_config is not None:
        fix = f"Give it force=True: logging.basicConfig(level=logging.INFO, force=True); or add {lower}."
    return Finding("warning", "log-not-shown", cause, script.at(first), None, fix)


def _is_configured_by_file(subject: Subject) -> bool:
    """Contract 3.7: logging.json in the app root, or beside the script, replaces the logging set-up."""
    folders = [subject.app_root] + ([subject.script.path.parent] if subject.script else [])
    return any((folder / "logging.json").is_file() for folder in folders)


class _Words:
    """Loggers of one file: their names, what lowers them, what speaks through them."""

    def __init__(self, tree: ast.Module) -> None:
        self._imported = imported_names(tree)
        # a package may configure the logger of its own name, as mlflow does
        self._packages = {name.partition(".")[0] for name in self._imported.values()}
        self._nodes = list(_without_main(tree))
        self._loggers = self._assigned()
        self.basic_config: ast.Call | None = None
        self.configures_all = False
        self.lowered: set[str] = set()
        for node in self._nodes:
            if isinstance(node, ast.Call):
                self._look_at(node)

    def quiet_calls(self) -> Iterator[ast.Call]:
        """Yield the calls of info() and debug() on a logger that is known."""
        calls = [node for node in self._nodes if isinstance(node, ast.Call)]
        for call in calls:
            if isinstance(call.func, ast.Attribute) and call.func.attr in ("info", "debug"):
                name = self._name_of(call.func.value)
                if name is not None and name.partition(".")[0] not in self._packages:
                    yield call

    def logger_of(self, call: ast.Call) -> str:
        """Return the name of a call's logger; empty for the root."""
        assert isinstance(call.func, ast.Attribute)
        return self._name_of(call.func.value) or _ROOT

    def is_lowered(self, name: str, lowered: set[str]) -> bool:
        """Tell whether the server shows INFO of a logger, or the script sees to it."""
        parts = name.split(".")
        families = {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
        return not families.isdisjoint({*_SHOWN, *lowered})

    def _assigned(self) -> dict[str, str]:
        """Return what `log = logging.getLogger("x")` names; a name that is bound in two ways is unknown."""
        found: dict[str, str] = {}
        for node in self._nodes:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                name = self._get_logger(node.value)
                for target in node.targets if name is not None else ():
                    found[dotted(target, {})] = name or _ROOT
        unsure = {
            dotted(t, {})
            for n in self._nodes
            if isinstance(n, ast.Assign) and not _is_get_logger(n.value, self._imported)
            for t in n.targets
        }
        return {key: name for key, name in found.items() if key and key not in unsure}

    def _get_logger(self, call: ast.Call) -> str | None:
        if not _is_get_logger(call, self._imported):
            return None
        given = call.args[0] if call.args else keyword(call, "name")
        if given is None or (isinstance(given, ast.Constant) and given.value in (None, "root")):
            return _ROOT
        return text(given) or ast.unparse(given)

    def _name_of(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Call):
            return self._get_logger(node)
        if dotted(node, self._imported) in ("logging", "logging.root"):
            return _ROOT
        return self._loggers.get(dotted(node, {}))

    def _look_at(self, call: ast.Call) -> None:
        name = dotted(call.func, self._imported)
        last = name.rpartition(".")[2] or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
        if last == "basicConfig":
            is_forced = is_true(keyword(call, "force"))
            if is_forced and _is_low(keyword(call, "level")):
                self.configures_all = True
            elif keyword(call, "level") is not None and not is_forced:
                self.basic_config = self.basic_config or call
        elif last in ("dictConfig", "fileConfig") or _is_set_up_elsewhere(last):
            self.configures_all = True
        elif last == "setLevel" and isinstance(call.func, ast.Attribute) and call.args and _is_low(call.args[0]):
            logger = self._name_of(call.func.value)
            if logger in (_ROOT, None) and "andler" not in ast.unparse(call.func.value):
                self.configures_all = True
            elif logger is not None:
                self.lowered.add(logger)


def _is_get_logger(value: ast.expr, imported: Mapping[str, str]) -> bool:
    return isinstance(value, ast.Call) and dotted(value.func, imported) == "logging.getLogger"


def _is_set_up_elsewhere(name: str) -> bool:
    """Tell whether a function's name says that it configures logging: `setup_logging`, `configure_logger`."""
    word = name.lower()
    return "log" in word and any(part in word for part in ("setup", "set_up", "configure", "config", "init", "enable"))


def _is_low(level: ast.expr | None) -> bool:
    """Tell whether a level lets INFO through; one that is not known may."""
    if level is None:
        return False
    if isinstance(level, ast.Constant) and isinstance(level.value, int):
        return level.value <= 20
    return (text(level) or dotted(level, {})).rpartition(".")[2].upper() not in _HIGH


def _without_main(tree: ast.Module) -> Iterator[ast.AST]:
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, ast.If) and is_main_guard(node.test):
            stack.extend(node.orelse)
        else:
            stack.extend(ast.iter_child_nodes(node))
