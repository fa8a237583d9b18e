"""Metrics of binary tasks, with and without weights."""

import math

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp
from sklearn import metrics as sk

from conforming.compare import CASES, run, same, undefined
from conforming.formulas import check_influence, debiased_ece, kish, loss

BINARY = ["accuracy", "balanced_accuracy", "precision", "recall", "specificity", "false_positive_rate",
          "false_negative_rate", "negative_predictive_value", "f1", {"metric": "f_beta", "beta": 2, "as": "f2"},
          "matthews_corrcoef", "cohen_kappa", "selection_rate", "prevalence",
          {"metric": "expected_cost", "cost": {"fp": 1, "fn": 8}}, "log_loss", "brier"]


def binary_cases(rng):
    """Frames of label, two scores and a weight: one for each case."""
    out = []
    for k in range(CASES):
        n = int(rng.integers(2, 400))
        prev = rng.choice([0.01, 0.05, 0.3, 0.5, 0.97])
        y = (rng.random(n) < prev).astype(int)
        if k % 20 == 0:
            y[:] = 0
        if k % 20 == 1:
            y[:] = 1
        kind = k % 5
        a = 1 / (1 + np.exp(-(rng.normal(0, 1.5, n) + 1.2 * (2 * y - 1))))
        if kind == 1:
            a = np.round(a, 1)  # ties, and exact 0 and 1
        elif kind == 2:
            a = np.where(rng.random(n) < 0.5, 0.5, a)  # one large tie on the threshold
        elif kind == 3:
            a = y.astype(float)  # perfect, zero cells, clipped probabilities
        elif kind == 4:
            a = np.full(n, rng.choice([0.0, 0.3, 1.0]))  # constant
        b = np.clip(a + rng.normal(0, 0.2, n), 0, 1)
        w = rng.choice([0.0, 0.5, 1.0, 2.5], n) + (np.arange(n) == 0)
        out.append(pd.DataFrame({"case": f"c{k}", "y": y, "a": a, "b": b, "w": w}))
    return out


def mcc_parts(y, d, w):
    """The denominator of MCC, to tell an undefined value from a true 0."""
    return len(np.unique(y[w > 0])) > 1 and len(np.unique(d[w > 0])) > 1


