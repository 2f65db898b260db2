"""Who answers for an endpoint where no deployment does: on a real port."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from amlemu import profile_file
from amlemu.credentials import KeyFile, Keyring
from amlemu.gateway.gate import Gate
from amlemu.local_endpoints import vacant

pytestmark = pytest.mark.anyio


async def said(profile_name, doorkeeper=None, **headers):
    profile, gate = vacant.profile_of(profile_name), Gate("127.0.0.1")
    gate.open(0)
    await gate.serve(
        lambda: vacant.front_door(profile, "iris", doorkeeper, "nobody is here"), profile, lambda event: None
    )
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            return await asyncio.wait_for(http.post(f"{gate.addresses[0]}/score", content=b"{}", headers=headers), 10)
    finally:
        gate.shut()
        await gate.drain(0)
        await gate.drained()


async def test_nobody_is_the_clouds_own_404():
    """Contract 1.2: the text, and nothing about who is here instead."""
    answer = await said("managed")

    assert (answer.status_code, answer.text) == (404, "Specified traffic group could not be found")
    assert "nobody is here" not in answer.text
    assert "x-request-id" in answer.headers


async def test_who_has_no_key_does_not_even_learn_that(tmp_path):
    """Contract 1.2, order of the checks: 401 before 404."""
    keyring = Keyring("key", KeyFile(tmp_path))
    keyring.prepare()
    key = KeyFile(tmp_path).keys().primary

    assert (await said("managed", keyring)).status_code == 401
    assert (await said("managed", keyring, Authorization=f"Bearer {key}")).status_code == 404


async def test_a_kind_is_a_face():
    """Where nothing has said which, the managed one's."""
    assert vacant.profile_of("kubernetes").name == "kubernetes"
    assert vacant.profile_of("").name == profile_file.load("managed").name
    assert vacant.profile_of("a-profile-of-my-own").name == profile_file.load("managed").name
