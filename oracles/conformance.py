"""Compares fairtrial's metrics with scikit-learn, statsmodels and fairlearn on generated cases.

Every case is one slice of one file, so that one run of the program answers hundreds of
cases. Cases have ties, one class, empty cells, extreme imbalance and unicode labels. A
deliberate difference (docs/metrics.md) is asserted, not skipped: where fairtrial says
"undefined", the oracle's own stand-in value is checked too. A file of conforming/ a task.
"""

import sys

from conforming.binary import check_binary
from conforming.calibration import check_recalibration
from conforming.clusters import check_clusters, check_two_way
from conforming.compare import failures, tally
from conforming.multiclass import check_multiclass, check_multiclass_weights, check_ordinal
from conforming.oracles import complete, page
from conforming.regression import check_prediction_intervals, check_regression
from conforming.slices import check_deciles, check_fairness


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


if __name__ == "__main__":
    main()
