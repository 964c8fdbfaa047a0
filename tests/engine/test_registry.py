"""Discovery of claims: what is found, what is refused and in which words."""

import os
import sys

import networkx
import pytest

from proofs_check import ClaimError, load_claims


def test_a_file_and_its_directory_give_the_same_claims(write_claims):
    file = write_claims("claim('own.a')", "claim('own.b', depends_on=['own.a'])")
    for path in (file, file.parent, str(file)):
        registry = load_claims(path)
        assert list(registry) == ["own.a", "own.b"]
        assert registry["own.b"].family == "own"
        assert registry.files["own.a"] == file


def test_the_graph_leads_from_a_claim_to_what_it_rests_on(write_claims):
    registry = load_claims(write_claims("claim('own.a')", "claim('own.b', depends_on=['own.a'])", "claim('own.c', depends_on=['own.b'])"))
    graph = registry.graph()
    assert isinstance(graph, networkx.DiGraph)
    assert set(graph.edges) == {("own.b", "own.a"), ("own.c", "own.b")}
    assert registry.ancestors("own.c") == networkx.descendants(graph, "own.c") == {"own.a", "own.b"}


@pytest.mark.parametrize(
    ("patterns", "found"),
    [(None, "abc"), (["own.a"], "a"), (["own.[ab]", "own.b"], "ab"), (["*c", "own.a"], "ac")],
)
def test_globs_select_in_the_order_of_the_file(write_claims, patterns, found):
    registry = load_claims(write_claims("claim('own.a')", "claim('own.b')", "claim('own.c')"))
    assert [claim.id for claim in registry.select(patterns)] == [f"own.{letter}" for letter in found]


def test_a_pattern_without_a_match_is_named(write_claims):
    registry = load_claims(write_claims("claim('own.a')"))
    with pytest.raises(ClaimError, match=r"no claim matches 'other\.\*'.*own\.a"):
        registry.select(["own.a", "other.*"])


def test_helpers_beside_a_claims_file_can_be_imported(write_claims, tmp_path):
    (tmp_path / "_helper_of_own_claims.py").write_text("EXPECTED = 1\n")
    file = write_claims("claim('own.a', expected=EXPECTED)", before="from _helper_of_own_claims import EXPECTED")
    assert list(load_claims(file)) == list(load_claims(file.parent)) == ["own.a"]


def test_a_changed_file_is_read_again(write_claims):
    assert list(load_claims(write_claims("claim('own.a')"))) == ["own.a"]
    assert list(load_claims(write_claims("claim('own.bb')"))) == ["own.bb"]


def test_a_file_that_changes_within_a_second_and_keeps_its_size_is_read_again(write_claims, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = write_claims("claim('own.a')")
    load_claims(file)
    before = file.stat()
    file.write_text(file.read_text().replace("own.a", "own.b"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert list(load_claims(file)) == ["own.b"]


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        (["claim('own.a', depends_on=['own.z'])"], "'own.a' depends on 'own.z', which is no known claim"),
        (["claim('own.a', depends_on=['own.b'])", "claim('own.b', depends_on=['own.a'])"], "circle: own"),
        (["claim('own.a', depends_on=['own.a'])"], "circle: own.a -> own.a"),
        (["claim('own.a')", "claim('own.a')"], "'own.a' is used twice"),
        (["claim('own.a')", "7"], "a list holding int"),
        (["1 / 0"], "does not import: ZeroDivisionError: division by zero"),
        (["claim('own')"], "does not import: ClaimError: Claim.id must read family.name"),
    ],
)
def test_what_is_wrong_is_said(write_claims, claims, message):
    file = write_claims(*claims)
    with pytest.raises(ClaimError) as refused:
        load_claims(file)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no CLAIMS"),
        ("CLAIMS = 3", "got int"),
        ("import sys; sys.exit(4)", "does not import: SystemExit: 4"),
        ("def (", "does not import: SyntaxError"),
        ("import no_such_module_anywhere", "No module named 'no_such_module_anywhere'"),
    ],
)
def test_a_file_without_claims_is_named(tmp_path, text, message):
    file = tmp_path / "own.py"
    file.write_text(text)
    with pytest.raises(ClaimError) as refused:
        load_claims(file)
    assert str(file) in str(refused.value) and message in str(refused.value)


def test_missing_and_empty_paths_are_named(tmp_path):
    with pytest.raises(ClaimError, match="nowhere: expected a Python file or a directory"):
        load_claims(tmp_path / "nowhere")
    with pytest.raises(ClaimError, match="found none in this directory"):
        load_claims(tmp_path)


def test_the_same_id_in_two_files_names_both(write_claims):
    write_claims("claim('own.a')", name="first.py")
    second = write_claims("claim('own.a')", name="second.py")
    with pytest.raises(ClaimError, match=r"first\.py and in .*second\.py"):
        load_claims(second.parent)


def test_the_family_wise_budget_is_kept(make_claim, make_check):
    from proofs_check.engine.registry import _check_budget

    share = [make_claim(f"test.a{n}", make_check(evidence="training", alpha=1e-4)) for n in range(11)]
    _check_budget(share[:10])
    with pytest.raises(ClaimError, match=r"11 statistical checks spend 0\.0011 together"):
        _check_budget(share)


def test_own_claims_may_rest_on_shipped_ones(write_claims):
    shipped = next(iter(load_claims()))
    registry = load_claims(write_claims(f"claim('own.a', depends_on=[{shipped!r}])"))
    assert registry.elsewhere == {shipped}


def test_the_shipped_claims_load():
    registry = load_claims()
    assert len(registry) > 0
    assert networkx.is_directed_acyclic_graph(registry.graph())
    assert all(claim.family for claim in registry.values())
