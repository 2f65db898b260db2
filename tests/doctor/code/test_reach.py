"""What the server reaches of a script and its siblings."""

from __future__ import annotations

from amlemu.doctor.code.entry import read_entry
from amlemu.doctor.code.reach import reached, read_modules


def reach_of(subject):
    places = reached(read_entry(subject), read_modules(subject))
    return [(place.source.module, place.function, place.when) for place in places]


def test_functions_are_reached_through_those_that_use_them(subject_of):
    subject = subject_of(
        """
        from words import split
        def init(): load()
        def load(): ...
        def run(data): return clean(data)
        def clean(data): return split(data)
        def nobody(): ...
        """,
        {"words": "def split(text): return text\ndef unused(): ..."},
    )

    assert reach_of(subject) == [
        ("", "the top level", "import"),
        ("words", "the top level", "import"),
        ("", "init()", "init"),
        ("", "load()", "init"),
        ("", "run()", "run"),
        ("", "clean()", "run"),
        ("words", "split()", "run"),
    ]


def test_at_import_only_what_is_called_is_reached(subject_of):
    subject = subject_of(
        "def a(): ...\ndef b(): ...\nTABLE = {'a': a}\nVALUE = b()\ndef init(): ...\ndef run(data): ..."
    )

    assert ("", "b()", "import") in reach_of(subject)
    assert ("", "a()", "import") not in reach_of(subject)


def test_long_chains_of_functions_are_followed(subject_of):
    chain = "".join(f"def f{n}(): return f{n + 1}()\n" for n in range(2000))

    places = reach_of(subject_of(f"{chain}def f2000(): ...\ndef init(): ...\ndef run(data): return f0()"))

    assert ("", "f2000()", "run") in places


def test_functions_are_reached_by_the_module_s_name(subject_of):
    subject = subject_of(
        "import words\ndef init(): ...\ndef run(data): return words.split(data)\n",
        {"words": "def split(text): return text\ndef unused(): ..."},
    )

    assert ("words", "split()", "run") in reach_of(subject)
    assert "unused()" not in {function for _, function, _ in reach_of(subject)}
