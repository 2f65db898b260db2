"""What all generations say in the same words; verdicts are those of azure-ai-ml 1.35.2 (load_online_deployment), copied."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu.azure import marked, said
from amlemu.azure.description import Probe
from amlemu.azure.schema import Check
from amlemu.finding import Place

from .written import MANAGED, changed, describe

SUBSCRIPTION = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


def value(text):
    return marked.parse(f"x: {text}", Path("deployment.yml")).content["x"]


def told(check):
    return [f"{one.severity}: {one.cause}" + (f". {one.fix}" if one.fix else "") for one in check.findings]


# references


@pytest.mark.parametrize(
    ("text", "name_and_version"),
    [
        ("azureml:credit:3", ("credit", "3")),
        ("azureml:credit@latest", ("credit", "")),
        ("azureml:credit:latest", ("credit", "")),
        ("azureml:credit", ("credit", "")),
        ("azureml:credit-Model_1.2:3.1", ("credit-Model_1.2", "3.1")),
        ("azureml://registries/azureml/models/credit/versions/3", ("credit", "3")),
        ("azureml://registries/azureml/environments/sklearn-1.5/labels/latest", ("sklearn-1.5", "")),
        ("azureml://registries/azureml/models/credit", ("credit", "")),
        ("azureml://subscriptions/s/resourcegroups/g/workspaces/w/models/credit/versions/3", ("credit", "3")),
        (f"azureml:{SUBSCRIPTION}/models/credit/versions/3", ("credit", "3")),
        (f"azureml:{SUBSCRIPTION}/models/credit", None),
        (f"azureml:{SUBSCRIPTION}/models/credit/labels/latest", None),
        (f"{SUBSCRIPTION}/models/credit/versions/3", None),
        ("credit:3", None),
        ("credit", None),
        ("AzureML:credit:3", None),
        ("azureml:a/b:1", None),
        ("azureml:", None),
        ("azureml:credit:3:4", None),
        ("./model.pkl", None),
        ("https://x/models/credit", None),
    ],
)
def test_a_registered_thing_has_a_name_and_perhaps_a_version(text, name_and_version):
    """@latest is no version: whatever is given for the name will do. az refuses an ARM id without /versions/."""
    assert said.reference(text) == name_and_version


@pytest.mark.parametrize(
    ("model", "cause"),
    [
        pytest.param("credit:3", "the model 'credit:3' is neither a reference nor a mapping", id="no-azureml"),
        pytest.param("./model.pkl", "the model './model.pkl' is neither a reference nor a mapping", id="bare-path"),
        pytest.param({"path": "modle.pkl"}, "the model modle.pkl is not there", id="path-leads-nowhere"),
        pytest.param({"name": "m"}, "the model has no path", id="no-path"),
        pytest.param({"path": "model.pkl", "version": 1}, "the model has a version, 1, and no name", id="no-name"),
        pytest.param(
            {"path": "azureml://datastores/d/paths/m"},
            "the model azureml://datastores/d/paths/m lies in the cloud and has no name here, so az ml looks for a file of that name",
            id="in-the-cloud-without-a-name",
        ),
        pytest.param(
            {"path": "file:model.pkl"},
            "file:model.pkl begins with file:, as files of 2021 did; az ml takes it for a part of the name",
            id="file-prefix",
        ),
        pytest.param(["model.pkl"], "model is a model, so it is a mapping", id="list"),
        pytest.param({"path": ["model.pkl"]}, "model.path: a list is no text", id="path-is-a-list"),
        pytest.param({"path": 3}, "model.path: 3 is no text", id="path-is-a-number"),
        pytest.param({"path": "m" * 3000}, f"the model {'m' * 3000} is not there", id="a-path-longer-than-paths-are"),
        pytest.param({"path": "a\0b"}, "the model a\0b is not there", id="no-path-at-all"),
    ],
)
def test_a_model_that_az_refuses_is_told(folder, model, cause):
    """Verdict of azure-ai-ml 1.35.2 for each: refused."""
    found = describe(folder, changed(MANAGED, "model", model))

    assert [one.cause for one in found.findings] == [cause]
    assert found.findings[0].severity == "error"


@pytest.mark.parametrize(
    "model",
    [
        pytest.param("azureml:credit:3", id="registered"),
        pytest.param("azureml:credit@latest", id="latest"),
        pytest.param({"path": "model.pkl"}, id="file"),
        pytest.param({"path": "weights/"}, id="folder"),
        pytest.param({"path": "."}, id="this-folder"),
        pytest.param({"path": ".\\weights\\a.bin"}, id="windows"),
        pytest.param({"path": "model.pkl", "name": "m", "version": 1.5}, id="version-with-a-point"),
        pytest.param({"path": "azureml://datastores/d/paths/m", "name": "m", "version": "1"}, id="datastore"),
        pytest.param({"path": "runs:/abc/model", "name": "m"}, id="run"),
        pytest.param({"path": "model.pkl", "type": "MLFLOW_MODEL"}, id="type-in-capitals"),
    ],
)
def test_a_model_that_az_takes_is_fine(folder, model):
    assert describe(folder, changed(MANAGED, "model", model)).findings == ()


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        pytest.param("azureml:e@latest", [], id="latest"),
        pytest.param("azureml://registries/azureml/environments/sklearn-1.5/labels/latest", [], id="curated"),
        pytest.param({"image": "x", "conda_file": "conda.yml", "os_type": "Linux"}, [], id="inline"),
        pytest.param({"image": "x", "name": 3, "version": 2}, [], id="a-name-that-az-drops"),
        pytest.param({"build": {"path": "src"}}, [], id="build"),
        pytest.param({"build": {"path": "https://github.com/a/b.git"}}, [], id="build-from-afar"),
        pytest.param("sklearn:1", ["error environment-not-a-reference"], id="no-azureml"),
        pytest.param({"image": "x", "conda_file": "nope.yml"}, ["error conda-file-missing"], id="conda-file-missing"),
        pytest.param({"image": "x", "conda_file": "file:conda.yml"}, ["error file-prefix"], id="file-prefix"),
        pytest.param({"image": "x", "conda_file": ["a"]}, ["error wrong-kind"], id="conda-file-a-list"),
        pytest.param({"image": "x", "dependencies": ["pip"]}, ["error unknown-field", "error environment-is-conda"], id="conda-in-place"),
        pytest.param({"image": "x", "properties": {"a": "b"}}, ["error unknown-field"], id="properties"),
        pytest.param({"image": "x", "build": {"path": "nope"}}, ["error build-folder-missing"], id="build-missing"),
        pytest.param({"conda_file": "conda.yml"}, ["error environment-without-image"], id="no-image"),
        pytest.param("file:environment.yml", ["warning environment-by-file"], id="file"),
        pytest.param("./environment.yml", ["warning environment-by-file"], id="path"),
        pytest.param("conda.yml", ["warning environment-by-file"], id="conda-file-itself"),
        pytest.param("nope.yml", ["error no-such-file"], id="no-such-file"),
    ],
)  # fmt: skip
def test_an_environment_is_described_named_or_refused(folder, environment, told):
    """A file in its place is refused by az 1.35.2 and taken by older ones, so it is a warning, and followed."""
    (folder / "environment.yml").write_text("image: x\nconda_file: conda.yml\n")
    found = describe(folder, changed(MANAGED, "environment", environment))

    assert [f"{one.severity} {one.rule}" for one in found.findings] == told


def test_an_environment_in_a_file_of_its_own_is_followed(folder):
    """Its conda file is relative to it."""
    (folder / "env").mkdir()
    (folder / "env" / "environment.yml").write_text("image: x\nconda_file: ../conda.yml\n")
    found = describe(folder, changed(MANAGED, "environment", "file:env/environment.yml")).environment

    assert (found.image, found.requirements.name, found.requirements.place.file) == ("x", "env", folder / "conda.yml")


# code


@pytest.mark.parametrize(
    ("code", "cause", "fix"),
    [
        pytest.param({"code": "scr"}, "the code folder scr is no folder", "Did you mean src?", id="near"),
        pytest.param(
            {"code": "src/score.py"},
            "the code folder src/score.py is a file, not a folder",
            "Name {here}/src, and score.py as the script.",
            id="the-script-as-folder",
        ),
        pytest.param(
            {"code": "azureml:code:1"},
            "the code azureml:code:1 lies in a workspace, and amlemu asks none",
            "Name a folder of this machine.",
            id="registered",
        ),
        pytest.param(
            {"scoring_script": "scor.py"},
            "the scoring script scor.py is not in {here}/src",
            "Did you mean score.py?",
            id="script-near",
        ),
        pytest.param(
            {"scoring_script": "api"}, "the scoring script api is a folder", "In api there is: score.py.", id="folder"
        ),
        pytest.param(
            {"scoring_script": "../model.pkl"},
            "the script ../model.pkl lies outside of the code folder {here}/src, so it is not deployed",
            "Name a folder above it as code.",
            id="outside",
        ),
        pytest.param(
            {"scoring_script": "/etc/passwd"},
            "the script /etc/passwd lies outside of the code folder {here}/src, so it is not deployed",
            "Name a folder above it as code.",
            id="absolute",
        ),
        pytest.param(
            {"scoring_script": "notes.txt"}, "the scoring script notes.txt is no Python file (.py)", "", id="no-python"
        ),
        pytest.param(
            {"scoring_script": "s" * 3000},
            f"the scoring script {'s' * 3000} is not in {{here}}/src",
            None,
            id="too-long",
        ),
    ],
)
def test_code_that_is_not_there_is_told(folder, code, cause, fix):
    (folder / "src" / "notes.txt").write_text("")
    found = describe(folder, changed(MANAGED, "code_configuration", {**MANAGED["code_configuration"], **code}))

    assert [one.cause for one in found.findings] == [cause.format(here=folder)]
    assert fix is None or found.findings[0].fix == fix.format(here=folder)
    assert found.script is None
    assert found.hindrances == found.findings


def test_a_link_that_leads_round_is_no_folder(folder):
    (folder / "loop").symlink_to(folder / "loop")
    found = describe(folder, changed(MANAGED, "code_configuration.code", "loop"))

    assert [one.cause for one in found.findings] == ["the code folder loop is no folder"]


# names


@pytest.mark.parametrize(
    ("name", "is_legal"),
    [
        ("abc", True),
        ("Credit-2", True),
        ("a" * 32, True),
        ("ab", False),
        ("a" * 33, False),
        ("1abc", False),
        ("abc-", False),
        ("-abc", False),
        ("a--b", False),
        ("a_b", False),
        ("a.b", False),
        ("my ep", False),
        ("", False),
    ],
)
@pytest.mark.rows("1.5 names")
@pytest.mark.parametrize("field", ["name", "endpoint_name"])
def test_a_name_has_azures_letters(folder, field, name, is_legal):
    """3 to 32, a letter first, letters, digits and single dashes (contract 1.5)."""
    found = describe(folder, changed(MANAGED, field, name))

    assert [one.rule for one in found.findings] == ([] if is_legal else ["illegal-name"])


# variables


def test_variables_are_texts():
    """As az takes numbers and switches; what Python makes of a switch is assumed."""
    check = Check(Path("deployment.yml"))
    found = said.variables(check, value('{A: 1, B: "1", C: true, D: 1.10, E: , F: x y, G: 2024-01-01}'))

    assert found == {"A": "1", "B": "1", "C": "True", "D": "1.1", "E": "", "F": "x y", "G": "2024-01-01"}
    assert told(check) == []


def test_a_secret_of_azure_is_not_set_and_said_so():
    """It concerns this machine alone, so it is information."""
    check = Check(Path("deployment.yml"))
    found = said.variables(check, value("{K: '${{azureml://connections/c/credentials/key}}', A: b}"))

    assert found == {"A": "b"}
    assert told(check) == [
        "information: K is a secret that Azure would put in (${{azureml://connections/c/credentials/key}}); "
        "amlemu asks no key vault, so K is not set. Give it with --env K=..., or set it in the shell."
    ]


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("'${{ secrets.KEY }}'", True),
        ("'{{KEY}}'", True),
        ("'Hello {{name}}'", False),
        ("$HOME", False),
        ("<b>", False),
        ("'{\"a\": 1}'", False),
    ],
)
def test_a_variable_that_was_never_filled_in_is_a_warning(text, is_told):
    """Braces within a text may be the variable's own business, such as a prompt."""
    check = Check(Path("deployment.yml"))
    said.variables(check, value(f"{{A: {text}}}"))

    assert [one.rule for one in check.findings] == (["template-unfilled"] if is_told else [])
    assert [one.severity for one in check.findings] == (["warning"] if is_told else [])


