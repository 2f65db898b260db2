"""A run on this machine: its files, what it logs, and the models that are registered from it."""

from __future__ import annotations

import io

import pytest
from amlemu.v1 import Experiment, Model, Run
from amlemu.v1.exceptions import UserErrorException, WebserviceException


@pytest.fixture
def best_run(desk) -> Run:
    return Experiment(desk.ws, "train").start_logging()


def test_a_model_is_registered_out_of_a_run_record(desk, best_run):
    """The first block of the pages: a file that was uploaded to the run."""
    best_run.upload_file("outputs/my_model.pkl", desk.train("trained.pkl", 1))

    model = best_run.register_model(model_name="my_best_model", model_path="outputs/my_model.pkl", tags={"a": "1"})

    assert model.path == desk.folder / ".amlemu/models/my_best_model/1/my_model.pkl"
    assert (model.run_id, model.experiment_name, model.tags) == (best_run.id, "train", {"a": "1"})
    assert [one.id for one in Model.list(desk.ws, run_id=best_run.id)] == ["my_best_model:1"]


def test_a_file_of_the_current_folder_will_do(desk, best_run):
    """Where a training script that runs here has put it."""
    desk.train("outputs/my_model.pkl", 1)

    assert best_run.register_model("m", "outputs/my_model.pkl").path.name == "my_model.pkl"
    assert best_run.register_model("outputs").path.name == "outputs"


def test_a_model_that_is_nowhere_is_refused(desk, best_run):
    best_run.upload_file("outputs/other.pkl", io.BytesIO(b"x"))

    with pytest.raises(
        WebserviceException, match=r"^Could not locate the provided model_path outputs/m\.pkl .*outputs/other\.pkl"
    ):
        best_run.register_model("m", "outputs/m.pkl")


class Scalar:
    """As numpy has them."""

    def item(self) -> float:
        return 0.25


def test_what_is_logged_is_kept(desk, best_run):
    best_run.log("accuracy", 0.5)
    best_run.log("loss", 1)
    best_run.log("loss", 2)
    best_run.log_list("list", [1, 2])
    best_run.log_row("row", x=1)
    best_run.log("mean", Scalar())
    best_run.tag("a", "1")
    found = Run.get(desk.ws, best_run.id)

    assert found.get_metrics() == {"accuracy": 0.5, "loss": [1, 2], "list": [1, 2], "row": {"x": 1}, "mean": 0.25}
    assert found.get_metrics("accuracy") == {"accuracy": 0.5}
    assert found.tags == {"a": "1"}


def test_tables_and_images_are_kept(desk, best_run):
    class Plot:
        def savefig(self, path: object) -> None:
            with open(str(path), "wb") as file:
                file.write(b"drawn")

    best_run.log_table("roc", {"fpr": [0, 1], "tpr": [0, 1]})
    best_run.log_image("curve", plot=Plot())
    best_run.log_image("loss", path=desk.write("loss.svg", "<svg/>"))

    assert best_run.get_metrics("roc") == {"roc": {"fpr": [0, 1], "tpr": [0, 1]}}
    assert best_run.get_file_names() == ["curve.png", "loss.svg"]
    assert (best_run.folder / "curve.png").read_bytes() == b"drawn"
    with pytest.raises(UserErrorException, match="a path or a plot"):
        best_run.log_image("neither")


def test_several_files_at_once(desk, best_run):
    best_run.upload_files(["outputs/a.pkl", "b.pkl"], [desk.train("a.pkl", 1), desk.train("b.pkl", 2)])

    assert best_run.get_file_names() == ["b.pkl", "outputs/a.pkl"]
    with pytest.raises(UserErrorException, match="1 names for 2 files"):
        best_run.upload_files(["a"], ["a", "b"])


def test_files_go_in_and_out(desk, best_run):
    desk.write("data/a.txt", "a")
    best_run.upload_folder("data", desk.folder / "data")
    best_run.upload_file("b.txt", io.StringIO("b"))

    best_run.download_file("data/a.txt", "got/a.txt")

    best_run.download_file("data/a.txt", "got")

    assert best_run.get_file_names() == ["b.txt", "data/a.txt"]
    assert (desk.folder / "got/a.txt").read_text() == "a"
    with pytest.raises(UserErrorException, match=r"^File with path c\.txt was not found\. .*b\.txt, data/a\.txt"):
        best_run.download_file("c.txt")


@pytest.mark.parametrize("name", ["../x", "/etc/x", "run.json"])
def test_a_file_stays_in_its_run(best_run, name):
    with pytest.raises(UserErrorException, match="is no path in a run"):
        best_run.upload_file(name, io.BytesIO(b"x"))


def test_a_run_ends_with_its_block(desk):
    experiment = Experiment(desk.ws, "train")
    with experiment.start_logging() as good:
        assert good.status == "Running"
    with pytest.raises(ValueError, match="x"), experiment.start_logging() as bad:
        raise ValueError("x")

    assert (good.get_status(), bad.get_status()) == ("Completed", "Failed")


def test_a_training_script_has_a_run(desk):
    assert Run.get_context().status == "Running"
    with pytest.raises(UserErrorException, match="there is no run nope"):
        desk.ws.get_run("nope")
