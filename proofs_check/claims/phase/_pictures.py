"""Places in the phase diagram."""

from functools import cache

from proofs_check import Figure
from proofs_check.claims._curves import curves
from theory.dynamics.phase_diagram import INITIALIZATIONS

#: The line between the regimes: gamma = 1 up to the origin of gamma', then of slope one.
EDGE = (1.0, 1.0, 2.5), (-1.5, 0.0, 1.5)


@cache
def places() -> Figure:
    """The named initializations and the line between the regimes."""
    named: dict[tuple[float, float], list[str]] = {}
    for name, found in INITIALIZATIONS.items():
        named.setdefault((float(found.gamma), float(found.gamma_prime)), []).append(name)
    drawn = {" and ".join(names): ([gamma], [prime]) for (gamma, prime), names in named.items()}
    return curves(
        "Named initializations in the phase diagram",
        "A line goes up at gamma = 1 and on with slope one, the linear regime left of it: LeCun, He and NTK lie left of it, Xavier and "
        "mean-field on it.",
        {"critical line": EDGE, **drawn},
        "gamma",
        "gamma'",
    )
