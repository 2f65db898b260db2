"""What a command line asks for: the names, the files, the traffic."""

from __future__ import annotations

import click
import pytest
from amlemu import endpoint_settings
from amlemu.cli_options import WithBareFlags, with_settings
from amlemu.errors import UsageError
from amlemu.local_endpoints import wanted
from amlemu.local_endpoints.rules import NotThere

SCRIPT = "def init(): ...\n\ndef run(data):\n    return data\n"
OF_2021 = """
    $schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json
    name: my-endpoint
    type: online
    auth_mode: key
    traffic:
      blue: 90
      green: 10
    deployments:
      - name: blue
        code_configuration: {code: {local_path: ./}, scoring_script: score.py}
        instance_type: Standard_F2s_v2
        scale_settings: {scale_type: manual, instance_count: 1}
      - name: green
        code_configuration: {code: {local_path: ./}, scoring_script: score.py}
        instance_type: Standard_F2s_v2
        scale_settings: {scale_type: manual, instance_count: 1}
"""
ENDPOINT = """
    $schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json
    name: my-endpoint
    auth_mode: key
"""
DEPLOYMENT = """
    $schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
    name: green
    endpoint_name: my-endpoint
    code_configuration: {code: ., scoring_script: score.py}
    instance_type: Standard_DS3_v2
    instance_count: 1
"""


@pytest.fixture
def project(tmp_path, write, monkeypatch):
    (tmp_path / "iris").mkdir()
    monkeypatch.chdir(tmp_path / "iris")
    write("iris/score.py", SCRIPT)
    return tmp_path / "iris"


def typed(settings, *words):
    """Return the context of a command line; what was given is known inside of it."""

    @click.command(cls=WithBareFlags)
    @with_settings(settings)
    def command(**given): ...

    return command.make_context("command", list(words))


def endpoint(*words):
    with typed(endpoint_settings.ENDPOINT_CREATE, *words) as context:
        return wanted.endpoint(context.params["name"], context.params["file"], context.params)


def deployment(verb, *words):
    settings = {"create": endpoint_settings.DEPLOYMENT_CREATE, "update": endpoint_settings.DEPLOYMENT_UPDATE}
    with typed(settings[verb], *words) as context:
        return wanted.deployment(verb, context.params)


def test_a_name_alone_is_an_endpoint_without_deployments():
    """Contract 5.1: `online-endpoint create` makes nothing that could answer."""
    found = endpoint("-n", "iris")

    assert (found.name, found.port, found.kind, found.auth, dict(found.asked), found.traffic) == (
        "iris", None, "", None, {}, None,
    )  # fmt: skip


def test_an_endpoint_needs_a_name():
    with pytest.raises(UsageError, match="the endpoint's name is missing"):
        endpoint()


def test_a_script_is_an_endpoint_with_one_deployment(project):
    """Called as its folder, with all the traffic, and its path does not depend on where one stands."""
    found = endpoint("-f", "score.py", "--port", "5010", "--auth-mode", "key")

    assert (found.name, found.port, found.auth, found.traffic) == ("iris", 5010, "key", {"blue": 100})
    assert found.asked["blue"].file == str(project / "score.py")
    assert endpoint("-n", "wine", "-f", "score.py").name == "wine"


def test_the_file_of_2021_has_its_deployments_and_their_traffic(project, write):
    """Contract 9."""
    write("iris/endpoint.yml", OF_2021)
    found = endpoint("-f", "endpoint.yml")

    assert (found.name, found.traffic) == ("my-endpoint", {"blue": 90, "green": 10})
    assert {name: one.options["deployment_name"] for name, one in found.asked.items()} == {
        "blue": "blue",
        "green": "green",
    }
    assert endpoint("-n", "wine", "-f", "endpoint.yml").name == "wine"


def test_an_endpoint_file_of_v2_makes_no_deployment(project, write):
    """Its deployments have files of their own."""
    write("iris/endpoint.yml", ENDPOINT)
    found = endpoint("-f", "endpoint.yml")

    assert (found.name, found.kind, dict(found.asked)) == ("my-endpoint", "managed", {})


def test_a_deployment_file_says_what_it_is_called_and_where_it_belongs(project, write):
    """The command line beats it."""
    write("iris/deployment.yml", DEPLOYMENT)

    found = deployment("create", "-f", "deployment.yml")
    assert (found.endpoint, found.name) == ("my-endpoint", "green")
    assert found.asked.file == str(project / "deployment.yml")
    found = deployment("create", "-f", "deployment.yml", "-e", "wine", "-n", "red")
    assert (found.endpoint, found.name) == ("wine", "red")
    whole = endpoint("-f", "deployment.yml")
    assert (whole.name, whole.traffic, list(whole.asked)) == ("my-endpoint", {"green": 100}, ["green"])


def test_a_script_is_called_blue_unless_somebody_says_otherwise(project):
    found = deployment("create", "-e", "wine", "-f", "score.py")

    assert (found.endpoint, found.name) == ("wine", "blue")


def test_a_deployment_is_made_of_something(project):
    """Only an update has a file to fall back on."""
    with pytest.raises(UsageError, match="no file"):
        deployment("create", "-e", "wine")
    with pytest.raises(UsageError, match="no such file"):
        deployment("create", "-e", "wine", "-f", "nothing.py")


