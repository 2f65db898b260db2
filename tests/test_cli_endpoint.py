"""`amlemu endpoint`, as it is typed: what is printed, what lives on, with which code each command ends."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from amlemu import cli_endpoint
from amlemu.local_endpoints import verbs, views
from click.testing import CliRunner

from tests.free_port import free_port
from tests.local_endpoints.desk import BREAKS, GOOD, HANGS, Desk, says, until

REQUEST = '{"data": [1, 2]}'
ECHOES = """
    from azureml.contrib.services.aml_request import rawhttp
    from azureml.contrib.services.aml_response import AMLResponse

    calls = 0

    def init(): ...

    @rawhttp
    def run(request):
        global calls
        calls += 1
        if request.headers.get("Content-Type") == "application/x-count":
            return AMLResponse(str(calls), 200)
        if request.get_data() == b"fail":
            return AMLResponse("failed here", 500)
        return AMLResponse(f"{len(request.get_data())} bytes of {request.headers.get('Content-Type')}", 200)
"""


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """An endpoint called iris that adds numbers, and one called echo that says what came; both live through this file."""
    with Desk(tmp_path_factory.mktemp("named")) as desk:
        desk.save("score.py", GOOD)
        desk.save("echo/echo.py", ECHOES)
        desk.save("request.json", REQUEST)
        desk.must("endpoint", "create", "-n", "iris", "-f", "score.py", "--no-reload")
        desk.must("endpoint", "create", "-n", "echo", "-f", "echo/echo.py", "--profile", "managed-2021", "--no-reload")
        yield desk


@pytest.fixture
def desk(tmp_path):
    """A folder of this test's own."""
    with Desk(tmp_path) as desk:
        yield desk


# show and list


def test_an_endpoint_outlives_its_command(named):
    """Contract 5.1: the words of az."""
    shown = named.read("endpoint", "show", "-n", "iris")

    assert (shown["name"], shown["location"], shown["provisioning_state"]) == ("iris", "local", "Succeeded")
    assert (shown["kind"], shown["traffic"], shown["deployments"]) == ("managed", {"blue": 100}, {"blue": "Succeeded"})
    assert shown["scoring_uri"] == f"http://127.0.0.1:{shown['port']}/score"


def test_all_are_listed(named):
    listed = named.read("endpoint", "list")

    assert [one["name"] for one in listed] == ["echo", "iris"]
    assert listed[0]["port"] != listed[1]["port"]


def test_every_format(named):
    """As `az -o` has them; `none` prints nothing."""
    show = ("endpoint", "show", "-n", "iris", "-o")
    port = named.read(*show, "json")["port"]

    head, line, row = named.must(*show, "table").out.splitlines()
    assert head.split()[:3] == ["Name", "Location", "Kind"]
    assert set(line) == {"-", " "}
    assert row.split()[:4] == ["iris", "local", "managed", "Succeeded"]
    assert yaml.safe_load(named.must(*show, "yaml").out)["port"] == port
    assert named.must(*show, "tsv", "--query", "[name, port]").out == f"iris\n{port}\n"
    assert named.must(*show, "none").out == ""
    assert named.must(*show, "json", "--query", "traffic").out == '{\n  "blue": 100\n}\n'


def test_a_broken_query_is_a_usage_error(named):
    done = named.run("endpoint", "show", "-n", "iris", "--query", "[[")

    assert (done.code, done.out) == (2, "")
    assert "--query [[: no JMESPath expression" in done.err


def test_the_words_that_az_wants_are_taken(named):
    """Contract 9: `--resource-group` and `--workspace-name` are given on every call; accept and ignore."""
    ignored = ("--local", "-g", "group", "-w", "workspace", "--subscription", "s")

    assert named.must("endpoint", "show", "-n", "iris", *ignored, "--debug", "--verbose").out
    assert named.must("endpoint", "list", *ignored).out
    assert named.must("endpoint", "invoke", "-n", "iris", "-r", "request.json", *ignored).out == '{"sum": 3}'
    assert named.must("endpoint", "get-logs", "-n", "iris", *ignored).out
    assert named.must("endpoint", "update", "-n", "iris", "-o", "none", *ignored).out == ""


def test_a_variable_of_serve_stops_no_other_command(named):
    """AMLEMU_DEBUG is a port there; who has it in the shell can still look."""
    assert named.run("endpoint", "list", env={"AMLEMU_DEBUG": "5678"}).code == 0


