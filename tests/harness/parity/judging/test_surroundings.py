"""What a script finds around itself: compared, and the list of what differs by nature proved beside the real server."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from amlemu.deployment import Deployment, from_script
from amlemu_harness.parity.judging.surroundings import NATURAL, PROBE, judge_surroundings
from amlemu_harness.parity.play import look_around
from amlemu_harness.parity.sides.azmlinfsrv import Azmlinfsrv
from amlemu_harness.parity.sides.lives import Lives
from amlemu_harness.parity.sides.ours import Ours
from amlemu_harness.parity.sides.served import Served
from amlemu_harness.parity.verdict import Difference
from amlemu_harness.parity.wire import Patience

REPOSITORY = Path(__file__).resolve().parents[4]
ENVIRONMENT = Path(os.environ.get("AMLEMU_TEST_REAL") or REPOSITORY / ".environments" / "azmlinfsrv")

TOLD: dict[str, Any] = {
    "variables": {
        "AML_APP_ROOT": "/var/azureml-app/code",
        "AZUREML_MODEL_DIR": "/var/azureml-app/azureml-models/m/1",
        "HOME": "/root",
        "PATH": "/usr/bin",
        "SERVER_PORT": "5001",
    },
    "working folder": "/var/azureml-app/code",
    "__file__": "/var/azureml-app/code/score.py",
    "sys.path": ["/env/lib/python3.11/site-packages", "/var/azureml-app/code"],
    "umask": "0o22",
    "user": {"uid": 0},
    "limits": {"RLIMIT_NOFILE": [1024, 4096]},
    "text": {"timezone": ["UTC", "UTC"]},
    "python": {"version": "3.11.7", "prefix": "/env", "argv": ["azmlinfsrv"]},
    "packages": {"numpy": "1.26.4"},
}


def changed(values: Mapping[str, object]) -> dict[str, Any]:
    """What is told, but for some values, by their paths with slashes; None leaves one out."""
    told = copy.deepcopy(TOLD)
    for path, value in values.items():
        at = told
        *above, last = path.split("/")
        for key in above:
            at = at[key]
        if value is None:
            del at[last]
        else:
            at[last] = value
    return told


def test_the_same_is_the_same() -> None:
    """Nothing differs, nothing is said; the packages are not looked at here."""
    verdict, remarks = judge_surroundings(TOLD, TOLD, changed({"packages": {}}), nature="same machine")

    assert (verdict.case, verdict.kind, verdict.differences, verdict.varies) == ("surroundings", "same", (), ())
    assert remarks == ()


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        pytest.param(
            changed({"variables/HOME": "/home/me"}),
            [Difference("variables.HOME", "/root", "/home/me", 7)],
            id="a-variable",
        ),
        pytest.param(
            changed({"variables/HOME": None}),
            [Difference("variables.HOME", "/root", "(none)", 6)],
            id="a-variable-less",
        ),
        pytest.param(
            changed({"variables/MORE": "1"}), [Difference("variables.MORE", "(none)", "1", 6)], id="a-variable-more"
        ),
        pytest.param(
            changed({"working folder": "/"}),
            [Difference("working folder", "/var/azureml-app/code", "/", 20)],
            id="working-folder",
        ),
        pytest.param(changed({"umask": "0o77"}), [Difference("umask", "0o22", "0o77", 2)], id="umask"),
        pytest.param(
            changed({"sys.path": ["/env/lib/python3.11/site-packages"]}),
            [Difference("sys.path[1]", "/var/azureml-app/code", "(none)", 21)],
            id="an-entry-less",
        ),
        pytest.param(
            changed({"sys.path": ["/a", "/env/lib/python3.11/site-packages", "/var/azureml-app/code"]}),
            [Difference("sys.path[0]", "(none)", "/a", 6)],
            id="an-entry-first",
        ),
        pytest.param(
            changed({"limits/RLIMIT_NOFILE": [1024, "unlimited"], "umask": "0o77"}),
            [
                Difference("umask", "0o22", "0o77", 2),
                Difference("limits.RLIMIT_NOFILE", "[1024, 4096]", '[1024, "unlimited"]', 11),
            ],
            id="the-smallest-first",
        ),
    ],
)
def test_what_differs_is_named(ours: Mapping[str, Any], expected: list[Difference]) -> None:
    """By its path, with both texts."""
    verdict, remarks = judge_surroundings(TOLD, None, ours, nature="same machine")

    assert verdict.kind == "different"
    assert list(verdict.differences) == expected
    assert remarks == ()


def test_ports_and_folders_of_one_run_do_not_count() -> None:
    """Two servers have two ports, two probes two folders, and links lie in a folder for each port."""
    there = changed(
        {"working folder": "/tmp/amlemu-mirror-abc/x", "variables/AZUREML_MODEL_DIR": "/d/.amlemu/parity-1/var/m"}
    )
    here = changed(
        {
            "working folder": "/tmp/amlemu-mirror-_9z/x",
            "variables/AZUREML_MODEL_DIR": "/d/.amlemu/5001/var/m",
            "variables/SERVER_PORT": "7",
        }
    )

    assert judge_surroundings(there, None, here, nature="same machine")[0].kind == "same"


def test_what_the_real_server_adds_to_the_import_path_does_not_count() -> None:
    """Its command's folder, its own, and the app root once more."""
    there = changed(
        {
            "sys.path": [
                "/env/bin",
                "/env/lib/python3.11/site-packages",
                "/env/lib/python3.11/site-packages/azureml_inference_server_http/server",
                "/var/azureml-app/code",
                "/var/azureml-app/code",
            ],
            "python": {"version": "3.11.7", "prefix": "/env", "argv": ["/env/bin/azmlinfsrv", "-b"]},
        }
    )
    here = changed(
        {
            "sys.path": ["/mine/lib/python3.11/site-packages", "__editable__.x.finder", "/var/azureml-app/code"],
            "python": {"version": "3.11.7", "prefix": "/mine", "argv": ["azmlinfsrv"]},
        }
    )

    assert judge_surroundings(there, None, here, nature="same machine")[0].kind == "same"


