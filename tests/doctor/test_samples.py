"""Sample requests beside a deployment: their size, and that a .json file holds JSON."""

from __future__ import annotations

import pytest
from amlemu.doctor.samples import check_samples


@pytest.mark.parametrize(
    ("name", "content", "rules"),
    [
        # contract 1.2, 1.5: 1.5 MB; the doctor warns from 1 500 000 bytes
        pytest.param("sample-request.json", b'"' + b"a" * 1_499_998 + b'"', [], id="small-enough"),
        pytest.param("sample-request.json", b'"' + b"a" * 1_499_999 + b'"', ["request-too-large"], id="too-large"),
        pytest.param("sample-request.png", b"\x89" * 1_500_001, ["request-too-large"], id="too-large-and-no-json"),
        pytest.param("sample_request.json", b'{"data": [1,]}', ["request-not-json"], id="no-json"),
        pytest.param("request.json", b"\xef\xbb\xbf{}", [], id="byte-order-mark"),
        pytest.param("other.json", b"{", [], id="no-sample"),
        pytest.param("sample-request.csv", b"1,2", [], id="another-format"),
    ],
)
def test_samples_are_looked_at(subject_of, tmp_path, name, content, rules):
    (tmp_path / name).write_bytes(content)

    found = list(check_samples(subject_of("")))

    assert [finding.rule for finding in found] == rules
    assert all(finding.severity == "warning" and finding.place.file == tmp_path / name for finding in found)
