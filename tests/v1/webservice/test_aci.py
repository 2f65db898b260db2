"""AciWebservice: the cloud's words, its front door, its keys."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from amlemu.v1.environment import Environment
from amlemu.v1.exceptions import WebserviceException
from amlemu.v1.model import InferenceConfig, Model
from amlemu.v1.webservice import AciWebservice

from tests.v1.conftest import SCORE, Desk, desk_in

SAMPLE = json.dumps({"data": [[1, 2]]})


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, AciWebservice]]:
    """The service of the pages, `my-service`."""
    with pytest.MonkeyPatch.context() as patch:
        for desk in desk_in(tmp_path_factory.mktemp("aci"), patch):
            desk.write("score.py", SCORE)
            model = Model.register(desk.ws, desk.train("my_model.pkl", 2), "my_best_model")
            inference = InferenceConfig("score.py", environment=Environment("e"))
            aci_config = AciWebservice.deploy_configuration(cpu_cores=1, memory_gb=1)
            service = Model.deploy(
                workspace=desk.ws,
                name="my-service",
                models=[model],
                inference_config=inference,
                deployment_config=aci_config,
            )
            service.wait_for_deployment()
            yield desk, service


def test_it_comes_up_with_the_words_of_the_sdk(shared, capsys):
    _, service = shared

    service.wait_for_deployment(show_output=True)
    told = capsys.readouterr().out

    assert told.startswith("Tips: You can try get_logs(): https://aka.ms/debugimage#dockerlog")
    assert told.endswith('ACI service creation operation finished, operation "Succeeded"\n')
    assert service.state == "Healthy"
    assert service.run(SAMPLE) == [6]


def test_it_is_behind_the_front_door_of_aci(shared):
    """Contract 2.1: `http://<host>/score`; a model's 500 becomes a 502."""
    _, service = shared

    assert service.scoring_uri.endswith("/score")
    assert "/api/v1/" not in service.scoring_uri
    with pytest.raises(WebserviceException) as caught:
        service.run("{}")
    assert caught.value.message.startswith(
        "Received bad response from service. More information can be found by calling `.get_logs()` on the webservice object.\n"
        "Response Code: 502\nHeaders: {"
    )


def test_models_lie_as_in_azure(shared):
    """AZUREML_MODEL_DIR is absolute there (contract 3.1)."""
    _, service = shared

    assert "AZUREML_MODEL_DIR /" in service.get_logs()


def test_it_asks_for_a_key_when_it_is_told_to(shared):
    _, service = shared
    with pytest.raises(WebserviceException, match="the service my-service asks nobody for a key"):
        service.get_keys()

    service.update(auth_enabled=True, tags={"a": "1"})
    service.wait_for_deployment()

    assert service.auth_enabled
    assert service.tags == {"a": "1"}
    assert service.run(SAMPLE) == [6]
    before = service.get_keys()
    service.regen_key("Primary")
    service.regen_key("secondary", "mine")
    assert service.get_keys()[0] not in before
    assert service.get_keys()[1] == "mine"
    assert service.run(SAMPLE) == [6]
    with pytest.raises(
        WebserviceException,
        match=r"^Error, invalid value provided for key: Third\.\nValid options are: Primary, Secondary",
    ):
        service.regen_key("third")


def test_it_has_no_tokens(shared):
    _, service = shared

    with pytest.raises(NotImplementedError, match=r"^ACI webservices do not support Token Authentication\.$"):
        service.get_token()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({}, r"^No parameters provided to update\.$", id="nothing"),
        pytest.param(
            {"models": []}, '^Error, both "models" and "inference_config" inputs must be provided', id="models"
        ),
        pytest.param({"image": object()}, "^Error, unable to use Image object", id="image"),
        pytest.param({"inference_config": "x"}, "Expected an InferenceConfig", id="inference"),
    ],
)
def test_update_takes_nothing_else(shared, given, words):
    _, service = shared

    with pytest.raises(WebserviceException, match=words):
        service.update(**given)


def test_serialize_has_the_names_of_the_sdk(shared):
    _, service = shared
    said = service.serialize()

    assert (said["computeType"], said["containerResourceRequirements"]) == ("ACI", {"cpu": 1, "memoryInGB": 1})
    assert json.dumps(said)
