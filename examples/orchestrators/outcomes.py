"""Each exit status of fairtrial: the plan, and what is changed in it, that bring it about."""

OUTCOMES = {
    0: ("plan.yaml", []),
    1: ("plan.yaml", ["gates[0].at_least=0.9"]),
    2: ("plan.yaml", ["gates[0].metric=nonsense"]),
    3: ("plan.yaml", ["gates[0].at_least=0.78"]),
    4: ("unreachable.yaml", []),
    99: ("plan.yaml", ["data.where=limit_band = 'closed'"]),
}
