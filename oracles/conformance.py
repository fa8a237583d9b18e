"""Compares fairtrial's metrics with scikit-learn, statsmodels and fairlearn on generated cases.

Every case is one slice of one file, so that one run of the program answers hundreds of
cases. Cases have ties, one class, empty cells, extreme imbalance and unicode labels. A
deliberate difference (docs/metrics.md) is asserted, not skipped: where fairtrial says
"undefined", the oracle's own stand-in value is checked too.
"""

import csv
import json
import math
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp, spearmanr
from sklearn import metrics as sk

warnings.filterwarnings("ignore")
BIN = str(Path(sys.argv[1]).resolve())
CASES = 200
TOL = 1e-10
tally = {}  # by task and quantity: what was compared
failures = []
task = ""

# What each quantity is compared with: the first pattern that its name begins with. "own"
# says that no library computes it: the definition is written out in NumPy here, and the
# Go tests named hold vectors of their own.
SK = "scikit-learn "
ORACLES = [
    (r".*degrees of freedom of two-way", "the fewer clusters less one"), (r".*: two-way clusters", "statsmodels OLS, cluster covariances by either and by both"),
    (r"roc_auc of a class: error", "derivative of the oracle's value by each row's weight"), (r"ks \(weights", "own: weighted distributions in NumPy; internal/metric/weights_test.go"),
    (r"(absolute_)?error_quantile \(weights", "own: type 7 on Kish's rows in NumPy; internal/metric/weights_test.go"),
    (r".*: Wilson", "statsmodels proportion_confint"), (r".*: CR1", "statsmodels OLS, cluster covariance"), (r".*: (CR2|Satterthwaite)", "own: Bell & McCaffrey's dense matrices; internal/metric/cluster_test.go"),
    (r"calibration_", "statsmodels GLM, sandwich covariance"), (r"accuracy: McNemar", "scipy binom"), (r"log_loss: paired error", "NumPy, of scikit-learn's terms"), (r"accuracy: paired", "NumPy, counts"),
    (r"(partial_roc_auc|roc_auc|average_precision|roc_auc_ovo|spearman): error", "derivative of the oracle's value by each row's weight"), (r"brier_(miscalibration|discrimination): error", "NumPy, of scikit-learn's IsotonicRegression"),
    (r"partial_roc_auc", SK + "roc_auc_score, max_fpr"), (r"roc_auc_ovo", SK + "roc_auc_score, multi_class='ovo'"), (r"roc_auc \(one", SK + "roc_auc_score, multi_class='ovr'"), (r"roc_auc", SK + "roc_auc_score"),
    (r"brier_miscalibration -", SK + "brier_score_loss"), (r"brier_(miscalibration|discrimination)", SK + "IsotonicRegression"), (r"brier_uncertainty", "own: ȳ(1 − ȳ); internal/metric/vectors_test.go"),
    (r"top_k_accuracy, no ties", SK + "top_k_accuracy_score"), (r"top_k_accuracy", "own: ties share the places left; internal/metric/vectors_test.go"),
    (r"accuracy", SK + "accuracy_score"), (r"balanced_accuracy", SK + "balanced_accuracy_score"), (r"specificity", SK + "recall_score of the negatives"), (r"negative_predictive", SK + "precision_score of the negatives"),
    (r"(precision|recall|lift)_at", SK + "precision_score, recall_score of the calls"), (r"fairness: Newcombe", "statsmodels confint_proportions_2indep"), (r"fairness", "fairlearn MetricFrame"),
    (r"precision", SK + "precision_score"), (r"recall", SK + "recall_score"), (r"f1", SK + "f1_score"), (r"f2", SK + "fbeta_score, beta=2"), (r"matthews", SK + "matthews_corrcoef"),
    (r"(cohen_kappa|linear_kappa|quadratic_kappa)", SK + "cohen_kappa_score"), (r"average_precision", SK + "average_precision_score"), (r"log_loss", SK + "log_loss"), (r"brier", SK + "brier_score_loss"),
    (r"ks", "scipy ks_2samp"), (r"ece", "own: debiased bins by definition; internal/metric/vectors_test.go"), (r"(false_|selection_rate|prevalence)", "own: shares of counts; internal/metric/vectors_test.go"),
    (r"expected_cost", "own: sum of costs; internal/metric/vectors_test.go"), (r"mean_absolute_error", SK + "mean_absolute_error"), (r"mean_squared_error", SK + "mean_squared_error"),
    (r"root_mean_squared_error", SK + "root_mean_squared_error"), (r"median_absolute_error", SK + "median_absolute_error"), (r"max_error", SK + "max_error"), (r"mean_error", "own: mean of the errors; internal/metric/vectors_test.go"),
    (r"(absolute_)?error_quantile", "NumPy quantile"), (r"r2", SK + "r2_score"), (r"explained_variance", SK + "explained_variance_score"), (r"rmsle", SK + "root_mean_squared_log_error"), (r"mape", SK + "mean_absolute_percentage_error"),
    (r"pinball_loss", SK + "mean_pinball_loss"), (r"pearson", "NumPy cov"), (r"spearman \(weights", "own: covariance of mid-distribution functions; internal/engine/local/influence"), (r"spearman", "scipy spearmanr"),
    (r"wape", "own: ratio of sums; internal/metric/vectors_test.go"), (r"smape", "own: mean of terms; internal/metric/vectors_test.go"), (r"interval_score", SK + "mean_pinball_loss of both ends"),
    (r"interval_(coverage|width)", "own: means of rows; internal/metric/vectors_test.go"), (r"slices by quantiles", "NumPy sort"),
]


