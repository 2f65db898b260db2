"""The fixtures, the marker and the options, as a project's tests use them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import amlemu
import pytest

pytest_plugins = ["pytester"]

SCORE = """
    import json
    import os

    factor = 2

    def init():
        print("init of", os.getpid())

    def run(data):
        rows = json.loads(data)["data"]
        print("scoring", len(rows), "rows")
        if not rows:
            raise ValueError("no rows")
        return [factor * row for row in rows]
"""
ONE = """
    def test_one(scoring_client):
        assert scoring_client.score({"data": [1]}) == [2]
"""
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def project(pytester: pytest.Pytester) -> Iterator[Run]:
    """Run pytest on test files beside `src/score.py`: `project("-n", "2", test_a="...")`; as a user does, in a process of its own."""
    source = pytester.mkdir("src") / "score.py"
    source.write_text("\n".join(line[4:] for line in SCORE.splitlines()))
    pytester.makeini("[pytest]\namlemu_script = src/score.py\n")

    def run(*words: str, **files: str) -> pytest.RunResult:
        if files:
            pytester.makepyfile(**files)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error", *words)

    yield run
    left = [command for command in processes() if str(pytester.path) in command]
    assert not left, "a run of pytest leaves no process behind"


def processes() -> list[str]:
    """The commands of all other processes, with their folders."""
    found = []
    for process in {*Path("/proc").glob("[0-9]*")} - {Path("/proc", str(os.getpid()))}:
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            found.append(f"{words} in {(process / 'cwd').readlink()}" if "amlemu" in words else "")
        except OSError:
            pass  # it has just ended
    return found


def test_scoring_script(project: Run) -> None:
    """The value of run(), its exceptions, and a module that a test may change for itself."""
    result = project(
        test_a="""
        import pytest

        def test_value(scoring_script):
            assert scoring_script.run({"data": [1, 2]}) == [2, 4]

        def test_changed(scoring_script, monkeypatch):
            monkeypatch.setattr(scoring_script.module, "factor", 10)
            scoring_script.module.other = 1
            assert scoring_script.run({"data": [1]}) == [10]

        def test_as_before(scoring_script):
            assert scoring_script.run({"data": [1]}) == [2]
            assert not hasattr(scoring_script.module, "other")

        def test_error(scoring_script):
            with pytest.raises(ValueError, match="no rows"):
                scoring_script.run({"data": []})

        def test_failing(scoring_script):
            scoring_script.run({"data": []})
        """
    )

    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(
        ["*def run(data):", '>*raise ValueError("no rows")', "E*ValueError: no rows", "src/score.py:14: ValueError"]
    )
    result.stdout.no_fnmatch_line("*amlemu/scoring*")


def test_scoring_client_answers_as_the_cloud(project: Run) -> None:
    """With the profile of the marker; the rate limit is off, and what fails is told with both lanes."""
    result = project(
        test_a="""
        import pytest
        from amlemu.testing import assert_cloud, assert_scored

        def test_managed(scoring_client):
            assert assert_scored(scoring_client.post("/score", json={"data": [1]})) == [2]
            assert_cloud(scoring_client.post("/score", json={"data": []}), 424, model=500)
            assert [one.response.status for one in scoring_client.exchanges] == [200, 424]
            assert scoring_client.last.model.status == 500

        @pytest.mark.amlemu(profile="kubernetes")
        def test_kubernetes(scoring_client):
            assert_cloud(scoring_client.post("/score", json={"data": []}), 502, model=500)

        @pytest.mark.amlemu(settings={"limits.requests_per_second": 1})
        def test_rate(scoring_client):
            answers = [scoring_client.post("/score", json={"data": [1]}) for _ in range(5)]
            assert_cloud(answers[-1], 429, model=None, why="1 requests a second")

        def test_many(scoring_client):
            for _ in range(300):
                scoring_client.score({"data": [1]})

        def test_failing(scoring_client):
            scoring_client.score({"data": []})
        """
    )

    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(
        [
            "E*ScoringFailed: the endpoint answered 424 Failed Dependency",
            "E   *asked:  POST /score",
            "E   *caller: got 424 Failed Dependency (inprocess, profile managed)",
            "E   *model:  said 500 INTERNAL SERVER ERROR",
            "E   *why:    run() raised ValueError: no rows (score.py:14)",
            "E   *log of this request:",
            "E   *scoring 0 rows",
        ]
    )


def test_make_endpoint_shares_what_is_alike(project: Run) -> None:
    """One init() for each kind of endpoint, however many tests ask; `fresh` is for one test."""
    result = project(
        "-s",
        test_a="""
        import pytest

        @pytest.mark.parametrize("number", range(3))
        @pytest.mark.parametrize("target", ["inprocess", "worker"])
        def test_same(make_endpoint, target, number):
            client = make_endpoint(target=target, profile="bare")
            assert client.score({"data": [1]}) == [2]
            assert make_endpoint(target=target, profile="aks").score({"data": [1]}) == [2]

        def test_fresh(make_endpoint):
            assert make_endpoint(fresh=True).score({"data": [1]}) == [2]

        def test_variable(make_endpoint, tmp_path):
            path = tmp_path / "score.py"
            path.write_text("import os\\ndef init(): ...\\ndef run(data): return os.environ['MODE']")
            assert [make_endpoint(script=path, env={"MODE": mode}).score("x") for mode in "ab"] == ["a", "b"]
        """,
    )

    result.assert_outcomes(passed=8)
    assert result.outlines.count(next(line for line in result.outlines if "init of" in line)) >= 1
    assert sum("init of" in line for line in result.outlines) == 2, (
        "two in process, one of them fresh; workers are not heard"
    )


@pytest.mark.parametrize("target", ["inprocess", "worker"])
def test_async_scoring_client(project: Run, target: str) -> None:
    """The same as an httpx.AsyncClient; requests of one test may overlap as the profile lets them."""
    result = project(
        f"--amlemu-target={target}",
        test_a="""
        import asyncio
        import pytest
        from amlemu.testing import assert_scored

        @pytest.mark.anyio
        async def test_together(async_scoring_client):
            answers = await asyncio.gather(*(async_scoring_client.post("/score", json={"data": [n]}) for n in (1, 2)))
            assert [assert_scored(answer) for answer in answers] == [[2], [4]]
            assert await async_scoring_client.score({"data": [3]}) == [6]
            assert len(async_scoring_client.exchanges) == 3

        @pytest.fixture
        def anyio_backend():
            return "asyncio"
        """,
    )

    result.assert_outcomes(passed=1)


def test_scoring_snapshot(project: Run, pytester: pytest.Pytester) -> None:
    """Nothing is kept without --amlemu-update; then the same answer passes, and another one is told by its place."""
    test = """
        def test_kept(scoring_client, scoring_snapshot):
            scoring_snapshot(scoring_client.post("/score", json={"data": [1, 2]}))
    """
    kept = pytester.path / "test_a.snapshots.json"

    project(test_a=test).assert_outcomes(failed=1)
    assert not kept.exists()
    project("--amlemu-update", test_a=test).assert_outcomes(passed=1)
    assert '"status": 200' in kept.read_text()
    project("--amlemu-target=worker").assert_outcomes(passed=1)
    (pytester.path / "src/score.py").write_text("def init(): ...\ndef run(data): return [2, 5]")
    result = project()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E*this is not the answer that was kept (test_a.snapshots.json, 'test_kept', answer 1):",
            "E*body[[]1[]]: kept 4, now 5",
        ]
    )


def test_the_marker_the_ini_and_the_project_in_their_order(project: Run, pytester: pytest.Pytester) -> None:
    """A test's own marker beats its module's, that the ini, that [tool.amlemu]."""
    pytester.makepyprojecttoml('[tool.amlemu]\nprofile = "aks"\nenv = ["FROM=project"]')
    (pytester.path / "src/other.py").write_text(
        "import os\ndef init(): ...\ndef run(data): return [os.environ.get(name) for name in ('FROM', 'MORE')]"
    )
    result = project(
        test_a="""
        import pytest

        pytestmark = pytest.mark.amlemu(script="src/other.py", env={"MORE": "module"})

        def test_module(scoring_client):
            assert scoring_client.score("x") == ["project", "module"]

        @pytest.mark.amlemu(env={"MORE": "test"}, profile="managed")
        def test_own(scoring_client):
            assert scoring_client.score("x") == ["project", "test"]
            assert scoring_client.get("/nowhere").status_code == 424
        """,
        test_b="""
        def test_ini(scoring_client):
            assert scoring_client.score({"data": [1]}) == [2]
            assert scoring_client.get("/nowhere").status_code != 424
        """,
    )

    result.assert_outcomes(passed=3)


def test_a_deployment_is_served_as_its_file_says(project: Run, pytester: pytest.Pytester) -> None:
    """Code, model, variables and profile are those of Azure's file."""
    (pytester.path / "model").mkdir()
    (pytester.path / "model/weights").write_text("7")
    (pytester.path / "src/deployed.py").write_text(
        "import os\nfrom pathlib import Path\ndef init(): ...\n"
        "def run(data): return [Path(os.environ['AZUREML_MODEL_DIR'], 'model/weights').read_text(), os.environ['MODE']]\n"
    )
    (pytester.path / "deployment.yml").write_text(
        "$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json\n"
        "name: blue\nendpoint_name: mine\nmodel:\n  path: ./model\n"
        "code_configuration:\n  code: ./src\n  scoring_script: deployed.py\n"
        "environment:\n  image: mcr.microsoft.com/azureml/minimal-py312-inference:latest\n"
        "environment_variables:\n  MODE: strict\ninstance_type: Standard_DS3_v2\ninstance_count: 1\n"
    )
    result = project(
        test_a="""
        import pytest

        @pytest.mark.amlemu(deployment="deployment.yml")
        @pytest.mark.parametrize("target", ["inprocess", "worker"])
        def test_deployed(make_endpoint, target):
            client = make_endpoint(target=target)
            assert client.score("x") == ["7", "strict"]
            assert client.get("/nowhere").status_code == 424
        """
    )

    result.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        ('scirpt="a"', "E*amlemu: @pytest.mark.amlemu: there is no argument 'scirpt'; did you mean script? It takes script, deployment, *"),
        ('"src/score.py"', '*the marker takes arguments by name. Expected @pytest.mark.amlemu(script="src/score.py").*'),
        ('script="score.py"', "*amlemu: @pytest.mark.amlemu, script: no such file or folder: score.py. Looked for *"),
        ('profile="manged"', "*manged*managed*"),
        ('target="cloud"', "*'cloud' is no target. Expected one of inprocess, worker, container, or a URL.*"),
        ('settings={"limits.body": 1}', "*limits.body*"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_marker_is_told(project: Run, marker: str, text: str) -> None:
    """In one line, with what would be right; no traceback of ours."""
    result = project(test_a=f"import pytest\n@pytest.mark.amlemu({marker})\ndef test_one(scoring_client): ...")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([text.removeprefix("E*")])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_no_script_at_all_is_told_with_those_that_are_there(project: Run, pytester: pytest.Pytester) -> None:
    """And with both ways to name one."""
    pytester.makeini("[pytest]\n")

    result = project(test_a=ONE)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*this test names no scoring script*amlemu_script = score.py*Found: src/score.py.*"])


def test_options_that_are_none_are_told_before_anything_runs(project: Run) -> None:
    """As pytest tells all its own."""
    result = project("--amlemu-target=workers", test_a=ONE)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --amlemu-target: 'workers' is no target; did you mean worker? Expected one of *"]
    )
    result = project("--amlemu-profile=manged")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --amlemu-profile: *managed*"])


