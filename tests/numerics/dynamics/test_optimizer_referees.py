"""The referees for traps, hitting times, covers and 2-cycles accept what is true and refuse what was changed in one place."""

import copy
from fractions import Fraction
from functools import reduce

import pytest
from referees import script

from numerics.dynamics.adam_runs import Cycle, Run, trap_certificate, trapped
from numerics.dynamics.cover import cover
from numerics.dynamics.stability import cycle_certificate, plane
from theory.dynamics.adam import reduced_forms

REFEREE = script("check_certificate")


def hitting(k, below):
    return {"kind": "hitting times", "bits": 700, "run": Run(k, "0.9", "0.93").certificate(), "below": below}


def covered(k):
    found = cover(lambda s, rho: list(reduced_forms(k, s, rho).values()), [(0, Fraction(3, 2)), (0, 1)], depth=10)
    return {"kind": "cover of parameters", "k": k, "coordinates": "s, rho", **found.certificate()}


BISTABLE = Run(4, "0", "1/8", start="0.00051")
GENUINE = {
    "minimum": lambda: trap_certificate(Run(4, "0.9", "0.93"), trapped(Run(4, "0.9", "0.93"))),
    "minimum of another loss": lambda: trap_certificate(
        Run(6, "0.9", "0.97", factor=("1/2", "-1/3")), trapped(Run(6, "0.9", "0.97", factor=("1/2", "-1/3")))
    ),
    "cycle": lambda: trap_certificate(BISTABLE, trapped(BISTABLE, Cycle), Cycle),
    "hitting": lambda: hitting(4, [["1e-8", 1861], ["1e-20", 3384]]),
    "reduced plane": lambda: covered(6),
    "plane": lambda: {"kind": "cover of parameters", "k": 4, "coordinates": "beta1, beta2", **plane(4, depth=8).certificate()},
    "attracts": lambda: cycle_certificate(4, Fraction(1, 50), Fraction(1, 10), Fraction(1, 1000)),
    "repels": lambda: cycle_certificate(6, Fraction(9, 10), Fraction(93, 100), Fraction(1, 1000)),
    "undecided": lambda: cycle_certificate(4, Fraction(0), Fraction(1, 5), Fraction(1, 1000)),
}


@pytest.fixture(scope="module")
def genuine():
    return {name: make() for name, make in GENUINE.items()}


@pytest.mark.parametrize("name", GENUINE)
def test_genuine_certificates_are_accepted(genuine, name):
    assert REFEREE.check(genuine[name])


def instead(value):
    return lambda _: value


def signs_changed(letter, other):
    return lambda tree: tree.replace(letter, other, 1)


#: place, change; every one makes the certificate false or incomplete.
FORGERIES = {
    "minimum": [
        (("run", "beta1"), instead("0.95")),  # no fixed point attracts
        (("run", "beta2"), instead("0.94")),  # another limit of w and l
        (("run", "k"), instead(6)),
        (("run", "k"), instead(5)),
        (("run", "rate"), instead("0.00001")),  # the run is elsewhere after these steps
        (("run", "factor"), instead(["100"])),
        (("steps",), lambda steps: steps - 500),
        (("steps",), instead(10**9)),
        (("norm",), instead("0.98")),  # below the spectral radius
        (("norm",), instead("1")),
        (("radius",), instead("0.5")),
        (("radius",), instead("-0.003")),
        (("basis", 0, 0), instead("0")),
        (("basis", 1), instead(["1", "1", "1"])),
        (("centre", 0), instead("1e-9")),
        (("limit",), instead("2-cycle")),
        (("bits",), instead(60)),
        (("bits",), instead(1e17)),
    ],
    "minimum of another loss": [(("run", "factor", 0), instead("50")), (("run", "start"), instead("0"))],
    "cycle": [
        (("limit",), instead("minimum")),
        (("run", "beta2"), instead("1/4")),  # repels there
        (("run", "start"), instead("1")),  # ends at the minimum
        (("run", "factor"), instead(["1"])),
    ],
    "hitting": [
        (("below", 1, 1), instead(3383)),
        (("below", 1, 1), instead(3385)),
        (("below", 0, 0), instead("1e-9")),
        (("below",), instead([])),
        (("run", "beta2"), instead("0.9301")),
        (("bits",), instead(100)),
    ],
    "reduced plane": [
        (("k",), instead(4)),  # some box stable for 6 is not for 4
        (("tree",), signs_changed("-", "+")),
        (("tree",), signs_changed("+", "-")),
        (("tree",), signs_changed("?", "+")),
        (("tree",), lambda tree: tree[:-1]),
        (("tree",), lambda tree: tree + "+"),
        (("open",), instead("0")),
        (("box", 0, 1), instead("2")),
        (("coordinates",), instead("beta1, beta2")),
    ],
    "plane": [(("tree",), signs_changed("?", "+")), (("tree",), signs_changed("?", "-")), (("box", 1, 1), instead("2"))],
    "attracts": [
        (("verdict",), instead("repels")),
        (("beta2",), instead("1/4")),
        (("state", 0), instead("1/2000")),  # eta/2, the amplitude for beta1 = 0
        (("state", 1), lambda m: "-" + m),
        (("state", 2), instead("1")),
        (("rate",), instead("1/999")),
        (("k",), instead(5)),
    ],
    "repels": [(("verdict",), instead("attracts")), (("verdict",), instead("undecided"))],
    "undecided": [(("verdict",), instead("attracts")), (("verdict",), instead("repels"))],
}


@pytest.mark.parametrize(("name", "number"), [(name, number) for name, cases in FORGERIES.items() for number in range(len(cases))])
def test_forged_certificates_are_refused(genuine, name, number):
    place, change = FORGERIES[name][number]
    forged = copy.deepcopy(genuine[name])
    *way, last = place
    holder = reduce(lambda inner, key: inner[key], way, forged)
    holder[last] = change(holder.get(last) if isinstance(holder, dict) else holder[last])
    assert forged != genuine[name]
    with pytest.raises((AssertionError, ValueError)):
        REFEREE.check(forged)
        pytest.fail(f"a forged {place} was accepted")


@pytest.mark.parametrize("name", ["check_trap", "check_cover", "check_two_cycle"])
@pytest.mark.parametrize("forged", [None, [], {}, {"kind": ["contraction trap"]}, {"kind": "cover of parameters", "bits": "many"}])
def test_what_is_no_certificate_is_refused(name, forged):
    with pytest.raises(AssertionError):
        script(name).check(forged)
