"""
The tests mirror the packages: emulator/amlemu/x/y.py has tests/x/test_y.py, harness/amlemu_harness/y.py has
tests/harness/test_y.py, and no test file is about nothing.

The two lists of exceptions may only shrink; an entry that is no longer needed fails.
"""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGES = {"": REPOSITORY / "emulator" / "amlemu", "harness/": REPOSITORY / "harness" / "amlemu_harness"}
TESTS = REPOSITORY / "tests"

# modules without a test file of their own, and what tests them instead
TESTED_ELSEWHERE = {
    "__main__.py": "one line; every test of test_cli.py runs it",
    "testing/asking.py": "test_pytest_plugin.py: whatever a test asks for is asked by tests",
    "scoring/compat/aml_request.py": "test_compat.py, and the contract's rawhttp cases",
    "scoring/compat/aml_response.py": "test_compat.py, and the contract's AMLResponse cases",
    "scoring/compat/core.py": "scoring/compat/test_doors.py imports through it",
    "scoring/compat/exceptions.py": "scoring/compat/test_model.py holds it against the real one",
    "harness/parity/record.py": "values; test_play.py and test_compare.py hold them",
    "harness/parity/sides/contained.py": "container/test_parity.py runs it in a real engine",
    "harness/parity/sides/side.py": "a protocol; parrot.py is one, test_process.py catches its exception",
    "worker/engine_start.py": "backends/test_engine.py starts it in the real server's environment",
}
# test files about more than one module
ABOUT_MORE = {
    "test_layers.py": "all modules",
    "test_mirror.py": "all modules",
    "test_public_face.py": "the package as its users see it",
    "test_docs.py": "the pages, and the examples in them",
    "test_platform_played.py": "memory, restarts, processors and replicas, around real workers",
    "azure/test_coverage.py": "every field of Azure's files, and the rows of the contract about them",
    "backends/test_chaos.py": "pool, handle and child, under kills at random",
    "doctor/test_sins.py": "the doctor as a whole, a broken deployment each",
    "gateway/test_clients.py": "the front door as a whole, and what its clients do to it",
    "local_endpoints/test_full_disk.py": "an endpoint with a name as a whole, where no state can be written",
    "local_endpoints/test_killed.py": "likewise, and whoever takes part is killed at each step",
    "v1/test_notebook.py": "amlemu.v1 as a whole: the pages' Python blocks as one notebook",
    "scoring/test_compat.py": "the package scoring/compat, as scripts use it",
}
# folders that hold no mirror: suites about the product as a whole
SUITES = (
    "contract",
    "cloud",
    "crashes",
    "debug",
    "reload",
    "bench",
    "examples",
    "scripts",
    "container",
    "parity",
    "seeds",
)


def modules() -> set[str]:
    """Return the modules that want a test; a package's `__init__` is its face, tested with what it shows."""
    found = set()
    for folder, package in PACKAGES.items():
        paths = (path.relative_to(package) for path in package.rglob("*.py") if path.name != "__init__.py")
        found |= {folder + path.as_posix() for path in paths if path.parts[0] != "docker"}  # what runs in containers
    return found


def files() -> set[str]:
    found = {path.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    return {path.as_posix() for path in found if path.parts[0] not in SUITES}


def mirror_of(module: str) -> str:
    folder, _, name = module.rpartition("/")
    return f"{folder}/test_{name}" if folder else f"test_{name}"


def test_every_module_has_its_test_file():
    wanted = {mirror_of(module) for module in modules() - TESTED_ELSEWHERE.keys()}

    assert sorted(wanted - files()) == []


def test_every_test_file_has_its_module():
    about = {mirror_of(module) for module in modules()}

    assert sorted(files() - about - ABOUT_MORE.keys()) == []


def test_the_exceptions_are_needed():
    """A module that has got a test of its own, or is gone, leaves the list."""
    needless = [m for m in TESTED_ELSEWHERE if m not in modules() or mirror_of(m) in files()]
    needless += [t for t in ABOUT_MORE if t not in files() or t in {mirror_of(module) for module in modules()}]

    assert needless == []