def test_it_is_found_from_below_the_project(named):
    """The nearest folder upwards that has endpoints."""
    below = named.folder / "src" / "deep"
    (below / ".amlemu" / "5001").mkdir(parents=True)

    assert json.loads(named.must("endpoint", "show", "-n", "iris", cwd=below).out)["name"] == "iris"


def test_a_reader_that_goes_away_stops_nobody(named):
    """`amlemu endpoint get-logs -n iris | head -1`."""
    read, write = os.pipe()
    os.close(read)
    process = named.start("endpoint", "get-logs", "-n", "iris", stdout=write)
    os.close(write)

    said = process.communicate(timeout=20)[1]
    assert b"Traceback" not in said
    assert b"Broken pipe" not in said


# invoke


def test_invoke_prints_the_body_alone(named):
    """As it came, without a newline of ours; a program reads it."""
    done = named.must("endpoint", "invoke", "-n", "iris", "-r", "request.json")

    assert (done.out, done.err) == ('{"sum": 3}', "")
    assert named.must("endpoint", "invoke", "-n", "iris", "-d", "blue", "-r", "request.json").out == '{"sum": 3}'


@pytest.mark.parametrize(
    ("name", "body", "words", "said"),
    [
        pytest.param("a.png", bytes(range(256)), (), "256 bytes of image/png", id="binary"),
        pytest.param("a.json", b"", (), "0 bytes of application/json", id="empty"),
        pytest.param("a.bin", b"\r\n\x00", ("--content-type", "a/b"), "3 bytes of a/b", id="a-type-of-its-own"),
        pytest.param("with blanks.csv", b"1,2\n", (), "4 bytes of text/csv", id="blanks"),
        pytest.param("large.json", b"1" * 1_000_000, (), "1000000 bytes of application/json", id="large"),
    ],
)
def test_invoke_posts_any_file_as_it_is(named, name, body, words, said):
    (named.folder / name).write_bytes(body)

    assert named.must("endpoint", "invoke", "-n", "echo", "-r", name, *words).out == said


def test_invoke_reads_standard_input(named):
    process = named.start("endpoint", "invoke", "-n", "iris", "-r", "-", stdin=subprocess.PIPE)

    assert process.communicate(REQUEST.encode(), timeout=20)[0] == b'{"sum": 3}'


def test_what_is_too_large_is_413(named):
    """Contract 1.2, 1.5: above 1.5 MB, in 2021."""
    (named.folder / "2mb.bin").write_bytes(b"x" * 2_000_000)
    done = named.run("endpoint", "invoke", "-n", "echo", "-r", "2mb.bin")

    assert done.code == 1
    assert "the endpoint answered 413" in done.err


def test_a_failure_is_told_by_the_exit_code_and_asked_for_once(named):
    """Contract 5.1: az tries a 500 four times in all, silently; here it is one request, and the script has counted it."""
    count = ("endpoint", "invoke", "-n", "echo", "--content-type", "application/x-count", "-r", "fail.txt")
    named.save("fail.txt", "fail")
    before = int(named.must(*count).out)
    done = named.run("endpoint", "invoke", "-n", "echo", "-r", "fail.txt")

    assert (done.code, done.out) == (1, "failed here")
    assert "the endpoint answered 424" in done.err
    assert int(named.must(*count).out) == before + 2


def test_a_model_error_names_the_models_status(named):
    """Contract 1.2: ms-azureml-model-error-statuscode; what to look up stands beside it."""
    named.save("nothing.json", "{}")
    done = named.run("endpoint", "invoke", "-n", "iris", "-r", "nothing.json")

    assert done.code == 1
    assert "the endpoint answered 424 Failed Dependency, model 500; amlemu explain 424/500" in done.err


def test_a_deployment_that_is_not_there_is_not_asked(named):
    """Contract 5.1."""
    done = named.run("endpoint", "invoke", "-n", "iris", "-d", "green", "-r", "request.json")

    assert (done.code, done.out) == (2, "")
    assert "Local deployment (iris / green) does not exist. There is blue." in done.err


@pytest.mark.parametrize("words", [(), ("-r", "no-such.json")], ids=["none", "missing"])
def test_invoke_without_a_request_is_a_usage_error(named, words):
    done = named.run("endpoint", "invoke", "-n", "iris", *words)

    assert (done.code, done.out) == (2, "")


# logs


