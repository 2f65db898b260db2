"""What an engine refuses is one sentence; its texts are those of dockerd 20.10 and 28."""

from __future__ import annotations

import pytest
from amlemu_harness.troubles import (
    EngineLost,
    EngineRefused,
    NoSuchImage,
    RegistryUnreachable,
    in_words,
    told,
)


@pytest.mark.parametrize(
    ("text", "kind", "what"),
    [
        pytest.param(
            'Get "https://mcr.microsoft.com/v2/": dial tcp: lookup mcr.microsoft.com on 10.0.0.1:53: no such host',
            RegistryUnreachable, "the registry cannot be reached from here", id="no name",
        ),
        pytest.param(
            'Get "https://mcr.microsoft.com/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded'
            " while awaiting headers)", RegistryUnreachable, "the registry cannot be reached from here", id="no answer",
        ),
        pytest.param(
            'Get "https://x/v2/": x509: certificate signed by unknown authority',
            RegistryUnreachable, "the engine does not trust the certificate of the registry", id="certificate",
        ),
        pytest.param(
            "manifest for mcr.microsoft.com/azureml/nope:latest not found: manifest unknown: manifest tagged by latest is not found",
            NoSuchImage, "there is no such image, on this machine or in its registry", id="no image",
        ),
        pytest.param(
            "driver failed programming external connectivity on endpoint x (abc): Bind for 127.0.0.1:5001 failed: port is already allocated",
            EngineRefused, "port 5001 is taken", id="port of a container",
        ),
        pytest.param(
            "driver failed programming external connectivity on endpoint x (abc): Error starting userland proxy: listen tcp4"
            " 127.0.0.1:5001: bind: address already in use", EngineRefused, "port 5001 is taken", id="port of a process",
        ),
        pytest.param(
            'Conflict. The container name "/debug" is already in use by container "abc".',
            EngineRefused, "a container of the name debug is there", id="name",
        ),
        pytest.param(
            'could not select device driver "" with capabilities: [[gpu]]', EngineRefused, "this engine has no GPU to give", id="gpu",
        ),
        pytest.param("write /var/lib/docker/x: no space left on device", EngineRefused, "the disk is full", id="disk"),
        pytest.param(
            "no matching manifest for linux/arm64/v8 in the manifest list entries",
            EngineRefused, "the image is not made for linux/arm64/v8", id="platform",
        ),
        pytest.param("No such container: abc", EngineRefused, "there is no container abc any more", id="container"),
        pytest.param(
            "Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
            EngineRefused, "'a b' is no name of a container", id="bad name",
        ),
        pytest.param(
            "image with reference x was found but does not match the specified platform: wanted linux/arm64, actual: linux/amd64",
            EngineRefused, "the image is made for linux/amd64, and linux/arm64 was asked for", id="another platform",
        ),
        pytest.param("something else\n", EngineRefused, "the Docker engine says: something else", id="unknown"),
    ],
)  # fmt: skip
def test_a_refusal_has_a_cause(text, kind, what):
    error = told(text, "x:1")

    assert (type(error), error.what, error.where) == (kind, what, "x:1")


def test_an_engine_that_goes_away_is_told():
    with pytest.raises(EngineLost, match="x: the Docker engine has gone away"), in_words("x"):
        raise ConnectionError("('Connection aborted.', ConnectionRefusedError(111, 'Connection refused'))")
