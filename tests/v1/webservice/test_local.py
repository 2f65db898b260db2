"""LocalWebservice: deployed, asked, reloaded, updated, killed and deleted, with the SDK's words (contract 5.2)."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import urllib.request
from collections.abc import Iterator

import pytest
from amlemu.v1.environment import Environment
from amlemu.v1.exceptions import WebserviceException
from amlemu.v1.model import InferenceConfig, Model
from amlemu.v1.webservice import LocalWebservice, Webservice

from tests.free_port import free_port
from tests.v1.conftest import ECHO, SCORE, Desk, desk_in, until

SAMPLE = bytes(json.dumps({"data": [[1, 2, 3], [10, 20, 30]]}), encoding="utf8")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, LocalWebservice]]:
    """One service for many questions, that is up; each test leaves it as it was."""
    with pytest.MonkeyPatch.context() as patch:
        for desk in desk_in(tmp_path_factory.mktemp("local"), patch):
            desk.write("score.py", SCORE)
            model = Model.register(desk.ws, desk.train("my_model.pkl", 2), "my_best_model")
            service = deploy(desk, "mymodel", [model], "score.py")
            service.wait_for_deployment()
            yield desk, service


def deploy(desk: Desk, name: str, models: list[object], script: str, port: int | None = None) -> LocalWebservice:
    configuration = LocalWebservice.deploy_configuration(port=port)
    inference = InferenceConfig(entry_script=script, environment=Environment("env"))
    made = Model.deploy(desk.ws, name, models, inference, configuration)
    assert isinstance(made, LocalWebservice)
    return made


def test_a_service_comes_up_and_answers(desk, capsys):
    """`wait_for_deployment` tells where it is; `run` takes bytes and text, and returns what the script has returned."""
    desk.write("score.py", SCORE)
    model = Model.register(desk.ws, desk.train("my_model.pkl", 2), "my_best_model")
    service = deploy(desk, "mymodel", [model], "score.py")

    service.wait_for_deployment(show_output=True)
    told = capsys.readouterr().out

    assert "Checking container health...\n" in told
    assert f"Local webservice is running at http://localhost:{service.port}\n" in told
    assert "UserContainerStart     Succeeded" in told
    assert service.run(input_data=SAMPLE) == [12, 120]
    assert service.run(SAMPLE.decode()) == [12, 120]
    assert service.state == "running"
    assert service.error is None


def test_the_remark_about_the_environment_is_made_once(shared, capsys):
    _, service = shared
    found = LocalWebservice(service.workspace, "mymodel")

    found.wait_for_deployment(True)
    first = capsys.readouterr().out
    found.wait_for_deployment(True)

    assert "amlemu: no container runs; the script runs with " in first
    assert "no container runs" not in capsys.readouterr().out


def test_addresses_are_those_of_the_sdk(shared):
    _, service = shared
    port = service.port

    assert service.scoring_uri == f"http://localhost:{port}/score"
    assert service.swagger_uri == f"http://localhost:{port}/swagger.json"
    with urllib.request.urlopen(service.swagger_uri) as answer:
        assert json.load(answer)["info"]["title"]


def test_the_model_lies_where_the_sdk_puts_it(shared):
    """AZUREML_MODEL_DIR of a LocalWebservice is relative (contract 3.1), and get_model_path finds the model by its name."""
    _, service = shared

    assert "AZUREML_MODEL_DIR azureml-models/my_best_model/1" in service.get_logs()
    assert len(service.get_logs(num_lines=2).splitlines()) == 2


def test_an_answer_that_is_no_200_is_an_error_with_its_body(shared):
    _, service = shared

    with pytest.raises(WebserviceException, match=r"^Error: Scoring was unsuccessful\.\n") as caught:
        service.run("{}")

    assert "500" in caught.value.message
    assert "An unexpected error occurred in scoring script." in caught.value.message
    assert caught.value.status_code == 500


def test_a_dictionary_is_no_input(shared):
    _, service = shared

    with pytest.raises(WebserviceException, match=r"json.dumps"):
        service.run({"data": [[1]]})


def test_keys_and_tokens_there_are_none(shared):
    _, service = shared

    with pytest.raises(NotImplementedError, match=r"^Local web services do not support auth keys\.$"):
        service.get_keys()
    with pytest.raises(NotImplementedError, match=r"^Local web services do not support auth keys\.$"):
        service.regen_key("Primary")
    with pytest.raises(NotImplementedError, match=r"^Local web services do not support Token Authentication\.$"):
        service.get_token()


def test_reload_serves_the_script_as_it_lies_there_now(shared):
    desk, service = shared
    path = desk.folder / "score.py"
    before = path.read_text()
    path.write_text(before.replace("sum(row)", "1000 + sum(row)"))
    try:
        service.reload()

        assert service.run(SAMPLE) == [1012, 1120]
    finally:
        path.write_text(before)
        service.reload()


def test_a_save_changes_nothing_before_reload(desk, monkeypatch):
    """The SDK's service has a copy of the script; `amlemu serve` follows saves, and so do endpoints."""
    monkeypatch.delenv("CI")
    script = desk.write("score.py", ECHO)
    service = deploy(desk, "svc", [], "score.py")
    service.wait_for_deployment()

    script.write_text(ECHO.replace("json.loads(data)", "'again'"))

    assert service.run("1") == 1
    service.reload()
    assert service.run("1") == "again"