def test_what_varies_by_itself_is_passed_by() -> None:
    """A variable with a random value, which is another one in every start, and an import path that is."""
    again = changed({"variables/HOME": "/random/2", "sys.path": []})
    ours = changed({"variables/HOME": "/random/3", "sys.path": ["/x"]})

    verdict, _ = judge_surroundings(TOLD, again, ours, nature="same machine")

    assert (verdict.kind, verdict.varies) == ("same", ("variables.HOME", "sys.path"))


def test_in_a_container_only_variables_that_somebody_has_set_count() -> None:
    """Azure's, the server's and the deployment's; others are counted, by name only."""
    there = changed({"variables/HOSTNAME": "f00", "variables/GREETING": "hello", "variables/AZUREML_X": "1"})
    here = changed({"variables/SHELL": "/bin/secret", "variables/GREETING": "hallo", "variables/PATH": "/opt/bin"})

    verdict, remarks = judge_surroundings(there, None, here, nature="container", own=["GREETING"])

    assert list(verdict.differences) == [
        Difference("variables.GREETING", "hello", "hallo", 1),
        Difference("variables.AZUREML_X", "1", "(none)", 6),
    ]
    assert remarks == (
        "surroundings: of other variables, 1 only in the container (HOSTNAME), 1 only here (SHELL), 1 with another value (PATH)",
    )


def test_what_the_engine_and_the_image_decide_is_said_and_is_no_difference() -> None:
    """Of a container, not of the same machine."""
    ours = changed({"text/timezone": ["CET", "CEST"], "user/uid": 1000})

    verdict, remarks = judge_surroundings(TOLD, None, ours, nature="container")

    assert verdict.kind == "same"
    assert remarks == (
        "surroundings: user.uid is 0, here 1000",
        'surroundings: text.timezone is ["UTC", "UTC"], here ["CET", "CEST"]',
    )
    assert judge_surroundings(TOLD, None, ours, nature="same machine")[0].kind == "different"


