"""
`azureml.core.webservice.LocalWebservice`: the service that people debug with. No Docker here: a process runs the script, and says what the container said.

Source: azureml-core 1.61, azureml/core/webservice/local.py and azureml/_model_management/_util.py; contract 5.2.
"""
# ruff: noqa: T201  # the SDK prints, and so does its face

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar, cast

from amlemu.local_endpoints import verbs
from amlemu.local_endpoints.caller import is_kept
from amlemu.local_endpoints.following import ask
from amlemu.local_endpoints.record import CREATING, DELETING, FAILED, SUCCEEDED, UPDATING
from amlemu.v1.exceptions import WebserviceException, in_words
from amlemu.v1.inference_config import InferenceConfig
from amlemu.v1.webservice import deploying, kept, waiting
from amlemu.v1.webservice.configuration import LocalWebserviceDeploymentConfiguration
from amlemu.v1.webservice.kept import DEPLOYMENT
from amlemu.v1.webservice.webservice import GONE, LOCAL, Webservice, parsed
from amlemu.v1.workspace import Workspace

_Method = TypeVar("_Method", bound=Callable[..., Any])
_MUST_BE = "Error, provided {} configuration must be of type {} in order to update a local service."


def _in_state(*states: str) -> Callable[[_Method], _Method]:
    """Let a method be called in these states only, as the SDK does."""

    def decorate(method: _Method) -> _Method:
        @functools.wraps(method)
        def guarded(self: LocalWebservice, *args: Any, **more: Any) -> Any:
            state = self.state
            if state not in states:
                what = f"Cannot call {method.__name__}() when service is {state}."
                raise WebserviceException(what, hint=self._advice(state))
            return method(self, *args, **more)

        return cast("_Method", guarded)

    return decorate