def test_a_reload_that_fails_is_a_service_that_has_failed(desk, capsys):
    """Nothing answers 200 then: the state, `error` and `wait_for_deployment` say so, until a reload that does not fail."""
    script = desk.write("score.py", ECHO)
    service = deploy(desk, "svc", [], "score.py")
    service.wait_for_deployment()
    script.write_text(ECHO.replace("pass", "raise ValueError('no weights')"))

    with pytest.raises(WebserviceException, match=r"^Error: Container has crashed. Did your init method fail?"):
        service.reload()

    assert service.state == "failed"
    assert "init() raised ValueError: no weights" in service.error["message"]
    with pytest.raises(WebserviceException, match=r"^Cannot call run\(\) when service is failed\."):
        service.run("1")
    with pytest.raises(WebserviceException, match="no weights"):
        service.wait_for_deployment()
    service.update(inference_config=InferenceConfig("score.py"))
    with pytest.raises(WebserviceException, match="no weights") as caught:
        service.wait_for_deployment()
    assert "goes on as it was" not in caught.value.message
    assert service.state == "failed"

    script.write_text(ECHO.replace("json.loads(data)", "'mended'"))
    service.reload()
    assert (service.state, service.error, service.run("1")) == ("running", None, "mended")


def test_update_takes_its_arguments_in_the_order_of_the_pages(desk):
    """`service.update([different_model], inference_config, deployment_config)`: requests are answered all the time."""
    desk.write("score.py", SCORE)
    model = Model.register(desk.ws, desk.train("my_model.pkl", 2), "my_best_model")
    service = deploy(desk, "mymodel", [model], "score.py")
    service.wait_for_deployment()
    different_model = Model.register(desk.ws, desk.train("my_model.pkl", 3), "my_best_model")
    inference_config = InferenceConfig("score.py", environment=Environment("env"))
    deployment_config = LocalWebservice.deploy_configuration(port=service.port)
    answers, over = [], threading.Event()

    def ask() -> None:
        while not over.is_set():
            answers.append(service.run(SAMPLE)[0])

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        service.update([different_model], inference_config, deployment_config)
        service.wait_for_deployment()
    finally:
        over.set()
        asking.join()

    assert service.run(SAMPLE) == [18, 180]
    assert set(answers) <= {12, 18}


def test_a_failing_update_leaves_the_one_before(shared, capsys):
    desk, service = shared
    before = service.run(SAMPLE)
    desk.write("later.py", "def init():\n    raise ValueError('no weights')\n\n\ndef run(data):\n    return data\n")

    service.update(inference_config=InferenceConfig("later.py"))
    with pytest.raises(
        WebserviceException, match=r"^Error: Container has crashed. Did your init method fail?"
    ) as caught:
        service.wait_for_deployment()

    assert "later.py:2: init() raised ValueError: no weights" in caught.value.message
    assert "The one before goes on as it was." in caught.value.message
    assert "Container Logs:\n" in capsys.readouterr().out
    assert service.run(SAMPLE) == before
    assert service.state == "running"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"image_config": object()}, "ContainerImageConfig", id="image"),
        pytest.param({"deployment_config": object()}, "LocalWebserviceDeploymentConfiguration", id="deployment"),
        pytest.param({"inference_config": object()}, "InferenceConfig", id="inference"),
    ],
)
def test_update_takes_nothing_else(shared, given, words):
    _, service = shared

    with pytest.raises(WebserviceException, match=f"must be of type {words} in order to update a local service"):
        service.update(**given)


