"""What a boot imports, seen from outside: real interpreters, and libraries of a few lines."""

from __future__ import annotations

import contextlib
import json
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from amlemu.worker import protocol

from .bare_child import BareChild, bare_child

Place = Callable[..., Path]
RUN = "\ndef run(data):\n    return eval(data)\n"
INIT = "\ndef init(): ..."


@contextlib.contextmanager
def child_of(place: Path, script: str, *path: str) -> Iterator[BareChild]:
    """Start a script with the libraries, and with more folders to look for modules in; init() and run() are added."""
    score = place / "code" / "score.py"
    text = textwrap.dedent(script)
    score.write_text(text + ("" if "def init" in text else INIT) + RUN, encoding="utf-8")
    folders = [str(place / folder) for folder in ("env/site-packages", *path)]
    with bare_child(score, PYTHONPATH=":".join(folders)) as child:
        yield child


def boots(place: Path, script: str, *path: str) -> dict[str, Any]:
    """Boot a script; returns what it has told of its imports."""
    with child_of(place, script, *path) as child:
        assert child.boots().kind == protocol.READY, child.reads(2)
    return child.imports


def told(place: Path, script: str, *path: str) -> list[str]:
    """Return the modules that a boot has told, but for those of Python itself."""
    modules = boots(place, script, *path)["modules"]
    return [name for name in modules if name.partition(".")[0] not in sys.stdlib_module_names]


def test_modules_are_told_in_the_order_in_which_they_were_loaded(place: Place) -> None:
    """What a library needs comes before it; so they can be imported again one after the other."""
    folder = place(lib_p____init__="", lib_p__sub="import lib_b")

    assert told(folder, "import lib_p.sub\nimport lib_a") == ["lib_p", "lib_b", "lib_p.sub", "lib_a"]


def test_modules_of_python_itself_are_told_too(place: Place) -> None:
    """They take their time as well."""
    assert "sched" in boots(place(), "import sched")["modules"]


def test_what_was_there_before_the_script_is_not_told(place: Place) -> None:
    """A zygote has it anyway."""
    assert not {"sys", "os", "json", "socket"} & set(boots(place(), "import json, os")["modules"])


def test_names_in_import_statements_are_told(place: Place) -> None:
    """The script's own and those of its helpers; what libraries import is their business."""
    folder = place(lib_p____init__="import lib_b", helper="from lib_a import __name__ as name")
    asked = boots(folder, "import helper\nfrom lib_p import __name__ as name")["asked"]

    assert [name for name in asked if name.startswith(("lib_", "helper"))] == ["lib_a", "lib_p"]


@pytest.mark.parametrize(
    ("files", "script"),
    [
        pytest.param({"helper": ""}, "import helper", id="beside-the-script"),
        pytest.param({"package____init__": "", "package__part": ""}, "import package.part", id="package"),
        pytest.param({"namespace__part": ""}, "import namespace.part", id="namespace-package"),
        pytest.param({"package____init__": "from . import part", "package__part": ""}, "import package", id="relative"),
    ],
)
def test_modules_of_the_users_own_are_never_told(place: Place, files: dict[str, str], script: str) -> None:
    """They are what changes between two generations."""
    assert told(place(**files), f"{script}\nimport lib_a") == ["lib_a"]


def test_an_editable_install_is_the_users_own(place: Place, tmp_path: Path) -> None:
    """Its folder is on the path, and outside site-packages: it is under development."""
    (tmp_path / "project" / "src" / "mine").mkdir(parents=True)
    (tmp_path / "project" / "src" / "mine" / "__init__.py").write_text("import lib_b")

    assert told(place(), "import mine, lib_a", "project/src") == ["lib_b", "lib_a"]


def test_a_module_made_at_run_time_is_not_told(place: Place) -> None:
    """Nobody could import it."""
    assert told(place(), "import sys, types\nsys.modules['made'] = types.ModuleType('made')\nimport lib_a") == ["lib_a"]


def test_a_debugger_is_never_told(place: Place) -> None:
    """A process that is debugged imports it by itself; no other one must have it, nor what pydevd brings with it."""
    modules = boots(place(), "import debugpy.server\nimport pydevd")["modules"]

    assert [name for name in modules if "debugpy" in name or "pydev" in name] == []


