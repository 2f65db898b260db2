"""The pages say what is so: snippets run, names exist, lists are complete, links lead somewhere."""

from __future__ import annotations

import re
import runpy
import signal
import socket
import tempfile
from pathlib import Path

import pytest
from amlemu import cli, once
from amlemu.settings import COMMANDS

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PAGES = [REPOSITORY / name for name in ("README.md", "CHANGELOG.md")] + sorted((REPOSITORY / "docs").rglob("*.md"))
CLICKS_OWN = {"--help", "--version"}
CURLS = {"--data-binary"}
AZURES = {"--entry_script", "--model_dir", "--port", "--local"}


def blocks(language):
    """Return the fenced blocks of the README in one language, in order."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return [text for name, text in found if name == language]


def normal(text):
    """Take out what differs from run to run: numbers that are measured, places, the lines that point at columns."""
    text = re.sub(r"\d+(\.\d+)? ms", "N ms", text)
    text = re.sub(r"(serves|python  ) \S+(?=/score\.py|,)", r"\1 PLACE", text)
    text = re.sub(r'File ".*/score\.py"', 'File "score.py"', text)
    text = re.sub(r"(?m)^(  tree     ).*", r"\1PLACE", text)  # another one for root
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return [line for line in text.splitlines() if not re.fullmatch(r"[ ~^]+", line)]


# the README


def test_the_readmes_session_is_what_is_seen(write, start, tmp_path):
    """Its score.py is served; the start block and the two request lines come out as printed there."""
    write("score.py", blocks("python")[0])
    session, requests, answer = blocks("")
    command = start("serve", "score.py", "--port", "0")
    port = command.port
    for body in (b'{"data": [1, 2, 3]}', b'{"dat": [1]}'):
        told = raw_post(port, body)
    command.until_said("KeyError: 'data'")
    command.send(signal.SIGTERM)
    ended = command.finish()

    said = normal(ended.out) + normal(ended.err)
    assert said[:-1] == normal(session)[1:] + normal(requests)
    assert head_and_body(told) == head_and_body(answer)


def raw_post(port, body):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        head = (
            f"POST /score HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        client.sendall(head.encode() + body)
        return b"".join(iter(lambda: client.recv(65536), b"")).decode().replace("\r\n", "\n")


def head_and_body(answer):
    return re.sub(r"(Date|x-request-id|x-ms-request-id): .*", r"\1: *", answer).strip().splitlines()


def test_the_readmes_python_runs(write, tmp_path, monkeypatch, capsys):
    """With the README's own score.py beside it."""
    script, program = blocks("python")
    write("score.py", script)
    monkeypatch.chdir(tmp_path)
    exec(compile(program, "README.md", "exec"), {})

    assert capsys.readouterr().out == "{'sum': 6}\n"


def test_the_readmes_make_words_are_targets():
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    words = re.findall(r"^make (\w+)", "\n".join(blocks("sh")), re.MULTILINE)

    assert set(words) == {"serve", "test"}
    for word in words:
        assert re.search(rf"^{word}:", makefile, re.MULTILINE)


def test_the_exit_codes_are_those_of_the_command_line():
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}

    assert told == {0, cli.EXIT_FAILURE, cli.EXIT_USAGE, once.EXIT_BOOT, cli.EXIT_INTERRUPTED}


# all pages


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_flags_that_are_mentioned_exist(page):
    known = {setting.flag for settings in COMMANDS.values() for setting in settings} | CLICKS_OWN | CURLS | AZURES
    mentioned = set(re.findall(r"(?<![\w-])--[a-z][a-z_-]*", page.read_text(encoding="utf-8")))

    assert mentioned - known == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_no_machine(page):
    text = page.read_text(encoding="utf-8")

    assert [place for place in (REPOSITORY, tempfile.gettempdir()) if f"{place}/" in text] == []


# pages about the code


def test_the_map_names_every_module():
    """docs/architecture.md, and nothing that does not exist but is not called planned."""
    page = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = page.partition("## The map")[2].partition("Planned:")[0]
    modules = {
        path.name
        for path in (REPOSITORY / "emulator" / "amlemu").rglob("*.py")
        if not path.name.startswith("__") and path.parent.name != "compat"  # drawn as a whole
    }

    assert set(re.findall(r"\b[a-z_]+\.py\b", drawn)) == modules


def test_the_layers_are_those_that_are_enforced():
    page = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^ (\d) \w+(?: \w+)? {2,}([a-z ]+?)(?: {2,}.*)?$", page, re.MULTILINE))
    layers = runpy.run_path(str(REPOSITORY / "tests" / "test_layers.py"))["LAYERS"]
    package = REPOSITORY / "emulator" / "amlemu"
    existing = [{n for n in names if (package / n).is_dir() or (package / f"{n}.py").is_file()} for names in layers]

    for number, names in enumerate(existing):
        assert set(rows.get(str(number), "").split()) == names - {"__main__"}


def test_the_fidelity_page_counts_the_rows_that_are_held():
    page = (REPOSITORY / "docs" / "fidelity.md").read_text(encoding="utf-8")
    told = {section: int(count) for section, count in re.findall(r"^\| ([\w. ]+?) \| (\d+) \|", page, re.MULTILINE)}
    sections = runpy.run_path(str(REPOSITORY / "tests" / "contract" / "rows.py"))["_SECTIONS"]

    assert told == {section: len(rows) for section, rows in sections.items()}


def test_the_fidelity_page_has_every_kind_of_exemption():
    """One line for each target and kind; the list in the code has the cases."""
    page = (REPOSITORY / "docs" / "fidelity.md").read_text(encoding="utf-8")
    told = {
        (where, kind.replace(" ", "-"))
        for where, kind in re.findall(r"^\| (\w+) \| .+ \| ([\w ]+) \|$", page, re.MULTILINE)
    }
    exemptions = runpy.run_path(str(REPOSITORY / "tests" / "contract" / "exemptions.py"))["EXEMPTIONS"]

    assert told >= {(exemption.targets[0], exemption.kind) for exemption in exemptions}
    assert {kind for _, kind in told} <= {exemption.kind for exemption in exemptions} | {"kind", "what"}  # headings


def test_the_changelog_keeps_its_form():
    """Unreleased first; in each version Fidelity comes first, then Keep a Changelog's own headings."""
    text = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    order = ["Fidelity", "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]

    assert versions[0].startswith("[Unreleased]")
    for version in versions:
        headings = re.findall(r"^### (\w+)$", version, re.MULTILINE)
        assert headings == sorted(headings, key=order.index)
