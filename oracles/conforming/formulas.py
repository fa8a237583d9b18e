"""Definitions that several tasks are compared with."""

import math

import numpy as np

from conforming.compare import same


def kish(w):
    return w.sum() ** 2 / (w ** 2).sum()


def loss(y, p):
    eps = np.finfo(float).eps
    p = np.clip(p, eps, 1 - eps)
    return -np.where(y == 1, np.log(p), np.log1p(-p))


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
