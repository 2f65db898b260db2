"""Stacks that faulthandler has written, read and told in one line."""

from __future__ import annotations

import faulthandler
import os
import tempfile
from pathlib import Path

import amlemu
import pytest
from amlemu.exchange import Frame
from amlemu.whereabouts import of_user, read_dump, told

OURS = str(Path(amlemu.__file__).parent)
MAIN = Frame("/app/src/score.py", 31, "predict")
RUN = Frame("/app/src/score.py", 20, "run")
BOOT = Frame(f"{OURS}/worker/child.py", 120, "_answer")
RUNPY = Frame("<frozen runpy>", 198, "_run_module_as_main")
SKLEARN = "/env/lib/python3.11/site-packages/sklearn/linear_model/_base.py"
FOLDERS = ["/app/src"]


# reading


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("Stack (most recent call first):", id="asked-for"),
        pytest.param("Current thread 0x00007f3b (most recent call first):", id="crash"),
        pytest.param("Current thread 0x00007f3b [python] (most recent call first):", id="crash-3.14"),
        pytest.param(
            "Fatal Python error: Segmentation fault\n\nCurrent thread 0x1 (most recent call first):", id="after-words"
        ),
    ],
)
def test_a_stack_is_read_outermost_frame_first(head):
    """As a traceback has it; faulthandler writes the other way round."""
    text = f'{head}\n  File "/app/src/score.py", line 31 in predict\n  File "/app/src/score.py", line 20 in run\n'

    assert read_dump(text) == [RUN, MAIN]


@pytest.mark.parametrize("text", ["", "Killed\n", "Traceback (most recent call last):\n  File ...\n"])
def test_where_there_is_no_dump_there_is_no_stack(text):
    assert read_dump(text) == []


def test_only_the_first_stack_is_read():
    """The thread that crashed comes first; others have nothing to do with it."""
    first = 'Current thread 0x1 (most recent call first):\n  File "a.py", line 1 in one\n'
    other = '\nThread 0x2 (most recent call first):\n  File "b.py", line 2 in two\n'

    assert read_dump(first + other) == [Frame("a.py", 1, "one")]


def test_a_thread_before_the_one_that_crashed_is_passed_over():
    first = 'Thread 0x2 (most recent call first):\n  File "b.py", line 2 in two\n\n'
    crashed = 'Current thread 0x1 (most recent call first):\n  File "a.py", line 1 in one\n'

    assert read_dump(first + crashed) == [Frame("a.py", 1, "one")]


def test_a_line_that_is_not_known_is_0():
    assert read_dump('Stack (most recent call first):\n  File "a.py", line ??? in one\n') == [Frame("a.py", 0, "one")]


@pytest.mark.parametrize("name", ["<lambda>", "<listcomp>", "on \xe9"])
def test_functions_keep_their_names(name):
    assert read_dump(f'Stack (most recent call first):\n  File "my file.py", line 1 in {name}\n') == [
        Frame("my file.py", 1, name)
    ]


def test_what_is_cut_short_is_read_as_far_as_it_goes():
    """The host may look while the worker writes."""
    text = 'Stack (most recent call first):\n  File "a.py", line 1 in one\n  File "b.p'

    assert read_dump(text) == [Frame("a.py", 1, "one")]


def test_this_pythons_own_words_are_understood():
    with tempfile.TemporaryFile() as file:
        faulthandler.dump_traceback(file, all_threads=False)
        text = os.pread(file.fileno(), 1 << 16, 0).decode()

    assert read_dump(text)[-1].function == "test_this_pythons_own_words_are_understood"


# the user's part


def test_the_users_part_begins_with_the_first_frame_of_theirs():
    """What they have called is part of it, libraries included."""
    inner = Frame(SKLEARN, 306, "predict")

    assert of_user([RUNPY, BOOT, RUN, MAIN, inner], FOLDERS) == [RUN, MAIN, inner]


def test_without_a_frame_of_theirs_all_that_is_not_ours_is_shown():
    inner = Frame("/usr/lib/python3.11/json/decoder.py", 355, "raw_decode")

    assert of_user([RUNPY, BOOT, inner], FOLDERS) == [inner]


def test_an_environment_in_the_users_folder_is_none_of_theirs():
    """.venv beside the script, as many have it."""
    venv = Frame("/app/src/.venv/lib/python3.11/site-packages/inference_schema/schema_decorators.py", 68, "wrapper")

    assert of_user([BOOT, venv, RUN], FOLDERS) == [RUN]


# in one line


@pytest.mark.parametrize(
    ("stack", "line"),
    [
        pytest.param([MAIN], "score.py:31 predict", id="script-alone"),
        pytest.param([RUN, MAIN], "score.py:20 run -> score.py:31 predict", id="two-of-theirs"),
        pytest.param(
            [MAIN, Frame(SKLEARN, 306, "predict")],
            "score.py:31 predict -> sklearn/linear_model/_base.py:306 predict",
            id="library",
        ),
        pytest.param(
            [MAIN, Frame("/x/lib/python3.11/json/__init__.py", 1, "f"), Frame(SKLEARN, 2, "g")],
            "score.py:31 predict -> sklearn/linear_model/_base.py:2 g",
            id="innermost-of-the-libraries",
        ),
        pytest.param(
            [MAIN, Frame("/usr/lib/python3.11/threading.py", 327, "wait")],
            "score.py:31 predict -> threading.py:327 wait",
            id="standard-library",
        ),
        pytest.param(
            [Frame("/app/src/score.py", n, "f") for n in range(1, 6)],
            "score.py:3 f -> score.py:4 f -> score.py:5 f",
            id="innermost-three",
        ),
        pytest.param([Frame("/app/src/lib/deep.py", 7, "f")], "lib/deep.py:7 f", id="below-the-folder"),
        pytest.param([], "", id="nowhere"),
    ],
)
def test_a_stack_is_told_in_one_line_users_frames_first(stack, line):
    assert told(stack, FOLDERS) == line


@pytest.mark.parametrize("folders", [["/app", "/app/src"], ["/app/src", "/app"]])
def test_files_are_named_from_the_nearest_folder(folders):
    assert told([MAIN], folders) == "score.py:31 predict"


def test_a_folder_with_a_similar_name_is_another_one():
    """/app/src2 does not lie in /app/src."""
    frame = Frame("/app/src2/score.py", 1, "f")

    assert told([MAIN, frame], FOLDERS) == "score.py:31 predict -> /app/src2/score.py:1 f"
    assert of_user([frame, MAIN], FOLDERS) == [MAIN]


def test_a_folder_may_end_in_a_slash():
    assert told([MAIN], ["/app/src/"]) == "score.py:31 predict"
