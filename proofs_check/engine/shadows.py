"""Packages of other origin that would be imported in place of ours."""

from __future__ import annotations

import importlib.util
from pathlib import Path

#: Where this package lies, and with it the others that belong to it.
HERE = Path(__file__).resolve().parents[2]
BELONGING = ("theory", "numerics", "reports")


def shadowed() -> str:
    """Which package stands in the way of one of ours, in one line; empty where none does."""
    for name in BELONGING:
        spec = importlib.util.find_spec(name)
        places = [Path(place).resolve() for place in (spec and (spec.submodule_search_locations or [spec.origin])) or () if place]
        if HERE / name not in places:
            found = f"{places[0]} shadows it" if places else "nothing of that name is found"
            return f"the package {name} that belongs to proofs-check lies in {HERE / name}, but {found}; rename it, or run from elsewhere"
    return ""
