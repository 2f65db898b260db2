"""Webservice(ws, NAME), of whatever kind; lists of services; logs of one that has said nothing."""

from __future__ import annotations

import pytest
from amlemu.local_endpoints.record import Asked, DeploymentRecord, Record
from amlemu.local_endpoints.shelf import shelf_of
from amlemu.v1 import Webservice
from amlemu.v1.exceptions import WebserviceException
from amlemu.v1.model import InferenceConfig, Model
from amlemu.v1.webservice import AciWebservice, AksWebservice, LocalWebservice, kept

from tests.v1.conftest import ECHO

CONFIGURATIONS = {
    "local": LocalWebservice.deploy_configuration,
    "aci": AciWebservice.deploy_configuration,
    "aks": AksWebservice.deploy_configuration,
}


@pytest.fixture
def services(desk):
    """One of each kind, whose processes are gone."""
    desk.write("score.py", ECHO)
    model = Model.register(desk.ws, desk.train("m.pkl", 1), "m")
    given = kept.GivenModel("m", 1, str(model.path))
    for number, (kind, configuration) in enumerate(CONFIGURATIONS.items()):
        tags = {} if kind == "local" else {"tags": {"kind": kind}}
        asked = kept.write(
            f"my{kind}", InferenceConfig("score.py").as_data(), configuration(**tags), [given] if kind == "aks" else []
        )
        put(f"my{kind}", 7001 + number, asked)
    return desk.ws


def put(name: str, port: int, asked: Asked) -> None:
    one = DeploymentRecord(asked, state="Succeeded", was_up=True)
    shelf_of(name).write(Record(name, port, state="Succeeded", traffic={"blue": 100}, deployments={"blue": one}))


def test_one_is_of_its_own_kind(services):
    kinds = {name: type(Webservice(services, name)) for name in ("mylocal", "myaci", "myaks")}

    assert kinds == {"mylocal": LocalWebservice, "myaci": AciWebservice, "myaks": AksWebservice}


def test_a_class_of_the_cloud_finds_those_of_the_cloud(services):
    """As in the SDK, whichever class is asked, the object is of the service's own kind; a local one is none of the cloud."""
    assert type(AksWebservice(services, "myaci")) is AciWebservice
    assert AksWebservice(services, "myaci").tags == {"kind": "aci"}
    with pytest.raises(WebserviceException, match=r"^WebserviceNotFound: Webservice with name mylocal not found"):
        AciWebservice(services, "mylocal")
    with pytest.raises(WebserviceException, match=r"^WebserviceNotFound: Webservice with name nope not found"):
        AciWebservice(services, "nope")
    with pytest.raises(WebserviceException, match=r"^WebserviceNotFound: No local container with name myaci"):
        LocalWebservice(services, "myaci")


@pytest.mark.parametrize("verb", ["deploy", "deploy_from_model", "deploy_from_image"])
def test_what_deployed_images_says_what_to_write_today(services, verb):
    with pytest.raises(WebserviceException, match=r"Images of 2018 are not served.*Model\.deploy\(workspace, name"):
        getattr(Webservice, verb)(workspace=services, name="svc", models=[], image_config=object())


def test_local_ones_are_listed_by_their_class(services):
    """Those that run, and with `all` the others (azureml-core 1.61, local.py list)."""
    assert LocalWebservice.list(services) == []
    assert [one.name for one in LocalWebservice.list(services, all=True)] == ["mylocal"]
    assert LocalWebservice.list(services, model_name="m", all=True) == []


def test_an_object_does_not_answer_for_a_service_of_another_kind(services, capsys):
    """One that has its name now: neither its port nor its state is told, and it is not deleted."""
    before, asked = LocalWebservice(services, "mylocal"), services.webservices["mylocal"]
    put("mylocal", 7009, kept.write("mylocal", asked._kept.inference, AciWebservice.deploy_configuration(), []))

    assert (before.state, before.port, before.scoring_uri) == ("unknown", None, None)
    assert "state=unknown, scoring_uri=None" in repr(before)
    with pytest.raises(WebserviceException, match=r"^Cannot call delete\(\) when service is unknown"):
        before.delete()
    assert type(services.webservices["mylocal"]) is AciWebservice


def test_the_workspace_shows_them_by_name(services, capsys):
    """`print(ws.webservices)` of the page of 2020-11."""
    print(services.webservices)
    told = capsys.readouterr().out

    assert told.startswith("{'myaci': AciWebservice(workspace=")
    assert "'mylocal': LocalWebservice(" in told


def test_lists_can_be_narrowed(services):
    def names(**given: object) -> list[str]:
        return [one.name for one in Webservice.list(services, **given)]

    assert names() == ["myaci", "myaks", "mylocal"]
    assert names(compute_type="AKS") == ["myaks"]
    assert names(model_name="m") == names(model_id="m:1") == ["myaks"]
    assert names(tags=["kind"]) == ["myaci", "myaks"]
    assert names(tags=[["kind", "aci"]]) == ["myaci"]
    with pytest.raises(WebserviceException, match=r'^Invalid compute type "iot". Valid options are'):
        names(compute_type="iot")


def test_one_whose_process_is_gone_has_failed_and_says_why(services):
    assert Webservice(services, "mylocal").state == "failed"
    assert Webservice(services, "myaci").state == "Failed"
    assert "its process is gone" in str(Webservice(services, "myaci").error)


def test_one_that_has_said_nothing_says_so(services):
    assert services.webservices["myaci"].get_logs().startswith("The service myaci has said nothing yet; it is Failed: ")


def test_what_it_was_asked_to_be_can_be_read(services):
    service = Webservice(services, "myaks")

    assert service.tags == {"kind": "aks"}
    assert [model.id for model in service.models] == ["m:1"]
    assert service.environment is None
    assert service.created_time <= service.updated_time


def test_one_without_a_name_or_that_is_not_there(services):
    with pytest.raises(WebserviceException, match=r"^Name must be provided$"):
        Webservice(services, "")
    with pytest.raises(
        WebserviceException,
        match=r"^WebserviceNotFound: Webservice with name nope not found in provided workspace. Services in this project: myaci, myaks, mylocal.$",
    ):
        Webservice(services, "nope")


def test_deleting_twice_says_so(services, capsys):
    service = Webservice(services, "myaci")
    service.delete()
    service.delete()

    assert capsys.readouterr().out == "No service with name myaci found to delete.\n"
    assert sorted(services.webservices) == ["myaks", "mylocal"]
