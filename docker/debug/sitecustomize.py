"""
Runs in every Python of a container that has /opt/amlemu on its PYTHONPATH. Without AMLEMU_DEBUG it only hands on to the
sitecustomize that it hides.
"""

import importlib.machinery
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _look_out() -> None:
    """Wait for the inference server; whatever goes wrong, this Python goes on."""
    try:
        from amlemu_debug import server

        server.look_out()
    except Exception as error:
        sys.stderr.write(f"amlemu | no debugger here: {type(error).__name__}: {error}\n")


def _hand_on() -> None:
    """Run the sitecustomize of the image, as if this one were not there; what it raises is for Python to tell."""
    others = [folder for folder in sys.path if os.path.abspath(folder or os.getcwd()) != _HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if os.environ.get("AMLEMU_DEBUG"):
    _look_out()
_hand_on()
