"""A claim written statement first: clauses, axes, cells, controls, probes, witnesses, and what is refused when it loads."""

import textwrap

import pytest

from proofs_check import ClaimError, load_claims, verify

HEAD = """
from fractions import Fraction
from proofs_check import Assumption, Source, axes, by_level, claim, exists, false
from proofs_check.judging import at_most, equal, rank_is

X = claim("own.x", "A test", "f(n) = n^2", source=Source("arXiv:0000.00000v1", "0"), **MORE)

def square(n):
    return n * n

def drawn(cell, rng):
    return int(rng.integers(1, 9)) if cell.sign == "+" else -int(rng.integers(1, 9))

SIGNS = axes(sign=("+", "-"), quick=2)
"""


@pytest.fixture
def written(tmp_path):
    """Writes a claims file around ``body``; ``more`` are fields of the claim. Its path."""

    def write(body, **more):
        file = tmp_path / "own.py"
        file.write_text(f"MORE = {more!r}\n{HEAD}\n{textwrap.dedent(body)}", encoding="utf-8")
        return file

    return write


@pytest.fixture
def found(written):
    """The entry of the only claim of a file, after a run at a level."""

    def run(body, level="quick", **more):
        return verify(claims=written(body, **more), level=level).results["claims"][0]

    return run


CHECK = """
@X.check("exact", drawn, SIGNS)
@false("cube", formula=lambda n: n**3)
def squares(cell, n, *, formula=square, context):
    '''Products against the formula.'''
    return equal(product=(formula(n), n * n))
"""


def test_a_claim_is_found_graded_and_met_in_every_cell(found):
    entry = found(CHECK, symbols={"f": "the square"})
    (check,) = entry["checks"]
    assert entry["verdict"] == "certified" and entry["symbols"] == [{"symbol": "f", "meaning": "the square"}]
    assert entry["file"] == "own.py"
    assert (check["name"], check["met"], check["cells"]) == ("squares", 4, {"met": 2, "missed": []})
    assert check["scope"] == "sign = +, - (quick 2 cells of 2 draws, standard 2 cells of 2 draws, full 2 cells of 2 draws)"
    assert check["controls"][0]["refuted"] is True
    assert [entry["refuted"] for entry in check["cell_controls"]] == [True]  # a drawn share at quick
    assert len(found(CHECK, level="standard")["checks"][0]["cell_controls"]) == 2


def test_a_cell_that_no_instance_meets_is_named(found):
    entry = found("""
    @X.check("exact", [1, 2, 3], SIGNS, cell=lambda n: {"sign": "+" if n > 0 else "-"})
    @false("cube", formula=lambda n: n**3)
    def squares(n, *, formula=square, context):
        return equal(product=(formula(n), n * n))
    """)
    assert entry["verdict"] == "vacuous" or entry["verdict"] == "inconclusive"
    (check,) = entry["checks"]
    assert check["status"] == "inconclusive" and check["cells"] == {"met": 1, "missed": ["sign = -"]}
    assert "1 of 2 cells were met by no instance: sign = -" in check["message"]


def test_a_check_that_takes_the_measured_for_the_expected_is_vacuous_in_its_cell(found):
    entry = found(
        """
    @X.check("exact", drawn, SIGNS)
    @false("cube", formula=lambda n: n**3)
    def squares(cell, n, *, formula=square, context):
        return at_most("product", n * n, formula(n) if cell.sign == "+" else max(n * n, abs(formula(n))) + 5)
    """,
        level="standard",
    )
    assert entry["verdict"] == "vacuous"
    assert [entry["refuted"] for entry in entry["checks"][0]["cell_controls"]] == [True, False]


def test_a_control_that_raises_refutes_nothing(found):
    entry = found("""
    @X.check("exact", drawn, SIGNS)
    @false("broken", formula=lambda n: 1 // 0)
    def squares(cell, n, *, formula=square, context):
        return equal(product=(formula(n), n * n))
    """)
    assert entry["verdict"] == "vacuous"


def test_a_check_that_compares_nothing_is_an_error(found):
    entry = found("""
    from proofs_check import Outcome
    @X.check("exact", drawn, SIGNS)
    @false("cube", formula=lambda n: n**3)
    def squares(cell, n, *, formula=square, context):
        return Outcome.holds()
    """)
    assert entry["verdict"] == "error" and "without a comparison" in entry["checks"][0]["message"]


def test_exact_evidence_compares_no_floats_and_property_meets_some(found):
    body = """
    @X.check({evidence!r}, drawn, SIGNS, tolerance="1e-12")
    @false("cube", formula=lambda n: n**3)
    def squares(cell, n, *, formula=square, context):
        return equal(product=(formula(n), {observed}))
    """
    assert "compares floats" in found(body.format(evidence="exact", observed="float(n * n)"))["checks"][0]["message"]
    assert "meets no float" in found(body.format(evidence="property", observed="n * n"))["checks"][0]["message"]
    assert found(body.format(evidence="property", observed="float(n * n)"))["verdict"] == "supported"


