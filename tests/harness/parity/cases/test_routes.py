"""Which paths are scoring routes, and what is left without the service before them."""

from __future__ import annotations

import pytest
from amlemu_harness.parity.cases.routes import scoring_target, without_service


@pytest.mark.parametrize(
    ("target", "scoring"),
    [
        ("/score", "/score"),
        ("/score?a=1", "/score?a=1"),
        ("/", "/"),
        ("/?probe=1", "/?probe=1"),
        ("/swagger.json?version=3", "/swagger.json?version=3"),
        ("/api/v1/service/storm/score", "/score"),
        ("/api/v1/service/storm/swagger.json", "/swagger.json"),
        ("/api/v1/service/storm/", "/"),
        ("/api/v1/service/storm?a=1", "/?a=1"),
        ("/gateway/team/score", "/score"),
        ("//score", "//score"),  # a base address with a slash at its end: what a server makes of it is worth knowing
        ("/score/", None),
        ("/scores", None),
        ("/highscore", None),
        ("/score/static/app.js", None),
        ("/index.html?next=/score", None),
    ],
)
def test_scoring_routes(target, scoring):
    assert scoring_target(target) == scoring


@pytest.mark.parametrize(
    ("target", "rest"),
    [("/api/v1/service/storm/other", "/other"), ("/team/score", "/team/score"), ("/score", "/score")],
)
def test_only_a_service_is_taken_off_where_the_server_is_ours(target, rest):
    assert without_service(target) == rest
