"""
Plays the cases of every folder in examples/ against amlemu.

The expected answers were observed on the real server; when one differs here, amlemu is wrong, not the case.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FOLDERS = sorted(path.parent for path in EXAMPLES.glob("*/cases"))
SERVED = ("deployment.yml", "endpoint.yml", "inferenceconfig.json", "score.py")
TRAINING_TIMEOUT_S = 120
ANSWER_TIMEOUT_S = 30


def served_file(folder: Path) -> Path:
    """Return what its README serves: one of Azure's files, which names script and models, else the script."""
    return next(folder / name for name in SERVED if (folder / name).exists())


def model_of(folder: Path) -> Path | None:
    """Return the folder of a script's model, made when it is missing; None where a file of Azure's says it."""
    if served_file(folder).name != "score.py":
        return None
    script = folder / "train.py"
    if not script.exists():
        return next(folder.glob("models/*/*"), None)
    subprocess.run([sys.executable, str(script), "--if-missing"], check=True, timeout=TRAINING_TIMEOUT_S)
    return folder / "model"


def send(client: httpx.Client, folder: Path, request: dict[str, Any]) -> httpx.Response:
    """Send the request of a case; its body is text in the case or a file below the example's folder."""
    content = request.get("body", "").encode()
    if "body_file" in request:
        content = (folder / request["body_file"]).read_bytes()
    return client.request(request["method"], request["path"], headers=request["headers"], content=content)


def answer_of(response: httpx.Response, expected: dict[str, Any]) -> dict[str, Any]:
    """Bring the response into the shape of a case, with the headers that the case names and no others."""
    body = {"json": response.json()} if "json" in expected else {"text": response.text}
    headers = {name: response.headers.get(name) for name in expected["headers"]}
    return {"status": response.status_code, "headers": headers, **body}


@pytest.fixture(scope="module")
def client_of() -> Iterator[Callable[[Path], httpx.Client]]:
    """Serve an example when its first case asks for it, whatever the order of tests; all stop with the module."""
    import amlemu

    with ExitStack() as stack:

        @cache
        def serve(folder: Path) -> httpx.Client:
            endpoint = stack.enter_context(
                amlemu.serve(served_file(folder), profile="bare", model_dir=model_of(folder), port=0)
            )
            # trust_env: loopback ignores proxy variables
            return stack.enter_context(httpx.Client(base_url=endpoint.url, timeout=ANSWER_TIMEOUT_S, trust_env=False))

        yield serve


def case_parameters() -> list[Any]:
    """Every case with its folder, named like ``raw-fingerprint``."""
    return [
        pytest.param(folder, path, id=f"{folder.name}-{path.stem}")
        for folder in FOLDERS
        for path in sorted((folder / "cases").glob("*.json"))
    ]


@pytest.mark.parametrize(("folder", "case_path"), case_parameters())
def test_an_example_gets_the_answer_of_the_real_server(
    client_of: Callable[[Path], httpx.Client], folder: Path, case_path: Path
) -> None:
    """Status, named headers and body are those observed on azureml-inference-server-http 1.5.1."""
    case = json.loads(case_path.read_text(encoding="utf-8"))

    response = send(client_of(folder), folder, case["request"])
    answer = answer_of(response, case["response"])

    assert answer == case["response"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_example_has_what_its_reader_needs(folder: Path) -> None:
    """Each example explains itself, brings a sample request, and a case plays that very request."""
    sample = next(folder.glob("sample-request.*"))
    cases = [json.loads(path.read_text(encoding="utf-8")) for path in (folder / "cases").glob("*.json")]

    assert (folder / "README.md").exists()
    assert any(case["request"].get("body_file") == sample.name for case in cases)
