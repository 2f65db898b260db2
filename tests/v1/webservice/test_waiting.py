"""What is said of a deployment that has failed, in the words of a local container and of the cloud."""

from __future__ import annotations

import threading
import time

import pytest
from amlemu.v1.exceptions import WebserviceException
from amlemu.v1.model import InferenceConfig
from amlemu.v1.webservice import AciWebservice, kept, waiting

from tests.v1.conftest import ECHO


def failed(step: str, told: str, today: str = "") -> dict[str, object]:
    cause = {
        "step": step,
        "told": told,
        "today": today,
        "in_2021": "",
        "source": "",
        "fix": "Mend it.",
        "traceback": "",
        "said": [],
    }
    return {"ok": False, "text": "create of endpoint failed", "is_usage": False, "cause": cause}


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        # contract 5.2
        (failed("UserContainerStart", "score.py:4: init() raised ValueError"), "Error: Container has crashed. Did your init method fail?"),
        (failed("UserContainerStart", "would have been killed at 310 s"), "Error: Connection to container has timed out. Did your init method fail?"),
        (failed("Probes", "GET / is answered with 500"), "Error: Connection to container has failed. Did your init method fail?"),
        (failed("ImageBuild", "pip cannot"), "Error: docker image build has failed:"),
        ({"ok": False, "text": "no such file", "cause": None}, "Docker container start has failed:"),
    ],
)  # fmt: skip
def test_the_sentence_of_a_local_container(outcome, words):
    assert waiting.of_container(outcome) == words


def test_the_error_of_aci_and_of_aks():
    """AciDeploymentFailed (contract 3.4), CrashLoopBackOff (contract 2.3)."""
    outcome = failed("UserContainerStart", "init() raised")
    aci, aks = waiting.of_cloud("s", "ACI", outcome), waiting.of_cloud("s", "AKS", outcome)

    assert (aci["code"], aks["code"]) == ("AciDeploymentFailed", "KubernetesDeploymentFailed")
    assert aci["details"][0]["code"] == "CrashLoopBackOff"
    assert "init() raised" in aci["message"]


def test_one_that_has_not_started_has_the_clouds_own_word():
    error = waiting.of_cloud("s", "AKS", failed("SystemSetup", "no room", "OutOfQuota"))

    assert error["details"] == [{"code": "OutOfQuota", "message": "no room"}]


def test_the_exception_has_both_the_sdks_words_and_ours():
    outcome = failed("UserContainerStart", "init() raised")
    error = waiting.cloud_failure("Failed", "op", waiting.of_cloud("s", "ACI", outcome), outcome)

    assert error.message.startswith(
        "Service deployment polling reached non-successful terminal state, current service state: Failed\nOperation ID: op\n"
    )
    assert "fix    Mend it." in error.message


def test_options_without_effect_are_told(desk):
    """As by `amlemu serve`; tags and such are labels everywhere."""
    desk.write("score.py", ECHO)
    asked = AciWebservice.deploy_configuration(
        memory_gb=1, dns_name_label="x", enable_app_insights=True, tags={"a": "b"}
    )
    one = kept.write("svc", InferenceConfig("score.py").as_data(), asked, [])

    assert (
        waiting.remarks(one)[-1]
        == "amlemu: without effect here: appInsightsEnabled, dnsNameLabel (docs/fields.md says why)"
    )


def test_nobody_waits_longer_than_was_said():
    hangs = threading.Event()
    began = time.monotonic()

    with pytest.raises(WebserviceException, match="late"):
        waiting.within(0.05, lambda: hangs.wait(10), lambda: WebserviceException("late"))

    hangs.set()
    assert time.monotonic() - began < 5


def test_what_is_in_time_is_returned_or_raised():
    def fail() -> None:
        raise ValueError("x")

    assert waiting.within(10, lambda: 1, AssertionError) == 1
    assert waiting.within(None, lambda: 2, AssertionError) == 2
    with pytest.raises(ValueError, match="x"):
        waiting.within(10, fail, AssertionError)
