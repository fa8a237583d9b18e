"""Ranked contexts."""

import pytrec_eval
from sklearn.metrics import ndcg_score

from scoring.compare import ask, each
from scoring.texts import RNG


def retrieval():
    cases = []
    for i in range(300):
        n = RNG.randint(1, 30)
        ids = [f"d{j}" for j in range(40)]
        RNG.shuffle(ids)
        rel = {d: float(RNG.randint(1, 3)) for d in RNG.sample([f"d{j}" for j in range(40)], RNG.randint(1, 8))}
        cases.append({"output": "", "contexts": ids[:n], "relevant": rel})
    ks = [1, 3, 5, 10, 20]
    names = {"P", "recall", "success", "ndcg_cut", "map_cut"}
    measures = {f"{m}.{','.join(map(str, ks))}" for m in names} | {"recip_rank", "map"}
    qrel = {f"q{i}": {d: int(g) for d, g in c["relevant"].items()} for i, c in enumerate(cases)}
    ranked = {f"q{i}": {d: float(len(c["contexts"]) - r) for r, d in enumerate(c["contexts"])} for i, c in enumerate(cases)}
    got = pytrec_eval.RelevanceEvaluator(qrel, measures).evaluate(ranked)
    index = {id(c): f"q{i}" for i, c in enumerate(cases)}
    for ours, theirs in (("precision_at_k", "P"), ("recall_at_k", "recall"), ("hit_at_k", "success"), ("ndcg_at_k", "ndcg_cut"), ("average_precision", "map_cut")):
        for k in ks:
            ask(f"{ours} k={k}", f"pytrec_eval {theirs}_{k}", {"type": ours, "k": k}, cases, each(lambda c, m=f"{theirs}_{k}": got[index[id(c)]][m]))
    ask("mrr", "pytrec_eval recip_rank", {"type": "mrr"}, cases, each(lambda c: got[index[id(c)]]["recip_rank"]))
    ask("average_precision", "pytrec_eval map", {"type": "map"}, cases, each(lambda c: got[index[id(c)]]["map"]))
    full = []
    for _ in range(200):  # scikit-learn ranks all documents, so all are given
        n = RNG.randint(2, 25)
        rel = {f"d{j}": RNG.choice([0, 0, 1, 2, 3.5]) for j in range(n)}
        rel["d0"] = 1
        order = list(rel)
        RNG.shuffle(order)
        full.append({"output": "", "contexts": order, "relevant": rel})
    for k in (1, 5, 10):
        ask(f"ndcg_at_k k={k}, gains of any size", "scikit-learn ndcg_score", {"type": "ndcg", "k": k}, full,
            each(lambda c, k=k: ndcg_score([[c["relevant"][d] for d in c["contexts"]]], [[-float(r) for r in range(len(c["contexts"]))]], k=k)))
    none = [{"output": "", "contexts": ["a"], "relevant": {}}]
    ask("mrr without relevant contexts", "undefined: ungraded", {"type": "mrr"}, none, each(lambda c: None))
