"""Certificates and proxies for a build are found where other programs look for them."""

from __future__ import annotations

import pytest
from amlemu.errors import UsageError
from amlemu_harness.certificates import bundle, is_local, proxies

PEM = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"


@pytest.fixture
def pem(tmp_path):
    (tmp_path / "ca.pem").write_text(PEM)
    return tmp_path / "ca.pem"


def test_pips_own_variable_comes_first(pem):
    assert bundle(None, {"SSL_CERT_FILE": "/dev/null", "PIP_CERT": str(pem)}) == (pem, "PIP_CERT")


def test_a_variable_that_names_no_file_is_passed_over(pem):
    assert bundle(None, {"PIP_CERT": "/nowhere.pem", "CURL_CA_BUNDLE": str(pem)}) == (pem, "CURL_CA_BUNDLE")


def test_the_flag_wins_and_an_empty_one_wants_none(pem):
    assert bundle(str(pem), {"PIP_CERT": "/other"}) == (pem, "--ca-bundle")
    assert bundle("", {"PIP_CERT": str(pem)}) == (None, "")
    assert bundle(None, {}) == (None, "")


def test_what_holds_no_certificate_is_refused(tmp_path):
    (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\n")

    with pytest.raises(UsageError, match="holds no certificate"):
        bundle(str(tmp_path / "key.pem"), {})
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        bundle(str(tmp_path / "none.pem"), {})


def test_proxies_are_passed_on_in_both_spellings():
    assert proxies({"https_proxy": "http://proxy:3128", "NO_PROXY": "localhost"}) == {
        "HTTPS_PROXY": "http://proxy:3128",
        "https_proxy": "http://proxy:3128",
        "NO_PROXY": "localhost",
        "no_proxy": "localhost",
    }


@pytest.mark.parametrize(
    ("address", "local"),
    [("http://127.0.0.1:3128", True), ("http://me:secret@localhost:1", True), ("http://proxy.example:3128", False)],
)
def test_a_proxy_on_this_machine_is_known(address, local):
    assert is_local(address) == local