def test_paths_of_options_do_not_depend_on_where_one_stands(project):
    """The keeper works elsewhere; a command found in the PATH stays one."""
    options = deployment(
        "create", "-e", "wine", "-f", "score.py", "--model-dir", "m", "--model", "a:1=b/c", "--python", "python3", "--workers", "2"
    ).asked.options  # fmt: skip

    assert options["model_dir"] == str(project / "m")
    assert options["model"] == [f"a:1={project}/b/c"]
    assert options["python"] == "python3"
    assert options["workers"] == 2


def test_only_what_was_chosen_is_kept(project):
    """A default of a later version holds then, and so does what a file says."""
    assert deployment("create", "-e", "wine", "-f", "score.py").asked.options == {}


def test_an_update_without_a_file_takes_the_one_before_with_what_is_said_now(project, shelve):
    """`amlemu deployment update --workers 2` changes the workers."""
    shelf = shelve("wine", blue="Succeeded")
    record = shelf.read()
    record.deployments["blue"].asked.file = str(project / "score.py")
    record.deployments["blue"].asked.options = {"workers": 3, "reload": False}
    record.deployments["blue"].asked.simulate = "ERR_1100"
    shelf.write(record)

    asked = deployment("update", "--workers", "2").asked
    assert (asked.file, asked.options, asked.simulate) == (
        str(project / "score.py"), {"workers": 2, "reload": False}, "",
    )  # fmt: skip


def test_what_is_set_stays_until_it_is_set_again(project, shelve):
    """As with `az ml online-deployment update --set`; and with --env."""
    shelf = shelve("wine", blue="Succeeded")
    record = shelf.read()
    record.deployments["blue"].asked.file = str(project / "score.py")
    record.deployments["blue"].asked.options = {"set": ["limits.instance_count=2", "auth.modes=key"], "env": ["A=1"]}
    shelf.write(record)

    assert deployment("update", "--set", "instance_count=3", "--env", "B=2").asked.options == {
        "set": ["limits.instance_count=3", "auth.modes=key"],
        "env": ["A=1", "B=2"],
    }
    assert deployment("update", "--set", "environment_variables.A=2").asked.options == {
        "set": ["limits.instance_count=2", "auth.modes=key"],
        "env": ["A=2"],
    }


def test_an_update_of_what_is_not_there_says_what_is(project, shelve):
    """Contract 5.1."""
    shelve("wine", blue="Succeeded")

    with pytest.raises(NotThere, match=r"Local deployment \(wine / green\) does not exist"):
        deployment("update", "-n", "green")
    with pytest.raises(NotThere, match=r"Local endpoint \(iris\) does not exist"):
        deployment("update", "-e", "iris", "-n", "blue")


def test_the_only_endpoint_need_not_be_named(shelve):
    """With two of them, or none, it must be."""
    with pytest.raises(UsageError, match="amlemu endpoint create -n NAME makes one"):
        wanted.endpoint_of(None)
    shelve("wine")
    assert wanted.endpoint_of(None) == "wine"
    shelve("iris", 5002)
    with pytest.raises(UsageError, match="There is iris, wine"):
        wanted.endpoint_of(None)
    assert wanted.endpoint_of("zoo") == "zoo"


def test_one_unreadable_endpoint_does_not_stand_in_the_way_of_a_named_one(home, shelve):
    """Nor of one that would be chosen."""
    shelve("wine")
    (home / "old").mkdir()
    (home / "old" / "record.json").write_text('{"version": 0}', encoding="utf-8")

    assert wanted.endpoint_of("wine") == "wine"


def test_an_endpoint_that_is_being_deleted_is_not_meant(shelve):
    shelve("iris")
    gone = shelve("wine")
    record = gone.read()
    record.state = "Deleting"
    gone.write(record)

    assert wanted.endpoint_of(None) == "iris"


def test_a_file_changes_an_endpoint(project, write, shelve):
    """Deployments keep the options that they were given."""
    write("iris/endpoint.yml", OF_2021)
    shelf = shelve("my-endpoint", blue="Succeeded")
    record = shelf.read()
    record.deployments["blue"].asked.options["reload"] = False
    shelf.write(record)
    found = wanted.changed(None, "endpoint.yml")

    file = str(project / "endpoint.yml")
    assert (found.name, found.traffic) == ("my-endpoint", {"blue": 90, "green": 10})
    assert {name: (one.file, one.options) for name, one in found.asked.items()} == {
        "blue": (file, {"reload": False, "deployment_name": "blue"}),
        "green": (file, {"deployment_name": "green"}),
    }
    write("iris/endpoint.yml", f"{ENDPOINT}    traffic: {{blue: 100}}\n")
    assert (wanted.changed("wine", "endpoint.yml").name, wanted.changed(None, "endpoint.yml").traffic) == (
        "wine",
        {"blue": 100},
    )
    write("iris/endpoint.yml", ENDPOINT)
    assert wanted.changed(None, "endpoint.yml").traffic is None


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("score.py", "it says how a deployment is made. amlemu deployment update -f score.py takes it."),
        ("none.yml", "no such file. Name an endpoint.yml, or a file of 2021."),
    ],
)
def test_what_is_no_endpoint_changes_none(project, file, told):
    with pytest.raises(UsageError) as caught:
        wanted.changed("iris", file)
    assert str(caught.value) == f"--file {file}: {told}"
