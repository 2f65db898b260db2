"""Which file one is, and which belong together."""

from __future__ import annotations

import time

import pytest
import yaml
from amlemu.azure import files, marked
from amlemu.azure.marked import Unreadable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .written import AKS, ENDPOINT, INFERENCE, KUBERNETES, LOCAL, MANAGED, OF_2021, changed, fill, put, without

SCHEMAS = "https://azuremlschemas.azureedge.net/latest/"


def refusal_of(call):
    with pytest.raises(Unreadable) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param(f"$schema: {SCHEMAS}managedOnlineDeployment.schema.json", "deployment", id="managed-by-schema"),
        pytest.param(
            f"$schema: {SCHEMAS}kubernetesOnlineDeployment.schema.json", "deployment", id="kubernetes-by-schema"
        ),
        pytest.param("endpoint_name: x\nname: y", "deployment", id="by-endpoint_name"),
        pytest.param("name: y\ncode_configuration: {code: .}", "deployment", id="by-code"),
        pytest.param("name: y\nmodel: azureml:m:1\ninstance_type: z", "deployment", id="by-instance_type"),
        pytest.param(
            f"$schema: {SCHEMAS}managedOnlineEndpoint.schema.json\nname: x", "endpoint", id="endpoint-by-schema"
        ),
        pytest.param("name: x\nauth_mode: key", "endpoint", id="by-auth_mode"),
        pytest.param("name: x\ntraffic: {blue: 100}", "endpoint", id="by-traffic"),
        pytest.param(f"$schema: {SCHEMAS}managedOnlineEndpoint.schema.json\ndeployments: []", "2021", id="2021"),
        pytest.param('{"entryScript": "score.py"}', "inference", id="inference"),
        pytest.param('{"computeType": "AKS"}', "webservice", id="webservice"),
        pytest.param("name: e\ndependencies: [pip]", "conda", id="conda"),
        pytest.param("name: e\nimage: x", "environment", id="environment"),
        pytest.param(f"$schema: {SCHEMAS}environment.schema.json\nname: e", "environment", id="environment-by-schema"),
        pytest.param("endpoint_name: x\nmini_batch_size: 10", "batch", id="batch"),
        pytest.param("endpoint_name: x\nsettings: {mini_batch_size: 10}", "batch", id="batch-of-models"),
        pytest.param(f"$schema: {SCHEMAS}batchDeployment.schema.json\nname: x", "batch", id="batch-by-schema"),
        pytest.param(f"$schema: {SCHEMAS}commandJob.schema.json\ncommand: x", "", id="job"),
        pytest.param("{}", "", id="nothing"),
        pytest.param("[1]", "", id="list"),
        pytest.param("$schema: [x]", "", id="schema-that-is-none"),
    ],
)
def test_a_file_is_recognised_by_what_is_in_it(tmp_path, text, kind):
    assert files.recognise(marked.parse(text, tmp_path / "x.yml")) == kind


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dependencies: [pip]\n", "this is a conda file; it says what a script's environment is made of, not which script"),
        ("image: x\n", "this is an environment; it does not say which script is served"),
        ("endpoint_name: x\nmini_batch_size: 1\n", "this is a batch deployment, and amlemu serves online ones"),
        (f"$schema: {SCHEMAS}commandJob.schema.json\ncommand: x\n", "this is no deployment (commandJob.schema.json): it has $schema, command"),
        ("version: '3'\nservices: {}\n", "this is no deployment: it has version, services"),
        ("hello\n", "this is no deployment"),
        ("- a\n", "this is no deployment"),
    ],
)  # fmt: skip
def test_what_is_no_deployment_is_said(tmp_path, text, message):
    path = put(tmp_path, "x.yml", text)
    expected = (
        "Expected a v2 online deployment or endpoint, the endpoint file of 2021, "
        "or a v1 inferenceconfig.json or deploymentconfig.json."
    )

    assert refusal_of(lambda: files.describe(path)) == f"{path}:1: {message}. {expected}"


# files that belong together


def test_an_endpoint_is_found_beside_its_deployment(folder):
    """By its name; others are left alone."""
    put(folder, "a-endpoint.yml", {**ENDPOINT, "name": "other-ep"})
    put(folder, "b-endpoint.yml", {**ENDPOINT, "auth_mode": "aml_token", "traffic": {"blue": 100}})
    found = files.describe(put(folder, "deployment.yml", MANAGED))

    assert (found.auth_mode, found.traffic) == ("aml_token", {"blue": 100})
    assert [path.name for path in found.files] == ["deployment.yml", "b-endpoint.yml"]
    assert found.said_at["endpoint.auth_mode"].file == folder / "b-endpoint.yml"


