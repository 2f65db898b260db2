"""The commands `amlemu container ...`: what is refused before an engine is asked."""

from __future__ import annotations

import pytest
from amlemu_harness.settings import CONTAINER_RUN_SETTINGS

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("run", "score.py", "-p", "x"), 2, "amlemu: --publish: 'x' names no ports."),
        (("run", "score.py", "--cpus", "nan"), 2, "amlemu: --cpus: nan is no number that makes sense here"),
        (("run", "score.py", "--wait", "0"), 2, "amlemu: --wait: 0 is no number that makes sense here"),
        (("run", "scoer.py"), 2, "amlemu: scoer.py: no such file. Did you mean score.py?"),
        (("run", "score.py"), 1, "amlemu: no Docker engine answers. Tried unix:///nowhere/docker.sock (DOCKER_HOST): no such socket."),
        (("list",), 1, "amlemu: no Docker engine answers."),
        (("logs", "ep", "--tail", "-3"), 2, "amlemu: --tail: -3 is no number of lines"),
        (("logs", "ep"), 1, "amlemu: no Docker engine answers."),
        (("shell", "ep"), 1, "amlemu: no Docker engine answers."),
        (("stop", "ep"), 1, "amlemu: no Docker engine answers."),
        (("remove", "ep", "other"), 1, "amlemu: no Docker engine answers."),
    ],
)  # fmt: skip
def test_bad_words_and_a_missing_engine_are_told_in_a_line(write, finish, words, code, told):
    write("score.py", "def init(): pass\ndef run(data): return data")
    ended = finish("container", *words, **NO_ENGINE)

    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith(told)
    assert "Traceback" not in ended.err


def test_options_of_a_deployment_are_those_of_serve():
    """But for the interpreter and the layout: the container has its own of both."""
    names = {setting.name for setting in CONTAINER_RUN_SETTINGS}

    assert names >= {"model", "model_dir", "model_layout", "env", "code", "with", "endpoint_name", "deployment_name"}
    assert not names & {"python", "layout"}
