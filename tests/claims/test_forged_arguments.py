"""Certificates made up from scratch, each of which meets all that an argument needs but one thing: they are refused for that one."""

import hashlib
import json
import os
import subprocess
import sys

import pytest
from referees import EXAMPLES, script


def refused(name, certificate, why):
    with pytest.raises(AssertionError, match=why):
        script(name).check(certificate)


# ----------------------------------------------------------------------------------------------------------- orientations

AXES = [["1", "0", "0"], ["0", "1", "0"], ["0", "0", "1"]]


def orientations(found, x=AXES, c=("3", "2", "1"), p=2, sides=(1,), complete=False):
    kind = "orientations of a small network"
    return {"kind": kind, "p": p, "x": x, "c": list(c), "sides": list(sides), "complete": complete, "orientations": found}


#: V = 3 u_1^2 + 2 u_2^2 + u_3^2 has its maxima at (1, 0, 0) and (-1, 0, 0).
MAXIMA = [
    {"direction": [s, 0.0, 0.0], "side": 1, "growing": True, "scale": "1", "centre": [str(s), "0", "0", "3"], "radius": "1e-20"}
    for s in (1, -1)
]


def test_extrema_of_a_quadratic_form():
    assert script("check_orientation").check(orientations(MAXIMA, complete=True)) == "2 orientations, all there are"


@pytest.mark.parametrize(
    ("found", "more", "why"),
    [
        ([{**MAXIMA[0], "scale": "-1", "side": -1, "centre": ["1", "0", "0", "-3"]}], {"sides": [-1]}, "exchanges maxima and minima"),
        ([{**MAXIMA[0], "side": -1, "growing": False}], {"sides": [-1]}, "no strict extremum"),
        ([{**MAXIMA[0], "direction": []}], {}, "another length"),
        ([MAXIMA[0]], {"complete": True}, "not all"),
        (MAXIMA, {"complete": True, "sides": [1, -1]}, "not all"),  # none of the minima
        ([], {"complete": True}, "no orientation"),
        ([{**MAXIMA[0], "centre": ["0", "1", "0", "2"], "direction": [0.0, 1.0, 0.0]}], {}, "no strict extremum"),  # a saddle
        (MAXIMA, {"c": ["3", "3", "1"]}, "singular"),  # a circle of maxima
    ],
)
def test_what_is_no_extremum_or_not_all_of_them(found, more, why):
    refused("check_orientation", orientations(found, **more), why)


def test_the_sign_of_a_direction_that_is_nearly_an_axis():
    """V = (u_1 + u_2/10^12)^3 has a maximum at (1, 1e-12), a minimum at its antipode; floats show (1, 0)."""
    x, near = [["1", "1e-12"]], {"lower": str(10**12 - 1), "upper": str(10**12 + 1), "direction": [1.0, 0.0]}
    given = lambda side, growing: orientations([{**near, "side": side, "growing": growing}], x=x, c=["1"], p=3, sides=[side])
    assert script("check_orientation").check(given(1, True)) == "1 orientations, maybe more"
    refused("check_orientation", given(-1, False), "the other kind of extremum")


@pytest.mark.parametrize(("lower", "direction"), [(None, [1.0, 0.0]), ("0", [0.0, 1.0])])
def test_a_form_that_is_constant_has_no_extremum(lower, direction):
    found = [{"lower": lower, "upper": lower, "direction": direction, "side": 1, "growing": None}]
    refused("check_orientation", orientations(found, x=[["1", "0"], ["0", "1"]], c=["1", "1"]), "constant")  # u_1^2 + u_2^2
    refused("check_orientation", orientations(found, x=[["1", "0"]], c=["0"]), "constant")


def test_a_direction_for_one_sign_of_labels_has_its_length():
    found = [{"direction": [], "side": 1, "growing": True}]
    refused("check_orientation", orientations(found, p=1), "another length")


def test_z_is_a_positive_multiple_of_the_sum():
    given = lambda z: orientations(
        [{"direction": [0.6, 0.8], "side": 1, "growing": True, "z": z}], x=[["3", "4"]], c=["1"], p=1, complete=True
    )
    assert script("check_orientation").check(given(["3/7", "4/7"])) == "1 orientations, all there are"
    for z in (["-3", "-4"], ["3", "5"], ["4", "3"], ["0", "0"], ["3"]):
        refused("check_orientation", given(z), "another z|no certificate")


