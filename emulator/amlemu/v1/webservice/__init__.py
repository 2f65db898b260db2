"""
`azureml.core.webservice`: services of this project. Each is an endpoint of `local_endpoints/` with one deployment, behind the face of the cloud that it is for.

`deploying.py` makes and changes them, `waiting.py` tells how that goes; `kept.py` says which files they are made of, `configuration.py` what they are asked to be.
"""

from __future__ import annotations

from amlemu.v1.webservice.aci import AciWebservice
from amlemu.v1.webservice.aks import AksWebservice
from amlemu.v1.webservice.kept import services_with
from amlemu.v1.webservice.local import LocalWebservice
from amlemu.v1.webservice.webservice import Webservice

__all__ = ["AciWebservice", "AksWebservice", "LocalWebservice", "Webservice", "services_with"]
