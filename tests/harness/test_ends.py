"""What an exit code of a container means, each with its source."""

from __future__ import annotations

import pytest
from amlemu_harness.ends import explained, has_server

FINISH = b"2026-11-22T09:52:46,488012855+00:00 - gunicorn/finish %s\n... - Exit code 3 is not normal. Killing image.\n"


@pytest.mark.parametrize(
    ("code", "text", "source"),
    [
        (0, "The image's command came to its end, or the container was stopped: it is no failure, and no server either.", "observed, dockerd 20.10"),
        (1, "The image's own command failed; it is not the server that left with it (that would be 111).", "observed, dockerd 20.10"),
        (3, "A worker failed to boot: the scoring script could not be loaded, checked or initialised.", "contract 3.4, 4.12: observed"),
        (94, "debugpy could not be put into the environment.", "contract 3.4"),
        (95, "The dynamic installation failed: the image installs your conda or requirements file when it starts, and conda or pip gave up.", "contract 3.4"),
        (96, "The server's package is absent: azureml-inference-server-http is not in the environment that the image starts.", "contract 3.4"),
        (97, "AZUREML_EXTRA_PYTHON_LIB_PATH names a folder that is not there.", "contract 3.4"),
        (98, "AZUREML_EXTRA_CONDA_YAML or AZUREML_EXTRA_CONDA_YAML_ABS_PATH names a file that is not there.", "contract 3.4"),
        (99, "AZUREML_EXTRA_REQUIREMENTS_TXT names a file that is not there.", "contract 3.4"),
        (100, "The server's package is not installed: add azureml-inference-server-http (or azureml-defaults >= 1.0.45) to the conda or requirements file.", "azureml-assets, mlflow-model-inference, runit/gunicorn/run (read 2026-11)"),
        (127, "The image's command, or a program that it starts, is not in the image.", "observed, dockerd 20.10"),
        (139, "A segmentation fault: C code of a package touched memory that is not its own.", "contract 3.4, 6.4: observed"),
        (42, "No program of the images has this code: a start command of your own, or the script itself (os._exit(42)), left with it.", "contract 3.4: not in its table"),
    ],
)  # fmt: skip
def test_each_code_of_a_container_has_a_meaning_and_a_source(code, text, source):
    end = explained(code)

    assert (end.text, end.source) == (text, source)
    assert str(end) == f"exit code {code}: {text} ({source})"


@pytest.mark.parametrize(
    ("finish", "server_code", "text"),
    [
        (b"3 0", 3, "the server inside ended with 3. A worker failed to boot: the scoring script could not be loaded, checked or initialised."),
        (b"-1 9", -9, "the server inside ended by signal 9. Killed from outside, and nearly always because memory ran out. Otherwise the platform ended it: a liveness probe failed, or a stop took longer than its grace."),
        (b"127 0", 127, "the server inside ended with 127. `exec: gunicorn: not found`: the environment has no inference server."),
        (b"97", 97, "the server inside ended with 97. AZUREML_EXTRA_PYTHON_LIB_PATH names a folder that is not there."),
    ],
)  # fmt: skip
def test_111_is_explained_by_the_code_of_the_server_inside(finish, server_code, text):
    """It stands in the log; the first one counts, for the other services end after it."""
    log = b"some words\n" + FINISH % finish + b"x - nginx/finish 0 0\n"
    end = explained(111, log=log)

    assert (end.server_code, end.text) == (server_code, text)


def test_111_without_a_word_in_the_log_says_what_111_is():
    end = explained(111, log=b"")

    assert end.server_code is None
    assert end.text.startswith("The server inside has ended, whatever its own code")


def test_nginx_can_end_the_container_too():
    assert explained(111, log=b"x - nginx/finish 1 0\n").text == "nginx ended with 1; the container ends with it."


def test_what_the_engine_says_of_memory_is_believed():
    """137 alone may be a stop by force."""
    assert (
        explained(137, was_out_of_memory=True).text
        == "Killed by the kernel: the container used more memory than it may."
    )
    assert explained(137).text == (
        "Killed from outside (docker kill, docker rm -f, a stop by force); the engine reports no lack of memory."
    )


@pytest.mark.parametrize(
    ("log", "is_one"),
    [
        (b"", False),
        (b"hello\n", False),
        (b"x | gunicorn/run | \n", True),
        (FINISH % b"3 0", True),
        (b"azmlinfsrv - W", True),
    ],
)
def test_a_log_tells_whether_the_image_has_a_server(log, is_one):
    assert has_server(log) is is_one