def test_one_option_moves_all_tests(project: Run) -> None:
    """From this process into a worker, and to a URL; the header says where they ran."""
    test = """
        import os

        def test_one(scoring_client):
            assert scoring_client.score({"data": [1]}) == [2]
            assert scoring_client.last.response.status == 200

        def test_where(make_endpoint, tmp_path):
            path = tmp_path / "where.py"
            path.write_text("import os\\ndef init(): ...\\ndef run(data): return os.getpid()")
            print("here" if make_endpoint(script=path).score("x") == os.getpid() else "elsewhere")
    """
    result = project("-s", test_a=test)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*here*"])
    result.stdout.no_fnmatch_line("*elsewhere*")

    result = project("-s", "--amlemu-target=worker", "--amlemu-profile=bare")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["amlemu: target worker, profile bare", "*elsewhere*"])


def test_a_url_is_asked_with_the_key_of_a_variable(
    project: Run, write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose endpoint it is does not matter; what it answers is judged as before, the model's status by its header."""
    script = write("there/score.py", SCORE)
    monkeypatch.setenv("AMLEMU_KEY", "secret")
    with amlemu.serve(script, auth="key", keys=("secret", "other")) as endpoint:
        result = project(
            f"--amlemu-target={endpoint.url}/score",
            test_a="""
            from amlemu.testing import assert_cloud

            def test_there(scoring_client):
                assert scoring_client.score({"data": [1]}) == [2]
                assert_cloud(scoring_client.post("/score", json={"data": []}), 424, model=500)

            def test_failing(scoring_client):
                scoring_client.score({"data": []})
            """,
        )

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([f"amlemu: target {endpoint.url}/score", "E*caller: got 424*", "E*model:  said 500*"])
    result.stdout.no_fnmatch_line("*Bearer secret*")


def test_a_url_where_nobody_answers_is_told_once(project: Run) -> None:
    """The other tests are skipped."""
    result = project("--amlemu-target=http://127.0.0.1:1", "-rs", test_a=ONE + ONE.replace("test_one", "test_two"))

    result.assert_outcomes(errors=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "amlemu: nobody answers at http://127.0.0.1:1: *",
            "SKIPPED*nobody answers at http://127.0.0.1:1; test_a.py::test_one says why",
        ]
    )


