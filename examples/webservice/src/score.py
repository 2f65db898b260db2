"""Tell how likely people pay back a loan: a script of 2020 with two registered models, one scales, the other decides."""

import json

import numpy as np
from azureml.core.model import Model


def init():
    """Load both models by their names; the latest version of each counts."""
    global scaler, credit
    scaler, credit = load("scaler"), load("credit")


def load(name):
    """Return a registered model that is a JSON file."""
    path = Model.get_model_path(name)
    print("{} lies at {}".format(name, path))
    with open(path) as file:
        return json.load(file)


def run(data):
    """Answer ``{"people": [{"income", "debt", "age"}, ...]}`` with ``{"pays": [0.81, ...]}``, one probability a person."""
    people = json.loads(data)["people"]
    score = credit["intercept"] + sum(
        weight * np.array([scaled(person, feature) for person in people])
        for feature, weight in credit["weights"].items()
    )
    return {"pays": (1 / (1 + np.exp(-score))).round(2).tolist()}


def scaled(person, feature):
    return (person[feature] - scaler["mean"][feature]) / scaler["deviation"][feature]
