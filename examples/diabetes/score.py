"""Predict how far diabetes has progressed one year on, from ten measurements a patient."""

import json
import os

import joblib
import numpy as np
from azureml_inference_server_http.api.aml_response import AMLResponse

FEATURES = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]

model = None


def init():
    """Load the model; Azure ML calls this once in each worker, before the first request."""
    global model
    model_path = os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.joblib")
    model = joblib.load(model_path)
    print(f"loaded {os.path.basename(model_path)}: {len(FEATURES)} features")


def run(data):
    """
    Answer one request.

    Args:
        data: the request body as text, ``{"data": [[ten numbers], ...]}``, one list a patient.

    Returns:
        ``{"predictions": [...]}``, one number a row, in the order of the rows; or a 400 that says what is wrong.
    """
    try:
        rows = read_rows(data)
    except ValueError as error:
        return AMLResponse({"error": str(error)}, 400, json_str=True)

    predictions = model.predict(rows)
    return {"predictions": predictions.round(2).tolist()}


def read_rows(data):
    """Turn the body into an array of shape (patients, 10); ValueError tells the caller what to send instead."""
    if not data:
        raise ValueError("the body is empty; send JSON with the header Content-Type: application/json")
    try:
        body = json.loads(data)
    except json.JSONDecodeError as error:
        raise ValueError(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict) or "data" not in body:
        raise ValueError('the body must be a JSON object with the key "data"')

    try:
        rows = np.asarray(body["data"], dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError('"data" must be a list of rows of equal length, all numbers') from error
    if rows.ndim != 2 or rows.shape[1] != len(FEATURES):
        raise ValueError(
            f'"data" must be a list of rows with {len(FEATURES)} numbers each ({", ".join(FEATURES)}); '
            f"got shape {list(rows.shape)}"
        )
    if not np.isfinite(rows).all():
        raise ValueError('"data" must not contain null, NaN or infinity')
    return rows
