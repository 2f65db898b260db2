"""
`azureml.core.webservice.Webservice`: what all services have. Which kind one is, its files say; states are asked for whenever they are read.

Source: azureml-core 1.61, azureml/core/webservice/webservice.py.
"""
# ruff: noqa: T201, PLR0917, ARG004  # the SDK prints, and so does its face; positions are those of the SDK; arguments of the SDK that have no meaning here

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NoReturn

from amlemu.local_endpoints import logs, views
from amlemu.local_endpoints import shelf as shelves
from amlemu.local_endpoints.record import CREATING, DELETING, FAILED, SUCCEEDED, UPDATING
from amlemu.local_endpoints.rules import NotThere
from amlemu.v1.exceptions import WebserviceException, in_words
from amlemu.v1.inference_config import InferenceConfig
from amlemu.v1.webservice import deploying, kept, waiting
from amlemu.v1.webservice.configuration import DeploymentConfiguration
from amlemu.v1.webservice.kept import DEPLOYMENT, GivenModel, Kept
from amlemu.v1.workspace import Workspace

_LINES = 5000
_OF_TODAY = "Model.deploy(workspace, name, models, inference_config, deployment_config) takes the script itself."
LOCAL = "local"
GONE = "Gone"
"""Of a service that is not there; the other states are those of `local_endpoints.record`."""


