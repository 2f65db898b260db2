"""The files of a service: Azure's own, one numbered folder for each deployment and update."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from amlemu.local_endpoints.record import DELETING, Asked, DeploymentRecord, Operation, Record
from amlemu.local_endpoints.shelf import shelf_of
from amlemu.v1.exceptions import WebserviceException
from amlemu.v1.webservice import AksWebservice, LocalWebservice, kept

MODEL = kept.GivenModel("m", 3, "/there/m.pkl")
INFERENCE = {"entryScript": "score.py", "sourceDirectory": "/src"}


def put(name: str, asked: Asked, **said: object) -> Record:
    """Have an endpoint that is made of this."""
    record = Record(name, 5001, deployments={"blue": DeploymentRecord(asked)}, **said)
    shelf_of(name).write(record)
    return record


def test_an_environment_that_was_made_for_it_outlasts_an_update(desk):
    """`amlemu env create` on its inferenceconfig.json makes it beside that file; the next one has it, too."""
    first = Path(kept.write("svc", INFERENCE, LocalWebservice.deploy_configuration(), []).file).parent
    (first / ".amlemu/environments").mkdir()
    (first / ".amlemu/environments/made").write_text("")
    second = Path(kept.write("svc", INFERENCE, LocalWebservice.deploy_configuration(), []).file).parent

    assert second != first
    assert (second / ".amlemu/environments/made").exists()


def test_the_files_are_azures_own(desk):
    configuration = LocalWebservice.deploy_configuration(port=8890)
    asked = kept.write("svc", INFERENCE, configuration, [MODEL])
    home = desk.folder / ".amlemu/v1/services/svc/1"

    assert json.loads((home / "inferenceconfig.json").read_text()) == INFERENCE
    assert json.loads((home / "deploymentconfig.json").read_text()) == {"computeType": "local", "port": 8890}
    assert asked == Asked(
        str(home / "inferenceconfig.json"),
        {
            "reload": False,
            "with": [str(home / "deploymentconfig.json")],
            "model": ["m:3=/there/m.pkl"],
            "model_layout": "local",
        },
    )


def test_a_service_is_found_by_its_endpoint(desk):
    put("svc", kept.write("svc", INFERENCE, AksWebservice.deploy_configuration(), [MODEL]))
    found = kept.of("svc")

    assert found is not None
    assert (found.configuration.kind, found.inference, found.models) == ("aks", INFERENCE, (MODEL,))
    assert [one.name for one in kept.every()] == ["svc"]
    assert kept.services_with("/there/m.pkl") == ["svc"]
    assert kept.services_with("/there") == []


def test_files_of_an_update_do_not_touch_those_that_serve(desk):
    """An update that fails leaves the files of the one before; what is older than both goes."""
    first = kept.write("svc", INFERENCE, AksWebservice.deploy_configuration(), [])
    record = put("svc", first)
    second = kept.write("svc", {"entryScript": "b.py"}, AksWebservice.deploy_configuration(), [])
    record.operation = Operation("1", "update", "blue", {"blue": second})
    shelf_of("svc").write(record)

    assert kept.of("svc").inference == {"entryScript": "b.py"}

    record.operation.outcome = {"ok": False}
    shelf_of("svc").write(record)
    kept.write("svc", {"entryScript": "c.py"}, AksWebservice.deploy_configuration(), [])

    assert kept.of("svc").inference == INFERENCE

    record.deployments["blue"].asked = second
    shelf_of("svc").write(record)
    kept.write("svc", {"entryScript": "d.py"}, AksWebservice.deploy_configuration(), [])

    assert sorted(path.name for path in (desk.folder / ".amlemu/v1/services/svc").iterdir()) == [
        ".amlemu",
        "2",
        "3",
        "4",
    ]


def test_an_endpoint_is_no_service(desk):
    desk.write("score.py", "")
    put("plain", Asked(str(desk.folder / "score.py")))

    assert kept.of("plain") is None
    assert kept.is_endpoint("plain")
    assert not kept.is_endpoint("nope")
    assert desk.ws.webservices == {}


def test_one_that_is_being_deleted_is_gone(desk):
    put("svc", kept.write("svc", INFERENCE, AksWebservice.deploy_configuration(), []), state=DELETING)

    assert kept.of("svc") is None


def test_a_state_of_another_version_is_told_and_hides_no_other(desk):
    put("svc", kept.write("svc", INFERENCE, AksWebservice.deploy_configuration(), []))
    desk.write(".amlemu/endpoints/old/record.json", json.dumps({"version": 99}))

    assert [one.name for one in kept.every()] == ["svc"]
    with pytest.raises(WebserviceException, match="its state is of version 99"):
        kept.of("old")


def test_when_it_was_deployed_first_stays(desk):
    put("svc", kept.write("svc", INFERENCE, AksWebservice.deploy_configuration(), []))
    before = kept.of("svc").said
    put("svc", kept.write("svc", INFERENCE, AksWebservice.deploy_configuration(), []))
    after = kept.of("svc").said

    assert after["created_at"] == before["created_at"]
    assert after["updated_at"] >= before["updated_at"]


def test_what_is_only_said_of_it_is_written_in_place(desk):
    put("svc", kept.write("svc", INFERENCE, AksWebservice.deploy_configuration(), [MODEL]))
    known = kept.of("svc")
    assert known is not None

    kept.describe(known, known.configuration.changed(tags={"a": "1"}))

    assert kept.of("svc").configuration.tags == {"a": "1"}
    assert kept.of("svc").models == (MODEL,)