def oracle_of(quantity):
    return next((words for pattern, words in ORACLES if re.match(pattern, quantity)), "")


def run(plan, frame, name):
    """Runs a plan over a frame and returns {(metric, model, slice): estimate}, record."""
    global task
    task = plan["task"]
    with tempfile.TemporaryDirectory() as d:
        d = Path(d)
        frame.to_parquet(d / "data.parquet", index=False)
        (d / "plan.yaml").write_text(json.dumps(plan), encoding="utf-8")
        p = subprocess.run([BIN, "run", str(d / "plan.yaml"), "--json", "-q"], capture_output=True, text=True)
        if p.returncode not in (0, 1, 3):
            sys.exit(f"{name}: fairtrial exited {p.returncode}: {p.stderr}")
        record = json.loads(p.stdout)
    return {(e["metric"], e["model"], e["slice"]): e for e in record["estimates"]}, record


def same(metric, case, got, want, tol=TOL, what="value"):
    seen = tally.setdefault((task, metric), {"cases": 0, "undefined": 0, "largest": 0.0, "allowed": 0.0})
    if want is None:
        ok = got is None
        seen["undefined"] += 1
    else:
        seen["cases"] += 1
        off = math.inf if got is None else abs(got - want) / max(1.0, abs(want))
        ok = off <= tol
        seen["largest"], seen["allowed"] = max(seen["largest"], off), max(seen["allowed"], tol)
    if not ok:
        failures.append(f"{metric} case {case} {what}: fairtrial {got}, oracle {want}")


def undefined(metric, case, estimate, oracle, stand_in):
    """Asserts a deliberate difference: undefined here, a stand-in value there."""
    same(metric, case, estimate["value"], None, what="undefined")
    if estimate["status"] != "undefined" or not estimate["notes"]:
        failures.append(f"{metric} case {case}: status {estimate['status']} without a reason")
    if stand_in == "nan":
        if not math.isnan(oracle):
            failures.append(f"{metric} case {case}: the oracle now says {oracle}, docs/metrics.md says NaN")
    elif stand_in is not None and abs(oracle - stand_in) > 1e-12:
        failures.append(f"{metric} case {case}: the oracle now says {oracle}, docs/metrics.md says {stand_in}")


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


BINARY = ["accuracy", "balanced_accuracy", "precision", "recall", "specificity", "false_positive_rate",
          "false_negative_rate", "negative_predictive_value", "f1", {"metric": "f_beta", "beta": 2, "as": "f2"},
          "matthews_corrcoef", "cohen_kappa", "selection_rate", "prevalence",
          {"metric": "expected_cost", "cost": {"fp": 1, "fn": 8}}, "log_loss", "brier"]


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


def kish(w):
    return w.sum() ** 2 / (w ** 2).sum()


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
        same(m + ": error with weights", k, e[m]["se"], math.sqrt(variance), tol=1e-6, what="se")


