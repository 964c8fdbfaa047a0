"""Stored runs made up for the tests of the reports: one small run with every feature, and large ones of any size."""

from __future__ import annotations

import copy
import hashlib
import math
import random
from typing import Any

from reports.results import checksum
from reports.verdicts import of_clauses, weakest
from reports.wording import EVIDENCE


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def control(name: str = "without the overlap", refuted: bool | None = True, message: str = "case 3: expected 5, observed 6") -> dict:
    return {"name": name, "refuted": refuted, "message": message}


def check(name: str = "strata", evidence: str = "exact", **changes: Any) -> dict[str, Any]:
    entry = {
        "name": name,
        "evidence": evidence,
        "covers": "instances",
        "status": "holds",
        "scope": "d1, d2 <= 5, every rank",
        "cases": 225,
        "margin": None if evidence in ("symbolic", "exact", "certified") else 0.93,
        "tolerance": "64 eps times the norm of the tangent matrix" if evidence == "property" else None,
        "seconds": 0.31,
        "message": "",
        "distribution": "integers in [-9, 9] over the denominator 4",
        "alpha": 1e-4 if evidence == "training" else None,
        "detectable": 0.12 if evidence == "training" else None,
        "hash": sha(f"{name}/{evidence}"),
        "certificate": None,
        "counterexample": None,
        "figures": [],
        "controls": [control()],
        "because": "",
        "clauses": ["statement"],
        "met": changes.get("cases", 225),
        "skipped": 0,
        "rejected": 0,
        "cells": None,
        "spent": 1e-4 if evidence == "training" else None,
        "body": sha(f"body of {name}"),
        "versions": None,
        "witness": None,
        "confirmed": "",
        "cell_controls": [],
    }
    return entry | changes


def cell_control(cell: str = "d1 = 2, d2 = 3", refuted: bool = True, message: str = "case 7: expected 7, observed 6") -> dict:
    return {"cell": cell, "refuted": refuted, "message": message}


def clause(name: str = "statement", statement: str = "", existential: bool = False, verdict: str = "certified") -> dict:
    return {"name": name, "statement": statement or rf"\text{{{name}}}", "existential": existential, "verdict": verdict}


def claim(claim_id: str = "mf.function-rank", **changes: Any) -> dict[str, Any]:
    entry = {
        "id": claim_id,
        "family": claim_id.partition(".")[0],
        "title": "Model rank of a matrix",
        "statement": r"R(f^*) = r (d_1 + d_2 - r), \quad r = \operatorname{rank} f^*",
        "assumptions": [{"name": "wide enough", "statement": r"m \ge r"}],
        "source": {"paper": "arXiv:2211.11623v1", "where": "Prop. 1"},
        "kind": "theorem",
        "relation": "equality",
        "depends_on": [],
        "statement_hash": sha(claim_id),
        "verdict": None,
        "undermined_by": [],
        "probes": [],
        "checks": [check()],
        "file": "proofs_check/claims/factorization/matrices.py",
        "symbols": [],
        "refuted_by": "",
        "notes": "",
    }
    entry |= changes
    existential = entry["relation"] == "existence"
    entry.setdefault("clauses", [clause(statement=entry["statement"], existential=existential, verdict=entry["verdict"])])
    return entry if "verdict" in changes else judged(entry)


def judged(entry: dict[str, Any]) -> dict[str, Any]:
    """The claim with the verdicts that its checks give; a claim made with a verdict of its own keeps it, right or wrong."""
    found = of_clauses(entry)
    clauses = [{**part, "verdict": found[part["name"]]} for part in entry["clauses"]]
    return entry | {"clauses": clauses, "verdict": weakest(found)}


def run(**changes: Any) -> dict[str, Any]:
    entry = {
        "id": "2026-01-31-140500-3f2a",
        "started": "2026-01-31T14:05:00+00:00",
        "finished": "2026-01-31T14:06:12+00:00",
        "seconds": 72.4,
        "seed": 0,
        "level": "quick",
        "device": "cpu",
        "alpha": 1e-3,
        "versions": {"proofs-check": "0.1.0", "python": "3.11.9", "numpy": "2.3.1", "cupy-cuda13x": None},
    }
    return entry | changes


def results(*claims: dict[str, Any], **changes: Any) -> dict[str, Any]:
    kept = copy.deepcopy(list(claims))
    return {"schema": 2, "run": run(**changes), "claims": kept, "checksum": checksum(kept)}


