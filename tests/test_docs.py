"""The pages say what is so: snippets run, names exist, lists are complete, links lead somewhere."""

from __future__ import annotations

import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from amlemu import cli, endpoint_settings, once, profile_file, service_settings
from amlemu import settings as of_amlemu
from amlemu_harness import settings as of_harness

from .doctor import rules
from .parity import examples, kept, zoo

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PROFILES = (REPOSITORY / "docs" / "profiles.md").read_text(encoding="utf-8")
COMMANDS = {**of_amlemu.COMMANDS, **endpoint_settings.COMMANDS, **service_settings.COMMANDS, **of_harness.COMMANDS}
PAGES = [REPOSITORY / name for name in ("README.md", "CHANGELOG.md")] + sorted((REPOSITORY / "docs").rglob("*.md"))
CLICKS_OWN = {"--help", "--version"}
CURLS = {"--data-binary"}
AZURES = {"--endpoint", "--entry_script", "--model_dir", "--port", "--local", "--ic", "--dc"}
DOCKERS = {"--name", "--rm"}
PYTESTS = {"--pdb", "--cov", "--amlemu-target", "--amlemu-profile", "--amlemu-update", "--amlemu-require-container"}


CRASHES = (
    "import ctypes\n"
    + "\n" * 3
    + "def init():\n    pass\n"
    + "\n" * 4
    + "def run(data):\n    return ctypes.string_at(0)\n"
)
WAITS = "import time\n{}def wait_for(seconds):\n    time.sleep(seconds)\n{}def run(data):\n    wait_for(5)\n".format(
    "\n" * 4 + "def init():\n    pass\n" + "\n" * 3, "\n" * 4
)


def blocks(language):
    """Return the fenced blocks of the README in one language, in order."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return [text for name, text in found if name == language]


def normal(text):
    """Take out what differs from run to run: numbers that are measured, places, the lines that point at columns."""
    text = re.sub(r"\d+(\.\d+)? ms", "N ms", text)
    text = re.sub(r"within \d+\.\d s", "within N s", text)
    text = re.sub(r"(serves|python  ) \S+(?=/score\.py|,)", r"\1 PLACE", text)
    text = re.sub(r'File ".*/score\.py"', 'File "score.py"', text)
    text = re.sub(r"(?m)^(  tree     ).*", r"\1PLACE", text)  # another one for root
    text = re.sub(r"on save in .+ \(", "on save in PLACE (", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return [line for line in text.splitlines() if not re.fullmatch(r"[ ~^]+", line)]


# the README


def test_the_readmes_session_is_what_is_seen(write, start, tmp_path):
    """Its score.py is served; the start block and the two request lines come out as printed there."""
    write("score.py", blocks("python")[0])
    session, requests, answer = blocks("")[:3]
    command = start("serve", "score.py", "--port", "0", CI="")  # at a desk
    port = command.port
    for body in (b'{"data": [1, 2, 3]}', b'{"dat": [1]}'):
        told = raw_post(port, body)
    command.until_said("KeyError: 'data'")
    command.send(signal.SIGTERM)
    ended = command.finish()

    said = normal(ended.out) + normal(ended.err)
    assert said[:-1] == normal(session)[1:] + normal(requests)
    assert head_and_body(told) == head_and_body(answer)


def test_the_readmes_line_about_a_deadline_is_what_is_seen(write, start):
    """With a script whose run() waits in another function, on the lines that the README names."""
    write("score.py", WAITS)
    command = start("serve", "score.py", "--port", "0", "--set", "limits.request_timeout_ms=300", "--grace", "1")
    raw_post(command.port, b'{"data": [1]}')
    command.until_said("still in run()")
    command.send(signal.SIGTERM)

    assert normal(blocks("")[5]) == [line for line in normal(command.finish().err) if "408" in line or "still" in line]


def test_the_readmes_line_about_a_save_is_what_is_seen(write, start):
    """Its score.py is saved once more."""
    script = write("score.py", blocks("python")[0])
    command = start("serve", "score.py", "--port", "0", CI="")
    assert command.port
    script.write_text(blocks("python")[0] + "\n")
    command.until_said("generation 2 serves")

    assert normal(blocks("")[3])[0] in normal(command.err)


def test_the_readmes_line_about_a_crash_is_what_is_seen(write, start):
    """With a script whose run() lets C code crash, on the line that the README names."""
    write("score.py", CRASHES)
    command = start("serve", "score.py", "--port", "0")
    raw_post(command.port, b"{}")
    command.until_said("A new one starts.")

    [told] = [line for line in normal(command.err) if "A new one starts." in line]
    assert re.sub(r"\d+", "N", told) == re.sub(r"\d+", "N", blocks("")[4].strip())


def raw_post(port, body):
    """Return the answer as text; the connection stays open where the profile keeps it."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        head = (
            f"POST /score HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        client.sendall(head.encode() + body)
        told = b""
        while not is_whole(told) and (data := client.recv(65536)):
            told += data
        return told.decode().replace("\r\n", "\n")