def test_a_port_of_another_service_is_refused_and_nothing_changes(shared):
    desk, service = shared
    desk.write("echo_.py", ECHO)
    taken = "^Docker container start has failed, the port you are attempting to use is already in use:\n"

    with pytest.raises(WebserviceException, match=taken) as caught:
        deploy(desk, "other", [], "echo_.py", port=service.port)

    assert "it belongs to the service mymodel" in caught.value.message
    assert list(desk.ws.webservices) == ["mymodel"]
    assert service.state == "running"


def test_a_port_of_another_program_is_refused(desk):
    desk.write("echo_.py", ECHO)
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(WebserviceException, match="already in use") as caught,
    ):
        deploy(desk, "svc", [], "echo_.py", port=other.getsockname()[1])

    assert "taken by pid" in caught.value.message


def test_serialize_has_the_names_of_the_sdk(shared):
    _, service = shared
    said = service.serialize()

    assert said["computeType"] == "Local"
    assert (said["name"], said["state"], said["port"]) == ("mymodel", "running", service.port)
    assert json.dumps(said)


def test_one_that_fails_is_mended_by_reload(desk, capsys):
    """`Cannot call run() when service is failed.`; after the script is mended reload() starts it."""
    script = desk.write(
        "score.py",
        "def init():\n    print('last words')\n    raise ValueError('no weights')\n\n\ndef run(data):\n    return data\n",
    )
    service = deploy(desk, "svc", [], "score.py")

    with pytest.raises(WebserviceException, match=r"^Error: Container has crashed. Did your init method fail?"):
        service.wait_for_deployment()
    assert "last words" in capsys.readouterr().out
    assert service.state == "failed"
    with pytest.raises(WebserviceException, match=r"^Cannot call run\(\) when service is failed\.") as caught:
        service.run("{}")
    assert "init() raised ValueError: no weights" in caught.value.message

    script.write_text(ECHO)
    service.reload()

    assert service.run('{"a": 1}') == {"a": 1}


def test_one_whose_process_was_killed_says_so_and_comes_back(desk):
    desk.write("echo_.py", ECHO)
    service = deploy(desk, "svc", [], "echo_.py")
    service.wait_for_deployment()
    pid = json.loads((desk.folder / ".amlemu/endpoints/svc/control.json").read_text())["pid"]

    os.kill(pid, signal.SIGKILL)

    until(lambda: service.state == "failed")
    with pytest.raises(WebserviceException, match=r"Cannot call run\(\) when service is failed\. its process is gone"):
        service.run("{}")
    service.reload()
    assert service.run('{"a": 1}') == {"a": 1}


def test_run_waits_for_one_that_is_being_deployed_and_a_second_deploy_takes_its_place(desk):
    """A local service of the same name is replaced, as its container is; one at another port moves there."""
    desk.write("echo_.py", ECHO)
    desk.write("shout.py", ECHO.replace("json.loads(data)", "'again'"))
    deploy(desk, "svc", [], "echo_.py")
    port = free_port()

    service = deploy(desk, "svc", [], "shout.py", port=port)

    assert service.run("{}") == "again"
    assert service.port == port
    assert list(desk.ws.webservices) == ["svc"]


def test_one_that_is_deleted_is_gone(desk):
    desk.write("echo_.py", ECHO)
    service = deploy(desk, "svc", [], "echo_.py")

    service.delete()

    assert service.state == "deleted"
    assert service.port is None
    with pytest.raises(WebserviceException, match=r"^Cannot call get_logs\(\) when service is deleted\."):
        service.get_logs()
    with pytest.raises(WebserviceException, match=r"^WebserviceNotFound: No local container with name svc"):
        LocalWebservice(desk.ws, "svc")
    with pytest.raises(
        WebserviceException, match=r"^WebserviceNotFound: Webservice with name svc not found in provided workspace"
    ):
        Webservice(desk.ws, "svc")
    assert not (desk.folder / ".amlemu/v1/services/svc").exists()
    assert LocalWebservice(desk.ws, "svc", must_exist=False).state == "unknown"


def test_a_model_that_is_not_registered_is_version_0(desk):
    """A path is taken as it lies there, under its own name (azureml-core 1.61, local.py _identify_models)."""
    desk.train("my_model.pkl", 1)
    desk.write(
        "score.py",
        "import os\n\n\ndef init():\n    pass\n\n\ndef run(data):\n    return os.environ['AZUREML_MODEL_DIR']\n",
    )
    service = deploy(desk, "svc", ["my_model.pkl"], "score.py")

    assert service.run("{}") == "azureml-models/my_model.pkl/0"
    assert Model.list(desk.ws) == []
