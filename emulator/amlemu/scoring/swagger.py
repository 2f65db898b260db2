"""
The OpenAPI documents of a script, in versions 2.0, 3.0.3 and 3.1.0, key for key as the real server writes them.

A `swagger.json` / `swagger2.json` / `swagger3.json` / `swagger3.1.json` in the app root replaces the generated one.

Source: azureml-inference-server-http 1.5.1, server/swagger.py and the documents it serves (observed; contract 4.10).
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Callable, Dict, List, Optional, Tuple

from amlemu.scoring.config import ServerConfig
from amlemu.scoring.logs import OWN, swagger_log
from amlemu.scoring.script import is_schema_decorated

_ALIASES = {"2": ("2", "2.0"), "3": ("3", "3.0"), "3.1": ("3.1",)}
_VERSION_OF = {alias: version for version, aliases in _ALIASES.items() for alias in aliases}
_FILES = {"2": ("swagger.json", "swagger2.json"), "3": ("swagger3.json",), "3.1": ("swagger3.1.json",)}
Document = Dict[str, Any]


class NoSuchVersion(Exception):
    """Answered with 404."""


class Documents:
    """The documents of one script, by version."""

    def __init__(self, documents: Dict[str, Document]) -> None:
        self._documents = documents

    def document(self, asked: str) -> Document:
        """Return the document for a `version` as the client wrote it; raises NoSuchVersion."""
        supported = ", ".join(sorted(self._documents))
        if asked not in _VERSION_OF:
            raise NoSuchVersion(f"Swagger version [{asked}] is not valid. Supported versions: [{supported}].")
        found = self._documents.get(_VERSION_OF[asked])
        if not found:
            raise NoSuchVersion(
                f"Swagger version [{asked}] is not supported for the scoring script."
                f" Supported swagger versions: [{supported}]."
            )
        return found


def prepare(run: Callable[..., Any], app_root: str, config: ServerConfig) -> Documents:
    """
    Make the documents for `run`.

    Raises:
        ValueError: a user's file is not JSON; the message names the file.
    """
    documents: Dict[str, Document] = {}
    skipped: List[str] = []
    for version, files in _FILES.items():
        document = _users_own(files, app_root, version) or _generated(version, run, config)
        if document is None:
            skipped.append(version)
        else:
            documents[version] = document
    _log(sorted(documents), sorted(skipped))
    return Documents(documents)


def _log(prepared: List[str], skipped: List[str]) -> None:
    if prepared and skipped:
        text = f"Swaggers are prepared for versions [{', '.join(prepared)}] and skipped for versions [{', '.join(skipped)}]."
    elif prepared:
        text = f"Swaggers are prepared for the following versions: [{', '.join(prepared)}]."
    else:
        text = "No swagger is prepared."
    swagger_log.info(text, extra=OWN)


def _users_own(files: Tuple[str, ...], app_root: str, version: str) -> Optional[Document]:
    for name in files:
        path = os.path.join(app_root, name)
        try:
            with open(path, encoding="utf-8") as file:
                document: Document = json.load(file)
        except FileNotFoundError:
            continue
        except ValueError as error:
            raise ValueError(f"{path} is not JSON: {error}; the server reads it as the OpenAPI document") from error
        swagger_log.info(f"Loaded user's swagger file for version [{version}] from {path}", extra=OWN)
        if document:
            return document
    return None


def _generated(version: str, run: Callable[..., Any], config: ServerConfig) -> Optional[Document]:
    schemas = _schemas(version, run)
    if schemas is None:
        return None
    prefix = _pasted(f"/{config.service_path_prefix.strip('/')}") if config.service_path_prefix else ""
    if version == "2":
        return _version_2(config, prefix, *schemas)
    return _version_3("3.1.0" if version == "3.1" else "3.0.3", config, prefix, *schemas)


def _schemas(version: str, run: Callable[..., Any]) -> Optional[Tuple[Any, Any]]:
    """Return input and output schema, or None where inference-schema cannot express them in this version."""
    library = sys.modules.get("inference_schema.schema_util")
    if library is not None and not set(_ALIASES[version]) & set(library.get_supported_versions(run)):
        return None
    if library is not None and is_schema_decorated(run):
        return library.get_input_schema(run), library.get_output_schema(run)
    empty: Document = {"type": "object", "example": {}}
    return empty, empty


_HEALTH = "Simple health check endpoint to ensure the service is up at any given point."
_HEALTHY = "If service is up and running, this response will be returned with the content 'Healthy'"
_FAILED = "The service failed to execute due to an error."
_SCORE = "Run web service's model and get the prediction output"
_INPUT = "The input payload for executing the real-time machine learning service."
_SCORED = "The service processed the input correctly and provided a result prediction, if applicable."
_BEARER = {"type": "apiKey", "name": "Authorization", "in": "header", "description": "For example: Bearer abc123"}
_ERROR = {"type": "object", "properties": {"message": {"type": "string"}}}


def _info(config: ServerConfig) -> Document:
    name = _pasted(config.service_name)
    return {
        "title": name,
        "description": f"API specification for the Azure Machine Learning service {name}",
        "version": _pasted(config.service_version),
    }


def _pasted(setting: str) -> str:
    """Read a setting as the real server does, which pastes it into JSON text: a quote in it stops the start."""
    try:
        return str(json.loads(f'"{setting}"'))
    except ValueError as error:
        raise ValueError(f"{setting!r} cannot stand in the OpenAPI document: {error}") from error


def _version_2(config: ServerConfig, prefix: str, given: Any, returned: Any) -> Document:
    failed = {"description": _FAILED, "schema": {"$ref": "#/definitions/ErrorResponse"}}
    text = {"type": "string"}
    payload = {
        "name": "serviceInputPayload",
        "in": "body",
        "description": _INPUT,
        "schema": {"$ref": "#/definitions/ServiceInput"},
    }
    scored = {"description": _SCORED, "schema": {"$ref": "#/definitions/ServiceOutput"}}
    healthy = {"description": _HEALTHY, "schema": text, "examples": {"application/json": "Healthy"}}
    version = {"name": "version", "in": "query", "required": False, "type": "integer", "enum": [2, 3]}
    return {
        "swagger": "2.0",
        "info": _info(config),
        "schemes": ["https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {"Bearer": _BEARER},
        "paths": {
            f"{prefix}/": {"get": _operation("ServiceHealthCheck", _HEALTH, {}, healthy, failed)},
            f"{prefix}/score": {
                "post": _operation(
                    "RunMLService", _SCORE, {"security": [{"Bearer": []}], "parameters": [payload]}, scored, failed
                )
            },
            f"{prefix}/swagger.json": {
                "get": _operation(
                    "GetSwaggerSpec",
                    "Get the Swagger specification.",
                    {"parameters": [version]},
                    {"description": "The Swagger specification.", "schema": text},
                    failed,
                )
            },
        },
        "definitions": {"ServiceInput": given, "ServiceOutput": returned, "ErrorResponse": _ERROR},
    }


def _version_3(number: str, config: ServerConfig, prefix: str, given: Any, returned: Any) -> Document:
    failed = {"description": _FAILED, "content": _json({"$ref": "#/components/schemas/ErrorResponse"})}
    body = {"description": _INPUT, "content": _json({"$ref": "#/components/schemas/ServiceInput"})}
    scored = {"description": _SCORED, "content": _json({"$ref": "#/components/schemas/ServiceOutput"})}
    healthy = {"description": _HEALTHY, "content": _plain({"type": "string", "example": "Healthy"})}
    document = {"description": "The Swagger specification.", "content": _plain({"type": "string"})}
    version = {"name": "version", "in": "query", "required": False, "schema": {"type": "integer", "enum": [2, 3]}}
    specification = "Get the Swagger specification."
    return {
        "openapi": number,
        "info": _info(config),
        "security": [{"Bearer": []}],
        "paths": {
            f"{prefix}/": {"get": _operation("ServiceHealthCheck", _HEALTH, {}, healthy, failed)},
            f"{prefix}/score": {
                "post": _operation(
                    "RunMLService", _SCORE, {"security": [{"Bearer": []}], "requestBody": body}, scored, failed
                )
            },
            f"{prefix}/swagger.json": {
                "get": _operation("GetSwaggerSpec", specification, {"parameters": [version]}, document, failed)
            },
        },
        "components": {
            "schemas": {"ServiceInput": given, "ServiceOutput": returned, "ErrorResponse": _ERROR},
            "securitySchemes": {"Bearer": _BEARER},
        },
    }


def _operation(name: str, description: str, middle: Document, ok: Document, failed: Document) -> Document:
    head = {"operationId": name, "description": description}
    return {**head, **middle, "responses": {"200": ok, "default": failed}}


def _json(schema: Document) -> Document:
    return {"application/json": {"schema": schema}}


def _plain(schema: Document) -> Document:
    return {"text/plain": {"schema": schema}}
