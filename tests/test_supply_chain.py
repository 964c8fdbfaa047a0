"""What is installed and what continuous integration runs is named exactly."""

import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def needed(name, extras, found):
    """The names of all installed distributions that ``name`` needs with these extras, directly or not."""
    for text in requires(name) or ():
        requirement = Requirement(text)
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            continue
        key = canonicalize_name(requirement.name)
        if key not in found:
            try:
                found.add(key)
                needed(requirement.name, requirement.extras, found)
            except PackageNotFoundError:
                found.discard(key)  # not for this machine
    return found


def test_every_constraint_names_one_version():
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", line) for line in CONSTRAINTS)
    names = [canonicalize_name(line.partition("==")[0]) for line in CONSTRAINTS]
    assert len(set(names)) == len(names)


def test_nothing_that_is_installed_floats():
    try:
        found = needed("proofs-check", ("test",), set())
    except PackageNotFoundError:
        pytest.skip("proofs-check is not installed here")
    assert found - {canonicalize_name(line.partition("==")[0]) for line in CONSTRAINTS} == set()


def test_known_holes_are_excluded():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert set(re.findall(r"distributed>=([0-9.]+)", text)) == {"2026.1.1"}


def test_the_build_backend_is_one_version():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r'^requires = \["hatchling==[0-9.]+"\]$', text, re.MULTILINE)


def locked(name):
    """Versions and numbers of hashes by package of a lock of continuous integration."""
    found = {}
    for entry in re.split(r"\n(?=[A-Za-z0-9])", (ROOT / ".github" / "locks" / name).read_text(encoding="utf-8")):
        if match := re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", entry):
            found.setdefault(canonicalize_name(match[1]), []).append((match[2], len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry))))
    return found


@pytest.mark.parametrize("name", ["ci.txt", "audit.txt"])
def test_every_file_that_continuous_integration_installs_has_a_hash(name):
    found = locked(name)
    assert found and all(hashes > 0 for entries in found.values() for _, hashes in entries)


def test_the_lock_has_the_versions_that_are_tested():
    found = locked("ci.txt")
    pinned = {canonicalize_name(name): [version] for name, _, version in (line.partition("==") for line in CONSTRAINTS)}
    assert {name: [version for version, _ in found.get(name, [])] for name in pinned} == pinned
    assert [version for version, _ in found["hatchling"]] == ["1.33.0"]


@pytest.mark.parametrize("file", [*(ROOT / ".github" / "workflows").glob("*.yml")], ids=lambda file: file.name)
def test_continuous_integration_installs_by_hash_alone(file):
    commands = re.findall(r"pip install (.*)", file.read_text(encoding="utf-8"))
    allowed = (r"--require-hashes -r \.github/locks/\w+\.txt", r"--no-deps --no-build-isolation \.")
    assert commands and all(any(re.fullmatch(form, command) for form in allowed) for command in commands)


def test_the_versions_are_audited_every_week():
    text = (ROOT / ".github" / "workflows" / "weekly.yml").read_text(encoding="utf-8")
    assert "pip-audit --no-deps --disable-pip -r .github/locks/ci.txt" in text


@pytest.mark.parametrize("file", [*(ROOT / ".github" / "workflows").glob("*.yml"), ROOT / "examples" / "github-workflow.yml"], ids=str)
def test_actions_are_pinned_by_the_hash_of_their_commit(file):
    used = re.findall(r"uses: (.*)", file.read_text(encoding="utf-8"))
    assert used and all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[0-9.]+", entry) for entry in used)
