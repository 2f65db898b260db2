"""`amlemu service`: what `az ml service` of 2020 could, on the services of this project."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from .conftest import Command, Finished
from .v1.conftest import ECHO, Desk, desk_in


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A project with the service `mysvc`."""
    from amlemu.v1.model import InferenceConfig, Model
    from amlemu.v1.webservice import LocalWebservice

    with pytest.MonkeyPatch.context() as patch:
        for desk in desk_in(tmp_path_factory.mktemp("services"), patch):
            desk.write("score.py", ECHO)
            model = Model.register(desk.ws, desk.train("m.pkl", 1), "m")
            configuration = LocalWebservice.deploy_configuration()
            made = Model.deploy(desk.ws, "mysvc", [model], InferenceConfig("score.py"), configuration)
            made.wait_for_deployment()
            yield desk


@pytest.fixture
def other(desk: Desk) -> Iterator[str]:
    """The name of a service beside it, which a test may change, or delete."""
    from amlemu.v1.model import InferenceConfig, Model
    from amlemu.v1.webservice import LocalWebservice

    made = Model.deploy(desk.ws, "other", [], InferenceConfig("score.py"), LocalWebservice.deploy_configuration())
    made.wait_for_deployment()
    yield made.name
    if made.name in desk.ws.webservices:
        made.delete()


@pytest.fixture
def az(desk):
    """Runs `amlemu service WORDS` in the project."""

    def az(*words: str) -> Finished:
        command = Command(desk.folder, ("service", *words), {}, "")
        try:
            return command.finish()
        finally:
            command.kill()

    return az


def test_the_line_of_the_page(az):
    """`az ml service get-logs --verbose --workspace-name ... --name ...` of the page of 2020-11."""
    done = az("get-logs", "--verbose", "--workspace-name", "my workspace", "--name", "mysvc")

    assert done.code == 0, done.err
    assert "Users's init has completed successfully" in done.out
    assert len(az("get-logs", "-n", "mysvc", "--num-lines", "2").out.splitlines()) == 2


def test_services_are_listed_and_shown(az):
    listed = json.loads(az("list", "-g", "rg", "-w", "ws").out)
    table = az("list", "-o", "table", "--compute-type", "local").out

    assert [one["name"] for one in listed] == ["mysvc"]
    assert table.splitlines()[2].startswith("mysvc")
    assert json.loads(az("list", "--model-name", "nope").out) == []
    assert az("show", "-n", "mysvc", "--query", "state", "-o", "tsv").out == "running\n"


def test_a_request_is_scored(az, desk):
    desk.write("body.json", '{"b": 2}')

    assert az("run", "-n", "mysvc", "-d", '{"a": 1}').out == '{"a": 1}\n'
    assert az("run", "-n", "mysvc", "-d", "@body.json").out == '{"b": 2}\n'
    failed = az("run", "-n", "mysvc", "-d", "{")
    assert failed.code == 1
    assert failed.err.startswith("amlemu: Error: Scoring was unsuccessful.")
    assert az("run", "-n", "mysvc", "-d", "@nope.json").code == 2


def test_an_update_is_waited_for_and_told(az, desk, other):
    """Standard output has what --query asks for, and nothing else."""
    desk.write("shout.py", ECHO.replace("json.loads(data)", "'again'"))
    desk.write("ic.json", json.dumps({"entryScript": "shout.py"}))
    desk.write("dc.json", json.dumps({"computeType": "local"}))

    done = az("update", "-n", other, "--ic", "ic.json", "--dc", "dc.json", "-m", "m:1", "--query", "state")

    assert (done.code, done.out) == (0, '"running"\n'), done.err
    assert "UserContainerStart     Succeeded" in done.err
    assert az("run", "-n", other, "-d", "{}").out == '"again"\n'


def test_an_update_of_the_script_alone_keeps_the_models(az, desk, other):
    from amlemu.v1.webservice import Webservice

    desk.write("dc.json", json.dumps({"computeType": "local"}))
    desk.write("ic.json", json.dumps({"entryScript": "score.py"}))
    az("update", "-n", other, "--dc", "dc.json", "-m", "m:1")

    assert az("update", "-n", other, "--ic", "ic.json").code == 0
    assert [model.id for model in Webservice(desk.ws, other).models] == ["m:1"]


@pytest.mark.parametrize(
    ("words", "told", "code"),
    [
        pytest.param(("show",), "the service's name is missing", 2, id="no-name"),
        pytest.param(
            ("show", "-n", "nope"), "WebserviceNotFound: Webservice with name nope not found", 1, id="not-there"
        ),
        pytest.param(("update", "-n", "mysvc"), "nothing is to be changed", 2, id="no-change"),
        pytest.param(("update", "-n", "mysvc", "--dc", "ic-nope.json"), "it cannot be read", 2, id="no-file"),
        pytest.param(("get-keys", "-n", "mysvc"), "Local web services do not support auth keys.", 2, id="no-keys"),
        pytest.param(("run", "-n", "mysvc"), "the request is missing", 2, id="no-request"),
    ],
)
def test_what_cannot_be_is_said(az, words, told, code):
    done = az(*words)

    assert told in done.err
    assert done.code == code


def test_a_service_is_deleted(az, desk, other):
    """And the one beside it goes on."""
    done = az("delete", "-n", other)

    assert (done.code, done.err) == (0, "amlemu: service other is deleted\n")
    assert list(desk.ws.webservices) == ["mysvc"]
    assert [one["name"] for one in json.loads(az("list").out)] == ["mysvc"]