def check_binary(weighted):
    rng = np.random.default_rng(7 + weighted)
    frames = binary_cases(rng)
    plan = {"name": "conformance", "task": "binary",
            "data": {"source": "data.parquet", "columns": {"label": {"column": "y", "positive": 1}}},
            "models": {"candidate": {"score": "a", "threshold": 0.5}, "baseline": {"score": "b", "threshold": 0.5}},
            "slices": ["case"], "metrics": BINARY + ["roc_auc", "average_precision", "ece", "ks", {"metric": "partial_roc_auc", "max_fpr": 0.2}] + ["brier_miscalibration", "brier_discrimination", "brier_uncertainty"] + ([] if weighted else [{"metric": m + "_at_count", "count": 20} for m in ("precision", "recall", "lift")]) +
                       [{"metric": m, "share": 0.2} for m in ("precision_at", "recall_at", "lift_at")]}
    if weighted:
        plan["data"]["columns"]["weight"] = "w"
    got, record = run(plan, pd.concat(frames), "binary")
    tag = " (weights)" if weighted else ""
    for k, f in enumerate(frames):
        y, p = f.y.to_numpy(), f.a.to_numpy()
        w = f.w.to_numpy() if weighted else np.ones(len(f))
        d = (p >= 0.5).astype(int)
        e = {m: got[(m, "candidate", f"case=c{k}")] for m in [x if isinstance(x, str) else x.get("as", x["metric"]) for x in plan["metrics"]]}
        pos, neg = w[y == 1].sum() > 0, w[y == 0].sum() > 0
        called, left = w[d == 1].sum() > 0, w[d == 0].sum() > 0
        v = lambda m: e[m]["value"]
        same("accuracy" + tag, k, v("accuracy"), sk.accuracy_score(y, d, sample_weight=w))
        rates = [("precision", called, lambda: sk.precision_score(y, d, sample_weight=w, zero_division=0)),
                 ("recall", pos, lambda: sk.recall_score(y, d, sample_weight=w, zero_division=0)),
                 ("specificity", neg, lambda: sk.recall_score(y, d, pos_label=0, sample_weight=w, zero_division=0)),
                 ("negative_predictive_value", left, lambda: sk.precision_score(y, d, pos_label=0, sample_weight=w, zero_division=0)),
                 ("f1", pos or called, lambda: sk.f1_score(y, d, sample_weight=w, zero_division=0)),
                 ("f2", pos or called, lambda: sk.fbeta_score(y, d, beta=2, sample_weight=w, zero_division=0))]
        for m, defined, oracle in rates:
            if defined:
                same(m + tag, k, v(m), oracle())
            else:
                undefined(m + tag, k, e[m], oracle(), 0.0)
        for m, defined, num, den in [("false_positive_rate", neg, (d == 1) & (y == 0), y == 0), ("false_negative_rate", pos, (d == 0) & (y == 1), y == 1)]:
            same(m + tag, k, v(m), w[num].sum() / w[den].sum() if defined else None)
        same("selection_rate" + tag, k, v("selection_rate"), w[d == 1].sum() / w.sum())
        same("prevalence" + tag, k, v("prevalence"), w[y == 1].sum() / w.sum())
        same("expected_cost" + tag, k, v("expected_cost"), (w[(d == 1) & (y == 0)].sum() + 8 * w[(d == 0) & (y == 1)].sum()) / w.sum())
        if pos and neg:
            same("balanced_accuracy" + tag, k, v("balanced_accuracy"), sk.balanced_accuracy_score(y, d, sample_weight=w))
        else:
            same("balanced_accuracy" + tag, k, v("balanced_accuracy"), None, what="undefined")
        if mcc_parts(y, d, w):
            same("matthews_corrcoef" + tag, k, v("matthews_corrcoef"), sk.matthews_corrcoef(y, d, sample_weight=w), tol=1e-8)
        else:
            undefined("matthews_corrcoef" + tag, k, e["matthews_corrcoef"], sk.matthews_corrcoef(y, d, sample_weight=w), 0.0)
        same_label = len(set(y[w > 0]) | set(d[w > 0])) == 1
        if same_label:
            same("cohen_kappa" + tag, k, v("cohen_kappa"), None, what="undefined")
        else:
            same("cohen_kappa" + tag, k, v("cohen_kappa"), sk.cohen_kappa_score(y, d, sample_weight=w), tol=1e-9)
        same("log_loss" + tag, k, v("log_loss"), sk.log_loss(y, p, sample_weight=w, labels=[0, 1]))
        same("brier" + tag, k, v("brier"), sk.brier_score_loss(y, p, sample_weight=w, labels=[0, 1], pos_label=1))
        if pos and neg:
            same("roc_auc" + tag, k, v("roc_auc"), sk.roc_auc_score(y, p, sample_weight=w))
        else:
            same("roc_auc" + tag, k, v("roc_auc"), None, what="undefined")
        if pos and neg:
            same("partial_roc_auc" + tag, k, v("partial_roc_auc"), sk.roc_auc_score(y, p, sample_weight=w, max_fpr=0.2))
            if len(y) < 120 and e["partial_roc_auc"]["se"]:
                check_influence("partial_roc_auc", k, w, e["partial_roc_auc"], lambda u: sk.roc_auc_score(y, p, sample_weight=u, max_fpr=0.2))
        else:
            same("partial_roc_auc" + tag, k, v("partial_roc_auc"), None, what="undefined")
        if pos:
            same("average_precision" + tag, k, v("average_precision"), sk.average_precision_score(y, p, sample_weight=w))
        else:
            undefined("average_precision" + tag, k, e["average_precision"], sk.average_precision_score(y, p, sample_weight=w), 0.0)
        if weighted and len(y) < 120 and 0.01 < (v("roc_auc") or 0) < 0.99:
            check_sandwich(k, y, p, w, e)
        check_top(k, y, p, w, e, 0.2 * w.sum(), "", tag)
        same("ece" + tag, k, v("ece"), debiased_ece(p, y, w) if kish(w) >= 30 else None, tol=1e-7)
        check_corp(k, y, p, w, e, tag)
        if weighted and pos and neg:
            at = np.unique(p)
            share = lambda c: np.array([w[(y == c) & (p <= s)].sum() for s in at]) / w[y == c].sum()
            same("ks" + tag, k, v("ks"), abs(share(1) - share(0)).max())
        elif weighted:
            same("ks" + tag, k, v("ks"), None, what="undefined")
        else:
            if len(y) > 20:
                check_top(k, y, p, w, e, 20, "_count", "")
            else:
                for m in ("precision", "recall", "lift"):
                    same(m + "_at_count", k, v(m + "_at_count"), None, what="undefined")
            same("ks", k, v("ks"), ks_2samp(p[y == 1], p[y == 0], method="asymp").statistic if pos and neg else None)
            check_intervals(k, y, d, e)
    if not weighted:
        check_paired(frames, record)


def check_sandwich(k, y, p, w, e):
    """Errors of weighted order metrics from the derivative of scikit-learn's value by each row's weight."""
    pos, neg = y == 1, y == 0
    if kish(w[pos]) <= 1.01 or kish(w[neg]) <= 1.01:
        return
    for m, value in [("roc_auc", sk.roc_auc_score), ("average_precision", sk.average_precision_score)]:
        g = np.zeros(len(y))
        for i in np.flatnonzero(w > 0):
            up, down, h = w.copy(), w.copy(), 1e-4 * w[i]
            up[i], down[i] = w[i] + h, w[i] - h
            g[i] = w[i] * (value(y, p, sample_weight=up) - value(y, p, sample_weight=down)) / (2 * h)
        one = lambda at: (g[at] ** 2).sum() * kish(w[at]) / (kish(w[at]) - 1)
        variance = one(pos) + one(neg) if m == "roc_auc" else one(w > 0)
        if m == "roc_auc" and variance < 1e-18:  # one score for all: one row of each class stands in for an error
            variance = 1 / kish(w[pos]) ** 2 + 1 / kish(w[neg]) ** 2
        same(m + ": error with weights", k, e[m]["se"], math.sqrt(variance), tol=1e-6, what="se")