def test_variables_of_a_test_are_the_scripts_and_nobody_elses(project: Run) -> None:
    """Whichever comes first, the fixture or the monkeypatch; and the process is as before."""
    result = project(
        test_a="""
        import os
        import pytest

        @pytest.mark.parametrize("number", range(2))
        def test_before(monkeypatch, make_endpoint, number):
            monkeypatch.setenv("MODE", "before")
            monkeypatch.delenv("HOME")
            client = make_endpoint(script="src/mode.py")
            assert client.score("x") == "before"
            monkeypatch.setenv("MODE", "after")
            assert client.score("x") == "after"

        def test_without(make_endpoint):
            assert make_endpoint(script="src/mode.py").score("x") == "default"
            assert "HOME" in os.environ

        def test_nothing_is_left():
            assert "MODE" not in os.environ
            assert "HOME" in os.environ
        """,
        **{
            "src/mode": """
                import os

                def init():
                    os.environ.setdefault("MODE", "default")

                def run(data):
                    return os.environ["MODE"]
            """
        },
    )

    result.assert_outcomes(passed=4)


def test_a_test_that_needs_a_worker_keeps_it(project: Run) -> None:
    """One that ends its process, say; the command line moves tests up only."""
    result = project(
        "--amlemu-target=inprocess",
        test_a="""
        import pytest
        from amlemu.testing import assert_cloud

        @pytest.mark.amlemu(script="dies.py", target="worker")
        def test_death(scoring_client):
            assert_cloud(scoring_client.post("/score", json={}), 424, model=502, why="")
        """,
        dies="import os\ndef init(): ...\ndef run(data): os._exit(5)",
    )

    result.assert_outcomes(passed=1)


