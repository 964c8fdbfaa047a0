"""The formal evidence: what Coq accepts is accepted, forgeries are refused, and a machine without Coq says so.

The files of these tests need Coq's standard library alone; the proofs that ship are checked at the end.
"""

from __future__ import annotations

import shutil

import pytest

from proofs_check.proving import coq

needs_coq = pytest.mark.skipif(shutil.which("coqc") is None, reason=f"coqc is not installed: {coq.HOW_TO_INSTALL}")

GOOD = """
(* twice n: the number 2 n. (* comments nest *) *)
Definition twice (n : nat) := n + n.
Theorem twice_even : forall n, exists k, twice n = 2 * k.
Proof. intro n. exists n. unfold twice. simpl. rewrite <- plus_n_O. reflexivity. Qed.
(* every multiple of 4 *)
Theorem control_twice_even : ~ forall n, exists k, twice n = 4 * k.
Proof. intro H. destruct (H 1) as [[|k] e]; simpl in e; [discriminate|]. inversion e.
repeat rewrite <- plus_n_Sm in *; discriminate. Qed.
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes proof files into a folder of their own, with a cache of their own."""
    monkeypatch.setenv("PROOFS_CHECK_CACHE", str(tmp_path / "cache"))
    coq._axioms.cache_clear()

    def writer(text, name="sample.v"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return writer


@needs_coq
def test_a_proof_with_its_control(write):
    proof = coq.check(write(GOOD), "twice_even", control="control_twice_even", premises=["none to speak of"])
    assert (proof.status, proof.message, proof.axioms) == ("proved", "", ())
    assert proof.statement == "forall n : nat, exists k : nat, sample.twice n = 2 * k"
    assert proof.control_statement.startswith("~ (forall n : nat, exists k : nat, sample.twice n = 4 * k)")
    assert proof.seconds > 0 and proof.lines == 8 and proof.premises == ("none to speak of",)
    assert proof.versions["coq"].startswith("8.")


FORGERIES = {
    "an axiom, with a printed good line": (
        'Axiom cheat : False.\nTheorem t : 1 = 2.\nProof. idtac "Closed under the global context". destruct cheat. Qed.',
        "t rests on sample.cheat",
    ),
    "an admitted step": ("Theorem t : 1 = 2.\nProof. Admitted.", "t rests on sample.t"),
    "an admitted lemma": (
        "Lemma step : 1 = 2.\nProof. Admitted.\nTheorem t : 2 = 1.\nProof. symmetry. exact step. Qed.",
        "t rests on sample.step",
    ),
    "a hidden parameter": (
        "Section S.\nVariable h : False.\nEnd S.\nParameter p : False.\nTheorem t : 1 = 2.\nProof. destruct p. Qed.",
        "p",
    ),
    "a theorem of another name": ("Theorem other : 1 = 1.\nProof. reflexivity. Qed.", "has no theorem t; it has other"),
    "a theorem in a comment": ("(* Theorem t : 1 = 2. *)\nTheorem other : 1 = 1.\nProof. reflexivity. Qed.", "has no theorem t"),
    "recursion without end": (
        "#[bypass_check(guard)] Fixpoint loop (n : nat) : False := loop n.\nTheorem t : 1 = 2.\nProof. destruct (loop 0). Qed.",
        "is assumed to be guarded",
    ),
    "no universe checking": (
        "Unset Universe Checking.\nTheorem t : exists x : Type, x = x.\nProof. exists Type. reflexivity. Qed.",
        "unsafe hierarchy",
    ),
    "no proposition": ("Theorem t : nat.\nProof. exact 0. Defined.", "does not answer"),
    "a broken proof": ("Theorem t : 1 = 2.\nProof. reflexivity. Qed.", "not accepted at line 2, in t"),
    "a proof that is not finished": ("Theorem t : 1 = 1.\nProof.", "not accepted"),
    "a load path of its own": ('Add LoadPath "/tmp".\nTheorem t : 1 = 1.\nProof. reflexivity. Qed.', "Add LoadPath"),
    "a plugin": ('Declare ML Module "evil".\nTheorem t : 1 = 1.\nProof. reflexivity. Qed.', "Declare ML Module"),
    "output to files": ('Theorem t : 1 = 1.\nProof. reflexivity. Qed.\nRedirect "a0" Print nat.', "Redirect"),
}


@needs_coq
@pytest.mark.parametrize("name", FORGERIES)
def test_forgeries_are_refused(write, name):
    text, message = FORGERIES[name]
    proof = coq.check(write(text), "t")
    assert proof.status == "refused"
    assert message in proof.message


CONTROLS = {
    "no negation": ("Theorem control_t : twice 1 = 2.\nProof. reflexivity. Qed.", "is no negation"),
    "of nothing": ("Theorem control_t : ~ False.\nProof. intro H. exact H. Qed.", "is no negation"),
    "of another subject": (
        "Theorem control_t : ~ forall n, n = 1.\nProof. intro H. discriminate (H 0). Qed.",
        "speaks of none of the definitions",
    ),
    "not there": ("", "has no theorem control_t"),
    "admitted": ("Theorem control_t : ~ forall n, twice n = n.\nProof. Admitted.", "rests on sample.control_t"),
}


@needs_coq
@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_must_refute_a_variant(write, name):
    text, message = CONTROLS[name]
    theorem = "Definition twice (n : nat) := n + n.\nTheorem t : forall n, twice n = n + n.\nProof. reflexivity. Qed.\n"
    proof = coq.check(write(theorem + text), "t", control="control_t")
    assert proof.status == "refused"
    assert message in proof.message


@needs_coq
def test_a_definition_made_trivial_is_proved_and_has_other_values(write):
    """The kernel cannot know what a name should mean: adequacy compares values."""
    trivial = "Definition twice (n : nat) := 0.\nTheorem t : forall n, exists k, twice n = 2 * k.\nProof. exists 0. reflexivity. Qed."
    assert coq.check(write(trivial, "trivial.v"), "t").status == "proved"
    terms = ["twice 3", "(twice 2, true, (cons (twice 1) nil))"]
    assert coq.values(write(GOOD), terms) == [6, [4, True, [2]]]
    assert coq.values(write(trivial, "trivial.v"), terms) != [6, [4, True, [2]]]


@needs_coq
def test_values_are_data_only(write):
    path = write("From Coq Require Import ZArith.\nDefinition z := (-3)%Z. Definition f (n : nat) := n. Parameter p : nat.")
    assert coq.values(path, ["z", "(cons z (cons 4%Z nil), false)"]) == [-3, [[-3, 4], False]]
    for term in ("f", "p", "p + 1"):
        with pytest.raises(coq.Refused, match="did not compute a value"):
            coq.values(path, [term])


@needs_coq
def test_dependencies_and_the_cache(write, monkeypatch):
    write("Definition base := 1.", "base.v")
    path = write("From Own Require Import base.\nTheorem t : base = 1.\nProof. reflexivity. Qed.", "above.v")
    first = coq.check(path, "t")
    assert first.status == "proved"

    compiled = []
    real = coq._compile
    monkeypatch.setattr(coq, "_compile", lambda *arguments: compiled.append(arguments[0].path.name) or real(*arguments))
    coq._axioms.cache_clear()
    assert coq.check(path, "t") == first and compiled == []  # compiled once, asked again

    built = coq.build(path)
    built.file.write_bytes(b"broken")
    coq._axioms.cache_clear()
    assert coq.check(path, "t").status == "proved" and compiled == ["above.v"]

    write("Definition base := 2.", "base.v")
    changed = coq.check(path, "t")
    assert changed.status == "refused" and "not accepted at line 3, in t" in changed.message

    write("From Own Require Import above.\nDefinition base := 1.", "base.v")
    assert "needs itself" in coq.check(path, "t").message


@needs_coq
def test_processor_time_is_limited(write, monkeypatch):
    monkeypatch.setattr(coq, "PROCESSOR_SECONDS", 1)
    steps = "Fixpoint steps n := match n with 0 => true | S m => if steps m then steps m else false end."  # 2^n of them, n deep
    proof = coq.check(write(f"{steps}\nTheorem t : steps 200 = true.\nProof. vm_compute. reflexivity. Qed."), "t")
    assert proof.status == "refused" and "within 1 processor seconds" in proof.message


@needs_coq
def test_axioms_of_the_reals_are_allowed_where_declared(write):
    text = (
        "From Coq Require Import Reals.\nOpen Scope R_scope.\nTheorem t : forall x : R, x + 0 = x.\nProof. intro x. apply Rplus_0_r. Qed."
    )
    refused = coq.check(write(text), "t")
    assert refused.status == "refused" and "ClassicalDedekindReals.sig_forall_dec" in refused.message
    proof = coq.check(write(text), "t", axioms="reals")
    assert proof.status == "proved" and set(proof.axioms) <= coq.CLASSICAL_REALS


@pytest.fixture
def ship(tmp_path, monkeypatch):
    """Writes proof files that ship, into a folder and a cache of their own; ``ship.runs`` counts what coqc is asked besides compiling."""
    folder = tmp_path / "proofs"
    folder.mkdir()
    monkeypatch.setattr(coq, "PROOFS", folder)
    monkeypatch.setenv("PROOFS_CHECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(coq, "_answered", {})
    monkeypatch.setattr(coq, "_families", set())
    monkeypatch.setattr(coq, "_expected", set())
    coq._axioms.cache_clear()
    real = coq._axioms_of_groups

    def writer(**texts):
        for name, text in texts.items():
            (folder / f"{name}.v").parent.mkdir(exist_ok=True)
            (folder / f"{name}.v").write_text(text)
            coq.build(f"{name}.v")

    writer.runs = []
    monkeypatch.setattr(coq, "_axioms_of_groups", lambda groups: writer.runs.append(list(map(len, groups))) or real(groups))
    return writer


TRUE = "Theorem t : 1 = 1.\nProof. reflexivity. Qed.\nTheorem control_t : ~ forall n, n = 1.\nProof. intro H. discriminate (H 0). Qed."


@needs_coq
def test_shipped_files_are_asked_about_together(ship):
    """From the second on all of their family in one run, those without a control and those that are not compiled left out."""
    ship(**dict.fromkeys("abcde", TRUE), without=TRUE.partition("\n")[0] + "\nProof. reflexivity. Qed.")
    (coq.PROOFS / "broken.v").write_text("Theorem t : 1 = 2.\nProof. reflexivity. Qed.")
    for name in "abcde":
        assert coq.check(f"{name}.v", "t", control="control_t").status == "proved"
    assert ship.runs == [[1], [4]]


@needs_coq
@pytest.mark.parametrize(
    "asked, runs",
    [
        (("one/a", "one/b", "one/c", "two/a", "three/a"), [[1], [2], [4]]),
        (("one/a", "two/a", "three/a", "three/b"), [[1], [1], [5]]),
        (("one/a", "two/a", "one/b", "two/b"), [[1], [1], [2], [1]]),
    ],
)
def test_families_of_shipped_files(ship, asked, runs):
    """Two files alone, the rest of a family at its second file, and from the third question on all that are left."""
    ship(**dict.fromkeys(["one/a", "one/b", "one/c", "two/a", "two/b", "three/a", "three/b"], TRUE))
    for name in asked:
        assert coq.check(f"{name}.v", "t", control="control_t").status == "proved"
    assert ship.runs == runs


@needs_coq
def test_expected_files_are_asked_about_at_once(ship):
    """Those of a run that are compiled by then, and no others; what is not expected goes the usual way."""
    ship(**dict.fromkeys(["one/a", "one/b", "two/a", "two/b", "three/a"], TRUE))
    coq.expect(["one/a.v", "two/a.v", "three/a.v", "late.v"])
    for name in ("two/a", "one/a", "three/a"):
        assert coq.check(f"{name}.v", "t", control="control_t").status == "proved"
    assert ship.runs == [[3]]
    ship(late=TRUE)
    assert coq.check("late.v", "t").status == coq.check("one/b.v", "t").status == "proved"
    assert ship.runs == [[3], [1], [2]]


@needs_coq
def test_a_file_that_changes_is_compiled_again(ship):
    """What was built is kept in the process as long as no file that it rests on is another."""
    ship(base="Definition one := 1.\n" + TRUE)
    above = "From ProofsCheck Require base.\nTheorem u : base.one = 1.\nProof. reflexivity. Qed."
    ship(above=above)
    first = coq.build("above.v")
    assert coq.build("above.v") is first
    (coq.PROOFS / "base.v").write_text("Definition one := 2.\n" + TRUE)
    assert "not accepted" in coq.check("above.v", "u").message
    ship(base="Definition one := 1.\n" + TRUE)
    again = coq.build("above.v")
    assert again == first and again.key == first.key
    again.file.write_bytes(b"something else")
    assert coq.build("above.v").file.read_bytes() != b"something else"


@needs_coq
def test_one_file_with_an_axiom_among_those_asked_together(ship):
    cheat = "Axiom cheat : 1 = 2.\nTheorem lie : 2 = 1.\nProof. symmetry. exact cheat. Qed.\n" + TRUE
    ship(**dict.fromkeys("abcd", TRUE), e=cheat)
    assert [coq.check(f"{name}.v", "t", control="control_t").status for name in "abcd"] == ["proved"] * 4
    assert ship.runs == [[1], [4], [1, 1, 1, 1]]
    assert coq.check("e.v", "t", control="control_t").status == "proved"  # it rests on nothing, another theorem of the file does
    refused = coq.check("e.v", "lie")
    assert refused.status == "refused" and refused.message == "lie rests on e.cheat"
    assert ship.runs[3:] == [[1], [1]]


@needs_coq
def test_kept_statements_that_are_broken_are_asked_again(ship):
    ship(a=TRUE)
    first = coq.check("a.v", "t", control="control_t")
    for kept in coq.cache_folder().glob("*.statements"):
        kept.write_text('{"t": "True"}')
    assert coq.check("a.v", "t", control="control_t") == first and first.statement == "1 = 1"


def test_without_coq(write, monkeypatch):
    monkeypatch.setenv("PATH", "")
    proof = coq.check(write(GOOD), "twice_even")
    assert proof.status == "skipped"
    assert "coqc is not installed" in proof.message and "apt-get install coq" in proof.message


@needs_coq
def test_a_missing_library_is_named(write):
    proof = coq.check(write("From Nowhere Require Import thing.\nTheorem t : 1 = 1.\nProof. reflexivity. Qed."), "t")
    assert proof.status == "skipped" and "needs thing of a library that is not installed" in proof.message


@pytest.mark.parametrize(
    "wrong", [{"theorem": "t. Axiom x"}, {"theorem": ""}, {"theorem": "t", "axioms": "all"}, {"theorem": "t", "control": "a b"}]
)
def test_bad_arguments(write, wrong):
    with pytest.raises(ValueError, match="expected"):
        coq.check(write(GOOD), **wrong)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(coq.Refused, match="no proof file"):
        coq.read(tmp_path / "absent.v")


@pytest.mark.parametrize("shown", ["", "Axioms:", "Closed under the global context\nAxioms:\nx : False", "Fetching opaque proofs"])
def test_unknown_answers_about_axioms_are_refused(shown):
    with pytest.raises(coq.Refused, match="answered"):
        coq.parse_axioms(shown)


def test_comments_hide_nothing_else():
    text = 'a (* b "*)" (* c *) d *) e "(* not a comment *)" f'
    assert coq.without_comments(text).split() == ["a", "e", '"(*', "not", "a", "comment", '*)"', "f"]


SHIPPED = sorted(str(path.relative_to(coq.PROOFS)) for path in coq.PROOFS.rglob("*.v"))


@needs_coq
@pytest.mark.parametrize("file", SHIPPED)
def test_shipped_proofs(file):
    """Every theorem is accepted without axioms beyond the classical reals, with each control that bears its name (and no longer one's)."""
    names = coq.read(coq.PROOFS / file).theorems
    theorems = [name for name in names if not name.startswith("control_")]
    controls = {theorem: [] for theorem in theorems}
    for name in set(names) - set(theorems):
        controls[max((one for one in theorems if name.startswith(f"control_{one}")), key=len)].append(name)
    for theorem in theorems:
        for control in controls[theorem] or [None]:
            proof = coq.check(file, theorem, control=control, axioms="reals" if file.startswith("optimizers/") else "none")
            assert proof.status == "proved", proof.message


def test_every_shipped_proof_is_listed_in_the_project_file():
    listed = [line for line in (coq.PROOFS / "_CoqProject").read_text().splitlines() if line.endswith(".v")]
    assert sorted(listed) == SHIPPED
