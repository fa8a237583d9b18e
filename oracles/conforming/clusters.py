"""Errors by clusters of one and of two columns."""

import math
import sys

import numpy as np
import pandas as pd

from conforming.compare import run, same
from conforming.formulas import loss


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
