"""Tracebacks are grouped, and the exception that began it is told from those that followed."""

from __future__ import annotations

import io

import pytest
from amlemu.explain.lines import Line, read_lines
from amlemu.explain.tracebacks import Tracebacks, alone

SERVER = "/opt/miniconda/envs/inf-conda-env/lib/python3.11/site-packages/azureml_inference_server_http/server"
HEADER = "Traceback (most recent call last):"
CAUSE = "\nThe above exception was the direct cause of the following exception:\n"
DURING = "\nDuring handling of the above exception, another exception occurred:\n"


def chains(*lines):
    """Return the chains of a log."""
    tracebacks = Tracebacks()
    found = [tracebacks.take(line)[1] for line in read_lines(io.BytesIO("\n".join(lines).encode()))]
    return [chain for chain in (*found, tracebacks.end()) if chain is not None]


def frame(file, line, function, code=""):
    return f'  File "{file}", line {line}, in {function}' + (f"\n    {code}" if code else "")


def test_an_exception_has_its_frames_and_its_lines():
    [chain] = chains(
        "before",
        HEADER,
        frame("/var/azureml-app/score.py", 3, "init", "load()"),
        "    ^^^^^",
        "ValueError: bad: value",
        "after",
    )

    assert chain.before == "before"
    assert (chain.root.kind, chain.root.message, chain.root.first, chain.root.last) == (
        "ValueError",
        "bad: value",
        2,
        6,
    )
    assert (chain.place.name, chain.place.line, chain.place.function, chain.place.code) == (
        "score.py",
        3,
        "init",
        "load()",
    )


def test_the_first_of_a_chain_is_the_root():
    """`raise ... from`, and the server's own wrapper below."""
    [chain] = chains(
        HEADER, frame("/app/score.py", 4, "load"), "FileNotFoundError: model.pkl", CAUSE,
        HEADER, frame("/app/score.py", 8, "init"), "RuntimeError: no model", CAUSE,
        HEADER, frame(f"{SERVER}/aml_blueprint.py", 109, "setup"), "server.UserScriptException: Caught",
    )  # fmt: skip

    assert [raised.type for raised in chain.raised] == ["FileNotFoundError", "RuntimeError", "UserScriptException"]
    assert (chain.root.type, chain.place.line) == ("FileNotFoundError", 4)


def test_a_look_up_inside_a_library_is_not_the_root():
    """`KeyError` in a table of a library, then what the library means by it."""
    [chain] = chains(
        HEADER, frame("/x/site-packages/transformers/auto.py", 736, "__getitem__"), "KeyError: 'qwen2'", DURING,
        HEADER, frame("/app/score.py", 12, "init"), frame("/x/site-packages/transformers/auto.py", 9, "f"), "ValueError: not known",
    )  # fmt: skip

    assert (chain.root.type, chain.place.line) == ("ValueError", 12)


def test_a_key_error_of_the_script_is_the_root():
    [chain] = chains(
        HEADER, frame("/app/score.py", 5, "init"), "KeyError: 'a'", DURING,
        HEADER, frame("/app/score.py", 7, "init"), "RuntimeError: no a",
    )  # fmt: skip

    assert chain.root.type == "KeyError"


@pytest.mark.parametrize(
    ("file", "is_users"),
    [
        ("/var/azureml-app/code/score.py", True),
        (r"C:\src\deploy\score.py", True),
        ("/var/mlflow_resources/mlflow_score_script.py", True),
        ("/opt/miniconda/envs/x/lib/python3.8/site-packages/numpy/core.py", False),
        ("/opt/miniconda/envs/x/lib/python3.8/json/decoder.py", False),
        (r"C:\Python\Lib\site-packages\flask\app.py", False),
        ("/var/azureml-server/aml_blueprint.py", False),
        ("<frozen importlib._bootstrap>", False),
        ("pandas/_libs/interval.pyx", False),
    ],
)
def test_the_users_files_are_told_from_others(file, is_users):
    [chain] = chains(HEADER, frame(file, 1, "f"), "ValueError")

    assert (chain.place is not None) is is_users


