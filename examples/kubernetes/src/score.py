"""Predict how many bikes a city will lend in a day: a linear model, kept as JSON so that every version of everything reads it."""

import json
import os

import numpy as np


def init():
    """Load the model; it is registered, so its version is in the path, and its file keeps its name."""
    global features, weights, intercept
    path = os.path.join(os.environ["AZUREML_MODEL_DIR"], "bikes.json")
    with open(path, encoding="utf-8") as file:
        model = json.load(file)
    features, weights, intercept = list(model["weights"]), np.array(list(model["weights"].values())), model["intercept"]
    print(f"{path} wants {', '.join(features)}")


def run(data):
    """
    Answer one request.

    Args:
        data: the request body as text, ``{"days": [{"temperature": 21, "rain_mm": 0, "is_weekend": false}, ...]}``.

    Returns:
        ``{"bikes": [...]}``, a whole number a day, never less than none.
    """
    days = json.loads(data)["days"]
    rows = np.array([[float(day[feature]) for feature in features] for day in days])
    bikes = np.maximum(rows @ weights + intercept, 0)
    return {"bikes": bikes.round().astype(int).tolist()}