def test_a_tree_that_cannot_be_at_its_place_is_called_by_names() -> None:
    """Without root the app root is a folder of the host; what lies in it is compared all the same."""
    here = changed(
        {
            "variables/AML_APP_ROOT": "/home/me/code",
            "variables/AZUREML_MODEL_DIR": "/home/me/code/.amlemu/5001/var/azureml-app/azureml-models/m/1",
            "working folder": "/home/me/code",
            "__file__": "/home/me/code/score.py",
            "sys.path": ["/env/lib/python3.11/site-packages", "/home/me/code"],
        }
    )

    assert judge_surroundings(TOLD, None, here, nature="container")[0].kind == "same"
    assert judge_surroundings(
        TOLD, None, {**here, "umask": 1, "at import": {"working folder": "/home/me"}}, nature="container"
    )[0].differences == (Difference("at import.working folder", "(none)", "/home/me", 8),)


@pytest.mark.parametrize(
    ("theirs", "ours", "why"),
    [
        pytest.param(None, TOLD, "the reference did not say what a script finds there", id="theirs"),
        pytest.param(TOLD, None, "our side did not say what a script finds there", id="ours"),
    ],
)
def test_a_side_that_says_nothing_cannot_be_compared(
    theirs: Mapping[str, Any] | None, ours: Mapping[str, Any] | None, why: str
) -> None:
    """That is said, and is no difference."""
    verdict, remarks = judge_surroundings(theirs, None, ours, nature="container")

    assert (verdict.kind, verdict.why, remarks) == ("unasked", why, ())


OF_THE_SERVERS_PLACE = ("python.executable", "python.prefix", "python.real prefix")
"""Entries that are needed only where the server is in another environment, or a link leads to it."""


@pytest.mark.parametrize("layout", ["auto", "links"])
def test_beside_the_real_server_all_that_differs_is_on_the_list(tmp_path: Path, layout: str) -> None:
    """A script with a model and a variable, on this machine: what is on the list differs, and nothing else does."""
    if not (ENVIRONMENT / "bin" / "azmlinfsrv").exists():
        pytest.fail(f"{ENVIRONMENT} has no azmlinfsrv. `make test` creates it, or set AMLEMU_TEST_REAL.")
    there, here = beside(tmp_path, layout)

    verdict, remarks = judge_surroundings(there, None, here, nature="same machine", own=["GREETING"])

    assert (verdict.kind, verdict.differences, remarks) == ("same", (), ())
    assert here["variables"]["GREETING"] == there["variables"]["GREETING"] == "hello"
    assert here["variables"]["AZUREML_MODEL_DIR"]
    assert here["is main thread"] is there["is main thread"] is True
    for natural in NATURAL:
        if "same machine" in natural.natures and natural.path not in OF_THE_SERVERS_PLACE:
            assert value_at(there, natural.path) != value_at(here, natural.path), f"not needed: {natural.path}"


def beside(folder: Path, layout: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Have the probe look around under both servers."""
    script = folder / "code" / "score.py"
    script.parent.mkdir()
    script.write_text("def init(): pass\ndef run(data): pass\n", encoding="utf-8")
    model = folder / "model"
    model.mkdir()
    python = ENVIRONMENT / "bin" / "python"

    def read(file: Path, words: tuple[str, ...]) -> Deployment:
        return from_script(file, python=python, model_dir=model, environment={"GREETING": "hello"})

    words = (f"--python={python}", f"--model-dir={model}", "--env=GREETING=hello")
    served, lives = Served(script, words, read, read(script, words), layout), Lives()
    sides = (Azmlinfsrv(served, ENVIRONMENT, 20.0, lives), Ours(served, "bare", 20.0, lives))
    with ThreadPoolExecutor(2) as both:
        looks = list(both.map(lambda side: look_around(side, PROBE, Patience()), sides))
    assert None not in looks
    return dict(looks[0] or {}), dict(looks[1] or {})


def value_at(told: Mapping[str, Any], path: str) -> object:
    value: Any = told
    for key in path.split("."):
        value = value[key]
    return value
