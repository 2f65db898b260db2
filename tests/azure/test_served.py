"""From what the files say to what is served: the script, and above all where AZUREML_MODEL_DIR leads."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu.azure import files, served
from amlemu.errors import UsageError
from amlemu.layout import lay_out

from .written import AKS, INFERENCE, MANAGED, changed, put, without

# what uuid5 makes of the model's path, as Azure makes an id
UNNAMED = "an id"


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for name in ("other.pkl", "models/credit/3/model.pkl"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return folder


def deployed(folder, model=None, **options):
    content = without(MANAGED, "model") if model is None else changed(MANAGED, "model", model)
    return served.to_deployment(files.describe(put(folder, "deployment.yml", content)), **options)


def of_v1(folder, more=None, **options):
    put(folder, "inferenceconfig.json", {**INFERENCE, **(more or {})})
    return served.to_deployment(files.describe(put(folder, "deploymentconfig.json", AKS)), **options)


def seen(made, folder, kind="var"):
    """Return AZUREML_MODEL_DIR, and the places of models by what of the folder stands for them."""
    base = "/var/azureml-app" if kind == "var" else "/links"
    layout = lay_out(made, kind, base)
    places = {place.inside: place.source.relative_to(folder).as_posix() for place in layout.places[1:]}
    for model in made.models:
        if len(model.name) == 36:
            places = {inside.replace(model.name, UNNAMED): source for inside, source in places.items()}
            layout_dir = (layout.model_dir or "").replace(model.name, UNNAMED)
            return layout_dir.removeprefix(base), places
    return (layout.model_dir or "").removeprefix(base), places


def refusal_of(call):
    with pytest.raises(UsageError) as caught:
        call()
    return str(caught.value)


# AZUREML_MODEL_DIR of v2 (contract 3.1), below /var/azureml-app, or below the folder of links


@pytest.mark.rows("3.1 models, cloud", "3.1 models, v2 local", "5.1 model, local")
@pytest.mark.parametrize("kind", ["var", "links"])
@pytest.mark.parametrize(
    ("model", "layout", "model_dir", "places"),
    [
        pytest.param(
            {"path": "model.pkl", "name": "credit", "version": 3}, "cloud",
            "/azureml-models/credit/3", {"azureml-models/credit/3/model.pkl": "model.pkl"}, id="file",
        ),
        pytest.param(
            {"path": "model.pkl", "name": "credit"}, "cloud",
            "/azureml-models/credit/1", {"azureml-models/credit/1/model.pkl": "model.pkl"}, id="file-without-version",
        ),
        pytest.param(
            {"path": "weights", "name": "credit", "version": "3"}, "cloud",
            "/azureml-models/credit/3", {"azureml-models/credit/3/weights": "weights"}, id="folder",
        ),
        pytest.param(
            {"path": "model.pkl"}, "cloud",
            f"/azureml-models/{UNNAMED}/1", {f"azureml-models/{UNNAMED}/1/model.pkl": "model.pkl"}, id="file-without-name",
        ),
        pytest.param(
            {"path": "./weights/"}, "cloud",
            f"/azureml-models/{UNNAMED}/1", {f"azureml-models/{UNNAMED}/1/weights": "weights"}, id="folder-without-name",
        ),
        pytest.param(
            {"path": "model.pkl", "name": "credit", "version": 3}, "local",
            "/azureml-models//credit/3", {"azureml-models/credit/3": "."}, id="local-file-and-all-beside-it",
        ),
        pytest.param(
            {"path": "weights", "name": "credit", "version": 3}, "local",
            "/azureml-models//credit/3", {"azureml-models/credit/3": "."}, id="local-folder-and-all-beside-it",
        ),
        pytest.param(
            {"path": "weights/a.bin", "name": "credit"}, "local",
            "/azureml-models//credit/None", {"azureml-models/credit/None": "weights"}, id="local-without-version",
        ),
        pytest.param(
            {"path": "model.pkl"}, "local",
            "/azureml-models/", {"azureml-models": "."}, id="local-without-name",
        ),
        pytest.param(None, "cloud", "", {}, id="none"),
        pytest.param(None, "local", "", {}, id="local-none"),
    ],
)  # fmt: skip
def test_a_model_lies_where_azure_puts_it(here, kind, model, layout, model_dir, places):
    """In the cloud alone below its name; locally with its siblings, behind two slashes (azure-ai-ml 1.35.2)."""
    made = deployed(here, model, model_layout=layout)

    assert seen(made, here, kind) == (model_dir, places)
    assert (lay_out(made, kind, "/links").model_dir is None) == (model is None)


@pytest.mark.parametrize(
    ("model", "options", "model_dir", "places"),
    [
        pytest.param(
            "azureml:credit:3", {"models": {"credit": "other.pkl"}},
            "/azureml-models/credit/3", {"azureml-models/credit/3/other.pkl": "other.pkl"}, id="name",
        ),
        pytest.param(
            "azureml:credit:3", {"models": {"credit:3": "weights"}},
            "/azureml-models/credit/3", {"azureml-models/credit/3/weights": "weights"}, id="name-and-version",
        ),
        pytest.param(
            "azureml:credit:3", {"models": {"azureml:credit:3": "weights"}},
            "/azureml-models/credit/3", {"azureml-models/credit/3/weights": "weights"}, id="as-in-the-file",
        ),
        pytest.param(
            "azureml:credit@latest", {"models": {"credit": "other.pkl"}},
            "/azureml-models/credit/1", {"azureml-models/credit/1/other.pkl": "other.pkl"}, id="latest",
        ),
        pytest.param(
            "azureml:credit:3", {"known": {"credit": "model.pkl", "credit:3": "other.pkl", "else": "weights"}},
            "/azureml-models/credit/3", {"azureml-models/credit/3/other.pkl": "other.pkl"}, id="of-the-project",
        ),
        pytest.param(
            "azureml:credit:3", {"known": {"credit:3": "model.pkl"}, "models": {"credit": "other.pkl"}},
            "/azureml-models/credit/3", {"azureml-models/credit/3/other.pkl": "other.pkl"}, id="a-flag-beats-the-project",
        ),
        pytest.param(
            "azureml://registries/azureml/models/credit/versions/3", {"models": {"credit": "other.pkl"}},
            "/azureml-models/credit/3", {"azureml-models/credit/3/other.pkl": "other.pkl"}, id="of-a-registry",
        ),
        pytest.param(
            {"path": "model.pkl", "name": "credit", "version": 3}, {"models": {"credit": "other.pkl"}},
            "/azureml-models/credit/3", {"azureml-models/credit/3/other.pkl": "other.pkl"}, id="in-place-of-a-path",
        ),
        pytest.param(
            {"path": "gone.pkl", "name": "credit", "version": 3}, {"models": {"credit": "other.pkl"}},
            "/azureml-models/credit/3", {"azureml-models/credit/3/other.pkl": "other.pkl"}, id="in-place-of-a-path-that-is-gone",
        ),
        pytest.param(
            {"path": "gone.pkl"}, {"models": {"any": "other.pkl"}},
            f"/azureml-models/{UNNAMED}/1", {f"azureml-models/{UNNAMED}/1/other.pkl": "other.pkl"}, id="of-one-without-a-name",
        ),
        pytest.param(
            {"path": "gone.pkl", "name": "credit"}, {"known": {"credit": "other.pkl"}},
            "/azureml-models/credit/1", {"azureml-models/credit/1/other.pkl": "other.pkl"}, id="of-the-project-in-place-of-a-path",
        ),
        pytest.param(
            "azureml:credit:3", {"model_dir": "weights"},
            "/azureml-models/credit/3", {"azureml-models/credit/3": "weights"}, id="model-dir",
        ),
        pytest.param(
            {"path": "gone.pkl"}, {"model_dir": "models/credit/3"},
            "/azureml-models/credit/3", {"azureml-models/credit/3": "models/credit/3"}, id="model-dir-that-says-its-name",
        ),
        pytest.param(
            None, {"model_dir": "weights"},
            "/azureml-models/weights/1", {"azureml-models/weights/1": "weights"}, id="model-dir-without-a-model",
        ),
        pytest.param(
            None, {"models": {"credit:2": "model.pkl"}},
            "/azureml-models/credit/2", {"azureml-models/credit/2/model.pkl": "model.pkl"}, id="a-model-that-no-file-names",
        ),
    ],
)  # fmt: skip
def test_a_model_can_be_put_in_place(here, model, options, model_dir, places):
    """By --model, --model-dir, or [tool.amlemu.models]."""
    if "known" in options:
        options = {**options, "known": {key: here / path for key, path in options["known"].items()}}

    assert seen(deployed(here, model, **options), here) == (model_dir, places)


def test_the_model_of_a_folder_stays_the_same(here):
    """An id is made of the path, so that a second start finds the same AZUREML_MODEL_DIR."""
    first, second = (deployed(here, {"path": "model.pkl"}).models[0].name for _ in range(2))

    assert first == second
    assert first != deployed(here, {"path": "other.pkl"}).models[0].name


# v1


@pytest.mark.rows("3.1 models, v1", "3.1 AZUREML_MODEL_DIR, v1 local")
@pytest.mark.parametrize("kind", ["var", "links"])
@pytest.mark.parametrize(
    ("models", "layout", "model_dir", "places"),
    [
        pytest.param({}, "cloud", None, {}, id="none"),
        pytest.param(
            {"credit:3": "model.pkl"}, "cloud",
            "{base}/azureml-models/credit/3", {"azureml-models/credit/3/model.pkl": "model.pkl"}, id="one",
        ),
        pytest.param(
            {"credit": "weights"}, "cloud",
            "{base}/azureml-models/credit/1", {"azureml-models/credit/1/weights": "weights"}, id="folder",
        ),
        pytest.param(
            {"credit:3": "model.pkl", "risk:1": "weights"}, "cloud",
            "{base}/azureml-models",
            {"azureml-models/credit/3/model.pkl": "model.pkl", "azureml-models/risk/1/weights": "weights"}, id="several",
        ),
        pytest.param(
            {"credit:3": "model.pkl"}, "local",
            "azureml-models/credit/3", {"azureml-models/credit/3/model.pkl": "model.pkl"}, id="local-one",
        ),
        pytest.param(
            {"credit:3": "model.pkl", "risk:1": "weights"}, "local",
            "azureml-models/",
            {"azureml-models/credit/3/model.pkl": "model.pkl", "azureml-models/risk/1/weights": "weights"}, id="local-several",
        ),
    ],
)  # fmt: skip
def test_models_of_v1_are_named_at_the_command_line(here, kind, models, layout, model_dir, places):
    """`az ml model deploy -m NAME:VERSION`; in a LocalWebservice the path is relative to the app root."""
    made = of_v1(here, models=models, model_layout=layout)
    base = "/var/azureml-app" if kind == "var" else "/links"
    found = lay_out(made, kind, base)

    assert found.model_dir == (model_dir and model_dir.format(base=base))
    assert {place.inside: place.source.relative_to(here).as_posix() for place in found.places[1:]} == places


@pytest.mark.rows("3.1 code, v2", "3.3 AML_APP_ROOT")
def test_the_script_lies_below_its_code_folder(here):
    """v2: the working folder is the script's; v1 with a source directory: the one above it."""
    content = changed(MANAGED, "code_configuration.scoring_script", "api/score.py")
    made = lay_out(served.to_deployment(files.describe(put(here, "deployment.yml", content))), "var")
    v1 = lay_out(of_v1(here, {"entryScript": "api/score.py"}), "var")
    alone = lay_out(of_v1(here, {"entryScript": "src/api/score.py", "sourceDirectory": "."}), "var")

    assert (made.app_root, made.script) == ("/var/azureml-app/src/api", "/var/azureml-app/src/api/score.py")
    assert (v1.app_root, v1.source_folder, v1.script) == (
        "/var/azureml-app", "src", "/var/azureml-app/src/api/score.py",
    )  # fmt: skip
    assert alone.script == f"/var/azureml-app/{here.name}/src/api/score.py"


