"""The image of a deployment: which it begins with, when the reference image takes its place, what it is called."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import docker.errors
import pytest
from amlemu import deployment
from amlemu.azure.description import EnvironmentSaid
from amlemu.errors import UsageError
from amlemu.finding import Place
from amlemu_harness import images
from amlemu_harness.bases import choose
from amlemu_harness.engine import Engine
from amlemu_harness.images import Wishes
from amlemu_harness.progress import Lines
from amlemu_harness.troubles import NoSuchImage, RegistryUnreachable

UNREACHABLE = 'Get "https://mcr.microsoft.com/v2/": dial tcp: lookup mcr.microsoft.com on 10.0.0.1:53: no such host'
BASE = "amlemu/reference-base:bookworm"
MICROSOFTS = "mcr.microsoft.com/azureml/minimal-py311-inference:latest"


class Store:
    """An engine with some images, whose registry says one thing."""

    def __init__(self, *names: str, registry: str = UNREACHABLE, user: str = "") -> None:
        self.names, self.registry, self.user = set(names), registry, user
        self.built: dict[str, object] = {}

    def get(self, name: str) -> SimpleNamespace:
        if name not in self.names:
            raise docker.errors.ImageNotFound("404", explanation=f"No such image: {name}")
        return SimpleNamespace(id="sha256:0", attrs={"Config": {"User": self.user}})

    def list(self, name: str) -> list[str]:
        return [one for one in self.names if one == name]

    def pull(self, repository: str, tag: str, **_: object) -> list[dict[str, str]]:
        if self.registry:
            raise docker.errors.APIError("500", explanation=self.registry)
        self.names.add(f"{repository}:{tag}")
        return [{"status": "Downloading"}]

    def build(self, **words: object):
        self.built = words
        yield {"aux": {"ID": "sha256:1"}}


def engine(store: Store, architecture: str = "amd64") -> Engine:
    return Engine(SimpleNamespace(images=store, api=store), "unix://x", "28", architecture)


@pytest.fixture
def script(tmp_path: Path, monkeypatch) -> Path:
    for name in (
        "PIP_CERT",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_FILE",
        "CURL_CA_BUNDLE",
        "AWS_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
    ):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "credit"
    folder.mkdir()
    (folder / "score.py").write_text("def init(): pass\ndef run(d): return d\n")
    return folder / "score.py"


def make(store: Store, script: Path, wishes: Wishes = Wishes(), **more: object):  # noqa: B008  # a value
    lines: list[str] = []
    served = deployment.from_script(script)
    made = images.make(engine(store, **more), served, None, None, wishes, progress=Lines(lines.append))  # type: ignore[arg-type]
    return made, lines


def test_it_is_called_as_the_azure_cli_calls_it(script):
    """Contract 5.1: image `<endpoint>:<deployment>`."""
    made, _ = make(Store("mcr.microsoft.com/azureml/minimal-py312-inference:latest"), script)

    assert (made.name, made.is_reference) == ("credit:blue", False)


@pytest.mark.parametrize(("built", "is_reused"), [("sha256:0", True), ("sha256:1", False)])
def test_one_that_comes_out_as_it_was_is_reused(script, monkeypatch, built, is_reused):
    """The documentation of 2021-05-13: an existing image that matches the environment is used."""
    store = Store("mcr.microsoft.com/azureml/minimal-py312-inference:latest", "credit:blue")
    monkeypatch.setattr(store, "build", lambda **_: (line for line in [{"aux": {"ID": built}}]))

    assert make(store, script)[0].is_reused is is_reused


def test_the_reference_image_takes_azures_place_where_its_registry_is_out_of_reach(script):
    """And both are named."""
    store = Store(BASE)
    made, lines = make(store, script)

    assert made.is_reference
    assert store.built["labels"]["dev.amlemu.reference"] == "true"  # type: ignore[index]
    assert lines[-1] == (
        "building credit:blue on the reference image (Debian, Python 3.11, azureml-inference-server-http==1.5.1) in place of"
        " mcr.microsoft.com/azureml/minimal-py312-inference:latest: the registry cannot be reached from here"
    )


def test_an_image_that_is_there_is_taken_without_asking_its_registry(script):
    made, lines = make(Store("a:1"), script, Wishes(base_image="a:1"))

    assert (made.base, lines) == ("a:1", ["building credit:blue on a:1 (--base-image)"])


def test_pull_looks_for_a_newer_one_and_takes_the_old_one_where_there_is_no_way(script):
    _, lines = make(Store(MICROSOFTS), script, Wishes(base_image=MICROSOFTS, pulls=True))

    assert f"the registry cannot be reached from here; {MICROSOFTS} is as it was pulled before" in lines


def test_nothing_takes_the_place_of_somebody_elses_image(script):
    """Nobody here knows what is in it."""
    with pytest.raises(
        RegistryUnreachable, match=r"x\.azurecr\.io/mine:1: the registry cannot be reached.*--reference"
    ):
        make(Store(BASE), script, Wishes(base_image="x.azurecr.io/mine:1"))


def test_an_image_that_no_registry_has_is_an_error_and_no_reason_for_another(script):
    with pytest.raises(NoSuchImage, match="there is no such image"):
        make(Store(BASE, registry="manifest unknown"), script)


def test_another_processor_is_told(script):
    """users.md C3 23: there is no arm64 image of Azure's."""
    made, lines = make(Store(MICROSOFTS), script, Wishes(base_image=MICROSOFTS), architecture="arm64")

    assert made.platform == "linux/amd64"
    assert "Azure's images are made for linux/amd64, this engine is arm64: it emulates, slowly" in lines


def test_a_custom_container_needs_no_other_image():
    said = EnvironmentSaid(Place(Path("d.yml"), 1), image="x:1", is_custom=True)

    with pytest.raises(UsageError, match="brings a server of its own, the image x:1"):
        images.chosen(None, said, Wishes())


def test_a_folder_without_wheels_is_refused(script, tmp_path):
    with pytest.raises(UsageError, match=r"--wheels .*: this is no folder of wheels"):
        make(Store("a:1"), script, Wishes(base_image="a:1", wheels=tmp_path))


def test_proxies_are_given_to_the_build_and_a_local_one_is_warned_of(script, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    store = Store("a:1")
    _, lines = make(store, script, Wishes(base_image="a:1", build_args={"A": "b"}))

    assert store.built["buildargs"] == {
        "HTTPS_PROXY": "http://127.0.0.1:3128",
        "https_proxy": "http://127.0.0.1:3128",
        "A": "b",
    } | {
        name: value
        for name, value in store.built["buildargs"].items()
        if name.lower() in ("http_proxy", "no_proxy", "all_proxy")  # type: ignore[attr-defined]
    }
    assert "HTTPS_PROXY is on this machine, where a build does not see it: --network host" in lines


def test_the_bases_own_user_is_kept(script):
    """Of a Dockerfile what it says last; of an image what it declares."""
    assert images._user(engine(Store("a:1", user="dockeruser")), choose(None, None, image="a:1")) == "dockeruser"
    assert images._user(engine(Store()), choose(None, None, base_dockerfile="FROM a:1\nUSER me\n")) == "me"
    assert images._user(engine(Store("a:1", user="you")), choose(None, None, base_dockerfile="FROM a:1\n")) == "you"
