r"""What three trained layers answer on chains, beside the reach of three layers of matching: an observation."""

from functools import lru_cache

from numerics.dynamics.chain_transformer import train_on_chains
from proofs_check import Figure, axes, claim, false, nothing
from proofs_check.judging import at_least, order, worst
from theory.dynamics.propagation import largest_reach, least_reach

from . import LIMIT

TRAINED = claim(
    "limit.trained",
    "Three masked layers in training: two steps are learned, five are not",
    r"L = 3 \text{ reaches } 3 \text{ to } 4 \text{ steps by matching; in training two are answered, and five less often}",
    clauses={
        "two steps": r"\text{the share of right answers two steps on exceeds } 0.9",
        "five steps": r"\text{five steps on, beyond the reach of } L = 3, \text{ it is smaller by } 0.1 \text{ at least}",
    },
    symbols={"L": "number of layers, 3 here"},
    source=LIMIT.at("Section 6, experiments; size and steps are ours"),
    kind="law",
    depends_on=["limit.bounds"],
    refuted_by="a transformer of this size and training that answers otherwise",
    notes="An observation at one seed for each question, not a theorem: the bounds of limit.bounds are about sets that propagate. Three and"
    " four steps are drawn beside them: in so short a training they are not learned either, though three layers could, so training and not"
    " reach sets the limit here. The published network is wider (400) and trained longer.",
)

ASKED, STEPS, PAIRS, TOKENS = (2, 3, 4, 5), 3000, 7, 12


@lru_cache(maxsize=8)
def run(asked, seed):
    """One transformer of three layers, one head and width 64 on chains of seven pairs, for questions ``asked`` steps ahead."""
    return train_on_chains(asked, seed=seed, pairs=PAIRS, tokens=TOKENS, steps=STEPS, width=64, batch=64)


@TRAINED.check(
    "property",
    nothing,
    axes(layers=(3,)),
    clauses=("two steps", "five steps"),
    level="full",
    timeout=3000,
    tolerance="margins of the statement; with 2000 questions a share has a standard deviation of at most 0.011",
    distribution="one seed for each question; 3000 steps of AdamW on fresh chains of seven pairs from twelve tokens",
)
@false("two steps are the harder ones", harder=2)
@false("five steps are answered", wanted=(5,))
def three_layers(cell, _, *, harder=5, wanted=(2,), context):
    """Shares of right answers after training, two to five steps on; the course of training beside the bounds in the figure."""
    runs = {asked: run(asked, context.entropy(asked) % 2**31) for asked in ASKED}
    final = {asked: float(runs[asked].accuracy[-1]) for asked in ASKED}
    found = [at_least(f"{asked} steps", final[asked], 0.9, attained=False) for asked in wanted]
    found.append(order("the harder and a tenth, the easier", [final[harder] + 0.1, final[7 - harder]]))
    return worst(found, figures=[_course(runs)])


def _course(runs):
    series = [{"label": f"{asked} steps", "x": run.times.tolist(), "y": run.accuracy.tolist()} for asked, run in runs.items()]
    return Figure(
        "lines",
        f"Three layers in training; matching reaches {least_reach(3)} steps in any order of the pairs and {largest_reach(3)} in a third",
        "Shares of right answers over training steps for questions two to five steps ahead",
        {"series": series},
        x_label="training step",
        y_label="share of right answers",
    )
