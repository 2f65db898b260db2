"""A module beside the script: the whole code folder is deployed, and the script's folder is where imports begin."""

import re


def words_of(text):
    """Return the words of a text in small letters."""
    return re.findall(r"[^\W\d_]+", text.lower())
