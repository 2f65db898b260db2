"""AksWebservice: azureml-fe's address, keys by default, tokens, and what update changes."""

from __future__ import annotations

import datetime as dt
import json

from amlemu.v1.model import InferenceConfig, Model
from amlemu.v1.webservice import AksWebservice

from tests.v1.conftest import ECHO


def test_a_service_of_aks(desk):
    """One service for all of it: a key by default, the address of contract 2.1, an update, then tokens."""
    desk.write("score.py", ECHO)
    configuration = AksWebservice.deploy_configuration(memory_gb=1, primary_key="first", secondary_key="second")
    service = Model.deploy(desk.ws, "my-aks", [], InferenceConfig("score.py"), configuration)
    assert isinstance(service, AksWebservice)
    service.wait_for_deployment()

    assert service.scoring_uri.endswith("/api/v1/service/my-aks/score")
    assert service.get_keys() == ("first", "second")
    assert service.run('{"a": 1}') == {"a": 1}

    service.update(scoring_timeout_ms=9000, description="slow")
    service.wait_for_deployment()

    assert service.run("1") == 1
    assert service.description == "slow"
    assert service.serialize()["scoringTimeoutMs"] == 9000
    assert service.get_keys() == ("first", "second")

    service.update(token_auth_enabled=True)
    service.wait_for_deployment()
    token, refresh_after = service.get_token()

    assert service.token_auth_enabled
    assert service.run("2") == 2
    assert token.count(".") == 2
    assert isinstance(refresh_after, dt.datetime)
    assert json.dumps(service.serialize())