def test_modules_of_ours_are_never_told(place: Place) -> None:
    """Those that the real server brings along are put before each script anew."""
    script = """
        from azureml_inference_server_http.api.aml_request import rawhttp
        from azureml.contrib.services.aml_response import AMLResponse
        import lib_a
    """
    modules = told(place(), script)

    assert [name for name in modules if name.startswith(("amlemu", "azureml"))] == []
    assert modules[-1] == "lib_a"


@pytest.mark.parametrize(
    "change",
    [
        "os.environ['X'] = '1'",
        "os.environ.update(X='1')",
        "os.environ.setdefault('X', '1')",
        "os.environ.pop('HOME')",
        "del os.environ['HOME']",
        "os.environ |= {'X': '1'}",
        "os.environ.clear()",
        "os.environb[b'X'] = b'1'",
    ],
)
def test_what_is_imported_after_a_change_of_variables_is_not_told(place: Place, change: str) -> None:
    """The script may mean it for what comes next: OMP_NUM_THREADS before numpy."""
    imports = boots(place(), f"import os, lib_a\n{change}\nimport lib_b")

    assert ("lib_a" in imports["modules"], "lib_b" in imports["modules"]) == (True, False)
    assert "lib_b" not in imports["asked"]
    assert imports["is_cut"] is True


def test_a_variable_set_to_what_it_was_changes_nothing(place: Place) -> None:
    """Whoever sets what the deployment has set already waits for no other import."""
    assert told(place(), "import os\nos.environ['HOME'] = os.environ['HOME']\nimport lib_a") == ["lib_a"]


def test_a_change_that_no_import_follows_cuts_nothing(place: Place) -> None:
    """All that was imported is told."""
    imports = boots(place(), "import os, lib_a, lib_b\nos.environ['X'] = '1'")

    assert imports["is_cut"] is False
    assert {"lib_a", "lib_b"} <= set(imports["modules"])


@pytest.mark.parametrize(
    ("helper", "modules"),
    [
        pytest.param("import os\nos.environ['X'] = '1'", ["lib_a"], id="at-its-end"),
        pytest.param("__import__('os').environ['X'] = '1'", ["lib_a"], id="without-import-statement"),
        pytest.param("import os, lib_c\nos.environ['X'] = '1'\nimport lib_d", ["lib_a", "lib_c"], id="in-between"),
    ],
)
def test_a_change_in_a_helper_counts_as_well(place: Place, helper: str, modules: list[str]) -> None:
    """`import settings` at the top of a script is where people put such things."""
    assert told(place(helper=helper, lib_c="", lib_d=""), "import lib_a\nimport helper\nimport lib_b") == modules


def test_a_change_in_a_helper_of_a_helper_counts_as_well(place: Place) -> None:
    folder = place(helper="import lib_a\nimport deeper\nimport lib_b", deeper="import os\nos.environ['X'] = '1'")

    assert told(folder, "import helper") == ["lib_a"]


def test_a_change_in_init_counts_as_well(place: Place) -> None:
    script = """
        import os, lib_a
        def init():
            os.environ["X"] = "1"
            import lib_b
    """

    assert told(place(), script) == ["lib_a"]


@pytest.mark.parametrize("load", ["def load():\n    os.environ['X'] = '1'", "load = lambda: os.environ.update(X='1')"])
def test_a_library_that_is_called_to_change_variables_counts_as_well(place: Place, load: str) -> None:
    """As load_dotenv() of python-dotenv."""
    folder = place(lib_dotenv=f"import os\n{load}")

    assert told(folder, "import lib_dotenv\nlib_dotenv.load()\nimport lib_a") == ["lib_dotenv"]


@pytest.mark.parametrize("call", ["import_module('lib_b')", "__import__('lib_b')"])
def test_a_change_before_an_import_by_function_counts_as_well(place: Place, call: str) -> None:
    """importlib does not come by `__import__`."""
    folder = place(lib_b="import lib_c", lib_c="")
    script = f"import os, lib_a\nfrom importlib import import_module\nos.environ['X'] = '1'\n{call}"

    assert told(folder, script) == ["lib_a"]


