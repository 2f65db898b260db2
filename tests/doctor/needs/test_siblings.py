"""Imports of the person's own modules."""

from __future__ import annotations

import pytest
from amlemu.doctor.needs.siblings import check_siblings

from ..subjects import SCRIPT, conda, subject, told

SERVER = "azureml-inference-server-http"


@pytest.mark.parametrize(
    ("imports", "others"),
    [
        pytest.param("import words", {"words.py": ""}, id="beside"),
        pytest.param("from pack import inner\nimport pack.inner", {"pack/inner.py": ""}, id="without-init"),
        pytest.param("from pack.inner import x", {"pack/__init__.py": "", "pack/inner.py": "x = 1\nfrom . import other\n", "pack/other.py": ""}, id="relative-in-a-package"),
        pytest.param("import sys\nsys.path.append('lib')\nimport words", {"lib/words.py": ""}, id="path-is-changed"),
        pytest.param("try:\n    from . import words\nexcept ImportError:\n    import words", {"words.py": ""}, id="both-ways"),
        pytest.param("import json, numpy", {"helpers/json.py": "", "models/numpy.py": ""}, id="names-that-lie-elsewhere-too"),
        pytest.param("import never_heard_of", {}, id="nowhere"),
    ],
)  # fmt: skip
def test_what_the_server_finds_is_not_spoken_of(tmp_path, imports, others):
    of = subject(tmp_path, f"{imports}\n{SCRIPT}", conda=conda("numpy", pip=[SERVER]), others=others)

    assert told(check_siblings, of) == []


@pytest.mark.parametrize(
    ("imports", "others", "finding"),
    [
        pytest.param("from . import words", {"words.py": ""}, ("error", "relative-import", "score.py says `from . import words`, but the server loads it outside of any package, so it fails as the script is loaded"), id="relative"),
        pytest.param("from .words import x", {"words.py": ""}, ("error", "relative-import", "score.py says `from .words import x`, but the server loads it outside of any package, so it fails as the script is loaded"), id="relative-module"),
        pytest.param("import words", {"lib/words.py": ""}, ("error", "module-not-in-app-root", "score.py imports words, which lies at lib/words.py, and the server looks in the code folder alone, its app root: it fails as the script is loaded"), id="below"),
        pytest.param("from Words import x", {"words.py": ""}, ("error", "module-case", "score.py imports Words, and the module is called words: Linux tells upper from lower case: it fails as the script is loaded"), id="case"),
        pytest.param("from pack.wrods import x", {"pack/words.py": ""}, ("error", "module-not-found", "score.py imports pack.wrods, and the folder pack has no module wrods: it fails as the script is loaded"), id="not-in-the-folder"),
        pytest.param("import json", {"json.py": ""}, ("warning", "hidden-module", "score.py imports json and gets Python's own module, not json.py beside it: the app root comes last on the import path"), id="hidden-by-python"),
        pytest.param("from calendar import days", {"calendar.py": "days = 7"}, ("warning", "hidden-module", "score.py imports calendar and gets Python's own module, which has no days, not calendar.py beside it: the app root comes last on the import path"), id="hidden-and-missed"),
        pytest.param("import numpy", {"numpy.py": ""}, ("warning", "hidden-module", "score.py imports numpy and gets the one of numpy, not numpy.py beside it: the app root comes last on the import path"), id="hidden-by-a-package"),
    ],
)  # fmt: skip
def test_what_the_server_does_not_find_is_told(tmp_path, imports, others, finding):
    of = subject(tmp_path, f"{imports}\n{SCRIPT}", conda=conda("numpy", pip=[SERVER]), others=others)

    assert told(check_siblings, of) == [finding]


def test_a_script_in_a_folder_does_not_see_what_lies_above(tmp_path):
    of = subject(tmp_path, f"import words\n{SCRIPT}", at="src/score.py", others={"words.py": ""})
    (finding,) = check_siblings(of)

    assert finding.cause == (
        "score.py imports words, which lies at words.py, and the server looks in src alone, its app root: it fails as the script is loaded"
    )
    assert finding.fix == (
        "Set AML_APP_ROOT to /var/azureml-app/code in the deployment's environment_variables, or move words.py beside the script."
    )


def test_aml_app_root_makes_it_visible(tmp_path):
    variables = {"AML_APP_ROOT": "/var/azureml-app/code"}
    of = subject(tmp_path, f"import words\n{SCRIPT}", at="src/score.py", others={"words.py": ""}, variables=variables)

    assert told(check_siblings, of) == []


def test_a_sibling_has_no_package_either(tmp_path):
    of = subject(tmp_path, f"import words\n{SCRIPT}", others={"words.py": "from . import more\n", "more.py": ""})

    assert [(finding.rule, finding.place.file.name) for finding in check_siblings(of)] == [
        ("relative-import", "words.py")
    ]
