"""The SDK's exceptions: they have a message, and what local endpoints refuse is raised as one of them."""

from __future__ import annotations

import pytest
from amlemu.errors import AmlemuError, UsageError
from amlemu.ports import PortTaken
from amlemu.v1.exceptions import AzureMLException, UserErrorException, WebserviceException, in_words


def test_the_message_is_the_sdks_words_and_what_to_do():
    error = WebserviceException("Error, no such thing.", 404, hint="Make one.")

    assert error.message == str(error) == "Error, no such thing. Make one."
    assert error.status_code == 404
    assert isinstance(error, AzureMLException)
    assert isinstance(error, AmlemuError)


def test_arguments_of_the_sdk_are_taken():
    """Scripts that raise it themselves pass `logger=` and `inner_exception=`."""
    assert WebserviceException("x", logger=None, inner_exception=None).message == "x"
    assert UserErrorException("y", target="z").message == "y"


def test_what_an_endpoint_refuses_is_a_webservice_exception():
    with pytest.raises(WebserviceException, match=r"^a: b\. c$") as caught, in_words():
        raise UsageError("b", where="a", hint="c")

    assert isinstance(caught.value.__cause__, UsageError)


def test_a_port_that_is_taken_has_dockers_words():
    """Contract 5.2."""
    with pytest.raises(WebserviceException) as caught, in_words():
        raise PortTaken("taken by pid 1", host="127.0.0.1", port=8890, where="port 8890")

    assert caught.value.message == (
        "Docker container start has failed, the port you are attempting to use is already in use:\n"
        "port 8890: taken by pid 1"
    )


def test_what_is_one_already_stays_as_it_is():
    with pytest.raises(UserErrorException, match=r"^x$"), in_words():
        raise UserErrorException("x")
