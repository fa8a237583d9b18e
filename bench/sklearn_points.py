"""The peer: scikit-learn's point metrics, overall and on each slice, for two models.

Prints JSON: CPU seconds of the metric calls alone (imports and reading excluded, which
favours the peer), and every value.
"""

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
import sklearn
from sklearn import metrics as sk

warnings.filterwarnings("ignore")
frame = pd.read_parquet(sys.argv[1])
slices = ["c2", "c5", "c10", "c50", "c100"]
for c in slices:
    frame[c] = frame[c].astype("category")


def points(y, p):
    d = (p >= 0.5).astype(int)
    return {
        "roc_auc": sk.roc_auc_score(y, p), "average_precision": sk.average_precision_score(y, p), "accuracy": sk.accuracy_score(y, d),
        "balanced_accuracy": sk.balanced_accuracy_score(y, d), "precision": sk.precision_score(y, d, zero_division=0), "recall": sk.recall_score(y, d),
        "specificity": sk.recall_score(y, d, pos_label=0), "f1": sk.f1_score(y, d), "matthews_corrcoef": sk.matthews_corrcoef(y, d),
        "log_loss": sk.log_loss(y, p), "brier": sk.brier_score_loss(y, p),
    }


values = {}
start = time.process_time()
for key, column in (("candidate", "score_a"), ("baseline", "score_b")):
    y, p = frame.label.to_numpy(), frame[column].to_numpy()
    for m, v in points(y, p).items():
        values[f"{m}|{key}|overall"] = v
    for c in slices:
        codes = frame[c].cat.codes.to_numpy()
        for code, name in enumerate(frame[c].cat.categories):
            at = codes == code
            for m, v in points(y[at], p[at]).items():
                values[f"{m}|{key}|{c}={name}"] = v
cpu = time.process_time() - start
print(json.dumps({"version": sklearn.__version__, "cpu": cpu, "values": {k: float(np.float64(v)) for k, v in values.items()}}))
