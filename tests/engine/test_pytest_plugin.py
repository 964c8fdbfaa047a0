"""The pytest plugin, used from another project's tests."""

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture
def project(pytester, claim_files, monkeypatch):
    """Another project, with tests of its own; runs pytest there with the plugin."""
    monkeypatch.setenv("PYTHONPATH", str(claim_files.parents[2]))
    pytester.makepyfile(test_own="def test_something(): assert True")
    plugin = [] if _installed() else ["-p", "proofs_check.pytest_plugin"]

    def run(*arguments):
        return pytester.runpytest_subprocess(*plugin, "-p", "no:cacheprovider", "-ra", *map(str, arguments))

    return run


def _installed():
    from importlib.metadata import entry_points

    return any(point.value == "proofs_check.pytest_plugin" for point in entry_points(group="pytest11"))


ALL_STATUSES = """
from proofs_check import Check, Claim, Control, Outcome, Source

def check(instance, *, outcome, context):
    if outcome is None:
        raise OSError("broken")
    return outcome

REFUTED = Outcome.fails("expected 1, observed 2", counterexample={"x": 2})

def claim(name, outcome, control=REFUTED, instances=(1,), **details):
    only = Check("only", evidence="exact", covers="instances", scope="one", run=check, instances=lambda context: instances,
                 parameters={"outcome": outcome}, controls=[Control("twin", outcome=control)], **details)
    return Claim(id=f"own.{name}", title="T", statement="1", source=Source("arXiv:0000.00000v1", "0"), checks=[only])

CLAIMS = [
    claim("holds", Outcome.holds()),
    claim("fails", REFUTED),
    claim("inconclusive", Outcome.inconclusive("no clear gap")),
    claim("skipped", Outcome.skipped("no CUDA device")),
    claim("error", None),
    claim("survivor", Outcome.holds(), control=Outcome.holds()),
    claim("broken-control", Outcome.holds(), control=None),
    claim("empty", Outcome.holds(), instances=()),
    claim("later", Outcome.holds(), level="standard"),
]
"""


@pytest.fixture
def statuses(pytester):
    return pytester.makepyfile(own=ALL_STATUSES)


def test_every_status_has_its_outcome(project, statuses):
    result = project("--claims", statuses)
    result.assert_outcomes(passed=9, failed=6, xfailed=1, skipped=3)
    result.stdout.fnmatch_lines_random(
        [
            "*FAILED *own.py::own.fails::only*",
            "*FAILED *own.py::own.error::only*",
            "*FAILED *own.py::own.survivor::only?twin?*",
            "*FAILED *own.py::own.broken-control::only?twin?*",
            "*FAILED *own.py::own.empty::only*",
            "*FAILED *own.py::own.empty::only?twin?*",
            "*XFAIL *own.py::own.inconclusive::only - *no clear gap*",
            "*SKIPPED*no CUDA device*",
            "*SKIPPED*runs from level standard on*",
            "*expected 1, observed 2*",
            '* "x": 2*',
            "*the control came out holds, expected fails*",
            "*OSError: broken*",
        ]
    )


def test_claims_join_the_tests_of_the_project(project, claim_files):
    project("--claims", claim_files / "many.py", "--claims-match", "many.c1").assert_outcomes(passed=1 + 4)
    project().assert_outcomes(passed=1)


def test_levels_are_chosen(project, statuses):
    result = project("--claims", statuses, "--claims-match", "own.later", "--claims-level", "standard")
    result.assert_outcomes(passed=1 + 2)


def test_single_items_can_be_named(project, statuses):
    project("--claims", statuses, f"{statuses}::own.holds::only[twin]").assert_outcomes(passed=1)
    project("--claims", statuses, f"{statuses}::own.holds").assert_outcomes(passed=2)


def test_a_directory_of_claims(project, pytester, claim_files):
    (pytester.path / "claims").mkdir()
    for name in ("false", "many"):
        (pytester.path / "claims" / f"{name}.py").write_text((claim_files / f"{name}.py").read_text())
    project("--claims", "claims", "--claims-match", "*.c[12]").assert_outcomes(passed=1 + 8)


def test_workers_of_xdist_share_the_items(project, claim_files):
    project("--claims", claim_files / "many.py", "-n", "2", "--claims-match", "many.c[1245]").assert_outcomes(passed=1 + 16)


def test_a_claim_that_kills_its_process_fails_alone(project, claim_files):
    result = project("--claims", claim_files / "trouble.py", "--claims-match", "trouble.[ls][eo][au]*")
    result.assert_outcomes(passed=1 + 3, failed=1)
    result.stdout.fnmatch_lines(["*the worker process ended with exit code 3 before an answer*"])


def test_shipped_claims_run_without_a_path(project):
    result = project("--claims-match", "toy.redundant", "--collect-only", "-q")
    result.stdout.fnmatch_lines(["*toy.redundant*"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--claims", "nowhere.py"], "*--claims: expected a claims file or directory, found nothing at*nowhere.py*"),
        (["--claims", "broken.py"], "*--claims: claims file *broken.py does not import: ZeroDivisionError*"),
        (["--claims", "own.py", "--claims-match", "other.*"], "*--claims-match: no claim of *own.py matches 'other.?'*"),
        (["--claims", "own.py", "--claims-level", "slow"], "*--claims-level: invalid choice: 'slow'*"),
    ],
)
def test_bad_options_are_usage_errors(project, pytester, statuses, arguments, message):
    pytester.makepyfile(broken="1 / 0")
    result = project(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_warnings_as_errors_and_random_order_pass(project, claim_files):
    project("--claims", claim_files / "many.py", "--claims-match", "many.c1", "-W", "error").assert_outcomes(passed=1 + 4)


def test_the_setting_is_collected_by_a_plain_run_only(project, pytester, claim_files):
    pytester.makeini(f"[pytest]\nclaims = {claim_files / 'many.py'}")
    plain, named = project("--collect-only", "-q"), project("--collect-only", "-q", "test_own.py")
    plain.stdout.fnmatch_lines(["*many.c1*"])
    named.stdout.no_fnmatch_line("*many.c1*")