# numbers, switches, traffic


@pytest.mark.parametrize(
    ("text", "number", "whole"),
    [
        ("3", 3.0, 3),
        ("'3'", 3.0, 3),
        ("3.0", 3.0, 3),
        ("1.5", 1.5, 1),
        ("'1.5'", 1.5, None),
        ("1e3", 1000.0, 1000),
        ("true", None, None),
        ("x", None, None),
        ("", None, None),
        ("[1]", None, None),
        (".inf", float("inf"), None),
        ("1" + "0" * 90, 1e90, None),
    ],
)
def test_numbers_may_stand_in_quotes(text, number, whole):
    """A fraction where a whole number is wanted is what marshmallow makes of it; in quotes it is refused."""
    assert (said.number(value(text)), said.whole(value(text))) == (number, whole)
    assert (said.number(None), said.whole(None)) == (None, None)


@pytest.mark.parametrize(
    ("text", "is_on"), [("true", True), ("'Yes'", True), ("1", True), ("false", False), ("x", False), ("", False)]
)
def test_a_switch_has_many_words(text, is_on):
    assert said.is_on(value(text)) is is_on
    assert not said.is_on(None)


@pytest.mark.parametrize(
    ("text", "shares", "causes"),
    [
        pytest.param("{blue: 100}", {"blue": 100}, [], id="all"),
        pytest.param("{blue: 60, green: '40'}", {"blue": 60, "green": 40}, [], id="split"),
        pytest.param("{blue: 0}", {"blue": 0}, [], id="none"),
        pytest.param("{}", {}, [], id="empty"),
        pytest.param("{blue: 50}", {"blue": 50}, ["traffic is 50 % in all; it has to be 0 or 100"], id="half"),
        pytest.param(
            "{blue: 60, green: 60}",
            {"blue": 60, "green": 60},
            ["traffic is 120 % in all; it has to be 0 or 100"],
            id="too-much",
        ),
        pytest.param("{blue: -1}", {}, ["traffic.blue: -1 is no percentage (0 to 100)"], id="negative"),
        pytest.param("{blue: x}", {}, ["traffic.blue: 'x' is no percentage (0 to 100)"], id="text"),
        pytest.param("{blue: }", {}, ["traffic.blue: None is no percentage (0 to 100)"], id="bare"),
        pytest.param("{blue: [1]}", {}, ["traffic.blue: [1] is no percentage (0 to 100)"], id="list"),
    ],
)
def test_traffic_is_0_or_100_in_all(text, shares, causes):
    """az refuses more than 100 before anything is sent, the service the rest (contract 1.1)."""
    check = Check(Path("endpoint.yml"))

    assert said.traffic(check, value(text)) == shares
    assert [one.cause for one in check.findings] == causes


def test_a_probe_has_azures_numbers_where_the_file_has_none():
    check, names = Check(Path("x.yml")), {"period": "periodSeconds", "failure_threshold": "failureThreshold"}
    defaults = Probe(Place(Path("x.yml")), 310.0, 10.0, 2.0, 1, 3)

    assert said.probe(check, value("{periodSeconds: '5', failureThreshold: 4}"), names, defaults) == Probe(
        Place(Path("x.yml"), 1), 310.0, 5.0, 2.0, 1, 4
    )
    assert said.probe(check, value("x"), names, defaults) is None
    assert said.probe(check, None, names, defaults) is None


@pytest.mark.parametrize(
    ("word", "plain"), [("AMLToken", "aml_token"), ("Key", "key"), ("AADToken", "aad_token"), ("TargetUtilization", "target_utilization")]
)  # fmt: skip
def test_words_are_spelled_as_yaml_spells_them(word, plain):
    assert said.plain_word(word) == plain
