"""The routes of a keeper's control port; whoever has no token has no business there."""

from __future__ import annotations

import json

import httpx
import pytest

from .desk import GOOD, Desk


@pytest.fixture(scope="module")
def control(tmp_path_factory):
    """A client of the keeper of iris, which has one deployment."""
    with Desk(tmp_path_factory.mktemp("control")) as desk:
        desk.save("score.py", GOOD)
        desk.must("endpoint", "create", "-n", "iris", "-f", "score.py")
        note = json.loads((desk.folder / ".amlemu/endpoints/iris/control.json").read_text(encoding="utf-8"))
        headers = {"Authorization": f"Bearer {note['token']}"}
        with httpx.Client(base_url=note["url"], headers=headers, trust_env=False, timeout=10) as http:
            yield http


def test_it_says_who_it_is(control):
    """Without what a server of a script would say: `amlemu status` does not take it for one."""
    said = control.get("/").json()

    assert said["endpoint"] == "iris"
    assert "keeper" in said
    assert "amlemu" not in said


@pytest.mark.parametrize("path", ["/operations", "/operations/1/told", "/deployments/blue/reload"])
@pytest.mark.parametrize("token", ["", "Bearer", "Bearer nonsense"], ids=["none", "empty", "wrong"])
def test_without_the_token_nothing_is_done(control, path, token):
    answer = httpx.post(f"{control.base_url}{path}", headers={"Authorization": token}, content=b"{}", trust_env=False)

    assert answer.status_code in (401, 403)


def test_a_page_in_a_browser_cannot_come_in(control):
    """Not even with the token: by the name of another host."""
    assert control.post("/deployments/blue/reload", headers={"Host": "evil.example"}).status_code in (400, 403, 421)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="half"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"{}", id="nothing"),
        pytest.param(b'{"id": "1", "verb": "create", "asked": 7}', id="of-seven"),
        pytest.param(b'{"id": "2", "verb": "create", "asked": {"blue": {}}}', id="of-no-file"),
        pytest.param(b'{"id": "3", "verb": "explode", "asked": {}}', id="unknown-verb"),
        pytest.param(b'{"id": "4", "verb": "update", "asked": {}, "deployment": "green"}', id="not-there"),
        pytest.param(b'{"id": "5", "verb": "update", "asked": {}, "deployment": "blue"}', id="of-nothing"),
    ],
)
def test_what_is_no_operation_is_refused_in_words(control, body):
    """And the endpoint goes on."""
    answer = control.post("/operations", content=body, headers={"Content-Type": "application/json"})

    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]
    assert control.get("/").status_code == 200


def test_a_script_is_loaded_anew(control):
    assert control.post("/deployments/blue/reload").json()["ok"] is True


def test_a_deployment_that_is_not_there_is_not(control):
    answer = control.post("/deployments/green/reload")

    assert answer.status_code == 409
    assert answer.json()["error"] == "the deployment green is not served"
