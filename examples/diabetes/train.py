"""
Train the model that score.py loads: a ridge regression on scikit-learn's bundled diabetes data.

Needs no network and less than a second of work; the same data give the same model every time.

    python train.py                 write model/model.joblib beside this file
    python train.py --if-missing    do nothing when the model is there and newer than this file
"""

import argparse
import os
from pathlib import Path

MODEL_PATH = Path(__file__).resolve().parent / "model" / "model.joblib"


def train():
    """Fit the pipeline on three quarters of the patients; return it with its R2 on the others."""
    # imported here, and joblib below, so that --if-missing answers at once: these imports take two seconds
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features, progression = load_diabetes(return_X_y=True, scaled=False)
    x_train, x_test, y_train, y_test = train_test_split(features, progression, random_state=0)
    model = make_pipeline(StandardScaler(), Ridge(alpha=1.0))
    model.fit(x_train, y_train)
    return model, model.score(x_test, y_test)


def save(model):
    """Write the model in one step, so that a server starting meanwhile never reads half a file."""
    import joblib

    MODEL_PATH.parent.mkdir(exist_ok=True)
    unfinished = MODEL_PATH.with_suffix(f".{os.getpid()}.tmp")
    joblib.dump(model, unfinished)
    unfinished.replace(MODEL_PATH)


def is_up_to_date():
    return MODEL_PATH.exists() and MODEL_PATH.stat().st_mtime >= Path(__file__).stat().st_mtime


def main():
    parser = argparse.ArgumentParser(description="Train the diabetes model.")
    parser.add_argument("--if-missing", action="store_true", help="keep a model that is newer than this file")
    if parser.parse_args().if_missing and is_up_to_date():
        return

    model, r2 = train()
    save(model)
    print(f"wrote model/{MODEL_PATH.name}, R2 on unseen patients {r2:.2f}")


if __name__ == "__main__":
    main()
