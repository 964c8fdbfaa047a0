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

sys.path.insert(0, str(Path(__file__).parent))
from levels import require_level  # noqa: E402
from referee import refusing, require  # noqa: E402

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
