"""Failures that are answered with 200."""

from __future__ import annotations

import pytest
from amlemu.doctor.code.failures import check_failures

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
        pytest.param(
            "    except Exception as e:\n        out['error'] = str(e)\n    return out", 8, id="put-into-a-dict"
        ),
        pytest.param("    except Exception as e:\n        out.update(error=str(e))\n    return out", 8, id="updated"),
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


@pytest.mark.parametrize(
    ("script", "line"),
    [
        pytest.param("def failed(e): return {'error': str(e)}\ndef init(): ...\ndef run(data):\n    try:\n        return data\n    except Exception as e:\n        return failed(e)", 7, id="a-function-makes-the-text"),
        pytest.param("def init(): ...\ndef run(data): return score(data)\ndef score(data):\n    try:\n        return data\n    except Exception as e:\n        return str(e)", 7, id="run-returns-another-s-result"),
        pytest.param("def safe(f):\n    def inner(data):\n        try:\n            return f(data)\n        except Exception as e:\n            return {'error': str(e)}\n    return inner\ndef init(): ...\n@safe\ndef run(data): ...", 6, id="a-decorator-of-the-script"),
        pytest.param("from azureml.contrib.services.aml_response import AMLResponse\ndef failed(e): return AMLResponse(str(e), 500)\ndef init(): ...\ndef run(data):\n    try:\n        return data\n    except Exception as e:\n        return failed(e)", None, id="a-function-makes-a-response"),
        pytest.param("def log(f):\n    def inner(data):\n        try:\n            return f(data)\n        except Exception as e:\n            print(e)\n            raise\n    return inner\ndef init(): ...\n@log\ndef run(data): ...", None, id="a-decorator-that-raises-again"),
        pytest.param("def a(e): return b(e)\ndef b(e): return a(e)\ndef init(): ...\ndef run(data):\n    try:\n        return data\n    except Exception as e:\n        return a(e)", None, id="functions-that-call-each-other"),
    ],
)  # fmt: skip
def test_an_error_s_text_is_followed_through_the_script(told, script, line):
    assert told(check_failures, script) == ([("error-with-200", line)] if line else [])


def test_one_part_of_many_that_fails_is_left_alone(told):
    script = """
    def init(): ...
    def run(data):
        found = {}
        for part in data:
            try:
                found["a"] = part
            except Exception as error:
                found["error"] = str(error)
        return found
    """

    assert told(check_failures, script) == []