def test_logs_begin_with_the_status_and_hold_what_the_script_says(named):
    """Contract 6.2; -l, --lines and --tail say how many lines (contract 9)."""
    lines = named.must("endpoint", "get-logs", "-n", "iris", "-d", "blue").out.splitlines()

    assert lines[:6] == [
        "Instance status:",
        "SystemSetup: Succeeded",
        "UserContainerImagePull: Succeeded",
        "ModelDownload: Succeeded",
        "UserContainerStart: Succeeded",
        "",
    ]
    assert any("hello from init" in line for line in lines)
    for flag in ("-l", "--lines", "--tail"):
        assert len(named.must("endpoint", "get-logs", "-n", "iris", flag, "2").out.splitlines()) == 6 + 2


def test_the_storage_initializer_says_what_was_linked_where(named):
    """Contract 3.1, 9: --container storage-initializer."""
    said = named.must("endpoint", "get-logs", "-n", "echo", "--container", "storage-initializer").out

    assert re.search(r"code \S+/echo -> \S+/echo \(1 file, \d+ bytes\)|code \S+/echo, as it lies", said)
    assert "no model, so no AZUREML_MODEL_DIR" in said


def test_a_container_that_there_is_not_is_a_usage_error(named):
    assert named.run("endpoint", "get-logs", "-n", "iris", "--container", "nginx").code == 2


# what is not there, and what is there already


@pytest.mark.parametrize(
    "words", [("show",), ("update",), ("delete", "-y"), ("get-logs",), ("get-credentials",), ("invoke", "-r", "request.json")],
    ids=lambda words: words[0],
)  # fmt: skip
def test_an_endpoint_that_is_not_there_is_told_in_azures_words(named, words):
    """Contract 5.1: `Local endpoint (<e>) does not exist.`; nothing is made by asking."""
    done = named.run("endpoint", *words, "-n", "wine")

    assert (done.code, done.out) == (2, "")
    assert "Local endpoint (wine) does not exist. There is echo, iris." in done.err
    assert not (named.folder / ".amlemu" / "endpoints" / "wine").exists()


def test_creating_twice_is_refused_and_names_update(named):
    """What is there goes on."""
    pid = named.keeper("iris")
    done = named.run("endpoint", "create", "-n", "iris", "-f", "score.py")

    assert (done.code, done.out) == (2, "")
    assert "the endpoint iris exists. amlemu endpoint update -n iris changes it" in done.err
    assert named.keeper("iris") == pid


@pytest.mark.parametrize("name", ["ab", "1abc", "a--b", "abc-", "a_b", "a" * 33, "../abc"])
def test_a_name_that_azure_refuses_is_refused(named, name):
    """Contract 1.5."""
    done = named.run("endpoint", "create", "-n", name)

    assert done.code == 2
    assert "Azure refuses it, too." in done.err


def test_a_port_belongs_to_one_endpoint(named):
    """Also while that one's process is gone; and nothing of the second is left."""
    port = str(named.read("endpoint", "show", "-n", "iris")["port"])
    done = named.run("endpoint", "create", "-n", "wine", "--port", port)

    assert done.code == 2
    assert f"port {port}: it belongs to the endpoint iris" in done.err
    assert named.run("endpoint", "show", "-n", "wine").code == 2


def test_a_port_that_somebody_else_has_is_refused(named):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = named.run("endpoint", "create", "-n", "wine", "--port", str(port))

    assert done.code == 2
    assert f"port {port}: taken by pid {os.getpid()}" in done.err
    assert not (named.folder / ".amlemu" / "endpoints" / "wine").exists()


# beside the other commands


def test_the_commands_of_serve_find_its_deployments(named):
    """`amlemu status`, `logs`, `requests`, `reload`, beside the script."""
    beside = named.folder / "echo"
    named.must("endpoint", "invoke", "-n", "echo", "-r", "request.json")

    assert "echo.py" in named.must("status", cwd=beside).out
    assert "POST /score" in named.must("requests", cwd=beside).out
    assert "Loaded logging config" in named.must("logs", cwd=beside).out
    assert named.run("reload", cwd=beside).code == 0


# one by one


def test_a_broken_query_makes_nothing(desk):
    """It is refused before anything is begun, not after everything is done."""
    done = desk.run("endpoint", "create", "-n", "iris", "--query", "[[")

    assert done.code == 2
    assert desk.read("endpoint", "list") == []


def test_delete_removes_all_of_it(desk):
    """The process, the port, the folder; the name is free again."""
    desk.save("score.py", GOOD)
    desk.must("endpoint", "create", "-n", "iris", "-f", "score.py")
    done = desk.must("endpoint", "delete", "-n", "iris", "--yes")

    assert "endpoint iris is deleted" in done.err
    until(lambda: not desk.processes(), "gone")
    assert not (desk.folder / ".amlemu" / "endpoints" / "iris").exists()
    assert list((desk.folder / ".amlemu").glob("iris*")) == []