@pytest.mark.parametrize(
    ("frames", "phase"),
    [
        pytest.param(
            [(f"{SERVER}/user_script.py", "load_script"), ("/app/score.py", "<module>")], "import", id="import"
        ),
        pytest.param([(f"{SERVER}/user_script.py", "invoke_init"), ("/app/score.py", "init")], "init", id="init"),
        pytest.param([(f"{SERVER}/routes.py", "handle_score"), ("/app/score.py", "run")], "run", id="run"),
        pytest.param(
            [("/var/azureml-server/aml_blueprint.py", "register"), ("/app/main.py", "init")], "init", id="init-of-2020"
        ),
        pytest.param(
            [("/var/azureml-server/synchronous/routes.py", "run_scoring"), ("/app/main.py", "run")],
            "run",
            id="run-of-2020",
        ),
        pytest.param([("/tmp/pip-install-x/numpy/setup.py", "<module>")], "build", id="build"),
        pytest.param([("/app/train.py", "main")], "", id="not-known"),
    ],
)
def test_frames_say_when_it_was(frames, phase):
    [chain] = chains(HEADER, *(frame(file, 1, function) for file, function in frames), "ValueError: x")

    assert chain.phase == phase


def test_a_syntax_error_has_a_place_without_a_function():
    [chain] = chains(
        HEADER,
        frame(f"{SERVER}/user_script.py", 77, "load_script"),
        '  File "/app/score.py", line 3',
        "    def run(data)",
        "                 ^",
        "SyntaxError: expected ':'",
    )

    assert (chain.place.line, chain.place.function, chain.place.code, chain.phase) == (3, "", "def run(data)", "import")


def test_a_log_that_begins_in_the_midst_of_a_traceback_is_read():
    [chain] = chains(
        "    return x",
        frame("/app/score.py", 4, "<module>", "import torch"),
        "ModuleNotFoundError: No module named 'torch'",
    )

    assert chain.root.message == "No module named 'torch'"


def test_lines_of_another_worker_in_between_do_not_disturb():
    [chain] = chains(
        HEADER, frame("/app/score.py", 4, "<module>"),
        "2026-11-22 06:32:40,101 I [9] gunicorn.error - Booting worker with pid: 9",
        "    import joblib", "ModuleNotFoundError: No module named 'joblib'",
    )  # fmt: skip

    assert (chain.root.type, chain.place.code) == ("ModuleNotFoundError", "import joblib")


def test_a_message_that_begins_below_its_type_is_read():
    [chain] = chains(
        HEADER,
        frame("/app/score.py", 4, "init"),
        "ModelNotFoundException: ModelNotFoundException:",
        "\tMessage: Model x not found",
        "",
        "after",
    )

    assert chain.root.message == "ModelNotFoundException: Message: Model x not found"


def test_an_exception_of_a_group_is_found():
    [chain] = chains(
        "  + Exception Group Traceback (most recent call last):",
        '  |   File "/app/score.py", line 3, in run',
        "  |     raise ExceptionGroup('x', [ValueError('bad')])",
        "  | ExceptionGroup: x (1 sub-exception)",
    )  # fmt: skip

    assert (chain.root.type, chain.place.line) == ("ExceptionGroup", 3)


@pytest.mark.parametrize(
    "lines",
    [
        ["Traceback handling enabled"],
        ['File "x" loaded'],
        [HEADER],
        ["2026-11-22 06:32:40,101 E [9] gunicorn.error - Reason: Worker failed to boot."],
    ],
    ids=["word", "file", "header-only", "record"],
)
def test_what_only_looks_like_one_is_none(lines):
    assert chains(*lines) == []


def test_very_deep_recursion_keeps_few_frames():
    [chain] = chains(
        HEADER, *[frame("/app/score.py", 4, "f")] * 5000, "RecursionError: maximum recursion depth exceeded"
    )

    assert len(chain.root.frames) <= 60


@pytest.mark.parametrize(
    ("text", "kind"),
    [("ModuleNotFoundError: No module named 'x'", "ModuleNotFoundError"), ("requests.exceptions.SSLError: bad", "SSLError"), ("Reason: none", None), ("UserWarning: old", None), ("KeyError handling: on", None)],
)  # fmt: skip
def test_an_exception_may_stand_alone(text, kind):
    chain = alone(Line(1, text))

    assert (chain.root.type if chain else None) == kind