def test_fixtures_can_be_overridden(project: Run) -> None:
    """A project's conftest.py says once what all its tests ask."""
    result = project(
        test_a=ONE.replace("[2]", "[20]"),
        conftest="""
        import pytest

        @pytest.fixture
        def scoring_script(scoring_script, monkeypatch):
            monkeypatch.setattr(scoring_script.module, "factor", 20)
            return scoring_script

        @pytest.fixture
        def scoring_client(scoring_script, make_endpoint):
            return make_endpoint(profile="bare")
        """,
    )

    result.assert_outcomes(passed=1)


def test_under_xdist_processes_do_not_collide(project: Run, pytester: pytest.Pytester) -> None:
    """Ports, folders for links, processes: each has its own. What tests import by its name is not what the script finds."""
    files = {
        "model/weights": "",
        "helper.py": "name = 'of the tests'",
        "src/helper.py": "name = 'of the script'",
        "src/named.py": "import helper\ndef init(): ...\ndef run(data): return helper.name",
    }
    for name, text in files.items():
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    pytester.makepyfile(
        test_a="""
        import helper
        import pytest

        @pytest.mark.parametrize("number", range(6))
        @pytest.mark.parametrize("target", ["inprocess", "worker"])
        def test_many(make_endpoint, target, number):
            client = make_endpoint(target=target, script="src/named.py", models={"m:1": "model"})
            assert client.score("x") == "of the script"
            assert helper.name == "of the tests"
        """
    )

    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "2"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=pytester.path, env=environment
    )

    assert "12 passed" in done.stdout, done.stdout
    assert not (pytester.path / "src/.amlemu").exists()


