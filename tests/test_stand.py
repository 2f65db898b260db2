"""What to serve: wishes that do not go together are refused, and what was made for a backend goes with it."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest
from amlemu import profile_file as profile
from amlemu.backends.generations import Generations
from amlemu.backends.inprocess import InProcess
from amlemu.backends.pool import Pool
from amlemu.backends.quarters import Quarters
from amlemu.backends.replicas import Replicas
from amlemu.backends.upstream import Upstream
from amlemu.cluster import Node, Pod
from amlemu.debugging import DebugRules
from amlemu.deployment import Deployment
from amlemu.errors import UsageError
from amlemu.events import Noticed
from amlemu.layout import Layout, lay_out
from amlemu.memory import MemoryRules
from amlemu.models import Model
from amlemu.pauses import Pauses
from amlemu.readiness import Readiness
from amlemu.reload import ReloadRules
from amlemu.slots import Slots
from amlemu.stand import Plan, Stand, _paths, choose_backend


@pytest.fixture
def plan(tmp_path):
    """A script with a model; the arguments are the plan's."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "score.py").write_text("")
    (tmp_path / "m.pkl").write_text("")

    def plan(environment=None, **fields):
        deployment = Deployment(
            script=tmp_path / "code" / "score.py",
            python=Path("/env/bin/python"),
            code=tmp_path / "code",
            models=(Model("m", "1", tmp_path / "m.pkl"),),
            environment=environment or {},
        )
        return Plan(deployment=deployment, profile=profile.load("bare"), **fields)

    return plan


@pytest.mark.parametrize(
    ("wishes", "backend"),
    [
        (("worker", None, "amlemu"), "worker"),
        (("inprocess", None, "amlemu"), "inprocess"),
        (("worker", "http://h:1", "amlemu"), "upstream"),
        (("worker", None, "azmlinfsrv"), "engine"),
    ],
)
def test_an_address_or_an_engine_chooses_the_backend(wishes, backend):
    assert choose_backend(*wishes) == backend


@pytest.mark.parametrize("wishes", [("worker", "http://h:1", "azmlinfsrv"), ("inprocess", None, "azmlinfsrv")])
def test_an_engine_stands_alone(wishes):
    with pytest.raises(UsageError) as caught:
        choose_backend(*wishes)

    assert str(caught.value) == "--engine azmlinfsrv: it runs a server of its own. Leave out --backend and --upstream."


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, Pool),
        ({"backend": "inprocess"}, InProcess),
        ({"backend": "upstream", "upstream": "http://127.0.0.1:1"}, Upstream),
    ],
)
def test_the_plan_says_which_backend(plan, fields, kind):
    stand = Stand(plan(**fields), 5001)
    try:
        assert isinstance(stand.make_backend(), kind)
    finally:
        stand.close()


def test_an_upstream_needs_its_address(plan):
    with pytest.raises(UsageError, match="--backend upstream needs --upstream"):
        Stand(plan(backend="upstream"), 5001).make_backend()


def test_a_limit_that_is_no_number_is_refused(plan):
    with pytest.raises(UsageError, match="WORKER_TIMEOUT: 'soon' is no number of seconds"):
        Stand(plan({"WORKER_TIMEOUT": "soon"}, layout="none"), 5001).make_backend()


def test_links_are_there_until_the_stand_is_closed(plan, tmp_path):
    links = tmp_path / "code" / ".amlemu" / "5001" / "var" / "azureml-app"

    stand = Stand(plan(layout="links"), 5001)
    is_there = (links / "azureml-models" / "m" / "1" / "m.pkl").exists()
    stand.close()

    assert is_there
    assert not (tmp_path / "code" / ".amlemu").exists()
    assert stand.environment["AZUREML_MODEL_DIR"] == str(links / "azureml-models" / "m" / "1")


def test_a_plan_may_bring_all_variables(plan):
    """As the command azmlinfsrv does, which merges them itself."""
    stand = Stand(replace(plan(layout="none"), environment={"A": "b"}), 5001)

    assert stand.environment == {"A": "b"}


# debugging


def made(plan, workers=1, **fields):
    """Return a stand's backend, its debug port, and whether requests stand still while a debugger holds a worker."""
    wishes = plan(layout="none", **fields)
    stand = Stand(replace(wishes, deployment=replace(wishes.deployment, workers=workers)), 5001)
    pauses = Pauses()
    backend = stand.make_backend(pauses=pauses)
    return backend, stand._debug_port, backend._pauses is pauses


@pytest.mark.parametrize(
    ("debug", "is_debugged"),
    [(DebugRules(), False), (DebugRules(port=0), True), (DebugRules(terminal="/dev/pts/0"), True)],
)
def test_while_debugging_there_is_one_worker_with_one_request(plan, debug, is_debugged):
    """Nor is init() run ahead, in a process that nobody would stop in."""
    backend, _, _ = made(plan, 3, environment={"WORKER_PRELOAD": "true"}, debug=debug)

    assert (backend._count, backend._depth) == ((1, 1) if is_debugged else (3, 1))
    assert (backend._zygote is None) == is_debugged


