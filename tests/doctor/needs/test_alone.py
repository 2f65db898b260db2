"""v1 without a source directory: the script goes alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from amlemu.azure import files
from amlemu.doctor.assemble import subject_of
from amlemu.doctor.needs.alone import check_alone


@pytest.mark.parametrize(
    ("config", "script", "rules"),
    [
        pytest.param({"entryScript": "score.py"}, "import helper", ["source-directory-missing"], id="alone"),
        pytest.param({"entryScript": "score.py", "sourceDirectory": "."}, "import helper", [], id="with-its-folder"),
        pytest.param({"entryScript": "score.py"}, "import json", [], id="needs-nothing"),
    ],
)
def test_what_stays_behind_is_told(tmp_path, config, script, rules):
    (tmp_path / "score.py").write_text(script, encoding="utf-8")
    (tmp_path / "helper.py").write_text("", encoding="utf-8")
    path = tmp_path / "inferenceconfig.json"
    path.write_text(json.dumps(config), encoding="utf-8")

    found = list(check_alone(subject_of(path, files.describe(path), python=Path(sys.executable))))

    assert [finding.rule for finding in found] == rules
