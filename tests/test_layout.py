"""Where the parts of a deployment lie for the script: values from values, nothing is made."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu.deployment import Deployment, from_script
from amlemu.errors import UsageError
from amlemu.layout import Layout, Place, lay_out
from amlemu.models import Model

HERE = Path("/home/me/proj")
FILE = Model("m", "3", Path("/data/model.pkl"))
FOLDER = Model("m", "3", Path("/data/weights"))
WHOLE = Model("m", "3", Path("/data/m/3"), is_whole=True)
OTHER = Model("n", "1", Path("/data/other.bin"))


def deployed(*models: Model, script: str = "score.py", code: Path = HERE, app_root: str | None = None) -> Deployment:
    return Deployment(code / script, Path("/env/bin/python"), code, app_root, models)


def places_of(layout: Layout) -> dict[str, str]:
    return {place.inside: str(place.source) for place in layout.places}


def refusal_of(*words: object, **options: str) -> str:
    with pytest.raises(UsageError) as caught:
        lay_out(*words, **options)  # type: ignore[arg-type]
    return str(caught.value)


# places (contract 3.1)


@pytest.mark.parametrize(
    ("models", "places", "model_dir"),
    [
        pytest.param((), {}, None, id="no-model"),
        pytest.param(
            (FILE,),
            {"azureml-models/m/3/model.pkl": "/data/model.pkl"},
            "/var/azureml-app/azureml-models/m/3",
            id="file",
        ),
        pytest.param(
            (FOLDER,),
            {"azureml-models/m/3/weights": "/data/weights"},  # a folder keeps its own name
            "/var/azureml-app/azureml-models/m/3",
            id="folder",
        ),
        pytest.param(
            (WHOLE,),
            {"azureml-models/m/3": "/data/m/3"},
            "/var/azureml-app/azureml-models/m/3",
            id="the-version-itself",
        ),
        pytest.param(
            (FILE, OTHER),
            {"azureml-models/m/3/model.pkl": "/data/model.pkl", "azureml-models/n/1/other.bin": "/data/other.bin"},
            "/var/azureml-app/azureml-models",
            id="several",
        ),
    ],
)
def test_code_and_models_have_the_clouds_places(models, places, model_dir):
    """With several models AZUREML_MODEL_DIR is the folder above them all, as in v1."""
    layout = lay_out(deployed(*models), "var")

    assert places_of(layout) == {"proj": "/home/me/proj", **places}
    assert layout.model_dir == model_dir
    assert layout.models_folder == (model_dir and "/var/azureml-app/azureml-models")
    assert (layout.base, layout.app_root, layout.script) == (
        "/var/azureml-app",
        "/var/azureml-app/proj",
        "/var/azureml-app/proj/score.py",
    )


@pytest.mark.parametrize(
    ("typed", "places", "model_dir"),
    [
        pytest.param("models/credit/7", {"azureml-models/credit/7": "models/credit/7"}, "credit/7", id="NAME/VERSION"),
        pytest.param("outputs", {"azureml-models/outputs/1": "outputs"}, "outputs/1", id="any-folder"),
        pytest.param(
            "azureml-models",
            {"azureml-models/a/1": "azureml-models/a/1", "azureml-models/b/2": "azureml-models/b/2"},
            "",
            id="azureml-models",
        ),
        pytest.param(
            "azureml-models/b/2", {"azureml-models/b/2": "azureml-models/b/2"}, "b/2", id="azureml-models/NAME/VERSION"
        ),
    ],
)
def test_a_model_folder_gets_its_place_by_how_it_is_spelled(tmp_path, typed, places, model_dir):
    """--model-dir from the word to the tree."""
    for folder in ("models/credit/7", "outputs", "azureml-models/a/1", "azureml-models/b/2", "src"):
        (tmp_path / folder).mkdir(parents=True)
    script = tmp_path / "src" / "score.py"
    script.write_text("", encoding="utf-8")

    layout = lay_out(from_script(script, model_dir=tmp_path / typed), "var")

    expected = {inside: str(tmp_path / source) for inside, source in places.items()}
    assert places_of(layout) == {"src": str(tmp_path / "src"), **expected}
    assert layout.model_dir == f"/var/azureml-app/azureml-models/{model_dir}".rstrip("/")


def test_a_code_folder_above_the_script_lies_there_as_a_whole():
    """The app root is the script's own folder in it, as `az ml ... --local` sets AML_APP_ROOT (contract 3.3)."""
    layout = lay_out(deployed(script="src/api/score.py"), "var")

    assert places_of(layout) == {"proj": "/home/me/proj"}
    assert (layout.app_root, layout.script) == (
        "/var/azureml-app/proj/src/api",
        "/var/azureml-app/proj/src/api/score.py",
    )


