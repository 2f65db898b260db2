"""Which paths a script opens, and when."""

from __future__ import annotations

import pytest
from amlemu.doctor.assemble import read
from amlemu.doctor.files.loads import find_loads

HEAD = "import os, joblib, json, pickle, logging\nfrom pathlib import Path\nD = '/d'\n"


@pytest.fixture
def loads(tmp_path):
    def find(text):
        (tmp_path / "score.py").write_text(HEAD + text)
        return find_loads(read(tmp_path / "score.py"), {})

    return find


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("def init():\n    joblib.load(os.path.join(D, 'a.pkl'))\n", id="loader"),
        pytest.param("def init():\n    with open(D + '/a.pkl', 'rb') as f:\n        pickle.load(f)\n", id="open"),
        pytest.param("def init():\n    p = Path(D) / 'a.pkl'\n    p.read_bytes()\n", id="pathlib"),
        pytest.param("def init():\n    Net(weights=D + '/a.pkl')\n", id="keyword"),
        pytest.param(
            "def init():\n    load()\ndef load():\n    joblib.load(D + '/a.pkl')\n", id="in-a-function-of-init"
        ),
    ],
)
def test_a_path_that_is_opened_is_found(loads, text):
    assert [(load.value, load.occasion) for load in loads(text)] == [("/d/a.pkl", "init")]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("def init():\n    print(os.path.join(D, 'a.pkl'))\n", id="print"),
        pytest.param("def init():\n    logging.info('from %s', D + '/a.pkl')\n", id="log"),
        pytest.param("def init():\n    open(D + '/a.txt', 'w')\n", id="write"),
        pytest.param("def init():\n    open(D + '/a.txt', mode)\n", id="unknown-mode"),
        pytest.param("def init():\n    os.makedirs(D + '/a')\n", id="make"),
        pytest.param("def init():\n    if os.path.exists(D + '/a.pkl'):\n        joblib.load(D + '/a.pkl')\n", id="looked-for"),
        pytest.param("def init():\n    p = Path(D) / 'a.pkl'\n    if p.is_file():\n        joblib.load(p)\n", id="looked-for-by-pathlib"),
        pytest.param("if __name__ == '__main__':\n    joblib.load(D + '/a.pkl')\n", id="main"),
        pytest.param("def init():\n    joblib.load(sys.argv[1])\n", id="unknown"),
    ],
)  # fmt: skip
def test_what_is_not_opened_for_sure_is_left_out(loads, text):
    assert loads(text) == []


def test_a_try_that_goes_on_covers_a_load(loads):
    (load,) = loads("def init():\n    try:\n        joblib.load('a.pkl')\n    except OSError:\n        pass\n")

    assert load.is_covered


def test_a_loader_of_files_is_told_from_others(loads):
    assert [(load.by, load.is_file) for load in loads("joblib.load('a.pkl')\nNet.from_pretrained('b')\n")] == [
        ("joblib.load", True),
        ("Net.from_pretrained", False),
    ]


def test_a_file_that_does_not_parse_loads_nothing(loads):
    assert loads("def (\n") == []