def check_influence(metric, k, w, e, value):
    """The error from the derivative of the oracle's value by each row's weight."""
    g = np.zeros(len(w))
    for i in np.flatnonzero(w > 0):
        moved = []
        for h in (1e-5 * w[i], -1e-5 * w[i]):
            u = w.copy()
            u[i] += h
            moved.append(value(u))
        if abs(moved[0] + moved[1] - 2 * e["value"]) > 1e-8:
            return  # at a kink there is no derivative
        g[i] = w[i] * (moved[0] - moved[1]) / (2e-5 * w[i])
    if kish(w) > 1.01:
        same(metric + ": error", k, e["se"], math.sqrt((g ** 2).sum() * kish(w) / (kish(w) - 1)), tol=1e-5, what="se")


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


def loss(y, p):
    eps = np.finfo(float).eps
    p = np.clip(p, eps, 1 - eps)
    return -np.where(y == 1, np.log(p), np.log1p(-p))


def check_recalibration():
    """Slope and intercept of the logistic recalibration, with sandwich errors, against statsmodels."""
    import statsmodels.api as sm
    rng = np.random.default_rng(29)
    frames = []
    for k in range(CASES):
        n = int(rng.integers(30, 400))
        z = rng.normal(-1, 1.5, n)
        y = (rng.random(n) < 1 / (1 + np.exp(-(0.3 + rng.choice([0.4, 1.0, 2.0]) * z)))).astype(int)
        if k % 10 == 0:
            y[:] = k % 20 // 10
        a = 1 / (1 + np.exp(-z))
        if k % 10 == 1:
            a[0] = 0.0
        if k % 10 == 2:
            a[:] = 0.3
        b = 1 / (1 + np.exp(-(z + rng.normal(0, 0.5, n))))
        frames.append(pd.DataFrame({"case": f"c{k}", "y": y, "a": a, "b": b}))
    plan = {"name": "recalibration", "task": "binary", "data": {"source": "data.parquet", "columns": {"label": {"column": "y", "positive": 1}}},
            "models": {"candidate": {"score": "a"}, "baseline": {"score": "b"}}, "slices": ["case"], "metrics": ["calibration_slope", "calibration_intercept"]}
    got, _ = run(plan, pd.concat(frames), "recalibration")
    for k, f in enumerate(frames):
        slope, shift = got[("calibration_slope", "candidate", f"case=c{k}")], got[("calibration_intercept", "candidate", f"case=c{k}")]
        n, one_class = len(f), f.y.nunique() == 1
        if one_class or k % 10 == 1:
            same("calibration_slope", k, slope["value"], None, what="undefined")
            same("calibration_intercept", k, shift["value"], None, what="undefined")
            continue
        z = np.log(f.a / (1 - f.a)).to_numpy()
        fit = sm.GLM(f.y.to_numpy(), np.ones(n), family=sm.families.Binomial(), offset=z).fit(tol=1e-12, cov_type="HC0")
        same("calibration_intercept", k, shift["value"], fit.params[0], tol=1e-7)
        same("calibration_intercept: error", k, shift["se"], fit.bse[0] * math.sqrt(n / (n - 1)), tol=1e-6, what="se")
        if k % 10 == 2:
            same("calibration_slope", k, slope["value"], None, what="undefined")
            continue
        fit = sm.GLM(f.y.to_numpy(), sm.add_constant(z), family=sm.families.Binomial()).fit(tol=1e-12, cov_type="HC0")
        if abs(fit.params[1]) < 50:
            same("calibration_slope", k, slope["value"], fit.params[1], tol=1e-6)
            same("calibration_slope: error", k, slope["se"], fit.bse[1] * math.sqrt(n / (n - 1)), tol=1e-5, what="se")


def bell_mccaffrey(x, codes):
    """CR2 standard error and Satterthwaite degrees of freedom of a mean, from dense matrices."""
    n = len(x)
    resid = np.eye(n) - np.full((n, n), 1 / n)
    e, v, vectors = resid @ x, 0.0, []
    for g in range(codes.max() + 1):
        rows = codes == g
        values, basis = np.linalg.eigh(resid[np.ix_(rows, rows)])
        a = basis @ np.diag(values ** -0.5) @ basis.T @ np.full(rows.sum(), 1 / n)
        v += (a @ e[rows]) ** 2
        vectors.append(resid[:, rows] @ a)
    omega = np.array(vectors) @ np.array(vectors).T
    return math.sqrt(v), np.trace(omega) ** 2 / (omega ** 2).sum()


