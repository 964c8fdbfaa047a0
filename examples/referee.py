"""What the scripts of this folder share: refusing what is no certificate, and reading a file of them."""

import functools
import json
import sys
from pathlib import Path

#: What malformed certificates lead to.
MALFORMED = (ArithmeticError, AttributeError, LookupError, RecursionError, StopIteration, SyntaxError, TypeError, ValueError)


def refusing(check):
    """``check`` with every error that a malformed certificate leads to as an AssertionError, like a refusal."""

    @functools.wraps(check)
    def checked(certificate):
        try:
            return check(certificate)
        except MALFORMED as error:
            raise AssertionError(f"no certificate: {type(error).__name__}: {error}") from error

    return checked


def main(check):
    """Print what ``check`` shows for each certificate in the file named on the command line."""
    stored = json.loads(Path(sys.argv[1]).read_text())
    for place, certificate in enumerate(stored if isinstance(stored, list) else [stored]):
        print(f"certificate {place}: {check(certificate)}")
