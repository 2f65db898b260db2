"""`amlemu deployment`, as it is typed: steps one by one, blue/green updates, traffic, logs, the end."""

from __future__ import annotations

import json
import re
import subprocess
import threading

import pytest

from tests.local_endpoints.desk import BREAKS, GOOD, HANGS, Desk, says, until

ENDPOINT = """
    $schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json
    name: my-endpoint
    auth_mode: key
"""
DEPLOYMENT = """
    $schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
    name: {name}
    endpoint_name: my-endpoint
    model:
      path: model.txt
    code_configuration:
      code: .
      scoring_script: {script}
    environment:
      image: mcr.microsoft.com/azureml/minimal-ubuntu20.04-py38-cpu-inference:latest
    instance_type: Standard_DS3_v2
    instance_count: 1
"""
READS = """
    import os

    def init():
        global said
        with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.txt")) as file:
            said = file.read()

    def run(data):
        return said
"""
STEPS = ["SystemSetup", "ImageBuild", "UserContainerImagePull", "ModelDownload", "UserContainerStart", "Probes"]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The endpoint my-endpoint with two deployments of files of v2: blue, which has all the traffic, and green."""
    with Desk(tmp_path_factory.mktemp("both")) as desk:
        desk.save("model.txt", "m" * 1234)
        desk.save("reads.py", READS)
        desk.save("says.py", says("green"))
        desk.save("breaks.py", BREAKS)
        desk.save("request.json", "{}")
        desk.save("endpoint.yml", ENDPOINT)
        desk.save("deployment.yml", DEPLOYMENT.format(name="blue", script="reads.py"))
        desk.save("green.yml", DEPLOYMENT.format(name="green", script="says.py"))
        desk.must("endpoint", "create", "-f", "endpoint.yml")
        desk.must("deployment", "create", "-f", "deployment.yml", "--all-traffic", "--no-reload")
        desk.must("deployment", "create", "-f", "green.yml", "--no-reload")
        yield desk


@pytest.fixture
def desk(tmp_path):
    """A folder of this test's own, with an endpoint iris that has no deployment yet."""
    with Desk(tmp_path) as desk:
        desk.save("score.py", GOOD)
        desk.save("hangs.py", HANGS)
        desk.save("breaks.py", BREAKS)
        desk.save("request.json", '{"data": [1, 2]}')
        desk.must("endpoint", "create", "-n", "iris")
        yield desk


def test_deployments_are_found_by_the_names_in_their_files(both):
    """endpoint_name and name; contract 1.1: --all-traffic sends all there."""
    shown = both.read("endpoint", "show", "-n", "my-endpoint")

    assert shown["deployments"] == {"blue": "Succeeded", "green": "Succeeded"}
    assert shown["traffic"] == {"blue": 100}
    assert both.ask(shown["port"]).text == json.dumps("m" * 1234)
    assert both.ask(shown["port"], azureml_model_deployment="green").text == '"green"'


def test_show_and_list(both):
    """The only endpoint need not be named; each step has its state."""
    shown = both.read("deployment", "show", "-n", "blue")

    assert (shown["name"], shown["endpoint_name"], shown["location"]) == ("blue", "my-endpoint", "local")
    assert (shown["provisioning_state"], shown["traffic_percent"], shown["target"]) == ("Succeeded", 100, "worker")
    assert shown["steps"] == dict.fromkeys(STEPS, "Succeeded")
    assert shown["file"] == str(both.folder / "deployment.yml")
    names = both.must("deployment", "list", "-e", "my-endpoint", "--query", "[].name", "-o", "tsv").out
    assert names == "blue\ngreen\n"


def test_the_storage_initializer_says_what_was_linked_where_with_sizes(both):
    """Contract 3.1, 9."""
    said = both.must("deployment", "get-logs", "-n", "blue", "-c", "storage-initializer").out

    assert re.search(r"model \S*azureml-models\S+model\.txt -> \S+/model\.txt \(1\.2 kB\)", said)
    assert re.search(r"code \S+ -> \S+ \(\d+ files, [\d.]+ kB\)", said)
    assert re.search(r"AZUREML_MODEL_DIR=\S*azureml-models", said)


def test_several_deployments_and_no_name_is_azures_error(both):
    """Contract 5.1."""
    for words in (("show",), ("get-logs",), ("update", "-f", "nothing.py")):
        done = both.run("deployment", *words, "-e", "my-endpoint")
        assert done.code == 2, words
    said = both.run("deployment", "show").err
    assert "Multiple deployments found for local endpoint (my-endpoint), please specify deployment name." in said


