"""
The first file that runs in a worker: opens the guest half of amlemu in a foreign interpreter, then hands over.

Run as `python bootstrap.py ROLE LIFELINE FILE...`: the module of this folder whose `main` is called, with inherited file descriptors. The
interpreter need not have amlemu installed; nothing is put on `sys.path` or in PYTHONPATH, so the script sees exactly what its environment has.
"""

import sys


def open_guest_half():  # type: ignore[no-untyped-def]
    """Make `import amlemu.scoring...` work from the files beside this one."""
    import importlib.util
    import os

    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    initial = os.path.join(root, "__init__.py")
    spec = importlib.util.spec_from_file_location("amlemu", initial, submodule_search_locations=[root])
    package = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    sys.modules["amlemu"] = package
    spec.loader.exec_module(package)  # type: ignore[union-attr]


def leave_debugger(code):  # type: ignore[no-untyped-def]
    """End with all that a process does at its end, but for Python's own: it may wait for locks that pydevd's threads hold (observed)."""
    import atexit
    import os
    import threading

    atexit.unregister(sys.modules["pydevd"].stoptrace)  # it takes a second; the adapter sees that we are gone
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001
    atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
    os._exit(code & 0xFF)


if __name__ == "__main__":
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]  # this folder: not the script's business
    role, lifeline, *files = sys.argv[1], *map(int, sys.argv[2:])
    sys.argv[:] = ["azmlinfsrv"]
    open_guest_half()  # type: ignore[no-untyped-call]
    from amlemu.worker.lifeline import hold

    hold(lifeline)
    if role == "child":
        from amlemu.worker.child import main
    elif role == "zygote":
        from amlemu.worker.zygote import main  # type: ignore[assignment]
    else:
        from amlemu.worker.anchor import main  # type: ignore[assignment]

    try:
        code = main(*files)
    except SystemExit as end:  # a signal's, before the script was reached
        code = end.code if isinstance(end.code, int) else 1
    if "pydevd" in sys.modules:
        leave_debugger(code)  # type: ignore[no-untyped-call]
    sys.exit(code)
