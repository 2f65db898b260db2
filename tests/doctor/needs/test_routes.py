"""Is a container probed where its server answers? Contract 3.2, 4.3, 6.4: GET on the configured route is not 2xx/3xx."""

from __future__ import annotations

import pytest
from amlemu.doctor.needs.routes import check_routes

from ..subjects import subject

STOCK = "mcr.microsoft.com/azureml/minimal-ubuntu22.04-py310-cpu-inference:latest"
DEPLOYMENT = """
    $schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
    name: blue
    endpoint_name: an-endpoint
    code_configuration: {code: code, scoring_script: score.py}
    environment:
      image: IMAGE
      inference_config:
        liveness_route: {port: PORT, path: PATH}
        readiness_route: {port: 5001, path: /}
        scoring_route: {port: 5001, path: /score}
    instance_type: Standard_DS3_v2
    instance_count: 1
"""


def findings(tmp_path, image, port, path):
    text = DEPLOYMENT.replace("IMAGE", image).replace("PORT", str(port)).replace("PATH", path)
    return list(check_routes(subject(tmp_path, deployment=text)))


@pytest.mark.parametrize(
    ("port", "path", "cause"),
    [
        (5001, "/health", "the liveness probe asks for /health on port 5001, and the image's server has /, /swagger.json, /score there: 404"),
        (8080, "/", "the liveness probe asks for / on port 8080, and the image's server listens on 5001"),
        (31311, "/", "the liveness probe asks for / on port 31311, and the image's server listens on 5001"),
    ],
)  # fmt: skip
def test_a_route_that_the_servers_own_does_not_have_is_missed_for_ever(tmp_path, port, path, cause):
    (finding,) = findings(tmp_path, STOCK, port, path)

    assert (finding.severity, finding.rule, finding.cause) == ("error", "probe-route", cause)
    assert (finding.cloud.today, finding.cloud.in_2021) == ("ResourceNotReady, Liveness probe failed, 424", "ERR_2200")
    assert finding.place.line == 9


@pytest.mark.parametrize("path", ["/", "/?ready=1", "/swagger.json", "/score"])
def test_a_route_that_it_has_is_fine(tmp_path, path):
    assert findings(tmp_path, STOCK, 5001, path) == []


def test_of_another_server_nothing_is_known(tmp_path):
    """TensorFlow Serving's, in the documentation's own example."""
    assert findings(tmp_path, "docker.io/tensorflow/serving:latest", 8501, "/v1/models/half_plus_two") == []
