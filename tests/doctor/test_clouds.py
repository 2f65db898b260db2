"""What each cloud says of a script that fails."""

from __future__ import annotations

import pytest
from amlemu.doctor.clouds import failing_call, failing_start
from amlemu.finding import CANNOT_INIT

SCRIPT = "def init(): ...\ndef run(data): ..."


@pytest.mark.parametrize(
    ("kind", "call", "start"),
    [
        ("managed", "424, model 500", "ResourceNotReady, UserScriptInitFailed"),
        ("kubernetes", "502", "ResourceNotReady, UserScriptInitFailed"),
        ("aks", "502", "CrashLoopBackOff, exit code 111"),
        ("aci", "502", "AciDeploymentFailed, CrashLoopBackOff, exit code 111"),
        ("local", "500", "the container ends with exit code 111"),
    ],
)
def test_each_kind_has_its_words(subject_of, kind, call, start):
    subject = subject_of(SCRIPT, kind=kind)

    assert (failing_call(subject).today, failing_start(subject, CANNOT_INIT).today) == (call, start)
