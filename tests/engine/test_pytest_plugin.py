"""The pytest plugin, used from another project's tests."""

import pytest

from proofs_check import verify

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


TELLS_WHETHER_IT_COMPUTED = """
def pytest_sessionfinish(session):
    print("computed:", session.config.pluginmanager.get_plugin("proofs-check-session")._pool is not None)
"""


def test_what_a_run_found_is_judged_and_not_computed_again(project, pytester, claim_files):
    pytester.makeconftest(TELLS_WHETHER_IT_COMPUTED)
    claims = pytester.path / "claims.py"
    claims.write_text((claim_files / "many.py").read_text())
    verify(claims=claims, device="cpu", out=pytester.path / "run")
    fresh = project("--claims", claims)
    again = project("--claims", claims, "--claims-run", "run")
    assert again.parseoutcomes() == fresh.parseoutcomes() and "failed" in fresh.parseoutcomes()
    again.stdout.fnmatch_lines(["*computed: False*"])
    claims.write_text(claims.read_text() + "\nCHANGED = True\n")  # another file, other claims: nothing of the run counts
    project("--claims", claims, "--claims-run", "run").stdout.fnmatch_lines(["*computed: True*"])


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
        (["--claims", "own.py", "--claims-run", "."], "*--claims-run: expected the directory of a run, found no run.sqlite in *"),
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


def test_the_setting_starts_at_the_file_that_holds_it(project, pytester, claim_files, monkeypatch):
    folder = pytester.mkdir("claims")
    (folder / "many.py").write_text((claim_files / "many.py").read_text())
    pytester.makeini("[pytest]\nclaims = claims/many.py")
    monkeypatch.chdir(pytester.mkdir("elsewhere"))
    project("--collect-only", "-q", "--rootdir", pytester.path, "-c", pytester.path / "tox.ini").stdout.fnmatch_lines(["*many.c1*"])


def test_node_ids_can_be_passed_back_as_they_are_printed(project, statuses):
    shown = project("--claims", statuses, "-v", "--claims-match", "own.holds").stdout.str()
    printed = [line.split(" PASSED")[0] for line in shown.splitlines() if "own.holds" in line and " PASSED" in line]
    assert len(printed) == 2 and all("own.holds::only" in node for node in printed)
    project("--claims", statuses, printed[1]).assert_outcomes(passed=1)


def test_claims_in_subfolders_are_collected(project, pytester, claim_files):
    folder = pytester.path / "claims" / "deeper" / "still"
    folder.mkdir(parents=True)
    (folder / "many.py").write_text((claim_files / "many.py").read_text())
    project("--claims", "claims", "--claims-match", "many.c1").assert_outcomes(passed=1 + 4)


INTERRUPTS = """
import signal
import pytest

class Late(Exception):
    pass

def late(number, frame):
    raise Late

@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    if "trouble.sleeps" in item.nodeid:
        signal.signal(signal.SIGALRM, late)
        signal.setitimer(signal.ITIMER_REAL, 1.0)
    return (yield)
"""


def test_items_after_one_that_was_interrupted_work(project, pytester, claim_files):
    pytester.syspathinsert()
    pytester.makepyfile(interrupts=INTERRUPTS)  # a conftest.py there would not see items of files elsewhere
    result = project("-p", "interrupts", "--claims", claim_files / "trouble.py", "--claims-match", "trouble.[sp][lor][eui]*")
    result.assert_outcomes(passed=1 + 5, failed=1)
    result.stdout.fnmatch_lines(["E * interrupts.Late", "*FAILED *trouble.sleeps::only*"])


LEAVES_A_MARK = """
import atexit, os, pathlib, sys, threading, time
at_once = threading.Event.set
threading.Event.set = lambda event: (time.sleep(0.2), at_once(event))  # a worker that is slow to say that it is idle
atexit.register(lambda: pathlib.Path(__file__).with_name(f"{os.getpid()}.left").write_text(repr(sys.argv[:1])))
"""


def test_workers_come_to_their_own_end(project, pytester, claim_files, monkeypatch):
    """So that what is to be done at exit, as by coverage, is done."""
    marks = pytester.mkdir("marks")
    (marks / "sitecustomize.py").write_text(LEAVES_A_MARK)
    monkeypatch.setenv("PYTHONPATH", f"{marks}:{claim_files.parents[2]}")
    project("--claims", claim_files / "many.py", "--claims-match", "many.c1").assert_outcomes(passed=1 + 4)
    assert sorted(mark.read_text() for mark in marks.glob("*.left")).count("['-c']") == 1


def test_a_package_that_stands_in_the_way_is_named(project, pytester, claim_files, monkeypatch):
    pytester.mkpydir("theory")
    monkeypatch.setenv("PYTHONPATH", f"{pytester.path}:{claim_files.parents[2]}")
    result = project("--claims", claim_files / "many.py")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*the package theory that belongs to proofs-check lies in *, but *theory shadows it*"])