def test_a_killed_endpoint_is_failed_and_update_heals_it(desk):
    """After a restart of the machine: show says so, invoke says why, and the port stays the same."""
    desk.save("my score.py", GOOD)
    desk.save("request.json", REQUEST)
    port = str(free_port())
    desk.must("endpoint", "create", "-n", "iris", "-f", "my score.py", "--port", port)
    desk.kill("iris")

    shown = desk.read("endpoint", "show", "-n", "iris")
    assert (shown["provisioning_state"], shown["deployments"]) == ("Failed", {"blue": "Failed"})
    assert "its process is gone" in shown["why"]
    done = desk.run("endpoint", "invoke", "-n", "iris", "-r", "request.json")
    assert (done.code, done.out) == (1, "")
    assert "its process is gone; amlemu endpoint update -n iris starts it again" in done.err
    assert "hello from init" in desk.must("endpoint", "get-logs", "-n", "iris").out

    desk.must("endpoint", "update", "-n", "iris")
    shown = desk.read("endpoint", "show", "-n", "iris")
    assert (shown["provisioning_state"], shown["deployments"], shown["port"]) == (
        "Succeeded", {"blue": "Succeeded"}, int(port),
    )  # fmt: skip
    assert desk.must("endpoint", "invoke", "-n", "iris", "-r", "request.json").out == '{"sum": 3}'


def test_create_does_not_take_the_place_of_one_that_was_killed_while_it_was_updated(desk):
    """Its deployments are somebody's; update brings them back."""
    desk.save("score.py", GOOD)
    desk.must("endpoint", "create", "-n", "iris", "-f", "score.py")
    desk.kill("iris")
    path = desk.folder / ".amlemu" / "endpoints" / "iris" / "record.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**record, "state": "Updating"}), encoding="utf-8")

    done = desk.run("endpoint", "create", "-n", "iris")
    assert done.code == 2
    assert list(desk.read("endpoint", "show", "-n", "iris")["deployments"]) == ["blue"]


def test_a_script_that_does_not_start_is_told_with_its_step_cause_and_both_codes(desk):
    """Exit code 3; contract 6.1, 6.4: init() raises is ResourceNotReady, ERR_2200 in 2021."""
    desk.save("score.py", BREAKS)
    done = desk.run("endpoint", "create", "-n", "iris", "-f", "score.py")

    assert (done.code, done.out) == (3, "")
    assert re.search(r"^UserContainerStart +Failed", done.err, re.MULTILINE)
    assert "create of the endpoint failed at UserContainerStart  [ResourceNotReady" in done.err
    assert "ERR_2200 in 2021]" in done.err
    assert "ValueError: no model in here" in done.err
    until(lambda: not desk.processes(), "gone")
    shown = desk.read("endpoint", "show", "-n", "iris")
    assert shown["provisioning_state"] == "Failed"
    assert "no model in here" in shown["why"]
    desk.save("request.json", REQUEST)
    asked = desk.run("endpoint", "invoke", "-n", "iris", "-r", "request.json")
    assert "nothing answers: it is Failed (" in asked.err
    assert "no model in here); amlemu endpoint update -n iris tries again" in asked.err


def test_an_endpoint_that_never_came_up_is_created_again(desk):
    """When the script is mended, with the same command."""
    desk.save("score.py", BREAKS)
    assert desk.run("endpoint", "create", "-n", "iris", "-f", "score.py").code == 3
    desk.save("score.py", GOOD)

    desk.must("endpoint", "create", "-n", "iris", "-f", "score.py")
    assert desk.ask(desk.read("endpoint", "show", "-n", "iris")["port"], REQUEST.encode()).text == '{"sum": 3}'


def test_update_does_not_call_a_success_what_never_came_up(desk):
    """An endpoint whose only deployment has failed is none that serves."""
    desk.save("score.py", BREAKS)
    assert desk.run("endpoint", "create", "-n", "iris", "-f", "score.py").code == 3

    done = desk.run("endpoint", "update", "-n", "iris")
    assert (done.code, desk.read("endpoint", "show", "-n", "iris")["provisioning_state"]) != (0, "Succeeded"), done.said


