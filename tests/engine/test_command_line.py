"""The command line as a user meets it: what it prints, what it writes, and its exit codes."""

import copy
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from proofs_check.commands._group import explained, main
from proofs_check.engine import processes
from proofs_check.engine.processes import default_workers


@pytest.fixture
def false_run(proofs_check, claim_files, tmp_path):
    """A finished run of the false claims, in ``tmp_path/run``, and what it printed."""
    return proofs_check("verify", "--claims", claim_files / "false.py", "--out", "run", expect=1)


@pytest.fixture
def results(false_run, tmp_path):
    return tmp_path / "run" / "results.json"


def test_new_writes_a_claim_file_that_runs(proofs_check, tmp_path):
    printed = proofs_check("new", "sums").stdout
    assert (tmp_path / "sums.py").exists()
    command = shlex.split(printed.partition("run it: ")[2])
    assert command[0] == "proofs-check"
    verified = proofs_check(*command[1:], "--out", "run")
    assert re.search(r"certified +sums\.sum +exact, property +\d", verified.stdout)
    (claim,) = json.loads((tmp_path / "run" / "results.json").read_text())["claims"]
    assert [probe["fails_without"] for probe in claim["probes"]] == [True]
    assert all(control["refuted"] for check in claim["checks"] for control in check["controls"])
    assert "sums.py exists already" in proofs_check("new", "sums", expect=2).stderr


@pytest.mark.parametrize("name", ["Sums", "my-sums", "2nd", "class", "a/b"])
def test_a_bad_name_is_refused(proofs_check, tmp_path, name):
    assert "NAME must be lower-case letters, digits and underscores" in proofs_check("new", name, expect=2).stderr
    assert list(tmp_path.iterdir()) == []


def test_verify_says_what_is_wrong_and_how_to_see_it_again(false_run, tmp_path, proofs_check):
    lines = false_run.stdout.splitlines()
    assert lines[0] == f"3 claims, level quick, seed 0, jobs {default_workers()}, into run"
    assert any(line.startswith("refuted      false.drawn") for line in lines)
    assert any(line.startswith("vacuous      false.control-survives") for line in lines)
    assert re.fullmatch(r"1 vacuous, 2 refuted in [\d.]+ s; report: run/index\.html", lines[-1])
    command = next(line.strip() for line in lines if "proofs-check reproduce" in line and "false.drawn" in line)
    again = proofs_check(*shlex.split(command)[1:], expect=1)
    assert again.stdout.startswith("false.drawn, check rank, case 2: fails\nexpected 2, observed 0\n")
    assert false_run.stderr == ""


def test_the_report_lies_where_it_is_said_to(false_run, tmp_path, proofs_check, results):
    assert (tmp_path / "run" / "index.html").is_file()
    proofs_check("report", results, "--out", "again")
    assert (tmp_path / "again" / "index.html").is_file()


def test_reproduce_repeats_controls_and_shows_reductions(proofs_check, results, claim_files):
    own = ["--claims", claim_files / "false.py"]
    control = proofs_check("reproduce", results, "false.drawn", "rank", "control:another rank:1", *own, expect=1)
    assert "case control:another rank:1: fails" in control.stdout
    batched = proofs_check("reproduce", results, "false.batched", "rank", "0", *own, expect=1)
    assert json.loads(batched.stdout.partition("\n{")[2].join(["{", ""]))["reduced"]["instance"] == [[0]]
    holding = proofs_check("reproduce", results, "false.control-survives", "rank", "7", *own)
    assert "case 7: holds" in holding.stdout


def test_several_files_of_claims_make_one_run(proofs_check, write_claims, tmp_path):
    """Each file counts once, and the command of a counterexample names them all."""
    first = write_claims("claim('own.a')", name="first.py")
    second = write_claims("claim('other.b', expected=2)", name="second.py")
    flags = ["--claims", first, "--claims", second]
    listed = proofs_check("list", *flags, "--claims", second).stdout
    assert listed.count("own.a") == listed.count("other.b") == 1
    assert "used twice" in proofs_check("list", "--claims", first, "--claims", write_claims("claim('own.a')", name="c.py"), expect=2).stderr
    printed = proofs_check("verify", *flags, "--out", "run", expect=1).stdout
    assert printed.startswith("2 claims, ")
    command = next(line.strip() for line in printed.splitlines() if "proofs-check reproduce" in line)
    assert shlex.split(command)[6:] == ["--claims", str(first), "--claims", str(second)]
    page = (tmp_path / "run" / "claims" / "other.b.html").read_text()
    assert f"--claims {first} --claims {second}" in page
    assert "case 0: fails" in proofs_check("reproduce", "run", *shlex.split(command)[3:], expect=1).stdout


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (2, 2), (64, 8)])
def test_workers_are_as_many_as_the_cores_that_may_be_used(monkeypatch, cores, workers):
    monkeypatch.setattr(processes.os, "sched_getaffinity", lambda process: set(range(cores)), raising=False)
    assert default_workers() == workers