def version_1(document: dict[str, Any]) -> dict[str, Any]:
    """The same run as schema version 1 wrote it: without clauses, cells, counts of instances and checksum."""
    old = copy.deepcopy(document)
    del old["checksum"]
    for entry in old["claims"]:
        for name in ("file", "symbols", "clauses"):
            del entry[name]
        for one in entry["checks"]:
            for name in ("because", "clauses", "met", "skipped", "rejected", "cells", "spent", "body", "versions", "witness", "confirmed"):
                del one[name]
            del one["cell_controls"]
    return old | {"schema": 1}


def figure(kind: str = "heatmap", **changes: Any) -> dict[str, Any]:
    return copy.deepcopy(FIGURES[kind]) | changes


def _errors(sizes: int, trials: int, transition: int) -> list[list[float]]:
    noise = random.Random(1)
    return [
        [10 ** (-0.4 - 0.2 * noise.random() if n < transition else -6 - 3 * noise.random()) for n in range(1, sizes + 1)]
        for _ in range(trials)
    ]


_N = list(range(2, 40))
FIGURES: dict[str, dict[str, Any]] = {
    "heatmap": {
        "kind": "heatmap",
        "title": "Test error of a 4 x 4 target of rank 1 against sample size",
        "alt": "A heat map: errors near 1 for fewer than 7 samples and below 1e-6 from 7 samples on, in all 20 trials.",
        "data": {"values": _errors(16, 20, 7), "x": list(range(1, 17)), "y": list(range(1, 21)), "value_label": "test error"},
        "x_label": "sample size n",
        "y_label": "trial",
        "log_x": False,
        "log_y": False,
        "marks": [{"label": "R = 7", "x": 7}],
    },
    "lines": {
        "kind": "lines",
        "title": "Error after a step of Gauss-Newton against its length",
        "alt": "Two lines on logarithmic axes, of slopes 1 and 2.",
        "data": {
            "series": [
                {"label": "n < R", "x": _N, "y": [1 / n for n in _N]},
                {"label": "n = R", "x": _N, "y": [1 / n**2 for n in _N]},
            ]
        },
        "x_label": "1 / distance",
        "y_label": "test error",
        "log_x": True,
        "log_y": True,
        "marks": [{"label": "predicted", "x": 10}],
    },
    "scatter": {
        "kind": "scatter",
        "title": "Predicted and measured rank",
        "alt": "Points on the diagonal.",
        "data": {"series": [{"label": "instances", "x": [1, 2, 3, 5, None], "y": [1, 2, 3, 5, 4]}]},
        "x_label": "predicted",
        "y_label": "measured",
    },
    "bars": {
        "kind": "bars",
        "title": "Verdicts of the three methods",
        "alt": "Bars: float 12, ball 20, exact 20.",
        "data": {
            "series": [
                {"label": "decided", "x": ["float", "ball", "exact"], "y": [12, 20, 20]},
                {"label": "undecided", "x": ["float", "ball", "exact"], "y": [8, 0, 0]},
            ]
        },
        "y_label": "instances",
    },
    "graph": {
        "kind": "graph",
        "title": "Sampled entries as a bipartite graph",
        "alt": "Rows 1 to 3 and columns 1 to 3 joined by five edges into one piece.",
        "data": {
            "nodes": [{"id": f"r{i}", "label": f"row {i}", "group": "rows"} for i in (1, 2, 3)]
            + [{"id": f"c{i}", "label": f"column {i}", "group": "columns"} for i in (1, 2, 3)],
            "edges": [["r1", "c1"], ["r1", "c2"], ["r2", "c2"], ["r2", "c3"], ["r3", "c3"]],
        },
    },
}

COUNTEREXAMPLE = {
    "instance": {"A": [["1/2", 0], [0, 1]], "B": [[1, 0], [0, 0]], "note": "reduced from 4 x 4"},
    "expected": 4,
    "observed": 3,
    "case": 17,
    "replay": "the replay by exact_rank fails too: expected 4, observed 3",
    "reproduce": "proofs-check reproduce results.json mf.wrong strata 17",
}


def small() -> dict[str, Any]:
    """A run in which every verdict, kind of evidence and kind of figure occurs."""
    return results(*small_claims())


