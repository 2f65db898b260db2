"""
One command as a POSIX shell, bash's additions included, would cut it into words. Nothing is run: `$NAME` and `$(...)` stay as written.

`windows_shell.py` is its counterpart; `command_lines.py` says where a command begins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ANSI_C = re.compile(r"\\(?:u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_LETTERS = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PLACEHOLDER = re.compile(r"<[A-Za-z][\w .:/-]*>")  # of documentation: https://<host>/score
_LINE_END = re.compile(r"\r?\n")


class UnclosedError(ValueError):
    """A quote, or a bracket, has no end; `at` is where it begins."""

    def __init__(self, at: int, sign: str) -> None:
        self.at = at
        super().__init__(f"{sign} is never closed")


@dataclass(frozen=True)
class Lexed:
    """
    A command.

    Attributes:
        words: without their quotes; bytes that are no UTF-8 as surrogates.
        end: where the text goes on.
        stdin: what `<<` and `<<<` give it; None where they do not.
        stdin_file: what `<` names.
    """

    words: tuple[str, ...]
    end: int
    stdin: bytes | None = None
    stdin_file: str = ""


def lex(text: str, start: int = 0, closer: str = "") -> Lexed:
    """
    Read the command that begins at `start`, up to `;`, `|`, `&`, `)` or the end of the line.

    Args:
        closer: a further sign that ends it: a backtick, where it stands in such.

    Raises:
        UnclosedError: a quote or bracket is not closed.
    """
    return _Lexer(text, start, closer).lexed()


class _Lexer:
    def __init__(self, text: str, start: int, closer: str) -> None:
        self._text, self._at, self._closer = text, start, closer
        self._words: list[str] = []
        self._word: bytearray | None = None
        self._redirect = ""
        self._stdin: bytes | None = None
        self._stdin_file = ""
        self._here = ""

    def lexed(self) -> Lexed:
        while self._at < len(self._text) and self._step():
            pass
        self._end_word()
        if self._here:
            self._read_here()
        return Lexed(tuple(self._words), self._at, self._stdin, self._stdin_file)

    def _step(self) -> bool:
        """Read on; False at the end of the command."""
        sign = self._text[self._at]
        if sign in " \t\r":
            self._end_word()
            self._at += 1
        elif sign in "\n;|&)" or sign == self._closer or (sign == "#" and self._word is None):
            return False
        elif sign == "\\":
            self._escaped()
        elif sign == "'":
            self._add(self._up_to("'", self._at + 1))
        elif sign == '"':
            self._double(self._at)
        elif sign == "$":
            self._dollar()
        elif sign == "`":
            self._backtick()
        elif sign in "<>":
            self._arrow(sign)
        else:
            self._add(sign)
            self._at += 1
        return True

    def _add(self, text: str) -> None:
        self._word = self._word if self._word is not None else bytearray()
        self._word += text.encode("utf-8", "surrogatepass")

    def _end_word(self) -> None:
        if self._word is None:
            return
        word, self._word = self._word.decode("utf-8", "surrogateescape"), None
        redirect, self._redirect = self._redirect, ""
        if not redirect:
            self._words.append(word)
        elif redirect == "<":
            self._stdin_file = word
        elif redirect == "<<<":
            self._stdin = (word + "\n").encode("utf-8", "surrogateescape")
        elif redirect in ("<<", "<<-"):
            self._here = redirect + word

    def _up_to(self, sign: str, start: int) -> str:
        """Return what stands before the next such sign, and go behind it."""
        end = self._text.find(sign, start)
        if end < 0:
            raise UnclosedError(self._at, sign)
        self._at = end + 1
        return self._text[start:end]

    def _escaped(self) -> None:
        line_end = _LINE_END.match(self._text, self._at + 1)
        if line_end:
            self._at = line_end.end()
            return
        self._add(self._text[self._at + 1 : self._at + 2])
        self._at = min(self._at + 2, len(self._text))

    def _double(self, opened: int) -> None:
        self._add("")
        self._at = opened + 1
        while self._at < len(self._text):
            sign, after = self._text[self._at], self._text[self._at + 1 : self._at + 2]
            if sign == '"':
                self._at += 1
                return
            if sign == "\\" and (line_end := _LINE_END.match(self._text, self._at + 1)):
                self._at = line_end.end()
            elif sign == "\\" and after in ("$", "`", '"', "\\"):
                self._add(after)
                self._at += 2
            elif sign == "$" and after in ("(", "{"):
                self._bracket(self._at + 1)
            else:
                self._add(sign)
                self._at += 1
        raise UnclosedError(opened, '"')

    def _dollar(self) -> None:
        after = self._text[self._at + 1 : self._at + 2]
        if after == "'":
            self._ansi_c(self._at)
        elif after == '"':  # a text to be translated
            self._double(self._at + 1)
        elif after in ("(", "{"):
            self._bracket(self._at + 1)
        else:
            self._add("$")
            self._at += 1

    def _ansi_c(self, opened: int) -> None:
        at = opened + 2
        while at < len(self._text) and self._text[at] != "'":
            at += 2 if self._text[at] == "\\" else 1
        if at >= len(self._text):
            raise UnclosedError(opened, "$'")
        self._word = (self._word or bytearray()) + ansi_c(self._text[opened + 2 : at])
        self._at = at + 1

    def _bracket(self, opened: int) -> None:
        """Take `$(...)` or `${...}` as it is written, quotes and further brackets included."""
        start, sign = self._at, self._text[opened]
        closes, depth, at, quote = {"(": ")", "{": "}"}[sign], 0, opened, ""
        while at < len(self._text):
            here = self._text[at]
            if here == "\\" and quote != "'":
                at += 1
            elif quote:
                quote = "" if here == quote else quote
            elif here in "'\"" and sign == "(":
                quote = here
            else:
                depth += (here == sign) - (here == closes)
            at += 1
            if not depth:
                self._at = at
                self._add(self._text[start:at])
                return
        raise UnclosedError(start, f"${sign}")

    def _backtick(self) -> None:
        line_end = _LINE_END.match(self._text, self._at + 1)
        if line_end:  # PowerShell goes on in the next line
            self._at = line_end.end()
            return
        self._add(f"`{self._up_to('`', self._at + 1)}`")

    def _arrow(self, sign: str) -> None:
        placeholder = _PLACEHOLDER.match(self._text, self._at)
        if placeholder:
            self._add(placeholder[0])
            self._at = placeholder.end()
        elif self._text.startswith(f"{sign}(", self._at):  # a process
            self._bracket_of_process(sign)
        else:
            self._redirected(sign)

    def _bracket_of_process(self, sign: str) -> None:
        self._add(sign)
        self._at += 1
        self._bracket(self._at)

    def _redirected(self, sign: str) -> None:
        """Begin a redirection: the next word is its file. A number before it is a descriptor, and no word."""
        if self._word is not None and bytes(self._word).isdigit():
            self._word = None
        self._end_word()
        operator = re.compile(r"<<<|<<-|<<|<>|<|>>|>\||>&|>").match(self._text, self._at)
        self._redirect = operator[0] if operator else sign
        self._at += len(self._redirect)

    def _read_here(self) -> None:
        """Take the lines after the command's own, up to the one that ends them."""
        strips, word = self._here.startswith("<<-"), self._here.removeprefix("<<").removeprefix("-")
        begins = self._text.find("\n", self._at) + 1 or len(self._text)
        lines, at = [], begins
        while at < len(self._text):
            end = self._text.find("\n", at) + 1 or len(self._text)
            line, at = self._text[at:end], end
            if (line.strip() if strips else line.rstrip("\r\n")) == word:
                break
            lines.append(line.lstrip("\t") if strips else line)
        self._stdin, self._at = "".join(lines).encode("utf-8", "surrogatepass"), at


def ansi_c(text: str) -> bytes:
    r"""Return what `$'...'` means: \n, \u00e9, \x41, \101. Two halves of a sign beyond \uffff, as browsers write it, become that sign."""
    out = bytearray()
    at, half = 0, ""
    for found in _ANSI_C.finditer(text):
        out += (half + text[at : found.start()]).encode("utf-8", "surrogatepass") if found.start() > at else b""
        half = "" if found.start() > at else half
        at = found.end()
        wide, wider, byte, octal, letter = found.groups()
        if wide or wider:
            number = int(wide or wider, 16)
            half = half + (chr(number) if number <= 0x10FFFF else "\ufffd")
            if "\ud800" <= half[-1] <= "\udbff":
                continue
            out += half.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
        else:
            out += half.encode("utf-8", "surrogatepass")
            if byte or octal:
                out.append(int(byte, 16) if byte else int(octal, 8) & 0xFF)
            else:
                out += (_LETTERS.get(letter) or (letter if letter in "\\'\"?" else f"\\{letter}")).encode(
                    "utf-8", "surrogatepass"
                )
        half = ""
    return bytes(out + (half + text[at:]).encode("utf-8", "surrogatepass"))