def check_corp(k, y, p, w, e, tag):
    """The parts of the Brier score against scikit-learn's isotonic regression."""
    from sklearn.isotonic import IsotonicRegression
    y, p, w = y[w > 0], p[w > 0], w[w > 0]
    r = IsotonicRegression().fit(p, y, sample_weight=w).predict(p)
    mean = lambda x: np.average(x, weights=w)
    own, fit, flat = (p - y) ** 2, (r - y) ** 2, (mean(y) - y) ** 2
    v = lambda m: e[m]["value"]
    plain = lambda m: float(next(x for x in e[m]["notes"] if "before the overfit" in x).split()[0])
    same("brier_uncertainty" + tag, k, v("brier_uncertainty"), mean(y) * (1 - mean(y)))
    same("brier_miscalibration - brier_discrimination + brier_uncertainty" + tag, k, v("brier_miscalibration") - v("brier_discrimination") + v("brier_uncertainty"), sk.brier_score_loss(y, p, sample_weight=w, labels=[0, 1], pos_label=1))
    for m, x in [("brier_miscalibration", own - fit), ("brier_discrimination", flat - fit)]:
        same(m + ", plain" + tag, k, plain(m), mean(x), tol=5e-6)
        if e[m]["se"] and kish(w) > 1.01:
            error = (w ** 2 * (x - mean(x)) ** 2).sum() / w.sum() ** 2 * kish(w) / (kish(w) - 1)
            same(m + ": error" + tag, k, e[m]["se"], math.sqrt(error), tol=1e-7, what="se")


def check_top(k, y, p, w, e, budget, tail, tag):
    """The highest scores up to a budget (by weight), ties whole; scikit-learn's precision and recall of those calls."""
    budget, called = budget * (1 + 1e-11), np.zeros(len(y), int)
    for score in np.unique(p)[::-1]:
        if w[called == 1].sum() + w[p == score].sum() > budget:
            break
        called[p == score] = 1
    any_called, pos = w[called == 1].sum() > 0, w[y == 1].sum() > 0
    precision = lambda: sk.precision_score(y, called, sample_weight=w)
    for m, defined, oracle in [("precision_at", any_called, precision), ("recall_at", any_called and pos, lambda: sk.recall_score(y, called, sample_weight=w)),
                               ("lift_at", any_called and pos, lambda: precision() / (w[y == 1].sum() / w.sum()))]:
        same(m + tail + tag, k, e[m + tail]["value"], oracle() if defined else None)


def check_intervals(k, y, d, e):
    """Wilson against statsmodels."""
    from statsmodels.stats.proportion import proportion_confint
    for m, num, den in [("accuracy", (y == d).sum(), len(y)), ("recall", ((y == 1) & (d == 1)).sum(), (y == 1).sum()), ("precision", ((y == 1) & (d == 1)).sum(), (d == 1).sum())]:
        if den == 0:
            continue
        lo, hi = proportion_confint(num, den, method="wilson")
        same(m + ": Wilson", k, e[m]["lower"], max(lo, 0.0), tol=1e-9, what="lower")
        same(m + ": Wilson", k, e[m]["upper"], min(hi, 1.0), tol=1e-9, what="upper")


def check_paired(frames, record):
    """Differences, and McNemar's mid-p from the binomial distribution."""
    from scipy.stats import binom
    by = {(c["metric"], c["slice"]): c for c in record["comparisons"]}
    for k, f in enumerate(frames):
        y = f.y.to_numpy()
        a, b = (f.a >= 0.5).to_numpy().astype(int), (f.b >= 0.5).to_numpy().astype(int)
        c = by[("accuracy", f"case=c{k}")]
        x, z = int(((a == y) & (b != y)).sum()), int(((a != y) & (b == y)).sum())
        same("accuracy: paired difference", k, c["difference"], (x - z) / len(y))
        if x + z:
            pmf = binom.pmf(x, x + z, 0.5)
            p = 1 - pmf if x == z else min(1, 2 * binom.cdf(min(x, z), x + z, 0.5) - pmf)
            same("accuracy: McNemar mid-p", k, c["p_value"], p, tol=1e-9)
        c = by[("log_loss", f"case=c{k}")]
        same("log_loss: paired difference", k, c["difference"], sk.log_loss(y, f.a, labels=[0, 1]) - sk.log_loss(y, f.b, labels=[0, 1]))
        d = loss(y, f.a.to_numpy()) - loss(y, f.b.to_numpy())
        if len(d) > 1 and d.std() > 1e-9:
            same("log_loss: paired error", k, c["se"], d.std(ddof=1) / math.sqrt(len(d)), tol=1e-8)
