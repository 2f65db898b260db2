"""What becomes of what a file asks for, before anything is done."""

from __future__ import annotations

import shlex

from amlemu.environments.steps import steps


def test_pip_gets_its_list_as_written(ask):
    """Options first, entries in their order, each with its extras, marker and hash."""
    work = steps(
        ask("""\
        dependencies:
          - pip:
            - inference-schema[numpy-support]
            - --extra-index-url https://x.example/simple
            - numpy ==1.2; python_version < "3.9"
        """)
    )

    assert work.pip_lines == (
        "--extra-index-url https://x.example/simple",
        "inference-schema[numpy-support]",
        'numpy ==1.2; python_version < "3.9"',
    )
    assert (work.pip_count, work.upgrades) == (2, True)


def test_a_requirements_file_is_given_to_pip_itself(ask, tmp_path):
    work = steps(ask("numpy==1.2 \\\n  --hash=sha256:aa\n", "requirements.txt"))

    assert work.pip_lines == (f"-r {shlex.quote(str(tmp_path / 'requirements.txt'))}",)
    assert (work.pip_count, work.upgrades) == (1, False)


def test_a_file_that_the_list_names_is_named_by_its_whole_path(ask, write, tmp_path):
    """For the list that pip gets lies elsewhere; what stands in that file comes by it, and not twice."""
    write("base/common.txt", "numpy\n")

    work = steps(ask("dependencies:\n  - pip:\n    - -r base/common.txt\n    - scipy\n"))

    assert work.pip_lines == (f"-r {shlex.quote(str(tmp_path / 'base/common.txt'))}", "scipy")
    assert work.pip_count == 2
    assert work.folder == tmp_path


def test_condas_packages_by_their_names_on_pypi(ask):
    work = steps(ask("dependencies: [python=3.9, pip=21, scikit-learn=1.3, 'pytorch>=1.8,<2', numpy==1.2, scipy]\n"))

    assert [(one.entry.text, one.requirement) for one in work.mapped] == [
        ("scikit-learn=1.3", "scikit-learn==1.3.*"),
        ("pytorch>=1.8,<2", "torch>=1.8,<2"),
        ("numpy==1.2", "numpy==1.2"),
        ("scipy", "scipy"),
    ]
    assert work.python == "==3.9.*"
    assert work.pip_lines == ()


def test_what_is_not_installed_has_its_reason(ask):
    work = steps(ask("dependencies: [cudatoolkit=11.3, our-own-thing, 'https://x.example/linux-64/a-1-0.tar.bz2']\n"))

    assert [(one.entry.text, one.reason) for one in work.left] == [
        ("cudatoolkit=11.3", "PyPI has no such thing"),
        ("our-own-thing", "no PyPI package is known for it"),
        ("https://x.example/linux-64/a-1-0.tar.bz2", "a package file of conda's"),
    ]


def test_a_version_that_pip_cannot_be_told_is_said(ask):
    work = steps(ask("dependencies: ['numpy=1.2|1.3']\n"))

    assert [(one.requirement, one.lost) for one in work.mapped] == [("numpy", "pip cannot be told =1.2|1.3")]
