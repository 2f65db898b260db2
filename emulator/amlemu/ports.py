"""
Listening sockets: bind one, and when the port is taken say by whom and which port is free.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from amlemu.errors import UsageError

_BACKLOG = 2048
_USUAL = {"--port": 5001, "--debug": 5678}


class PortTaken(UsageError):
    """Somebody else listens on `port` of `host`."""

    def __init__(self, what: str, *, host: str, port: int, **rest: str) -> None:
        self.host = host
        self.port = port
        super().__init__(what, **rest)


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name, or empty, which means all


def url_of(host: str, port: int) -> str:
    """Return an address that can be opened here, also where the server listens on all."""
    host = "127.0.0.1" if host in ("0.0.0.0", "") else f"[{host}]" if ":" in host else host  # noqa: S104
    return f"http://{host}:{port}"


def check(host: str, port: int, flag: str) -> int:
    """
    See whether somebody else can listen there for us; nobody can connect meanwhile. Raises what `listen` raises.

    Returns:
        The port; for 0 one that is free.
    """
    with _bind(host, port, flag) as probe:
        return int(probe.getsockname()[1])


def listen(host: str, port: int, flag: str = "--port") -> socket.socket:
    """
    Return a listening socket; connections wait in its backlog until somebody accepts them.

    Args:
        flag: says which port, in the hint.

    Raises:
        PortTaken: names its holder and a free one.
        UsageError: the address cannot be used.
    """
    listener = _bind(host, port, flag, _BACKLOG)
    listener.setblocking(False)
    return listener


def _bind(host: str, port: int, flag: str, backlog: int | None = None) -> socket.socket:
    """Return a socket at an address; it listens where a backlog is given."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        if backlog is not None:
            listener.listen(backlog)
    except (OSError, OverflowError) as error:
        listener.close()
        raise _refusal(host, port, flag, error) from error
    return listener


def _refusal(host: str, port: int, flag: str, error: Exception) -> UsageError:
    where = f"port {port}"
    if isinstance(error, OverflowError):
        return UsageError("no such port", where=where, expected="Ports are 0 to 65535.")
    if getattr(error, "errno", None) == errno.EADDRINUSE:
        holder = _holder(port)
        hint = f"Use {flag} {_free_port(host, port)}, or stop that process."
        what = f"taken by {holder}" if holder else "taken by another process"
        return PortTaken(what, host=host, port=port, where=where, hint=hint)
    if getattr(error, "errno", None) == errno.EACCES:
        return UsageError(
            "not allowed for this user", where=where, hint=f"Use a port above 1023, such as {_USUAL[flag]}."
        )
    reason = getattr(error, "strerror", None) or str(error)
    return UsageError(
        f"cannot listen there: {reason}", where=f"{host}:{port}", expected="Give an address of this machine."
    )


def _free_port(host: str, port: int) -> int:
    """Return a free port near the wanted one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in [*range(port + 1, min(port + 20, 65536)), 0]:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return 0


def _holder(port: int) -> str:
    """Say which process listens on `port`, as far as this system tells (Linux, own processes, or root)."""
    inodes = _listening_inodes(port)
    if not inodes:
        return ""
    for process in sorted(
        Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)
    ):  # the parent before its workers
        if not inodes.isdisjoint(_open_files(process)):
            return f"pid {process.name} ({_command(process)})"
    return ""


def _open_files(process: Path) -> Iterator[str]:
    with contextlib.suppress(OSError):  # it has ended, or is another user's
        for entry in os.listdir(process / "fd"):
            with contextlib.suppress(OSError):  # this one has just been closed
                yield os.readlink(process / "fd" / entry)


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found


def _command(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:  # it has just ended
        return "ended"
    return " ".join(word for word in words if word)[:80]