def check_clusters():
    """CR1 against statsmodels' cluster-robust covariance of a mean; below 40 clusters CR2."""
    import statsmodels.api as sm
    rng = np.random.default_rng(11)
    frames = []
    for k in range(60):
        g = int(rng.integers(9, 60))
        ids = np.repeat(np.arange(g), rng.integers(1, 9, g))
        y = (rng.random(len(ids)) < 0.4).astype(int)
        p = np.clip(0.4 + 0.2 * rng.normal(size=g)[ids] + 0.1 * rng.normal(size=len(ids)), 0.01, 0.99)
        frames.append(pd.DataFrame({"case": f"c{k}", "y": y, "a": p, "b": 1 - p, "user": [f"u{i}" for i in ids]}))
    plan = {"name": "clusters", "task": "binary", "data": {"source": "data.parquet", "columns": {"label": {"column": "y", "positive": 1}, "cluster": "user"}},
            "models": {"candidate": {"score": "a", "threshold": 0.5}, "baseline": {"score": "b", "threshold": 0.5}}, "slices": ["case"], "metrics": ["brier", "accuracy", "log_loss", "roc_auc"]}
    got, record = run(plan, pd.concat(frames), "clusters")
    diffs = {(c["metric"], c["slice"]): c for c in record["comparisons"]}
    for k, f in enumerate(frames):
        for m, x in [("brier", (f.a - f.y) ** 2), ("log_loss", pd.Series(loss(f.y.to_numpy(), f.a.to_numpy())))]:
            codes = pd.factorize(f.user)[0]
            x = x.to_numpy()
            g, e = codes.max() + 1, got[(m, "candidate", f"case=c{k}")]
            if g < 40:
                se, df = bell_mccaffrey(x, codes)
                same(m + ": CR2", k, e["se"], se, tol=1e-8, what="se")
                same(m + ": Satterthwaite", k, e["df"], df, tol=1e-8, what="df")
                continue
            ols = sm.OLS(x, np.ones(len(x))).fit(cov_type="cluster", cov_kwds={"groups": codes, "use_correction": False})
            same(m + ": CR1", k, e["se"], float(ols.bse[0]) * math.sqrt(g / (g - 1)), tol=1e-8, what="se")


def check_two_way():
    """Clusters of two columns: V1 + V2 - V12 of statsmodels' cluster-robust covariances, at least the larger of V1 and V2."""
    import statsmodels.api as sm
    from statsmodels.stats.sandwich_covariance import cov_cluster_2groups
    rng = np.random.default_rng(37)
    frames = []
    for k in range(60):
        n, effect = 450, (k % 3) / 2
        u, i = rng.integers(0, 60, n), rng.integers(0, 50, n)
        p = np.clip(0.4 + effect * 0.1 * rng.normal(size=60)[u] + effect * 0.1 * rng.normal(size=50)[i] + 0.1 * rng.normal(size=n), 0.01, 0.99)
        y = (rng.random(n) < 0.4).astype(int)
        frames.append(pd.DataFrame({"case": f"c{k}", "y": y, "a": p, "b": 1 - p, "user": [f"u{x}" for x in u], "item": i}))
    plan = {"name": "two", "task": "binary", "data": {"source": "data.parquet", "columns": {"label": {"column": "y", "positive": 1}, "cluster": ["user", "item"]}},
            "models": {"candidate": {"score": "a", "threshold": 0.5}, "baseline": {"score": "b", "threshold": 0.5}}, "slices": ["case"], "metrics": ["brier", "log_loss"]}
    got, record = run(plan, pd.concat(frames), "two-way clusters")
    diffs = {(c["metric"], c["slice"]): c for c in record["comparisons"]}
    for k, f in enumerate(frames):
        u, i = pd.factorize(f.user)[0], pd.factorize(f.item)[0]
        cell = pd.factorize(u * 1000 + i)[0]
        for m, row in [("brier", lambda p: (p - f.y) ** 2), ("log_loss", lambda p: pd.Series(loss(f.y.to_numpy(), p.to_numpy())))]:
            for what, x, e in [("", row(f.a), got[(m, "candidate", f"case=c{k}")]), (", paired", row(f.a) - row(f.b), diffs[(m, f"case=c{k}")])]:
                fit = sm.OLS(x.to_numpy(), np.ones(len(x))).fit()
                plain = [float(fit.get_robustcov_results("cluster", groups=g, use_correction=False).bse[0]) ** 2 for g in (u, i, cell)]
                if abs(plain[0] + plain[1] - plain[2] - cov_cluster_2groups(fit, u, i, use_correction=False)[0][0, 0]) > 1e-12:
                    sys.exit("V1 + V2 - V12 is not what statsmodels has")
                v = [x * (g.max() + 1) / g.max() for x, g in zip(plain, (u, i, cell))]
                same(m + ": two-way clusters" + what, k, e["se"], math.sqrt(max(v[0] + v[1] - v[2], v[0], v[1])), tol=1e-8, what="se")
                same(m + ": degrees of freedom of two-way clusters" + what, k, e.get("df", min(u.max(), i.max())), min(u.max(), i.max()), tol=1e-8, what="df")