def test_jobs_are_told_and_can_be_named(proofs_check, claim_files):
    printed = proofs_check("verify", "many.c0", "--claims", claim_files / "many.py", "--jobs", "1", "--out", "run", expect=1).stdout
    assert printed.startswith("1 claim, level quick, seed 0, jobs 1, into run\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["false.drawn", "rank", "one"], "CASE must be a number or control:NAME:NUMBER, got 'one'"),
        (["false.drawn", "rank", "control:1"], "CASE must be a number"),
        (["false.drawn", "rank", "control:none:1"], "no control 'none', expected one of ['another rank']"),
        (["false.drawn", "other", "1"], "no check 'other', expected one of ['rank']"),
        (["false.batched", "rank", "20"], "no case 20 at level quick with seed 0"),
        (["false.nothing", "rank", "1"], "'false.nothing': found no such claim in"),
    ],
)
def test_what_cannot_be_reproduced_is_named(proofs_check, results, claim_files, arguments, message):
    refused = proofs_check("reproduce", results, *arguments, "--claims", claim_files / "false.py", expect=2)
    assert message in refused.stderr


def test_a_claim_that_changed_since_the_run_is_not_reproduced(proofs_check, write_claims, tmp_path):
    file = write_claims("claim('own.a', expected=2)")
    proofs_check("verify", "--claims", file, "--out", "run", expect=1)
    command = ["reproduce", "run/results.json", "own.a", "only", "0", "--claims", file]
    proofs_check(*command, expect=1)
    text = file.read_text()
    for old, new, what in (
        ("Outcome.equal(expected, instance)", "Outcome.equal(1, instance)", "the code of the check changed"),
        ('statement="1 = 1"', 'statement="1 = 2"', "the statement, what is claimed or how it is tested changed"),
        ('scope="one"', 'scope="all"', "what is claimed or how it is tested, the declaration of the check changed"),
    ):
        file.write_text(text.replace(old, new))
        assert what in proofs_check(*command, expect=2).stderr
    file.write_text(text.replace("Outcome.equal(expected, instance)", "Outcome.equal(1, instance)"))
    assert "case 0: holds" in proofs_check(*command, "--changed").stdout


def test_list_shows_claims_and_speaks_json(proofs_check, claim_files):
    shown = proofs_check("list", "many.c1", "--claims", claim_files / "many.py").stdout
    assert shown.splitlines() == [
        "many.c1  Sums",
        "    arXiv:0000.00000v1, nowhere",
        "    many.py",
        "    theorem; exact",
        "    rests on many.c0",
    ]
    entries = json.loads(proofs_check("list", "--json", "--claims", claim_files / "many.py").stdout)
    assert len(entries) == 20 and entries[1]["depends_on"] == ["many.c0"]


def test_expected_seconds_come_from_the_baselines(tmp_path, monkeypatch):
    from proofs_check.commands import list as listing

    checks = [{"seconds": 1.25}, {"seconds": 0.5}, {"seconds": None}]
    for level in ("quick", "standard"):
        (tmp_path / f"baseline-{level}.json").write_text(json.dumps({"claims": [{"id": "a.b", "checks": checks}]}))
    monkeypatch.setattr(listing, "BASELINES", tmp_path)
    assert listing.expected_seconds() == {"a.b": {"quick": 1.75, "standard": 1.75}}


def resealed(stored):
    """A run with the checksum of its claims, as if it had been written so."""
    from reports.results import checksum

    return json.dumps({**stored, "checksum": checksum(stored["claims"])})