@pytest.mark.rows("3.3 user variables")
def test_variables_of_the_command_line_beat_those_of_the_file(here):
    content = changed(MANAGED, "environment_variables", {"A": "1", "B": "2", "AML_APP_ROOT": "/var/azureml-app"})
    made = served.to_deployment(
        files.describe(put(here, "deployment.yml", content)),
        environment={"B": "3", "C": "4"},
        name="x-1",
        endpoint="y-1",
    )

    assert made.environment == {"A": "1", "B": "3", "C": "4", "AML_APP_ROOT": "/var/azureml-app"}
    assert (made.name, made.endpoint, made.app_root) == ("x-1", "y-1", "/var/azureml-app")


def test_workers_of_the_command_line_beat_the_files(here):
    content = changed(MANAGED, "environment_variables.WORKER_COUNT", "3")
    said = files.describe(put(here, "deployment.yml", content))

    assert (served.to_deployment(said).workers, served.to_deployment(said, workers=2).workers) == (3, 2)


# what leaves nothing to serve


@pytest.mark.parametrize(
    ("model", "line", "hint"),
    [
        ("azureml:credit:3", 3, '--model credit=PATH, or in pyproject.toml: [tool.amlemu.models] "credit:3" = "PATH"'),
        (
            "azureml:credit@latest",
            3,
            '--model credit=PATH, or in pyproject.toml: [tool.amlemu.models] "credit" = "PATH"',
        ),
        (
            {"name": "credit", "version": "7", "path": "azureml://datastores/d/paths/m"},
            6,
            '--model credit=PATH, or in pyproject.toml: [tool.amlemu.models] "credit:7" = "PATH"',
        ),
    ],
)
def test_a_registered_model_that_nobody_has_is_told(here, model, line, hint):
    """Exactly that, with both remedies."""
    told = refusal_of(lambda: deployed(here, model))
    named = model if isinstance(model, str) else model["path"]

    assert told == (
        f"deployment.yml:{line}: the model {named} is registered in a workspace, and amlemu asks none. "
        f"Say where its files are: {hint}"
    )