@pytest.mark.parametrize("stops_clocks", [True, False])
def test_clocks_stand_still_unless_that_is_refused(plan, stops_clocks):
    """Also where no debugger is asked for: the script may listen by itself."""
    assert made(plan, debug=DebugRules(stops_clocks=stops_clocks))[2] == stops_clocks


def test_every_generation_is_debugged(plan):
    """With reload the pools are made later, from the same plan."""
    stand = Stand(plan(layout="none", reload=ReloadRules(is_on=True), debug=DebugRules(port=0)), 5001)
    generations = stand.make_backend(pauses=Pauses())
    pools = [generations._make_pool(lambda event: None) for _ in range(2)]

    assert [pool._plan.debugging for pool in pools] == [stand._debug_port] * 2
    assert [pool._count for pool in pools] == [1, 1]
    assert stand._debug_port is not None


def test_the_real_server_s_command_leaves_debuggers_to_its_workers(plan):
    """AZUREML_DEBUG_PORT is each one's own affair, as in the cloud."""
    backend, debug_port, _ = made(plan, dials_debugger=True)

    assert debug_port is None
    assert backend._plan.debugging is None
    assert backend._plan.dials_debugger


@pytest.mark.parametrize("backend", ["inprocess", "engine", "upstream"])
def test_other_backends_cannot_be_debugged_this_way(plan, backend):
    with pytest.raises(UsageError) as caught:
        made(plan, backend=backend, upstream="http://127.0.0.1:1", debug=DebugRules(port=0))

    assert str(caught.value) == (
        f"--debug: the backend {backend} cannot be debugged this way. Leave out --backend and --engine."
    )


@pytest.mark.parametrize("backend", ["inprocess", "upstream"])
def test_an_editor_that_started_amlemu_may_serve_what_it_likes(plan, backend):
    """Nobody has asked for --debug; a script in this process is debugged with it."""
    stand = Stand(
        plan(layout="none", backend=backend, upstream="http://127.0.0.1:1", debug=DebugRules(inherits=True)), 5001
    )

    assert stand.make_backend() is not None
    assert stand.debug_address == ""


def paths(plan, kind, tmp_path):
    """Return the pairs for a layout, both names without the folder of this test."""
    wishes = plan()
    base = "/var/azureml-app" if kind == "var" else str(tmp_path / "tree")
    found = _paths(lay_out(wishes.deployment, kind, base), wishes)
    return [tuple(path.removeprefix(f"{tmp_path}/") for path in pair) for pair in found]


def test_the_mounted_tree_stands_for_folders_of_the_host(plan, tmp_path):
    """The script knows no other names."""
    assert paths(plan, "var", tmp_path) == [
        ("code", "/var/azureml-app/code"),
        ("m.pkl", "/var/azureml-app/azureml-models/m/1/m.pkl"),
    ]


def test_a_script_behind_links_comes_by_its_real_name(plan, tmp_path):
    """Python resolves the link; what is read from the tree has its name there."""
    assert paths(plan, "links", tmp_path) == [
        ("code", "code"),
        ("code", "tree/code"),
        ("m.pkl", "tree/azureml-models/m/1/m.pkl"),
    ]


def test_without_a_tree_every_file_is_itself(plan, tmp_path):
    assert paths(plan, "none", tmp_path) == [("code", "code")]


def test_a_folder_that_is_a_link_is_known_by_both_names(plan, tmp_path):
    """An editor may have opened either."""
    (tmp_path / "code" / "score.py").rename(tmp_path / "score.py")
    (tmp_path / "code").rmdir()
    (tmp_path / "real").mkdir()
    (tmp_path / "score.py").rename(tmp_path / "real" / "score.py")
    (tmp_path / "code").symlink_to(tmp_path / "real")

    assert paths(plan, "var", tmp_path) == [
        ("code", "/var/azureml-app/code"),
        ("m.pkl", "/var/azureml-app/azureml-models/m/1/m.pkl"),
        ("real", "/var/azureml-app/code"),
    ]


# quarters that another package brings


class Lodger:
    """A pool that notes who made it."""

    def __init__(self, tell, readiness):
        self.tell, self.readiness = tell, readiness


def quartered(plan, tmp_path, **fields):
    """Return a stand in quarters, and what has been closed of them."""
    closed = []

    async def close():
        closed.append(True)

    place = Layout("var", "/var/azureml-app", "/var/azureml-app/code", "/var/azureml-app/code/score.py")
    quarters = Quarters(Lodger, close, Upstream.capabilities, place, "a house", debugger=lambda: "127.0.0.1:5678")
    return Stand(plan(backend="container", quarters=quarters, **fields), 5001), closed


