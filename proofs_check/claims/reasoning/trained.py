r"""What a trained three-layer transformer reaches: an observation beside the bounds, no consequence of them."""

from numerics.dynamics.chains import train_on_chains
from proofs_check import Figure, axes, claim, false
from proofs_check.judging import worst

from . import LIMIT

TRAINED = claim(
    "limit.trained",
    "A small three-layer transformer learns two steps of a chain and not five",
    r"\text{accuracy on fresh chains: at least } 0.9 \text{ for two steps, at most } 0.9 \text{ for five}",
    clauses={
        "two steps": r"\text{trained on two steps, it answers at least } 0.9 \text{ of fresh chains}",
        "five steps": r"\text{trained on five steps, beyond the reach of three layers, it answers at most } 0.9",
    },
    symbols={"accuracy": "share of right answers on 1000 fresh chains of five pairs over twenty tokens"},
    source=LIMIT.at("Section 7: three layers, one head"),
    kind="law",
    depends_on=["limit.bounds"],
    refuted_by="an accuracy on the other side of nine in ten",
    notes="One network of width 64 for each number of steps, 1500 updates; the published ones are wider and trained longer. The bounds speak"
    " of sets: what training finds may lie below them.",
)


@TRAINED.check(
    "training",
    [0],
    axes(layers=(3,)),
    cell=lambda _: {"layers": 3},
    clauses=("two steps", "five steps"),
    level="full",
    alpha=2e-6,
    timeout=3000,
    distribution="uniform orders of five pairs; four networks, trained on 2, 3, 4 and 5 steps",
)
@false("five steps are learned as well", learned=(2, 5))
def chains(_, *, learned=(2,), context):
    """Accuracies of the networks, each on 1000 fresh chains."""
    found = {steps: train_on_chains(steps) for steps in (2, 3, 4, 5)}
    decide = lambda steps, **bound: context.rate(int(found[steps].right.sum()), 1000, what=f"{steps} steps", margin=0.05, parts=2, **bound)
    outcomes = [decide(2, at_least=0.9), decide(5, **({"at_least": 0.9} if 5 in learned else {"at_most": 0.9}))]
    shares = [found[steps].accuracy for steps in found]
    figure = Figure(
        "bars",
        "Accuracy by the number of steps",
        f"Accuracy of four networks of three layers: {', '.join(f'{k} steps {share:.2f}' for k, share in zip(found, shares, strict=True))}",
        {"series": [{"label": "share of right answers", "x": list(found), "y": shares}]},
        x_label="steps",
        y_label="accuracy",
        marks=({"label": "reach of every order", "x": 3}, {"label": "reach of some orders", "x": 4}),
    )
    return worst(outcomes, figures=[figure])
