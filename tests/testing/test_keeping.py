"""`--amlemu-update`: which snapshots a run of pytest writes, and when."""

from __future__ import annotations

import json

import pytest

pytest_plugins = "pytester"

TESTS = """
    import pytest

    def test_twice(scoring_snapshot):
        scoring_snapshot({"y": 1.5})
        scoring_snapshot("two")

    @pytest.mark.parametrize("word", ["a", "b::c"])
    def test_each(scoring_snapshot, word):
        scoring_snapshot(word)

    class TestInside:
        def test_one(self, scoring_snapshot):
            scoring_snapshot(None)

    def test_fails(scoring_snapshot):
        scoring_snapshot("new")
        assert not "right"

    def test_skips(scoring_snapshot):
        scoring_snapshot("new")
        pytest.skip("today")

    def test_compares_nothing_any_more(scoring_snapshot):
        pass
"""
PASSING = """
    import pytest

    def test_one(scoring_snapshot):
        scoring_snapshot(1)

    @pytest.mark.slow
    def test_two(scoring_snapshot):
        scoring_snapshot(2)
"""
ALONE, BESIDE = pytest.param((), id="alone"), pytest.param(("-n", "2"), id="two-workers")


@pytest.fixture
def run(pytester):
    """Run pytest on its own."""
    pytester.makeini("[pytest]\nmarkers = slow\n")
    return lambda *words: pytester.runpytest_subprocess("-p", "no:cacheprovider", *words)


@pytest.fixture
def snapshots(pytester):
    """The file beside the tests."""
    return pytester.path / "test_x.snapshots.json"


@pytest.fixture
def tests(pytester, snapshots):
    """Write the tests, and what is kept of them."""

    def write(text, kept=None):
        pytester.makepyfile(test_x=text)
        if kept is not None:
            snapshots.write_text(json.dumps(kept), encoding="utf-8")

    return write


@pytest.mark.parametrize("workers", [ALONE, BESIDE])
def test_answers_of_tests_that_passed_are_kept(tests, run, snapshots, workers):
    """Of others stays what was kept; tests that are gone, or compare nothing any more, leave the file."""
    old = ["test_fails", "test_skips", "test_gone", "test_compares_nothing_any_more"]
    tests(TESTS, {"test_twice": ["old"], **{name: ["old"] for name in old}})

    run("--amlemu-update", *workers).assert_outcomes(passed=5, failed=1, skipped=1)

    assert json.loads(snapshots.read_text(encoding="utf-8")) == {
        "TestInside::test_one": [None],
        "test_each[a]": ["a"],
        "test_each[b::c]": ["b::c"],
        "test_fails": ["old"],
        "test_skips": ["old"],
        "test_twice": [{"y": 1.5}, "two"],
    }

    if not workers:
        run("-k", "not fails and not skips").assert_outcomes(passed=5, deselected=2)


def test_nothing_is_written_unasked(tests, run, snapshots):
    """A test without snapshot fails, one whose answer is another, too; the first time and ever after."""
    tests(PASSING, {"test_one": [3]})
    before = snapshots.read_bytes()
    result = run()

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*  the value: kept 3, now 1"])
    result.stdout.fnmatch_lines(["*nothing is kept for this answer (test_x.snapshots.json, 'test_two', answer 1)."])
    assert snapshots.read_bytes() == before

    snapshots.unlink()
    run().assert_outcomes(failed=2)
    assert not snapshots.exists()


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("-k", "one"), id="keyword"),
        pytest.param(("-m", "not slow"), id="mark"),
        pytest.param(("test_x.py::test_one",), id="name"),
        pytest.param(("--deselect", "test_x.py::test_two"), id="deselected"),
    ],
)
def test_of_a_part_of_a_file_nothing_goes(tests, run, snapshots, words):
    """Nobody knows then which tests are gone."""
    tests(PASSING, {"test_one": [0], "test_two": [0], "test_gone": [0]})

    run("--amlemu-update", *words).assert_outcomes(passed=1, deselected=0 if "::" in words[0] else 1)

    assert json.loads(snapshots.read_text(encoding="utf-8")) == {"test_gone": [0], "test_one": [1], "test_two": [0]}