def test_an_endpoint_that_is_named_is_taken_and_has_to_fit(folder):
    (folder / "else").mkdir()
    endpoint = put(folder / "else", "endpoint.yml", {**ENDPOINT, "name": "other-ep"})
    found = files.describe(put(folder, "deployment.yml", MANAGED), [endpoint])

    assert [one.cause for one in found.findings] == [
        "the deployment is for the endpoint credit-ep, and this file describes other-ep"
    ]
    assert found.findings[0].place.file == endpoint


def test_an_endpoint_of_the_other_kind_is_told(folder):
    put(folder, "endpoint.yml", ENDPOINT)
    found = files.describe(put(folder, "deployment.yml", KUBERNETES))

    assert [one.cause for one in found.findings] == [
        "the endpoint is a managed one, and the deployment a kubernetes one"
    ]


@pytest.mark.parametrize(("wanted", "name"), [("", "green"), ("blue", "blue"), ("green", "green")])
def test_an_endpoint_leads_to_its_deployment(folder, wanted, name):
    """That with the most traffic, or the one that is wanted."""
    put(folder, "blue.yml", MANAGED)
    put(folder, "green.yml", {**MANAGED, "name": "green"})
    put(folder, "red.yml", {**MANAGED, "name": "red", "endpoint_name": "other-ep"})
    found = files.describe(put(folder, "endpoint.yml", {**ENDPOINT, "traffic": {"blue": 10, "green": 90}}), (), wanted)

    assert (found.name, found.names, found.findings) == (name, ("blue", "green"), ())


def test_an_endpoint_without_its_deployment_is_told(folder):
    path = put(folder, "endpoint.yml", ENDPOINT)
    put(folder, "blue.yml", {**MANAGED, "endpoint_name": "other-ep"})

    assert refusal_of(lambda: files.describe(path)) == (
        f"{path}: this is the endpoint credit-ep, and no deployment of it lies beside it (blue.yml is for other-ep). Name the deployment's file instead."
    )
    put(folder, "green.yml", {**MANAGED, "name": "green"})
    assert refusal_of(lambda: files.describe(path, (), "red")) == (
        f"{path}: no deployment red lies beside this endpoint; there is green"
    )


def test_the_two_files_of_v1_find_each_other(folder):
    inference = put(folder, "inferenceconfig.json", INFERENCE)
    deployment = put(folder, "deploymentconfig.json", AKS)
    put(folder, "package.json", {"name": "x"})
    put(folder, "broken.json", "{")

    assert [files.describe(path).kind for path in (inference, deployment)] == ["aks", "aks"]


def test_of_several_partners_the_one_with_the_usual_name_is_taken(folder):
    inference = put(folder, "inferenceconfig.json", INFERENCE)
    put(folder, "aks.json", AKS)
    put(folder, "local.json", LOCAL)
    assert refusal_of(lambda: files.describe(inference)) == (
        f"{inference}: several files could belong to it: aks.json, local.json. Name one: --with aks.json"
    )

    assert files.describe(inference, [folder / "local.json"]).kind == "local"
    put(folder, "deploymentConfig.json", {"computeType": "ACI"})
    assert files.describe(inference).kind == "aci"


def test_neighbours_that_cannot_be_read_are_no_business_of_ours(folder):
    """Unless they were named: a broken file, a folder, a link that leads nowhere, a big one."""
    put(folder, "broken.yml", "a: {{x}}\n")
    put(folder, "tag.yml", "a: !!bool maybe\n")
    put(folder, "big.json", "[" + "1," * 100_000 + "1]")
    (folder / "folder.yml").mkdir()
    (folder / "gone.yml").symlink_to(folder / "nowhere.yml")
    deployment = put(folder, "deployment.yml", MANAGED)

    assert files.describe(deployment).findings == ()
    assert "was never filled in" in refusal_of(lambda: files.describe(deployment, [folder / "broken.yml"]))