def test_a_delete_cancels_a_create_that_hangs(desk):
    """`while True` in init(): nobody waits for the probes."""
    desk.save("score.py", HANGS)
    create = desk.start("endpoint", "create", "-n", "iris", "-f", "score.py")
    until(
        lambda: '"UserContainerStart": "InProgress"' in desk.run("deployment", "list", "-e", "iris").out,
        "hanging in init()",
    )
    desk.must("endpoint", "delete", "-n", "iris")

    done = desk.end(create)
    assert done.code == 1
    assert "OperationCanceled" in done.err
    until(lambda: not desk.processes(), "gone")
    assert not (desk.folder / ".amlemu" / "endpoints" / "iris").exists()


def test_ctrl_c_leaves_a_create_to_itself(desk):
    """The command goes, the endpoint's process goes on; show says how it is, and delete ends it."""
    desk.save("score.py", HANGS)
    create = desk.start("endpoint", "create", "-n", "iris", "-f", "score.py", start_new_session=True)
    until(lambda: "Creating" in desk.run("deployment", "list", "-e", "iris").out, "begun")
    create.send_signal(signal.SIGINT)

    done = desk.end(create)
    # A shell calls both of them 130; Python ends by the signal where it has met it in an exec() of a text, as dataclasses make them.
    assert done.code in (130, -signal.SIGINT)
    assert "it goes on without us; show says how it is, and delete ends it" in done.err
    assert desk.read("endpoint", "show", "-n", "iris")["provisioning_state"] == "Creating"
    desk.must("endpoint", "delete", "-n", "iris")


def test_two_creates_at_once_make_one_endpoint(desk):
    """Both are told how it went; one process keeps it."""
    desk.save("score.py", GOOD)
    with ThreadPoolExecutor(2) as both:
        done = list(both.map(lambda _: desk.run("endpoint", "create", "-n", "iris", "-f", "score.py"), range(2)))

    codes = sorted(one.code for one in done)
    assert codes in ([0, 0], [0, 2]), [one.said for one in done]
    assert desk.read("endpoint", "show", "-n", "iris")["deployments"] == {"blue": "Succeeded"}
    assert len(list(desk.folder.glob(".amlemu/iris-blue-*"))) == 1


def test_two_endpoints_created_at_once_have_ports_of_their_own(desk):
    with ThreadPoolExecutor(2) as both:
        done = list(both.map(lambda name: desk.run("endpoint", "create", "-n", name), ["iris", "wine"]))

    assert [one.code for one in done] == [0, 0], [one.said for one in done]
    assert len({one["port"] for one in desk.read("endpoint", "list")}) == 2


def test_who_has_no_key_does_not_come_in(desk):
    """Contract 1.4: Bearer; 1.2: 401 comes before all else. invoke has the key."""
    desk.save("score.py", GOOD)
    desk.save("request.json", REQUEST)
    desk.must("endpoint", "create", "-n", "iris", "--auth-mode", "key")
    port = desk.read("endpoint", "show", "-n", "iris")["port"]
    assert desk.ask(port).status_code == 401  # an endpoint without deployments tells that to nobody
    desk.must("deployment", "create", "-n", "blue", "-e", "iris", "-f", "score.py")

    keys = desk.read("endpoint", "get-credentials", "-n", "iris")
    for key in (keys["primaryKey"], keys["secondaryKey"]):
        assert desk.ask(port, REQUEST.encode(), Authorization=f"Bearer {key}").text == '{"sum": 3}'
    assert desk.ask(port, REQUEST.encode()).status_code == 401
    assert desk.ask(port, REQUEST.encode(), Authorization="Bearer nonsense").status_code == 401
    assert desk.must("endpoint", "invoke", "-n", "iris", "-r", "request.json").out == '{"sum": 3}'
    assert keys["primaryKey"] not in (desk.folder / ".amlemu/endpoints/iris/record.json").read_text(encoding="utf-8")


OF_2021 = """
    $schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json
    name: my-endpoint
    type: online
    auth_mode: key
    traffic: {blue: 0, green: 100}
    deployments:
      - name: blue
        code_configuration: {code: {local_path: ./blue}, scoring_script: score.py}
        instance_type: Standard_F2s_v2
        scale_settings: {scale_type: manual, instance_count: 1}
      - name: green
        code_configuration: {code: {local_path: ./green}, scoring_script: score.py}
        instance_type: Standard_F2s_v2
        scale_settings: {scale_type: manual, instance_count: 1}
"""