def test_compare_a_run_with_itself_and_with_others(proofs_check, results, tmp_path):
    proofs_check("compare", results, results)
    proofs_check("compare", results.parent, results.parent)
    stored = json.loads(results.read_text())
    edited = tmp_path / "edited.json"
    stored["claims"][0]["verdict"] = "certified"
    edited.write_text(json.dumps(stored))
    assert "was edited or damaged" in proofs_check("compare", results, edited, expect=2).stderr
    edited.write_text(resealed(stored))
    assert stored["claims"][0]["id"] in proofs_check("compare", results, edited, expect=2).stderr  # its checks do not give that verdict
    stored = json.loads(results.read_text())
    better = tmp_path / "better.json"
    first = stored["claims"][0]
    assert first["verdict"] == "refuted"
    kept = copy.deepcopy(first)
    for check in first["checks"]:
        check["status"] = "holds"
    first["verdict"] = first["clauses"][0]["verdict"] = "certified"
    better.write_text(resealed(stored))
    assert "refuted -> certified" in proofs_check("compare", results, better).stdout
    assert "certified -> refuted" in proofs_check("compare", better, results, expect=1).stdout
    new = tmp_path / "new.json"
    new.write_text(resealed({**stored, "claims": [kept, *stored["claims"][1:]]}))
    vanished = tmp_path / "vanished.json"
    vanished.write_text(resealed({**stored, "claims": stored["claims"][1:]}))
    assert "vanished" in proofs_check("compare", results, vanished, expect=1).stdout
    assert "new and bad" in proofs_check("compare", vanished, new, expect=1).stdout
    assert "the baseline holds" in proofs_check("compare", results, vanished, "--only", stored["claims"][1]["id"]).stdout
    assert "none of either run matches 'no.*'" in proofs_check("compare", results, results, "--only", "no.*", expect=2).stderr
    other_level = tmp_path / "level.json"
    other_level.write_text(resealed({**stored, "run": {**stored["run"], "level": "full"}}))
    assert "level" in proofs_check("compare", results, other_level, expect=2).stderr


def test_an_edited_run_is_refused_by_every_command_that_reads_one(proofs_check, results, tmp_path):
    stored = json.loads(results.read_text())
    claim_id = stored["claims"][0]["id"]
    stored["claims"][0]["verdict"] = "certified"
    edited = tmp_path / "edited" / "results.json"
    edited.parent.mkdir()
    for text, said in (
        (json.dumps(stored), "the claims are not those that were written"),
        (resealed(stored), f"claim '{claim_id}': it is stored as certified, its checks give refuted"),
    ):
        edited.write_text(text)
        for command in (
            ["report", edited.parent],
            ["compare", results, edited],
            ["compare", edited, results],
            ["baseline", "update", edited, "--reason", "r"],
            ["reproduce", edited, claim_id, "c", "0"],
        ):
            assert said in proofs_check(*command, expect=2).stderr
        shown = proofs_check("history", claim_id, "--runs", tmp_path)
        assert f"left out of the history: {edited}: {said}" in shown.stderr
        assert len(shown.stdout.splitlines()) == 1


