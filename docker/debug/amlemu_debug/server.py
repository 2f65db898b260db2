"""
Finds the inference server among the Pythons of a container, and the moment before it loads the script.

That is gunicorn's `BaseApplication.wsgi`: in the worker, or with WORKER_PRELOAD in the master, whose forks pydevd follows by itself.

Source: gunicorn 20.1.0 and 27.0.1, app/base.py; azureml-inference-server-http 0.7.7, 0.8.4.2, 1.5.1, amlserver_linux.py (read 2026-11).
"""

from __future__ import annotations

import functools
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

from amlemu_debug import port
from amlemu_debug.port import Wish, say

_APPLICATION = "gunicorn.app.base"


def look_out() -> None:
    """Be there when this Python imports gunicorn; most never do."""
    sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds gunicorn's application where it is, and sees it loaded."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != _APPLICATION:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_change(module: Any) -> None:
                load(module)
                _change(module.BaseApplication)

            spec.loader.exec_module = load_and_change  # type: ignore[method-assign]
        return spec


def _change(application: Any) -> None:
    load_config, wsgi = application.do_load_config, application.wsgi
    wishes: list[Wish] = []  # at most one; the variables are gone once they are read

    @functools.wraps(load_config)
    def load_config_and_rule(self: Any) -> None:
        load_config(self)
        if _is_server():
            wishes.extend(Wish.taken_from(os.environ))
            if wishes:
                _rule(self.cfg)

    @functools.wraps(wsgi)
    def listen_and_load(self: Any) -> Any:
        if self.callable is None and wishes:
            port.open_for_editors(wishes[0])
        return wsgi(self)

    application.do_load_config, application.wsgi = load_config_and_rule, listen_and_load


def _is_server() -> bool:
    """Tell it from another gunicorn, which a script may have started. Older images run gunicorn on /var/azureml-server."""
    return "azureml_inference_server_http" in sys.modules or any("azureml-server" in word for word in sys.argv)


def _rule(cfg: Any) -> None:
    """One worker, as one port has room for no more; and gunicorn must not take one that stands at a breakpoint for dead."""
    if cfg.workers != 1:
        say(f"one worker in place of {cfg.workers}, for the debugger")
    cfg.set("workers", 1)
    cfg.set("timeout", 0)