def check_multiclass():
    rng = np.random.default_rng(13)
    names = np.array(["cat", "dög", "鳥", "a b"])
    frames = []
    for k in range(CASES):
        n = int(rng.integers(3, 300))
        classes = int(rng.integers(2, 5)) if k % 7 else 1
        y = rng.integers(0, classes, n)
        logits = rng.normal(0, 1, (n, 4)) + 1.5 * np.eye(4)[y]
        if k % 3 == 0:
            logits = np.round(logits)
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        f = pd.DataFrame({"case": f"c{k}", "y": names[y], "d": names[p.argmax(1)]})
        for i in range(4):
            f[f"p{i}"] = p[:, i]
        frames.append(f)
    plan = {"name": "multiclass", "task": "multiclass", "data": {"source": "data.parquet", "columns": {"label": {"column": "y"}}},
            "models": {"candidate": {"prediction": "d", "probabilities": {str(c): f"p{i}" for i, c in enumerate(names)}}}, "slices": ["case"],
            "metrics": ["accuracy", "balanced_accuracy", "matthews_corrcoef", "log_loss", "roc_auc", "roc_auc_ovo", "ece", {"metric": "ece", "class": "dög", "as": "ece_one"}, "cohen_kappa"] + [{"metric": "f1", "average": "micro"}, {"metric": "top_k_accuracy", "k": 2, "as": "top_2"}] +
                       [{"metric": m, "average": a, "as": f"{m}_{a}"} for m in ("precision", "recall", "f1") for a in ("macro", "weighted")] +
                       [{"metric": m, "class": "dög", "as": f"{m}_one"} for m in ("precision", "recall", "f1")]}
    got, _ = run(plan, pd.concat(frames), "multiclass")
    labels = sorted(names)
    order = [list(names).index(c) for c in labels]
    for k, f in enumerate(frames):
        e = {m: got[(m, "candidate", f"case=c{k}")] for m in ["accuracy", "balanced_accuracy", "matthews_corrcoef", "log_loss", "roc_auc", "roc_auc_ovo", "ece", "ece_one", "cohen_kappa", "f1_micro", "top_2"] + [f"{m}_{a}" for m in ("precision", "recall", "f1") for a in ("macro", "weighted", "one")]}
        y, d = f.y.to_numpy(), f.d.to_numpy()
        p = f[[f"p{i}" for i in order]].to_numpy()
        present = set(y)
        same("accuracy (multiclass)", k, e["accuracy"]["value"], sk.accuracy_score(y, d))
        all_there = len(present) == 4
        if all_there:
            same("balanced_accuracy (multiclass)", k, e["balanced_accuracy"]["value"], sk.balanced_accuracy_score(y, d))
            same("roc_auc (one-vs-rest)", k, e["roc_auc"]["value"], sk.roc_auc_score(y, p, multi_class="ovr", labels=labels))
            ovo = lambda w: np.mean([weighted_auc(y[m] == a, p[m, i], w[m]) for i, a in enumerate(labels) for b in labels if a != b for m in [(y == a) | (y == b)]])
            same("roc_auc_ovo", k, e["roc_auc_ovo"]["value"], sk.roc_auc_score(y, p, multi_class="ovo", labels=labels))
            if len(y) < 60 and e["roc_auc_ovo"]["se"]:
                check_influence("roc_auc_ovo", k, np.ones(len(y)), e["roc_auc_ovo"], ovo)
        else:
            same("roc_auc_ovo", k, e["roc_auc_ovo"]["value"], None, what="undefined")
            same("balanced_accuracy (multiclass)", k, e["balanced_accuracy"]["value"], None, what="undefined")
            same("roc_auc (one-vs-rest)", k, e["roc_auc"]["value"], None, what="undefined")
        if len(present) > 1 and len(set(d)) > 1:
            same("matthews_corrcoef (multiclass)", k, e["matthews_corrcoef"]["value"], sk.matthews_corrcoef(y, d), tol=1e-9)
        else:
            undefined("matthews_corrcoef (multiclass)", k, e["matthews_corrcoef"], sk.matthews_corrcoef(y, d), 0.0)
        for m, classes in (("ece", range(4)), ("ece_one", [labels.index("dög")])):
            same(m.replace("_one", " of a class") + " (multiclass)", k, e[m]["value"], np.mean([debiased_ece(p[:, c], y == labels[c]) for c in classes]) if len(y) >= 30 else None)
        same("log_loss (multiclass)", k, e["log_loss"]["value"], sk.log_loss(y, p, labels=labels))
        same("f1 micro", k, e["f1_micro"]["value"], sk.f1_score(y, d, labels=labels, average="micro"))
        if len(set(y) | set(d)) > 1:
            same("cohen_kappa (multiclass)", k, e["cohen_kappa"]["value"], sk.cohen_kappa_score(y, d))
        else:
            undefined("cohen_kappa (multiclass)", k, e["cohen_kappa"], sk.cohen_kappa_score(y, d), "nan")
        own = p[np.arange(n := len(y)), [labels.index(c) for c in y]]
        above, tied = (p > own[:, None]).sum(1), (p == own[:, None]).sum(1)
        same("top_k_accuracy", k, e["top_2"]["value"], np.clip((2 - above) / tied, 0, 1).mean())
        if (tied == 1).all():
            same("top_k_accuracy, no ties", k, e["top_2"]["value"], sk.top_k_accuracy_score(y, p, k=2, labels=labels))
        fn = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}
        for m in fn:
            den = {"precision": [(d == c).sum() for c in labels], "recall": [(y == c).sum() for c in labels], "f1": [(d == c).sum() + (y == c).sum() for c in labels]}[m]
            support = [(y == c).sum() for c in labels]
            if all(den):
                same(m + " macro", k, e[m + "_macro"]["value"], fn[m](y, d, labels=labels, average="macro"))
            else:
                same(m + " macro", k, e[m + "_macro"]["value"], None, what="undefined")
            if all(x or not s for x, s in zip(den, support)):
                same(m + " weighted", k, e[m + "_weighted"]["value"], fn[m](y, d, labels=labels, average="weighted"))
            else:
                same(m + " weighted", k, e[m + "_weighted"]["value"], None, what="undefined")
            at = labels.index("dög")
            if den[at]:
                same(m + " of a class", k, e[m + "_one"]["value"], fn[m](y, d, labels=["dög"], average="macro"))
            else:
                undefined(m + " of a class", k, e[m + "_one"], fn[m](y, d, labels=["dög"], average="macro", zero_division=0), 0.0)


