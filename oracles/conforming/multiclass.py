"""Metrics of multiclass tasks."""

import math

import numpy as np
import pandas as pd
from sklearn import metrics as sk

from conforming.compare import CASES, run, same, undefined
from conforming.formulas import check_influence, debiased_ece, kish


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
