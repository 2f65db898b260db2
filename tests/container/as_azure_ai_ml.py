"""
What `az ml ... --local` does with a local deployment, by azure-ai-ml's own code; run by that package's interpreter, prints JSON.

No login: `_LocalDeploymentHelper` and `_LocalEndpointHelper` are what the commands call with `local=True`.
"""

import json
import sys

from azure.ai.ml._scope_dependent_operations import OperationsContainer
from azure.ai.ml._utils._http_utils import HttpPipeline
from azure.ai.ml.exceptions import LocalEndpointNotFoundError
from azure.ai.ml.operations._local_deployment_helper import _LocalDeploymentHelper
from azure.ai.ml.operations._local_endpoint_helper import _LocalEndpointHelper

endpoint, name, what, body = sys.argv[1:]
deployments = _LocalDeploymentHelper(OperationsContainer())
endpoints = _LocalEndpointHelper(requests_pipeline=HttpPipeline())


def told(one):
    found = {
        "name": one.name,
        "endpoint": one.endpoint_name,
        "state": one.provisioning_state,
        "instance_type": one.instance_type,
    }
    found["script"] = one.code_configuration.scoring_script
    found["code"], found["model"], found["tags"] = one.code_configuration.code, one.model and one.model.path, one.tags
    found["env"] = one.environment_variables
    return {key: str(value) if key in ("code", "model") else value for key, value in found.items()}


if what == "look":
    answers = [endpoints.invoke(endpoint, json.loads(body), deployment_name=wanted) for wanted in (None, name)]
    result = {
        "list": [told(one) for one in deployments.list() if one.endpoint_name == endpoint],
        "show": told(deployments.get(endpoint, name)),
        "endpoints": [one.name for one in endpoints.list() if one.name == endpoint],
        "endpoint": {
            key: getattr(endpoints.get(endpoint), key) for key in ("scoring_uri", "provisioning_state", "location")
        },
        "answers": answers,
        "logs": deployments.get_deployment_logs(endpoint, name, 5000),
        "last": deployments.get_deployment_logs(endpoint, name, 1),
    }
elif what == "state":
    result = {
        "show": told(deployments.get(endpoint, name)),
        "logs": deployments.get_deployment_logs(endpoint, name, 5000),
    }
else:
    deployments.delete(endpoint, name)
    try:
        deployments.get(endpoint, name)
        result = {"gone": False}
    except LocalEndpointNotFoundError as error:
        result = {"gone": True, "told": str(error)}
print("RESULT", json.dumps(result))