def test_links_stand_for_the_same_places_and_the_script_stays():
    """Through a link `__file__` would be the real path anyway."""
    layout = lay_out(deployed(FILE), "links", "/links", "only root may mount")

    assert places_of(layout) == {"proj": "/home/me/proj", "azureml-models/m/3/model.pkl": "/data/model.pkl"}
    assert (layout.base, layout.app_root, layout.script) == ("/links", "/home/me/proj", "/home/me/proj/score.py")
    assert (layout.model_dir, layout.models_folder) == ("/links/azureml-models/m/3", "/links/azureml-models")
    assert layout.why == "only root may mount"


def test_without_a_tree_everything_is_where_it_is():
    """AZUREML_MODEL_DIR is the folder that holds the model, as `az ml ... --local` mounts it."""
    assert lay_out(deployed(), "none") == Layout("none", str(HERE), str(HERE), f"{HERE}/score.py")
    assert [lay_out(deployed(model), "none").model_dir for model in (FILE, FOLDER, WHOLE)] == [
        "/data",
        "/data",
        "/data/m/3",
    ]
    assert lay_out(deployed(FILE), "none").models_folder is None


def test_several_models_need_a_tree():
    """No folder of the host holds them both."""
    told = refusal_of(deployed(FILE, OTHER), "none")

    assert told == "--layout none: several models need a tree. Use --layout links."


@pytest.mark.parametrize("kind", ["var", "links"])
def test_a_code_folder_cannot_have_the_models_name(kind):
    told = refusal_of(deployed(code=Path("/home/me/azureml-models")), kind)

    assert told == (
        "/home/me/azureml-models: a code folder cannot have this name. "
        "Azure keeps the models in a folder of that name beside it; rename the code's folder."
    )


# the app root that the user names


@pytest.mark.parametrize("kind", ["var", "links"])
@pytest.mark.parametrize(
    ("choice", "below"),
    [
        pytest.param("/var/azureml-app", "", id="base"),
        pytest.param("/var/azureml-app/", "", id="base-with-slash"),
        pytest.param("/var/azureml-app/proj", "/proj", id="code"),
        pytest.param("/var/azureml-app//proj/lib/", "/proj/lib", id="folder-of-the-code"),
        pytest.param("/var/azureml-app/azureml-models/m", "/azureml-models/m", id="folder-of-the-models"),
        pytest.param("/var/azureml-app/proj/../proj", "/proj", id="dots"),
    ],
)
def test_the_app_root_may_be_any_folder_of_the_tree(tmp_path, kind, choice, below):
    """`--env AML_APP_ROOT=/var/azureml-app` is the layout of a v1 web service."""
    (tmp_path / "proj" / "lib").mkdir(parents=True)
    base = "/var/azureml-app" if kind == "var" else "/links"

    layout = lay_out(deployed(FILE, code=tmp_path / "proj", app_root=choice), kind, base)

    assert layout.app_root == base + below


@pytest.mark.parametrize(
    "choice",
    [
        pytest.param("/var/azureml-app/src", id="another-name"),
        pytest.param("/var/azureml-app/pro", id="half-a-name"),
        pytest.param("/var/azureml-app/proj/nope", id="no-folder-of-the-code"),
        pytest.param("/var/azureml-app/proj/score.py", id="a-file"),
        pytest.param("/var/azureml-app/azureml-models/m/3/model.pkl", id="a-model-file"),
    ],
)
def test_an_app_root_that_the_tree_will_not_have_is_refused(tmp_path, choice):
    """With what there will be."""
    (tmp_path / "proj").mkdir()
    (tmp_path / "proj" / "score.py").write_text("", encoding="utf-8")
    (tmp_path / "model.pkl").write_text("", encoding="utf-8")
    model = Model("m", "3", tmp_path / "model.pkl")

    told = refusal_of(deployed(model, code=tmp_path / "proj", app_root=choice), "var")

    assert told == (
        f"AML_APP_ROOT={choice}: no such folder. "
        "There will be /var/azureml-app/proj, /var/azureml-app/azureml-models/m/3/model.pkl."
    )


