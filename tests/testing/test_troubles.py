"""What tests are told that get no endpoint, once for many; and what is told beside those that fail."""

from __future__ import annotations

import re

import pytest

pytest_plugins = "pytester"

IMPORTS = """
    import no_such_module

    def init(): ...

    def run(data): ...
"""
INIT = """
    def init():
        open("model.pkl")

    def run(data): ...
"""
NO_RUN = """
    def init(): ...
"""
SYNTAX = """
    def init(): ...

    def run(data)
        return data
"""
DIVIDES = """
    import json

    def init(): ...

    def run(data):
        return 1 / json.loads(data)["by"]
"""
THREE = """
    import pytest

    pytestmark = pytest.mark.amlemu(script="{script}")

    def test_one(scoring_client):
        pass

    def test_two(make_endpoint):
        make_endpoint()

    def test_three(scoring_client):
        pass
"""
NOWHERE = "unix:///nowhere/docker.sock"


@pytest.fixture
def run(pytester):
    """Run pytest on its own; of its summary only the skipped ones are told."""
    return lambda *words: pytester.runpytest_subprocess("-p", "no:cacheprovider", "-rs", *words)


def told_of(result, name):
    """Return what stands below the headline of a test that failed."""
    parts = re.split(
        r"(?m)^_{3,} (?:ERROR at setup of )?(\S+) _{3,}$", re.split(r"(?m)^=+ .* =+$", result.stdout.str())[2]
    )
    return dict(zip(parts[1::2], parts[2::2], strict=True))[name]


def texts(result):
    """Return what each failing test is told, the whole of it."""
    text = re.split(r"(?m)^=+ .* =+$", result.stdout.str())
    return [part for piece in text for part in re.split(r"(?m)^_{3,} .* _{3,}$", piece)[1:]]


# scripts that do not start


@pytest.mark.parametrize(
    "words",
    [
        pytest.param((), id="in-process"),
        pytest.param(("-n", "2", "--amlemu-target=worker"), id="worker-two-processes"),
    ],
)
def test_one_test_tells_why_a_script_does_not_start(pytester, run, words):
    """It fails at import, in init(), has no run(), is no Python; all other tests of that script are skipped and name the one."""
    scripts = {"imports": IMPORTS, "inits": INIT, "no_run": NO_RUN, "syntax": SYNTAX}
    pytester.makepyfile(**scripts)
    pytester.makepyfile(**{f"test_{name}": THREE.format(script=f"{name}.py") for name in scripts})
    result = run(*words)
    output = result.stdout.str()
    told = dict(re.findall(r"(?m)^amlemu: (\w+)\.py does not start: (.*)$", output))
    skipped = re.findall(
        r"(?m)^SKIPPED \[1\] \S+: amlemu: (\w+)\.py does not start; test_\1\.py::(\w+) says why$", output
    )

    outcomes = result.parseoutcomes()
    assert outcomes["skipped"] == 8
    assert outcomes.get("errors", 0) + outcomes.get("failed", 0) == 4
    assert {name: re.sub("installed for .*python[^ ]*", "installed for PYTHON", why) for name, why in told.items()} == {
        "imports": "the script needs the module 'no_such_module', which is not installed for PYTHON (imports.py:1)",
        "inits": "init() raised FileNotFoundError: [Errno 2] No such file or directory: 'model.pkl' (inits.py:2)",
        "no_run": told["no_run"],
        "syntax": "not valid Python: expected ':' (syntax.py:3)",
    }
    assert "run" in told["no_run"]
    assert sorted(name for name, _ in skipped) == sorted([*scripts] * 2)
    assert len(set(skipped)) == 4


def test_the_text_is_all_that_is_told(pytester, run):
    """Why, where, the script's traceback, what the cloud would do: once, without frames of ours or of pytest's."""
    pytester.makepyfile(inits=INIT, test_x=THREE.format(script="inits.py"))
    (text,) = texts(run())
    lines = text.strip().splitlines()

    assert lines[:5] == [
        "amlemu: inits.py does not start: init() raised FileNotFoundError: [Errno 2] No such file or directory: 'model.pkl' (inits.py:2)",
        "Traceback (most recent call last):",
        f'  File "{pytester.path}/inits.py", line 2, in init',
        '    open("model.pkl")',
        "FileNotFoundError: [Errno 2] No such file or directory: 'model.pkl'",
    ]
    assert lines[5].startswith(f"Looked for {pytester.path}/model.pkl; ")
    assert lines[-1] == (
        "The server would end with exit code 3, and the deployment fail. Other tests of this script are skipped."
    )
    assert text.count("[Errno 2]") == 2


