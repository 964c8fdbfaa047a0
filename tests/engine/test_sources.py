"""The hash of a claims file changes with every module that it imports, and with nothing else."""

import pytest

from proofs_check import load_claims
from proofs_check.engine.sources import source_hash


@pytest.fixture
def tree(tmp_path):
    files = {
        "own.py": "import helper\ndef f():\n    from package import inner",
        "helper.py": "import deeper",
        "deeper.py": "X = 1",
        "package/__init__.py": "",
        "package/inner.py": "Y = 1",
        "stranger.py": "Z = 1",
    }
    (tmp_path / "package").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "matters"),
    [("own.py", True), ("helper.py", True), ("deeper.py", True), ("package/inner.py", True), ("stranger.py", False)],
)
def test_what_is_imported_matters(tree, changed, matters):
    before = source_hash(tree / "own.py")
    with open(tree / changed, "a") as file:
        file.write("\n# changed")
    assert (source_hash(tree / "own.py") != before) is matters


def test_moving_the_claims_does_not_matter(tree, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "own.py").write_text((tree / "deeper.py").read_text())
    assert source_hash(elsewhere / "own.py") == source_hash(tree / "deeper.py")


def test_circles_and_syntax_errors_end(tmp_path):
    (tmp_path / "a.py").write_text("import b")
    (tmp_path / "b.py").write_text("import a\nimport c")
    (tmp_path / "c.py").write_text("def (")
    assert source_hash(tmp_path / "a.py") == source_hash(tmp_path / "b.py")


def test_shipped_claims_depend_on_the_code_they_run():
    from proofs_check.engine.sources import closure

    names = {file.name for path in load_claims().files.values() for file in closure(path)}
    assert {"claim.py", "networks.py"} <= names
