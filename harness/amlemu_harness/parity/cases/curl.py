"""
A text with curl commands, as requests: what curl would send, its own headers and their order included.

Source of curl's habits: observed on curl 7.88; that 8 asks for `100 Continue` from 1 MB on only, with -T too: assumed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path

from amlemu.azure.paths import meant
from amlemu.errors import UsageError

from amlemu_harness.parity.case import Case
from amlemu_harness.parity.cases import files, forms
from amlemu_harness.parity.cases.command_lines import Command, commands
from amlemu_harness.parity.cases.curl_body import DATA, FORM, Load, as_bytes, data, parts, urlencoded
from amlemu_harness.parity.cases.curl_options import RefusedError, scan
from amlemu_harness.parity.cases.headers import breaks, is_secret, is_token
from amlemu_harness.parity.cases.routes import scoring_target, without_service
from amlemu_harness.parity.wire import Sent

_AGENT = "curl/8.5.0"
_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_ASKS_FIRST = 1024 * 1024  # bytes from which on curl asks whether it may send them
_ENCODINGS = "deflate, gzip"  # what every build of curl has; others add br and zstd
_LOCAL = ("localhost", "host.docker.internal", "0.0.0.0")  # noqa: S104 - what people write, not what is bound
_SCHEME = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_VARIABLE = r"\$\{[^}]*\}|\$\([^)]*\)|`[^`]*`|\$\w+|%\w+%|<[^>]*>|\{\{[^}]*\}\}"
_HOST = re.compile(rf"(?:{_VARIABLE}|[^/?#])*")
_IS_VARIABLE = re.compile(_VARIABLE)

Pairs = list[tuple[str, str]]


def read(path: Path, text: str, name: str = "", remark: files.Remark = files.unheard) -> list[Case]:
    """
    Return a case for each address that is asked, but for those of other hosts which are no scoring address.

    Raises:
        UsageError: an option or file that is not there, a quote that is not closed, with the line; or no case remains.
    """
    cases: list[Case] = []
    passed = 0
    for command in commands(path, text):
        for sent in _played(path, command):
            if sent is None:
                passed += 1
            else:
                cases.append(Case(f"{name or path.name} #{len(cases) + 1}", files.place(path, command.line), (sent,)))
    if not cases:
        what = (
            f"none of its {passed} curl requests goes to a scoring route"
            if passed
            else "no curl command in it asks anything"
        )
        raise UsageError(
            what, where=files.place(path), expected="curl http://localhost:5001/score -d @request.json, and the like."
        )
    if passed:
        remark(
            f"{passed} of {len(cases) + passed} requests are left out of {files.place(path)}: they go to no scoring route"
        )
    return cases


def _played(path: Path, command: Command) -> Iterator[Sent | None]:
    """Yield the requests of a command, None for each that goes elsewhere."""
    where = files.place(path, command.line)

    def load(named: str) -> bytes:
        return _loaded(path, command, named, where)

    try:
        for pairs in scan(command.words):
            for _, url in (pair for pair in pairs if pair[0] == "url"):
                target = _target(url)
                yield None if target is None else _sent(target, pairs, load)
    except RefusedError as error:
        raise UsageError(str(error), where=where, expected=error.expected) from error


def _loaded(path: Path, command: Command, named: str, where: str) -> bytes:
    """Return a file that the command names: beside the text, or where one stands now."""
    if named == "-" and not command.stdin_file:
        if command.stdin is None:
            raise UsageError(
                "it reads what another command gives it", where=where, hint="Name a file instead: -d @request.json."
            )
        return command.stdin
    named = command.stdin_file if named == "-" else named
    places = [path.parent / named, Path.cwd() / named]
    found = next((one for one in places if one.is_file()), None)
    if found is None:
        raise UsageError(f"it sends {named}, which is not there", where=where, hint=meant(places[0], Path.cwd()))
    return files.content_of(found)


def _target(url: str) -> str | None:
    """
    Return what is asked of the server; None for an address elsewhere that is no scoring route.

    A host that only a variable says is the server, and an address that is one variable alone is its scoring address: so have
    Azure's pages it, `curl $SCORING_URI`.
    """
    scheme = _SCHEME.match(url)
    url = url[scheme.end() :] if scheme else url
    host = (_HOST.match(url) or [""])[0]
    target = url[len(host) :].partition("#")[0]
    if re.search(r"[\s\0-\x1f\x7f]", target):
        raise RefusedError("its address has a blank in it", "A blank is %20.")
    if not scheme and _IS_VARIABLE.fullmatch(host) and not target.startswith("/"):
        target = f"/score{target}"
    target = target if target.startswith("/") else f"/{target}"
    is_ours = _IS_VARIABLE.search(host) is not None or _is_local(host)
    return without_service(target) if is_ours else scoring_target(target)


def _is_local(host: str) -> bool:
    name = re.sub(r":\w*$", "", host.rpartition("@")[2]).strip("[]").lower()
    try:
        return name in _LOCAL or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name.endswith(".localhost")


def _sent(target: str, pairs: Pairs, load: Load) -> Sent:
    given = dict(pairs)
    asked = {name for name, _ in pairs}
    target = _with_query(target, pairs, load)
    body, kind = _body(pairs, load)
    method = "POST" if body is not None else "GET"
    if "get" in asked:
        method = "GET"
    if "upload-file" in asked:
        method, body = "PUT", load(given["upload-file"])
        target += Path(given["upload-file"]).name if target.endswith("/") else ""
    method = given.get("request") or ("HEAD" if "head" in asked else method)
    if not is_token(method):
        raise RefusedError(f"{method!r} is no method")
    target = given.get("request-target") or target
    return _written(method, target, _headers(pairs, load, body, kind), body, "1.0" if "http1.0" in asked else "1.1")


def _with_query(target: str, pairs: Pairs, load: Load) -> str:
    """Add what -G and --url-query put there."""
    queries = [urlencoded(value, load) for name, value in pairs if name == "url-query"]
    if any(name == "get" for name, _ in pairs):
        queries += [data(pairs, load) or b""]
    for query in filter(None, queries):
        target += ("&" if "?" in target else "?") + query.decode("utf-8", "surrogateescape")
    if re.search(r"[\s\0]", target):
        raise RefusedError("its query has a blank in it", "--data-urlencode writes it as a query has it.")
    return target


def _body(pairs: Pairs, load: Load) -> tuple[bytes | None, str]:
    """Return the body and the type that curl gives it."""
    names = {name for name, _ in pairs}
    if "get" in names:
        return None, ""
    if not names & set(FORM):
        return data(pairs, load), _URLENCODED if names & set(DATA) else ""
    if names & set(DATA):
        raise RefusedError("it has both a form and other data", "curl takes either -F or -d.")
    own = next((value for name, value in _own_headers(pairs, load) if name.lower() == "content-type"), "") or _MULTIPART
    disposition = "form-data" if own.lower().startswith(_MULTIPART) else "attachment"
    body = forms.multipart(parts(pairs, load), disposition=disposition)
    return body, f"{own}; boundary={forms.BOUNDARY}"


def _own_headers(pairs: Pairs, load: Load) -> list[tuple[str, str | None]]:
    """Return those of -H, and --json's after them; None as a value takes one away that curl would send."""
    lines = [value for name, value in pairs if name == "header" and not value.startswith("@")]
    for _, value in (pair for pair in pairs if pair[0] == "header" and pair[1].startswith("@")):
        lines += load(value[1:]).decode("utf-8", "surrogateescape").splitlines()
    found = [header for line in lines if (header := _header(line)) is not None]
    if any(name == "json" for name, _ in pairs):
        there = {name.lower() for name, _ in found}
        found += [(name, "application/json") for name in ("Content-Type", "Accept") if name.lower() not in there]
    return found