def test_a_script_is_told_of_once_whatever_its_tests_ask_for(pytester, run):
    """The script itself, or an endpoint with this profile or that: it does not start all the same."""
    pytester.makepyfile(
        inits=INIT,
        test_x="""
        import pytest

        pytestmark = pytest.mark.amlemu(script="inits.py")

        def test_script(scoring_script):
            pass

        def test_client(scoring_client):
            pass

        @pytest.mark.amlemu(profile="kubernetes")
        def test_profile(scoring_client):
            pass

        @pytest.mark.amlemu(settings={"limits.requests_per_second": 5})
        def test_settings(scoring_client):
            pass
        """,
    )

    run().assert_outcomes(errors=1, skipped=3)


def test_other_scripts_tests_run(pytester, run):
    """Also after a failure, in the same file."""
    pytester.makepyfile(
        inits=INIT,
        divides=DIVIDES,
        test_x="""
        import pytest

        @pytest.mark.amlemu(script="inits.py")
        def test_bad(scoring_client):
            pass

        @pytest.mark.amlemu(script="divides.py")
        def test_good(scoring_client):
            assert scoring_client.score({"by": 2}) == 0.5
        """,
    )

    run().assert_outcomes(errors=1, passed=1)


def test_a_script_that_was_mended_is_told_of_anew(pytester, run):
    """Each run begins without memory."""
    pytester.makepyfile(inits=INIT, test_x=THREE.format(script="inits.py"))
    run().assert_outcomes(errors=1, skipped=2)

    pytester.makepyfile(inits="def init(): ...\n\ndef run(data): ...\n")
    run().assert_outcomes(passed=3)


def test_a_mistake_in_a_marker_is_told_in_one_line(pytester, run):
    """As one text, not as a chain of exceptions."""
    pytester.makepyfile(
        test_x="""
        import pytest

        @pytest.mark.amlemu(scirpt="score.py")
        def test_one(scoring_client):
            pass
        """
    )
    (text,) = texts(run())

    (line,) = text.strip().splitlines()
    assert line.startswith("amlemu: @pytest.mark.amlemu: there is no argument 'scirpt'; did you mean script?")


# beside a test that fails


def test_the_last_requests_stand_beside_a_failure(pytester, run):
    """Three of each client; not where nothing was asked, nor where the failure tells of them itself."""
    pytester.makepyfile(
        divides=DIVIDES,
        test_x="""
        import pytest
        from amlemu.testing import assert_cloud, assert_scored

        pytestmark = pytest.mark.amlemu(script="divides.py")

        def test_plain(scoring_client):
            for by in (1, 2, 4, 0):
                last = scoring_client.post("/score", json={"by": by})
            assert last.status_code == 200

        @pytest.mark.amlemu(target="worker")
        def test_worker(scoring_client):
            assert scoring_client.post("/score", json={"by": 0}).status_code == 200

        def test_caught(scoring_client):
            with pytest.raises(Exception):
                scoring_client.score({"by": 0})
            assert not "done"

        def test_two_clients(make_endpoint):
            for profile in ("managed", "kubernetes"):
                make_endpoint(profile=profile).post("/score", json={"by": 0})
            assert not "done"

        def test_score(scoring_client):
            scoring_client.score({"by": 0})

        def test_scored(scoring_client):
            assert_scored(scoring_client.post("/score", json={"by": 0}))

        def test_cloud(scoring_client):
            assert_cloud(scoring_client.post("/score", json={"by": 0}), 200)

        def test_not_asked(scoring_client):
            assert not scoring_client

        def test_passes(scoring_client):
            scoring_client.post("/score", json={"by": 0})
        """,
    )
    result = run("-n", "2")

    result.assert_outcomes(failed=8, passed=1)
    told = {name: told_of(result, f"test_{name}").partition("amlemu: the last requests") for name in (
        "plain", "worker", "caught", "two_clients", "score", "scored", "cloud", "not_asked"
    )}  # fmt: skip
    asked = {name: re.findall(r'(?m)^        (\{"by".*)$', beside) for name, (_, _, beside) in told.items()}
    assert asked == {
        "plain": ['{"by":2}', '{"by":4}', '{"by":0}'],
        "worker": ['{"by":0}'],
        "caught": ['{"by": 0}'],
        "two_clients": ['{"by":0}', '{"by":0}'],
        "score": [],
        "scored": [],
        "cloud": [],
        "not_asked": [],
    }
    assert [name for name, (_, title, _) in told.items() if not title] == ["score", "scored", "cloud", "not_asked"]
    for name in ("score", "scored", "cloud"):
        assert re.search(r"(?m)^E +caller: got 424 Failed Dependency \(inprocess, profile managed\)$", told[name][0])
    assert "why:    run() raised ZeroDivisionError: division by zero (divides.py:6)" in told["plain"][2]
    assert "caller: got 424 Failed Dependency (worker, profile managed)" in told["worker"][2]
    assert "profile kubernetes" in told["two_clients"][2]