@pytest.mark.parametrize("verb", ["show", "update", "delete", "get-logs"])
def test_a_deployment_that_is_not_there_is_told_in_azures_words(both, verb):
    """Contract 5.1: `Local deployment (<e> / <d>) does not exist.`"""
    done = both.run("deployment", verb, "-n", "red", "-e", "my-endpoint")

    assert (done.code, done.out) == (2, "")
    assert "Local deployment (my-endpoint / red) does not exist. There is blue, green." in done.err


def test_an_endpoint_that_is_not_there_gets_no_deployment(both):
    """Contract 5.1; nothing is made."""
    done = both.run("deployment", "create", "-n", "blue", "-e", "wine", "-f", "says.py")

    assert done.code == 2
    assert "Local endpoint (wine) does not exist." in done.err
    assert not (both.folder / ".amlemu" / "endpoints" / "wine").exists()


def test_creating_twice_is_refused_and_names_update(both):
    done = both.run("deployment", "create", "-f", "deployment.yml")

    assert (done.code, done.out) == (2, "")
    assert "the deployment blue of my-endpoint exists. amlemu deployment update -n blue -e my-endpoint" in done.err


@pytest.mark.parametrize("name", ["ab", "a_b", "a--b"])
def test_a_name_that_azure_refuses_is_refused(both, name):
    """Contract 1.5."""
    done = both.run("deployment", "create", "-n", name, "-f", "says.py")

    assert done.code == 2
    assert "Azure refuses it, too." in done.err


def test_a_failing_update_leaves_the_old_one(both):
    """Exit code 3 with the cause; the old one has answered all the time and is what show shows."""
    port = both.read("endpoint", "show", "-n", "my-endpoint")["port"]
    with Customers(both, port, azureml_model_deployment="green") as customers:
        done = both.run("deployment", "update", "-n", "green", "-f", "breaks.py")

    assert done.code == 3
    assert "green goes on as it was before" in done.err
    assert "ValueError: no model in here" in done.err
    assert set(customers.answers) == {(200, '"green"')}
    shown = both.read("deployment", "show", "-n", "green")
    assert (shown["provisioning_state"], shown["file"]) == ("Succeeded", str(both.folder / "green.yml"))
    assert set(shown["steps"].values()) == {"Succeeded"}
    assert "UserContainerStart: Succeeded\n" in both.must("deployment", "get-logs", "-n", "green").out


class Customers(threading.Thread):
    """Ask all the time; `answers` are status and text."""

    def __init__(self, desk, port, **headers):
        super().__init__()
        self._desk, self._port, self._headers = desk, port, headers
        self._enough = threading.Event()
        self.answers = []

    def run(self):
        while not self._enough.is_set():
            answer = self._desk.ask(self._port, b'{"data": [1, 2]}', **self._headers)
            self.answers.append((answer.status_code, answer.text))

    def __enter__(self):
        self.start()
        until(lambda: self.answers, "answered")
        return self

    def __exit__(self, *error):
        self._enough.set()
        self.join(20)


# one by one


def test_the_steps_are_told_one_by_one(desk):
    """Contract 6.2: the cloud's states; lines on standard error, what there is then on standard output."""
    done = desk.must("deployment", "create", "-n", "blue", "-e", "iris", "-f", "score.py")

    told = [line.split()[:2] for line in done.err.splitlines()]
    assert told[: len(STEPS)] == [[step, "Succeeded"] for step in STEPS]
    assert re.search(r"deployment blue of iris is created: http://127\.0\.0\.1:\d+/score", done.err)
    assert json.loads(done.out)["provisioning_state"] == "Succeeded"


def test_an_update_is_answered_all_the_time(desk):
    """The old one answers until the new one is healthy; then the new one alone; nobody is turned away."""
    desk.save("old.py", says("old"))
    desk.save("new.py", says("new").replace("def init(): ...", "import time\n\ndef init():\n    time.sleep(0.5)"))
    desk.must("deployment", "create", "-n", "blue", "-e", "iris", "-f", "old.py", "--no-reload")
    port = desk.read("endpoint", "show", "-n", "iris")["port"]
    with Customers(desk, port) as customers:
        desk.must("deployment", "update", "-n", "blue", "-e", "iris", "-f", "new.py")
        seen = len(customers.answers)
        until(lambda: len(customers.answers) > seen + 2, "asked after the update")

    texts = [text for _, text in customers.answers]
    assert {status for status, _ in customers.answers} == {200}, customers.answers
    assert texts == sorted(texts, reverse=True)  # first old, then new, and no way back
    assert {'"old"', '"new"'} == set(texts)
    assert len(list(desk.folder.glob(".amlemu/iris-blue-*"))) == 1


