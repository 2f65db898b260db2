"""Failures that no desk can have, played where the cloud would have them."""

from __future__ import annotations

import pytest
from amlemu.errors import UsageError
from amlemu.explain.entries import entries
from amlemu.local_endpoints import simulated
from amlemu.local_endpoints.bring_up import STEPS

PLAYED = [entry for entry in entries() if entry.step]


@pytest.mark.parametrize(
    ("code", "step", "today", "in_2021"),
    [
        ("ERR_1100", "SystemSetup", "OutOfQuota", "ERR_1100"),
        ("ERR_1101", "SystemSetup", "OutOfQuota", "ERR_1101"),
        ("ERR_1200", "UserContainerImagePull", "BadArgument", "ERR_1200"),
        ("ERR_1300", "ModelDownload", "BadArgument", "ERR_1300"),
        ("ERR_1350", "ModelDownload", "OutOfQuota", "ERR_1350"),
        ("ERR_2100", "UserContainerStart", "BadArgument", "ERR_2100"),
        ("ERR_2200", "UserContainerStart", "ResourceNotReady", "ERR_2200"),
        ("ERR_5000", "SystemSetup", "InternalServerError", "ERR_5000"),
        ("OutOfQuota", "SystemSetup", "OutOfQuota", "ERR_1100"),
        ("ImageBuildFailure", "ImageBuild", "ImageBuildFailure", ""),
    ],
)
def test_each_code_of_the_table_fails_at_its_step_with_both_words(code, step, today, in_2021):
    """Contract 6.1: the codes of 2021 and what says the same now; 6.2."""
    entry = simulated.chosen(code)

    assert entry is not None
    assert entry.step == step
    cloud = simulated.cause_of(entry).cloud
    assert (cloud.today, cloud.in_2021) == (today, in_2021)


@pytest.mark.parametrize(
    "code",
    [
        *("BadArgument", "ResourceNotReady", "ResourceNotFound", "WorkspaceManagedNetworkNotReady"),
        *("SecretsInjectionError", "InternalServerError", "ImagePullLoopBackOff", "UserScriptInitFailed"),
        *("UserScriptImportError", "UserScriptFunctionNotFound", "PodUnschedulable", "PodOutOfMemory"),
        *("ACRSecretError", "NamespaceNotFound", "ScoringFeUnhealthy", "ValidateScoringFailed"),
        *("out of quota", "err-1100", "err_1200", "CrashLoopBackOff"),
    ],
)
def test_other_words_can_be_played_in_any_spelling(code):
    """Contract 6.2, 6.3."""
    assert simulated.chosen(code) is not None


@pytest.mark.parametrize("entry", PLAYED, ids=lambda entry: entry.name)
def test_every_one_has_a_step_a_cause_and_something_to_do(entry):
    """The first sentence makes sense alone, and says that it is played."""
    cause = simulated.cause_of(entry)

    assert entry.step in [name for name, _ in STEPS]
    assert "(simulated)" in cause.told
    assert cause.cloud.today
    assert not cause.cloud.today.startswith("ERR_")
    assert cause.cloud.source
    assert cause.fix


def test_nothing_is_played_unasked():
    assert simulated.chosen("") is None


@pytest.mark.parametrize(
    "code", ["424", "ERR_9999", "200", "x" * 5000, "--", "x-ms-request-id", "5001"], ids=lambda c: c[:9]
)
def test_what_is_no_failure_of_a_deployment_is_refused_with_those_that_are(code):
    with pytest.raises(UsageError) as caught:
        simulated.chosen(code)

    assert caught.value.where == "--simulate"
    assert "ERR_1100" in caught.value.expected