@pytest.mark.parametrize("style", ["short", "native"])
def test_however_tracebacks_are_written_a_request_is_told_once(pytester, run, style):
    pytester.makepyfile(
        divides=DIVIDES,
        test_x="""
        import pytest

        @pytest.mark.amlemu(script="divides.py")
        def test_score(scoring_client):
            scoring_client.score({"by": 0})
        """,
    )

    assert run(f"--tb={style}").stdout.str().count("asked:  POST /score") == 1


# no engine


def test_without_an_engine_containers_tests_are_skipped(pytester, run, monkeypatch):
    """With the reason; with --amlemu-require-container they fail with it."""
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    pytester.makepyfile(
        divides=DIVIDES,
        test_x="""
        import pytest

        pytestmark = pytest.mark.amlemu(script="divides.py")

        def test_here(scoring_client):
            scoring_client.score({"by": 1})

        @pytest.mark.amlemu(target="container")
        def test_marked(scoring_client):
            pass

        def test_fixture(container_endpoint):
            pass
        """,
    )
    reason = f"amlemu: no Docker engine answers. Tried {NOWHERE} (DOCKER_HOST): no such socket."
    result = run()

    result.assert_outcomes(passed=1, skipped=2)
    assert re.findall(r"SKIPPED \[\d\] \S+: (.*? socket\.)", result.stdout.str()) == [reason] * 2

    result = run("--amlemu-require-container")
    result.assert_outcomes(passed=1, errors=2)
    assert [text.strip().splitlines()[0].startswith(reason) for text in texts(result)] == [True, True]


def test_one_script_is_one_trouble_whatever_stands_before_it(pytester):
    """Keys and limits are none of its business; and a test that asks twice is told twice."""
    pytester.makepyfile(
        score="1/0",
        other="import os\ndef init(): os.environ['AZUREML_MODEL_DIR']\ndef run(data): ...",
        ends="import os\ndef init(): os._exit(4)\ndef run(data): ...",
        test_x="""
        import pytest

        pytestmark = pytest.mark.amlemu(script="score.py")

        def test_one(scoring_client): ...

        @pytest.mark.amlemu(auth="key")
        def test_two(scoring_client): ...

        @pytest.mark.amlemu(script="other.py")
        def test_other(make_endpoint):
            for _ in range(2):
                with pytest.raises(pytest.fail.Exception) as raised:
                    make_endpoint()
            assert 'model_dir="..." in the marker, or amlemu_model_dir in pytest' in str(raised.value)

        @pytest.mark.amlemu(script="ends.py")
        @pytest.mark.parametrize("number", range(2))
        def test_ends(scoring_script, number): ...
        """,
    )

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error")

    result.assert_outcomes(passed=1, errors=2, skipped=2)
    result.stdout.fnmatch_lines(
        ["amlemu: ends.py does not start: it called os._exit(4), which would end this process and all tests*"]
    )
    result.stdout.no_fnmatch_line("*loaded.py*")