def test_an_existence_is_proved_by_a_witness_that_a_second_arithmetic_confirms(found):
    body = """
    def in_fractions(n, *, formula=square, context):
        return equal(product=(formula(Fraction(n)), Fraction(n) * n))

    @X.check("exact", [3], {more})
    @false("cube", formula=lambda n: n**3)
    def squares(n, *, formula=square, context):
        '''One number.'''
        return equal(product=(formula(n), n * n), witness={{"n": n}})
    """
    entry = found(body.format(more="replay=in_fractions"), relation="existence")
    assert entry["verdict"] == "proved" and entry["checks"][0]["confirmed"] == "found again by in_fractions"
    assert found(body.format(more=""), relation="existence")["verdict"] == "certified"
    assert found(body.format(more="replay=in_fractions"))["verdict"] == "certified"


def test_a_statement_for_all_is_not_proved_by_an_unrelated_instance(found):
    entry = found("""
    @X.check("exact", [1], covers="statement")
    @false("cube", formula=lambda n: 8)
    def prime(n, *, formula=square, context):
        '''n^2 + n + 41 is prime for every n.'''
        return equal(value=(formula(n), 1))
    """)
    assert entry["verdict"] == "certified"


def test_clauses_are_graded_one_by_one(found):
    body = """
    @X.check("exact", drawn, SIGNS, clauses="value")
    @false("cube", formula=lambda n: n**3)
    def squares(cell, n, *, formula=square, context):
        return equal(product=(formula(n), n * n))

    @X.check("exact", [2], clauses="even", level="standard")
    @false("cube", formula=lambda n: n + 3)
    def even(n, *, formula=square, context):
        '''The square of 2.'''
        return equal(parity=(0, formula(n) % 2))
    """
    entry = found(body, clauses={"value": "f(n) = n^2", "even": r"f(2) \\text{ is even}"})
    assert entry["verdict"] == "partial"
    assert {clause["name"]: clause["verdict"] for clause in entry["clauses"]} == {"value": "certified", "even": "skipped"}
    entry = found(body, level="standard", clauses={"value": "f(n) = n^2", "even": r"f(2) \\text{ is even}"})
    assert entry["verdict"] == "certified"


def test_a_probe_drops_an_assumption_and_a_twin_changes_the_arithmetic(written):
    body = """
    WHOLE = Assumption("whole", r"n \\in \\mathbb{Z}")
    Y = claim("own.y", "Another", "f(n) = n^2", source=Source("arXiv:0000.00000v1", "0"), assumptions=[WHOLE])

    @Y.check("exact", drawn, SIGNS)
    @false("cube", formula=lambda n: n**3)
    def squares(cell, n, *, formula=square, number=int, context):
        '''Products against the formula.'''
        return equal(product=(formula(number(n)), n * n))

    Y.twin(squares, "property", changed={"number": float}, tolerance="1e-12: small integers")
    Y.without("whole", squares, lambda cell, rng: Fraction(1, 2))
    del X
    """
    run = verify(claims=written(body))
    (entry,) = run.results["claims"]
    assert [(check["name"], check["evidence"], check["status"]) for check in entry["checks"]] == [
        ("squares", "exact", "holds"),
        ("squares-in-floats", "property", "holds"),
    ]
    assert entry["probes"][0]["fails_without"] is True


@pytest.mark.parametrize(
    ("body", "more", "told"),
    [
        (CHECK.replace("formula=lambda n: n**3", "formula=square"), {}, "control 'cube' sets formula to its true value"),
        (CHECK.replace("SIGNS)", 'SIGNS, clauses="other")'), {}, "bears on unknown clauses"),
        (CHECK, {"clauses": {"a": "1", "b": "2"}}, "must say on which clauses it bears"),
        (CHECK.replace("SIGNS)", 'SIGNS, clauses="a")'), {"clauses": {"a": "1", "b": "2"}}, r"no check bears on the clauses \['b'\]"),
        (CHECK.replace("@false", "# @false"), {}, "at least one control is needed"),
        (CHECK.replace("(cell, n, *", "(n, *"), {}, "takes 1 positional arguments, expected 2"),
        (CHECK.replace("formula=square", "formula"), {}, "need their true values"),
        (CHECK.replace("formula=lambda", "formulas=lambda"), {}, "overrides 'formulas'"),
        (CHECK.replace("SIGNS)", "axes(sign=('+',), where=lambda sign: False))"), {}, "no cell at level quick"),
        (CHECK, {"symbols": "f"}, "have no meaning"),
        (CHECK + "X.without('nothing', squares)\n", {}, "a probe drops 'nothing'"),
        ("", {}, "at least one check is needed"),
    ],
)
def test_a_malformed_claim_names_file_claim_and_mend(written, body, more, told):
    with pytest.raises(ClaimError, match=told) as refused:
        load_claims(written(body, **more))
    assert "own.py" in str(refused.value) and "own.x" in str(refused.value)
