"""What stands around the container: probes, scaling, machine and memory, in the profile's words and with their places."""

from __future__ import annotations

import pytest
from amlemu import profile_file
from amlemu.azure import platform
from amlemu.azure.platform import Asked, Given
from amlemu.finding import Place
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .written import (
    ACI,
    AKS,
    INFERENCE,
    KUBERNETES,
    LOCAL,
    MANAGED,
    OF_2021,
    changed,
    describe,
    not_emulated,
    put,
    without,
)

_GIB = 1_073_741_824


def v1(folder, content):
    put(folder, "inferenceconfig.json", INFERENCE)
    return describe(folder, content, "deploymentconfig.json")


def of_2021(folder, **fields):
    content = OF_2021
    for name, value in fields.items():
        content = changed(content, f"deployments.0.{name}", value)
    return describe(folder, content, "endpoint.yml")


def words(said):
    return {key: (given.word, given.place.line) for key, given in platform.settings(said).items()}


# probes


def test_a_file_without_probes_leaves_them_to_the_profile(folder):
    assert platform.settings(describe(folder, MANAGED)) == {}


def test_each_number_of_a_probe_names_its_own_line(folder):
    """What the file does not say has Azure's default, and the probe's line."""
    said = describe(folder, {**MANAGED, "liveness_probe": {"period": 5, "failure_threshold": 3}})

    assert words(said) == {
        "probes.liveness_initial_delay": ("10", 13),
        "probes.liveness_period": ("5", 14),
        "probes.liveness_timeout": ("2", 13),
        "probes.liveness_success_threshold": ("1", 13),
        "probes.liveness_failure_threshold": ("3", 15),
    }
    assert platform.settings(said)["probes.liveness_period"] == Given("5", Place(said.file, 14))


def test_readiness_is_a_probe_of_its_own(folder):
    said = describe(folder, {**KUBERNETES, "readiness_probe": {"timeout": 7}})

    assert set(words(said)) == {
        "probes.readiness_initial_delay", "probes.readiness_period", "probes.readiness_timeout",
        "probes.readiness_success_threshold", "probes.readiness_failure_threshold",
    }  # fmt: skip
    assert words(said)["probes.readiness_timeout"] == ("7", 15)


def test_the_older_names_of_2021_have_lines_too(folder):
    said = of_2021(folder, liveness_probe={"initial_delay_seconds": 30, "period": 20})
    found = words(said)

    assert found["probes.liveness_initial_delay"][0] == "30"
    assert found["probes.liveness_period"] == ("20", found["probes.liveness_initial_delay"][1] + 1)


@pytest.mark.rows("2.2 v1 defaults of probes")
def test_the_one_probe_of_v1_is_liveness(folder):
    """With v1's own defaults: 310 s, and 3 misses."""
    said = v1(folder, {**AKS, "livenessProbeRequirements": {"timeoutSeconds": 4}})

    assert words(said) == {
        "probes.liveness_initial_delay": ("310", 3),
        "probes.liveness_period": ("10", 3),
        "probes.liveness_timeout": ("4", 4),
        "probes.liveness_success_threshold": ("1", 3),
        "probes.liveness_failure_threshold": ("3", 3),
    }


# scaling


def test_scaling_by_load_names_its_lines(folder):
    """instance_count has the line of min_instances then, whatever else the file says."""
    scale = {"type": "target_utilization", "min_instances": 2, "max_instances": 5, "polling_interval": 3}
    said = describe(folder, {**KUBERNETES, "scale_settings": scale})

    assert words(said) == {
        "limits.instance_count": ("2", 16),
        "scale.maximum": ("5", 17),
        "scale.target_percent": ("70", 14),
        "scale.refresh_ms": ("3000", 18),
    }


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param({"numReplicas": 3}, 3, id="replicas"),
        pytest.param({"autoScaler": {"autoscaleEnabled": False}, "numReplicas": 3}, 6, id="off"),
    ],
)
def test_replicas_that_are_given_do_not_change(folder, content, line):
    said = v1(folder, {**AKS, **content})

    assert words(said) == {"scale.maximum": ("0", line)}
    assert said.settings == {"instance_count": 3}


