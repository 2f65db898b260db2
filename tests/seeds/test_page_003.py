"""
"Troubleshoot managed online endpoints" of 2021-05-13, replayed top to bottom: one endpoint of an endpoint file, with two deployments, by the
commands of the page. What no desk has (roles, quotas, registries, storage) `amlemu explain` answers, or `--simulate` plays.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from ..conftest import Command, Finished
from . import items
from .typed import Said, typed, words

PAGE = items.page("003")
proves = items.of("003")
NAMES = {"endpoint-name": "my-endpoint", "deployment-name": "blue", "spec_file.yaml": "spec.yaml"}
IMAGE = PAGE.text(24)
SPEC = f"""
    name: my-endpoint
    type: online
    auth_mode: key
    traffic: {{blue: 100}}
    deployments:
      - name: blue
        model: {{name: credit, version: 1, local_path: model.txt}}
        code_configuration: {{code: {{local_path: code}}, scoring_script: score.py}}
        environment: {{name: credit, version: 1, path: ., conda_file: file:conda.yml, docker: {{image: {IMAGE}}}}}
        instance_type: Standard_F2s_v2
        request_settings: {{request_timeout_ms: 1500, max_concurrent_requests_per_instance: 1}}
        scale_settings: {{scale_type: manual, instance_count: 2, min_instances: 1, max_instances: 2}}
"""
SCORE = """
    import json
    import logging
    import os
    import time

    def init():
        global model
        model = open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.txt")).read()
        for number in range(150):
            print("printed", number)
        logging.info("at INFO, and the level is WARNING")
        logging.warning("at WARNING")
        own = logging.getLogger("own")
        own.setLevel(logging.INFO)
        own.info("at INFO, and the level is INFO")

    def run(data):
        said = json.loads(data)
        time.sleep(said.get("seconds", 0))
        if "raise" in said:
            raise ValueError("no such customer")
        return "x" * said["letters"] if "letters" in said else model
"""
CONDA = """
    dependencies:
      - python
      - pip
      - pip:
          - azureml-inference-server-http
"""
DEPLOYMENT = """
    name: green
    endpoint_name: my-endpoint
    model: {path: model.txt}
    code_configuration: {code: code, scoring_script: score.py}
    environment: {image: "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest", conda_file: conda.yml}
    instance_type: Standard_DS3_v2
    instance_count: 1
"""
DEADLINE_S = 10.0


class Desk:
    """A folder with a deployment, the endpoint that was made of it, and who asks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.save("code/score.py", SCORE)
        self.save("model.txt", "0.5")
        self.save("conda.yml", CONDA)
        self.save("spec.yaml", SPEC)
        command = Command(folder, (*words(PAGE.text(6), NAMES), "--auth-mode", "key"), {}, "")
        self.created = command.finish()
        assert self.created.code == 0, self.created.said
        self.root = json.loads(self.created.out)["scoring_uri"].removesuffix("/score")
        keys = json.loads(typed(folder, "endpoint", "get-credentials", "-n", "my-endpoint").out)
        self.http = httpx.Client(
            trust_env=False, timeout=DEADLINE_S, headers={"Authorization": f"Bearer {keys['primaryKey']}"}
        )

    def save(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            "\n".join(line.removeprefix("    ") for line in text.splitlines()).lstrip("\n"), encoding="utf-8"
        )

    def run(self, number: int, *others: str) -> Finished:
        """Run a command of the page."""
        return typed(self.folder, *words(PAGE.text(number), NAMES), *others)

    def ask(self, path: str = "/score", **said: Any) -> tuple[int, str]:
        """Score; return status and phrase."""
        answer = self.http.post(f"{self.root}{path}", json=said)
        return answer.status_code, answer.reason_phrase


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("page-003")
    try:
        desk = Desk(folder)
        yield desk
        desk.http.close()
    finally:
        typed(folder, "endpoint", "delete", "-n", "my-endpoint")


# deploy locally


@proves(1, 4, 5, 6)
def test_a_local_endpoint_is_created_by_the_pages_line(desk: Desk):
    """Nobody logs in: there is no subscription, no variable and no file of Azure's; and it answers."""
    shown = json.loads(desk.created.out)

    assert (shown["name"], shown["location"], shown["provisioning_state"]) == ("my-endpoint", "local", "Succeeded")
    assert shown["deployments"] == {"blue": "Succeeded"}
    assert desk.ask() == (200, "OK")
    assert not (desk.folder / ".azure").exists()


# the logs


