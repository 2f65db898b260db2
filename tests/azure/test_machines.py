"""The table of machines: what Azure's pages say of those that the documentation names, and that no row is a slip."""

from __future__ import annotations

import pytest
from amlemu.azure import machines

GIB = 1 << 30


# azure-ai-docs, the list of SKUs (processors, GPUs); azure-compute-docs and azure-docs, the page of each size (memory); read 2026-11
@pytest.mark.parametrize(
    ("name", "cpus", "gibibytes", "gpus"),
    [
        ("Standard_DS1_v2", 1, 3.5, 0),
        ("Standard_DS2_v2", 2, 7, 0),
        ("Standard_DS3_v2", 4, 14, 0),
        ("Standard_DS4_v2", 8, 28, 0),
        ("Standard_DS5_v2", 16, 56, 0),
        ("Standard_D2a_v4", 2, 8, 0),
        ("Standard_D8as_v4", 8, 32, 0),
        ("Standard_E4s_v3", 4, 32, 0),
        ("Standard_E48s_v3", 48, 384, 0),
        ("Standard_E64s_v3", 64, 432, 0),
        ("Standard_F2s_v2", 2, 4, 0),
        ("Standard_F4s_v2", 4, 8, 0),
        ("Standard_F72s_v2", 72, 144, 0),
        ("Standard_FX4mds", 4, 84, 0),
        ("Standard_L8s_v3", 8, 64, 0),
        ("Standard_NC6s_v3", 6, 112, 1),
        ("Standard_NC24s_v3", 24, 448, 4),
        ("Standard_NC4as_T4_v3", 4, 28, 1),
        ("Standard_NC16as_T4_v3", 16, 110, 1),
        ("Standard_NC64as_T4_v3", 64, 440, 4),
        ("Standard_NC24ads_A100_v4", 24, 220, 1),
        ("Standard_NC80adis_H100_v5", 80, 640, 2),
        ("Standard_ND40rs_v2", 40, 672, 8),
        ("Standard_ND96asr_v4", 96, 900, 8),
        ("Standard_ND96amsr_A100_v4", 96, 1900, 8),
        ("Standard_ND96isr_H100_v5", 96, 1900, 8),
        ("Standard_NV6ads_A10_v5", 6, 55, 1),
        ("Standard_NV72ads_A10_v5", 72, 880, 2),
    ],
)
def test_a_machine_is_as_big_as_azure_says(name, cpus, gibibytes, gpus):
    found = machines.find(name)

    assert found is not None
    assert (found.name, found.cpus, found.memory_bytes, found.gpus) == (name, cpus, gibibytes * GIB, gpus)


@pytest.mark.parametrize("name", ["Standard_DS3_v2", "STANDARD_DS3_V2", "standard_ds3_v2"])
def test_a_name_is_found_in_any_case(name):
    """The list of SKUs has capitals, the examples have not; Azure takes both."""
    found = machines.find(name)

    assert found is not None
    assert found.name == "Standard_DS3_v2"


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("Standard_DS3v2", "Standard_DS3_v2"),
        ("standard_f4_v2", "Standard_F4s_v2"),
        ("DS3_v2", "Standard_DS3_v2"),
        ("Standard_NC6_v3", "Standard_NC6s_v3"),
        ("Standard_ND96is_H100_v5", "Standard_ND96isr_H100_v5"),
        ("a laptop", ""),
        ("", ""),
    ],
)
def test_an_unknown_name_has_a_nearest(typed, near):
    """As it is written in Azure; none where nothing is like it."""
    assert machines.find(typed) is None
    assert machines.nearest(typed) == near


def test_every_row_can_be():
    """Names have Azure's form and stand once, numbers are those of machines, each row has its page."""
    rows = machines._machines()

    assert len(rows) == 84
    for key, row in rows.items():
        assert key == row.name.lower()
        assert row.name.startswith("Standard_")
        assert 1 <= row.cpus <= 128
        assert 1.5 <= row.memory_bytes / GIB / row.cpus <= 25
        assert 0 <= row.gpus <= 8
        assert bool(row.gpus) == (row.name[9] == "N")  # the families of machines with GPUs
        assert f"{row.cpus}" in row.name or row.name.startswith("Standard_DS")
        assert row.source.startswith(("azure-compute-docs, sizes/", "azure-docs, "))
        assert "(ms.date 20" in row.source


def test_in_a_family_more_processors_never_have_less_memory():
    """A digit too few is seen by its neighbours."""
    families = {}
    for row in machines._machines().values():
        families.setdefault((row.source, row.gpus > 0), []).append(row)
    for rows in families.values():
        ordered = sorted(rows, key=lambda row: (row.cpus, row.memory_bytes))

        assert [row.memory_bytes for row in ordered] == sorted(row.memory_bytes for row in ordered)
        assert [row.gpus for row in ordered] == sorted(row.gpus for row in ordered)


@pytest.mark.parametrize(
    ("gibibytes", "cpus", "gpus", "name"),
    [
        (0.5, 0, 0, "Standard_DS1_v2"),
        (3.5, 0, 0, "Standard_DS1_v2"),
        (3.6, 0, 0, "Standard_F2s_v2"),
        (3.5, 2, 0, "Standard_F2s_v2"),
        (14, 0, 0, "Standard_DS3_v2"),
        (16, 0, 0, "Standard_E2s_v3"),
        (2, 0, 1, "Standard_NC4as_T4_v3"),
        (100, 4, 2, "Standard_NC12s_v2"),
        (1008, 0, 0, "Standard_FX48mds"),
        (1900, 96, 8, "Standard_ND96amsr_A100_v4"),
    ],
)
def test_the_smallest_that_has_as_much(gibibytes, cpus, gpus, name):
    """By memory, then by processors; one with GPUs only where there are to be some."""
    found = machines.smallest(round(gibibytes * GIB), cpus, gpus)

    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(("gibibytes", "cpus", "gpus"), [(1009, 0, 0), (1, 97, 0), (1, 1, 9), (1901, 1, 8)])
def test_none_may_have_as_much(gibibytes, cpus, gpus):
    assert machines.smallest(gibibytes * GIB, cpus, gpus) is None