def weighted_auc(positive, score, w):
    return sk.roc_auc_score(positive, score, sample_weight=w)


def debiased_ece(p, hit, w=None):
    """Bins of equal weight from below, tied scores in the bin of the first, debiased by Kish's rows, by definition."""
    w = np.ones(len(p)) if w is None else w
    below = {s: w[p < s].sum() for s in np.unique(p)}
    at = np.array([min(14, int(15 * below[s] / w.sum() * (1 + 1e-11))) for s in p])
    total = 0.0
    for b in np.unique(at[w > 0]):
        i = (at == b) & (w > 0)
        n, q, y = kish(w[i]), np.average(p[i], weights=w[i]), np.average(hit[i], weights=w[i])
        total += w[i].sum() / w.sum() * ((q - y) ** 2 - (y * (1 - y) / (n - 1) if i.sum() > 1 else 0))
    return math.sqrt(max(0.0, total))


def check_multiclass_weights():
    """One-vs-rest AUC with weights, whole and by class; a class's error from the derivative of its value by each row's weight."""
    rng = np.random.default_rng(31)
    names, frames = np.array(["a", "b", "c"]), []
    for k in range(60):
        n = int(rng.integers(10, 150))
        y = rng.integers(0, 3, n)
        z = rng.normal(0, 1, (n, 3)) + 1.2 * np.eye(3)[y]
        p = np.exp(np.round(z) if k % 3 == 0 else z)
        p /= p.sum(1, keepdims=True)
        frames.append(pd.DataFrame({"case": f"c{k}", "y": names[y], "d": names[p.argmax(1)], "p0": p[:, 0], "p1": p[:, 1], "p2": p[:, 2], "w": rng.choice([0.0, 0.5, 1.0, 2.5], n) + 0.25 * (np.arange(n) < 3)}))
    plan = {"name": "multiclass", "task": "multiclass", "data": {"source": "data.parquet", "columns": {"label": {"column": "y"}, "weight": "w"}},
            "models": {"candidate": {"prediction": "d", "probabilities": {c: f"p{i}" for i, c in enumerate(names)}}}, "slices": ["case"], "metrics": ["roc_auc", {"metric": "roc_auc", "class": "b", "as": "auc_b"}, "ece", {"metric": "ece", "class": "b", "as": "ece_b"}]}
    got, _ = run(plan, pd.concat(frames), "multiclass with weights")
    for k, f in enumerate(frames):
        y, w, p = f.y.to_numpy(), f.w.to_numpy(), f[["p0", "p1", "p2"]].to_numpy()
        weight = np.array([w[y == c].sum() for c in names])
        e, one = got[("roc_auc", "candidate", f"case=c{k}")], got[("auc_b", "candidate", f"case=c{k}")]
        same("roc_auc (one-vs-rest, weights)", k, e["value"], sk.roc_auc_score(y, p, multi_class="ovr", labels=names, sample_weight=w) if (weight > 0).all() else None)
        for m, classes in (("ece", range(3)), ("ece_b", [1])):
            same(m.replace("_b", " of a class") + " (multiclass, weights)", k, got[(m, "candidate", f"case=c{k}")]["value"], np.mean([debiased_ece(p[:, c], y == names[c], w) for c in classes]) if kish(w) >= 30 else None, tol=1e-7)
        value = lambda w: sk.roc_auc_score(y == "b", p[:, 1], sample_weight=w)
        if weight[1] == 0:
            same("roc_auc of a class (weights)", k, one["value"], None, what="undefined")
            continue
        same("roc_auc of a class (weights)", k, one["value"], value(w))
        pos, neg = y == "b", y != "b"
        if kish(w[pos]) <= 1.01 or kish(w[neg]) <= 1.01 or value(w) > 0.99:
            continue
        g = np.zeros(len(y))
        for i in np.flatnonzero(w > 0):
            up, down, h = w.copy(), w.copy(), 1e-4 * w[i]
            up[i], down[i] = w[i] + h, w[i] - h
            g[i] = w[i] * (value(up) - value(down)) / (2 * h)
        part = lambda at: (g[at] ** 2).sum() * kish(w[at]) / (kish(w[at]) - 1)
        same("roc_auc of a class: error with weights", k, one["se"], math.sqrt(part(pos) + part(neg)), tol=1e-6, what="se")