@proves(2, 9)
def test_the_last_hundred_lines_of_the_log(desk: Desk):
    """After the status block of the instance."""
    ended = desk.run(9)
    block, _, log = ended.out.partition("\n\n")

    assert ended.code == 0
    assert block.splitlines() == [
        "Instance status:",
        "SystemSetup: Succeeded",
        "UserContainerImagePull: Succeeded",
        "ModelDownload: Succeeded",
        "UserContainerStart: Succeeded",
    ]
    assert len(log.splitlines()) == 100
    assert "azmlinfsrv.print - printed 149" in log


@proves(10, 32, 44)
@pytest.mark.parametrize("number", [10, 32, 44])
def test_the_same_in_other_words(desk: Desk, number: int):
    """--name for -n, --deployment for -d, --lines or --tail for -l."""
    ended = desk.run(number)

    assert (ended.code, ended.err) == (0, "")
    assert len(ended.out.partition("\n\n")[2].splitlines()) == 100


@proves(11, 12, 13)
def test_group_and_workspace_are_taken_and_need_not_be_configured(desk: Desk):
    """`az configure` would keep them; nothing here asks for them."""
    ended = desk.run(10, PAGE.text(12), "my-group", PAGE.text(13), "my-workspace")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Instance status:\nSystemSetup: Succeeded\n")


@proves(14, 17)
def test_help_tells_every_option_of_the_page(desk: Desk):
    """-h, as the page has it, and --help."""
    short, long = desk.run(14), typed(desk.folder, "endpoint", "get-logs", PAGE.text(17))

    assert short.out == long.out
    for option in (
        "-n, --name",
        "-d, --deployment",
        "-l, --lines",
        "--tail",
        "--container",
        "--resource-group",
        "--workspace-name",
    ):
        assert option in short.out


@proves(15)
def test_a_log_line_is_there_where_its_level_is_let_through(desk: Desk):
    """Of Python's logging; INFO of the root logger is not."""
    log = typed(desk.folder, "endpoint", "get-logs", "-n", "my-endpoint").out

    assert "WARNING:root:at WARNING" in log
    assert "INFO:own:at INFO, and the level is INFO" in log
    assert "at INFO, and the level is WARNING" not in log


@proves(16)
def test_the_storage_initializer_tells_of_code_and_model(desk: Desk):
    """Whether they came: what lies where, and how large it is. The dash before --container is typography."""
    option = PAGE.text(16).replace("\u2013-", "--")
    ended = desk.run(10, *option.split())

    assert ended.code == 0
    assert re.search(r"code /var/azureml-app/\S+ -> \S+/code \(1 file, \d+ bytes\)", ended.out), ended.out
    assert re.search(
        r"model /var/azureml-app/azureml-models/credit/1/model\.txt -> \S+/model\.txt \(3 bytes\)", ended.out
    )


@proves(18, 19)
def test_debug_is_taken_and_a_clients_id_comes_back(desk: Desk):
    """By which one finds a request again."""
    name = PAGE.text(19)
    answer = desk.http.post(f"{desk.root}/score", json={}, headers={name: "mine-4711"})

    assert desk.run(9, PAGE.text(18)).code == 0
    assert (answer.status_code, answer.headers[name]) == (200, "mine-4711")


# deployment errors


@proves(3, 20, 21, 22, 23, 24, 33, 34, 45, 46, 50, 59)
@pytest.mark.parametrize(
    ("number", "step"),
    [
        pytest.param(20, "SystemSetup", id="not-enough-quota"),
        pytest.param(21, "SystemSetup", id="out-of-capacity"),
        pytest.param(22, "UserContainerImagePull", id="image"),
        pytest.param(33, "ModelDownload", id="model-or-code"),
        pytest.param(45, "ModelDownload", id="disk"),
        pytest.param(46, "UserContainerStart", id="not-started"),
        pytest.param(50, "UserContainerStart", id="crashed"),
        pytest.param(59, "SystemSetup", id="internal"),
    ],
)
def test_each_error_can_be_played_where_the_cloud_would_have_it(desk: Desk, number: int, step: str, explained: Said):
    """
    By --simulate, with the code of 2021, the word of today, the cause and what to do; and explained by its code.

    The image that the page names stands in the file, and need not exist: nothing is pulled.
    """
    code = PAGE.text(number).upper()
    ended = typed(desk.folder, "deployment", "update", "-n", "blue", "-e", "my-endpoint", "--simulate", code)

    assert ended.code == 3
    assert f"failed at {step}  [" in ended.err
    assert f"{code} in 2021]" in ended.err
    assert "  fix    " in ended.err
    assert explained(code).startswith(f"{code}: ")
    assert desk.ask() == (200, "OK")  # the one that was there answers on


