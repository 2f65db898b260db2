"""Why pip has failed, in one sentence; the texts are those of pip 23.2.1."""

from __future__ import annotations

import pytest
from amlemu.environments.causes import why


@pytest.mark.parametrize(
    ("said", "what"),
    [
        pytest.param(
            """\
ERROR: Could not find a version that satisfies the requirement six==1.99 (from versions: 1.15.0, 1.16.0)
ERROR: No matching distribution found for six==1.99""",
            "there is no six==1.99 for this Python; the newest that there are: 1.15.0, 1.16.0",
            id="version",
        ),
        pytest.param(
            """\
ERROR: Could not find a version that satisfies the requirement sklern (from versions: none)
ERROR: No matching distribution found for sklern""",
            "the index has no sklern, or cannot be reached",
            id="name",
        ),
        pytest.param(
            """\
ERROR: Ignored the following versions that require a different python version: 1.21.2 Requires-Python >=3.7,<3.11
ERROR: Could not find a version that satisfies the requirement numpy==1.21.2 (from versions: none)
ERROR: No matching distribution found for numpy==1.21.2""",
            "numpy==1.21.2 is there for other versions of Python only",
            id="python",
        ),
        pytest.param(
            """\
WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError('<pip...>: Failed to establish a new connection')'
ERROR: Could not find a version that satisfies the requirement six (from versions: none)
ERROR: No matching distribution found for six""",
            "pip cannot reach its index: no network",
            id="network",
        ),
        pytest.param(
            """\
Could not fetch URL https://pypi.org/simple/six/: SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))
ERROR: Could not find a version that satisfies the requirement six (from versions: none)
ERROR: No matching distribution found for six""",
            "pip does not trust the certificate of the index",
            id="certificate",
        ),
        pytest.param(
            """\
ERROR: Cannot install aaa==1 and bbb==1 because these package versions have conflicting dependencies.

The conflict is caused by:
    aaa 1 depends on ccc>=2
    bbb 1 depends on ccc<2

ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/""",
            "these requirements exclude each other: aaa 1 depends on ccc>=2; bbb 1 depends on ccc<2",
            id="conflict",
        ),
        pytest.param(
            """\
Collecting pycocotools==2.0.4
  error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory
  ERROR: Failed building wheel for pycocotools""",
            "a package has to be compiled here, and there is no compiler",
            id="compiler",
        ),
        pytest.param(
            """\
Collecting pycocotools==2.0.4
  error: command '/usr/bin/gcc' failed with exit code 1
  ERROR: Failed building wheel for pycocotools""",
            "pycocotools has no wheel that fits, and building it here failed",
            id="build",
        ),
        pytest.param(
            """\
Collecting old-thing==1
  error: subprocess-exited-with-error
error: metadata-generation-failed""",
            "old-thing==1 has no wheel that fits, and building it here failed",
            id="build-of-metadata",
        ),
        pytest.param(
            "ERROR: Failed to build 'lxml' when getting requirements to build wheel",
            "lxml has no wheel that fits, and building it here failed",
            id="build-as-pip-25-says",
        ),
        pytest.param(
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "the disk is full",
            id="disk",
        ),
        pytest.param(
            "ERROR: Package 'ours' requires a different Python: 3.11.7 not in '<3.9'",
            "ours wants Python <3.9, and this is 3.11.7",
            id="requires-python",
        ),
        pytest.param(
            "ERROR: foo-1.0-cp27-none-win32.whl is not a supported wheel on this platform.",
            "foo-1.0-cp27-none-win32.whl is a wheel for another Python or machine",
            id="wheel",
        ),
        pytest.param(
            """\
  error: subprocess-exited-with-error
  x git clone --filter=blob:none --quiet https://x.example/a.git /tmp/pip-req-build did not run successfully.""",
            "git cannot fetch https://x.example/a.git",
            id="git",
        ),
        pytest.param(
            "ERROR: Cannot find command 'git' - do you have 'git' installed and in your PATH?",
            "pip needs git, which is not on this machine",
            id="no-git",
        ),
        pytest.param("something\nERROR: Nobody has seen this before.", "Nobody has seen this before", id="unknown"),
        pytest.param("something", "something", id="no-error"),
        pytest.param("", "it ended with exit code 2", id="nothing"),
    ],
)
def test_the_cause(said, what):
    assert why(said.splitlines(), 2).what == what


def test_a_program_that_was_killed():
    cause = why(["Collecting torch"], -9)

    assert (cause.what, cause.hint) == ("it was ended by signal 9", "It may have run out of memory.")
