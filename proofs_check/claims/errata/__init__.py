"""Statements of the papers that are false as printed."""

from proofs_check.comparing import is_rank
from proofs_check.judging import different, equal, rank_is, worst


def misprint(printed, true, found, **shown):
    """What is found, a Rank or another value, is the true value, and the printed one is another."""
    holds = rank_is(true, found, **shown) if is_rank(found) else equal(value=(true, found), shown=shown)
    return worst([holds, different("the printed and the true value", printed, true, **shown)])


def letters(notation, names, **more):
    """Letters as ``notation`` of the family of these theorems reads them, separated by commas, and those of one statement alone."""
    return {**{name: notation[name] for name in names.split(", ")}, **more}