@proves(25, 26, 27, 28, 29, 30, 31)
def test_an_image_that_cannot_be_pulled_is_explained(explained: Said):
    """The registry's command, and the role that a user-assigned identity needs and a system-assigned one has."""
    said = explained("ERR_1200")

    assert "the name or the tag is wrong" in said
    assert "az acr repository show-tags -n REGISTRY --repository REPOSITORY" in said
    assert "lacks the role AcrPull on the registry (a user-assigned identity must be given it" in said
    assert "a system-assigned one is given it by the system)" in said


@proves(35, 36, 37, 38, 40, 41, 42, 43)
def test_a_model_that_cannot_be_downloaded_is_explained(explained: Said):
    """The commands that show model, code and blob, and the role."""
    said = explained("ERR_1300")

    assert "registered in another workspace" in said
    for command in (
        "az ml model show --name NAME",
        "az ml code show --name NAME --version VERSION",
        "az storage blob exists",
    ):
        assert command in said
    assert "the identity lacks Storage Blob Data Reader on the workspace's storage account" in said
    assert "a system-assigned one is given it by the system)" in said


@proves(39)
def test_a_blob_of_the_cloud_is_no_model_of_this_desk(desk: Desk):
    """It is said before anything is started, and what to do."""
    desk.save("blob.yml", DEPLOYMENT.replace("model.txt", PAGE.text(39)))
    ended = typed(desk.folder, "doctor", "blob.yml")

    assert PAGE.text(39) in ended.out
    assert "lies in the cloud" in ended.out


@proves(48)
def test_an_instance_that_is_too_small_is_seen_beforehand(desk: Desk):
    """ERR_2100: the container asks for more than its instance_type has."""
    asks = "instance_type: Standard_F2s_v2\n        resource_requirements: {cpu: 1, memory: 64Gi}"
    desk.save("large.yaml", SPEC.replace("instance_type: Standard_F2s_v2", asks))
    ended = typed(desk.folder, "check", "large.yaml")

    assert ended.code == 3
    assert "the container wants 64 GB of memory, and Standard_F2s_v2 has 4 GB" in ended.out
    assert "ERR_2100 in 2021]" in ended.out


@proves(49, 52)
def test_get_logs_without_a_name_says_what_is_missing(desk: Desk):
    """As the page's bare line; and its `get--logs` is taken for what it means."""
    bare, misspelt = desk.run(49), typed(desk.folder, "endpoint", PAGE.text(52))

    assert (bare.code, bare.err) == (2, "amlemu: --name: the endpoint's name is missing. Say --name NAME.\n")
    assert misspelt.code == 2
    assert "Did you mean 'get-logs'?" in misspelt.err


@proves(47, 51, 55, 56)
def test_a_script_whose_init_fails_is_ERR_2200_and_its_log_says_why(desk: Desk):  # noqa: N802
    """The code of the page; the deployment beside it goes on."""
    desk.save("broken/score.py", "    def init():\n        raise ValueError('no licence')\n\n    def run(data): ...\n")
    desk.save("broken.yml", DEPLOYMENT.replace("code: code", "code: broken"))
    ended = typed(desk.folder, "deployment", "create", "-n", "green", "-e", "my-endpoint", "-f", "broken.yml")
    log = typed(desk.folder, "endpoint", "get-logs", "-n", "my-endpoint", "-d", "green").out
    gone = typed(desk.folder, "deployment", "delete", "-n", "green", "-e", "my-endpoint")

    assert ended.code == 3
    assert "failed at UserContainerStart  [ResourceNotReady, UserScriptInitFailed; ERR_2200 in 2021]" in ended.err
    assert "  cause  broken/score.py:2: init() raised ValueError: no licence" in ended.err
    assert "UserContainerStart: Failed" in log
    assert "ValueError: no licence" in log
    assert gone.code == 0
    assert desk.ask() == (200, "OK")