def test_scaling_by_hand_in_2021_names_the_type(folder):
    assert words(of_2021(folder, scale_settings={"scale_type": "Manual", "instance_count": 2})) == {
        "scale.maximum": ("0", 22)
    }


@pytest.mark.parametrize(
    ("content", "profile"),
    [
        ({**MANAGED, "liveness_probe": {"period": 0, "timeout": -1, "failure_threshold": 0}}, "managed"),
        ({**KUBERNETES, "readiness_probe": {"success_threshold": "x", "initial_delay": 0}}, "kubernetes"),
        ({**KUBERNETES, "scale_settings": {"type": "target_utilization", "min_instances": 5, "max_instances": 2}}, "kubernetes"),
        ({**KUBERNETES, "scale_settings": {"type": "target_utilization", "min_instances": 0, "max_instances": -1}}, "kubernetes"),
    ],
)  # fmt: skip
def test_what_azure_refuses_leaves_a_profile_that_can_be_had(folder, content, profile):
    """The finding is the reader's; a minimum above the maximum is a number that does not change."""
    said = describe(folder, content)
    face = profile_file.load(profile, {}, {key: given.word for key, given in platform.settings(said).items()})

    assert [one.severity for one in said.findings][:1] == ["error"]
    assert face.probes.liveness.period_s == 10.0
    assert face.scale_rule.is_fixed


_ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just({"period": 1}), st.just([1])
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("period", "timeout", "failure_threshold"), _ANYTHING)),
    st.fixed_dictionaries(
        {"type": st.just("target_utilization")},
        optional=dict.fromkeys(("min_instances", "max_instances", "polling_interval"), _ANYTHING),
    ),
    st.fixed_dictionaries({}, optional={"limits": _ANYTHING, "requests": st.fixed_dictionaries({"memory": _ANYTHING})}),
)
def test_nothing_that_a_file_may_say_raises(folder, probe, scale, resources):
    """Whatever stands there, words come of it, or nothing."""
    content = {**KUBERNETES, "liveness_probe": probe, "scale_settings": scale, "resources": resources}
    said = describe(folder, content)
    found = platform.memory(said)

    assert all(float(given.word) >= 0 for given in platform.settings(said).values())
    assert found is None or found[0] > 0
    assert platform.pod(said).memory_bytes >= 0


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        pytest.param(MANAGED, [], id="neither"),
        pytest.param({**KUBERNETES, "liveness_probe": {"period": 5}, "readiness_probe": {"period": 5}}, [("liveness_probe", 14), ("readiness_probe", 16)], id="probes"),
        pytest.param({**KUBERNETES, "scale_settings": {"type": "target_utilization"}}, [("scale_settings", 14)], id="by-load"),
        pytest.param({**KUBERNETES, "scale_settings": {"type": "default"}}, [], id="by-hand"),
    ],
)  # fmt: skip
def test_one_server_alone_has_no_probes_and_no_scaling(folder, content, fields):
    """For a container, or a server elsewhere; under a platform none of it is said."""
    said = describe(folder, content)

    assert [(one.field, one.place.line) for one in platform.unplayed(said)] == fields
    assert not {name for name, _ in fields} & not_emulated(said).keys()


def test_v1_has_its_own_names_for_them(folder):
    said = v1(
        folder,
        {**AKS, "autoScaler": {"autoscaleEnabled": True}, "livenessProbeRequirements": {"periodSeconds": 5}},
    )

    assert [(one.field, one.reason) for one in platform.unplayed(said)] == [
        ("livenessProbeRequirements", "nobody probes this server"),
        ("autoScaler", "one server serves; nothing grows or shrinks"),
    ]


# machine and memory


