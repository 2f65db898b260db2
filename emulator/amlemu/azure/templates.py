"""
What in a file was meant to be filled in by somebody and was not: template braces, expressions of pipelines, tokens.
"""

from __future__ import annotations

import re

# (?<!\$) leaves ${{ }} to `expression`: it is a text that YAML can hold
_BRACES = re.compile(r"(?<!\$)\{\{.*?\}\}|\{%.*?%\}")
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_TOKEN = re.compile(r"#\{[^{}\n]+\}#?")
_PLACEHOLDER = re.compile(
    r"<[A-Za-z][\w .\-]*>|\$\{?[A-Za-z_]\w*\}?|\$\([A-Za-z_][\w.]*\)|__[A-Z][A-Z0-9_]*__|%[A-Z_]+%"
)
_SECRET = ("azureml://connections/", "keyvaultref:")


def unfilled(text: str) -> list[tuple[int, str]]:
    """Return the template braces of a text, each with its line; comments do not count."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        code = "" if line.lstrip().startswith("#") else re.split(r"\s#\s", line)[0]
        found += [(number, word) for word in _BRACES.findall(code)]
    return found


def token_in(line: str) -> str:
    """Return the `#{NAME}#` of a line, which YAML takes for a comment; empty where there is none."""
    found = _TOKEN.search(line)
    return found[0] if found else ""


def placeholder(text: str) -> str:
    """Return what a text holds that a person or a pipeline should have replaced; empty where it holds nothing of the kind."""
    braces = _BRACES.search(text)
    expression = _EXPRESSION.search(text)
    if expression and not is_secret(text):
        return expression[0]
    whole = _PLACEHOLDER.search(text)
    return braces[0] if braces else whole[0] if whole else ""


def is_secret(text: str) -> bool:
    """
    Tell whether Azure would put a secret in place of this text.

    Source: Learn, "Access secrets from online deployment using secret injection": ${{azureml://connections/...}}, ${{keyvaultref:...}}.
    """
    found = _EXPRESSION.search(text)
    return bool(found and found[1].startswith(_SECRET))
