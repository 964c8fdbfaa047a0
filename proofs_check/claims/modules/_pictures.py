"""How many parameters of a layer are seen, kind by kind."""

from functools import cache

from numerics.modules.architectures import recurrent
from proofs_check import Figure
from theory.rank.architectures import recurrent_parameters

from ._measured import measured

KINDS = ("rnn", "gru", "lstm")


@cache
def recurrent_ranks(hidden: int = 1, inputs: int = 2, steps: int = 2) -> Figure:
    """Parameters and certified ranks of three recurrent layers."""
    found = {
        "parameters": [recurrent_parameters(kind, inputs, hidden) for kind in KINDS],
        "certified rank": [measured(recurrent, (kind, inputs, hidden), (steps, inputs), 0).lower for kind in KINDS],
    }
    names = [kind.upper() for kind in KINDS]
    return Figure(
        "bars",
        f"Parameters and ranks of recurrent layers, units h = {hidden}, {inputs} inputs",
        f"Bars for {', '.join(names)}: the rank falls short of the parameters by the pairs of biases, one, two and four a unit.",
        {"series": [{"label": label, "x": names, "y": values} for label, values in found.items()]},
        x_label="layer",
        y_label="number",
    )
