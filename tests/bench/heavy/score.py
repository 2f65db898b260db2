"""A script whose imports and model take their time. The benchmark puts the model beside it and saves other versions."""

import json
import time
from pathlib import Path

import joblib
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

VERSION = 1
COLUMNS = ["a", "b", "c", "d"]

forest: RandomForestClassifier
init_ms = 0.0


def init() -> None:
    global forest, init_ms  # noqa: PLW0603  # as scoring scripts do
    began_s = time.perf_counter()
    forest = joblib.load(Path(__file__).with_name("forest.joblib"))
    init_ms = (time.perf_counter() - began_s) * 1e3


def run(data: str) -> dict[str, float]:
    frame = pd.DataFrame(json.loads(data)["data"], columns=COLUMNS)
    return {"version": VERSION, "init_ms": init_ms, "rows": len(frame)}
