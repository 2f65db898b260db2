"""`amlemu check --container`: the rows of contract 6.4 that only an image and a kernel can show, on a real engine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from amlemu_harness.engine import Engine

from .conftest import NETWORK, alone

_PATIENCE_S = 300
_PROBES = {"liveness_initial_delay": "1", "liveness_period": "1", "liveness_failure_threshold": "20"}


@pytest.fixture
def check(engine: Engine) -> Callable[..., tuple[int, str, str]]:
    """Check a script in a container; returns exit code, first line and all of what was said."""

    def check(script: Path, *words: str) -> tuple[int, str, str]:
        probes = [word for name, value in _PROBES.items() for word in ("--set", f"probes.{name}={value}")]
        command = [sys.executable, "-m", "amlemu", "check", script.name, "--container", *probes, *words]
        environment = {"AMLEMU_NETWORK": NETWORK, "AMLEMU_REFERENCE": "1", **_engine_variables()}
        with alone():
            done = subprocess.run(
                command,
                cwd=script.parent,
                env=environment,
                capture_output=True,
                text=True,
                timeout=_PATIENCE_S,
                check=False,
            )
        return done.returncode, done.stdout.partition("\n")[0], done.stdout + done.stderr

    return check


def _engine_variables() -> dict[str, str]:
    import os

    return dict(os.environ)


def test_the_kernel_ends_what_needs_too_much(
    check: Callable[..., tuple[int, str, str]], folder: Callable[..., Path]
) -> None:
    """6.4: `docker run --memory`; the server starts workers for ever, so it is the probe that ends it in the cloud."""
    code = folder("code", **{"score.py": "def init():\n    eaten = bytearray(600 << 20)\n\ndef run(data): return 1\n"})

    exit_code, first, told = check(code / "score.py", "--memory-gb", "0.3")

    assert exit_code == 3, told
    assert "0.3 GB" in first
    assert first.endswith("[ResourceNotReady, CrashLoopBackOff; ERR_2200 in 2021]")


def test_an_init_that_raises_is_named_as_outside(
    check: Callable[..., tuple[int, str, str]], folder: Callable[..., Path]
) -> None:
    """6.4: exit 3, `User's init function failed`; here with the real server's own log as the witness."""
    code = folder("code", **{"score.py": "def init():\n    open('/no/model.pkl')\n\ndef run(data): return 1\n"})

    exit_code, first, told = check(code / "score.py")

    assert exit_code == 3, told
    assert first.startswith("fails: score.py:2: ")
    assert "FileNotFoundError" in first
    assert first.endswith("[ResourceNotReady, UserScriptInitFailed; ERR_2200 in 2021]")


def test_what_cannot_be_installed_is_a_failed_build(
    check: Callable[..., tuple[int, str, str]], folder: Callable[..., Path]
) -> None:
    """6.4: conda file unsolvable, ImageBuildFailure."""
    deployment = """
        name: blue
        endpoint_name: unsolvable
        code_configuration: {code: ., scoring_script: score.py}
        environment:
          image: amlemu-of-nobody/base:1
          conda_file: conda.yml
        instance_type: Standard_DS3_v2
        instance_count: 1
    """
    conda = """
        dependencies:
          - python=3.11
          - pip
          - pip: [azureml-inference-server-http, nobody-has-this-package==1.2.3]
    """
    code = folder(
        "code",
        **{"deployment.yml": deployment, "conda.yml": conda, "score.py": "def init(): ...\ndef run(data): ...\n"},
    )

    exit_code, first, told = check(code / "deployment.yml")

    assert exit_code == 3, told
    assert "nobody-has-this-package" in first
    assert first.endswith("[ImageBuildFailure; ERR_1200 in 2021]")
