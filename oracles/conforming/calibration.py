"""Intercept and slope of a recalibration."""

import math

import numpy as np
import pandas as pd

from conforming.compare import CASES, run, same


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