def test_tests_that_a_plugin_leaves_out_are_not_gone(pytester, tests, run, snapshots):
    """A conftest.py may have rules of its own: no slow ones without an option, one part on each machine."""
    tests(PASSING, {"test_one": [0], "test_two": [0]})
    pytester.makeconftest("""
        def pytest_collection_modifyitems(config, items):
            slow = [item for item in items if item.get_closest_marker("slow")]
            config.hook.pytest_deselected(items=slow)
            items[:] = [item for item in items if item not in slow]
    """)

    run("--amlemu-update").assert_outcomes(passed=1, deselected=1)

    assert json.loads(snapshots.read_text(encoding="utf-8")) == {"test_one": [1], "test_two": [0]}


def test_tests_that_were_not_reached_keep_theirs(tests, run, snapshots):
    """The run ended early."""
    tests(
        """
        def test_one(scoring_snapshot):
            scoring_snapshot(1)

        def test_two():
            assert False

        def test_three(scoring_snapshot):
            scoring_snapshot(3)
        """,
        {"test_one": [0], "test_three": [0]},
    )

    run("--amlemu-update", "-x").assert_outcomes(passed=1, failed=1)

    assert json.loads(snapshots.read_text(encoding="utf-8")) == {"test_one": [1], "test_three": [0]}


def test_each_file_of_tests_has_its_own(pytester, tests, run, snapshots):
    """Two workers have each a part of each; files that were not run are not touched."""
    tests(PASSING)
    other = pytester.mkdir("below") / "test_y.py"
    other.write_text("def test_y(scoring_snapshot):\n    scoring_snapshot([])\n", encoding="utf-8")
    (pytester.path / "test_z.snapshots.json").write_text("{}", encoding="utf-8")

    run("--amlemu-update", "-n", "2").assert_outcomes(passed=3)

    assert json.loads(snapshots.read_text(encoding="utf-8")) == {"test_one": [1], "test_two": [2]}
    assert json.loads(other.with_name("test_y.snapshots.json").read_text(encoding="utf-8")) == {"test_y": [[]]}
    assert (pytester.path / "test_z.snapshots.json").read_text(encoding="utf-8") == "{}"


def test_workers_hand_over_every_value(tests, run, snapshots):
    """Not only those that xdist's own messages can hold."""
    tests("""
        import numpy

        def test_subclass(scoring_snapshot):
            scoring_snapshot(numpy.float64(0.5))

        def test_far_below_zero(scoring_snapshot):
            scoring_snapshot(-5_000_000_000)

        def test_half_a_character(scoring_snapshot):
            scoring_snapshot("\\ud83d")
    """)

    run("--amlemu-update", "-n", "2").assert_outcomes(passed=3)

    assert snapshots.exists()
    assert json.loads(snapshots.read_text(encoding="utf-8")) == {
        "test_far_below_zero": [-5_000_000_000],
        "test_half_a_character": ["\ud83d"],
        "test_subclass": [0.5],
    }


@pytest.mark.parametrize("workers", [ALONE, BESIDE])
def test_a_broken_file_is_not_written_over(tests, run, snapshots, workers):
    """It may be half of a merge: the run says so, and ends without a traceback of ours."""
    tests(PASSING)
    snapshots.write_text('<<<<<<< HEAD\n{"test_one": [1]}', encoding="utf-8")
    output = run("--amlemu-update", *workers).stdout.str()

    assert output.count("test_x.snapshots.json cannot be read: Expecting value: line 1 column 1 (char 0)") >= 1
    assert "JSONDecodeError" not in output
    assert snapshots.read_text(encoding="utf-8") == '<<<<<<< HEAD\n{"test_one": [1]}'


def test_the_last_failed_alone_take_nothing_from_the_others(pytester):
    """--lf leaves the others out, and they are not gone."""
    test = "def test_one(scoring_snapshot):\n    scoring_snapshot(1)\n    assert {right}\n\ndef test_two(scoring_snapshot):\n    scoring_snapshot(2)\n"
    pytester.makepyfile(test_x=test.format(right=False))
    pytester.runpytest_subprocess("--amlemu-update")
    pytester.makepyfile(test_x=test.format(right=True))

    pytester.runpytest_subprocess("--amlemu-update", "--lf").assert_outcomes(passed=1)

    assert json.loads((pytester.path / "test_x.snapshots.json").read_text()) == {"test_one": [1], "test_two": [2]}
