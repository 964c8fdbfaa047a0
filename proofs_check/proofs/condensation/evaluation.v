(* Executable forms of leaky ReLU and of parallel neurons at whole numbers, proved equal to the definitions; the
   slope of negative z is p / q, and values are multiplied by q. *)
From Coq Require Import ZArith.
From mathcomp Require Import all_ssreflect all_algebra ssrZ.
From ProofsCheck.common Require Import evaluation matrices.
From ProofsCheck.condensation Require Import merging.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Executable.
Variables (m d : nat) (p q : int).
Implicit Types (a l u x : nat -> int).
Definition xinner u x := xsum d (fun c => u c * x c).
Definition xleaky (z : int) := if 0 <= z then q * z else p * z.
Definition xparallel (sigma : int -> int) a l u x := xsum m (fun j => a j * sigma (xinner (fun c => l j * u c) x)).
Definition xweight a l := xsum m (fun j => a j * l j).
(* numbers and lists of Coq's integers *)
Definition entry (values : seq Z) (i : nat) : int := int_of_Z (nth Z0 values i).
Definition shown (z : int) : Z := Z_of_int z.

Variable F : realFieldType.
Notation "z %:F" := (z%:~R : F) (at level 2, format "z %:F").
Hypothesis q0 : q%:F != 0.
Lemma xleakyE z : q%:F * leaky (p%:F / q%:F) z%:F = (xleaky z)%:F.
Proof. by rewrite /leaky /xleaky ler0z; case: ifP => _; rewrite !intrM // mulrA mulrCA divff // mulr1. Qed.
Lemma xinnerE u x : inner (fun c : 'I_d => (u c)%:F) (fun c => (x c)%:F) = (xinner u x)%:F.
Proof. by rewrite /inner /xinner -xsumE rmorph_sum; apply: eq_bigr => c _; rewrite /= intrM. Qed.
Theorem xparallelE a l u x :
  q%:F * parallel (leaky (p%:F / q%:F)) (fun j : 'I_m => (a j)%:F) (fun j => (l j)%:F) (fun c : 'I_d => (u c)%:F) (fun c => (x c)%:F)
  = (xparallel xleaky a l u x)%:F.
Proof.
rewrite /parallel /xparallel -xsumE rmorph_sum big_distrr /=; apply: eq_bigr => j _; rewrite intrM mulrCA; congr (_ * _).
rewrite -xleakyE -xinnerE; congr (_ * leaky _ _).
by apply: eq_bigr => c _; rewrite intrM.
Qed.
Theorem xweightE a l : \sum_(j < m) (a j)%:F * (l j)%:F = (xweight a l)%:F.
Proof. by rewrite /xweight -xsumE rmorph_sum; apply: eq_bigr => j _; rewrite /= intrM. Qed.
End Executable.