def test_a_killed_endpoint_comes_back_by_an_update_of_its_deployment(desk):
    """With what is new; the others come back, too."""
    desk.must("deployment", "create", "-n", "blue", "-e", "iris", "-f", "score.py", "--all-traffic")
    desk.save("other.py", says("other"))
    desk.must("deployment", "create", "-n", "green", "-e", "iris", "-f", "other.py")
    desk.kill("iris")
    desk.save("new.py", says("new"))

    desk.must("deployment", "update", "-n", "blue", "-e", "iris", "-f", "new.py")
    shown = desk.read("endpoint", "show", "-n", "iris")
    assert shown["deployments"] == {"blue": "Succeeded", "green": "Succeeded"}
    assert desk.ask(shown["port"]).text == '"new"'
    assert desk.ask(shown["port"], azureml_model_deployment="green").text == '"other"'


def test_a_save_is_served(desk):
    """As with `amlemu serve`."""
    desk.save("score.py", says("before"))
    desk.must("deployment", "create", "-n", "blue", "-e", "iris", "-f", "score.py", "--reload")
    port = desk.read("endpoint", "show", "-n", "iris")["port"]
    assert desk.ask(port).text == '"before"'
    desk.save("score.py", says("after"))

    until(lambda: desk.ask(port).text == '"after"', "served")


def test_a_cause_names_files_as_they_are_found_from_where_it_is_read(desk):
    """The endpoint's process is in another folder; in JSON they are whole."""
    path = desk.save("code/score.py", "def init():\n    raise ValueError('no model')\n\ndef run(data): ...\n")
    failed = desk.run("deployment", "create", "-n", "blue", "-e", "iris", "-f", "score.py", cwd=path.parent)

    assert "  cause  score.py:2" in failed.err
    assert desk.read("deployment", "show", "-e", "iris")["why"].startswith(f"{path}:2")


def test_one_of_two_that_serve_the_same_script_can_be_asked(desk):
    """By its name: script and port are those of both."""
    for name in ("blue", "green"):
        desk.must("deployment", "create", "-n", name, "-e", "iris", "-f", "score.py")
    port = desk.read("endpoint", "show", "-n", "iris")["port"]
    desk.ask(port, azureml_model_deployment="green")

    refused = desk.run("status", "score.py")
    assert (refused.code, f"--port {port} --deployment green" in refused.err) == (2, True)
    counts = [desk.read("status", "score.py", "-d", name, "--json")["requests"] for name in ("blue", "green")]
    assert counts == [0, 1]
    assert "POST /score" in desk.must("requests", "-p", str(port), "--deployment", "green").out
    assert desk.must("reload", "-p", str(port), "-d", "blue")


def test_a_deployment_that_is_deleted_is_404(desk):
    """Contract 1.2; the endpoint stays."""
    desk.must("deployment", "create", "-n", "blue", "-e", "iris", "-f", "score.py", "--all-traffic")
    port = desk.read("endpoint", "show", "-n", "iris")["port"]
    done = desk.must("deployment", "delete", "-n", "blue", "-e", "iris", "--yes")

    assert "deployment blue of iris is deleted" in done.err
    assert (desk.ask(port).status_code, desk.ask(port).text) == (404, "Specified traffic group could not be found")
    shown = desk.read("endpoint", "show", "-n", "iris")
    assert (shown["provisioning_state"], shown["deployments"], shown["traffic"]) == ("Succeeded", {}, {})
    assert not list((desk.folder / ".amlemu" / "endpoints" / "iris" / "deployments").glob("*"))


def test_a_deployment_of_a_killed_endpoint_is_deleted_too(desk):
    """Nothing is started for that."""
    desk.must("deployment", "create", "-n", "blue", "-e", "iris", "-f", "score.py", "--all-traffic")
    desk.kill("iris")

    desk.must("deployment", "delete", "-n", "blue", "-e", "iris")
    assert not desk.processes()
    assert desk.read("deployment", "list", "-e", "iris") == []


