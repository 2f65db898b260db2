"""Tell known words from unknown ones: a script of 2020, which asks azureml-core where its registered model lies."""

import json

from azureml.core.model import Model
from words import words_of


def init():
    """Load the vocabulary; the latest version counts, and the file's name is none of the script's business."""
    global vocabulary
    path = Model.get_model_path("vocabulary")
    print(f"the model lies at {path}")
    with open(path, encoding="utf-8") as file:
        vocabulary = set(file.read().split())


def run(data):
    """Answer `{"text": "..."}` with the words that the vocabulary has and the number of those that it has not."""
    words = words_of(json.loads(data)["text"])
    known = [word for word in words if word in vocabulary]
    return {"known": known, "unknown": len(words) - len(known)}