class Webservice:
    """
    A service of this project: `Webservice(ws, NAME)` finds one, of whatever kind, and is of its kind.

    An object stays with its kind: when a service of another kind takes the name, its own is gone.

    Raises:
        WebserviceException: `WebserviceNotFound`.
    """

    _kinds: ClassVar[dict[str, type[Webservice]]] = {}
    _words: ClassVar[Mapping[str, str]] = {}
    compute_type: ClassVar[str] = ""
    _kind: ClassVar[str] = ""

    def __init_subclass__(cls, kind: str = "", **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if kind:
            cls._kind = kind
            Webservice._kinds[kind] = cls

    def __new__(cls, workspace: Workspace, name: str, *args: Any, **more: Any) -> Webservice:  # noqa: PYI034  # of the kind that its files say
        """Find out of which kind it is: as in the SDK, `AksWebservice(ws, NAME)` finds one of ACI, too."""
        if cls._kind == LOCAL:  # that one may be named before it is there
            return super().__new__(cls)
        if not name:
            raise WebserviceException("Name must be provided")
        found = kept.of(name)
        if found is None or (cls._kind and found.kind == LOCAL):
            raise _not_found(name)
        made = super().__new__(Webservice._kinds[found.kind])
        if not isinstance(made, cls):
            made.__init__(workspace, name)  # type: ignore[misc]  # Python calls it for its own kind only
        return made

    def __init__(self, workspace: Workspace, name: str) -> None:
        """Take its name; nothing is asked before something is read."""
        self.workspace, self.name = workspace, name
        self.image_id: str | None = None
        self._is_deleted = self._is_remarked = False
        self._error: dict[str, Any] | None = None

    # What there is to say of it

    def _look(self) -> Kept | None:
        """Return what is known of it; None where it is not there, be it that one of another kind has its name."""
        found = None if self._is_deleted else kept.of(self.name)
        return found if found is not None and found.kind == self._kind else None

    @property
    def _kept(self) -> Kept:
        found = self._look()
        if found is None:
            raise _not_found(self.name)
        return found

    @property
    def _shelf(self) -> shelves.Shelf:
        return shelves.shelf_of(self.name)

    def _provisioning(self) -> str:
        """Return the state, in the words of `local_endpoints.record`, or GONE."""
        if self._look() is None:
            return GONE
        try:
            seen = views.endpoint(self.name)
        except NotThere:
            return GONE
        states = (seen["provisioning_state"], seen["deployments"].get(DEPLOYMENT, CREATING))
        for one in (FAILED, DELETING, UPDATING, CREATING):
            if one in states:
                return one
        return SUCCEEDED

    @property
    def state(self) -> str:
        """Its state, in the words of its kind."""
        return self._words[self._provisioning()]

    def _why(self) -> str:
        """Return why it is not up; empty where that is not known."""
        try:
            seen = views.endpoint(self.name)
            if seen["why"] or not seen["deployments"]:
                return str(seen["why"] or "")
            return str(views.deployment(self.name, DEPLOYMENT)["why"] or "")
        except NotThere:
            return ""

    @property
    def error(self) -> dict[str, Any] | None:
        """Why it is not up, as JSON has it; None while it is."""
        if self._provisioning() != FAILED:
            return None
        return self._error or waiting.of_cloud(self.name, self.compute_type, {"text": self._why(), "cause": None})

    @property
    def _root(self) -> str:
        return f"http://127.0.0.1:{self._kept.record.port}"

    @property
    def scoring_uri(self) -> str | None:
        """Where requests are answered; None where nothing has ever been up."""
        one = self._kept.record.deployments.get(DEPLOYMENT)
        return f"{self._root}/score" if one is not None and one.was_up else None

    @property
    def swagger_uri(self) -> str | None:
        """Where its OpenAPI document is."""
        uri = self.scoring_uri
        return None if uri is None else uri.removesuffix("score") + "swagger.json"

    @property
    def configuration(self) -> DeploymentConfiguration:
        """What it was asked to be; ours."""
        return self._kept.configuration

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return dict(getattr(self.configuration, "tags", None) or {})

    @property
    def properties(self) -> dict[str, str]:
        """Its properties."""
        return dict(getattr(self.configuration, "properties", None) or {})

    @property
    def description(self) -> str | None:
        """What it is for."""
        return getattr(self.configuration, "description", None)

    @property
    def auth_enabled(self) -> bool:
        """Whether callers need a key."""
        return self._kept.record.auth == "key"

    @property
    def token_auth_enabled(self) -> bool:
        """Whether callers need a token."""
        return self._kept.record.auth == "aml_token"

    @property
    def created_time(self) -> dt.datetime:
        """When it was deployed first."""
        return dt.datetime.fromtimestamp(self._kept.said["created_at"], dt.timezone.utc)

    @property
    def updated_time(self) -> dt.datetime:
        """When it was deployed or updated last."""
        return dt.datetime.fromtimestamp(self._kept.said["updated_at"], dt.timezone.utc)

    @property
    def models(self) -> list[Any]:
        """Its registered models."""
        from amlemu.v1.model import Model

        return [Model(self.workspace, id=model.id) for model in self._kept.models if model.version]

    @property
    def environment(self) -> Any:
        """Its environment; None where it has none."""
        from amlemu.v1.environment import from_data

        said = self._kept.inference.get("environment")
        return from_data(said) if isinstance(said, dict) else None

    def get_logs(self, num_lines: int = _LINES, init: bool = False) -> str:
        """
        Return the last lines of its log; of one that is not up yet, that one should try again.

        Raises:
            WebserviceException: there is no such service.
        """
        _ = self._kept
        path = logs.log_of(self._shelf.deployment(DEPLOYMENT), logs.CONTAINERS[0])
        said = logs.last_lines(path, num_lines)
        if said:
            return "\n".join(said) + "\n"
        why = self._why()
        more = f": {why}" if why else ". Try again later."
        return f"The service {self.name} has said nothing yet; it is {self.state}{more}\n"

    # What can be done with it

    def wait_for_deployment(self, show_output: bool = False) -> None:
        """Wait until it is up; each kind has its own words. Raises WebserviceException."""
        raise NotImplementedError

    def run(self, input_data: str | bytes) -> Any:
        """Have a request scored; each kind has its own words. Raises WebserviceException."""
        raise NotImplementedError

    def update_deployment_state(self) -> None:
        """Do nothing: states are asked for whenever they are read."""

    def _wait(self, shows: bool) -> dict[str, Any] | None:
        """Wait for the end of what goes on; returns its outcome, None where nothing did. The remark about the environment is told once."""
        if shows and not self._is_remarked:
            for line in waiting.remarks(self._kept.asked):
                print(line)
            self._is_remarked = True
        return waiting.follow(self.name, shows)

    def put(
        self, inference: InferenceConfig | None, configuration: DeploymentConfiguration | None, models: Any
    ) -> None:
        """Begin to serve this; what is None stays as it is. Ours: `update` of each kind comes to it. Raises WebserviceException."""
        if inference is not None:
            inference.validate_configuration()
        if self._provisioning() == UPDATING:
            waiting.follow(self.name, shows=False)  # one after the other: what stays is what that one leaves
        now = self._kept
        given: Sequence[GivenModel] = now.models
        if models is not None:
            given = deploying.resolved(self.workspace, models, registers=now.configuration.kind != "local")
        said = now.inference if inference is None else inference.as_data()
        deploying.put(self.name, said, configuration or now.configuration, given)
        self._error = None

    def delete(self) -> None:
        """Delete it; requests in hand may finish."""
        if self._provisioning() == GONE:
            print(f"No service with name {self.name} found to delete.")
            return
        with in_words():
            deploying.delete_endpoint(self.name)
        kept.forget(self.name)
        self._is_deleted = True

    def get_keys(self) -> tuple[str, str]:
        """Return the primary and the secondary key. Raises WebserviceException where it asks for none."""
        if not self.auth_enabled and not self.token_auth_enabled:
            hint = "deploy_configuration(auth_enabled=True) makes one that does."
            raise WebserviceException(f"the service {self.name} asks nobody for a key", hint=hint)
        with in_words():
            said = views.credentials(self.name)
        if "primaryKey" not in said:
            raise WebserviceException(
                "Invalid response key: primaryKey", hint="It asks for a token: get_token() makes one."
            )
        return said["primaryKey"], said["secondaryKey"]

    def regen_key(self, key: str, set_key: str | None = None) -> None:
        """
        Replace a key, `Primary` or `Secondary`, by a new one or by `set_key`.

        Raises:
            WebserviceException: it asks for no key, or there is no such one.
        """
        if not key:
            raise WebserviceException("Error, must specify which key with be regenerated: Primary, Secondary")
        which = key.capitalize()
        if which not in ("Primary", "Secondary"):
            raise WebserviceException(
                f"Error, invalid value provided for key: {which}.\nValid options are: Primary, Secondary"
            )
        before = dict(zip(("Primary", "Secondary"), self.get_keys(), strict=True))
        from amlemu.credentials import KeyFile

        file = KeyFile(self._shelf.folder)
        if set_key is None:
            file.regenerate(which.lower())
            return
        after = {**before, which: set_key}
        deploying.write_keys(self.name, after["Primary"], after["Secondary"], file.keys().signing)

    @staticmethod
    def deploy(*_: Any, **__: Any) -> NoReturn:
        """Raise WebserviceException: images of 2018 are not made."""
        raise WebserviceException("Images of 2018 are not served", hint=_OF_TODAY)

    deploy_from_model = deploy_from_image = deploy

    @staticmethod
    def list(
        workspace: Workspace,
        compute_type: str | None = None,
        image_name: str | None = None,
        image_id: str | None = None,
        model_name: str | None = None,
        model_id: str | None = None,
        tags: Sequence[Any] | None = None,
        properties: Sequence[Any] | None = None,
        image_digest: str | None = None,
    ) -> list[Webservice]:
        """Return the services that fit. Raises WebserviceException for a kind that there is not."""
        kinds = {kind.upper() for kind in Webservice._kinds}
        if compute_type and compute_type.upper() not in kinds:
            what = f'Invalid compute type "{compute_type}". Valid options are "{",".join(sorted(kinds))}"'
            raise WebserviceException(what)
        every = [one for one in kept.every() if one.has_model(model_name, model_id)]
        wanted = compute_type.lower() if compute_type else None
        found = [service_of(workspace, one.name) for one in every if wanted in (None, one.kind)]
        return [one for one in found if _has(one.tags, tags) and _has(one.properties, properties)]

    def serialize(self) -> dict[str, Any]:
        """Return what there is to say of it, in the SDK's names."""
        return {
            "name": self.name,
            "description": self.description,
            "tags": self.tags,
            "properties": self.properties,
            "state": self.state,
            "createdTime": self.created_time.isoformat(),
            "updatedTime": self.updated_time.isoformat(),
            "error": self.error,
            "computeType": self.compute_type,
            "workspaceName": self.workspace.name,
            "imageId": self.image_id,
            "scoringUri": self.scoring_uri,
            "swaggerUri": self.swagger_uri,
        }

    def _post(self, body: Any) -> Any:
        """Post a request, once; returns what `httpx` does. Raises WebserviceException where nothing answers."""
        import httpx

        if not isinstance(body, (str, bytes)):
            what = f"the input is a {type(body).__name__}"
            raise WebserviceException(what, hint="Give text or bytes: json.dumps(...) makes text.")
        headers = {"Content-Type": "application/json"}
        if self.auth_enabled:
            headers["Authorization"] = f"Bearer {self.get_keys()[0]}"
        elif self.token_auth_enabled:
            headers["Authorization"] = f"Bearer {views.credentials(self.name)['accessToken']}"
        try:
            with httpx.Client(trust_env=False, timeout=None) as http:
                return http.post(str(self.scoring_uri), content=body, headers=headers)
        except httpx.TransportError as error:
            what = "Error: Connection with container for scoring has failed."
            raise WebserviceException(what, hint=f"{self.scoring_uri}: {error}. {self._why()}".rstrip()) from error

    def __repr__(self) -> str:
        there = self._look() is not None
        said = {
            "workspace": repr(self.workspace),
            "name": self.name,
            "image_id": self.image_id,
            "compute_type": self.compute_type,
            "state": self.state,
            "scoring_uri": self.scoring_uri if there else None,
            "tags": self.tags if there else {},
            "properties": self.properties if there else {},
        }
        return f"{type(self).__name__}({', '.join(f'{key}={value}' for key, value in said.items())})"


def service_of(workspace: Workspace, name: str) -> Webservice:
    """Return a service that is there. Raises WebserviceException."""
    found = Webservice(workspace, name)
    assert isinstance(found, Webservice)
    return found


def parsed(answer: Any) -> Any:
    """Return the JSON of an answer. Raises WebserviceException where it is none."""
    try:
        return json.loads(answer.content)
    except ValueError as error:
        body = answer.content[:200]
        what = f"the service answered 200, and the body is no JSON: {body!r}"
        raise WebserviceException(
            what, hint="run() returned text or bytes of its own: post to scoring_uri to have them."
        ) from error


def _has(said: Mapping[str, str], wanted: Sequence[Any] | None) -> bool:
    pairs = [(word, None) if isinstance(word, str) else (word[0], word[1]) for word in wanted or ()]
    return all(key in said and value in (None, said[key]) for key, value in pairs)


def _not_found(name: str) -> WebserviceException:
    there = ", ".join(one.name for one in kept.every()) or "none"
    what = f"WebserviceNotFound: Webservice with name {name} not found in provided workspace"
    return WebserviceException(what, hint=f"Services in this project: {there}.")
