"""What a decision costs, in thousands of New Taiwan dollars, by the client's credit limit."""

from fairtrial.plugins import main, scorer

# An early call costs one; a default that nobody called about costs a part of the limit.
COST_OF_A_MISS = {"to 50 k": 5, "50 to 150 k": 20, "150 to 300 k": 50, "over 300 k": 100}
CALL_FROM = 0.25


@scorer(fields=["limit_band"])
def decision_cost(row):
    if not row["limit_band"]:
        raise ValueError("no credit limit on file")
    called = row.output >= CALL_FROM
    if called:
        return 0 if row.label else 1
    return COST_OF_A_MISS[row["limit_band"]] if row.label else 0


if __name__ == "__main__":
    main()