def test_s_shows_what_a_script_prints_at_once(project: Run) -> None:
    """And without it stands beside a failure, as a test's own."""
    result = project("-s", test_a=ONE)
    result.stdout.fnmatch_lines(["*scoring 1 rows*"])

    result = project(test_a=ONE.replace("[2]", "[3]"))
    result.stdout.fnmatch_lines(["*Captured stdout call*", "scoring 1 rows"])


def test_pdb_stands_in_the_script(project: Run, pytester: pytest.Pytester) -> None:
    """--pdb after a failure, and a breakpoint() that somebody has left in run()."""
    (pytester.path / "src/stops.py").write_text(
        "def init(): ...\ndef run(data):\n    secret = 41\n    breakpoint()\n    return secret + 1\n"
    )
    test = """
        import pytest

        @pytest.mark.amlemu(script="src/stops.py")
        def test_stops(scoring_client):
            assert scoring_client.score("x") == 42

        def test_fails(scoring_script):
            scoring_script.run({"data": []})
    """
    pytester.makepyfile(test_a=test)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--pdb"]
    done = subprocess.run(
        command,
        input="p secret\nc\np rows\nq\n",
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=pytester.path,
    )

    assert re.search(r"stops\.py\(\d\)run\(\)\n.*\n?\(Pdb\) 41\n", done.stdout), done.stdout
    assert re.search(r"score\.py\(14\)run\(\)\n.*\n\(Pdb\) \[\]\n", done.stdout), done.stdout


def test_ctrl_c_ends_the_run_and_all_that_it_has_started(project: Run, pytester: pytest.Pytester) -> None:
    """In the middle of a run() of this process, with a worker beside."""
    pytester.makepyfile(
        test_a="""
        def test_long(make_endpoint, tmp_path):
            make_endpoint(target="worker").score({"data": [1]})
            path = tmp_path / "long.py"
            path.write_text("import time\\ndef init(): ...\\ndef run(data):\\n    open('began', 'w').close()\\n    time.sleep(60)")
            make_endpoint(script=path, settings={"limits.request_timeout_ms": 60000}).score("x")
        """
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--basetemp={pytester.path}/temp"]
    running = subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 20
    while not list(pytester.path.glob("temp/*/began")):
        assert running.poll() is None, running.stdout.read() if running.stdout else ""
        assert time.monotonic() < deadline
        time.sleep(0.01)

    os.kill(running.pid, signal.SIGINT)
    out, _ = running.communicate(timeout=10)

    assert running.returncode == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in out


def test_a_run_that_uses_nothing_of_it_pays_nothing(pytester: pytest.Pytester) -> None:
    """The plugin alone is there: nothing of httpx, FastAPI, docker or the emulator."""
    pytester.makepyfile(
        """
        import sys

        def test_modules():
            ours = {name for name in sys.modules if name.startswith("amlemu")}
            assert ours == {"amlemu", "amlemu.pytest_plugin", "amlemu_harness", "amlemu_harness.pytest_plugin"}
            assert not {"httpx", "fastapi", "docker", "uvicorn"} & set(sys.modules)
        """
    )

    pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:anyio", "-p", "no:xdist").assert_outcomes(
        passed=1
    )


def test_what_there_is_is_listed(pytester: pytest.Pytester) -> None:
    """By pytest's own --fixtures, --markers and --help."""
    fixtures = pytester.runpytest_subprocess("--fixtures").stdout.str()
    for name in (
        "scoring_script",
        "scoring_client",
        "make_endpoint",
        "async_scoring_client",
        "container_endpoint",
        "scoring_snapshot",
    ):
        assert re.search(rf"^{name} -- .*\n    \S", fixtures, re.MULTILINE), name
    pytester.runpytest_subprocess("--markers").stdout.fnmatch_lines(["@pytest.mark.amlemu(script, deployment, *"])
    pytester.runpytest_subprocess("--help").stdout.fnmatch_lines(
        ["*--amlemu-target=TARGET", "*--amlemu-profile=NAME*", "*--amlemu-update*", "*--amlemu-require-container*"]
    )


