"""What is known about words: complete, sourced, and true for the profile that is asked for."""

from __future__ import annotations

import re
import string

import pytest
from amlemu import profile_file
from amlemu.explain import find
from amlemu.explain.entries import ANY, SIGNAL, entries, table

ENTRIES = entries()
IDS = [f"{entry.kind}-{entry.name}" for entry in ENTRIES]
NAMED = (  # noqa: SIM905  # a list of so many strings reads worse
    "200 400 401 403 404 405 408 409 413 414 415 424 429 431 499 500 502 503 504 ERR_1100 ERR_1101 ERR_1200 "
    "ERR_1300 ERR_1350 ERR_2100 ERR_2200 ERR_5000 ImageBuildFailure OutOfQuota BadArgument ResourceNotReady "
    "ResourceNotFound WorkspaceManagedNetworkNotReady OperationCanceled SecretsInjectionError "
    "InternalServerError ACRSecretError TokenRefreshFailed GetAADTokenFailed ACRAuthenticationChallengeFailed "
    "ACRTokenExchangeFailed KubernetesUnaccessible ImagePullLoopBackOff DeploymentCrashLoopBackOff "
    "KubernetesCrashLoopBackOff UserScriptInitFailed UserScriptImportError UserScriptFunctionNotFound "
    "NamespaceNotFound EndpointNotFound EndpointAlreadyExists ScoringFeUnhealthy ValidateScoringFailed "
    "InvalidDeploymentSpec PodUnschedulable PodOutOfMemory InferencingClientCallFailed DeploymentTimedOut "
    "AciDeploymentFailed CrashLoopBackOff DaskOnBatch FPGA pynacl 0 1 3 94 95 96 97 98 99 111 127 137 139 -9 "
    "143 134 "
).split()


@pytest.mark.parametrize("entry", ENTRIES, ids=IDS)
def test_every_entry_says_what_it_means_and_where_that_is_from(entry):
    """A title, a meaning and a source that names a row, a page, an issue, or says that it is assumed."""
    assert entry.title
    for meaning in entry.meanings:
        assert meaning.text.strip()
        assert re.search(
            r"contract \d|users\.md|documentation|#\d|assumed|azureml|POSIX|signal number|PR \d|client", meaning.source
        )


@pytest.mark.parametrize("entry", [one for one in ENTRIES if one.kind == "status"], ids=lambda one: one.name)
def test_a_status_says_something_about_every_profile(entry):
    """Once each: no profile is left out, none is told two things."""
    told = [profile for meaning in entry.meanings for profile in meaning.profiles]

    assert sorted(told) == profile_file.names()


@pytest.mark.parametrize("entry", ENTRIES, ids=IDS)
def test_what_it_refers_to_is_there(entry):
    assert len(find.related(entry)) == len(entry.see)


def test_no_two_entries_go_by_one_name():
    """But for the general ones, which nobody looks up, and one that is a status with spaces and an error without."""
    keys = [{re.sub(r"[\W_]+", "", name.lower()) for name in entry.names if name[0] != "-"} for entry in ENTRIES]
    named = [key for own in keys for key in own]

    assert {key for key in named if named.count(key) > 1} == {"any", "internalservererror"}


@pytest.mark.parametrize("name", NAMED)
def test_what_the_contract_names_has_an_entry(name):
    """Contract 1.2, 2.1, 3.4, 6.1 to 6.3, each by its own name."""
    assert find.named(name)


def test_an_entry_under_a_profile_tells_what_is_true_there():
    [entry] = find.named("504")

    assert [meaning.profiles for meaning in entry.under("kubernetes").meanings] == [("kubernetes",)]


def test_an_entry_that_knows_no_profiles_stays_whole():
    [entry] = find.named("ResourceNotReady")

    assert entry.under("aks") == entry


def test_words_are_filled_in():
    general = next(entry for entry in ENTRIES if entry.kind == "status" and entry.name == ANY)

    assert (
        general.filled(status=422)
        .meanings[0]
        .text.startswith("Not a status of the gateway. When the container answers 422")
    )


@pytest.mark.parametrize("kind", ["sign", "exception", "counted"])
def test_templates_have_no_stray_braces(kind):
    """Each text of a sign can be filled in, whatever words it gets."""
    for row in table("log_signs.toml")[kind]:
        for text in (row["cause"], row.get("meaning", ""), *row.get("look", ())):
            assert all(not name or name.isidentifier() for _, name, _, _ in string.Formatter().parse(text)), row["name"]


def test_the_general_entries_are_not_listed_by_name():
    assert not find.named(ANY)
    assert not find.named(SIGNAL)
