"""What Model.deploy refuses, before anything is made; and which models a service gets."""

from __future__ import annotations

import pytest
from amlemu.credentials import KeyFile
from amlemu.local_endpoints.record import Asked, DeploymentRecord, Record
from amlemu.local_endpoints.shelf import shelf_of
from amlemu.v1.compute import AksCompute
from amlemu.v1.exceptions import WebserviceException
from amlemu.v1.model import InferenceConfig, Model
from amlemu.v1.webservice import AciWebservice, LocalWebservice, deploying, kept

from tests.v1.conftest import ECHO


@pytest.fixture
def inference(desk) -> InferenceConfig:
    desk.write("score.py", ECHO)
    return InferenceConfig("score.py")


@pytest.mark.parametrize("name", ["ab", "Mysvc", "my_svc", "-svc", "svc-", "a" * 33])
def test_a_name_that_azure_would_refuse(desk, inference, name):
    """azureml-core 1.61, webservice_name_validation."""
    with pytest.raises(
        WebserviceException,
        match=r"^Error, provided service name is invalid. It must only consist of lowercase letters",
    ):
        Model.deploy(desk.ws, name, [], inference, LocalWebservice.deploy_configuration())

    assert not (desk.folder / ".amlemu").exists()


@pytest.mark.parametrize("which", ["primary", "secondary"])
def test_one_key_may_be_given_by_hand(desk, which):
    """The other one is made."""
    asked = AciWebservice.deploy_configuration(auth_enabled=True, **{f"{which}_key": "mine"})
    deploying._give_keys("svc", asked)
    keys = KeyFile(shelf_of("svc").folder).keys()

    assert getattr(keys, which) == "mine"
    assert len({keys.primary, keys.secondary}) == 2


def test_models_without_a_script_are_refused(desk):
    with pytest.raises(WebserviceException, match="InferenceConfig"):
        Model.deploy(desk.ws, "svc", [], None, LocalWebservice.deploy_configuration())
    with pytest.raises(WebserviceException, match="must be of type InferenceConfig in order to deploy a local service"):
        Model.deploy(desk.ws, "svc", [], "score.py", LocalWebservice.deploy_configuration())


def test_a_configuration_of_another_kind_is_refused(desk, inference):
    with pytest.raises(
        WebserviceException, match=r"^Error, provided deployment configuration must be of type .*It is a dict"
    ):
        Model.deploy(desk.ws, "svc", [], inference, {"port": 1})


def test_a_configuration_that_was_changed_is_looked_at_again(desk, inference):
    configuration = LocalWebservice.deploy_configuration()
    configuration.port = -1

    with pytest.raises(WebserviceException, match="port must be an integer"):
        Model.deploy(desk.ws, "svc", [], inference, configuration)


def test_the_name_of_an_endpoint_is_taken(desk, inference):
    shelf_of("mine").write(Record("mine", 5001, deployments={"blue": DeploymentRecord(Asked("score.py"))}))

    with pytest.raises(
        WebserviceException,
        match=r"mine is an endpoint of this project, and no service. amlemu endpoint delete -n mine",
    ):
        Model.deploy(desk.ws, "mine", [], inference)


def test_the_name_of_a_service_is_taken_unless_it_is_overwritten(desk, inference):
    """azureml-core 1.0: `Error, there is already a service with name ... found in workspace ...`."""
    asked = kept.write("svc", inference.as_data(), AciWebservice.deploy_configuration(), [])
    shelf_of("svc").write(Record("svc", 5001, deployments={"blue": DeploymentRecord(asked)}))

    with pytest.raises(
        WebserviceException, match=r"^Error, there is already a service with name svc found in workspace local"
    ):
        Model.deploy(desk.ws, "svc", [], inference, AciWebservice.deploy_configuration())


def test_a_cluster_as_target_asks_for_aks(desk, inference):
    wanted = deploying.Wanted("svc", [], inference, None, AksCompute(desk.ws, "myaks"))

    assert deploying.configuration_of(wanted).kind == "aks"
    assert deploying.configuration_of(deploying.Wanted("svc", [], inference, None)).kind == "aci"


def test_models_are_registered_ones_their_ids_or_paths(desk):
    desk.train("my model.pkl", 1)
    model = Model.register(desk.ws, desk.train("m.pkl", 1), "m")

    given = deploying.resolved(desk.ws, [model, "m.pkl", "my model.pkl"], registers=False)
    by_id = deploying.resolved(desk.ws, ["m:1"], registers=False)

    assert [one.id for one in given] == ["m:1", "m.pkl:0", "my_model.pkl:0"]
    assert by_id == given[:1]


def test_a_path_is_registered_for_the_cloud(desk):
    desk.train("m.pkl", 1)

    assert [one.id for one in deploying.resolved(desk.ws, ["m.pkl"], registers=True)] == ["m.pkl:1"]
    assert [model.id for model in Model.list(desk.ws)] == ["m.pkl:1"]


@pytest.mark.parametrize(
    ("models", "words"),
    [
        pytest.param("m.pkl", r"Give a list: \[model\]\.", id="text"),
        pytest.param(
            [3],
            "Models must either be of type azureml.core.Model or a str path to a file or folder. One is a int",
            id="number",
        ),
        pytest.param(["nope:1"], "ModelNotFound: Model with id nope:1 not found", id="id"),
        pytest.param(["nope.pkl"], "ModelNotFound: Model with id nope.pkl not found", id="path"),
        pytest.param(["m.pkl", "m.pkl"], r"model m\.pkl:0 is given twice", id="twice"),
    ],
)
def test_what_is_no_model_is_refused(desk, models, words):
    desk.train("m.pkl", 1)

    with pytest.raises(WebserviceException, match=words):
        deploying.resolved(desk.ws, models, registers=False)


def test_keys_are_for_their_owner_only(desk):
    deploying.write_keys("svc", "a", "b")
    path = desk.folder / ".amlemu/endpoints/svc/keys.json"

    assert path.stat().st_mode & 0o777 == 0o600
