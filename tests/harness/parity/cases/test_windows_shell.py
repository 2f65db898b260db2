"""Words as cmd.exe and the C runtime cut them."""

from __future__ import annotations

import pytest
from amlemu_harness.parity.cases.posix_shell import UnclosedError
from amlemu_harness.parity.cases.windows_shell import lex
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # the examples of Microsoft's page "Parsing C command-line arguments"
        pytest.param(r'"abc" d e', ("abc", "d", "e"), id="quoted"),
        pytest.param(r'a\\\b d"e f"g h', (r"a\\\b", "de fg", "h"), id="quote-within"),
        pytest.param(r"a\\\"b c d", (r"a\"b", "c", "d"), id="three-backslashes"),
        pytest.param(r'a\\\\"b c" d e', (r"a\\b c", "d", "e"), id="four-backslashes"),
        pytest.param('"a ""b"" c"', ('a "b" c',), id="doubled-quotes"),
        pytest.param("a^ b ^\n c", ("a", "b", "c"), id="caret-before-a-blank"),
        pytest.param('^"a^\n\nb^" ^{', ("a\nb", "{"), id="caret-before-two-line-ends"),
        pytest.param('"x^2" y', ("x^2", "y"), id="caret-in-quotes"),
        pytest.param("a 'b c' %D%", ("a", "'b", "c'", "%D%"), id="other-signs"),
        pytest.param("a & b", ("a",), id="next-command"),
        pytest.param("a ^\r\n b\r\nc", ("a", "b"), id="crlf"),
    ],
)
def test_words_are_those_of_windows(text, words):
    assert lex(text).words == words


@given(st.text(alphabet='ab ^"\\\n\r&|<>%{', max_size=30))
def test_any_text_has_words_or_an_unclosed_quote(text):
    at = -1
    try:
        at = lex(text).end
    except UnclosedError as error:
        at = error.at

    assert 0 <= at <= len(text)
