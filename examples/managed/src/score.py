"""Guess the language of a text: whose commonest words does it use most?"""

import json
import os
from pathlib import Path

from words import words_of

# of words that are common ones; the deployment may say another
LEAST_SHARE = float(os.environ.get("LEAST_SHARE", "0.2"))


def init():
    """Load the model, a folder with a file for each language; Azure keeps the folder's own name."""
    global common_words
    folder = Path(os.environ["AZUREML_MODEL_DIR"]) / "languages"
    common_words = {path.stem: set(path.read_text(encoding="utf-8").split()) for path in sorted(folder.glob("*.txt"))}
    print(f"{folder} has {', '.join(common_words)}")


def run(data):
    """
    Answer one request.

    Args:
        data: the request body as text, ``{"text": "..."}``.

    Returns:
        ``{"language": "de", "shares": {"de": 0.42, ...}}``; the language is null where no share reaches LEAST_SHARE.
    """
    words = words_of(json.loads(data)["text"])
    shares = {language: share_of(common, words) for language, common in common_words.items()}
    likeliest = max(shares, key=shares.get)
    return {"language": likeliest if shares[likeliest] >= LEAST_SHARE else None, "shares": shares}


def share_of(common, words):
    """Return which part of the words are common ones; of no words, none."""
    return round(sum(word in common for word in words) / max(len(words), 1), 2)