STRATA_SYMBOLS = [
    {"symbol": "R(A, B)", "meaning": "model rank at the point $(A, B)$: the dimension of the span of the tangent functions"},
    {"symbol": "d_1, d_2", "meaning": "numbers of rows and columns of the product, at least 1"},
    {"symbol": r"\operatorname{rank} A", "meaning": "rank of a factor"},
]


def small_claims() -> list[dict[str, Any]]:
    axes_scope = (
        "d1 = 1..3; d2 = 1..3; rank = 0..min(d1, d2) (quick 23 cells of 2 draws, standard 70 cells of 2 draws, full 70 cells of 6 draws)"
    )
    return [
        claim(
            "mf.strata",
            title="Model rank of a matrix factorization at a point",
            statement=r"R(A, B) = d_1 d_2 - (d_1 - \operatorname{rank} A)(d_2 - \operatorname{rank} B)",
            symbols=STRATA_SYMBOLS,
            assumptions=[],
            refuted_by="One pair of factors whose tangent matrix has another rank.",
            checks=[
                check("identity", "symbolic", covers="statement", cases=1, scope="all sizes and ranks"),
                check(
                    "strata",
                    certificate="certificates/mf.strata.strata.json",
                    scope=axes_scope,
                    cells={"met": 23, "missed": []},
                    cases=46,
                    rejected=4,
                    cell_controls=[cell_control(), cell_control("d1 = 1, d2 = 1")],
                ),
                check("random-factors", "property", cases=300, margin=0.97),
            ],
        ),
        claim(
            depends_on=["mf.strata"],
            symbols=[STRATA_SYMBOLS[1], {"symbol": "R(f^*)", "meaning": r"least model rank among the points that represent $f^*$"}],
            probes=[{"drops": "wide enough", "fails_without": True, "message": "with m = 1 a matrix of rank 2 has R = 6, not 8"}],
            notes="Square case in the paper; the rectangular one follows in the same way.",
            refuted_by="A representative of f* of smaller model rank.",
        ),
        claim(
            "mf.wrong",
            title="A rank formula off by one",
            statement=r"R(A, B) = \operatorname{rank} A \cdot d_2 + 1",
            assumptions=[],
            kind="conjecture",
            checks=[check(status="fails", message="expected 4, observed 3", counterexample=COUNTEREXAMPLE, cases=17)],
        ),
        claim(
            "mf.corollary",
            title="A corollary of the formula off by one",
            depends_on=["mf.wrong", "mf.strata", "elsewhere.lemma"],
            undermined_by=["mf.wrong"],
            assumptions=[
                {"name": "generic", "statement": r"\text{the } G_j \text{ are generic, or generic of rank one}"},
                {"name": "nothing", "statement": "every hidden neuron is distinct, m \\ge r"},
            ],
            probes=[{"drops": "generic", "fails_without": False, "message": "holds: no failure on 40 instances"}],
        ),
        claim(
            "mf.attained",
            title="A bound of the rank, and a point that attains it",
            statement=r"R \le r (d_1 + d_2 - r), \text{ with equality at a balanced point}",
            relation="tight",
            symbols=[{"symbol": "R", "meaning": "empirical rank on the sampled entries"}],
            clauses=[
                clause("bound", r"R \le r (d_1 + d_2 - r)"),
                clause("attained", r"\exists\, (A, B):\ R = r (d_1 + d_2 - r)", existential=True),
                clause("training", r"\text{gradient descent ends at such a point}"),
            ],
            checks=[
                check(
                    "bound-by-minors",
                    "exact",
                    clauses=["bound"],
                    covers="statement",
                    because="the entries of a tangent matrix are polynomials of bounded degree, tested on a grid that decides them",
                ),
                check(
                    "balanced",
                    "certified",
                    clauses=["attained"],
                    witness={"A": [[1, 0], [0, 0]], "rank": 3},
                    confirmed="found again by exact_rank",
                    versions={"numpy": "2.2.0"},
                ),
                check(
                    "descent",
                    "training",
                    clauses=["training"],
                    status="skipped",
                    cases=0,
                    spent=None,
                    message="runs from level standard on",
                    controls=[control(refuted=None, message="not run: its check runs from level standard on")],
                ),
            ],
        ),
        claim(
            "exp.recovery",
            title="Gradient descent recovers a matrix from R samples",
            statement=r"n \ge R(f^*) \Rightarrow \Pr[\text{recovery}] \ge 0.8",
            kind="law",
            relation="lower",
            depends_on=["mf.function-rank"],
            source={"paper": "arXiv:2307.08921v1", "where": "Figure 3"},
            symbols=[{"symbol": "R(f^*)", "meaning": "optimistic sample size of the target $f^*$"}],
            checks=[
                check(
                    "success-rate",
                    "training",
                    cases=200,
                    met=1,
                    message="n = 7: 190 of 200, at least 0.8 expected",
                    figures=[figure(kind) for kind in FIGURES],
                    controls=[control("one sample fewer", message="case 0: n = 6: 3 of 200, at least 0.8 expected")],
                )
            ],
        ),
        claim(
            "exp.slow",
            title="A law that needs more samples",
            kind="law",
            source={"paper": "doi:10.1000/xyz-123", "where": "Sec. 2"},
            checks=[
                check(
                    "success-rate", "training", status="inconclusive", message="case 0: n = 5: 71 of 100, at most 0.2 expected", margin=-0.4
                )
            ],
        ),
        claim(
            "exp.large",
            title="A law that needs a GPU",
            kind="law",
            checks=[
                check(
                    "scaling",
                    "training",
                    status="skipped",
                    cases=0,
                    message="needs CUDA",
                    spent=None,
                    controls=[control(refuted=None, message="")],
                )
            ],
        ),
        claim(
            "toy.loose",
            title="A check that cannot fail",
            checks=[check(controls=[control(refuted=False, message="not refuted on 40 instances")])],
        ),
        claim(
            "toy.corner",
            title="A formula that is wrong in one cell",
            checks=[
                check(
                    cells={"met": 3, "missed": ["d1 = 3"]},
                    cell_controls=[cell_control("d1 = 1"), cell_control("d1 = 2", False, "case 4: holds")],
                )
            ],
        ),
        claim(
            "toy.broken",
            title="A check that breaks",
            checks=[check(status="error", cases=0, message="ZeroDivisionError: Fraction(1, 0)\n  in check_strata")],
        ),
        claim("toy.slow", title="A check without end", checks=[check(status="timeout", cases=0, message="stopped after 5 s")]),
    ]