@proves(53, 54, 57, 58)
@pytest.mark.parametrize(
    ("script", "conda", "more", "finding"),
    [
        pytest.param("import httpx\n", CONDA, "", "score.py imports httpx, which nothing in conda.yml installs", id="package"),
        pytest.param("def init(:\n", CONDA, "", "SyntaxError in line 1, invalid syntax", id="syntax"),
        pytest.param("", CONDA, "    liveness_probe: {period: 0}\n", "liveness_probe", id="probe"),
        pytest.param("", CONDA.replace("azureml-inference-server-http", "joblib"), "", "asks neither for azureml-inference-server-http nor for", id="dependency"),
    ],
)  # fmt: skip
def test_the_doctor_sees_the_other_causes_before_the_cloud_does(
    tmp_path: Path,
    write: Callable[[str, str], Path],
    script: str,
    conda: str,
    more: str,
    finding: str,
):
    """A package that the environment lacks, a syntax error, a wrong probe, a dependency of the server's that is missing."""
    write("code/score.py", script + "def init(): ...\n\n\ndef run(data): ...\n")
    write("conda.yml", conda)
    write("model.txt", "0.5")
    write("deployment.yml", DEPLOYMENT + more)

    ended = typed(tmp_path, "doctor", "deployment.yml")

    assert ended.code == 1, ended.said
    assert finding in ended.out


# statuses, in the words of the table


@proves(60)
def test_200(desk: Desk):
    """The model was executed in time, and its answer is the container's."""
    answer = desk.http.post(f"{desk.root}/score", json={})

    assert (answer.status_code, answer.reason_phrase, answer.json()) == (200, "OK", "0.5")


@proves(61)
def test_401(desk: Desk, explained: Said):
    """Without a key; a token that has expired is the same."""
    answer = httpx.post(f"{desk.root}/score", json={}, trust_env=False)

    assert (answer.status_code, answer.reason_phrase) == (401, "Unauthorized")
    assert "expired" in explained("401", profile="managed-2021")


@proves(62)
def test_404(desk: Desk):
    """The URL is not correct."""
    assert desk.ask("/scores") == (404, "Not found")


@proves(66)
def test_413(desk: Desk):
    """1.5 MB pass, one byte more does not."""
    most = b'{"padding": "%s"}' % (b"x" * (1_572_864 - 15))
    passes, refused = (desk.http.post(f"{desk.root}/score", content=body) for body in (most, most + b" "))

    assert len(most) == 1_572_864
    assert passes.status_code == 200
    assert (refused.status_code, refused.reason_phrase) == (413, "Payload too large")


@proves(67, 68)
def test_424_for_what_the_container_answers(desk: Desk, explained: Said):
    """Its own status stands in the phrase."""
    status, phrase = desk.ask(**{"raise": True})

    assert (status, phrase) == (424, "Model Error; original-code=500")
    assert "run() raised" in explained(phrase)


@proves(69)
def test_424_for_an_answer_that_is_too_large(desk: Desk):
    """1.5 MB pass, quotes included; one byte more does not."""
    assert desk.ask(letters=1_572_864 - 2) == (200, "OK")
    assert desk.ask(letters=1_572_864 - 1) == (424, "Response payload too large")


@proves(71, 72, 73, 74)
def test_429_for_more_than_2_x_m_x_i_requests_at_any_time(desk: Desk, explained: Said):
    """max_concurrent_requests_per_instance 1 and instance_count 2 make 4; the fifth is refused, and waiting helps."""
    refused, deadline = (429, "Too many pending requests"), time.monotonic() + DEADLINE_S
    with ThreadPoolExecutor(5) as pool:
        four = Counter(pool.map(lambda _: desk.ask(seconds=0.3), range(4)))
        while (five := Counter(pool.map(lambda _: desk.ask(seconds=0.3), range(5))))[refused] == 0:
            assert time.monotonic() < deadline, five  # on a machine that stands still they do not come at the same time

    assert four[refused] == 0
    assert five[refused] == 1
    assert desk.ask() == (200, "OK")
    assert "retry with exponential backoff" in explained("429", profile="managed-2021")


@proves(75)
def test_500(explained: Said):
    """Not the script's: the service's own."""
    assert "An error inside the service, not in your script" in explained("500", profile="managed-2021")


@proves(63, 64, 65)
def test_408(desk: Desk):
    """request_settings with request_timeout_ms 1500: the answer does not wait for the model."""
    begin = time.monotonic()
    told = desk.ask(seconds=2.5)

    assert told == (408, "Request timeout")
    assert time.monotonic() - begin > 1.4


@proves(70)
def test_429_for_more_than_100_requests_a_second(desk: Desk):
    """However few of them at a time."""
    deadline = time.monotonic() + DEADLINE_S
    with ThreadPoolExecutor(3) as pool:
        told: Counter[tuple[int, str]] = Counter()
        while (429, "Rate-limiting") not in told and time.monotonic() < deadline:
            told.update(pool.map(lambda _: desk.ask("/"), range(60)))

    assert told[429, "Rate-limiting"], told
    assert told.total() > 100
    while desk.ask() != (200, "OK"):  # a second later
        assert time.monotonic() < deadline + DEADLINE_S
