"""Words as a POSIX shell cuts them; bash itself is asked."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from amlemu_harness.parity.cases.posix_shell import UnclosedError, ansi_c, lex
from hypothesis import given
from hypothesis import strategies as st

SIGNS = st.text(alphabet="ab \\'\"\n\r\t$`(){}<>|&;#-^=\u00e9", max_size=40)


@given(SIGNS)
def test_any_text_has_words_or_an_unclosed_quote(text):
    """It ends, and says where; the position is one of the text."""
    at = -1
    try:
        at = lex(text).end
    except UnclosedError as error:
        at = error.at

    assert 0 <= at <= len(text)


@given(st.text(max_size=30))
def test_what_is_quoted_is_one_word_as_it_is(text):
    text = text.encode("utf-8", "replace").decode()
    quoted = "'" + text.replace("'", "'\\''") + "'"

    assert lex(f"a {quoted} b").words == ("a", text, "b")


WORDS = [
    pytest.param(r"""a"b c"'d e'f\ g""", id="joined"),
    pytest.param(r'''"\$x \` \" \\ \n \'"''', id="double-quotes"),
    pytest.param(r"""'\n "x" $y'""", id="single-quotes"),
    pytest.param(r"""$'tab\t nl\n q\' \x41\101\u00e9\U0001F600 \e \q'""", id="ansi-c"),
    pytest.param("a \\\n  b\\\nc", id="continued"),
    pytest.param("'' a \"\"", id="empty"),
    pytest.param("a#b # c", id="comment"),
    pytest.param("a 2>/dev/null b 3>x c 4>&2 d5", id="redirected"),
    pytest.param("a{1} [b] c=d e~f !g %h ^i", id="no-meaning"),
]


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not there")
@pytest.mark.parametrize("text", WORDS)
def test_words_are_those_of_bash(text, tmp_path):
    environment = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    told = subprocess.run(
        ["bash", "-c", f'printf "%s\\0" {text}'], stdout=subprocess.PIPE, check=True, cwd=tmp_path, env=environment
    )

    assert list(lex(text).words) == told.stdout.decode().split("\0")[:-1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(
            '"$HOME/$(cat "a b")" ${X:-y z} `date +%s`', ('$HOME/$(cat "a b")', "${X:-y z}", "`date +%s`"), id="not-run"
        ),
        pytest.param("https://<your-host>/x <key>", ("https://<your-host>/x", "<key>"), id="placeholders"),
        pytest.param("a; b", ("a",), id="semicolon"),
        pytest.param("a && b", ("a",), id="and"),
        pytest.param("a | b", ("a",), id="pipe"),
        pytest.param("a) b", ("a",), id="bracket"),
        pytest.param("a `\n b", ("a", "b"), id="powershell"),
        pytest.param("a\r\nb", ("a",), id="crlf"),
        pytest.param("a \\\r\n b", ("a", "b"), id="crlf-continued"),
    ],
)
def test_where_a_command_ends_and_what_is_not_run(text, words):
    assert lex(text).words == words


@pytest.mark.parametrize(
    ("text", "stdin", "file", "rest"),
    [
        pytest.param("a <<EOF\n1\n2\nEOF\nb", b"1\n2\n", "", "b", id="here"),
        pytest.param("a <<-'EOF' -b\n\t1\n\tEOF\nb", b"1\n", "", "b", id="here-without-tabs"),
        pytest.param("a <<EOF\n1\n", b"1\n", "", "", id="here-to-the-end"),
        pytest.param("a <<< 'x y'\n", b"x y\n", "", "\n", id="here-text"),
        pytest.param("a < f.json -b\n", None, "f.json", "\n", id="file"),
        pytest.param("a <f.json\n", None, "f.json", "\n", id="file-at-once"),
    ],
)
def test_what_a_command_reads(text, stdin, file, rest):
    lexed = lex(text)

    assert (lexed.stdin, lexed.stdin_file, text[lexed.end :]) == (stdin, file, rest)


@pytest.mark.parametrize(
    ("text", "at"), [("a 'b", 2), ('a "b\\"', 2), ("a $'b\\'", 2), ("a $(b", 2), ("a ${b", 2), ("a `b", 2)]
)
def test_what_is_not_closed_says_where_it_begins(text, at):
    with pytest.raises(UnclosedError) as failure:
        lex(text)

    assert failure.value.at == at


def test_two_halves_of_a_sign_are_one():
    """Chrome writes UTF-16; bash would make bytes of each half that are no UTF-8."""
    assert ansi_c(r"\ud83d\ude00 \ud83d") == "😀 ".encode() + b"\xed\xa0\xbd"
