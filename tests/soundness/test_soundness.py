"""Every false claim of the bench is refuted and every true twin spared; survivors are named, not hidden."""

import functools

import pytest
import soundness_bench as bench

#: False claims not caught yet, by file name, with what is known about them.
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
def test_the_false_claim_is_caught(name, request):
    if name in SURVIVORS:
        request.applymarker(pytest.mark.xfail(strict=True, reason=SURVIVORS[name]))
    assert {verdict for (file, _), verdict in outcome().false.items() if file == name} == {"refuted"}


@pytest.mark.parametrize("name", bench.twins())
def test_the_true_twin_is_spared(name):
    verdicts = {verdict for (file, _), verdict in outcome().true.items() if file == name}
    assert verdicts and verdicts <= set(bench.SPARED)


@pytest.fixture
def twin(tmp_path):
    """Writes one side of a pair; the root of the bench."""

    def write(side, name, formula):
        (tmp_path / side).mkdir(exist_ok=True)
        (tmp_path / side / f"{name}.py").write_text(CLAIM.format(formula=formula, name=name))
        return tmp_path

    return write


def test_the_bench_counts_survivors_and_the_accused(twin):
    formulas = {"caught": "lambda n: n * n + (n > 8)", "survivor": "lambda n: n * n + (n > 9)"}
    for name, formula in formulas.items():
        twin("false", name, formula)
        twin("true", name, "lambda n: n * n")
    root = twin("true", "caught", "lambda n: 0 / (n - 4)")
    found = bench.run(root)
    assert found.survivors == [("survivor", "squares.survivor")]
    assert found.accused == [("caught", "squares.caught")]
    text = bench.table(found)
    assert "caught: 1 of 2  (95 % interval of the rate: 0.01 to 0.99)" in text
    assert "true twins not spared: 1 of 2" in text


def test_a_file_without_its_twin_is_named(twin):
    root = twin("false", "lonely", "lambda n: n")
    (root / "true").mkdir()
    with pytest.raises(ValueError, match=r"found on one side only: \['lonely'\]"):
        bench.twins(root)