@pytest.mark.rows("6.1 ERR_1300", "6.1 ERR_2200", "6.2 BadArgument")
def test_all_that_is_missing_is_told_together(here):
    """With the cloud's words in the findings."""
    content = changed(changed(MANAGED, "model.path", "modle.pkl"), "code_configuration.scoring_script", "scor.py")
    said = files.describe(put(here, "deployment.yml", changed(content, "instance_count", 0)))

    assert refusal_of(lambda: served.to_deployment(said)).splitlines() == [
        "deployment.yml:4: the model modle.pkl is not there. Did you mean model.pkl?",
        "amlemu: deployment.yml:7: the scoring script scor.py is not in src. Did you mean score.py?",
    ]
    assert [(one.rule, one.cloud.today, one.cloud.in_2021) for one in said.findings] == [
        ("out-of-bounds", "BadArgument", ""),
        ("model-missing", "BadArgument", "ERR_1300"),
        ("script-missing", "ResourceNotReady", "ERR_2200"),
    ]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param(
            {"environment": {"image": "x/serving:1", "inference_config": {}}},
            "this deployment brings a server of its own, the image x/serving:1. amlemu serves scoring scripts. "
            "With that image running: amlemu serve --upstream http://HOST:PORT",
            id="custom-container",
        ),
        pytest.param(
            {"model": {"path": "weights", "type": "mlflow_model"}},
            "this deployment has no code_configuration: Azure would write the script for an MLflow or Triton model itself. "
            "Add code_configuration with a scoring script to serve it here.",
            id="mlflow",
        ),
        pytest.param({"model": {}}, "this deployment names no scoring script. Add code_configuration.", id="nothing"),
    ],
)
def test_a_deployment_without_a_script_is_told(here, content, what):
    path = put(here, "deployment.yml", {**without(MANAGED, "code_configuration"), **content})

    assert refusal_of(lambda: served.to_deployment(files.describe(path))) == f"deployment.yml: {what}"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": {"credti": "other.pkl"}}, "--model: the deployment names no model credti. It names credit."),
        ({"models": {"credit:4": "other.pkl"}}, "--model: the deployment names no model credit:4. It names credit."),
        ({"models": {"credit": "othr.pkl"}}, "credit = othr.pkl: no such file or folder. Did you mean other.pkl?"),
        ({"model_dir": "wieghts"}, "--model-dir wieghts: no such file or folder. Did you mean weights?"),
        ({"model_dir": "other.pkl"}, "--model-dir other.pkl: not a folder. Give the folder that holds it: {here}"),
    ],
)
def test_a_stand_in_that_does_not_fit_is_told(here, options, message):
    model = {"path": "model.pkl", "name": "credit", "version": 3}
    told = refusal_of(lambda: deployed(here, model, **options))

    assert told == message.format(here=here)


