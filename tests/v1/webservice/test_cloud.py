"""A service in the cloud that does not come up: the SDK's words, the state, and what takes its place."""

from __future__ import annotations

import pytest
from amlemu.v1.exceptions import WebserviceException
from amlemu.v1.model import InferenceConfig, Model
from amlemu.v1.webservice import AciWebservice

from tests.v1.conftest import ECHO

FAILS = "def init():\n    raise ValueError('no weights')\n\n\ndef run(data):\n    return data\n"


def test_one_that_fails_and_is_overwritten(desk, capsys):
    """The failed one keeps its name until overwrite=True says otherwise."""
    script = desk.write("score.py", FAILS)
    inference, configuration = InferenceConfig("score.py"), AciWebservice.deploy_configuration()
    service = Model.deploy(desk.ws, "svc", [], inference, configuration, show_output=True)
    assert "Request submitted, please run wait_for_deployment(show_output=True)" in capsys.readouterr().out

    with pytest.raises(WebserviceException) as caught:
        service.wait_for_deployment(show_output=True)

    head = "Service deployment polling reached non-successful terminal state, current service state: Failed\nOperation ID: "
    assert caught.value.message.startswith(head)
    assert '"code": "AciDeploymentFailed"' in caught.value.message
    assert '"code": "CrashLoopBackOff"' in caught.value.message
    assert "ValueError: no weights" in caught.value.message
    assert (service.state, service.scoring_uri) == ("Failed", None)
    with pytest.raises(
        WebserviceException, match=r"^Error attempting to call webservice, scoring_uri unavailable."
    ) as refused:
        service.run("{}")
    assert "Current State: Failed\nErrors: {'code': 'AciDeploymentFailed'" in refused.value.message
    with pytest.raises(WebserviceException, match="there is already a service with name svc"):
        Model.deploy(desk.ws, "svc", [], inference, configuration)

    script.write_text(ECHO)
    again = Model.deploy(desk.ws, "svc", [], inference, configuration, overwrite=True)
    again.wait_for_deployment(timeout_sec=30)

    assert again.run("[1]") == [1]


def test_one_that_hangs_is_not_waited_for_longer_than_was_said(desk):
    """It goes on, and can be deleted."""
    desk.write("score.py", "def init():\n    while True:\n        pass\n\n\ndef run(data):\n    return data\n")
    service = Model.deploy(desk.ws, "svc", [], InferenceConfig("score.py"), AciWebservice.deploy_configuration())

    with pytest.raises(
        WebserviceException, match=r"^Deployment polling exceeded timeout override of 0.5s. Current status: Running\n"
    ):
        service.wait_for_deployment(timeout_sec=0.5)

    assert service.state == "Transitioning"
    service.delete()
    assert desk.ws.webservices == {}


def test_tags_and_properties_are_changed_in_place(desk, capsys):
    """Nothing is deployed for that; an update that follows another one waits for it."""
    desk.write("score.py", ECHO)
    configuration = AciWebservice.deploy_configuration(tags={"a": "1"})
    service = Model.deploy(desk.ws, "svc", [], InferenceConfig("score.py"), configuration)
    service.wait_for_deployment()

    service.add_tags({"b": "2"})
    service.remove_tags("a")
    service.add_properties({"p": "3"})
    assert service.state == "Healthy"
    service.update(enable_app_insights=True)
    desk.write("shout.py", ECHO.replace("json.loads(data)", "'again'"))
    service.update(models=[], inference_config=InferenceConfig("shout.py"))
    service.wait_for_deployment()

    assert (service.tags, service.properties) == ({"b": "2"}, {"p": "3"})
    assert service.serialize()["appInsightsEnabled"]
    assert service.run("{}") == "again"
    assert (
        "Webservice tag add operation complete.\nWebservice tag remove operation complete.\n" in capsys.readouterr().out
    )
