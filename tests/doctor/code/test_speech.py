"""What the script says in its log, and nobody sees. Each case was held against azureml-inference-server-http 1.5.1."""

from __future__ import annotations

import pytest
from amlemu.doctor.code.speech import check_speech

TAIL = "\ndef init(): ...\ndef run(data):\n    log.info('x')\n    logging.info('y')\n"


@pytest.mark.parametrize(
    ("head", "line"),
    [
        pytest.param("import logging\nlog = logging.getLogger(__name__)", 5, id="nothing-configured"),
        pytest.param(
            "import logging\nlog = logging.getLogger()\nlogging.basicConfig(level=logging.INFO)",
            6,
            id="basicConfig-changes-nothing",
        ),
        pytest.param(
            "import logging\nlog = logging.getLogger('a')\nlog.addHandler(logging.StreamHandler())",
            6,
            id="a-handler-alone",
        ),
        pytest.param(
            "import logging\nlog = logging.getLogger('a')\nlog.setLevel(logging.WARNING)", 6, id="a-high-level"
        ),
        pytest.param(
            "import logging\nlog = logging.getLogger('a')\nlog.setLevel(logging.INFO)", 7, id="the-root-stays-high"
        ),
        pytest.param("import logging\nlog = logging.getLogger('azmlinfsrv')", 6, id="the-server-s-logger-shows"),
    ],
)
def test_lines_that_the_server_does_not_show_are_told_at_the_first(told, head, line):
    assert told(check_speech, head + TAIL) == [("log-not-shown", line)]


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("import logging\nlog = logging.getLogger()\nlog.setLevel('INFO')", id="root-lowered"),
        pytest.param(
            "import logging\nlog = logging.getLogger('a')\nlogging.getLogger().setLevel(logging.INFO)",
            id="root-lowered-by-name",
        ),
        pytest.param(
            "import logging\nlog = logging.getLogger('a')\nlogging.basicConfig(level=logging.INFO, force=True)",
            id="forced",
        ),
        pytest.param(
            "import logging, logging.config\nlog = logging.getLogger('a')\nlogging.config.dictConfig(C)",
            id="dictConfig",
        ),
        pytest.param(
            "import logging\nfrom words import setup_logging\nlog = logging.getLogger('a')\nsetup_logging()",
            id="set-up-by-a-function",
        ),
        pytest.param("from loguru import logger as log\nimport structlog as logging", id="another-library"),
    ],
)
def test_lines_that_are_shown_are_not(told, head):
    assert told(check_speech, head + TAIL) == []


def test_a_logging_file_replaces_it_all(told, tmp_path):
    (tmp_path / "logging.json").write_text("{}")

    assert told(check_speech, "import logging\nlog = logging.getLogger()" + TAIL) == []


def test_a_sibling_may_configure_it(told):
    siblings = {"words": "import logging\nlogging.getLogger().setLevel(logging.INFO)\n"}

    assert told(check_speech, "import logging, words\nlog = logging.getLogger()" + TAIL, siblings) == []


def test_the_main_block_does_not_count(told):
    script = "import logging\ndef init(): ...\ndef run(data): ...\nif __name__ == '__main__':\n    logging.info('x')\n"

    assert told(check_speech, script) == []


@pytest.mark.parametrize(
    ("head", "files"),
    [
        pytest.param("", ["support.py"], id="said-there"),
        pytest.param("import logging\nlogging.getLogger().setLevel(logging.INFO)\n", [], id="lowered-here"),
    ],
)
def test_modules_beside_the_script_are_heard(subject_of, head, files):
    support = (
        "import logging\nlog = logging.getLogger('support')\ndef note(): log.info('x')\ndef train(): log.info('y')"
    )
    subject = subject_of(head + "import support\ndef init(): support.note()\ndef run(data): ...", {"support": support})

    assert [finding.place.file.name for finding in check_speech(subject)] == files


def test_what_nobody_calls_beside_the_script_is_left_alone(subject_of):
    support = "import logging\nlog = logging.getLogger('support')\nX = 1\ndef train(): log.info('y')"

    assert (
        list(
            check_speech(subject_of("from support import X\ndef init(): ...\ndef run(data): ...", {"support": support}))
        )
        == []
    )
