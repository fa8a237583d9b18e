"""Metrics of regression, and prediction intervals."""

import math
import sys

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn import metrics as sk

from conforming.compare import CASES, run, same, undefined
from conforming.formulas import check_influence, kish


def rank_correlation(y, p, w):
    """Spearman's correlation with weights: of the mid-distribution functions."""
    mid = lambda x: ((w * (x[None, :] < x[:, None])).sum(1) + (w * (x[None, :] == x[:, None])).sum(1) / 2) / w.sum()
    cov = np.cov(mid(y), mid(p), aweights=w, bias=True)
    return cov[0, 1] / math.sqrt(cov[0, 0] * cov[1, 1])


def type_7(x, q, w):
    """Hyndman and Fan's type 7 on Kish's rows (Akinshin 2023); with equal weights NumPy's."""
    i = np.argsort(x)
    rows = kish(w)
    edges = np.concatenate([[0.0], np.cumsum(w[i]) / w.sum()])
    at = q * (rows - 1)
    share = np.diff(np.clip(edges * rows - at, 0, 1))
    equal = np.linspace(-1, 1, len(x))
    if not np.isclose(np.quantile(equal, q), equal @ np.diff(np.clip(np.arange(len(x) + 1) - q * (len(x) - 1), 0, 1))):
        sys.exit("type_7 is not NumPy's quantile for equal weights")
    return float(x[i] @ share / share.sum())


