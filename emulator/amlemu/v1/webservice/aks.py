"""
`azureml.core.webservice.AksWebservice`: a service as azureml-fe of 2020 runs it on a cluster.

Source: azureml-core 1.61, azureml/core/webservice/aks.py; contract 2.1 (the address), 2.2.
"""
# ruff: noqa: PLR0917  # positions are those of the SDK

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, ClassVar

from amlemu.local_endpoints import views
from amlemu.v1.exceptions import WebserviceException, in_words
from amlemu.v1.inference_config import InferenceConfig
from amlemu.v1.webservice.cloud import CloudWebservice
from amlemu.v1.webservice.configuration import AksServiceDeploymentConfiguration


@dataclass(frozen=True)
class AksServiceAccessToken:
    """A token, and until when it is good."""

    access_token: str
    token_type: str
    refresh_after: dt.datetime
    expiry_on: dt.datetime


class AksWebservice(CloudWebservice, kind="aks"):
    """A service behind the front door of AKS; `amlemu serve` plays replicas and nodes for it, here they are played, too."""

    compute_type: ClassVar[str] = "AKS"

    @staticmethod
    def deploy_configuration(
        autoscale_enabled: bool | None = None,
        autoscale_min_replicas: int | None = None,
        autoscale_max_replicas: int | None = None,
        autoscale_refresh_seconds: int | None = None,
        autoscale_target_utilization: int | None = None,
        collect_model_data: bool | None = None,
        auth_enabled: bool | None = None,
        cpu_cores: float | None = None,
        memory_gb: float | None = None,
        enable_app_insights: bool | None = None,
        scoring_timeout_ms: int | None = None,
        replica_max_concurrent_requests: int | None = None,
        max_request_wait_time: int | None = None,
        num_replicas: int | None = None,
        primary_key: str | None = None,
        secondary_key: str | None = None,
        tags: dict[str, str] | None = None,
        properties: dict[str, str] | None = None,
        description: str | None = None,
        gpu_cores: int | None = None,
        period_seconds: int | None = None,
        initial_delay_seconds: int | None = None,
        timeout_seconds: int | None = None,
        success_threshold: int | None = None,
        failure_threshold: int | None = None,
        namespace: str | None = None,
        token_auth_enabled: bool | None = None,
        compute_target_name: str | None = None,
        cpu_cores_limit: float | None = None,
        memory_gb_limit: float | None = None,
        blobfuse_enabled: bool | None = None,
    ) -> AksServiceDeploymentConfiguration:
        """Return what says how to deploy one. Raises WebserviceException for all that the SDK would refuse, together."""
        return AksServiceDeploymentConfiguration(**locals())

    @property
    def scoring_uri(self) -> str | None:
        """Where requests are answered, at the path that azureml-fe has for it; None where nothing has ever been up."""
        uri = super().scoring_uri
        return None if uri is None else f"{self._root}/api/v1/service/{self.name}/score"

    def update(
        self,
        image: Any = None,
        autoscale_enabled: bool | None = None,
        autoscale_min_replicas: int | None = None,
        autoscale_max_replicas: int | None = None,
        autoscale_refresh_seconds: int | None = None,
        autoscale_target_utilization: int | None = None,
        collect_model_data: bool | None = None,
        auth_enabled: bool | None = None,
        cpu_cores: float | None = None,
        memory_gb: float | None = None,
        enable_app_insights: bool | None = None,
        scoring_timeout_ms: int | None = None,
        replica_max_concurrent_requests: int | None = None,
        max_request_wait_time: int | None = None,
        num_replicas: int | None = None,
        tags: dict[str, str] | None = None,
        properties: dict[str, str] | None = None,
        description: str | None = None,
        models: Any = None,
        inference_config: InferenceConfig | None = None,
        gpu_cores: int | None = None,
        period_seconds: int | None = None,
        initial_delay_seconds: int | None = None,
        timeout_seconds: int | None = None,
        success_threshold: int | None = None,
        failure_threshold: int | None = None,
        namespace: str | None = None,
        token_auth_enabled: bool | None = None,
        cpu_cores_limit: float | None = None,
        memory_gb_limit: float | None = None,
        **kwargs: Any,
    ) -> None:
        """Change what is given; the one before answers until this one is healthy. Raises WebserviceException."""
        given = {name: value for name, value in locals().items() if name in AksServiceDeploymentConfiguration.fields}
        given["image"] = image
        self._update(models, inference_config, given)

    def get_token(self) -> tuple[str, dt.datetime]:
        """Return a token, and when to ask for the next one. Raises WebserviceException where it asks for none."""
        token = self.get_access_token()
        return token.access_token, token.refresh_after

    def get_access_token(self) -> AksServiceAccessToken:
        """Return a token. Raises WebserviceException where it asks for none."""
        with in_words():
            said = views.credentials(self.name)
        if "accessToken" not in said:
            raise WebserviceException("the service asks for a key, and not for a token", hint="get_keys() has it.")
        times = [dt.datetime.fromtimestamp(said[key]) for key in ("refreshAfterTimeUtc", "expiryTimeUtc")]  # noqa: DTZ006  # as the SDK has it
        return AksServiceAccessToken(said["accessToken"], "Bearer", times[0], times[1])