def test_a_baseline_is_updated_with_a_reason(proofs_check, results, tmp_path):
    assert "--reason" in proofs_check("baseline", "update", results, expect=2).stderr
    (tmp_path / "reports").mkdir()
    proofs_check("baseline", "update", results, "--reason", "the first one")
    file = tmp_path / "reports" / "baseline-quick.json"
    proofs_check("compare", file, results)
    proofs_check("baseline", "update", results, "--reason", "and again")
    assert [entry["reason"] for entry in json.loads(file.read_text())["baseline"]["reasons"]] == [
        "the first one",
        "and again",
    ]
    some = json.loads(results.read_text())["claims"][0]["id"]
    proofs_check("baseline", "update", results.parent, "--reason", "one claim", "--only", some)
    assert len(json.loads(file.read_text())["claims"]) == len(json.loads(results.read_text())["claims"])
    refused = proofs_check("baseline", "update", results, "--reason", "x", "--only", "no.*", expect=2)
    assert "expected at least one to keep, got none that matches no.*" in refused.stderr
    refused = proofs_check("baseline", "update", results, "--reason", "x", "--baseline", "no/file.json", expect=2)
    assert "expected a file in an existing directory" in refused.stderr


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 99}', "\x00"])
def test_unreadable_results_are_refused_everywhere(proofs_check, results, tmp_path, text):
    broken = tmp_path / "broken.json"
    broken.write_text(text)
    for command in (
        ["report", broken],
        ["compare", broken, results],
        ["compare", results, broken],
        ["reproduce", broken, "a.b", "c", "0"],
        ["baseline", "update", broken, "--reason", "r"],
    ):
        refused = proofs_check(*command, expect=2)
        assert "broken.json" in refused.stderr and "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["verify", "no.such.*", "--claims", "own.py"], "no claim matches 'no.such.*'"),
        (["list", "no.such.*", "--claims", "own.py"], "no claim matches 'no.such.*'"),
        (["verify", "--claims", "nowhere.py"], "nowhere.py: expected a Python file or a directory"),
        (["verify", "--claims", "broken.py"], "broken.py does not import: ZeroDivisionError"),
        (["verify", "--level", "slow"], "Invalid value for '--level'"),
        (["verify", "--seed", "seven"], "expected a whole number from 0 on, or random, got 'seven'"),
        (["verify", "--jobs", "0"], "Invalid value for '--jobs'"),
        (["verify", "--timeout", "-1"], "Invalid value for '--timeout'"),
        (["verify", "--resume", "--claims", "own.py"], "expected a run in proofs-check-runs, found none"),
        (["verify", "--claims", "own.py", "--out", "own.py"], "output directory own.py: expected one that can be written"),
        (["verify", "--claims", "own.py", "--out", "/proc/run"], "output directory /proc/run: expected one"),
        (["compare", "nowhere.json", "nowhere.json"], "nowhere.json: cannot be read"),
        (["unheard-of"], "No such command 'unheard-of'"),
    ],
)
def test_bad_usage_exits_with_2_and_a_message(proofs_check, write_claims, tmp_path, arguments, message):
    write_claims("claim('own.a')")
    (tmp_path / "broken.py").write_text("1 / 0")
    refused = proofs_check(*arguments, expect=2)
    assert message in refused.stderr and "Traceback" not in refused.stderr


def test_a_probe_that_does_not_fail_is_told(proofs_check, tmp_path):
    proofs_check("new", "sums")
    file = tmp_path / "sums.py"
    file.write_text(file.read_text().replace("range(2, cell.n + 2)", "range(1, cell.n + 1)"))
    printed = proofs_check("verify", "--claims", file, "--out", "run").stdout
    assert "probe: expected to fail without 'starts at one', came out holds" in printed
    (line,) = [line for line in printed.splitlines() if line.startswith("certified")]
    assert line.endswith("; 1 of 1 probes did not fail") and ", 1 dead probes in " in printed.splitlines()[-1]
    proofs_check("verify", "--claims", file, "--out", "run", "--strict", expect=1)


def test_a_run_that_tested_nothing_says_so_and_is_no_strict_pass(proofs_check, write_claims):
    late = "from dataclasses import replace\ndef late(claim):\n    return replace(claim, checks=[replace(claim.checks[0], level='full')])"
    file = write_claims("late(claim('own.a'))", before=late)
    printed = proofs_check("verify", "--claims", file, "--out", "run").stdout
    assert printed.splitlines()[-1].startswith("1 skipped, nothing was tested in ")
    proofs_check("verify", "--claims", file, "--out", "run", "--strict", expect=1)


def test_exit_codes_of_verify_are_told(proofs_check):
    text = " ".join(proofs_check("verify", "--help").stdout.split())
    assert "Exit codes: 0 nothing is refuted, vacuous or in error" in text and "1 something is; 2 usage" in text


@pytest.mark.parametrize(
    ("hangs", "said", "code"),
    [
        (
            "import time; time.sleep(60)",
            r"claims file \S+own\.py does not import: TimeoutError: not done within 1 s; stopped in .*line 4",
            2,
        ),
        ("while True: pass", r"claims file \S+own\.py does not import: TimeoutError: .*line 4", 2),
        ("import time\ntry: time.sleep(60)\nexcept Exception: time.sleep(60)", r'Timeout.*File "\S+own\.py", line 6 in <module>', 1),
    ],
    ids=["sleeps", "loops", "heeds-nothing"],
)
def test_a_claims_file_that_hangs_when_imported_is_named(write_claims, hangs, said, code):
    program = "import sys; from proofs_check.commands import _group as group; group.IMPORT_LIMIT = 1.0; group.main(['list', *sys.argv[1:]])"
    file = write_claims("claim('own.a')", before=hangs)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", program, "--claims", file], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == code
    assert re.search(said, done.stderr, re.DOTALL)


