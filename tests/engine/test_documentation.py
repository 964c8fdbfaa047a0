"""The page on writing a claim: its files are written and its commands run, in order, as a reader would."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "writing-a-claim.md"


@pytest.fixture
def shell(tmp_path):
    """Runs a script in which the commands of the package are those of this checkout."""
    commands = {"proofs-check": "-m proofs_check", "pytest": "-m pytest -p proofs_check.pytest_plugin -p no:cacheprovider"}
    (tmp_path / "bin").mkdir()
    for name, arguments in commands.items():
        command = tmp_path / "bin" / name
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {arguments} "$@"\n')
        command.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    def run(script):
        return subprocess.run(["sh", "-ec", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)

    return run


def test_the_page_can_be_followed(shell, tmp_path):
    text = PAGE.read_text(encoding="utf-8")
    name = re.search(r"Save this as `(\w+\.py)`", text)[1]
    (tmp_path / name).write_text(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1])
    printed = []
    for fails, script in re.findall(r"```sh( fails)?\n(.*?)```", text, re.DOTALL):
        done = shell(script)
        assert done.returncode == (1 if fails else 0), f"{script}\n{done.stdout}\n{done.stderr}"
        printed.append(done.stdout)
    assert "certified    sums.sum" in printed[0]
    assert "certified    ranks.of-a-sum" in printed[1]
    assert "refuted      ranks.of-a-sum" in printed[2]
    assert "case 0: fails" in printed[3]
    assert "6 passed" in printed[4]


@pytest.mark.parametrize("page", ["writing-a-claim.md", "clusters.md"])
def test_links_between_the_pages_resolve(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert target.startswith("https://") or (ROOT / "docs" / target).is_file()
