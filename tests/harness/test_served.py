"""What `serve --container` asks of the container, and what the emulator is told of it; no engine is needed for that."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest
from amlemu import profile_file as profiles
from amlemu.backends import quarters
from amlemu.choices import Choices
from amlemu.debugging import DebugRules
from amlemu.deployment import Deployment
from amlemu.errors import EngineMissing, UsageError
from amlemu.events import Event, LeftBehind
from amlemu.readiness import Readiness
from amlemu.stand import Plan
from amlemu_harness import served
from amlemu_harness.engine import Engine
from amlemu_harness.images import Image

IMAGE = Image("lab:1", "sha256:1", is_reference=True, base="amlemu/reference-base:1", platform="")
CHOICES = Choices("score.py", {}, {})


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "score.py").write_text("def init(): pass\ndef run(data): return data\n")
    deployment = Deployment(
        script=tmp_path / "src" / "score.py", python=Path("/python"), code=tmp_path / "src", endpoint="credit"
    )
    return Plan(deployment=deployment, profile=profiles.load("managed"), backend="container")


def of(plan: Plan, address: tuple[str, int] | None = None) -> quarters.Quarters:
    """Return quarters whose engine is asked nothing before somebody moves in."""
    engine = Engine(None, "unix:///nowhere", "20.10", "amd64")  # type: ignore[arg-type]
    return served.quarters(plan, engine, served.ordered(CHOICES, plan, IMAGE, address), IMAGE, address)


def test_the_emulator_finds_who_prepares_the_container() -> None:
    """By the entry-point group; it never imports the harness."""
    assert quarters.find("container") is served.prepare


def test_without_an_engine_nothing_is_prepared(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was tried is named."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")

    with pytest.raises(EngineMissing, match=r"unix:///nowhere/docker\.sock \(DOCKER_HOST\): no such socket"):
        served.prepare(CHOICES, plan, print)


def test_a_debugger_s_port_that_is_taken_is_told_before_anything_is_built(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = replace(plan, debug=DebugRules(port=other.getsockname()[1]))
        with pytest.raises(UsageError, match="taken by"):
            served.prepare(CHOICES, taken, print)


def test_the_container_is_ordered_as_az_would(plan: Plan) -> None:
    order = served.ordered(CHOICES, plan, IMAGE, None)

    assert (order.image, order.name) == ("lab:1", "credit.blue")
    assert dict(order.ports) == {5001: ("127.0.0.1", 0)}
    assert order.variables["AML_APP_ROOT"] == "/var/azureml-app/src"
    assert not {"AMLEMU_DEBUG", "PYTHONPATH"} & order.variables.keys()


@pytest.mark.parametrize(("wait_s", "word"), [(None, None), (5.0, "5"), (inf, "inf")])
def test_a_container_that_is_debugged_listens(plan: Plan, wait_s: float | None, word: str | None) -> None:
    """Inside on all addresses, outside on the one that was asked for; the deployment's own PYTHONPATH stays."""
    deployment = replace(plan.deployment, environment={"PYTHONPATH": "/mine"})
    debugged = replace(plan, deployment=deployment, debug=DebugRules(port=7000, wait_s=wait_s))
    order = served.ordered(CHOICES, debugged, IMAGE, ("127.0.0.1", 7000))

    assert dict(order.ports) == {5001: ("127.0.0.1", 0), 5678: ("127.0.0.1", 7000)}
    assert order.variables["AMLEMU_DEBUG"] == "0.0.0.0:5678"
    assert order.variables.get("AMLEMU_DEBUG_WAIT") == word
    assert (order.variables["PYTHONPATH"], order.variables["WORKER_COUNT"]) == ("/opt/amlemu:/mine", "1")


def test_the_emulator_is_told_where_things_lie(plan: Plan, tmp_path: Path) -> None:
    """The container's paths, and the host's for them; nothing is made before somebody moves in."""
    found = of(plan)

    assert found.told == "credit.blue of lab:1 (the reference image)"
    assert (found.layout.script, found.layout.kind) == ("/var/azureml-app/src/score.py", "var")
    assert found.layout.to_host("/var/azureml-app/src/score.py") == str(tmp_path / "src" / "score.py")
    assert (found.has_nginx, found.capabilities.tells_output, found.debugger()) == (True, True, "")
    assert found.mappings == {str(tmp_path / "src"): "/var/azureml-app/src"}


@pytest.mark.parametrize(
    ("wait_s", "told"),
    [
        pytest.param(None, "the debugger listens at 127.0.0.1:7000", id="at-any-time"),
        pytest.param(5.0, "the script waits for 5 s for a debugger at 127.0.0.1:7000: attach with {", id="waits"),
        pytest.param(inf, "the script waits for a debugger at 127.0.0.1:7000: attach with {", id="for-ever"),
    ],
)
def test_editors_are_invited_to_the_port_outside(plan: Plan, tmp_path: Path, wait_s: float | None, told: str) -> None:
    """With the folders, which nobody else maps, where the start block comes only after they have come."""
    found = of(replace(plan, debug=DebugRules(port=7000, wait_s=wait_s)), ("127.0.0.1", 7000))
    pool: Any = found.make_pool(print, Readiness())
    mapped = f'"localRoot": "{tmp_path}/src", "remoteRoot": "/var/azureml-app/src"'

    assert pool._invitation.startswith(told)
    assert (mapped in pool._invitation) == (wait_s is not None)
    assert found.on_save == "it restarts the container, and requests wait, and the editor has to attach again"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"AMLEMU_REFERENCE": "1", "AMLEMU_NO_CACHE": "false"}, {"reference": True, "no_cache": False}, id="switches"),
        pytest.param({"AMLEMU_BUILD_ARG": "A=1 B=2"}, {"build_arg": ("A=1", "B=2")}, id="several"),
        pytest.param({"AMLEMU_CA_BUNDLE": "/x.pem", "AMLEMU_PORT": "1"}, {"ca_bundle": "/x.pem"}, id="a-word"),
    ],
)  # fmt: skip
def test_how_the_image_is_made_is_said_by_variables(variables: dict[str, str], expected: dict[str, object]) -> None:
    """Those of `amlemu image build`; `serve` has no flags for them."""
    assert served.wished(variables) == expected


def test_a_container_that_could_not_be_removed_is_told(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that removes it."""
    import asyncio

    from amlemu_harness.house import House

    async def close(self: House) -> str:
        return "the Docker engine has gone away"

    class Client:
        def close(self) -> None:
            pass

    told: list[Event] = []
    monkeypatch.setattr(House, "close", close)
    engine = Engine(Client(), "unix:///nowhere", "20.10", "amd64")  # type: ignore[arg-type]
    heard = replace(plan, on_event=told.append)
    found = served.quarters(heard, engine, served.ordered(CHOICES, heard, IMAGE, None), IMAGE, None)
    asyncio.run(found.close())  # type: ignore[arg-type]

    text = "the container credit.blue may be there still, the Docker engine has gone away; docker rm -f credit.blue removes it"
    assert told == [LeftBehind(text)]
