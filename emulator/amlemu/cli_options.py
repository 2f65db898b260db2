"""
Options of commands, made of what `settings.py` declares.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

from amlemu.settings import SERVE_SETTINGS, Setting

_NUMBER = re.compile(r"[-+]?[\d.]+|inf")
_TYPES: dict[str, Any] = {"text": str, "path": str, "integer": int, "number": float}


def with_settings(settings: tuple[Setting, ...]) -> Callable[[Any], Any]:
    """Give a command the options that are declared in `settings`."""

    def decorate(command: Any) -> Any:
        for setting in reversed(settings):
            command = _option(setting)(command)
        return command

    return decorate


def _option(setting: Setting) -> Callable[[Any], Any]:
    names = [name for name in (setting.flag, setting.short) if name]
    shared: dict[str, Any] = {
        "help": setting.help,
        "envvar": setting.variable or None,
        "show_default": setting.default is not None,
    }
    if setting.kind == "switch":
        return click.option(*names, setting.name, is_flag=True, default=setting.default, **shared)
    if setting.kind == "toggle":
        return click.option(f"{setting.flag}/{setting.no_flag}", setting.name, default=setting.default, **shared)
    kind = click.Choice(setting.kind) if isinstance(setting.kind, tuple) else _TYPES[setting.kind]
    if setting.bare is not None:
        shared |= {"is_flag": False, "flag_value": f"{setting.bare:g}", "metavar": f"[{str(setting.kind).upper()}]"}
    return click.option(*names, setting.name, type=kind, default=setting.default, multiple=setting.repeats, **shared)


class WithBareFlags(click.Command):
    """A command with options whose value may be left out, also where something else follows: `serve --debug score.py`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write the value down where there is none."""
        bare = {setting.flag: setting.bare for setting in SERVE_SETTINGS if setting.bare is not None}
        words: list[str] = []
        for word, following in zip(args, [*args, ""][1:], strict=True):
            is_bare = word in bare and not _NUMBER.fullmatch(following)
            words.append(f"{word}={bare[word]:g}" if is_bare else word)
        return super().parse_args(ctx, words)


class AsAz(click.Command):
    """
    A command whose options are read as `az` reads them: they may be cut short where that leaves one, as in its documentation `--endpoint` for
    `--endpoint-name`, and `--set` takes any number of words.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write each flag out."""
        flags = [flag for option in self.get_params(ctx) for flag in (*option.opts, *option.secondary_opts)]
        return super().parse_args(ctx, _one_by_one([_written_out(word, flags) for word in args]))


class AsAzWithBareFlags(AsAz, WithBareFlags):
    """Both."""


class Verbs(click.Group):
    """A group of commands that are called as those of `az` are."""

    command_class = AsAz


def _one_by_one(words: list[str]) -> list[str]:
    """Write `--set a=1 b=2` as `--set a=1 --set b=2`."""
    written: list[str] = []
    for number, word in enumerate(words):
        is_one_more = number > 1 and "=" in word and not word.startswith("-") and written[-2:-1] == ["--set"]
        written += ["--set", word] if is_one_more else [word]
    return written


def _written_out(word: str, flags: list[str]) -> str:
    flag, equals, value = word.partition("=")
    meant = [one for one in flags if one.startswith(flag)]
    is_short = flag.startswith("--") and len(flag) > len("--") and flag not in flags and len(meant) == 1
    return f"{meant[0]}{equals}{value}" if is_short else word
