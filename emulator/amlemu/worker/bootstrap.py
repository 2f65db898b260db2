"""
The first file that runs in a worker: opens the guest half of amlemu in a foreign interpreter, then hands over.

Run as `python bootstrap.py ROLE FILE...`: the module of this folder whose `main` is called, with inherited file descriptors. The
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


if __name__ == "__main__":
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]  # this folder: not the script's business
    role, files = sys.argv[1], [int(word) for word in sys.argv[2:]]
    sys.argv[:] = ["azmlinfsrv"]
    open_guest_half()  # type: ignore[no-untyped-call]
    if role == "child":
        from amlemu.worker.child import main
    elif role == "zygote":
        from amlemu.worker.zygote import main  # type: ignore[assignment]
    else:
        from amlemu.worker.anchor import main  # type: ignore[assignment]

    code = main(*files)
    if role == "anchor":
        from os import _exit

        _exit(code)  # pydevd's threads have been seen to hold locks that Python's own end waits for
    sys.exit(code)