@pytest.mark.parametrize("kind", ["var", "links", "none"])
def test_the_app_root_may_be_a_folder_of_the_host(tmp_path, monkeypatch, kind):
    """What it means does not depend on where the script is started, so it becomes absolute."""
    (tmp_path / "root").mkdir()
    monkeypatch.chdir(tmp_path)

    assert lay_out(deployed(app_root="root"), kind).app_root == str(tmp_path / "root")
    assert refusal_of(deployed(app_root="nope"), kind) == "AML_APP_ROOT=nope: no such folder"


# back to the host


@pytest.mark.parametrize(
    ("seen", "on_host"),
    [
        ("/var/azureml-app/proj/score.py", "/home/me/proj/score.py"),
        ("/var/azureml-app/proj", "/home/me/proj"),
        ("/var/azureml-app/project/score.py", "/var/azureml-app/project/score.py"),
        ("/var/azureml-app/azureml-models/m/3/model.pkl", "/data/model.pkl"),
        ("/var/azureml-app/azureml-models/n/1/a b/c", "/data/n/a b/c"),
        ("/var/azureml-app/azureml-models", "/var/azureml-app/azureml-models"),  # nothing of the host stands for it
        ("/usr/lib/python3/os.py", "/usr/lib/python3/os.py"),
        ("score.py", "score.py"),
    ],
)
def test_a_path_of_the_script_has_a_name_on_the_host(seen, on_host):
    """So that an editor finds the file of a traceback."""
    layout = lay_out(deployed(FILE, Model("n", "1", Path("/data/n"), is_whole=True)), "var")

    assert layout.to_host(seen) == on_host


def test_a_path_through_a_link_has_a_name_on_the_host():
    layout = lay_out(deployed(FILE), "links", "/links")

    assert layout.to_host("/links/azureml-models/m/3/model.pkl") == "/data/model.pkl"
    assert layout.places[0] == Place("proj", HERE)


def cached(folder):
    """Lay out a download as caches do: a snapshot of links into blobs."""
    snapshot = folder / "hub" / "snapshots" / "rev"
    (folder / "hub" / "blobs").mkdir(parents=True)
    (snapshot / "sub").mkdir(parents=True)
    for name in ("model.bin", "sub/own.bin"):
        (folder / "hub" / "blobs" / name.replace("/", "-")).write_text(name)
    (snapshot / "model.bin").symlink_to("../../blobs/model.bin")
    (snapshot / "sub" / "own.bin").symlink_to("../../../blobs/sub-own.bin")
    (snapshot / "gone.bin").symlink_to("../../blobs/gone.bin")
    (snapshot / "round").symlink_to(".")
    return snapshot


def test_links_that_lead_out_of_a_model_are_followed_where_they_would_lead_nowhere(tmp_path):
    """As Azure does when it takes a model in; a mount for each file, a link that leads nowhere is left out."""
    snapshot = cached(tmp_path)
    code = tmp_path / "code"
    code.mkdir()
    (code / "score.py").write_text("")

    made = lay_out(Deployment(code / "score.py", Path("/p"), code, models=(Model("m", "1", snapshot, True),)), "var")

    assert {place.inside for place in made.places[1:]} == {
        "azureml-models/m/1/model.bin",
        "azureml-models/m/1/sub/own.bin",
        "azureml-models/m/1/round",
    }
    assert made.model_dir == "/var/azureml-app/azureml-models/m/1"


def test_links_within_a_model_stay_what_they_are(tmp_path):
    """Also one that leads round in a circle; such a folder is mounted as a whole."""
    model = tmp_path / "model"
    model.mkdir()
    (model / "a.bin").write_text("")
    (model / "b.bin").symlink_to("a.bin")
    (model / "round").symlink_to(".")
    deployment = Deployment(tmp_path / "score.py", Path("/p"), tmp_path, models=(Model("m", "1", model, True),))

    assert [place.source for place in lay_out(deployment, "var").places] == [tmp_path, model]


