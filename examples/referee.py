"""What the scripts of this folder share: refusing what is not shown, or is no certificate, and reading a file of them."""

import functools
import json
import sys
from pathlib import Path

#: What malformed certificates lead to.
MALFORMED = (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, StopIteration, SyntaxError, TypeError, ValueError)


class Refused(AssertionError):
    """What a certificate says was not shown. It is raised, never asserted: no switch of the interpreter turns it off."""


def require(shown, otherwise):
    """Refuse, for the reason ``otherwise``, unless ``shown``."""
    if not shown:
        raise Refused(otherwise)


def refusing(check):
    """``check`` with every error that a malformed certificate leads to as a refusal."""

    @functools.wraps(check)
    def checked(certificate):
        try:
            return check(certificate)
        except MALFORMED as error:
            raise Refused(f"no certificate: {type(error).__name__}: {error}") from error

    return checked


def whole(value, least, what):
    """``value``, once it is an integer (no bool) from ``least`` on."""
    require(type(value) is int and value >= least, f"{what} must be a whole number from {least} on, got {str(value)[:40]}")
    return value


def network(layers, count):
    """The layers of a network, once every place holds the number of one of its ``count`` parameters, or none.

    A layer is {"weights": rows of parameter numbers or null (a weight that is 0), "biases": likewise}; a number at several places is one
    parameter that these share.
    """
    require(isinstance(layers, list) and layers, "no layers")
    for layer in layers:
        places = [*layer["biases"], *(k for row in layer["weights"] for k in row)]
        require(len(layer["weights"]) == len(layer["biases"]) > 0, "not one bias for each neuron")
        require(all(k is None or (type(k) is int and 0 <= k < count) for k in places), "a place that holds no parameter")
    return layers


def main(check):
    """Print what ``check`` shows for each certificate in the file named on the command line; it is an error when there is none."""
    stored = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    certificates = stored if isinstance(stored, list) else [stored]
    require(certificates, "nothing was checked: the file holds no certificate")
    for place, certificate in enumerate(certificates):
        print(f"certificate {place}: {check(certificate)}")