def test_one_file_of_2021_is_an_endpoint_with_its_deployments(desk):
    """Contract 9: `az ml endpoint create -n NAME -f spec.yaml --local`; 1.1: the header beats the weights; 1.2: 404."""
    for name in ("blue", "green"):
        desk.save(f"{name}/score.py", says(name))
    desk.save("endpoint.yml", OF_2021)
    desk.save("request.json", REQUEST)
    done = desk.must("endpoint", "create", "--local", "-n", "iris", "-f", "endpoint.yml", "-g", "g", "-w", "w")

    shown = json.loads(done.out)
    assert (shown["name"], shown["traffic"]) == ("iris", {"blue": 0, "green": 100})
    assert shown["deployments"] == {"blue": "Succeeded", "green": "Succeeded"}
    port = shown["port"]
    assert {desk.ask(port).text for _ in range(10)} == {'"green"'}
    assert desk.ask(port, azureml_model_deployment="blue").text == '"blue"'
    assert desk.must("endpoint", "invoke", "-n", "iris", "-d", "blue", "-r", "request.json").out == '"blue"'
    assert desk.run("endpoint", "get-logs", "-n", "iris").code == 2  # which one?

    desk.must("endpoint", "update", "-n", "iris", "--traffic", "blue=50 green=50")
    assert {desk.ask(port).text for _ in range(40)} == {'"blue"', '"green"'}
    desk.must("endpoint", "update", "-n", "iris", "--traffic", "blue=0,green=0")
    answer = desk.ask(port)
    assert (answer.status_code, answer.text) == (404, "Specified traffic group could not be found")
    for illegal in ("blue=60 green=50", "blue=100 red=0", "blue", "blue=x"):
        assert desk.run("endpoint", "update", "-n", "iris", "--traffic", illegal).code == 2, illegal
    assert desk.read("endpoint", "show", "-n", "iris")["traffic"] == {"blue": 0, "green": 0}


def test_an_endpoint_is_changed_by_its_file(desk):
    """What is new in it is made, what was there is made anew, and has its traffic when all are healthy."""
    for name in ("blue", "green", "red"):
        desk.save(f"{name}/score.py", says(name))
    first, _, second = OF_2021.partition("      - name: green")
    desk.save("endpoint.yml", first.replace("{blue: 0, green: 100}", "{blue: 100}"))
    desk.must("endpoint", "create", "-n", "iris", "-f", "endpoint.yml", "--no-reload")
    desk.save("blue/score.py", says("blue of today"))
    desk.save("endpoint.yml", f"{first}      - name: green{second}")
    shown = json.loads(desk.must("endpoint", "update", "-n", "iris", "-f", "endpoint.yml").out)

    assert (shown["traffic"], shown["deployments"]) == (
        {"blue": 0, "green": 100},
        {"blue": "Succeeded", "green": "Succeeded"},
    )
    assert desk.ask(shown["port"]).text == '"green"'
    assert desk.ask(shown["port"], azureml_model_deployment="blue").text == '"blue of today"'

    desk.save("green/score.py", BREAKS)
    desk.save("endpoint.yml", f"{first}      - name: green{second}".replace("0, green: 100", "100, green: 0"))
    done = desk.run("endpoint", "update", "-n", "iris", "-f", "endpoint.yml")
    assert done.code == 3
    assert desk.ask(shown["port"]).text == '"green"'

    desk.save("v2.yml", "name: iris\ntraffic: {blue: 100}\n")
    desk.must("endpoint", "update", "-f", "v2.yml")
    assert desk.ask(shown["port"]).text == '"blue of today"'
    refused = desk.run("endpoint", "update", "-n", "iris", "-f", "red/score.py")
    assert (refused.code, refused.err) == (
        2,
        "amlemu: --file red/score.py: it says how a deployment is made. amlemu deployment update -f red/score.py takes it.\n",
    )


@pytest.mark.parametrize(
    "text", ['{"version": 0}', '{"version": 99}', "{", ""], ids=["older", "newer", "half", "empty"]
)
def test_a_state_that_cannot_be_read_is_told_and_can_be_deleted(desk, text):
    """The others go on, and the name is free afterwards."""
    folder = desk.folder / ".amlemu" / "endpoints" / "old"
    folder.mkdir(parents=True)
    (folder / "record.json").write_text(text, encoding="utf-8")

    done = desk.run("endpoint", "show", "-n", "old")
    assert done.code == 2
    assert str(folder / "record.json") in done.err
    assert desk.read("endpoint", "list")[0]["provisioning_state"] == "Failed"
    assert desk.run("endpoint", "create", "-n", "old").code == 2
    desk.must("endpoint", "delete", "-n", "old")
    assert not folder.exists()


