"""Slices by quantiles, and differences of slices."""

import numpy as np
import pandas as pd

from conforming.compare import run, same


def check_deciles():
    """Relative error by decile of the label: the bins and their values."""
    rng = np.random.default_rng(37)
    for k in range(10):
        n = int(rng.integers(40, 500))
        y = np.exp(rng.normal(3, 1, n))
        if k % 2:
            y = np.round(y)  # ties
        f = pd.DataFrame({"y": y, "f": y * np.exp(rng.normal(0, 0.3, n)), "keep": rng.integers(0, 3, n)})
        plan = {"name": "deciles", "task": "regression", "data": {"source": "data.parquet", "where": "keep > 0", "columns": {"label": {"column": "y"}}},
                "models": {"candidate": {"prediction": "f"}}, "slices": [{"column": "y", "quantiles": 10}], "metrics": ["wape"]}
        got, record = run(plan, f, "deciles")
        f = f[f.keep > 0]
        rank = np.sort(f.y)
        edges = np.unique([rank[len(f) * i // 10] for i in range(1, 10)])
        edges = edges[edges > rank[0]]
        bins = np.searchsorted(edges, f.y, side="right")
        want = [(abs(g.f - g.y).sum() / abs(g.y).sum(), len(g)) for _, g in f.groupby(bins)]
        have = [(e["value"], e["n"]) for (m, _, s), e in got.items() if s != "overall"]
        same("slices by quantiles: number", k, len(have), len(want))
        for (v, n), (w, m) in zip(have, want):
            same("wape by decile", k, v, w)
            same("slices by quantiles: rows", k, n, m)


def check_fairness():
    """Group rates and their largest difference against fairlearn; Newcombe against statsmodels."""
    from fairlearn.metrics import MetricFrame, selection_rate, true_positive_rate
    from statsmodels.stats.proportion import confint_proportions_2indep
    rng = np.random.default_rng(19)
    for k in range(20):
        n = 1200
        g = rng.choice(["A", "B"], n)
        y = (rng.random(n) < 0.4).astype(int)
        s = np.clip(0.3 * y + 0.1 * (g == "A") + rng.random(n) * 0.7, 0, 1)
        f = pd.DataFrame({"g": g, "y": y, "a": s})
        plan = {"name": "fair", "task": "binary", "data": {"source": "data.parquet", "columns": {"label": {"column": "y", "positive": 1}}},
                "models": {"candidate": {"score": "a", "threshold": 0.5}}, "slices": ["g"], "metrics": ["selection_rate", "recall"],
                "gates": [{"metric": "selection_rate", "across": "g", "difference_at_most": 0.05}, {"metric": "recall", "across": "g", "ratio_at_least": 0.8}]}
        got, record = run(plan, f, "fairness")
        d = (f.a >= 0.5).astype(int)
        frame = MetricFrame(metrics={"sr": selection_rate, "tpr": true_positive_rate}, y_true=f.y, y_pred=d, sensitive_features=f.g)
        for group in "AB":
            same("fairness: selection_rate by group", k, got[("selection_rate", "candidate", f"g={group}")]["value"], frame.by_group.loc[group, "sr"])
            same("fairness: recall by group", k, got[("recall", "candidate", f"g={group}")]["value"], frame.by_group.loc[group, "tpr"])
        cell = record["gates"][0]["cells"][0]
        same("fairness: difference", k, abs(cell["value"]), frame.difference()["sr"])
        a, b = d[f.g == "A"], d[f.g == "B"]
        lo, hi = confint_proportions_2indep(a.sum(), len(a), b.sum(), len(b), method="newcomb")
        same("fairness: Newcombe", k, cell["lower"], lo, tol=1e-9, what="lower")
        same("fairness: Newcombe", k, cell["upper"], hi, tol=1e-9, what="upper")
        same("fairness: ratio", k, record["gates"][1]["cells"][0]["value"], frame.ratio()["tpr"])
