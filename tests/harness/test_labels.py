"""Labels, by which all that amlemu makes is found again."""

from __future__ import annotations

import amlemu
from amlemu_harness.labels import made_by


def test_labels_name_version_kind_and_more():
    assert made_by("image", reference="true") == {
        "dev.amlemu": amlemu.__version__,
        "dev.amlemu.kind": "image",
        "dev.amlemu.reference": "true",
    }
