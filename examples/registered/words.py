"""A module beside the script: the script's folder is where a deployment imports from."""

import re


def words_of(text):
    """Return the words of a text in small letters."""
    return re.findall(r"[a-z]+", text.lower())