def test_an_import_by_function_is_told(place: Place) -> None:
    folder = place(lib_b="import lib_c", lib_c="")

    assert told(folder, "import importlib, lib_a\nimportlib.import_module('lib_b')") == ["lib_a", "lib_c", "lib_b"]


def test_what_a_library_sets_while_it_is_imported_cuts_nothing(place: Place) -> None:
    """scikit-learn sets KMP_INIT_AT_FORK and the like; it would do so in a zygote, too."""
    folder = place(lib_k="import os\nos.environ.setdefault('KMP_X', 'true')\nimport lib_b")

    assert set(told(folder, "import lib_k\nimport lib_a")) == {"lib_k", "lib_b", "lib_a"}


def test_the_same_below_a_helper_cuts_nothing(place: Place) -> None:
    folder = place(lib_k="import os\nos.environ['KMP_X'] = 'true'", helper="import lib_k")

    assert told(folder, "import helper\nimport lib_a") == ["lib_k", "lib_a"]


LAZY = {"lib_joblib": "def load():\n    import lib_estimator", "lib_estimator": ""}
CALLS = """
    import os, lib_joblib
    def init():
        {change}
        lib_joblib.load()
"""


def test_what_a_library_imports_late_is_told(place: Place) -> None:
    """joblib.load() imports the model's package."""
    assert told(place(**LAZY), CALLS.format(change="...")) == ["lib_joblib", "lib_estimator"]


def test_what_a_library_imports_after_a_change_is_not_told(place: Place) -> None:
    assert told(place(**LAZY), CALLS.format(change="os.environ['X'] = '1'")) == ["lib_joblib"]


def test_an_import_that_fails_and_is_caught_does_no_harm(place: Place) -> None:
    """Many a library tries what may not be there."""
    script = "try:\n    import lib_none\nexcept ImportError: ...\nimport lib_a"

    assert told(place(), script) == ["lib_a"]


def test_a_thread_that_imports_does_not_disturb(place: Place) -> None:
    """Its imports are loaded like others; a change of variables is noticed by the main thread's next import."""
    script = """
        import threading, lib_a
        thread = threading.Thread(target=lambda: __import__("lib_b"))
        thread.start(); thread.join()
        import lib_c
    """

    assert told(place(lib_c=""), script) == ["lib_a", "lib_b", "lib_c"]


def test_a_boot_that_fails_tells_what_it_has_imported(place: Place) -> None:
    """The next generation is spared the wait all the same."""
    with child_of(place(), "import lib_a\n1 / 0") as child:
        assert child.boots().kind == protocol.FAILED
        assert child.imports["modules"][-1] == "lib_a"


def test_a_boot_tells_where_packages_lie(place: Place) -> None:
    """To see later whether any was installed; folders of the user's own are watched elsewhere."""
    folder = place()
    path = boots(folder, "import lib_a", "project")["path"]

    assert path[0] == str(folder / "env" / "site-packages")
    assert [entry for entry in path if entry.startswith(str(folder))] == path[:1]


def test_nobody_looks_on_once_the_script_has_booted(place: Place) -> None:
    """`__import__` is Python's own again."""
    with child_of(place(), "import builtins\nwhile_booting = repr(builtins.__import__)") as child:
        child.boots()
        child.is_asked(1, b"[while_booting, repr(builtins.__import__)]")
        before, after = json.loads(child.hears().body)

    assert before != after
    assert after == repr(__import__)


OWN_IMPORT = """
    import builtins, lib_a
    before, seen = builtins.__import__, []
    def own(*words, **more):
        seen.append(words[0])
        return before(*words, **more)
    builtins.__import__ = own
    import lib_b
"""


def test_an_import_function_of_the_scripts_own_stays(place: Place) -> None:
    """Tools that look on as we do put theirs in front; it survives the boot, and ours does nothing behind it."""
    with child_of(place(lib_c=""), OWN_IMPORT) as child:
        child.boots()
        child.is_asked(1, b"__import__('lib_c').__name__, builtins.__import__ is own, seen")
        name, is_own, seen = json.loads(child.hears().body)

    assert (name, is_own) == ("lib_c", True)
    assert {"lib_b", "lib_c"} <= set(seen)
    assert child.imports["modules"][-1] == "lib_b"
