"""Nobody logs in, whatever is said of it."""

from __future__ import annotations

import pytest
from amlemu.v1 import Workspace, authentication


@pytest.mark.parametrize(
    ("name", "given"),
    [
        pytest.param("InteractiveLoginAuthentication", {"tenant_id": "t", "force": True}, id="somebody"),
        pytest.param("AzureCliAuthentication", {}, id="az"),
        pytest.param("MsiAuthentication", {"identity_config": {"client_id": "c"}}, id="machine"),
        pytest.param(
            "ServicePrincipalAuthentication",
            {"tenant_id": "t", "service_principal_id": "i", "service_principal_password": "secret"},
            id="program",
        ),
    ],
)
def test_anything_is_taken_and_nothing_kept(desk, name, given):
    made = getattr(authentication, name)(**given)

    assert vars(made) == {}
    assert Workspace.from_config(auth=made) == Workspace()