def test_what_was_for_one_test_ends_with_it(project: Run) -> None:
    """Fresh scripts and endpoints, and every client."""
    result = project(
        test_a="""
        from pathlib import Path
        import httpx
        import pytest

        kept = []

        @pytest.mark.amlemu(models={"m:1": "src/score.py"}, fresh=True)
        def test_script(scoring_script):
            assert list(Path("src/.amlemu").iterdir())

        def test_script_is_gone():
            assert not Path("src/.amlemu").exists()

        @pytest.mark.amlemu(target="worker", fresh=True)
        def test_client(scoring_client):
            scoring_client.score({"data": [1]})
            kept.append(scoring_client)

        def test_client_is_gone():
            assert kept[0].is_closed
            with pytest.raises(httpx.ConnectError):
                httpx.get(kept[0].url)
        """
    )

    result.assert_outcomes(passed=4)


def test_each_ini_option_counts(project: Run, pytester: pytest.Pytester) -> None:
    """Paths are those of the file's own folder, wherever pytest is started; the command line replaces its target."""
    files = {
        "inner/weights/w": "7",
        "inner/score.py": "import os\ndef init(): ...\ndef run(data): return os.listdir(os.environ['AZUREML_MODEL_DIR'])",
        "inner/pytest.ini": "[pytest]\namlemu_script = score.py\namlemu_profile = bare\namlemu_target = worker\namlemu_model_dir = weights\n",
        "inner/test_x.py": (
            "import pytest\nfrom amlemu import UsageError\n\n"
            "def test_one(scoring_client, request):\n"
            "    assert scoring_client.score('x') == ['w']\n"
            "    assert scoring_client.get('/nowhere').status_code == 404\n"
            "    if request.config.option.amlemu_target:\n"
            "        with pytest.raises(UsageError):\n"
            "            scoring_client.url\n"
            "    else:\n"
            "        assert scoring_client.url\n"
        ),
    }
    for name, text in files.items():
        (pytester.path / name).parent.mkdir(parents=True, exist_ok=True)
        (pytester.path / name).write_text(text)

    words = ("-c", "inner/pytest.ini", "--rootdir=.", "inner")
    project(*words).assert_outcomes(passed=1)
    project(*words, "--amlemu-target=inprocess").assert_outcomes(passed=1)


def test_a_path_beside_the_test_comes_first(project: Run, pytester: pytest.Pytester) -> None:
    """Of a marker's and of an argument's; and arguments have names."""
    pytester.path.joinpath("score.py").write_text("def init(): ...\ndef run(data): return 'far'")
    (pytester.path / "tests").mkdir()
    pytester.path.joinpath("tests/score.py").write_text("def init(): ...\ndef run(data): return 'near'")
    result = project(
        **{
            "tests/test_x": """
                import pytest

                @pytest.mark.amlemu(script="score.py")
                def test_marker(scoring_client):
                    assert scoring_client.score("x") == "near"

                def test_argument(make_endpoint):
                    assert make_endpoint(script="score.py").score("x") == "near"

                def test_place(make_endpoint):
                    make_endpoint("score.py")
            """
        }
    )

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["amlemu: make_endpoint takes arguments by name: script='score.py'"])


def test_a_front_door_before_a_url_wants_a_script(project: Run, pytester: pytest.Pytester) -> None:
    """Its routes and limits are those of a deployment."""
    pytester.makeini("[pytest]\n")

    result = project("--amlemu-target=http://127.0.0.1:1", "--amlemu-profile=bare", test_a=ONE)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*this test names no scoring script*"])


def test_ctrl_c_in_init_ends_the_run(project: Run, pytester: pytest.Pytester) -> None:
    """It is not the script that has failed."""
    (pytester.path / "src/long.py").write_text(
        "import time\ndef init():\n    open('began', 'w').close()\n    time.sleep(60)\ndef run(data): ..."
    )
    pytester.makepyfile(
        test_a="""
        import pytest

        @pytest.mark.amlemu(script="src/long.py")
        @pytest.mark.parametrize("number", range(2))
        def test_long(scoring_client, number): ...
        """
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    running = subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 20
    while not (pytester.path / "src/began").exists():
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)

    os.kill(running.pid, signal.SIGINT)
    out, _ = running.communicate(timeout=10)

    assert running.returncode == pytest.ExitCode.INTERRUPTED
    assert "does not start" not in out
