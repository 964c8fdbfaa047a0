"""No claim changes what another finds: not through modules, settings, random numbers, folders or the order in which they run."""

import os
import sys
from dataclasses import replace

import pytest

from proofs_check import ClaimError, Status, load_claims, verify
from proofs_check.engine.finding import ITSELF
from proofs_check.engine.pool import Pool
from proofs_check.engine.runner import make_job

LEFT = {
    "replaces-a-function": "theory.rank.optimistic_sample_size was replaced",
    "replaces-a-method": "theory.models.networks.TwoLayer.pack was added",
    "rewrites-a-function": "proofs_check.judging.equal does something else",
    "rewrites-a-property": "theory.models.networks.AbstractModel.n_params does something else",
    "rewrites-what-is-remembered": " does something else",
    "deletes-a-default": "proofs_check.judging.order does something else",
    "changes-a-default": "the keyword defaults of proofs_check.judging.order were changed",
    "changes-a-table": "the entries of numerics.hessian.losses.LOSSES were changed",
    "changes-a-module-on-first-sight": "numerics.rank.series.series_rank was",
    "replaces-a-function-of-numpy": "numpy.linalg.matrix_rank was replaced",
    "sets-the-precision-of-flint": "flint's precision: was 53, is 10 (instead: with flint.ctx.workprec(...))",
    "sets-the-precision-of-mpmath": "mpmath's precision: was 53, is 10",
    "sets-the-precision-of-decimal": "the precision of decimal: was 28, is 3",
    "sets-errstate": "numpy's errstate: divide was 'warn', is 'raise'",
    "changes-directory": "the working directory: was ",
    "sets-a-variable": "the environment: OMP_NUM_THREADS was '1', is '7'",
    "extends-the-path": "the path of imports: new ['/nowhere']",
    "leaves-a-thread": "threads: new ['left behind']",
    "sets-the-type-of-torch": "torch's default type: was 'torch.float32', is 'torch.float64'",
    "sets-the-threads-of-torch": "torch's threads: was 1, is 2",
}


@pytest.fixture(scope="module")
def registry():
    from pathlib import Path

    return load_claims(Path(__file__).parent / "claim_files" / "hostile.py")


@pytest.fixture(scope="module")
def findings(registry):
    """What came of every claim and of the honest one after each, in one pool of one worker."""
    found = {}
    with Pool(1) as pool:
        for name in ("keeps-nothing", *LEFT):
            for claim in (registry[f"hostile.{name}"], registry["hostile.z-honest"]):
                job = make_job(registry, claim, claim.checks[0], ITSELF, level="quick")
                found[name, claim.id == "hostile.z-honest"] = pool.run_one(job)
    return found


@pytest.mark.parametrize("name", LEFT)
def test_what_a_claim_leaves_changed_is_an_error_that_says_so(findings, name):
    finding = findings[name, False]
    assert finding.status is Status.ERROR
    assert finding.message.startswith("left its process changed, and others would have run in it: ")
    assert LEFT[name] in finding.message and "before that it came out holds" in finding.message


@pytest.mark.parametrize("name", ["keeps-nothing", *LEFT])
def test_the_next_claim_does_not_notice(findings, name):
    assert findings[name, True].status is Status.HOLDS


def test_a_process_that_is_as_it_was_serves_on(findings):
    assert findings["keeps-nothing", False].status is Status.HOLDS


REPLACES = """
import theory.rank
def replace():
    theory.rank.optimistic_sample_size = lambda model, target: 99
"""
MEASURES = """
import theory.rank
from theory.models import TwoLayer
def measured():
    return int(theory.rank.optimistic_sample_size(TwoLayer(1, 16, bias=True), TwoLayer(1, 2, bias=True)))
"""


@pytest.fixture
def neighbours(write_claims, tmp_path):
    """A file that makes the other one green, were they to share a process, and says something else of a helper of the same name."""
    folder = tmp_path / "claims"
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True)
        (folder / name / "_helper.py").write_text(f"NAME = {name!r}")
    first = write_claims("claim('hostile.replaces')", name="first.py", directory=folder / "a", before=REPLACES + "import _helper")
    first.write_text(first.read_text().replace("    return Outcome", "    replace()\n    return Outcome"))
    second = write_claims(
        "claim('honest.measures', expected=99)", name="second.py", directory=folder / "b", before=MEASURES + "import _helper"
    )
    text = second.read_text().replace("Outcome.equal(expected, instance)", "Outcome.equal((expected, 'b'), (measured(), _helper.NAME))")
    second.write_text(text)
    return folder


def test_verdicts_depend_neither_on_jobs_nor_on_order(neighbours):
    registry = load_claims(neighbours)
    backwards = replace(registry, claims=dict(reversed(registry.claims.items())))
    runs = [verify(claims=one, jobs=jobs) for one in (registry, backwards) for jobs in (1, 2)]
    assert {tuple(sorted(run.verdicts.items())) for run in runs} == {(("honest.measures", "refuted"), ("hostile.replaces", "error"))}
    alone = verify("honest.measures", claims=registry)
    assert alone.verdicts == {"honest.measures": "refuted"}
    (told,) = alone.results["claims"]
    assert "observed (6, 'b')" in told["checks"][0]["message"]


def test_importing_a_file_changes_nothing_for_others(neighbours, monkeypatch):
    monkeypatch.setenv("OWN_VARIABLE", "before")
    first = neighbours / "a" / "first.py"
    first.write_text("import os\nos.environ['OWN_VARIABLE'] = 'after'\nos.chdir('/')\n" + first.read_text())
    directory, path = os.getcwd(), list(sys.path)
    load_claims(neighbours)
    assert (os.environ["OWN_VARIABLE"], os.getcwd(), sys.path) == ("before", directory, path)
    assert "_helper" not in sys.modules


def test_a_file_that_changes_the_engine_when_it_is_imported_is_refused(write_claims):
    before = "from proofs_check.engine import verdict\nverdict.weakest = lambda verdicts: 'proved'"
    from proofs_check.engine import verdict

    kept = verdict.weakest
    try:
        with pytest.raises(ClaimError, match="changes what it does not own: proofs_check.engine.verdict.weakest was replaced"):
            load_claims(write_claims("claim('own.a', expected=2)", before=before))
    finally:
        verdict.weakest = kept


def test_global_random_numbers_start_anew_with_every_part(write_claims):
    draws = "import random\nimport numpy\ndef drawn():\n    return f'{random.random()} {numpy.random.random()}'"
    file = write_claims("claim('own.a')", "claim('own.b')", before=draws)
    file.write_text(file.read_text().replace("Outcome.equal(expected, instance)", "Outcome.equal(drawn(), instance)"))

    def told(**options):
        return {claim["id"]: claim["checks"][0]["message"] for claim in verify(claims=file, **options).results["claims"]}

    first = told()
    assert first == told(jobs=2) and first["own.a"] != first["own.b"]
    assert first != told(seed=1)
