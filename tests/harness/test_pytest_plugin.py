"""What the harness adds to the fixtures: the container, and what becomes of its tests where there is no engine."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

TESTS = """
    import pytest

    @pytest.fixture(autouse=True)
    def no_engine(monkeypatch):
        monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")

    def test_inside(container_endpoint):
        assert container_endpoint.score({"data": [1]}) == [2]

    @pytest.mark.amlemu(target="container")
    def test_marked(scoring_client):
        assert scoring_client.score({"data": [1]}) == [2]

    def test_here(scoring_script):
        assert scoring_script.run("x") == "x"
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini("[pytest]\namlemu_script = score.py\n")
    pytester.makepyfile(test_a=TESTS, score="def init(): ...\ndef run(data): return data")
    return pytester


def test_without_an_engine_its_tests_are_skipped_with_the_reason(project: pytest.Pytester) -> None:
    """Where it was looked for, and how to have one; all others run."""
    result = project.runpytest_subprocess("-p", "no:cacheprovider", "-rs")

    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(
        ["SKIPPED*amlemu: no Docker engine answers. Tried unix:///nowhere/docker.sock (DOCKER_HOST): no such socket. *"]
    )


def test_who_requires_the_container_is_told_as_a_failure(project: pytest.Pytester) -> None:
    """In CI, say: a suite that has skipped its most important tests is green, and proves nothing."""
    result = project.runpytest_subprocess("-p", "no:cacheprovider", "--amlemu-require-container")

    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(["amlemu: no Docker engine answers.*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_the_command_line_can_ask_for_it(project: pytest.Pytester) -> None:
    """Then every test on an endpoint needs it; a script in this process is one in this process still."""
    result = project.runpytest_subprocess("-p", "no:cacheprovider", "--amlemu-target=container", "-rs")

    result.assert_outcomes(passed=1, skipped=2)
