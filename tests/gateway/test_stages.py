"""Which stages there are, and in what order: the lists of the profiles, written down once more."""

from __future__ import annotations

import pytest
from amlemu.gateway.container import Container
from amlemu.gateway.entry import Size
from amlemu.gateway.outcome import Forward
from amlemu.gateway.stages import Served, stages
from amlemu.readiness import Readiness

from .front_door import FakeBackend, echo, profile_of

GATEWAY = ["map status", "finish headers"]
MANAGED = ["identify", "route", "size", "rate", "ready", "deadline", "admit", "forward"]
FRONT_END = ["size", "ready", "deadline", "admit", "forward"]


class Nobody:
    """A doorkeeper who lets nobody in."""

    def refuses(self, authorization: str | None) -> str:
        return "nobody may"


def names(profile_name: str, *, dev_errors: bool = False, auth: bool = False) -> tuple[list[str], list[str]]:
    keeper = Nobody() if auth else None
    behind = Served(FakeBackend(echo), readiness=Readiness(), doorkeeper=keeper, dev_errors=dev_errors)
    made = stages(profile_of(profile_name), behind)
    return [stage.name for stage in made.asking], [stage.name for stage in made.answering]


@pytest.mark.parametrize(
    ("profile_name", "asking", "answering"),
    [
        pytest.param("bare", ["size", "forward"], ["map status"], id="bare"),
        pytest.param("image", ["size", "forward"], ["map status"], id="image"),
        pytest.param("local", ["size", "forward"], ["map status"], id="local"),
        pytest.param("managed", MANAGED, ["map status", "response size", "finish headers"], id="managed"),
        pytest.param("managed-2021", MANAGED, ["map status", "response size", "finish headers"], id="managed-2021"),
        pytest.param(
            "managed-current", [*MANAGED[:-1], "bandwidth in", "forward"], [*GATEWAY, "bandwidth out"], id="current"
        ),
        pytest.param("kubernetes", ["identify", "route", *FRONT_END], GATEWAY, id="kubernetes"),
        pytest.param("aks", ["route", *FRONT_END], ["map status"], id="aks"),
        pytest.param("aci", ["route", *FRONT_END], ["map status"], id="aci"),
    ],
)
def test_each_face_has_the_stages_it_needs(profile_name: str, asking: list[str], answering: list[str]) -> None:
    """Contract 1.2, order of the checks: 404, 429 (rate), 429 (pending), forward, 408, 424."""
    assert names(profile_name) == (asking, answering)


@pytest.mark.parametrize("profile_name", ["bare", "managed", "aks"])
def test_who_may_come_in_is_asked_before_anything_else_is_told(profile_name: str) -> None:
    """Contract 1.2: authenticate (401) first; ids are no secret."""
    with_auth, without = names(profile_name, auth=True)[0], names(profile_name)[0]
    place = with_auth.index("authenticate")

    assert with_auth[:place] in ([], ["identify"])
    assert [name for name in with_auth if name != "authenticate"] == without


def test_tracebacks_are_put_in_before_the_headers_are_finished() -> None:
    """And after the size of the answer was judged: it is the model's that counts."""
    assert names("managed", dev_errors=True)[1] == ["map status", "response size", "dev errors", "finish headers"]


def test_nobody_waits_for_init_where_nobody_could_be_told() -> None:
    """`bare` has no words for it: requests wait in the backend, as in the kernel's queue."""
    assert "ready" not in names("bare")[0]


@pytest.mark.parametrize(
    ("profile_name", "has_nginx", "imitates"),
    [
        ("image", False, True),
        ("image", True, False),
        ("managed", False, True),
        ("managed", True, False),
        ("bare", True, False),
    ],
)
def test_nginx_is_imitated_where_there_is_none(profile_name: str, has_nginx: bool, imitates: bool) -> None:
    """A container brings its own."""
    made = stages(profile_of(profile_name), Served(FakeBackend(echo), has_nginx=has_nginx))
    forward = made.asking[-1]

    assert isinstance(forward, Forward)
    assert isinstance(forward._backend, Container) == imitates


@pytest.mark.parametrize(("profile_name", "limit"), [("image", 268_435_456), ("managed", 1_572_864), ("bare", 0)])
def test_where_callers_meet_its_nginx_a_container_refuses_for_itself(profile_name: str, limit: int) -> None:
    """Up to what our own memory takes; a gateway before it has limits of its own."""
    made = stages(profile_of(profile_name), Served(FakeBackend(echo), has_nginx=True))
    (size,) = [stage for stage in made.asking if isinstance(stage, Size)]

    assert size._limit == limit