def _header(line: str) -> tuple[str, str | None] | None:
    """Read `Name: value`, `Name:` (take it away) and `Name;` (send it empty); all else curl does not send."""
    name, colon, value = line.partition(":")
    if not colon and line.rstrip().endswith(";"):
        name, colon, value = line.rstrip()[:-1], ":", ""
    elif not value.strip():
        return (name.strip(), None) if colon else None
    if breaks(value) or not is_token(name.strip()):
        raise RefusedError(f"{name.strip()!r} is no header of one line")
    return name.strip(), value.strip()


def _headers(pairs: Pairs, load: Load, body: bytes | None, kind: str) -> list[tuple[str, str]]:
    """Return all headers in curl's order."""
    own = _own_headers(pairs, load)
    given, names = dict(pairs), {name.lower() for name, _ in own}
    first = [
        ("Host", "localhost"),
        ("Range", f"bytes={given['range']}" if given.get("range") else ""),
        ("User-Agent", given.get("user-agent", _AGENT)),
        ("Accept", "*/*"),
        ("Accept-Encoding", _ENCODINGS if "compressed" in given else ""),
        ("Referer", given.get("referer", "").partition(";")[0]),
    ]
    found = [(name, value) for name, value in first if value and name.lower() not in names]
    host = [(name, value) for name, value in own if name.lower() == "host" and value]
    is_form = kind.startswith(_MULTIPART) or "boundary=" in kind
    late = {"host", "content-type"} if is_form else {"host"}
    found = host[-1:] + found
    found += [
        (name, value) for name, value in own if value is not None and name.lower() not in late and not is_secret(name)
    ]
    return found + _of_the_body(names, body, kind, is_form)


def _of_the_body(names: set[str], body: bytes | None, kind: str, is_form: bool) -> list[tuple[str, str]]:
    if body is None:
        return []
    found = []
    if not names & {"content-length", "transfer-encoding"}:
        found.append(("Content-Length", str(len(body))))
    if kind and (is_form or "content-type" not in names):
        found.append(("Content-Type", kind))
    if len(body) > _ASKS_FIRST and "expect" not in names:
        found.append(("Expect", "100-continue"))
    return found


def _written(method: str, target: str, headers: list[tuple[str, str]], body: bytes | None, version: str) -> Sent:
    lines = [
        f"{method} {target} HTTP/{version}",
        *(f"{name}: {value}" if value else f"{name}:" for name, value in headers),
    ]
    head = as_bytes("\r\n".join(lines) + "\r\n\r\n")
    sent = body or b""
    by_name = {name.lower(): value.lower() for name, value in headers}
    if "chunked" in by_name.get("transfer-encoding", "") and body is not None:
        sent = (b"%x\r\n%b\r\n" % (len(sent), sent) if sent else b"") + b"0\r\n\r\n"
    if by_name.get("expect") == "100-continue":
        return Sent(head, after_continue=sent)
    return Sent(head + sent)
