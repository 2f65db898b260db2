"""Names that are bound nowhere, or in the wrong place."""

from __future__ import annotations

import pytest
from amlemu.doctor.code.names import check_names

INIT = "def init(): ...\n"


@pytest.mark.parametrize(
    ("script", "found"),
    [
        pytest.param(INIT + "def run(data):\n    return json.loads(data)", [("undefined-name", 3)], id="forgotten-import"),
        pytest.param("import os\ndef init():\n    np.load(os.sep)\ndef run(data): ...", [("undefined-name", 3)], id="in-init"),
        pytest.param(INIT + "def run(data: List[str]): ...", [("undefined-name", 2)], id="in-an-annotation"),
        pytest.param(INIT + "def run(data):\n    return clean(data)\ndef clean(data):\n    return re.sub('a', 'b', data)", [("undefined-name", 5)], id="in-a-function-of-run"),
        pytest.param(INIT + 'def run(data):\n    return model\nif __name__ == "__main__":\n    model = 1', [("undefined-name", 3)], id="only-below-the-main-guard"),
        pytest.param(INIT + "def run(data):\n    try:\n        return modle\n    except Exception as e:\n        return 1\nmodel = 1", [("undefined-name", 4)], id="misspelt"),
        pytest.param("def init():\n    model = load()\ndef load(): ...\ndef run(data):\n    return model.predict(data)", [("global-missing", 2)], id="forgotten-global"),
        pytest.param("def init():\n    load()\ndef load():\n    model = 1\ndef run(data):\n    return model", [("global-missing", 4)], id="forgotten-global-in-a-function-of-init"),
        pytest.param("def init():\n    import json\ndef run(data):\n    return json.loads(data)", [("global-missing", 4)], id="import-inside-init"),
        pytest.param("model = None\ndef init():\n    model = 1\ndef run(data):\n    return model.predict(data)", [("global-missing", 3)], id="stays-none"),
        pytest.param("n = 0\ndef init(): ...\ndef run(data):\n    n += 1\n    return n", [("unbound-local", 4)], id="counts-without-global"),
        pytest.param("model = 1\ndef init(): ...\ndef run(data):\n    model = model.eval()\n    return model", [("unbound-local", 4)], id="assigned-from-itself"),
        pytest.param("class A:\n    def f(self):\n        return jsn\ndef init(): ...\ndef run(data):\n    return A().f()", [("undefined-name", 3)], id="in-a-method"),
    ],
)  # fmt: skip
def test_names_that_are_not_there_are_told(told, script, found):
    assert told(check_names, script) == found


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("def init():\n    global model\n    model = 1\ndef run(data):\n    return model", id="global"),
        pytest.param("from elsewhere import *\ndef init(): ...\ndef run(data):\n    return model", id="star-import"),
        pytest.param("def init():\n    globals()['m'] = 1\ndef run(data):\n    return m", id="globals"),
        pytest.param(INIT + "def run(data): ...\ndef unused():\n    return nothing", id="not-reached"),
        pytest.param(INIT + "def run(data):\n    return len(data), __file__, __name__", id="builtins"),
        pytest.param("model = None\ndef init():\n    model = 1\ndef run(data):\n    if model is None:\n        return 0\n    return model.x", id="asks-whether-it-is-there"),
        pytest.param("state = {}\ndef init():\n    model = 1\n    state['m'] = model\ndef run(data):\n    return state['m']", id="kept-in-a-dict"),
        pytest.param("total = 0\ndef init(): ...\ndef run(data):\n    for i in range(3):\n        if i:\n            total += i\n        else:\n            total = 0\n    return total", id="set-in-the-first-turn"),
        pytest.param("try:\n    unicode\nexcept NameError:\n    unicode = str\ndef init(): ...\ndef run(data):\n    return unicode(data)", id="asked-with-NameError"),
        pytest.param("from __future__ import annotations\ndef init(): ...\ndef run(data: Frame) -> Frame: ...", id="annotations-of-the-future"),
    ],
)  # fmt: skip
def test_names_that_are_there_or_may_be_are_not_told(told, script):
    assert told(check_names, script) == []


def test_siblings_are_followed(told):
    script = "from words import split\nimport idle\ndef init(): ...\ndef run(data):\n    return split(data)"
    siblings = {
        "words": "def split(text):\n    return re.split(' ', text)\ndef unused():\n    return nothing",
        "idle": "x = y\n",
    }

    assert told(check_names, script, siblings) == [("undefined-name", 1), ("undefined-name", 2)]


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("json", "Add `import json` at the top of the file."),
        ("pd", "Add `import pandas as pd` at the top of the file."),
        ("xrange", "xrange is a name of Python 2; write range."),
        ("display", "display exists in notebooks only; remove it from the script."),
        ("labls", "Did you mean labels?"),
    ],
)
def test_the_remedy_knows_what_a_name_usually_is(subject_of, name, fix):
    [finding] = check_names(subject_of(f"labels = []\ndef init(): ...\ndef run(data):\n    return {name}"))

    assert finding.fix == fix


def test_the_cloud_says_when_it_fails(subject_of):
    script = "a\ndef init():\n    b\ndef run(data):\n    c"

    clouds = [finding.cloud.today for finding in check_names(subject_of(script))]

    assert clouds == [
        "ResourceNotReady, UserScriptImportError",
        "ResourceNotReady, UserScriptInitFailed",
        "424, model 500",
    ]
