"""How this machine's interpreter differs: information, one finding each."""

from __future__ import annotations

from amlemu.doctor.needs.here import check_this_machine

from ..subjects import conda, interpreter, subject, told


def test_an_interpreter_as_asked_for_needs_no_word(tmp_path):
    python = interpreter(tmp_path / "env", "3.10", numpy="1.26.4")
    packages = conda("numpy=1.26", pip=["azureml-inference-server-http"], python="3.10")

    assert told(check_this_machine, subject(tmp_path, conda=packages, python=python)) == []


def test_the_differences_are_information_and_told_together(tmp_path):
    python = interpreter(tmp_path / "env", "3.10", numpy="1.26.4", pandas="1.5.3")
    packages = conda("numpy=2.1", pip=["pandas>=2", "torch", "nltk"], python="3.8")
    found = list(check_this_machine(subject(tmp_path, conda=packages, python=python)))

    assert [(each.severity, each.rule, each.cause) for each in found] == [
        ("information", "other-python-here", f"{python} is Python 3.10, and conda.yml asks for python==3.8.*"),
        (
            "information",
            "other-versions-here",
            f"{python} has other versions than conda.yml asks for: numpy 1.26.4 for ==2.1.*, pandas 1.5.3 for >=2",
        ),
        ("information", "not-installed-here", f"{python} does not have torch, nltk, for which conda.yml asks"),
    ]
    assert [each.cloud for each in found] == [None, None, None]


def test_a_long_list_is_cut(tmp_path):
    python = interpreter(tmp_path / "env", "3.10", numpy="1.26.4")
    (finding,) = told(
        check_this_machine,
        subject(tmp_path, conda=conda(pip=["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"]), python=python),
    )

    assert finding[2] == f"{python} does not have a1, a2, a3, a4, a5, a6 and 2 more, for which conda.yml asks"


def test_an_interpreter_that_cannot_be_looked_into_is_not_spoken_of(tmp_path):
    assert told(check_this_machine, subject(tmp_path, conda=conda("numpy"), python=tmp_path / "bin" / "python")) == []