@pytest.mark.parametrize("name", ["Standard_DS3_v2", "STANDARD_DS3_V2"])
def test_a_machine_of_the_table_limits_the_memory(folder, name):
    """14 GiB, said by the line that names it; nothing is not emulated."""
    said = describe(folder, {**MANAGED, "instance_type": name})

    assert platform.machine(said).memory_bytes == 14 * _GIB
    assert platform.memory(said) == (14 * _GIB, Place(said.file, 11))
    assert "instance_type" not in not_emulated(said)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "Standard_DS3_v9",
            "Standard_DS3_v9 is not in the table of machines (did you mean Standard_DS3_v2?);"
            " the script may use what this machine has",
        ),
        ("huge", "huge is not in the table of machines; the script may use what this machine has"),
    ],
)
def test_a_machine_that_nobody_knows_limits_nothing(folder, name, reason):
    """It is no mistake: there are more in Azure than in the table. The nearest name is told."""
    said = describe(folder, {**MANAGED, "instance_type": name})

    assert (platform.machine(said), platform.memory(said), said.findings) == (None, None, ())
    assert not_emulated(said)["instance_type"] == reason


@pytest.mark.parametrize("word", ["<type>", "", 5, None, ["Standard_DS3_v2"]])
def test_a_machine_that_was_never_filled_in_is_none(folder, word):
    said = describe(folder, {**MANAGED, "instance_type": word})

    assert (said.instance_type, platform.memory(said)) == ("", None)
    assert "instance_type" not in not_emulated(said)


def test_a_limit_of_the_deployment_counts_before_its_machine(folder):
    said = of_2021(folder, resource_requirements={"cpu": 1, "memory": "1Gi"})
    bytes_, place = platform.memory(said)

    assert bytes_ == 1_073_741_824
    assert place == said.said_at["resource_requirements.memory"]
    assert platform.memory(of_2021(folder, resource_requirements={"cpu": 1}))[0] == 4 * _GIB  # that of Standard_F2s_v2


@pytest.mark.parametrize("name", [None, "defaultinstancetype", "DefaultInstanceType"])
def test_a_kubernetes_deployment_has_the_default_type_where_it_names_none(folder, name):
    """2 GiB, by the page that says so; azure-ai-docs, how-to-manage-kubernetes-instance-types.md."""
    content = without(KUBERNETES, "instance_type") if name is None else {**KUBERNETES, "instance_type": name}
    said = describe(folder, content)

    assert platform.memory(said) == (
        2_147_483_648,
        "defaultinstancetype of Kubernetes (how-to-manage-kubernetes-instance-types, 2025-07-23)",
    )
    assert "instance_type" not in not_emulated(said)


def test_a_type_of_the_cluster_is_asked_of_nobody(folder):
    said = describe(folder, {**KUBERNETES, "instance_type": "cpusmall"})

    assert platform.memory(said) is None
    assert not_emulated(said)["instance_type"] == (
        "cpusmall is an instance type of the cluster, and amlemu asks none; what resources say counts"
    )


@pytest.mark.parametrize(
    "resources", [{"requests": {"memory": "1Gi"}}, {"limits": {"cpu": "1"}}, {"limits": {"memory": "much"}}]
)
def test_resources_without_a_limit_of_memory_limit_none(folder, resources):
    """With that section the default type says nothing any more, and a request kills nobody."""
    assert platform.memory(describe(folder, {**without(KUBERNETES, "instance_type"), "resources": resources})) is None


@pytest.mark.rows("2.2 v1 defaults of resources")
def test_v1_limits_what_its_files_say(folder):
    """ACI gives 0.5 GB by default; on AKS that is what a pod asks for."""
    given = v1(folder, {**AKS, "containerResourceRequirements": {"cpu": 1, "memoryInGB": 0.7}})

    assert platform.memory(given) == (751_619_276, Place(given.files[1], 5))
    assert platform.memory(v1(folder, AKS)) is None
    assert platform.memory(v1(folder, ACI)) == (
        536_870_912, "AciWebservice's default memory_gb (azureml-core 1.61)",
    )  # fmt: skip
    assert platform.memory(v1(folder, {**ACI, "containerResourceRequirements": {"memoryInGB": -1}})) is None
    assert platform.memory(v1(folder, LOCAL)) is None


