"""Every field of every file: it has the effect that it says, or it is told that it has none, and why."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from amlemu import profile_file
from amlemu.azure import files, platform, served, tables
from amlemu.layout import lay_out

from .fields import HONOURED, NO_EFFECT
from .rows import FIELDS
from .written import (
    ACI,
    AKS,
    ENDPOINT,
    INFERENCE,
    KUBERNETES,
    KUBERNETES_ENDPOINT,
    LOCAL,
    MANAGED,
    OF_2021,
    changed,
    put,
)

TABLES = {
    "managed": tables.MANAGED_DEPLOYMENT,
    "kubernetes": tables.KUBERNETES_DEPLOYMENT,
    "collection": tables.COLLECTION,
    "endpoint": tables.MANAGED_ENDPOINT,
    "kubernetes-endpoint": tables.KUBERNETES_ENDPOINT,
    "2021-endpoint": tables.ENDPOINT_2021,
    "2021": tables.DEPLOYMENT_2021,
    "inference": tables.INFERENCE_V1,
    "local": tables.LOCAL_V1,
    "aci": tables.ACI_V1,
    "aks": tables.AKS_V1,
}
# file: its name, its content, what stands before a field's name, and the file beside it
WRITTEN: dict[str, tuple[str, Mapping[str, Any], str, tuple[tuple[str, Mapping[str, Any]], ...]]] = {
    "managed": ("deployment.yml", MANAGED, "", ()),
    "kubernetes": ("deployment.yml", KUBERNETES, "", ()),
    "endpoint": ("endpoint.yml", ENDPOINT, "", (("deployment.yml", MANAGED),)),
    "kubernetes-endpoint": ("endpoint.yml", KUBERNETES_ENDPOINT, "", (("deployment.yml", KUBERNETES),)),
    "2021-endpoint": ("endpoint.yml", OF_2021, "", ()),
    "2021": ("endpoint.yml", OF_2021, "deployments.0.", ()),
    "inference": ("inferenceconfig.json", INFERENCE, "", ()),
    "local": ("deploymentconfig.json", LOCAL, "", (("inferenceconfig.json", INFERENCE),)),
    "aci": ("deploymentconfig.json", ACI, "", (("inferenceconfig.json", INFERENCE),)),
    "aks": ("deploymentconfig.json", AKS, "", (("inferenceconfig.json", INFERENCE),)),
}


def described(folder, case):
    """Write the case's file and what belongs to it; the last one written wins over what the base says."""
    name, content, prefix, others = WRITTEN[case.file]
    for field, value in (*case.also, (case.field, case.value)):
        content = changed(content, prefix + field, value)
    for other, text in others:
        put(folder, other, text)
    return files.describe(put(folder, name, content))


def reach(roots, dotted):
    """Follow attributes, keys and places in a sequence."""
    found: Any = roots
    for part in dotted.split("."):
        if isinstance(found, Mapping):
            found = found[part]
        else:
            found = found[int(part)] if part.isdigit() else getattr(found, part)
    return str(found) if isinstance(found, Path) else found


def roots(said, wanted):
    found = {"said": said}
    if not wanted.startswith("said"):
        made = served.to_deployment(said)
        own = {**made.request_settings, **{key: given.word for key, given in platform.settings(said).items()}}
        face = profile_file.load(said.profile, {}, own, {})
        found |= {"made": made, "face": face, "layout": lay_out(made, "var")}
        found |= {"memory": platform.memory(said), "pod": platform.pod(said)}
    return found


def rules(said):
    return tuple(one.rule for one in said.findings)


@pytest.mark.parametrize("file", FIELDS)
def test_the_tables_have_the_fields_of_their_sources(file):
    """Not one more, not one less."""
    assert sorted(TABLES[file].names()) == sorted(FIELDS[file].split())


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in HONOURED])
def test_a_field_has_its_effect(folder, case):
    """On the description, on the deployment that is served (`made`), its tree (`layout`), its front door (`face`), `memory` or `pod`."""
    said = described(folder, case)
    expected = case.expected.format(here=folder) if isinstance(case.expected, str) else case.expected

    assert reach(roots(said, case.where), case.where) == expected
    assert rules(said) == case.rules


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in NO_EFFECT])
def test_a_field_without_an_effect_is_listed_with_its_reason(folder, case):
    """As itself, or as the part of the file that it belongs to; nothing is wrong with it."""
    said = described(folder, case)
    names = case.field.split(".")
    above = {".".join(names[: count + 1]).replace("|", ".") for count in range(len(names))}
    noted = [one for one in said.not_emulated if one.field in above]

    assert [one.reason[: len(case.reason)] for one in noted] == [case.reason]
    assert noted[0].place.line > 0
    assert rules(said) == case.rules


def test_what_is_collected_is_printed(folder):
    """Each collection has its own fields; where it would go has no effect."""
    content = changed(
        MANAGED, "data_collector", {"collections": {"x": {"enabled": "True", "client_id": "c", "data": "d"}}}
    )
    said = files.describe(put(folder, "deployment.yml", content))

    assert rules(said) == ()
    assert said.variables == {"AZUREML_MDC_ENABLED": "true", "AZUREML_MDC_LOCAL_CAPTURE": "true"}
    assert {one.field for one in said.not_emulated} >= {
        "data_collector.collections.x.client_id", "data_collector.collections.x.data",
    }  # fmt: skip


test_what_is_collected_is_printed.pytestmark = [  # type: ignore[attr-defined]
    pytest.mark.rows("collection client_id", "collection data", "collection enabled")
]