def check_ordinal():
    """Weighted kappa of classes that are numbers: 10 stands after 9, not after 1."""
    rng = np.random.default_rng(23)
    levels, frames = np.array([1, 2, 9, 10]), []
    for k in range(CASES):
        n = int(rng.integers(2, 300))
        y = rng.integers(0, 4, n) if k % 9 else np.zeros(n, int)
        d = np.clip(y + rng.integers(-1, 2, n) * (k % 11 != 0), 0, 3)
        frames.append(pd.DataFrame({"case": f"c{k}", "y": levels[y], "d": levels[d]}))
    plan = {"name": "ordinal", "task": "multiclass", "data": {"source": "data.parquet", "columns": {"label": {"column": "y"}}},
            "models": {"candidate": {"prediction": "d"}}, "slices": ["case"], "metrics": ["linear_kappa", "quadratic_kappa"]}
    got, _ = run(plan, pd.concat(frames), "ordinal")
    for k, f in enumerate(frames):
        for weights in ("linear", "quadratic"):
            e = got[(f"{weights}_kappa", "candidate", f"case=c{k}")]
            oracle = sk.cohen_kappa_score(f.y, f.d, weights=weights, labels=levels)
            if len(set(f.y) | set(f.d)) > 1:
                same(f"{weights}_kappa", k, e["value"], oracle)
            else:
                undefined(f"{weights}_kappa", k, e, oracle, "nan")


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


