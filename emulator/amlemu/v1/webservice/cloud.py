"""
What services for ACI and AKS share: how they are waited for, asked and changed. They are behind the front door that their cloud has.

Source: azureml-core 1.61, azureml/core/webservice/{webservice,aci,aks}.py.
"""
# ruff: noqa: T201  # the SDK prints, and so does its face

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from amlemu.local_endpoints.record import CREATING, DELETING, FAILED, SUCCEEDED, UPDATING
from amlemu.v1.exceptions import WebserviceException
from amlemu.v1.inference_config import InferenceConfig
from amlemu.v1.webservice import kept, waiting
from amlemu.v1.webservice.webservice import GONE, Webservice, parsed

_DESCRIBING = {"tags", "properties", "description"}
_TIPS = (
    "Tips: You can try get_logs(): https://aka.ms/debugimage#dockerlog or local deployment: "
    "https://aka.ms/debugimage#debug-locally to debug if deployment takes longer than 10 minutes."
)


class CloudWebservice(Webservice):
    """A service as the cloud runs it."""

    _words: ClassVar[Mapping[str, str]] = {
        CREATING: "Transitioning",
        UPDATING: "Transitioning",
        SUCCEEDED: "Healthy",
        FAILED: "Failed",
        DELETING: "Deleting",
        GONE: "Deleting",
    }

    def wait_for_deployment(self, show_output: bool = False, timeout_sec: float | None = None) -> None:
        """
        Wait until it is healthy.

        Args:
            show_output: tell the steps, each with how long it took.
            timeout_sec: seconds after which nobody waits any more; it goes on.

        Raises:
            WebserviceException: it has not come up, or is not up yet.
        """
        if show_output:
            print(_TIPS)
        record = self._kept.record
        operation = record.operation.id if record.operation is not None else "none"
        outcome = waiting.within(timeout_sec, lambda: self._wait(show_output), lambda: self._late(timeout_sec))
        if outcome is None and self._provisioning() == FAILED:
            outcome = {"ok": False, "text": self._why(), "cause": None}
        if outcome is not None and not outcome["ok"]:
            self._error = waiting.of_cloud(self.name, self.compute_type, outcome)
            raise waiting.cloud_failure(self.state, operation, self._error, outcome)
        print(f'{self.compute_type} service creation operation finished, operation "Succeeded"')

    def _late(self, timeout_s: float | None) -> WebserviceException:
        text = f"Deployment polling exceeded timeout override of {timeout_s}s. Current status: Running"
        return WebserviceException(
            f"{text}\nDeployment may be transitioning or unhealthy, use update_deployment_state() to fetch the latest status of the webservice"
        )

    def run(self, input_data: str | bytes) -> Any:
        """
        Have a request scored, and return what the script has returned.

        Raises:
            WebserviceException: it is not up, or the answer is no 200.
        """
        if self.scoring_uri is None or self._provisioning() == FAILED:
            what = f"Error attempting to call webservice, scoring_uri unavailable. This could be due to a failed deployment, or the service is not ready yet.\nCurrent State: {self.state}\nErrors: {self.error}"
            raise WebserviceException(what)
        answer = self._post(input_data)
        if answer.status_code == 200:
            return parsed(answer)
        head = "Received bad response from service. More information can be found by calling `.get_logs()` on the webservice object."
        what = (
            f"{head}\nResponse Code: {answer.status_code}\nHeaders: {dict(answer.headers)}\nContent: {answer.content!r}"
        )
        raise WebserviceException(what, answer.status_code)

    def _update(self, models: Any, inference: InferenceConfig | None, given: Mapping[str, Any]) -> None:
        """Change what is given. Raises WebserviceException where nothing is, or it cannot be."""
        if given.get("image") is not None:
            raise WebserviceException(
                "Error, unable to use Image object to update Webservice created with Environment object."
            )
        changes = {name: value for name, value in given.items() if value is not None and name != "image"}
        if models is None and inference is None and not changes:
            raise WebserviceException("No parameters provided to update.")
        if models is not None and inference is None:
            what = 'Error, both "models" and "inference_config" inputs must be provided in order to update the models.'
            raise WebserviceException(what)
        if inference is not None and not isinstance(inference, InferenceConfig):
            raise WebserviceException(
                f"the inference configuration is a {type(inference).__name__}", hint="Expected an InferenceConfig."
            )
        configuration = self.configuration.changed(**changes)
        if models is None and inference is None and changes.keys() <= _DESCRIBING:
            kept.describe(self._kept, configuration)
            return
        self.put(inference, configuration, models)

    def add_tags(self, tags: Mapping[str, str]) -> None:
        """Add tags to those that it has."""
        self._update(None, None, {"tags": {**self.tags, **tags}})
        print("Webservice tag add operation complete.")

    def remove_tags(self, tags: str | list[str]) -> None:
        """Remove tags, by name."""
        gone = [tags] if isinstance(tags, str) else tags
        self._update(None, None, {"tags": {key: value for key, value in self.tags.items() if key not in gone}})
        print("Webservice tag remove operation complete.")

    def add_properties(self, properties: Mapping[str, str]) -> None:
        """Add properties to those that it has."""
        self._update(None, None, {"properties": {**self.properties, **properties}})
        print("Webservice add properties operation complete.")

    def serialize(self) -> dict[str, Any]:
        """Return what there is to say of it, in the SDK's names."""
        said = self.configuration.as_data()
        del said["computeType"]
        return {**super().serialize(), "authEnabled": self.auth_enabled, **said}