def test_a_folder_full_of_files_takes_no_time(folder):
    deployment = put(folder, "deployment.yml", MANAGED)
    for number in range(200):
        put(folder, f"data-{number}.json", '{"rows": [' + "1.5, " * 1000 + "0]}")
    begin = time.process_time()
    files.describe(deployment)

    assert time.process_time() - begin < 1.0


# whatever is written, there is a description or a refusal

_BASES = (
    ("deployment.yml", MANAGED),
    ("deployment.yml", changed(KUBERNETES, "scale_settings", {"type": "target_utilization", "min_instances": 1})),
    ("endpoint.yml", OF_2021),
    ("inferenceconfig.json", changed(INFERENCE, "environment.python.condaDependencies", {"dependencies": ["a"]})),
    ("endpoint.yml", {**ENDPOINT, "traffic": {"blue": 100}, "mirror_traffic": {"green": 10}}),
    ("deploymentconfig.json", changed(AKS, "autoScaler", {"autoscaleEnabled": True, "minReplicas": 1})),
    ("deployment.yml", changed(MANAGED, "data_collector.collections.x.enabled", "True")),
)
_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 10**30),
    st.floats(),
    st.sampled_from(["", " ", ".", "..", "/", "\0", "x" * 300, "{{x}}", "${{ secrets.X }}", "<X>", "azureml:", "azureml:a@b", "file:", "a\\b", "~", "é"]),
    st.lists(st.none() | st.integers(0, 3) | st.text("ab:", max_size=3), max_size=2),
    st.dictionaries(st.sampled_from(["name", "path", "code", "local_path", "type", "enabled", "image", "dependencies"]), st.none() | st.integers(0, 3) | st.text("a./:", max_size=4), max_size=2),
)  # fmt: skip


def _paths(value, path=()):
    found = [path] if path else []
    for key, below in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found += _paths(below, (*path, str(key)))
    return found


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(_BASES), st.data())
def test_odd_values_anywhere_are_described_or_refused(tmp_path_factory, base, data):
    """Lists, mappings, numbers and nothing in place of what belongs there, or one more key."""
    name, content = base
    folder = fill(tmp_path_factory.getbasetemp() / "odd")
    for old in ("deployment.yml", "endpoint.yml", "inferenceconfig.json", "deploymentconfig.json"):
        (folder / old).unlink(missing_ok=True)
    if name == "endpoint.yml" and "deployments" not in content:
        put(folder, "deployment.yml", MANAGED)
    if name == "deploymentconfig.json":
        put(folder, "inferenceconfig.json", INFERENCE)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(_paths(content)))
        try:
            content = changed(content, ".".join(path), data.draw(_ODD))
        except (TypeError, IndexError, ValueError, KeyError):
            continue  # the place is gone, with what was changed before
    assert is_described_or_refused(put(folder, name, content))


def is_described_or_refused(path):
    """Tell whether there is a description whose findings a person can read, or a refusal; anything else goes through."""
    try:
        found = files.describe(path)
    except Unreadable as error:
        return bool(error.finding.cause)
    return not [one for one in found.findings if "Value(" in one.cause + one.fix or "\n" in one.cause.strip()]


_LINES = yaml.safe_dump(MANAGED, sort_keys=False).splitlines()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.sampled_from(["drop", "twice", "tag", "indent", "swap"]), st.integers(0, len(_LINES) - 1)),
        min_size=1,
        max_size=4,
    )
)
def test_lines_lost_doubled_and_moved_are_described_or_refused(tmp_path_factory, faults):
    folder = fill(tmp_path_factory.getbasetemp() / "lines")
    lines = list(_LINES)
    for what, place in faults:
        line = lines[place % len(lines)]
        changed_line = {
            "drop": [], "twice": [line, line], "tag": [line.replace(": ", ": !!int ", 1)], "indent": ["  " + line],
            "swap": [line.partition(":")[0] + ": [" + line.partition(":")[2] + "]"],
        }[what]  # fmt: skip
        lines[place % len(lines) : place % len(lines) + 1] = changed_line
        lines = lines or ["x:"]

    assert is_described_or_refused(put(folder, "deployment.yml", "\n".join(lines)))


def test_a_deployment_without_a_name_does_not_surprise(folder):
    put(folder, "blue.yml", without(MANAGED, "name"))
    found = files.describe(put(folder, "endpoint.yml", ENDPOINT))

    assert (found.name, found.names) == ("", ("blue",))