def is_whole(told):
    head, blank, body = told.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(blank and length and len(body) >= int(length[1]))


def head_and_body(answer):
    return re.sub(r"(Date|x-request-id|x-ms-request-id): .*", r"\1: *", answer).strip().splitlines()


def test_the_readmes_python_runs(write, tmp_path, monkeypatch, capsys):
    """With the README's own score.py beside it."""
    script, _, _, program = blocks("python")
    write("score.py", script)
    monkeypatch.chdir(tmp_path)
    exec(compile(program, "README.md", "exec"), {})

    assert capsys.readouterr().out == "{'sum': 6}\n"


def test_the_readmes_words_of_2020_run(write, tmp_path, monkeypatch, capsys):
    """With the README's own score.py, and a file that stands for a model; a port of the system's choice."""
    script, _, words, _ = blocks("python")
    write("score.py", script)
    write("my_model.pkl", "a model")
    monkeypatch.chdir(tmp_path)
    found = {}
    try:
        exec(compile(words.replace("port=8890", ""), "README.md", "exec"), found)
    finally:
        if "service" in found:  # it would outlive us
            found["service"].delete()

    assert capsys.readouterr().out.splitlines()[-1] == "{'sum': 6}"


def test_the_readmes_tests_run_and_fail_as_printed(write, tmp_path):
    """Beside the README's own score.py; without an engine, and with a test that fails."""
    script, tests, _, _ = blocks("python")
    write("score.py", script)
    write("test_score.py", tests + '\n\ndef test_failing(scoring_client):\n    scoring_client.score({"dat": [1]})\n')
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error"]
    environment = {**os.environ, "DOCKER_HOST": "unix:///nowhere/docker.sock"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert "1 failed, 2 passed, 1 skipped" in done.stdout, done.stdout
    [told] = [text for text in blocks("text") if "ScoringFailed" in text]
    shown = [line for line in normal(done.stdout) if line.startswith("E ") and not re.fullmatch(r"E[ ~^]+", line)]
    assert shown == normal(told)


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
    settings = [setting for command in COMMANDS.values() for setting in command]
    known = (
        {word for one in settings for word in (one.flag, one.no_flag)} | CLICKS_OWN | CURLS | AZURES | DOCKERS | PYTESTS
    )
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


def test_the_page_about_profiles_lists_them():
    """The names of `amlemu profiles`, each once in the first table and once at the head of a column of codes."""
    listed = re.findall(r"^\| `([\w-]+)` \|", PROFILES, re.MULTILINE)
    columns = re.search(r"^\| cause \| (.*) \|$", PROFILES, re.MULTILINE)

    assert sorted(listed) == profile_file.names()
    assert columns is not None
    assert sorted(columns[1].split(" | ")) == profile_file.names()


def test_the_table_of_codes_is_what_the_profiles_say():
    """Each cell, from the values themselves."""
    head, _, *rows = re.search(r"^\| cause \| .*?(?=\n\n)", PROFILES, re.MULTILINE | re.DOTALL)[0].splitlines()
    names = head.strip("| ").split(" | ")[1:]
    told = {row.split(" | ")[0].strip("| "): row.strip("| ").split(" | ")[1:] for row in rows}
    expected = [codes(profile_file.load(name)) for name in names]

    assert told == {cause: [column[cause] for column in expected] for cause in expected[0]}


def codes(profile):
    """Say by cause what a caller gets, as the page words it."""
    limits, nginx, answers = profile.limits, profile.container.nginx, profile.answers
    page = profile.container.read_timeout_ms if nginx else 0
    crash = mapped(profile, 502) if nginx else said(answers.worker_crashed)
    late = mapped(profile, 504) + f" after {page // 1000} s" if page else "waits"
    if limits.request_timeout_ms:
        late = f"{said(answers.backend_timeout)} after {limits.request_timeout_ms // 1000} s"
    too_large = f"{mapped(profile, 413)} above 100 MB" if nginx and profile.container.request_bytes else "-"
    if limits.request_bytes:
        too_large = f"{said(answers.request_too_large)} above {size(limits.request_bytes)}"
    at_once = limits.pending_factor * limits.slots
    return {
        "`run()` returns": "200",
        "`run()` raises": mapped(profile, 500),
        "another code, as 400 or 404": "unchanged" if mapped(profile, 404) == "404" else mapped(profile, 404),
        "the worker dies": crash,
        "no answer in time": late,
        "request too large": too_large,
        "answer too large": f"{said(answers.response_too_large)} above {size(limits.response_bytes)}"
        if limits.response_bytes
        else "-",
        "too many a second": f"{said(answers.rate_limited)} above {limits.requests_per_second}"
        if limits.requests_per_second
        else "-",
        "too many at once": f"{said(answers.too_many_pending)} above {at_once}" if at_once else "-",
        "no free slot": f"{said(answers.busy)} after {limits.max_queue_wait_ms / 1000:g} s"
        if limits.max_queue_wait_ms
        else "waits",
        "`init()` has not returned": f"{said(answers.not_ready)} after {limits.boot_wait_ms // 1000} s"
        if limits.boot_wait_ms
        else "waits",
        "no key, or a wrong one (`--auth`)": said(answers.unauthorized),
        "another deployment is named": said(answers.no_deployment) if profile.routes.deployment_header else "-",
        "no such path": said(answers.no_route) if profile.routes.paths else mapped(profile, 404),
        "PUT, DELETE": said(answers.method_not_routed) if profile.routes.methods else mapped(profile, 405),
    }


def mapped(profile, status):
    rules = profile.statuses
    is_mapped = rules.mapped == "all but 200" or rules.mapped == str(status)
    return str(rules.status if is_mapped else status)


def said(answer):
    return "closed" if answer == "close" else str(answer.status)


def size(count):
    return f"{count / 2**20:g} MB"


def test_the_stages_are_told_in_their_order():
    """docs/profiles.md against the list in stages.py; the two halves one after the other."""
    gateway = REPOSITORY / "emulator" / "amlemu" / "gateway"
    classes = {}
    for module in ("entry", "load", "outcome"):
        for body in (gateway / f"{module}.py").read_text(encoding="utf-8").split("\nclass ")[1:]:
            name = re.search(r'^    name = "(.*)"', body, re.MULTILINE)
            classes[re.match(r"\w+", body)[0]] = name and name[1]
    listed = (gateway / "stages.py").read_text(encoding="utf-8").partition("def vacant_stages")[0]
    order = re.findall(r"\b(?:entry|load|outcome)\.(\w+)\(", listed)

    assert re.findall(r"^\| \d+ \| ([a-z ]+) \|", PROFILES, re.MULTILINE) == [classes[name] for name in order]


def test_the_profile_of_the_page_can_be_used(tmp_path):
    """The TOML that it gives as an example."""
    example = re.search(r"^```toml\n(.*?)^```$", PROFILES, re.MULTILINE | re.DOTALL)[1]
    (tmp_path / "ours.toml").write_text(example, encoding="utf-8")
    profile = profile_file.load(str(tmp_path / "ours.toml"))

    assert profile.limits.request_timeout_ms == 8000
    assert profile.answers.rate_limited.status == 429


def test_the_map_names_every_module():
    """docs/architecture.md, and nothing that does not exist but is not called planned."""
    page = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = page.partition("## The map")[2].partition("Planned:")[0]
    modules = {
        path.name
        for folder in ("emulator/amlemu", "harness/amlemu_harness")
        for path in (REPOSITORY / folder).rglob("*.py")
        if not path.name.startswith("__") and path.parent.name != "compat"  # drawn as a whole
    }

    assert set(re.findall(r"\b[a-z_0-9]+\.py\b", drawn)) == modules


def test_the_layers_are_those_that_are_enforced():
    page = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^ ?(\d+) \w+(?: \w+)? {2,}([a-z_0-9 ]+?)(?: {2,}.*)?$", page, re.MULTILINE))
    layers = runpy.run_path(str(REPOSITORY / "tests" / "test_layers.py"))["LAYERS"]
    package = REPOSITORY / "emulator" / "amlemu"
    existing = [{n for n in names if (package / n).is_dir() or (package / f"{n}.py").is_file()} for names in layers]

    for number, names in enumerate(existing):
        assert set(rows.get(str(number), "").split()) == names - {"__main__"}


def test_the_fidelity_page_counts_the_rows_that_are_held():
    page = (REPOSITORY / "docs" / "fidelity.md").read_text(encoding="utf-8").partition("## The cloud, row by row")[0]
    told = {section: int(count) for section, count in re.findall(r"^\| ([\w. ]+?) \| (\d+) \|", page, re.MULTILINE)}
    sections = runpy.run_path(str(REPOSITORY / "tests" / "contract" / "rows.py"))["_SECTIONS"]

    assert told == {section: len(rows) for section, rows in sections.items()}


def test_the_fidelity_page_counts_the_rows_of_the_cloud():
    """All of a section, and those that a case can hold."""
    page = (REPOSITORY / "docs" / "fidelity.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| ([\w. ]+) \| (\d+) \| (\d+) \|", page, re.MULTILINE)
    module = runpy.run_path(str(REPOSITORY / "tests" / "cloud" / "rows.py"))
    rows, without = module["_SECTIONS"], module["NOT_HELD"]

    assert told == [
        (section, str(len(names)), str(sum(f"{section} {name}" not in without for name in names)))
        for section, names in rows.items()
    ]


def test_the_fidelity_page_has_every_kind_of_exemption():
    """One line for each target and kind; the list in the code has the cases."""
    page = (REPOSITORY / "docs" / "fidelity.md").read_text(encoding="utf-8").partition("## What is known to differ")[2]
    told = {
        (where, kind.replace(" ", "-"))
        for where, kind in re.findall(r"^\| (\w+) \| .+ \| ([\w ]+) \|$", page, re.MULTILINE)
    }
    exemptions = runpy.run_path(str(REPOSITORY / "tests" / "contract" / "exemptions.py"))["EXEMPTIONS"]

    assert told >= {(exemption.targets[0], exemption.kind) for exemption in exemptions}
    assert {kind for _, kind in told} <= {exemption.kind for exemption in exemptions} | {"kind"}  # the heading


def test_the_fidelity_page_counts_what_was_compared():
    """The last row of the table is the sum of all others; each script of the zoo and each example has a row."""
    page = (REPOSITORY / "docs" / "fidelity.md").read_text(encoding="utf-8")
    served = {*zoo.SCRIPTS, *(f"examples/{name}" for name in examples.NAMES)}

    assert kept.totals(page) in page
    assert kept.rows(page).keys() - {"all"} == served


def test_the_doctors_page_has_every_rule():
    """docs/doctor.md against the code: each rule with the severities that it can have, and no other."""
    page = (REPOSITORY / "docs" / "doctor.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `([a-z0-9-]+)` \| ((?:(?:error|warning|information)(?:, )?)+) \|", page, re.MULTILINE)
    amlemu = REPOSITORY / "emulator" / "amlemu"
    yielded = rules.read(amlemu / "azure", amlemu / "doctor")

    assert len(told) == len(dict(told))  # each once
    assert dict(told) == yielded


def test_the_changelog_keeps_its_form():
    """Unreleased first; in each version Fidelity comes first, then Keep a Changelog's own headings."""
    text = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    order = ["Fidelity", "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]

    assert versions[0].startswith("[Unreleased]")
    for version in versions:
        headings = re.findall(r"^### (\w+)$", version, re.MULTILINE)
        assert headings == sorted(headings, key=order.index)
