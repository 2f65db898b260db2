"""What `import amlemu` gives, and how little it costs."""

from __future__ import annotations

import resource
import subprocess
import sys

import amlemu
import pytest

HEAVY = {
    "fastapi",
    "starlette",
    "uvicorn",
    "pydantic",
    "debugpy",
    "docker",
    "flask",
    "werkzeug",
    "httpx",
    "rich",
    "inference_schema",
}


def test_the_public_names_are_these():
    """A name that appears or goes is a decision, with a line in the changelog."""
    assert amlemu.__all__ == [
        "BackendFailure",
        "BootFailed",
        "Endpoint",
        "Exchange",
        "Request",
        "Response",
        "ScoringFailed",
        "UsageError",
        "UserScriptError",
        "serve",
    ]


def test_every_public_name_is_there():
    for name in amlemu.__all__:
        assert getattr(amlemu, name).__name__ == name


def test_other_names_are_not():
    """hasattr and tab completion see an ordinary module."""
    with pytest.raises(AttributeError, match="module 'amlemu' has no attribute 'sevre'"):
        amlemu.sevre  # noqa: B018


@pytest.mark.parametrize(
    "start",
    [
        pytest.param("import amlemu", id="import"),
        pytest.param("import sys, amlemu.cli\ntry: amlemu.cli.main(['--help'])\nexcept SystemExit: pass", id="help"),
        pytest.param(
            "import sys, amlemu.cli\ntry: amlemu.cli.main(['serve', 'no.py'])\nexcept SystemExit: pass",
            id="usage-error",
        ),
    ],
)
def test_a_quick_start_imports_nothing_heavy(start):
    """Heavy packages are imported where they are used."""
    program = f"{start}\nimport sys\nprint(*sys.modules, file=sys.stderr)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)

    loaded = {name.partition(".")[0] for name in told.stderr.split()}
    assert "amlemu" in loaded
    assert loaded & HEAVY == set()


def test_help_is_quick():
    """At most half a second of processor time more than an interpreter that does nothing; the best of three of each.

    Processor time, because the other tests of a run have the machine, too.
    """
    bare = min(processor_s("-c", "pass") for _ in range(3))
    help_page = min(processor_s("-m", "amlemu", "--help") for _ in range(3))

    assert help_page - bare < 0.5


def processor_s(*words: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, timeout=30, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
