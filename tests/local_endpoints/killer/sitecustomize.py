"""
Kills this process at its n-th step; a step is what changes something that others can see.

The file KILLED_ARMED says whom and when, `keeper:7`, while it is there; the file KILLED_MARK says afterwards that it has happened.
"""

import os
import signal
import sys

_STEPS = ("os.rename", "os.rmdir", "os.remove", "subprocess.Popen")
_OF_COMMANDS = ("socket.connect",)


def _role() -> str:
    words = " ".join(sys.orig_argv)
    if "local_endpoints import keeper" in words:
        return "keeper"
    return "command" if "-m amlemu " in words else ""


def _is_step(event: str, arguments: tuple[object, ...]) -> bool:
    if event == "os.mkdir":
        return not os.path.exists(str(arguments[0]))
    return event in _STEPS or (event in _OF_COMMANDS and _role() == "command")


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if not _is_step(event, arguments):
        return
    try:
        with open(os.environ["KILLED_ARMED"]) as file:
            whom, number = file.read().split(":")
    except (OSError, ValueError):
        return
    if whom != _role():
        return
    _seen[number] = _seen.get(number, 0) + 1
    if _seen[number] == int(number):
        descriptor = os.open(os.environ["KILLED_MARK"], os.O_WRONLY | os.O_CREAT)
        os.write(descriptor, f"{event} {arguments!r}".encode())
        os.kill(os.getpid(), signal.SIGKILL)


_seen: dict[str, int] = {}
if "KILLED_ARMED" in os.environ and _role():
    sys.addaudithook(_hook)
