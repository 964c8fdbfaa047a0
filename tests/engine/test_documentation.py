"""Pages that are followed as a reader would: their files are written and their commands run, in order."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def shell(tmp_path):
    """Runs a script in which the commands of the package are those of this checkout."""
    commands = {"python": "", "proofs-check": "-m proofs_check", "pytest": "-m pytest -p proofs_check.pytest_plugin -p no:cacheprovider"}
    (tmp_path / "bin").mkdir()
    for name, arguments in commands.items():
        command = tmp_path / "bin" / name
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {arguments} "$@"\n')
        command.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    def run(script):
        return subprocess.run(["sh", "-ec", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)

    return run


def followed(page, shell, folder):
    """What each block of commands of a page prints, its python file written, its commands run in order."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    name = re.search(r"Save this as `(\w+\.py)`", text)[1]
    (folder / name).write_text(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1])
    printed = []
    for fails, script in re.findall(r"```sh( fails)?\n(.*?)```", text, re.DOTALL):
        done = shell(script)
        assert done.returncode == (1 if fails else 0), f"{script}\n{done.stdout}\n{done.stderr}"
        printed.append(done.stdout)
    return printed


def test_the_page_on_claims_can_be_followed(shell, tmp_path):
    printed = followed("writing-a-claim.md", shell, tmp_path)
    assert "certified    sums.sum" in printed[0]
    assert "certified    ranks.of-a-sum" in printed[1]
    assert "refuted      ranks.of-a-sum" in printed[2]
    assert "case 0: fails" in printed[3]
    assert "6 passed" in printed[4]


def test_the_page_on_commands_can_be_followed(shell, tmp_path):
    printed = "".join(followed("commands.md", shell, tmp_path))
    of_the_trained = (
        "certified: a critical point lies within",
        "critical within rounding",
        "negative = 0, zero = 0, positive = 7",
        "they agree",
    )
    of_the_trained += ("of the wide Hessian: negative = 1, zero = 1, positive = 8", "not certified: not critical")
    for told in (
        "proved       toy.fNL",
        "the baseline holds",
        "rank 13 (certified",
        "stable: all",
        "(all of them proved)",
        "none: 0",
        *of_the_trained,
    ):
        assert told in printed, printed


def test_the_page_on_a_trained_classifier_can_be_followed(shell, tmp_path):
    trained, widened, deepened = followed("trained-classifier.md", shell, tmp_path)
    assert "of the images are told" in trained and "gradient: not critical" in trained
    assert "negative >= 4, positive >= 4 of 910 (proved" in trained
    assert "tanh has no affine piece" in deepened and re.search(r"negative >= [4-9], positive >= \d+ of 1066 \(proved", deepened), deepened
    assert re.search(r"negative >= [4-9], positive >= \d+ of 985 \(proved", widened), widened


def test_every_command_is_shown_and_named_in_the_readme():
    commands = {file.stem for file in (ROOT / "proofs_check" / "commands").glob("[!_]*.py")}
    shown = "".join(re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "commands.md").read_text(encoding="utf-8"), re.DOTALL))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for text in (shown, readme):
        assert commands <= set(re.findall(r"^proofs-check (\w+)", text, re.MULTILINE))


#: Pages whose Python is no program by itself: files that are followed above, a piece of a claims file, a batch system.
ELSEWHERE = {"writing-a-claim.md", "commands.md", "trained-classifier.md", "formal-proofs.md", "clusters.md"}
PAGES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}


@pytest.mark.parametrize("page", [name for name, text in PAGES.items() if "```python" in text and name not in ELSEWHERE])
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch):
    """All blocks of a page, in order, each with the names of those before, in an empty folder: what they write is left there."""
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PAGES[page], re.DOTALL):
        exec(compile(block, page, "exec"), names)


@pytest.mark.parametrize("page", PAGES)
def test_links_between_the_pages_resolve(page):
    folder = ROOT if page == "README.md" else ROOT / "docs"
    for target in re.findall(r"\]\(([^)]+)\)", PAGES[page]):
        assert target.startswith("https://") or (folder / target.partition("#")[0]).is_file()


def test_every_page_is_reached():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in PAGES.keys() - {"README.md"}:
        assert f" {page}\n" in navigation


def test_every_erratum_is_told_in_words():
    from proofs_check import load_claims

    shipped_claims = load_claims()
    told = PAGES["found-in-the-papers.md"]
    for claim_id, claim in shipped_claims.items():
        if claim.kind == "counterexample" and (claim_id.startswith("errata.") or ".flaw." in claim_id):
            assert f"`{claim_id}`" in told and claim.source.paper.removeprefix("arXiv:").partition("v")[0] in told
    for named in re.findall(r"`([a-z]+\.[\w.-]+)`", re.sub(r"```.*?```", "", told, flags=re.DOTALL)):
        assert named in shipped_claims