# --------------------------------------------------------------------------------------------------------------- neurons


def test_nothing_moves_on_the_sample_zero():
    """Start (0, 1), limit (1, -0.35): the sample -3.0009... leads there, the sample 0 satisfies the same equation and leads nowhere."""
    from flint import arb

    neuron = script("check_neuron")
    neuron.precision(200)
    sigma, start, limit = neuron.activation("sigmoid"), ([arb(0)], arb(1)), ([arb(1)], arb("-0.35"))
    (c,) = neuron.near(lambda c: [neuron.energy(sigma, start, [c[0]], limit)], [arb(-3)])
    way = neuron.require_joined(sigma, start, [c], limit)
    assert way.contains(c) and way.contains(0) and not way >= c  # it turns beyond the limit: a formula that begins there does not do
    assert neuron.energy(sigma, start, [arb(0)], limit)[0].contains(0)
    with pytest.raises(AssertionError, match="does not move|may be 0"):
        neuron.require_joined(sigma, start, [arb(0)], limit)


def test_a_larger_kernel_does_not_separate():
    """d = 1 and two samples at which z sigma'/sigma agrees: rank 1, one relation, a form with a sign, and solutions near by that do not
    split the neuron, for output weights 1 and -2.
    """
    certificate = {
        "kind": "definite form of a split neuron",
        "activation": "lorentz(z+1/2)",
        "inertia": [0, 0, 1],
        "theta": ["1", "1", "1", "-2"],
        "samples": [["1"], ["-15/14"]],
    }
    refused("check_inertia", certificate, "more directions in the kernel")


def test_a_bias_that_the_prime_divides_is_not_zero():
    """erf(b) for b = 2^61 - 1: no value at the point is known, and a shared bias is not free."""
    layer = lambda weights, biases: {"weights": weights, "biases": biases}
    given = lambda layers, theta, at: {
        **{"kind": "Taylor series modulo a prime", "activation": "erf", "rank": 2, "at": at},
        **{"layers": layers, "theta": theta},
    }
    own = [layer([[0]], [1]), layer([[2]], [None])]
    assert script("check_series").check(given(own, ["1", str(2**61 - 1), "1"], "stratum")) == "rank at least 2, at the stratum"
    refused("check_series", given(own, ["1", str(2**61 - 1), "1"], "point"), "on the stratum only")
    shared = [layer([[0]], [0]), layer([[1]], [None])]
    refused("check_series", given(shared, [str(2**61 - 1), "1"], "stratum"), "no bias of its own")


# ------------------------------------------------------------------------------------------------------- beside a run

ZERO = {"kind": "zero label", "activation": "sigmoid", "start": ["0.4", "1"], "inputs": ["-0.3", "0.3"], "claim": "a.claim", "check": "b"}


@pytest.fixture(scope="module")
def limits():
    """A certificate of the claim a.claim with the limits as the referee finds them."""
    neuron = script("check_neuron")
    neuron.precision(200)
    sigma, found = neuron.activation("sigmoid"), []
    for x, guess in ((neuron.arb("-0.3"), "0.48"), (neuron.arb("0.3"), "0.33")):
        start = ([neuron.number("0.4")], neuron.arb(1))
        (w,) = neuron.near(lambda w, x=x, start=start: [neuron.energy(sigma, start, [x], ([w[0]], neuron.arb(0)))], [neuron.number(guess)])
        found.append(f"[{w.mid().str(30, radius=False)} +/- 1e-20]")
    return {**ZERO, "weights": found}


def run_of(folder, certificates, claim="a.claim", check="b", states=None, digest=None):
    text = json.dumps(certificates)
    (folder / "one.json").write_text(text)
    stored = {"name": check, "certificate": "one.json", "certificate_hash": digest or hashlib.sha256(text.encode()).hexdigest()}
    stored["certificate_states"] = [{} for _ in certificates] if states is None else states
    (folder / "results.json").write_text(json.dumps({"claims": [{"id": claim, "checks": [stored]}]}))
    command = [sys.executable, str(EXAMPLES / "check_certificate.py"), str(folder / "results.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, "1 certificates checked, 0 refused"),
        ({"claim": "another.claim"}, "its claim is a.claim, the run says another.claim"),
        ({"check": "c"}, "its check is b, the run says c"),
        ({"states": [{"rank": 7}]}, "its rank is None, the run says 7"),
        ({"states": [{}, {}]}, "another number of certificates"),
        ({"digest": "0" * 64}, "is not the file that the run wrote"),
    ],
)
def test_a_certificate_is_the_one_of_its_claim_with_its_value(limits, tmp_path, change, told):
    code, output = run_of(tmp_path, [limits], **change)
    assert told in output and code == (1 if change else 0)


