"""What a run() has raised, read from the log of the real server (azureml-inference-server-http 1.5.1, shortened)."""

from __future__ import annotations

import pytest
from amlemu.events import Spoke
from amlemu.testing.log_faults import fault_in, is_of_an_exception

SERVER = "/azureml-server/lib/python3.11/site-packages/azureml_inference_server_http/server"
HEAD = f"""\
Encountered Exception: Traceback (most recent call last):
  File "{SERVER}/user_script.py", line 132, in invoke_run
    run_output = self._wrapped_user_run(**run_parameters, request_headers=dict(request.headers))
                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "{SERVER}/user_script.py", line 156, in <lambda>
    self._wrapped_user_run = lambda request_headers, **kwargs: self._user_run(**kwargs)
                                                               ^^^^^^^^^^^^^^^^^^^^^^^^
"""
TAIL = f"""

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "{SERVER}/routes.py", line 222, in handle_score
    timed_result = main_blueprint.user_script.invoke_run(request, timeout_ms=config.scoring_timeout)
                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "{SERVER}/user_script.py", line 139, in invoke_run
    raise UserScriptException(ex) from ex
azureml_inference_server_http.server.user_script.UserScriptException: Caught an unhandled exception from the user script
"""
LOOK_UP = """\
  File "/var/azureml-app/src/score.py", line 19, in run
    return look_up({"a": 1}, asked["key"])
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/var/azureml-app/src/score.py", line 4, in look_up
    return table[key]
           ~~~~~^^^^^
KeyError: 'b'"""
LIBRARY = """\
  File "/var/azureml-app/src/score.py", line 13, in run
    json.loads("{")
  File "/opt/miniconda/lib/python3.11/json/__init__.py", line 346, in loads
    return _default_decoder.decode(s)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^
json.decoder.JSONDecodeError: Expecting value: line 1 column 2 (char 1)"""
CHAINED = """\
  File "/var/azureml-app/src/score.py", line 9, in run
    look_up({}, "a")
  File "/var/azureml-app/src/score.py", line 4, in look_up
    return table[key]
           ~~~~~^^^^^
KeyError: 'a'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/var/azureml-app/src/score.py", line 11, in run
    raise RuntimeError("the consequence") from error
RuntimeError: the consequence"""
EMPTY = """\
  File "/var/azureml-app/src/score.py", line 17, in run
    raise ValueError
ValueError"""


def record(text, stream="log"):
    return Spoke(stream, text, 7, "azmlinfsrv", "ERROR")


def servers(raised):
    """What the server writes of an exception of the script."""
    return record(HEAD + raised + TAIL)


def test_a_fault_is_told_without_the_servers_frames():
    """In the words of a script that runs here: what, where, and the traceback from the user's first line on."""
    said = [record("POST /score 500 2.4ms 92"), servers(LOOK_UP)]

    fault = fault_in(said)

    assert fault is not None
    assert fault.record is said[1]
    assert fault.told == [
        "the script raised KeyError: 'b' (score.py:4)",
        "  Traceback (most recent call last):",
        '    File "/var/azureml-app/src/score.py", line 19, in run',
        '      return look_up({"a": 1}, asked["key"])',
        '    File "/var/azureml-app/src/score.py", line 4, in look_up',
        "      return table[key]",
        "  KeyError: 'b'",
    ]


@pytest.mark.parametrize(
    ("raised", "what", "where"),
    [
        pytest.param(
            LIBRARY,
            "the script raised json.decoder.JSONDecodeError: Expecting value: line 1 column 2 (char 1)",
            "score.py:13",
            id="in-a-library",
        ),
        pytest.param(CHAINED, "the script raised KeyError: 'a'", "score.py:4", id="what-began-it"),
        pytest.param(EMPTY, "the script raised ValueError", "score.py:17", id="without-words"),
    ],
)
def test_the_place_is_the_users(raised, what, where):
    """The line of the script that led there, and the exception that came first."""
    fault = fault_in([servers(raised)])

    assert fault is not None
    assert fault.told[0] == f"{what} ({where})"
    assert not any(SERVER in line for line in fault.told)
    assert fault.told[-1].strip() == what.removeprefix("the script raised ")


def test_of_several_the_first_is_told():
    fault = fault_in([servers(EMPTY), servers(LOOK_UP)])

    assert fault is not None
    assert fault.told[0] == "the script raised ValueError (score.py:17)"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param([], id="nothing"),
        pytest.param([record("POST /score 200 1.2ms 3"), record("a word of the script")], id="no-traceback"),
        pytest.param([record(HEAD + LOOK_UP, stream="stderr")], id="raw-output"),
        pytest.param([record("Traceback (most recent call last):")], id="cut-off"),
    ],
)
def test_a_log_without_one_tells_nothing(said):
    """What is printed raw is the script's own affair."""
    assert fault_in(said) is None


def test_records_of_an_exception_are_known():
    assert is_of_an_exception(servers(EMPTY))
    assert not is_of_an_exception(record("it raised nothing"))
    assert not is_of_an_exception(record(HEAD + EMPTY, stream="stdout"))


def test_what_a_script_prints_is_no_record_of_the_servers():
    """print(traceback.format_exc()) is something that it says."""
    assert not is_of_an_exception(Spoke("log", HEAD + LOOK_UP, 7, "azmlinfsrv.print", "INFO"))
