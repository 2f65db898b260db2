"""A failure of the real server to boot, told as one of ours: from tracebacks of its log, without a server."""

from __future__ import annotations

from pathlib import Path

from amlemu.backends.engine_fault import tell_fault


def test_a_chain_of_the_script_s_own_exceptions_stays_whole() -> None:
    """Only the server's exception around them is cut."""
    cause = "\n\nThe above exception was the direct cause of the following exception:\n\n"
    frame = '  File "{}", line {}, in f\n    code()\n    ^^^^^^\n'
    own = frame.format("/p/azureml_inference_server_http/server/user_script.py", 119)
    head = "Traceback (most recent call last):\n"
    first = head + own + frame.format("/app/score.py", 3) + "KeyError: 'a'"
    second = (
        head + own + frame.format("/app/score.py", 5) + frame.format("/lib/other.py", 9) + "x.y.OwnError: two\nlines"
    )
    wrapper = head + own + "azureml_inference_server_http.server.user_script.UserScriptException: Caught"
    fault = tell_fault("Encountered Exception " + first + cause + second + cause + wrapper, Path("/app"), 3)

    assert (fault["kind"], fault["what"]) == ("OwnError", "init() raised OwnError: two")
    assert fault["where"] == "score.py:5"
    assert fault["traceback"] == (first + cause + second).replace(own, "") + "\n"


def test_a_fault_of_the_server_s_check_is_told_in_its_words() -> None:
    """It has no frames of the script."""
    frame = '  File "/p/azureml_inference_server_http/server/aml_blueprint.py", line 91, in setup\n    self.x()\n'
    error = "azureml_inference_server_http.server.user_script.UserScriptError: User script has no run()."
    fault = tell_fault(f"Traceback (most recent call last):\n{frame}{error}\n", Path("/app"), 3)

    assert (fault["phase"], fault["what"], fault["where"], fault["traceback"]) == (
        "check",
        "User script has no run().",
        "",
        "",
    )


def test_an_end_without_a_traceback_is_told_as_the_server_told_it() -> None:
    """A configuration that is refused, or nothing at all."""
    refused = tell_fault("\n===Configuration Error===\nA: bad\n", Path("/app"), 3)
    silent = tell_fault("", Path("/app"), 4)

    assert (refused["what"], refused["hint"]) == ("azmlinfsrv ended with exit code 3", "")
    assert refused["traceback"] == "===Configuration Error===\nA: bad\n"
    assert silent["what"] == "azmlinfsrv ended with exit code 4"
    assert "whoever chose it" in silent["hint"]
