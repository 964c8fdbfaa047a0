"""Check certificates with python-flint alone: python check_certificate.py FILE ...

A FILE is one certificate, a list of them, or the results.json of a run, whose certificates lie beside it. Each kind has a script of its own
in this folder, which says what is checked and how, and which can be called by itself. The exit code is 1 where one is refused.
"""

import json
import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
NAMES = ("check_minor", "check_series", "check_box", "check_neuron", "check_flow", "check_sign", "check_inertia", "check_orientation")
SCRIPTS = [import_module(name) for name in NAMES]


def kinds(certificate):
    """The kinds of a certificate: one, or for an overlap that was found the methods that proved it."""
    if "mechanism" in certificate:
        return [f"{certificate['mechanism']} by {one['method']}" for one in certificate["certificates"]]
    return [certificate["kind"]]


def check(certificate):
    """What the script for its kind shows: the size of a minor, otherwise words. AssertionError where it refuses or there is none."""
    assert isinstance(certificate, dict), "no certificate"
    shown = []
    for kind in kinds(certificate):
        scripts = [script for script in SCRIPTS if kind in script.KINDS]
        assert scripts, f"no script here checks the kind {kind!r}"
        shown.append(scripts[0].check(certificate))
    return shown[0] if len(shown) == 1 else "; ".join(shown)


def certificates(path):
    """(where it comes from, certificate) for all in a file, or in the files that a results.json names."""
    stored, files = json.loads(path.read_text(encoding="utf-8")), {}
    if isinstance(stored, dict) and "claims" in stored:
        named = [check["certificate"] for claim in stored["claims"] for check in claim["checks"]]
        files = {name: json.loads((path.parent / name).read_text(encoding="utf-8")) for name in named if name}
    else:
        files[path.name] = stored
    for name, found in files.items():
        for place, certificate in enumerate(found if isinstance(found, list) else [found]):
            yield f"{name} {place}", certificate


def main(paths):
    refused = 0
    for place, certificate in (pair for path in paths for pair in certificates(Path(path))):
        try:
            shown = check(certificate)
            print(f"{place}: {f'rank at least {shown}' if isinstance(shown, int) else shown}")
        except Exception as error:  # what is no certificate ends in whatever exception it leads to
            refused += 1
            print(f"{place}: REFUSED, {type(error).__name__}: {error}")
    return int(refused > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if sys.argv[1:] else __doc__)
