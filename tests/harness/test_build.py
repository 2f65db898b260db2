"""A build's stream is read by the names of its steps; a step that fails says why. The engine here is a list of its messages."""

from __future__ import annotations

import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from amlemu_harness.blueprint import Blueprint
from amlemu_harness.build import BuildFailed, Order, build, why
from amlemu_harness.engine import Engine
from amlemu_harness.troubles import EngineRefused, RegistryUnreachable

DOCKERFILE = (
    "# a comment\nFROM a:1\n#: the server\nRUN pip install \\\n  server\nRUN true\n#: the packages\nRUN pip install x\n"
)


class Recorder:
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def say(self, text: str) -> None:
        self.told.append(("say", text))

    def began(self, step: str) -> None:
        self.told.append(("began", step))

    def ended(self, step: str, took_s: float) -> None:
        self.told.append(("ended", step))

    def heard(self, line: str) -> None:
        self.told.append(("heard", line))


def asked(
    *messages: dict[str, object], files: dict[str, object] | None = None
) -> tuple[str, Recorder, dict[str, object]]:
    given: dict[str, object] = {}

    def answer(**words: object):
        given.update(words)
        with tarfile.open(fileobj=words["fileobj"]) as tar:  # type: ignore[call-overload]
            given["members"] = {one.name: one for one in tar.getmembers()}
        yield from messages

    engine = Engine(SimpleNamespace(api=SimpleNamespace(build=answer)), "unix://x", "1", "amd64")
    looking_on = Recorder()
    plan = Blueprint(DOCKERFILE, files or {})  # type: ignore[arg-type]
    image = build(engine, plan, Order("x:1", {"dev.amlemu": "1"}, {"A": "b"}, "host"), looking_on)
    return image, looking_on, given


def said(text: str) -> dict[str, object]:
    return {"stream": text}


def test_steps_are_told_by_their_names_and_those_as_before_are_not():
    image, looking_on, given = asked(
        said("Step 1/4 : FROM a:1"), said("\n"), said(" ---> abc\n"),
        said("Step 2/4 : RUN pip install   server\n"), said(" ---> Using cache\n"), said(" ---> abd\n"),
        said("Step 3/4 : RUN true\n"), said(" ---> Running in 1\n"), said("Removing intermediate container 1\n"),
        said("Step 4/4 : RUN pip install x\n"), said(" ---> Running in 2\n"), said("Collecting x\nColl"), said("ecting y\n"),
        {"aux": {"ID": "sha256:abc"}}, said("Successfully built abc\n"),
    )  # fmt: skip

    assert image == "sha256:abc"
    assert looking_on.told == [
        ("began", "the server"),
        ("ended", "the server"),
        ("began", "the packages"),
        ("heard", "Collecting x"),
        ("heard", "Collecting y"),
        ("ended", "the packages"),
    ]
    assert (given["tag"], given["network_mode"], given["buildargs"], given["labels"]) == (
        "x:1", "host", {"A": "b"}, {"dev.amlemu": "1"},
    )  # fmt: skip


def test_a_step_that_fails_has_its_name_its_log_and_one_cause():
    with pytest.raises(BuildFailed) as raised:
        asked(
            said("Step 4/4 : RUN pip install x\n"), said(" ---> Running in 2\n"),
            said("\x1b[91mERROR: Could not find a version that satisfies the requirement x==9 (from versions: 1.0, 1.1)\n"),
            said("ERROR: No matching distribution found for x==9\n\x1b[0m"),
            {"error": "The command '/bin/sh -c pip install x' returned a non-zero code: 1"},
        )  # fmt: skip

    assert str(raised.value).startswith(
        "the packages: the step has failed: there is no x==9 for this Python; the newest that there are: 1.0, 1.1."
    )
    assert raised.value.log[-1] == "ERROR: No matching distribution found for x==9"


@pytest.mark.parametrize(
    ("error", "kind", "what"),
    [
        ('Get "https://mcr.microsoft.com/v2/": dial tcp: lookup x: no such host', RegistryUnreachable, "cannot be reached"),
        ("failed to copy files: write /x: no space left on device", EngineRefused, "the disk is full"),
    ],
)  # fmt: skip
def test_what_is_the_engines_own_trouble_is_told_as_such(error, kind, what):
    with pytest.raises(kind, match=what):
        asked(said("Step 1/4 : FROM a:1\n"), {"error": error})


@pytest.mark.parametrize(
    ("log", "what"),
    [
        pytest.param(
            ["Collecting package metadata: done", "Solving environment: failed", "", "ResolvePackageNotFound: ", "  - nosuch==1.0"],
            "conda finds no package for nosuch==1.0", id="absent",
        ),
        pytest.param(
            ["PackagesNotFoundError: The following packages are not available from current channels:", "", "  - nosuch=1.0*", "", "Current channels:"],
            "conda finds no package for nosuch=1.0*", id="absent, newer words",
        ),
        pytest.param(["/bin/sh: 1: conda: not found"], "the image has no conda, and the deployment has a conda file", id="no conda"),
        pytest.param(["/bin/sh: 1: vim: not found"], "the image has no vim", id="no program"),
        pytest.param(["OSError: [Errno 28] No space left on device"], "the disk is full", id="disk"),
        pytest.param(["SSLError(SSLCertVerificationError('certificate verify failed'))"], "pip does not trust the certificate of the index", id="tls"),
    ],
)  # fmt: skip
def test_a_command_has_failed_for_one_reason(log, what):
    assert why(log, 1)[0] == what


def test_certificates_are_mended_by_our_own_option():
    assert "--ca-bundle" in why(["SSLError"], 1)[1]


def test_files_are_nobodys_and_everybody_may_read_them(tmp_path: Path):
    """What a folder belongs to here says nothing in an image, and its cache goes by it."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "score.py").write_text("x")
    (tmp_path / "code" / "score.py").chmod(0o600)
    _, _, given = asked(files={"code": tmp_path / "code", "list.txt": b"six\n"})
    members = given["members"]

    assert sorted(members) == ["Dockerfile", "code", "code/score.py", "list.txt"]  # type: ignore[call-overload]
    assert {(one.uid, one.gid, one.mode & 0o444) for one in members.values()} == {(0, 0, 0o444)}  # type: ignore[attr-defined]
