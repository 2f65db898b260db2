"""How a start is shown, line by line, with and without a terminal."""

from __future__ import annotations

import io

import pytest
from amlemu.console.person import Paint
from amlemu.console.steps import Steps, failure

NAMES = ("SystemSetup", "ImageBuild", "Probes")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def step(name, state, text="", took_s=None):
    return {"kind": "step", "deployment": "blue", "step": name, "state": state, "text": text, "took_s": took_s}


@pytest.fixture
def heard():
    """Return what was written after these lines."""

    def heard(*lines, out=None):
        out = io.StringIO() if out is None else out
        steps = Steps(NAMES, out)
        for line in lines:
            steps.hear(line)
        return steps, out

    return heard


def test_a_step_that_is_over_is_one_line(heard):
    """Name, state, time, what there is to say; what was quick has no time."""
    _, out = heard(
        step("SystemSetup", "InProgress"),
        step("SystemSetup", "Succeeded", "score.py", 0.25),
        step("ImageBuild", "Succeeded", "no image", 0.0001),
        step("Probes", "Failed"),
    )

    assert out.getvalue().splitlines() == [
        "SystemSetup            Succeeded  0.25 s  score.py",
        "ImageBuild             Succeeded          no image",
        "Probes                 Failed",
    ]


def test_a_sentence_is_ours(heard):
    _, out = heard({"kind": "text", "text": "waiting", "colour": ""})

    assert out.getvalue() == "amlemu | waiting\n"


def test_without_a_terminal_there_is_no_bar(heard):
    """A log of CI has no use for it."""
    steps, out = heard(step("SystemSetup", "InProgress"))
    steps.end()

    assert out.getvalue() == ""


def test_in_a_terminal_the_bar_is_below_all_lines_and_goes_away(heard, monkeypatch):
    """It says which step of how many."""
    monkeypatch.setenv("NO_COLOR", "1")
    steps, out = heard(step("SystemSetup", "InProgress"), out=Terminal())
    assert out.getvalue() == "\r\x1b[K[--------------------] 1/3 SystemSetup"

    steps.hear({"kind": "text", "text": "waiting", "colour": ""})
    assert out.getvalue().endswith("\r\x1b[Kamlemu | waiting\n\r\x1b[K[--------------------] 1/3 SystemSetup")
    steps.hear(step("ImageBuild", "InProgress"))
    assert out.getvalue().endswith("\r\x1b[K[#######-------------] 2/3 ImageBuild")
    steps.end()
    assert out.getvalue().endswith("\r\x1b[K")


@pytest.mark.parametrize("name", ["Migration", ""])
def test_a_step_of_a_newer_keeper_is_shown_too(heard, name):
    _, out = heard(step(name, "InProgress"), step(name, "Succeeded", "done"), out=Terminal())

    assert "done" in out.getvalue()


def cause(**more):
    said = {"step": "Probes", "told": "it did not come up", "today": "ResourceNotReady", "in_2021": "ERR_2200"}
    return {**said, "source": "", "fix": "", "traceback": "", "said": [], **more}


def test_a_failure_names_step_both_codes_cause_fix_and_evidence():
    """The first line makes sense alone."""
    told = failure(
        {
            "ok": False,
            "text": "create of deployment blue failed",
            "cause": cause(fix="Do this.\nOr that.", traceback="Traceback:\n  File\n", said=["a", "b"]),
        },
        Paint(io.StringIO()),
    )

    assert told.splitlines() == [
        "create of deployment blue failed at Probes  [ResourceNotReady; ERR_2200 in 2021]",
        "  cause  it did not come up",
        "  fix    Do this.",
        "  fix    Or that.",
        "  Traceback:",
        "    File",
        "  the script's last words:",
        "  score | a",
        "  score | b",
    ]


def test_a_failure_that_the_cloud_has_no_word_for_says_so():
    told = failure({"text": "it failed", "cause": cause(today="", in_2021="")}, Paint(io.StringIO()))

    assert "[this machine only: nothing is known of the cloud]" in told


def test_a_failure_without_a_cause_is_its_sentence():
    """A delete that was refused, for instance."""
    assert failure({"text": "no such thing", "cause": None}, Paint(io.StringIO())) == "no such thing"


def test_a_long_cause_is_folded_and_a_path_is_not_cut():
    path = "/" + "x" * 200
    told = failure({"text": "it failed", "cause": cause(told=f"{'word ' * 40}{path}")}, Paint(io.StringIO()))

    assert path in told
    assert max(len(line) for line in told.splitlines() if path not in line) <= 120


def test_paths_below_the_current_folder_are_short(heard, tmp_path, monkeypatch):
    """Who wrote them is another process in another folder; one that begins alike is another path."""
    monkeypatch.chdir(tmp_path)
    cause = {"told": f"{tmp_path}/s/score.py:2 raises", "today": "", "in_2021": "", "step": "Probes", "traceback": ""}
    cause |= {"fix": f"See {tmp_path}/s and {tmp_path}-old/s.", "said": [f"{tmp_path}/x is what the script says"]}
    told = failure({"text": "create of deployment blue failed", "cause": cause}, Paint(io.StringIO()))
    _, out = heard({"kind": "text", "text": f"{tmp_path}/deployment.yml:4: no such thing"})

    assert "  cause  s/score.py:2 raises\n" in told
    assert f"  fix    See s and {tmp_path}-old/s.\n" in told
    assert f"  score | {tmp_path}/x is what the script says" in told
    assert out.getvalue() == "amlemu | deployment.yml:4: no such thing\n"