@pytest.mark.parametrize("name", ["/dev/zero", "../results.json", "pipe", "missing.json", ""])
def test_a_certificate_is_a_file_of_the_run(tmp_path, name):
    folder = tmp_path / "run"
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    (tmp_path / "results.json").write_text("{}")
    referee = script("check_certificate")
    with pytest.raises(AssertionError, match="no file of the run"):
        list(referee.of_check(folder, "a.claim", {"certificate": name, "certificate_hash": ""}))


@pytest.mark.parametrize("stored", ["[]", '{"claims": []}', "{}", "null", "7", '"tail"', "[[]]", "[" * 10**5])
def test_a_file_without_a_certificate_is_refused(tmp_path, stored):
    (tmp_path / "one.json").write_text(stored)
    command = [sys.executable, "-O", str(EXAMPLES / "check_certificate.py"), str(tmp_path / "one.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1 and "0 certificates checked" in done.stdout


# --------------------------------------------------------------------------------------------------------------- modules


def module_of(*steps, samples=("1",), theta=("1",), **more):
    """A certificate of one sample, whose steps begin with the parameters and have one entry each."""
    written = [{"kind": kind, "sources": list(sources), "size": 1, **data} for kind, sources, data in (("parameters", (), {}), *steps)]
    return {
        **{"kind": "minor of a module", "precision": 64, "steps": written, "theta": list(theta), "samples": [[[x] for x in samples]]},
        **{"rows": [[0, 0]], "columns": [0], "rank": 1, **more},
    }


TOKEN, INPUT = ("tokens", (), {"number": 0}), ("input", (), {"number": 0})
#: theta (1 - relu(t)) for a token t, whose derivative at t = 1 is 0.
KINK_OF_A_TOKEN = [
    *(TOKEN, ("relu", (1,), {}), ("scale", (2,), {"factor": "-1"}), ("constant", (), {"values": ["1"]})),
    *(("add", (3, 4), {}), ("mul", (0, 5), {})),
]


@pytest.mark.parametrize(
    ("steps", "more", "why"),
    [
        (KINK_OF_A_TOKEN, {}, "whole numbers"),
        (KINK_OF_A_TOKEN, {"prime": 2147483647}, "whole numbers"),
        ([TOKEN, ("gather", (1,), {"index": [0]}), ("mul", (0, 2), {})], {}, "whole numbers"),
        ([TOKEN, ("join", (1,), {}), ("mul", (0, 2), {})], {}, "whole numbers"),
        ([TOKEN, ("lookup", (1, 1), {"width": 1}), ("mul", (0, 2), {})], {"samples": ["0"]}, "whole numbers"),
        ([INPUT, ("lookup", (0, 1), {"width": 1})], {}, "whole numbers"),
        ([("relu", (0,), {})], {"theta": ["0"]}, "kink"),
        ([("function", (0,), {"name": "log"})], {"theta": ["-1"]}, "no real number"),
        ([("function", (0,), {"name": "root"})], {"theta": ["-1"]}, "no real number"),
        ([("function", (0,), {"name": "log"}), ("relu", (1,), {})], {"theta": ["-1"]}, "no real number"),
        ([("function", (0,), {"name": "reciprocal"})], {"theta": ["0"]}, "no real number"),
        ([("function", (0,), {"name": "softplus", "below": 20})], {"theta": ["20"]}, "threshold"),
    ],
)
def test_steps_that_have_no_such_derivative(steps, more, why):
    refused("check_module", module_of(*steps, **more), why)


def test_steps_that_have_one():
    assert script("check_module").check(module_of(("function", (0,), {"name": "log"}))) == 1
    assert script("check_module").check(module_of(("function", (0,), {"name": "softplus", "below": 20}), theta=["19"])) == 1
    looked_up = module_of(TOKEN, ("gather", (1,), {"index": [0]}), ("lookup", (0, 2), {"width": 1}), samples=("0",))
    assert script("check_module").check(looked_up) == 1
