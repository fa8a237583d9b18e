"""A gate in Python, for scores that are computed in the test."""

import math


def test_rule_of_thumb(fairtrial, tmp_path):
    """The scores of a rule are judged as a plan's would be."""
    labels = [int(i % 5 == 0) for i in range(3000)]
    scores = [1 / (1 + math.exp(-(2.0 * y - 1 + math.sin(i)))) for i, y in enumerate(labels)]
    result = fairtrial.evaluate(
        labels,
        scores,
        slices={"half": ["first" if i < 1500 else "second" for i in range(3000)]},
        gates=[{"metric": "roc_auc", "at_least": 0.8, "slices": "all"}],
        workspace=tmp_path / "workspace",
    )
    fairtrial.judge(result)
