"""Every false claim of the bench is refuted and every true twin spared; survivors are named, not hidden."""

import functools

import pytest
import soundness_bench as bench
from referee_twins import CLASSES

#: False claims that level quick does not catch, with what is known of them; they stay in the bench and are worked on.
SURVIVORS: dict[str, str] = {}

CLAIM = """
from proofs_check import Check, Claim, Control, Outcome, Source

def check(instance, *, expected, context):
    return Outcome.equal(expected(instance), instance**2)

only = Check("only", evidence="exact", covers="instances", scope="n < 10", run=check, instances=lambda context: range(10),
             parameters={{"expected": {formula}}}, controls=[Control("cube", expected=lambda n: n**3)])
CLAIMS = [Claim(id="squares.{name}", title="Squares", statement="n^2", source=Source("arXiv:0000.00000v1", "0"), checks=[only])]
"""


@functools.cache
def outcome():
    return bench.run()


@pytest.mark.parametrize("name", bench.twins())
def test_the_false_claims_are_caught(name):
    found = {claim_id: verdict for (file, claim_id), verdict in outcome().false.items() if file == name}
    missed = {claim_id for claim_id, verdict in found.items() if verdict != "refuted"}
    assert found and missed == SURVIVORS.keys() & found.keys()  # a survivor that is caught leaves the list


def test_every_false_claim_states_its_class():
    assert {bench.difficulty(claim) for claim in outcome().claims.values()} == set(CLASSES)


@pytest.mark.parametrize("name", bench.twins())
def test_the_true_twin_is_spared(name):
    verdicts = {verdict for (file, _), verdict in outcome().true.items() if file == name}
    assert verdicts and verdicts <= set(bench.SPARED)


@pytest.fixture
def write_twin(tmp_path):
    """Writes one side of a pair; the root of the bench."""

    def write(side, name, formula):
        (tmp_path / side).mkdir(exist_ok=True)
        (tmp_path / side / f"{name}.py").write_text(CLAIM.format(formula=formula, name=name))
        return tmp_path

    return write


def test_the_bench_counts_survivors_and_the_accused(write_twin):
    formulas = {"caught": "lambda n: n * n + (n > 8)", "survivor": "lambda n: n * n + (n > 9)"}
    for name, formula in formulas.items():
        write_twin("false", name, formula)
        write_twin("true", name, "lambda n: n * n")
    root = write_twin("true", "caught", "lambda n: 0 / (n - 4)")
    found = bench.run(root)
    assert found.survivors == [("survivor", "squares.survivor")]
    assert found.accused == [("caught", "squares.caught")]
    text = bench.table(found)
    assert "caught: 1 of 2  (95 % interval of the rate: 0.01 to 0.99)" in text
    assert "true twins not spared: 1 of 2" in text


NOTED = """
import dataclasses
CLAIMS = [dataclasses.replace(CLAIMS[0], notes="class: off by one")]
"""


def test_the_catch_rate_is_given_by_class_and_by_evidence(write_twin):
    write_twin("true", "noted", "lambda n: n * n")
    root = write_twin("false", "noted", "lambda n: n * n + 1")
    file = root / "false" / "noted.py"
    file.write_text(file.read_text() + NOTED)
    write_twin("true", "plain", "lambda n: n * n")
    write_twin("false", "plain", "lambda n: n * n")
    found = bench.run(root)
    assert found.caught_by(bench.difficulty) == {"not stated": (0, 1), "off by one": (1, 1)}
    assert found.caught_by(bench.evidence) == {"exact": (1, 2)}
    text = bench.page({"quick": found})
    assert "| off by one | 1 of 1 | 0.03 to 1.00 |" in text
    assert "- false, not caught: `squares.plain` (plain): certified" in text
    assert "At other seeds" not in text
    assert "| quick | 3 | 1 of 2 | 2 of 2 | `squares.plain` |" in bench.page({"quick": found}, {("quick", 3): found})


def test_a_file_without_its_twin_is_named(write_twin):
    root = write_twin("false", "lonely", "lambda n: n")
    (root / "true").mkdir()
    with pytest.raises(ValueError, match=r"found on one side only: \['lonely'\]"):
        bench.twins(root)