@pytest.mark.parametrize(("code", "step"), [("ERR_1300", "ModelDownload"), ("OutOfQuota", "SystemSetup")])
def test_a_failure_is_played_at_its_step(desk, code, step):
    """Contract 6.1; exit code 3, as if it had happened."""
    desk.save("score.py", GOOD)
    done = desk.run("endpoint", "create", "-n", "iris", "-f", "score.py", "--simulate", code)

    assert done.code == 3
    assert f"failed at {step}  [" in done.err
    assert "(simulated)" in done.err
    assert re.search(rf"^{step} +Failed", done.err, re.MULTILINE)


def test_an_unknown_failure_is_refused(desk):
    desk.save("score.py", GOOD)
    done = desk.run("endpoint", "create", "-n", "iris", "-f", "score.py", "--simulate", "ERR_9")

    assert done.code == 2
    assert "'ERR_9' is no failure of a deployment that can be played" in done.err


def test_a_create_without_waiting_can_be_asked_for_once_more(desk):
    """Who comes later hears how it goes from the beginning."""
    desk.save("score.py", GOOD)
    desk.save("slow.py", GOOD.replace("print(", "__import__('time').sleep(1) or print("))
    desk.must("endpoint", "create", "-n", "iris")
    begun = desk.must("deployment", "create", "-n", "blue", "-e", "iris", "-f", "slow.py", "--no-wait")
    assert "has begun, and goes on without us" in begun.err

    done = desk.must("deployment", "create", "-n", "blue", "-e", "iris", "-f", "slow.py")
    assert "UserContainerStart     Succeeded" in done.err


def test_in_a_terminal_a_bar_shows_how_far_it_is(desk):
    """And goes away; a file gets lines alone."""
    desk.save("score.py", GOOD)
    ours, theirs = pty.openpty()
    process = desk.start("endpoint", "create", "-n", "iris", "-f", "score.py", stderr=theirs, env={"TERM": "xterm"})
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:
        pass  # the other end is closed
    os.close(ours)
    desk.end(process)

    text = shown.decode()
    assert "[##########----------] 4/6 ModelDownload" in text or "[##########----------] 4/6" in text
    assert text.rstrip().splitlines()[-1].endswith("/score")
    assert "[#" not in text.rstrip().splitlines()[-1].rpartition("\x1b[K")[2]
    lines = desk.run("endpoint", "create", "-n", "wine", "-f", "score.py").err
    assert "[#" not in lines
    assert "\x1b" not in lines


@pytest.mark.parametrize(
    ("words", "called"),
    [(["invoke", "-r", "-"], "invoke"), (["get-logs"], "log")],
    ids=["invoke", "get-logs"],
)
@pytest.mark.parametrize("flag", ["-d", "--deployment", "--deployment-name"])
def test_a_deployment_is_named_in_azs_words_of_all_years(monkeypatch, words, called, flag):
    """`-d` and `--deployment` of 2021, `--deployment-name` of today (contract 5.1)."""
    asked = []
    monkeypatch.setattr(views, called, lambda endpoint, deployment, *_: asked.append(deployment) or 1 / 0)
    CliRunner().invoke(cli_endpoint.endpoint, [*words, "-n", "iris", flag, "green"], input="{}")

    assert asked == ["green"]


def test_no_lines_are_no_lines():
    assert (cli_endpoint.count_of(0, None), cli_endpoint.count_of(None, 0)) == (0, 0)
    assert cli_endpoint.count_of(None, None) == 5000


def test_an_update_need_not_be_waited_for(monkeypatch):
    seen = []
    monkeypatch.setattr(verbs, "update_endpoint", lambda *_, waits: seen.append(waits) or 1 / 0)
    for flags in ([], ["--no-wait"]):
        CliRunner().invoke(cli_endpoint.endpoint, ["update", "-n", "iris", *flags])

    assert seen == [True, False]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("invoke", "-n", "iris", "-r", "score.py", "--content-type", "ünï"), "--content-type: 'ünï' is no media type"),
        (("get-logs", "-n", "iris", "-l", "-5"), "--lines: -5 is no number of lines. Expected 0 or more."),
        (("update", "-n", "iris", "--traffic", "blue"), "--traffic: 'blue' is no share"),
    ],
)
def test_what_cannot_be_meant_is_refused(named, words, told):
    done = named.run("endpoint", *words)

    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_more_lines_than_there_can_be_are_all(named):
    assert named.must("endpoint", "get-logs", "-n", "iris", "-l", "99999999999999999999").out