def check_regression(weighted):
    rng = np.random.default_rng(17 + weighted)
    frames = []
    for k in range(CASES):
        n = int(rng.integers(2, 300))
        y = rng.normal(1000 if k % 4 == 0 else 5, 3, n)
        if k % 9 == 0:
            y[:] = 4.0  # constant
        if k % 7 == 0:
            y[0] = 0.0
        if k % 5 == 0:
            y = np.round(y)
        f = y + rng.normal(0.3, 1, n) * (k % 11 != 0)
        frames.append(pd.DataFrame({"case": f"c{k}", "y": y, "f": f, "w": rng.choice([0.5, 1.0, 3.0], n)}))
    names = ["mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "r2", "mean_error", "wape", "mape", "smape", "rmsle", "explained_variance", "pearson", "spearman", {"metric": "pinball_loss", "alpha": 0.9}]
    plan = {"name": "regression", "task": "regression", "data": {"source": "data.parquet", "columns": {"label": {"column": "y"}}},
            "models": {"candidate": {"prediction": "f"}}, "slices": ["case"], "metrics": names + ["median_absolute_error", "max_error", {"metric": "absolute_error_quantile", "q": 0.9, "as": "p90"}, {"metric": "error_quantile", "q": 0.05, "as": "low"}]}
    if weighted:
        plan["data"]["columns"]["weight"] = "w"
    got, _ = run(plan, pd.concat(frames), "regression")
    tag = " (weights)" if weighted else ""
    for k, f in enumerate(frames):
        y, p = f.y.to_numpy(), f.f.to_numpy()
        w = f.w.to_numpy() if weighted else np.ones(len(f))
        e = lambda m: got[(m, "candidate", f"case=c{k}")]
        same("mean_absolute_error" + tag, k, e("mean_absolute_error")["value"], sk.mean_absolute_error(y, p, sample_weight=w))
        same("mean_squared_error" + tag, k, e("mean_squared_error")["value"], sk.mean_squared_error(y, p, sample_weight=w))
        same("root_mean_squared_error" + tag, k, e("root_mean_squared_error")["value"], sk.root_mean_squared_error(y, p, sample_weight=w))
        same("mean_error" + tag, k, e("mean_error")["value"], np.average(p - y, weights=w))
        same("wape" + tag, k, e("wape")["value"], (w * abs(p - y)).sum() / (w * abs(y)).sum())
        same("pinball_loss" + tag, k, e("pinball_loss")["value"], sk.mean_pinball_loss(y, p, sample_weight=w, alpha=0.9))
        size = abs(y) + abs(p)
        same("smape" + tag, k, e("smape")["value"], np.average(np.divide(2 * abs(p - y), size, out=np.zeros(len(y)), where=size > 0), weights=w))
        if (y <= -1).any() or (p <= -1).any():
            same("rmsle" + tag, k, e("rmsle")["value"], None, what="undefined")
        else:
            same("rmsle" + tag, k, e("rmsle")["value"], sk.root_mean_squared_log_error(y, p, sample_weight=w))
        if np.ptp(y) == 0:
            undefined("explained_variance" + tag, k, e("explained_variance"), sk.explained_variance_score(y, p, sample_weight=w), None)
        else:
            same("explained_variance" + tag, k, e("explained_variance")["value"], sk.explained_variance_score(y, p, sample_weight=w), tol=1e-7)
        if np.ptp(y) == 0 or np.ptp(p) == 0:
            same("pearson" + tag, k, e("pearson")["value"], None, what="undefined")
        else:
            cov = np.cov(y, p, aweights=w, bias=True)
            same("pearson" + tag, k, e("pearson")["value"], cov[0, 1] / math.sqrt(cov[0, 0] * cov[1, 1]), tol=1e-7)
        if np.ptp(y) == 0 or np.ptp(p) == 0:
            same("spearman" + tag, k, e("spearman")["value"], None, what="undefined")
        else:
            same("spearman" + tag, k, e("spearman")["value"], rank_correlation(y, p, w))
            if not weighted:
                same("spearman", k, e("spearman")["value"], spearmanr(y, p).statistic)
            if len(y) < 60 and e("spearman")["se"]:
                check_influence("spearman", k, w, e("spearman"), lambda u: rank_correlation(y, p, u))
        if np.ptp(y) == 0:
            undefined("r2" + tag, k, e("r2"), sk.r2_score(y, p, sample_weight=w), 1.0 if np.allclose(p, y) else 0.0)
        else:
            same("r2" + tag, k, e("r2")["value"], sk.r2_score(y, p, sample_weight=w), tol=1e-7)  # a slice's labels may lie hundreds of its standard deviations from the others'
        if (y == 0).any():
            same("mape" + tag, k, e("mape")["value"], None, what="undefined")
        else:
            same("mape" + tag, k, e("mape")["value"], sk.mean_absolute_percentage_error(y, p, sample_weight=w))
        same("max_error" + tag, k, e("max_error")["value"], sk.max_error(y, p))
        same("absolute_error_quantile" + tag, k, e("p90")["value"], type_7(abs(p - y), 0.9, w) if weighted else np.quantile(abs(p - y), 0.9))
        same("error_quantile" + tag, k, e("low")["value"], type_7(p - y, 0.05, w) if weighted else np.quantile(p - y, 0.05))
        same("median_absolute_error" + tag, k, e("median_absolute_error")["value"], sk.median_absolute_error(y, p, sample_weight=w if weighted else None))


def check_prediction_intervals(weighted):
    """Coverage, width and interval score by definition; the score also from scikit-learn's pinball losses."""
    from statsmodels.stats.proportion import proportion_confint
    rng = np.random.default_rng(31 + weighted)
    frames = []
    for k in range(CASES // 2):
        n = int(rng.integers(2, 200))
        y = np.round(rng.normal(5, 3, n), 1 if k % 3 else 9)
        lo = np.round(y + rng.normal(-2, 1.5, n), 1 if k % 3 else 9)
        frames.append(pd.DataFrame({"id": [f"{k}-{i}" for i in range(n)], "case": f"c{k}", "y": y, "f": y + rng.normal(0, 1, n), "lo": lo, "hi": lo + rng.gamma(2, 2, n), "w": rng.choice([0.5, 1.0, 3.0], n)}))
    plan = {"name": "intervals", "task": "regression", "data": {"source": "data.parquet", "columns": {"label": {"column": "y"}}},
            "models": {"candidate": {"prediction": "f", "interval": {"lower": "lo", "upper": "hi", "level": 0.8}}}, "slices": ["case"],
            "metrics": ["interval_coverage", "interval_width", "interval_score"]}
    if weighted:
        plan["data"]["columns"]["weight"] = "w"
    got, record = run(plan, pd.concat(frames), "intervals")
    tag = " (weights)" if weighted else ""
    target = next(m["target"] for m in record["metrics"] if m["name"] == "interval_coverage")
    same("interval_coverage: target", 0, target, 0.8)
    for k, f in enumerate(frames):
        e = {m: got[(m, "candidate", f"case=c{k}")] for m in plan["metrics"]}
        y, lo, hi = f.y.to_numpy(), f.lo.to_numpy(), f.hi.to_numpy()
        w = f.w.to_numpy() if weighted else np.ones(len(f))
        held = (lo <= y) & (y <= hi)
        same("interval_coverage" + tag, k, e["interval_coverage"]["value"], np.average(held, weights=w))
        if not weighted:
            a, b = proportion_confint(held.sum(), len(held), method="wilson")
            same("interval_coverage: Wilson", k, e["interval_coverage"]["lower"], max(a, 0.0), tol=1e-9, what="lower")
            same("interval_coverage: Wilson", k, e["interval_coverage"]["upper"], min(b, 1.0), tol=1e-9, what="upper")
        same("interval_width" + tag, k, e["interval_width"]["value"], np.average(hi - lo, weights=w))
        same("interval_score" + tag, k, e["interval_score"]["value"],
             10 * (sk.mean_pinball_loss(y, lo, alpha=0.1, sample_weight=w) + sk.mean_pinball_loss(y, hi, alpha=0.9, sample_weight=w)))