# where locally and in Azure differ


@pytest.mark.parametrize(
    ("model", "layout", "told"),
    [
        (
            {"path": "weights/a.bin", "name": "credit", "version": 1}, "cloud", "",
        ),
        (
            {"path": "models/credit/3/model.pkl"}, "cloud",
            "the model lies as in Azure; under az ml ... --local AZUREML_MODEL_DIR is azureml-models/ itself, for the model has no name (--model-layout local)",
        ),
        (
            {"path": "models/credit/3/model.pkl"}, "local",
            "the model lies as under az ml ... --local; in Azure AZUREML_MODEL_DIR ends in an id, for the model has no name (--model-layout cloud)",
        ),
        (
            {"path": "src/score.py", "name": "credit"}, "cloud",
            "the model lies as in Azure; under az ml ... --local api lies beside it (--model-layout local)",
        ),
    ],
)  # fmt: skip
def test_what_differs_locally_is_said(here, model, layout, told):
    assert served.model_difference(deployed(here, model, model_layout=layout)) == told


def test_what_differs_in_a_local_webservice_is_said(here):
    made = [of_v1(here, models={"credit": "model.pkl"}, model_layout=layout) for layout in ("cloud", "local")]

    assert [served.model_difference(one) for one in made] == [
        "AZUREML_MODEL_DIR begins with a slash as in Azure; in a LocalWebservice it is relative, to the app root (--model-layout local)",
        "AZUREML_MODEL_DIR is relative, to the app root as in a LocalWebservice; in Azure it begins with a slash (--model-layout cloud)",
    ]
    assert served.model_difference(of_v1(here)) == ""


def test_files_that_were_read_come_along(here):
    """They are watched, as the script is."""
    assert deployed(here, {"path": "model.pkl"}).files == (Path(here / "deployment.yml"),)