def test_a_closed_standard_input_is_no_request(named):
    """As under a supervisor; Python has no sys.stdin then."""
    words = f"exec '{sys.executable}' -m amlemu endpoint invoke -n iris -r - <&-"
    done = subprocess.run(words, shell=True, cwd=named.folder, capture_output=True, text=True, check=False, timeout=20)

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "standard input: it is closed" in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux's")
def test_a_full_disk_under_what_is_printed_is_told(named):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = named.run("endpoint", "show", "-n", "iris", stdout=full)

    assert (done.code, done.err) == (1, "amlemu: what there is to say cannot be written: No space left on device\n")


def test_words_of_az_without_effect_are_taken(desk):
    """As Microsoft's own scripts have them."""
    desk.save("score.py", GOOD)
    desk.save("request.json", REQUEST)
    desk.must("endpoint", "create", "-n", "iris", "-f", "score.py")
    ignored = ("--only-show-errors", "-o", "jsonc")
    update = desk.must("endpoint", "update", "-n", "iris", "--mirror-traffic", "blue=10", *ignored)
    assert "nothing is mirrored here" in update.err
    assert desk.must("endpoint", "invoke", "-n", "iris", "-r", "request.json", "-o", "json").out == '{"sum": 3}'
    words = ("--skip-script-validation", "--package-model", "--set", "instance_count=2", "tags.a=b")
    refused = desk.run("deployment", "update", "-n", "blue", "-e", "iris", *words)
    assert (refused.code, "--set tags.a=b: tags.a is a field of the deployment's file" in refused.err) == (2, True)
    desk.must("deployment", "update", "-n", "blue", "-e", "iris", *words[:-1], "limits.request_timeout_ms=9000")
    shown = desk.read("deployment", "show", "-n", "blue", "-e", "iris")
    assert shown["options"]["set"] == ["limits.instance_count=2", "limits.request_timeout_ms=9000"]
    desk.must("endpoint", "update", "-n", "iris", "--traffic", "blue:0")  # of 2021
    assert desk.read("endpoint", "show", "-n", "iris")["traffic"] == {"blue": 0}
    desk.must("deployment", "delete", "-n", "blue", "-e", "iris", "--yes", "--no-wait", "-o", "none")
    desk.must("endpoint", "delete", "-n", "iris", "--yes", "--no-wait")


def test_why_nobody_answers_is_told(desk):
    """The cloud says 404, and no more."""
    desk.save("score.py", GOOD)
    desk.save("request.json", REQUEST)
    desk.must("endpoint", "create", "-n", "iris", "-f", "score.py")
    desk.must("endpoint", "update", "-n", "iris", "--traffic", "blue=0")
    done = desk.run("endpoint", "invoke", "-n", "iris", "-r", "request.json")
    assert done.code == 1
    assert "no deployment has traffic: amlemu endpoint update -n iris --traffic blue=100" in done.err

    desk.save("breaks.py", BREAKS)
    desk.run("deployment", "create", "-n", "green", "-e", "iris", "-f", "breaks.py")
    done = desk.run("endpoint", "invoke", "-n", "iris", "-d", "green", "-r", "request.json")
    assert done.code == 1
    assert "deployment green is Failed: breaks.py:2" in done.err
    log = desk.must("deployment", "get-logs", "-n", "green", "-e", "iris").out
    assert "no model in here" in log
    assert "until the next save" not in log


def test_the_traffic_of_a_file_is_for_later(desk):
    """Its deployments are not there yet."""
    desk.save("endpoint.yml", "name: iris\ntraffic: {blue: 90, green: 10}\n")
    done = desk.must("endpoint", "create", "-f", "endpoint.yml")

    assert 'when they are: amlemu endpoint update -n iris --traffic "blue=90 green=10"' in done.err


def test_what_is_wrong_in_a_file_is_told_as_serve_tells_it(desk):
    """The cloud would have refused it; here it comes up all the same."""
    desk.save("score.py", GOOD)
    code = "code_configuration: {code: ., scoring_script: score.py}"
    lines = ("name: blue", "endpoint_name: iris", code, "environment: {conda_file: none.yml}", "instance_count: -1")
    desk.save("blue.yml", "\n".join(lines))
    desk.must("endpoint", "create", "-n", "iris")
    done = desk.must("deployment", "create", "-f", "blue.yml")

    assert "amlemu | error: blue.yml:4: the conda file none.yml is not there\n" in done.err
    assert "amlemu | error: blue.yml:5: instance_count: -1 is less than the least allowed, 1\n" in done.err
    assert "amlemu | amlemu doctor blue.yml says what to do\n" in done.err