class LocalWebservice(Webservice, kind=LOCAL):
    """A service for debugging."""

    STATE_DELETED, STATE_DEPLOYING, STATE_FAILED = "deleted", "deploying", "failed"
    STATE_RUNNING, STATE_UNKNOWN = "running", "unknown"
    compute_type: ClassVar[str] = "Local"
    _words: ClassVar[Mapping[str, str]] = {
        CREATING: STATE_DEPLOYING,
        UPDATING: STATE_DEPLOYING,
        SUCCEEDED: STATE_RUNNING,
        FAILED: STATE_FAILED,
        DELETING: STATE_DELETED,
        GONE: STATE_UNKNOWN,
    }

    def __init__(self, workspace: Workspace, name: str, must_exist: bool = True) -> None:
        """Find it. Raises WebserviceException where it has to be there, and is not."""
        super().__init__(workspace, name)
        if must_exist and self._look() is None:
            there = ", ".join(one.name for one in kept.every()) or "none"
            what = f"WebserviceNotFound: No local container with name {name}"
            raise WebserviceException(what, hint=f"Services in this project: {there}.")

    @staticmethod
    def deploy_configuration(port: int | None = None) -> LocalWebserviceDeploymentConfiguration:
        """
        Return what says how to deploy one.

        Args:
            port: where requests are answered; None is the first free one from 5101.

        Raises:
            WebserviceException: this is no port.
        """
        return LocalWebserviceDeploymentConfiguration(port=port)

    @staticmethod
    def list(  # type: ignore[override]  # as the SDK has it
        workspace: Workspace,
        model_name: str | None = None,
        model_id: str | None = None,
        all: bool | None = None,  # noqa: A002  # as the SDK has it
    ) -> list[LocalWebservice]:
        """Return the local services that fit: those that run, or all of them."""
        names = [one.name for one in kept.every() if one.kind == LOCAL and one.has_model(model_name, model_id)]
        found = [LocalWebservice(workspace, name) for name in names]
        return [one for one in found if all or one.state == LocalWebservice.STATE_RUNNING]

    @property
    def state(self) -> str:
        """`deploying`, `running`, `failed`, `deleted` or `unknown`."""
        return self.STATE_DELETED if self._is_deleted else super().state

    def _advice(self, state: str) -> str:
        if state == self.STATE_FAILED:
            why = self._why()
            more = "get_logs() says what the script has said; mend it, then reload() or update() starts it again."
            return f"{why}. {more}" if why else more
        return "Model.deploy(...) makes one." if state in (self.STATE_DELETED, self.STATE_UNKNOWN) else ""

    @property
    def error(self) -> dict[str, Any] | None:
        """Why it is not up; None while it is."""
        return {"message": self._why()} if self._provisioning() == FAILED else None

    @property
    def port(self) -> int | None:
        """Where requests are answered; None where it is gone."""
        found = self._look()
        return None if found is None else found.record.port

    @property
    def _root(self) -> str:
        return f"http://localhost:{self._kept.record.port}"

    @property
    def scoring_uri(self) -> str | None:
        """Where requests are answered, also of one that is not up yet; None where it is gone."""
        return None if self.port is None else f"{self._root}/score"

    @_in_state(STATE_DEPLOYING, STATE_RUNNING, STATE_FAILED)
    def wait_for_deployment(self, show_output: bool = False) -> None:
        """
        Wait until it is up.

        Args:
            show_output: tell the steps, each with how long it took.

        Raises:
            WebserviceException: it has not come up; the message says why, and the log is printed, as by the SDK.
        """
        print("Checking container health...")
        outcome = self._wait(show_output)
        if outcome is not None and not outcome["ok"]:
            goes_on = "The one before goes on as it was." if self.state == self.STATE_RUNNING else ""
            self._tell_failure(waiting.of_container(outcome), f"{waiting.told(outcome)}\n{goes_on}")
        if self.state != self.STATE_RUNNING:
            self._tell_failure("Error: Container has crashed. Did your init method fail?", self._why())
        print(f"Local webservice is {self.STATE_RUNNING} at {self._root}")

    def _tell_failure(self, words: str, more: str) -> None:
        print(f"Container Logs:\n{self.get_logs()}")
        raise WebserviceException(f"{words}\n{more}".rstrip())

    @_in_state(STATE_DEPLOYING, STATE_RUNNING)
    def run(self, input_data: str | bytes) -> Any:
        """
        Have a request scored, and return what the script has returned; one that is being deployed is waited for.

        Raises:
            WebserviceException: the answer is no 200: the message says which, and what the body is.
        """
        if self.state == self.STATE_DEPLOYING:
            self.wait_for_deployment()
        answer = self._post(input_data)
        if answer.status_code == 200:
            return parsed(answer)
        body = answer.content[:2000].decode("utf-8", "replace")
        what = f"Error: Scoring was unsuccessful.\nthe service answered {answer.status_code} {answer.reason_phrase}: {body}"
        raise WebserviceException(what, answer.status_code, hint="get_logs() has what the script has said.")

    @_in_state(STATE_DEPLOYING, STATE_FAILED, STATE_RUNNING)
    def reload(self, wait: bool = False) -> None:
        """
        Load the script anew, as it lies on the disk now; one that has failed is started again.

        Raises:
            WebserviceException: the script does not load.
        """
        if self.state == self.STATE_DEPLOYING:
            self._wait(shows=False)
        if self.state == self.STATE_FAILED or not is_kept(self._shelf):
            self._start_again()
            self.wait_for_deployment()
            return
        with in_words():
            done = ask(self._shelf, f"/deployments/{DEPLOYMENT}/reload")
        if not done["ok"]:
            until = "Requests get what a container that has crashed answers, until it is reloaded."
            self._tell_failure(
                "Error: Container has crashed. Did your init method fail?", f"{_fault(done['fault'])}\n{until}"
            )

    def _start_again(self) -> None:
        now = self._kept
        with in_words():
            one = now.record.deployments.get(DEPLOYMENT)
            if one is not None and one.was_up and not is_kept(self._shelf):
                verbs.update_endpoint(self.name, deploying.unheard, waits=False)
                return
        self.put(None, None, None)

    @_in_state(STATE_DEPLOYING, STATE_FAILED, STATE_RUNNING, STATE_UNKNOWN)
    def update(
        self,
        models: Any = None,
        image_config: Any = None,
        deployment_config: Any = None,
        wait: bool = False,
        inference_config: InferenceConfig | None = None,
    ) -> None:
        """
        Serve other models, another script or environment, or at another port; the one before answers until this one is healthy.

        Args:
            image_config: an inference configuration in second place, as the documentation of 2020 has it.
            wait: until it is up.

        Raises:
            WebserviceException: it cannot be; with `wait`, it has not come up.
        """
        if isinstance(image_config, InferenceConfig):
            image_config, inference_config = None, inference_config or image_config
        if image_config is not None:
            what = _MUST_BE.format("image", "ContainerImageConfig")
            raise WebserviceException(what, hint="Images of 2018 are not served: give an InferenceConfig.")
        if deployment_config is not None and not isinstance(deployment_config, LocalWebserviceDeploymentConfiguration):
            raise WebserviceException(_MUST_BE.format("deployment", "LocalWebserviceDeploymentConfiguration"))
        if inference_config is not None and not isinstance(inference_config, InferenceConfig):
            raise WebserviceException(_MUST_BE.format("inference", "InferenceConfig"))
        self.put(inference_config, deployment_config, models)
        if wait:
            self.wait_for_deployment()

    @_in_state(STATE_DEPLOYING, STATE_FAILED, STATE_RUNNING)
    def delete(self, delete_cache: bool = True, delete_image: bool = False, delete_volume: bool = True) -> None:
        """Delete it, with all that is kept of it; registered models stay."""
        super().delete()

    @_in_state(STATE_DEPLOYING, STATE_FAILED, STATE_RUNNING)
    def get_logs(self, num_lines: int = 5000, raw: bool = False) -> str:
        """Return the last lines of its log."""
        return super().get_logs(num_lines)

    def get_keys(self) -> tuple[str, str]:
        """Raise NotImplementedError, as the SDK does."""
        raise NotImplementedError("Local web services do not support auth keys.")

    def regen_key(self, key: str, set_key: str | None = None) -> None:
        """Raise NotImplementedError, as the SDK does."""
        raise NotImplementedError("Local web services do not support auth keys.")

    def get_token(self) -> Any:
        """Raise NotImplementedError, as the SDK does."""
        raise NotImplementedError("Local web services do not support Token Authentication.")

    def serialize(self) -> dict[str, Any]:
        """Return what there is to say of it, in the SDK's names."""
        return {**super().serialize(), "port": self.port}


def _fault(fault: Mapping[str, Any] | None) -> str:
    """Return what a script's fault says: where, what, its traceback, what to do."""
    said = fault or {}
    where = f"{said['where']}: " if said.get("where") else ""
    return "\n".join(
        word
        for word in (f"{where}{said.get('what', '')}", said.get("traceback", "").rstrip(), said.get("hint", ""))
        if word
    )