#: What :func:`small` comes to.
SMALL = {
    "mf.strata": "proved",
    "mf.function-rank": "certified",
    "mf.wrong": "refuted",
    "mf.corollary": "certified",
    "mf.attained": "partial",
    "exp.recovery": "supported",
    "exp.slow": "inconclusive",
    "exp.large": "skipped",
    "toy.loose": "vacuous",
    "toy.corner": "vacuous",
    "toy.broken": "error",
    "toy.slow": "error",
}


HISTORY = [
    ("run-1", "2026-01-01T10:00:00+00:00", {"mf.strata": "supported", "mf.function-rank": "certified"}),
    ("run-2", "2026-01-08T10:00:00+00:00", {"mf.strata": "certified", "mf.function-rank": "certified"}),
    ("run-3", "2026-01-15T10:00:00+00:00", {"mf.strata": "proved", "mf.function-rank": "certified"}),
]


def large(checks: int, *, checks_per_claim: int = 4, seed: int = 0) -> dict[str, Any]:
    """A run of ``checks`` checks in 20 families, with some dependencies and some claims of every verdict."""
    draw = random.Random(seed)
    claims = []
    for number in range(math.ceil(checks / checks_per_claim)):
        family = f"family{number % 20:02d}"
        made = [
            check(f"check-{place}", draw.choice(EVIDENCE), seconds=draw.random(), cases=draw.randrange(1, 500))
            for place in range(checks_per_claim)
        ]
        match draw.randrange(100):
            case 0:
                made[0] |= {"status": "error", "message": "ValueError: x"}
            case 1:
                made[0]["controls"] = [control(refuted=False)]
            case 2:
                made[0] |= {"status": "inconclusive", "message": "case 0: 0.4 lies between the bounds"}
            case 3:
                made = [{**one, "status": "skipped", "cases": 0, "met": 0, "message": "runs from level full on"} for one in made]
            case share if share > 70:
                made[0] |= {"covers": "statement", "evidence": "symbolic"}
        claims.append(
            claim(
                f"{family}.claim-{number}",
                title=f"Bound number {number} on the rank of a network",
                statement=rf"R(\theta) \le {number} + \sum_{{i=1}}^{{m}} d_i, \quad m \ge {number % 7}",
                depends_on=[f"{family}.claim-{number - 20}"] if number >= 20 and number % 3 == 0 else [],
                checks=made,
            )
        )
    return results(*claims)
