"""The two sides of `amlemu parity` as they are typed: which server, which profile, which key, and what cannot be had."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ..free_port import free_port
from .compared import ECHO, QUICK, Start, cases, kinds, parity, places, python, told
from .parity.hermit import hermit

Write = Callable[[str, str], Path]
KEY = "the-key-of-an-endpoint"


def test_an_endpoint_is_asked_with_its_key(write: Write, start: Start, tmp_path: Path) -> None:
    """It is the same as a managed endpoint of ours; what may hurt it is not sent, and its key is nowhere afterwards."""
    write("app/score.py", ECHO)
    cases(tmp_path, "a", "b")
    endpoint = start("serve", "app/score.py", "--profile=managed", "--auth=key", "-p0", AMLEMU_PRIMARY_KEY=KEY)
    url = f"http://127.0.0.1:{endpoint.port}/score"
    files = ("--junit=parity.xml", "--html=parity.html", "--record=said.json", "--json")

    done = parity(start, "app/score.py", f"--against={url}", "--cases=cases", *files, "--only=a", "--only=b", "--only=GET", "--only=1.6*", AMLEMU_PARITY_KEY=KEY)  # fmt: skip
    recorded = parity(start, "app/score.py", "--against=said.json", "--only=a")
    keyless = parity(start, "app/score.py", f"--against={url}", *QUICK, "--cases=cases", "--only=a", "--json")

    report = told(done)
    assert report["theirs"]["name"] == url.removesuffix("/score")
    assert report["ours"]["name"] == "amlemu, profile managed"
    assert kinds(report) == {"a": "same", "b": "same", "GET": "same"}
    assert (
        "not asked of an endpoint, for it might hurt: 1.4 MB, 1.6 MB, slow client, together, after a crash" in done.err
    )
    assert done.code == 0
    assert (recorded.code, recorded.out.splitlines()[0]) == (0, f"the one case is the same: amlemu, profile managed = {url.removesuffix('/score')}")  # fmt: skip
    assert ("status", "HTTP/1.1 401 Unauthorized", "HTTP/1.1 200 OK") in places(told(keyless))["a"]
    written = [(tmp_path / name).read_text(encoding="utf-8") for name in ("parity.xml", "parity.html", "said.json")]
    assert KEY not in "".join([*written, done.said, recorded.said])


@pytest.mark.parametrize(
    ("words", "profile"),
    [
        pytest.param((), "managed", id="an-endpoint-is-a-managed-one"),
        pytest.param(("--profile=image",), "image", id="a-profile-that-was-named"),
    ],
)
def test_our_profile_fits_the_other_side(
    write: Write, start: Start, tmp_path: Path, words: tuple[str, ...], profile: str
) -> None:
    """Unless another one is named."""
    write("score.py", ECHO)
    cases(tmp_path, "a")
    with hermit(lambda _: b"other") as other:
        url = f"--against=http://127.0.0.1:{other.port}/score"
        report = told(parity(start, "score.py", url, *QUICK, "--cases=cases", "--json", "--header=x-told: 1", *words))

    assert report["ours"]["name"] == f"amlemu, profile {profile}"
    assert kinds(report) == {"a": "different"}
    assert all(b"\r\nx-told: 1\r\n" in asked for asked in other.heard if asked.startswith(b"POST"))
    assert [asked.partition(b" ")[0] for asked in other.heard if asked].count(b"POST") == 3


def test_options_of_the_deployment_reach_both_sides(write: Write, start: Start, tmp_path: Path) -> None:
    """A variable, a model folder, and the shell's own variables, which a worker has, too."""
    write(
        "app/score.py",
        """
        import os, sys
        def init():
            global weights
            with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "weights.txt")) as file:
                weights = file.read()
        def run(data):
            return [os.environ["GREETING"], weights, os.environ.get("OTHER"), "amlemu" in sys.modules]
        """,
    )
    write("model/weights.txt", "heavy")
    cases(tmp_path, "a")

    done = parity(start, "app/score.py", python(), *QUICK, "--cases=cases", "--env=GREETING=hi", "--model-dir=model", "--json", OTHER="from the shell")  # fmt: skip

    assert done.code == 1
    (one,) = told(done)["cases"]
    said = [side[0]["answers"][0]["body"]["text"] for side in (one["theirs"], one["ours"])]
    assert said == [f'["hi", "heavy", "from the shell", {side}]' for side in ("false", "true")]


def test_nobody_at_an_address_is_told(write: Write, start: Start, tmp_path: Path) -> None:
    """Soon, and in a sentence."""
    write("score.py", ECHO)
    cases(tmp_path, "a")
    port = free_port()

    done = parity(start, "score.py", f"--against=http://127.0.0.1:{port}/score", *QUICK, "--cases=cases")

    assert (done.code, done.out) == (2, "")
    assert re.search(rf"\namlemu: http://127\.0\.0\.1:{port}: nobody answers there: .+\n$", done.err)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("--against=nothing.json",), "--against nothing.json: there is no such file. Expected azmlinfsrv, image, a URL, or a file that --record has written.", id="no-such-file"),
        pytest.param(("--against=score.py",), "--against score.py: it is no recording.", id="no-recording"),
        pytest.param(("--against=ftp://host/score",), "is no address of an endpoint", id="no-endpoint"),
        pytest.param(("--against=http://me:secret@host/score",), "an address holds no password. The key is read from AMLEMU_PARITY_KEY.", id="a-password"),
        pytest.param(("--server=.",), "azureml-inference-server-http is not installed there. ", id="server-without-it"),
        pytest.param((), ", or name an environment that has it and all that the script imports: --python FOLDER.", id="script-without-it"),
        pytest.param(("--header=no header",), "--header: 'no header' is no header. Expected NAME: VALUE.", id="header"),
        pytest.param(("--rules=none.toml",), "none.toml: ", id="rules"),
        pytest.param(("--profile=marvellous",), "no profile 'marvellous'. There are: ", id="profile"),
    ],
)  # fmt: skip
def test_a_side_that_cannot_be_had_is_told(
    write: Write, start: Start, tmp_path: Path, empty_environment: Path, words: tuple[str, ...], said: str
) -> None:
    """What, where, and what to do; nothing is started, and no password repeated."""
    write("score.py", ECHO)
    cases(tmp_path, "a")

    done = parity(start, "score.py", f"--python={empty_environment / 'bin' / 'python'}", *QUICK, "--cases=cases", *words)  # fmt: skip

    assert done.code == 2
    assert said in done.err
    assert "secret" not in done.said
    assert "Traceback" not in done.said
