r"""Self-attention: its rank is the number of parameters less the gauge of queries and keys, of values and outputs, and of the biases."""

from numerics.modules.architectures import attention_layers, multi_head_attention
from proofs_check import Assumption, a_seed, axes, by_level, claim, false
from proofs_check.judging import rank_is
from theory.rank.architectures import attention_gauge, attention_layers_dimension, attention_parameters

from . import GENERIC, LIGHTNING
from ._measured import FLOATS, measured

TWO_TOKENS = Assumption("two tokens", r"T \ge 2")

GAUGE = claim(
    "modules.attention.gauge",
    "Rank of multi-head self-attention",
    r"R = P - 2 h k^2 - 2 d\,[\text{biases}],\qquad d = h k",
    symbols=["R", "P", "h", "k", "d", "T"],
    assumptions=[GENERIC, TWO_TOKENS],
    kind="extension",
    source=LIGHTNING.at("Section 3, on the symmetries of one head; several heads with softmax and biases: ours"),
    refuted_by="heads, keys and biases at which generic attention has another rank",
    notes="In each head queries and keys, and values and outputs, are known up to an invertible k x k matrix. Softmax does not see the"
    " bias of"
    " the keys, and the bias of the values passes through attention and adds up with that of the outputs.",
)

HEADS = axes(
    heads=by_level(("1 of 1", "1 of 2", "2 of 1"), ("1 of 1", "1 of 2", "2 of 1", "2 of 2", "1 of 3", "3 of 1")),
    bias=(False, True),
    tokens=by_level((3,), (2, 3)),
    standard=1,
    full=2,
)


def attention_rank(width, heads, bias, keys):
    return attention_parameters(width, bias) - attention_gauge(width, heads, bias)


@GAUGE.check("certified", a_seed, HEADS)
@false("a scale for each head, no matrix", formula=lambda d, h, bias, k: attention_rank(d, h, bias, k) + 2 * h * (k * k - 1))
@false("queries and keys alone", formula=lambda d, h, bias, k: attention_rank(d, h, bias, k) + h * k * k)
@false("the bias of the keys counts", formula=lambda d, h, bias, k: attention_rank(d, h, bias, k) + d * bias)
@false("a shift of each head", formula=lambda d, h, bias, k: attention_rank(d, h, bias, k) + (d - h) * bias)
def of_heads(cell, seed, *, formula=attention_rank, method="ball", tokens=None, change=None, context):
    """A minor in balls and the exhibited gauge against the formula, at drawn parameters, by torch's MultiheadAttention."""
    heads, size = map(int, cell.heads.split(" of "))
    width, shape = heads * size, (tokens or cell.tokens, heads * size)
    found = measured(multi_head_attention, (width, heads, cell.bias), shape, int(seed), method, change)
    return rank_is(formula(width, heads, cell.bias, size), found, keep=True, seed=seed)


GAUGE.twin(of_heads, "property", changed={"method": "float"}, tolerance=FLOATS)
GAUGE.without("two tokens", of_heads, tokens=1)
GAUGE.without("generic parameters", of_heads, change=lambda module: module.attention.out_proj.weight.data.zero_())

LAYERS = claim(
    "modules.attention.layers",
    "Dimension of the functions of deep single-head attention",
    r"R = l\,(2 k d - k^2 + d^2) - (l - 1)\, d^2 - l\,[\text{no softmax}]",
    clauses={
        "lightning": r"\text{without softmax: } R = l\,(2 k d - k^2 + d^2) - (l - 1) d^2 - l",
        "softmax": r"\text{with softmax: } R = l\,(2 k d - k^2 + d^2) - (l - 1) d^2",
    },
    symbols=["R", "l", "k", "d", "T"],
    assumptions=[GENERIC, Assumption("keys", r"k \le d", unprobed="more keys than the width are the same functions"), TWO_TOKENS],
    source=LIGHTNING.at("the dimension of deep lightning attention (Section 3); with softmax Conjecture 3.10, proved there for one layer"),
    refuted_by="layers and sizes of another dimension",
)

DEPTHS = axes(layers=by_level((1, 2), (1, 2, 3)), width=by_level((2,), (2, 3)), size=by_level((1,), (1, 2)), standard=1, full=2)


def check_layers(clause, softmax):
    """The check of one clause, and its controls."""

    @LAYERS.check("certified", a_seed, DEPTHS, clauses=clause, name=clause)
    @false("no gauge between layers", formula=lambda d, k, l, s: attention_layers_dimension(d, k, l, s) + (l - 1) * d * d)
    @false("one scale in all", formula=lambda d, k, l, s: attention_layers_dimension(d, k, l, s) + (l - 1 if not s else 1 - 2 * l))
    @false("the keys without a gauge", formula=lambda d, k, l, s: attention_layers_dimension(d, k, l, s) + l * k * k)
    def check(cell, seed, *, formula=attention_layers_dimension, method="ball", tokens=3, change=None, context):
        """A minor and the exhibited symmetries against the published dimension, at drawn parameters."""
        found = measured(attention_layers, (cell.width, cell.size, cell.layers, softmax), (tokens, cell.width), int(seed), method, change)
        return rank_is(formula(cell.width, cell.size, cell.layers, softmax), found, seed=seed)

    return check


LIGHTNING_LAYERS, SOFTMAX_LAYERS = check_layers("lightning", False), check_layers("softmax", True)
LAYERS.without("two tokens", SOFTMAX_LAYERS, tokens=1)
LAYERS.without("generic parameters", SOFTMAX_LAYERS, change=lambda module: module[0].V.data.zero_())