def test_a_command_that_is_stopped_says_so():
    @click.command()
    @explained
    def command():
        raise KeyboardInterrupt

    done = CliRunner().invoke(command)
    assert (done.exit_code, done.output) == (130, "proofs-check: stopped\n")


def test_a_store_that_is_none_is_refused(proofs_check, write_claims, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.sqlite").write_text("a diary\n" * 200)
    refused = proofs_check("verify", "--claims", write_claims("claim('own.a')"), "--out", "run", expect=2)
    assert "run.sqlite: expected a store of an earlier run" in refused.stderr
    assert (tmp_path / "run" / "run.sqlite").read_text().startswith("a diary")


def test_strict_runs_do_not_pass_inconclusive_claims(proofs_check, write_claims, tmp_path):
    file = write_claims("claim('own.a')", before="", name="own.py")
    text = file.read_text().replace("Outcome.equal(expected, instance)", "UNDECIDED if expected == 1 else Outcome.equal(1, 2)")
    file.write_text(text.replace("CLAIMS =", "UNDECIDED = Outcome.inconclusive('cannot tell')\nCLAIMS ="))
    assert "inconclusive" in proofs_check("verify", "--claims", file, "--out", "run").stdout
    proofs_check("verify", "--claims", file, "--out", "run", "--strict", expect=1)


def test_a_random_seed_is_printed_and_stored(proofs_check, write_claims, tmp_path):
    printed = proofs_check("verify", "--claims", write_claims("claim('own.a')"), "--seed", "random", "--out", "run").stdout
    seed = int(re.search(r"seed (\d+)", printed)[1])
    assert json.loads((tmp_path / "run" / "results.json").read_text())["run"]["seed"] == seed


def test_runs_go_to_a_directory_of_their_own_by_default(proofs_check, write_claims, tmp_path):
    file = write_claims("claim('own.a')")
    for _ in range(2):
        proofs_check("verify", "--claims", file)
    runs = list((tmp_path / "proofs-check-runs").iterdir())
    assert len(runs) == 2
    for run in runs:
        assert json.loads((run / "results.json").read_text())["run"]["id"] == run.name
    proofs_check("verify", "--claims", file, "--resume")
    assert len(list((tmp_path / "proofs-check-runs").iterdir())) == 2


@pytest.mark.parametrize("request_to_stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_how_to_go_on(claim_files, proofs_check, tmp_path, request_to_stop):
    root = str(claim_files.parents[2])
    command = [sys.executable, "-m", "proofs_check", "verify", "--claims", str(claim_files / "many.py"), "--out", "run"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs, and so their children, ignore it
    )
    assert any(line.startswith("certified") for line in process.stdout)
    process.send_signal(request_to_stop)
    printed, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.search(r"Stopped: \d+ of 80 parts are done and stored\. To go on:\n", told)
    again = shlex.split(told.strip().splitlines()[-1])
    assert again[:2] == ["proofs-check", "verify"] and "--resume" in again and "--seed=0" in again
    assert "What is done so far: run/index.html" in told and (tmp_path / "run" / "index.html").is_file()
    finished = proofs_check(*again[1:], expect=1)
    assert "4 refuted" in finished.stdout


def test_a_terminal_gets_a_bar_and_the_same_lines(write_claims, tmp_path, claim_files):
    file = write_claims("claim('own.a')")
    screen, terminal = pty.openpty()
    command = [sys.executable, "-m", "proofs_check", "verify", "--claims", str(file), "--out", "run"]
    environment = {**os.environ, "PYTHONPATH": str(claim_files.parents[2]), "TERM": "xterm"}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown = b""
    while chunk := _read(screen):
        shown += chunk
    assert process.wait(60) == 0
    os.close(screen)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert re.search("certified +own.a", text) and "1 of 1 claims; left" in text
    assert re.search(r"of 1 claims; left .*\d own\.a", text)  # what runs


def _read(screen):
    try:
        return os.read(screen, 4096)
    except OSError:  # the other end is closed
        return b""


def test_help_fits_a_screen_and_names_every_command(proofs_check):
    text = proofs_check("--help").stdout
    for command in ("list", "verify", "report", "compare", "reproduce", "new", "baseline"):
        assert re.search(rf"^  {command} ", text, re.MULTILINE)
    assert len(text.splitlines()) <= 36
    assert not re.search(r"^  .*\.\.\.$", text, re.MULTILINE)  # no summary is cut


def commands(group=main, name="proofs-check"):
    context = click.Context(group)
    for part in group.list_commands(context):
        command = group.get_command(context, part)
        yield (*name.split(), part), command
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {part}")


@pytest.mark.parametrize(("words", "command"), list(commands()), ids=lambda value: value[-1] if isinstance(value, tuple) else "")
def test_every_help_has_an_example_that_the_command_takes(words, command):
    example = shlex.split(" ".join(command.help.partition("Example: ")[2].split()))
    assert tuple(example[: len(words)]) == words, command.help
    if isinstance(command, click.Group):
        return  # the example is one of a command in it
    given, _, _ = command.make_parser(click.Context(command)).parse_args(example[len(words) :])
    missing = [parameter.name for parameter in command.params if parameter.required and not given.get(parameter.name)]
    assert not missing


def test_history_lists_the_verdicts_of_stored_runs(proofs_check, claim_files):
    for seed in ("0", "1"):
        proofs_check("verify", "--claims", claim_files / "many.py", "many.c1", "--seed", seed)
    shown = proofs_check("history", "many.c1")
    assert len(shown.stdout.splitlines()) == 2 and "certified" in shown.stdout
    assert "many.none" in proofs_check("history", "many.none", expect=2).stderr


def test_a_strange_run_beside_costs_itself_alone(proofs_check, claim_files, tmp_path):
    runs = tmp_path / "runs"
    odd = {
        "empty": "",
        "list": "[]",
        "text": '{"run": {"id": "text", "started": "now", "level": "quick"}, "claims": "many.c1", "schema": 1}',
        "nested": "[" * 5000,
        "escape": '{"schema": 1, "run": {"id": "\\u001b[31m::add-mask::x"}, "claims": []}',
    }
    for name, text in odd.items():
        (runs / name).mkdir(parents=True)
        (runs / name / "results.json").write_text(text)
    (runs / "pipe").mkdir()
    os.mkfifo(runs / "pipe" / "results.json")
    (runs / "link").mkdir()
    (runs / "link" / "results.json").symlink_to("/dev/zero")
    done = proofs_check("verify", "--claims", claim_files / "many.py", "many.c1", "--out", runs / "good")
    for name in (*odd, "pipe", "link"):
        assert f"left out of the history: {runs / name / 'results.json'}: " in done.stderr
        assert str(runs / name) in (runs / "good" / "index.html").read_text()
    shown = proofs_check("history", "many.c1", "--runs", runs)
    assert len(shown.stdout.splitlines()) == 1 and "good" in shown.stdout
    assert "\x1b" not in shown.stderr and "\n::" not in shown.stderr
    alone = proofs_check("history", "many.c1", "--runs", runs / "good")
    assert alone.stdout == shown.stdout and not alone.stderr


def test_a_report_follows_no_link(proofs_check, results, tmp_path):
    (tmp_path / "pages").mkdir()
    target = tmp_path / "dot-file"
    target.write_text("mine")
    (tmp_path / "pages" / "index.html").symlink_to(target)
    proofs_check("report", results.parent, "--out", tmp_path / "pages")
    assert target.read_text() == "mine" and not (tmp_path / "pages" / "index.html").is_symlink()
    (tmp_path / "pages" / "families" / "x").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "claims").symlink_to(tmp_path / "elsewhere")
    refused = proofs_check("report", results.parent, "--out", tmp_path / "more", expect=2)
    assert "expected real directories and files, no links" in refused.stderr
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_claim_is_explained():
    result = CliRunner().invoke(main, ["explain", "toy.fNL"])
    assert result.exit_code == 0
    for told in ("where\n", "point: ", "symbolic (coefficients), for all", "must be refuted: “", "refuted by: "):
        assert told in result.output


def test_a_family_selects_its_claims_and_a_slip_is_met_by_the_nearest():
    whole, globbed = (CliRunner().invoke(main, ["list", pattern]).output for pattern in ("toy", "toy.*"))
    assert whole == globbed
    result = CliRunner().invoke(main, ["explain", "mf.stata"])
    assert result.exit_code == 2 and "did you mean mf.strata" in result.output
