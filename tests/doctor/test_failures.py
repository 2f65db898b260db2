"""Failures that are answered with 200."""

from __future__ import annotations

import pytest
from amlemu.doctor.failures import check_failures

HEAD = "import json, traceback\nfrom azureml.contrib.services.aml_response import AMLResponse\ndef init(): ...\ndef run(data):\n    try:\n        return json.loads(data)\n"


@pytest.mark.parametrize(
    ("clause", "line"),
    [
        pytest.param("    except Exception as e:\n        return str(e)", 8, id="text"),
        pytest.param("    except Exception as e:\n        return {'error': str(e)}", 8, id="dict"),
        pytest.param("    except Exception as e:\n        return f'failed: {e}'", 8, id="f-string"),
        pytest.param("    except Exception as e:\n        return json.dumps({'error': repr(e)})", 8, id="json-text"),
        pytest.param(
            "    except Exception as e:\n        error = str(e)\n        return error", 9, id="as-in-the-documentation"
        ),
        pytest.param(
            "    except Exception as e:\n        result = str(e)\n    return {'result': result}",
            8,
            id="returned-at-the-end",
        ),
        pytest.param("    except Exception as e:\n        return 'Error: {}'.format(e)", 8, id="format"),
        pytest.param("    except:\n        return traceback.format_exc()", 8, id="traceback"),
        pytest.param("    except KeyError:\n        return {'error': 'the key is missing'}", 8, id="key-called-error"),
        pytest.param("    except KeyError:\n        return 'Invalid input'", 8, id="words"),
    ],
)
def test_a_text_of_an_error_as_the_answer_is_told(told, clause, line):
    assert told(check_failures, HEAD + clause) == [("error-with-200", line)]


@pytest.mark.parametrize(
    "clause",
    [
        pytest.param("    except Exception as e:\n        return AMLResponse(str(e), 500)", id="response"),
        pytest.param("    except Exception as e:\n        return failure(e)", id="some-other-function"),
        pytest.param("    except Exception as e:\n        print(str(e))\n        raise", id="raised-again"),
        pytest.param(
            "    except Exception as e:\n        error = str(e)\n    return AMLResponse(error, 500)",
            id="response-at-the-end",
        ),
        pytest.param("    except KeyError:\n        return {'prediction': None}", id="a-default"),
        pytest.param("    except Exception as e:\n        return {'error': str(e)}, 500", id="with-a-status"),
        pytest.param("    except Exception as e:\n        return {'error': e}", id="the-object-itself"),
    ],
)
def test_other_answers_are_not(told, clause):
    assert told(check_failures, HEAD + clause) == []