# what a pod asks for


def test_a_pod_asks_for_its_requests(folder):
    resources = {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}}
    said = describe(folder, {**without(KUBERNETES, "instance_type"), "resources": resources})

    assert platform.pod(said) == Asked(0.25, 1_073_741_824, 0)


def test_a_pod_of_which_nothing_is_said_asks_for_what_the_default_type_does(folder):
    """cpu 100m and memory 2Gi, of a script alone, too."""
    assert platform.pod(describe(folder, without(KUBERNETES, "instance_type"))) == Asked(0.1, 2_147_483_648, 0)
    assert platform.pod(None) == Asked(0.1, 2_147_483_648, 0)


@pytest.mark.rows("2.2 v1 defaults of resources")
def test_a_pod_of_v1_asks_for_a_tenth_of_a_processor_and_half_a_gigabyte(folder):
    """Each where the files say nothing of it."""
    assert platform.pod(v1(folder, AKS)) == Asked(0.1, 536_870_912, 0)
    assert platform.pod(v1(folder, {**AKS, "containerResourceRequirements": {"cpu": 2}, "gpuCores": 1})) == Asked(
        2.0, 536_870_912, 1
    )


# more than the machine has


def misfits(said):
    return [
        (one.severity, one.cause, one.place.line, one.cloud.today, one.cloud.in_2021)
        for one in said.findings
        if one.rule == "instance-too-small"
    ]


@pytest.mark.rows("6.1 ERR_2100")
def test_a_machine_that_has_less_than_is_asked_for_is_too_small(folder):
    """Memory, processors and GPUs, each at its own line; Standard_F2s_v2 has 2 processors and 4 GiB."""
    said = of_2021(folder, resource_requirements={"cpu": 2.5, "memory": "8Gi", "gpu": 1})

    assert misfits(said) == [
        ("error", "the container wants 8 GB of memory, and Standard_F2s_v2 has 4 GB", 26, "BadArgument, OutOfQuota", "ERR_2100"),
        ("error", "the container wants 2.5 processors, and Standard_F2s_v2 has 2", 25, "BadArgument, OutOfQuota", "ERR_2100"),
        ("error", "the container wants 1 GPU, and Standard_F2s_v2 has none", 27, "BadArgument, OutOfQuota", "ERR_2100"),
    ]  # fmt: skip
    assert said.hindrances == ()


def test_as_much_as_the_machine_has_is_fine(folder):
    assert misfits(of_2021(folder, resource_requirements={"cpu": 2, "memory": "4Gi"})) == []


def test_a_machine_that_would_do_is_named(folder):
    said = of_2021(folder, resource_requirements={"cpu": 2, "memory": "4097Mi"})

    assert misfits(said)[0][1] == "the container wants 4296015872 bytes of memory, and Standard_F2s_v2 has 4294967296"
    assert said.findings[0].fix.startswith("Ask for less, or take a larger machine, Standard_")


@pytest.mark.rows("6.2 BadArgument")
def test_more_than_the_default_type_has_is_a_warning(folder):
    """A cluster may have a larger defaultinstancetype; that of Azure has 2 processors, 2 GiB and no GPU."""
    resources = {"limits": {"cpu": "2", "memory": "3Gi", "nvidia.com/gpu": "2"}}
    said = describe(folder, {**without(KUBERNETES, "instance_type"), "resources": resources})

    assert misfits(said) == [
        ("warning", "the container wants 3 GB of memory, and defaultinstancetype has 2 GB", 16, "BadArgument", ""),
        ("warning", "the container wants 2 GPUs, and defaultinstancetype has none", 17, "BadArgument", ""),
    ]


def test_a_type_of_the_cluster_may_have_any_size(folder):
    resources = {"limits": {"cpu": "64", "memory": "999Gi"}}

    assert describe(folder, {**KUBERNETES, "instance_type": "huge", "resources": resources}).findings == ()
