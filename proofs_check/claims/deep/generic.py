r"""Deep fully connected networks: the generic model rank is the number of parameters, whose table is that of the published bounds."""

from __future__ import annotations

from itertools import pairwise, product

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._papers import RANK_STRATIFICATION
from proofs_check.claims._rank_checks import check_formula, check_series, composed
from proofs_check.claims.deep._points import BIASES, stratum_rank
from theory.draws import distinct_moduli
from theory.models import FullyConnected

# ------------------------------------------------------------------------------------------------------ deep.generic


def generic_point(model, facts, rng):
    return distinct_moduli(model, rng)


def all_parameters(model, theta, facts) -> int:
    return model.n_params


def without_scales(model, theta, facts) -> int:
    """As for a homogeneous activation: one dimension less for every hidden neuron."""
    return model.n_params - sum(model.widths[1:-1])


def generic_shapes(context):
    small = [(1, 3, 1), (2, 3, 1), (3, 4, 1), (5, 3, 1), (1, 2, 2, 1), (2, 3, 2, 1), (2, 3, 3, 1), (3, 4, 3, 1)]
    small += [(1, 2, 2, 2, 1), (2, 3, 3, 2, 1)]
    large = [(5, 20, 1), (4, 8, 8, 1)] + context.by_level(
        quick=[], standard=[(3, 8, 8, 8, 1), (10, 20, 1)], full=[(5, 12, 12, 1), (10, 20, 20, 1)]
    )
    draws = context.by_level(quick=1, standard=20, full=50)
    for shape, (bias, out) in product(small + large, BIASES):
        for replicate in range(draws if shape in small else 1):
            yield FullyConnected(shape, "tanh", bias, out), {}, replicate


def ball_shapes(context):
    shapes = [(2, 3, 1), (1, 2, 2, 1), (2, 2, 2, 1), (2, 3, 2, 1)] + context.by_level(
        quick=[], standard=[(2, 3, 3, 1), (3, 4, 3, 1)], full=[(4, 8, 8, 1)]
    )
    return [(FullyConnected(shape, "tanh", bias, out), {}, 0) for shape, (bias, out) in product(shapes, BIASES)]


def homogeneous_networks(context):
    return [(FullyConnected(shape, "power:2", False), {}, 0) for shape in [(2, 3, 1), (2, 2, 2, 1)]]


# -------------------------------------------------------------------------------------------------------- deep.table


def table_bound(widths, bias: bool) -> int:
    """Products of neighbouring widths; with biases sum (m_l + 1) m_(l+1)."""
    return sum((m + bias) * following for m, following in pairwise(widths))


def without_biases(widths, bias: bool) -> int:
    return table_bound(widths, False)


def check_table(instance, *, formula, context) -> Outcome:
    """Parameters of the narrow network, counted and attained by a certified full rank at a drawn point."""
    widths, bias, replicate = instance
    model = FullyConnected(widths, "tanh", bias)
    rank = stratum_rank(model, distinct_moduli(model, context.rng(replicate)))
    return Outcome.equal((formula(widths, bias),) * 2, (model.n_params, rank), widths=widths, bias=bias)


def table_shapes(context):
    shapes = [(d, *(1,) * (depth - 1), 1) for d in (1, 2, 5) for depth in (2, 3, 4, 5)]
    shapes += [(2, 3, 2, 1), (3, 2, 4, 1), (4, 3, 3, 2, 1)]
    return [(shape, bias, r) for shape in shapes for bias in (False, True) for r in range(context.by_level(quick=1, standard=20, full=40))]


def check_count(instance, *, formula, context) -> Outcome:
    widths, bias = instance
    model = FullyConnected(tuple(widths), "tanh", bias)
    return Outcome.equal(formula(widths, bias), model.n_params, widths=widths, bias=bias)


@composed
def drawn_widths(draw, st):
    return [*draw(st.lists(st.integers(1, 9), min_size=1, max_size=5)), 1], draw(st.booleans())


CLAIMS = [
    Claim(
        id="deep.generic",
        title="Generic model rank of a deep tanh network",
        kind="extension",
        statement=r"R(\theta) = M \text{ for almost every } \theta, \text{ for every depth, with and without biases}",
        assumptions=[Assumption("tanh", r"\sigma = \tanh")],
        source=Source(RANK_STRATIFICATION, "the papers give the bound R <= M only; equality: ours"),
        refuted_by="A shape whose tangents are dependent at every point.",
        notes="Full rank at one point is full rank almost everywhere, as the tangents are analytic in theta. Whether R(f*) "
        "= M_narr holds for "
        "deep networks is open: only the inequality is claimed in deep.bound.",
        checks=[
            Check(
                "series",
                evidence="exact",
                covers="instances",
                scope="12 shapes of depth 2 to 4 up to 141 parameters (quick), 241, 661; three bias modes",
                run=check_series,
                instances=generic_shapes,
                distribution="dyadic weights of distinct moduli, from 1/4 to 3/2 and above",
                parameters={"formula": all_parameters, "point": generic_point},
                controls=[Control("one dimension a hidden neuron less", formula=without_scales)],
            ),
            Check(
                "balls",
                evidence="certified",
                covers="instances",
                scope="4 shapes (quick), 6, 7; determinants of balls at dyadic inputs, at the very point",
                run=check_formula,
                instances=ball_shapes,
                distribution="dyadic weights of distinct moduli, from 1/4 to 3/2 and above",
                parameters={"formula": all_parameters, "point": generic_point},
                controls=[Control("one dimension a hidden neuron less", formula=without_scales)],
            ),
        ],
        probes=[Probe(drops="tanh", instances=homogeneous_networks)],
    ),
    Claim(
        id="deep.table",
        title="The table of bounds",
        relation="upper",
        statement=r"M_{\mathrm{narr}} = d m'_1 + m'_1 m'_2 + \dots + m'_{L-1}\ \text{without},\quad \sum_{l<L} (m'_l + 1) "
        r"m'_{l+1}\ \text{with biases};"
        r"\quad \text{all hidden widths } 1:\ d + L - 1",
        source=Source(RANK_STRATIFICATION, "Table 5; 2406.18035v1, Table 1"),
        depends_on=["deep.bound"],
        refuted_by="A shape with another number of parameters, or whose generic rank is smaller.",
        checks=[
            Check(
                "attained",
                evidence="exact",
                covers="instances",
                scope="15 shapes of depth 2 to 5, with and without biases; generic rank by Taylor series",
                run=check_table,
                instances=table_shapes,
                distribution="dyadic weights",
                parameters={"formula": table_bound},
                controls=[
                    Control("biases forgotten", formula=without_biases),
                    Control("all hidden widths as one", formula=lambda widths, bias: widths[0] + len(widths) - 2),
                ],
            ),
            Check(
                "counted",
                evidence="exact",
                covers="instances",
                scope="depth up to 5, widths up to 9",
                run=check_count,
                instances=drawn_widths,
                distribution="widths drawn by hypothesis",
                parameters={"formula": table_bound},
                controls=[Control("biases forgotten", formula=without_biases)],
            ),
        ],
    ),
]