def main():
    import sklearn
    check_binary(weighted=False)
    check_binary(weighted=True)
    check_recalibration()
    check_clusters()
    check_two_way()
    check_multiclass()
    check_multiclass_weights()
    check_ordinal()
    check_regression(weighted=False)
    check_regression(weighted=True)
    check_prediction_intervals(weighted=False)
    check_prediction_intervals(weighted=True)
    check_deciles()
    check_fairness()
    complete()
    total = sum(x["cases"] + x["undefined"] for x in tally.values())
    if "--table" in sys.argv:
        page(total)
    out = sys.stderr if "--table" in sys.argv else sys.stdout
    print(f"scikit-learn {sklearn.__version__}: {total} comparisons of {len(tally)} quantities, {len(failures)} differences", file=out)
    for f in failures[:40]:
        print("  " + f, file=out)
    print(f"{total - len(failures)} passed, {len(failures)} failed", file=out)
    sys.exit(bool(failures))


def complete():
    """Every metric of the catalogue is compared, and every comparison says with what."""
    compared = {(t, re.match(r"\w+", q).group()) for t, q in tally}
    listed = json.loads(subprocess.run([BIN, "metrics", "--json"], capture_output=True, text=True, check=True).stdout)
    for m in listed:
        for t in m["tasks"]:
            if (t, {"f_beta": "f2", "top_k_accuracy": "top_k_accuracy"}.get(m["name"], m["name"])) not in compared:
                failures.append(f"{m['name']} of task {t} is compared with nothing: add its oracle")
    failures.extend(f"{q}: ORACLES does not say what it is compared with" for _, q in tally if not oracle_of(q))


def page(total):
    """Prints docs/conformance.md."""
    import fairlearn, scipy, sklearn, statsmodels
    print(f"""# Conformance

Every metric against its oracle, on generated cases: ties, one class, empty cells, weights,
extreme imbalance, unicode labels. Made by `make docs`; `make conformance` repeats the comparison
and fails on any difference, on a metric of the catalogue that is compared with nothing, and on a
quantity without a named oracle. By hand:

    make build && oracles/run.sh --table

{total:,} comparisons of {len(tally)} quantities with scikit-learn {sklearn.__version__}, statsmodels {statsmodels.__version__}, fairlearn {fairlearn.__version__},
scipy {scipy.__version__} and NumPy {np.__version__}: {len(failures)} differences.

"Largest" is the largest |fairtrial − oracle| / max(1, |oracle|) seen, "allowed" what would fail.
"Undefined" counts the cases where fairtrial must say "undefined" and does; where the oracle has a
stand-in value there, that is asserted too ([metrics.md](metrics.md)). ": error" is a standard
error, the other words behind a colon are ends of intervals, p-values or degrees of freedom.
""")
    head = "| task | quantity | compared with | cases | undefined | largest | allowed |\n|---|---|---|---|---|---|---|"
    print("## With an oracle\n\n" + head)
    rows = sorted(tally.items(), key=lambda x: (["binary", "multiclass", "regression"].index(x[0][0]), x[0][1]))
    line = lambda t, q, x, words: print(f"| {t} | {q} | {words} | {x['cases']} | {x['undefined']} | {x['largest']:.0e} | {x['allowed']:.0e} |")
    for (t, q), x in rows:
        if not oracle_of(q).startswith("own: "):
            line(t, q, x, oracle_of(q))
    print("""
## Without an oracle

No library computes these as they are defined here. They are compared with the definition written
out in NumPy, and have vectors of their own in the Go tests named.
""")
    print(head)
    for (t, q), x in rows:
        if oracle_of(q).startswith("own: "):
            line(t, q, x, oracle_of(q)[len("own: "):])


main()
