"""What each quantity is compared with, and the page that says so."""

import json
import re
import subprocess

import numpy as np

from conforming.compare import BIN, failures, tally

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
