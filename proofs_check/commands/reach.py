"""``proofs-check reach``: how far layers of symbolic matching reach along a chain."""

from __future__ import annotations

import json
import math

import click

from proofs_check.commands._group import explained, told

#: Chains whose orders are all counted without being asked for a sample, and the size of a sample.
ALL_PAIRS, SAMPLE = 8, 2000
#: Orders times layers times pairs squared that are run without being asked for, some ten seconds; and that are run at all.
WORK, MOST_WORK = 4 * 10**9, 10**12
#: Bounds of more layers have more digits than Python prints (4300).
MOST_PRINTED = 9000


@click.command(short_help="Bound the reach of L layers of multi-step reasoning.")
@click.option("--layers", required=True, type=int, help="Number of layers L.")
@click.option("--pairs", type=int, help="Pairs of the chain; by default what the upper bound asks for, or 8 so that all orders count.")
@click.option("--sample", type=int, help="Count this many random orders instead of all; of more than 8 pairs 2000, fewer of long chains.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random orders.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@explained
def command(layers: int, pairs: int | None, sample: int | None, seed: int, as_json: bool) -> None:
    """Bounds on the reach of L layers (arXiv:2509.23178), its distribution over orders of a chain, and an order that attains each.

    The reach is the number of steps from the query that the query's position knows after L layers of set propagation; what a trained
    transformer does is another question. Pairs are numbered along the chain from 0. The bounds are proved for every number of layers;
    orders are run up to nine, where the longest have 3280 pairs.

    Example: proofs-check reach --layers 3
    """
    from numerics.dynamics.reach import MOST_LAYERS, distribution, extremal
    from theory.dynamics.propagation import largest_reach, least_reach

    with told():
        if layers > MOST_PRINTED:
            raise ValueError(f"layers must be at most {MOST_PRINTED}, whose bounds have 4300 digits, got {layers}")
        low, high = least_reach(layers), largest_reach(layers)
        if layers > MOST_LAYERS:
            _tell_bounds(layers, low, high, as_json, run=MOST_LAYERS)
            return
        if pairs is None:
            pairs = max(1, min(high, ALL_PAIRS) if low <= ALL_PAIRS else high)
        if sample is None and pairs > ALL_PAIRS:
            sample = max(10, min(SAMPLE, WORK // (layers * pairs**2)))
        if sample is not None and pairs > 0 and sample * layers * pairs**2 > MOST_WORK:
            raise ValueError(
                f"pairs must be at most {math.isqrt(MOST_WORK // (sample * layers))} for {sample} orders and {layers} layers,"
                f" or it would take half an hour and more, got {pairs}"
            )
        lowest, highest = extremal(layers)
        found = distribution(pairs, layers, sample=sample, seed=seed)
    if as_json:
        data = {
            "layers": layers,
            "bounds": [low, high],
            "pairs": pairs,
            "exhaustive": found.exhaustive,
            "orders": {str(m): count for m, count in found.counts.items()},
            "examples": {str(m): list(order) for m, order in found.examples.items()},
            "attained": {"lower": list(lowest.order), "upper": list(highest.order)},
        }
        click.echo(json.dumps(data, indent=1))
        return
    click.echo(f"{layers} layers reach at least {low} and at most {high} steps, whatever the order of the pairs")
    click.echo(f"{'all' if found.exhaustive else 'random'} orders of {pairs} pairs, {found.orders} in number:")
    for m, count in found.counts.items():
        click.echo(f"  reach {m:>3}  {count:>8}  {count / found.orders:6.1%}  {_shown(found.examples[m])}")
    click.echo(f"lower bound attained by {_shown(lowest.order)} (run: {lowest.reach})")
    click.echo(f"upper bound attained by {_shown(highest.order)} (run: {highest.reach})")


def _tell_bounds(layers: int, low: int, high: int, as_json: bool, *, run: int) -> None:
    """The bounds alone, of more layers than orders are ``run`` for."""
    if as_json:
        click.echo(json.dumps({"layers": layers, "bounds": [low, high], "orders": None, "attained": None}, indent=1))
        return
    click.echo(f"{layers} layers reach at least {low} and at most {high} steps, whatever the order of the pairs")
    click.echo(f"both are attained, by the rising and the ternary order, which are run up to {run} layers")


def _shown(order: tuple[int, ...], most: int = 24) -> str:
    """An order in one line, cut where it is long."""
    text = " ".join(map(str, order[:most]))
    return text if len(order) <= most else f"{text} ... ({len(order)} pairs)"