def test_in_quarters_the_tree_is_theirs_and_nothing_is_made_here(plan, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    stand, closed = quartered(plan, tmp_path, debug=DebugRules(port=5678))
    asyncio.run(stand.clear_quarters())

    assert (stand.layout.script, sorted(tmp_path.rglob("*"))) == ("/var/azureml-app/code/score.py", before)
    assert (stand.debug_address, closed) == ("127.0.0.1:5678", [True])


@pytest.mark.parametrize("can_reload", [True, False])
def test_generations_live_in_quarters_one_at_a_time(plan, tmp_path, can_reload):
    """Each is told of the readiness that the front door reads."""
    stand, _ = quartered(plan, tmp_path, reload=ReloadRules(is_on=can_reload, mode="stop-first"))
    readiness = Readiness()
    backend = stand.make_backend(readiness)
    pool = backend._make_pool(print) if can_reload else backend

    assert isinstance(backend, Generations) == can_reload
    assert (type(pool), pool.readiness) == (Lodger, readiness)


@pytest.mark.parametrize(
    "wishes", [("inprocess", None, "amlemu"), ("worker", "http://h:1", "amlemu"), ("worker", None, "azmlinfsrv")]
)
def test_a_container_stands_alone(wishes):
    with pytest.raises(UsageError) as caught:
        choose_backend(*wishes, is_container=True)

    assert choose_backend("worker", None, "amlemu", is_container=True) == "container"
    assert str(caught.value) == (
        "--container: it has a server of its own. Leave out --backend, --engine and --upstream."
    )


# replicas, memory, processors


def of(plan, name, settings=None, **fields):
    """Return the backend for a profile, and the slots that it was given."""
    slots = Slots(1, 1)
    profiled = replace(plan(layout="none", **fields), profile=profile.load(name, settings or {}))
    return Stand(profiled, 5001).make_backend(slots=slots), slots


@pytest.mark.parametrize(
    ("name", "settings", "kind"),
    [
        ("managed", {}, Pool),
        ("managed", {"limits.instance_count": "3"}, Replicas),
        ("kubernetes", {}, Pool),
        ("kubernetes", {"scale.maximum": "4"}, Replicas),
        ("kubernetes", {"limits.instance_count": "2"}, Replicas),
        ("aks", {}, Replicas),  # contract 2.2: 1 to 10
        ("aci", {}, Pool),
        ("image", {}, Pool),
        ("bare", {"limits.instance_count": "2"}, Pool),  # one server, nothing before it
    ],
)
def test_there_are_replicas_where_there_may_be_more_than_one(plan, name, settings, kind):
    """Contract 1.7, 2.2: instance_count, and what autoscaling may make of it."""
    backend, slots = of(plan, name, settings)

    assert type(backend) is kind
    if isinstance(backend, Replicas):
        assert backend._slots is slots


def test_a_replica_takes_as_long_as_the_profile_says(plan):
    """And scales as it says."""
    backend, _ = of(plan, "aks", {"scale.start_ms": "200", "scale.refresh_ms": "50"})

    assert backend._rules.start_s == 0.2
    assert (backend._rules.scale.minimum, backend._rules.scale.maximum, backend._rules.scale.refresh_s) == (1, 10, 0.05)


@pytest.mark.parametrize("fields", [{"is_single": True}, {"debug": DebugRules(port=0)}])
def test_a_look_and_a_debugger_want_one_replica(plan, fields):
    """A breakpoint is hit in the process that an editor is attached to."""
    backend, _ = of(plan, "managed", {"limits.instance_count": "3"}, **fields)

    assert type(backend) is Pool


def test_who_needs_a_node_is_a_replica_even_alone(plan):
    """There may be no room for it."""
    backend, _ = of(plan, "kubernetes", nodes=(Node("a", 1, 1 << 30),), pod=Pod(1, 1 << 30))
    first, second = backend._place(), backend._place()
    backend._leave()

    assert (type(backend), first, second) == (
        Replicas,
        "",
        "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory",
    )
    assert backend._place() == ""


def test_every_worker_is_told_of_the_limit(plan):
    rules = MemoryRules(1 << 30, "--memory-gb")
    backend, _ = of(plan, "managed", memory=rules)

    assert backend._plan.memory is rules


def test_neighbours_get_other_processors(plan):
    """And each of them as many as it was allotted; what cannot be is said once."""
    said = []
    backend, _ = of(plan, "managed", {"limits.instance_count": "2"}, cpus=0.5, on_event=said.append)
    pools = [backend._make_pool() for _ in range(2)]
    chosen = [pool._plan.processors for pool in pools]

    assert [len(one) for one in chosen] == [1, 1]
    assert (chosen[0] != chosen[1]) == (len(os.sched_getaffinity(0)) > 1)
    assert said == [
        Noticed("--cpu 0.5: a part of a processor cannot be given without a container, so workers use 1 whole one")
    ]


def test_each_generation_finds_the_nodes_empty(plan):
    """It takes the place of the one before."""
    fields = {"reload": ReloadRules(is_on=True), "nodes": (Node("a", 1, 1 << 30),), "pod": Pod(1, 1 << 30)}
    generations, _ = of(plan, "kubernetes", **fields)

    assert [generations._make_pool(print)._place() for _ in range(2)] == ["", ""]