def test_a_model_is_called_as_it_was_typed(tmp_path, monkeypatch):
    """A link has the name that the script knows, what it leads to may be called anything."""
    snapshot = cached(tmp_path)
    (tmp_path / "current").symlink_to(snapshot)
    (tmp_path / "score.py").write_text("")
    monkeypatch.chdir(tmp_path)
    places = {}
    for words in ({"model_dir": "current"}, {"models": {"m:1": "current/model.bin"}}):
        made = lay_out(from_script("score.py", **words), "links", "/links")
        places.update({place.inside: place.source for place in made.places[1:]})

    assert places == {
        "azureml-models/current/1": tmp_path / "current",
        "azureml-models/m/1/model.bin": tmp_path / "current" / "model.bin",
    }


# where models lie locally, and web services of v1 (contract 3.1)


def local(*models, is_v1=False, script="score.py", app_root=None):
    code, found = HERE, deployed(*models, script=script, app_root=app_root)
    return Deployment(
        found.script,
        found.python,
        code,
        app_root,
        found.models,
        has_local_models=not is_v1 or bool(models),
        is_v1=is_v1,
    )


@pytest.mark.parametrize(
    ("models", "places", "model_dir"),
    [
        pytest.param(
            (Model("m", "3", Path("/data/model.pkl"), local_folder="m/3"),),
            {"azureml-models/m/3": "/data"},
            "{base}/azureml-models//m/3",
            id="named",
        ),
        pytest.param(
            (Model("m", "1", Path("/data/model.pkl"), local_folder="m/None"),),
            {"azureml-models/m/None": "/data"},
            "{base}/azureml-models//m/None",
            id="no-version",
        ),
        pytest.param(
            (Model("an-id", "1", Path("/data/model.pkl"), local_folder=""),),
            {"azureml-models": "/data"},
            "{base}/azureml-models/",
            id="no-name",
        ),
        pytest.param(
            (FILE,),
            {"azureml-models/m/3/model.pkl": "/data/model.pkl"},
            "{base}/azureml-models//m/3",
            id="of-the-command-line",
        ),
        pytest.param(
            (WHOLE,), {"azureml-models/m/3": "/data/m/3"}, "{base}/azureml-models//m/3", id="the-version-itself"
        ),
        pytest.param((), {}, None, id="no-model"),
    ],
)
@pytest.mark.parametrize("kind", ["var", "links"])
def test_locally_a_model_lies_with_all_that_is_beside_it(kind, models, places, model_dir):
    """As azure-ai-ml mounts it, with a slash too many; without a name the slash is at the end."""
    base = "/var/azureml-app" if kind == "var" else "/links"
    layout = lay_out(local(*models), kind, base)

    assert places_of(layout) == {"proj": "/home/me/proj", **places}
    assert layout.model_dir == (model_dir and model_dir.format(base=base))


@pytest.mark.parametrize(
    ("models", "model_dir"),
    [
        pytest.param((FILE,), "azureml-models/m/3", id="one"),
        pytest.param((FILE, OTHER), "azureml-models/", id="several"),
        pytest.param((), None, id="none"),
    ],
)
def test_in_a_local_webservice_the_path_is_relative(models, model_dir):
    """It resolves because the app root is the working folder."""
    layout = lay_out(local(*models, is_v1=True), "var")

    assert layout.model_dir == model_dir
    assert layout.app_root == "/var/azureml-app"


def test_a_web_service_of_v1_has_its_source_directory_below_the_app_root():
    """Which is an import root, too; v2 has the script's own folder instead."""
    v1 = lay_out(local(is_v1=True, script="api/score.py"), "links", "/links")
    v2 = lay_out(deployed(script="api/score.py"), "links", "/links")

    assert (v1.app_root, v1.source_folder) == ("/links", "proj")
    assert (v2.app_root, v2.source_folder) == ("/home/me/proj/api", "")


def test_the_users_own_app_root_beats_that_of_v1(tmp_path):
    (tmp_path / "proj").mkdir()
    made = Deployment(
        tmp_path / "proj" / "score.py", Path("/p"), tmp_path / "proj", "/var/azureml-app/proj", is_v1=True
    )

    assert lay_out(made, "var").app_root == "/var/azureml-app/proj"


def test_without_a_tree_nothing_is_different():
    """--layout none: the folder that holds the model, locally and in Azure."""
    assert [lay_out(one, "none").model_dir for one in (local(FILE), deployed(FILE), local(FILE, is_v1=True))] == [
        "/data", "/data", "/data",
    ]  # fmt: skip
