"""
`azureml.core.webservice.AciWebservice`: a service as Azure Container Instances runs it.

Source: azureml-core 1.61, azureml/core/webservice/aci.py.
"""
# ruff: noqa: PLR0917  # positions are those of the SDK

from __future__ import annotations

from typing import Any, ClassVar

from amlemu.v1.inference_config import InferenceConfig
from amlemu.v1.webservice.cloud import CloudWebservice
from amlemu.v1.webservice.configuration import AciServiceDeploymentConfiguration


class AciWebservice(CloudWebservice, kind="aci"):
    """A service behind the front door of ACI."""

    compute_type: ClassVar[str] = "ACI"

    @staticmethod
    def deploy_configuration(
        cpu_cores: float | None = None,
        memory_gb: float | None = None,
        tags: dict[str, str] | None = None,
        properties: dict[str, str] | None = None,
        description: str | None = None,
        location: str | None = None,
        auth_enabled: bool | None = None,
        ssl_enabled: bool | None = None,
        enable_app_insights: bool | None = None,
        ssl_cert_pem_file: str | None = None,
        ssl_key_pem_file: str | None = None,
        ssl_cname: str | None = None,
        dns_name_label: str | None = None,
        primary_key: str | None = None,
        secondary_key: str | None = None,
        collect_model_data: bool | None = None,
        cmk_vault_base_url: str | None = None,
        cmk_key_name: str | None = None,
        cmk_key_version: str | None = None,
        vnet_name: str | None = None,
        subnet_name: str | None = None,
    ) -> AciServiceDeploymentConfiguration:
        """Return what says how to deploy one. Raises WebserviceException for what the SDK would refuse."""
        return AciServiceDeploymentConfiguration(**locals())

    def update(
        self,
        image: Any = None,
        tags: dict[str, str] | None = None,
        properties: dict[str, str] | None = None,
        description: str | None = None,
        auth_enabled: bool | None = None,
        ssl_enabled: bool | None = None,
        ssl_cert_pem_file: str | None = None,
        ssl_key_pem_file: str | None = None,
        ssl_cname: str | None = None,
        enable_app_insights: bool | None = None,
        models: Any = None,
        inference_config: InferenceConfig | None = None,
    ) -> None:
        """Change what is given; the one before answers until this one is healthy. Raises WebserviceException."""
        given = {name: value for name, value in locals().items() if name in AciServiceDeploymentConfiguration.fields}
        given["image"] = image
        self._update(models, inference_config, given)

    def get_token(self) -> Any:
        """Raise NotImplementedError, as the SDK does."""
        raise NotImplementedError("ACI webservices do not support Token Authentication.")