def test_a_delete_cancels_a_create_that_hangs(desk):
    """That of the deployment alone: the endpoint answers on."""
    create = desk.start("deployment", "create", "-n", "blue", "-e", "iris", "-f", "hangs.py")
    shown = lambda: desk.run("deployment", "show", "-n", "blue", "-e", "iris").out  # noqa: E731
    until(lambda: '"UserContainerStart": "InProgress"' in shown(), "hanging in init()")
    logs = desk.must("deployment", "get-logs", "-n", "blue", "-e", "iris").out
    assert "UserContainerStart: InProgress" in logs
    desk.must("deployment", "delete", "-n", "blue", "-e", "iris")

    done = desk.end(create)
    assert done.code == 1
    assert "OperationCanceled" in done.err
    assert desk.read("endpoint", "show", "-n", "iris")["deployments"] == {}


def test_what_is_begun_without_waiting_may_have_to_wait_for_its_turn(desk):
    """It has begun all the same, whatever there is to show of it so far."""
    desk.must("deployment", "create", "-n", "blue", "-e", "iris", "-f", "hangs.py", "--no-wait")
    done = desk.run("deployment", "create", "-n", "green", "-e", "iris", "-f", "hangs.py", "--no-wait")

    assert done.code == 0, done.said


def test_deleting_the_endpoint_cancels_what_waits_as_well(desk):
    """Not only what is being done: two creates that hang, one behind the other, end at once."""
    for name in ("blue", "green"):
        desk.run("deployment", "create", "-n", name, "-e", "iris", "-f", "hangs.py", "--no-wait")
    delete = desk.start("endpoint", "delete", "-n", "iris")
    try:
        delete.wait(5)
    except subprocess.TimeoutExpired:
        pytest.fail("it waits for a create that hangs")
    finally:
        delete.kill()
        desk.end(delete)


def test_what_comes_meanwhile_waits_for_its_turn(desk):
    """One thing after the other, and each says what it waits for."""
    go = desk.folder / "go"
    waits = f"""
        import os, time

        def init():
            while not os.path.exists({str(go)!r}):
                time.sleep(0.01)

        def run(data): ...
    """
    desk.save("slow.py", waits)
    desk.must("deployment", "create", "-n", "blue", "-e", "iris", "-f", "slow.py", "--no-wait")
    create = desk.start("deployment", "create", "-n", "green", "-e", "iris", "-f", "score.py")
    assert b"waiting for the create of deployment blue" in create.stderr.readline()
    go.touch()

    assert desk.end(create).code == 0
    assert desk.read("endpoint", "show", "-n", "iris")["deployments"] == {"blue": "Succeeded", "green": "Succeeded"}


def test_a_create_that_fails_leaves_the_endpoint_and_may_be_done_again(desk):
    """Exit code 3; show says why, get-logs where."""
    done = desk.run("deployment", "create", "-n", "blue", "-e", "iris", "-f", "breaks.py")

    assert done.code == 3
    assert "create of deployment blue failed at UserContainerStart" in done.err
    shown = desk.read("deployment", "show", "-n", "blue", "-e", "iris")
    assert shown["provisioning_state"] == "Failed"
    assert "no model in here" in shown["why"]
    assert "no model in here" in desk.must("deployment", "get-logs", "-n", "blue", "-e", "iris").out
    desk.save("breaks.py", GOOD)
    desk.must("deployment", "create", "-n", "blue", "-e", "iris", "-f", "breaks.py")


def test_a_failure_is_played_and_the_next_update_is_real(desk):
    """Contract 6.1, ERR_1100; --simulate is not remembered."""
    desk.must("deployment", "create", "-n", "blue", "-e", "iris", "-f", "score.py")
    done = desk.run("deployment", "update", "-n", "blue", "-e", "iris", "--simulate", "ERR_1100")
    assert done.code == 3
    assert "[OutOfQuota; ERR_1100 in 2021]" in done.err
    assert "blue goes on as it was before" in done.err

    desk.must("deployment", "update", "-n", "blue", "-e", "iris")


def test_no_such_script_is_a_usage_error_before_anything_is_begun(desk):
    for words in (("-f", "nothing.py"), ()):
        assert desk.run("deployment", "create", "-n", "blue", "-e", "iris", *words).code == 2
    assert desk.read("deployment", "list", "-e", "iris") == []


def test_a_deployment_of_another_kind_is_refused(desk):
    """One endpoint is managed or Kubernetes, not both."""
    desk.must("deployment", "create", "-n", "blue", "-e", "iris", "-f", "score.py", "--profile", "managed-2021")
    done = desk.run("deployment", "create", "-n", "green", "-e", "iris", "-f", "score.py", "--profile", "kubernetes")

    assert done.code == 2
    assert "the endpoint is a managed one, and this deployment is for kubernetes" in done.err
