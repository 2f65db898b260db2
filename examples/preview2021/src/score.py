"""Tell what people think of something, by the sum of the opinions in their words."""

import json
import os
import re


def init():
    """Load the words with their weights; which version, the deployment says."""
    global opinions
    path = os.path.join(os.environ["AZUREML_MODEL_DIR"], "opinions.json")
    with open(path, encoding="utf-8") as file:
        opinions = json.load(file)
    print(f"{path} has {len(opinions)} words")


def run(data):
    """Answer ``{"reviews": ["...", ...]}`` with ``{"opinions": [2, -1, ...]}``, one number a review; above 0 is praise."""
    reviews = json.loads(data)["reviews"]
    return {"opinions": [sum(opinions.get(word, 0) for word in words_of(review)) for review in reviews]}


def words_of(text):
    return re.findall(r"[a-z]+", text.lower())
