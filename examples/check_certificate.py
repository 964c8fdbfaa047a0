"""Check certificates with python-flint alone: python check_certificate.py FILE ...

A FILE is one certificate, a list of them, or the results.json of a run, whose certificates lie beside it. Each kind has a script of its own
in this folder, which says what is checked and how, and which can be called by itself. Of a run it is checked, too, that each file is the
one that the run wrote, and that it names the claim and states the values that the run shows. The exit code is 1 where one is refused, or
there is nothing to check.
"""

import hashlib
import json
import sys
from importlib import import_module
from pathlib import Path

from flint import arb

sys.path.insert(0, str(Path(__file__).parent))
from balls import activation, number, precision, rational  # noqa: E402
from referee import Refused, refusing, require, whole  # noqa: E402

NAMES = ("check_minor", "check_series", "check_box", "check_neuron", "check_flow", "check_sign", "check_inertia")
NAMES += ("check_trap", "check_cover", "check_two_cycle", "check_orientation", "check_module", "check_module_point")
SCRIPTS = [import_module(name) for name in NAMES]


def kinds(certificate):
    """The kinds of a certificate: one, or for an overlap that was found the methods that proved it."""
    if "mechanism" in certificate:
        return [f"{certificate['mechanism']} by {one['method']}" for one in certificate["certificates"]]
    return [certificate["kind"]]


@refusing
def check(certificate):
    """What the script for its kind shows: the size of a minor, otherwise words; refused where it is not, or there is none."""
    require(isinstance(certificate, dict), "no certificate")
    shown = []
    for kind in kinds(certificate):
        scripts = [script for script in SCRIPTS if kind in list(script.KINDS)]  # a list, for what stands there may be anything
        require(scripts, f"no script here checks the kind {kind!r}")
        shown.append(scripts[0].check(certificate))
    require(shown, "a certificate without a proof")
    require_level(certificate)
    return shown[0] if len(shown) == 1 else "; ".join(shown)


def require_level(certificate):
    """What a pair of limits says beside its proof: that they differ as functions, and that there are biases, whose input is 1."""
    if certificate.get("mechanism") not in ("two-point", "reweight") or "level" not in certificate:
        return
    level, bias = certificate["level"], certificate["bias"]
    require(level in ("function", "parameter") and (level == "function") == (certificate["kind"] == "generic"), "a kind of another level")
    require(type(bias) is bool, "a bias that is neither there nor not")
    require(not bias or all(rational(sample["x"][-1]) == 1 for sample in certificate["samples"]), "a bias whose input is not 1")
    if level == "parameter":
        return
    precision(128)
    sigma, d = activation(certificate["activation"]), whole(certificate["inputs"], 1, "the number of inputs")
    p, q = ([number(entry) for entry in limit] for limit in certificate["limits"])
    for k in range(64):  # inputs of sizes from 0.1 to 40
        x = [arb((k * (2 * j + 3) + 5 * j + 1) % 17 - 8) * arb("0.05") * arb("1.1") ** k for j in range(d)]
        if bias:
            x[-1] = arb(1)
        try:
            if not (value(sigma, p, x) - value(sigma, q, x)).contains(0):
                return
        except (Refused, ValueError):  # a place at which sigma has no value, or a kink
            continue
    raise Refused("limits that were not shown to differ as functions")


def value(sigma, theta, x):
    """The network at x: input weights neuron by neuron, then output weights."""
    neurons = len(theta) // (len(x) + 1)
    inside = [sum((w * u for w, u in zip(theta[k * len(x) : (k + 1) * len(x)], x, strict=True)), arb(0)) for k in range(neurons)]
    return sum((a * sigma(z) for a, z in zip(theta[neurons * len(x) :], inside, strict=True)), arb(0))


def certificates(path):
    """(where it comes from, certificate, what the run says of it or None) for all in a file, or in the files that a results.json names."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(stored, dict) and "claims" in stored:
        for claim in stored["claims"]:
            for one in claim["checks"]:
                if one["certificate"]:
                    yield from of_check(path.parent, claim["id"], one)
        return
    for place, certificate in enumerate(stored if isinstance(stored, list) else [stored]):
        yield f"{path.name} {place}", certificate, None


def of_check(folder, claim, check):
    """The certificates of one check of a run, each with what it must say; refused where the file is another."""
    file = (folder / check["certificate"]).resolve()
    require(file.is_file() and folder.resolve() in file.parents, f"{str(check['certificate'])[:60]} is no file of the run")
    text = file.read_bytes()
    require(hashlib.sha256(text).hexdigest() == check["certificate_hash"], f"{check['certificate']} is not the file that the run wrote")
    found = json.loads(text)
    found = found if isinstance(found, list) else [found]
    require(len(found) == len(check["certificate_states"]) > 0, f"{check['certificate']} holds another number of certificates")
    for place, (certificate, states) in enumerate(zip(found, check["certificate_states"], strict=True)):
        yield f"{check['certificate']} {place}", certificate, {"claim": claim, "check": check["name"], **states}


def agrees(certificate, said):
    """Refuse a certificate that does not say what the run says of it."""
    for name, value in (said or {}).items():
        require(certificate.get(name) == value, f"its {name} is {str(certificate.get(name))[:60]}, the run says {str(value)[:60]}")


def main(paths):
    refused, checked = [], 0
    for path in map(Path, paths):
        try:
            for place, certificate, said in certificates(path):
                try:
                    shown = check(certificate)
                    agrees(certificate, said)
                    print(f"{place}: {f'rank at least {shown}' if isinstance(shown, int) else shown}")
                    checked += 1
                except Exception as error:  # what is no certificate ends in whatever exception it leads to
                    refused.append(f"{place}: REFUSED, {type(error).__name__}: {error}")
                    print(refused[-1])
        except Exception as error:
            refused.append(f"{path.name}: REFUSED, {type(error).__name__}: {error}")
            print(refused[-1])
    print(f"{checked} certificates checked, {len(refused)} refused" + ("" if checked or refused else ": nothing was checked"))
    return int(bool(refused) or not checked)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if sys.argv[1:] else __doc__)
