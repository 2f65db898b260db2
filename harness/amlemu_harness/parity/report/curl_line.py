"""
A request as a line for a shell, to be asked again by hand: curl where curl sends just that, else printf into nc.

The other way round is `cases/curl.py`. Secrets are not in it.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from amlemu_harness.parity.report.secrecy import masked
from amlemu_harness.parity.wire import Headers, Sent

_LONG_BYTES = 4000
_REQUEST = re.compile(rb"([A-Z]+) (/[!-~]*) HTTP/1\.([01])")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([ -~]*)")
_PLAIN = re.compile(rb"[ -&(-~]")
_LOCAL_HOSTS = ("localhost", "127.0.0.1")


@dataclass(frozen=True)
class Asked:
    """A line to paste; `note` says what its file has to hold where a body is too long for a line."""

    line: str
    note: str = ""


@dataclass(frozen=True)
class _Head:
    method: str
    target: str
    version: str
    headers: Headers

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


def curl_line(sent: Sent, host: str = "localhost", port: int = 5001) -> Asked:
    """Return a line that sends a request to a server that has been started by hand; 5001 is both servers' port."""
    raw = masked(sent.raw)
    head, end, body = raw.partition(b"\r\n\r\n")
    read = _read(head) if end else None
    if read is None or sent.rest or sent.half_close or sent.leaves:
        return _by_nc(sent, raw, host, port)
    body += sent.after_continue if read.values("expect") else b""
    if not _is_framed_by_curl(read, body):
        return _by_nc(sent, raw, host, port)
    return _by_curl(read, body, f"http://{host}:{port}")


def _read(head: bytes) -> _Head | None:
    """Read a head; None where curl would not send it so."""
    first, *lines = head.split(b"\r\n")
    request, headers = _REQUEST.fullmatch(first), [_HEADER.fullmatch(line) for line in lines]
    if request is None or None in headers:
        return None
    pairs = tuple((one[1].decode(), one[2].decode()) for one in headers if one is not None)
    return _Head(request[1].decode(), request[2].decode(), request[3].decode(), pairs)


def _is_framed_by_curl(head: _Head, body: bytes) -> bool:
    lengths = head.values("content-length")
    is_as_long = lengths == [str(len(body))] or (not lengths and not body)
    return is_as_long and not head.values("transfer-encoding") and len(head.values("host")) == 1


def _by_curl(head: _Head, body: bytes, url: str) -> Asked:
    words = ["curl", "-i", *(["--http1.0"] if head.version == "0" else [])]
    has_body = bool(head.values("content-length"))
    if head.method == "HEAD":
        words.append("--head")
    elif head.method != ("POST" if has_body else "GET"):
        words += ["-X", head.method]
    if re.search(r"/\.\.?(/|$|\?)", head.target):
        words.append("--path-as-is")
    if re.search(r"[\[\]{}]", head.target):
        words.append("-g")
    words.append(shlex.quote(url + head.target))
    words += [word for header in _headers(head, has_body=has_body) for word in ("-H", shlex.quote(header))]
    if not has_body:
        return Asked(" ".join(words))
    if len(body) > _LONG_BYTES:
        note = f"body.bin: the {len(body):,} bytes of its body; --json has them"
        return Asked(" ".join([*words, "--data-binary", "@body.bin"]), note)
    text = _readable(body)
    if text is None:
        return Asked(" ".join([_printf(body), "|", *words, "--data-binary", "@-"]))
    return Asked(" ".join([*words, "--data-binary", shlex.quote(text)]))


def _headers(head: _Head, *, has_body: bool) -> list[str]:
    """Return what -H is given: the request's own headers, and an empty one for each that curl would add."""
    shown = [
        f"{name}: {value}" if value else f"{name};"
        for name, value in head.headers
        if name.lower() != "content-length" and not (name.lower() == "host" and value in _LOCAL_HOSTS)
    ]
    of_curl = ["User-Agent", "Accept", *(["Content-Type"] if has_body else [])]
    return shown + [f"{name}:" for name in of_curl if not head.values(name.lower())]


def _readable(body: bytes) -> str | None:
    """Return a body that can be an argument: printable, and no name of a file to curl."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() and not text.startswith("@") else None


def _by_nc(sent: Sent, raw: bytes, host: str, port: int) -> Asked:
    nc = f"nc{' -N' if sent.half_close else ''} {host} {port}"
    parts = [part for part in (raw + sent.after_continue, sent.rest) if part]
    length = sum(map(len, parts))
    if length > _LONG_BYTES:
        return Asked(f"{nc} < request.bin", f"request.bin: the {length:,} bytes of the request; --json has them")
    if len(parts) == 2:
        return Asked(f"({_printf(parts[0])}; sleep {sent.pause_s:g}; {_printf(parts[1])}) | {nc}")
    return Asked(f"{_printf(b''.join(parts))} | {nc}")


def _printf(content: bytes) -> str:
    """Write any bytes so that every shell's printf gives them."""
    special = {ord("%"): "%%", ord("\\"): r"\\", ord("\n"): r"\n", ord("\r"): r"\r"}
    signs = (special.get(one) or (chr(one) if _PLAIN.fullmatch(bytes([one])) else f"\\{one:03o}") for one in content)
    return f"printf '{''.join(signs)}'"
