(* Executable forms of the small models, their tangent functions and their ranks, proved equal to the definitions. *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import evaluation matrices.
From ProofsCheck.toy Require Import models.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section DeepDiagonal.
Variables (K : comRingType) (d L : nat).
Implicit Types (a : nat -> nat -> K) (x : nat -> K).
Definition xdeep_diag a x := xsum d (fun j => xprod L (fun l => a l j) * x j).
Definition xdeep_diag_tangent a (l j : nat) x := xprod L (fun k => if k == l then 1 else a k j) * x j.
Definition xdeep_diag_rank (zero : nat -> nat -> bool) := count (fun j => count (fun l => zero l j) (iota 0 L) <= 1)%N (iota 0 d).
End DeepDiagonal.

Theorem xdeep_diagE (K : comRingType) d L (a : nat -> nat -> K) (x : nat -> K) :
  deep_diag_model (fun (l : 'I_L) (j : 'I_d) => a l j) (fun j : 'I_d => x j) = xdeep_diag d L a x.
Proof. by rewrite /deep_diag_model /xdeep_diag -xsumE; apply: eq_bigr => j _; rewrite -xprodE. Qed.

Theorem xdeep_diag_tangentE (F : fieldType) d L (a : nat -> nat -> F) (x : nat -> F) (l : 'I_L) (j : 'I_d) :
  deep_diag_tangent (fun (l : 'I_L) (j : 'I_d) => a l j) (l, j) (fun j : 'I_d => x j) = xdeep_diag_tangent L a l j x.
Proof.
rewrite /deep_diag_tangent /xdeep_diag_tangent -xprodE /= big_mkcond; congr (_ * _); apply: eq_bigr => k _.
by rewrite val_eqE; case: eqP.
Qed.

Theorem xdeep_diag_rankE (F : fieldType) d L (a : nat -> nat -> F) :
  #|[set j | (zeros (fun (l : 'I_L) (j : 'I_d) => a l j) j <= 1)%N]| = xdeep_diag_rank d L (fun l j => a l j == 0).
Proof.
rewrite /xdeep_diag_rank -card_count; apply: eq_card => j; rewrite !inE /zeros.
by rewrite -card_count; congr (_ <= 1)%N; apply: eq_card => l; rewrite !inE.
Qed.

Section Squares.
Variables (K : comRingType) (d : nat).
Implicit Types a b x : nat -> K.
Definition xsquares a b x := xsum d (fun j => (a j * a j - b j * b j) * x j).
Definition xsquares_tangent a b (first : bool) (j : nat) x := if first then 2%:R * a j * x j else - (2%:R * b j) * x j.
Definition xsquares_rank (zero_a zero_b : nat -> bool) := count (fun j => ~~ zero_a j || ~~ zero_b j) (iota 0 d).
End Squares.

Theorem xsquaresE (K : comRingType) d (a b x : nat -> K) :
  squares_model (fun j : 'I_d => a j) (fun j => b j) (fun j => x j) = xsquares d a b x.
Proof. by rewrite /squares_model /xsquares -xsumE. Qed.

Theorem xsquares_tangentE (F : fieldType) d (a b x : nat -> F) (j : 'I_d) :
  squares_tangent (fun j : 'I_d => a j) (fun j => b j) (inl j) (fun j => x j) = xsquares_tangent a b true j x /\
  squares_tangent (fun j : 'I_d => a j) (fun j => b j) (inr j) (fun j => x j) = xsquares_tangent a b false j x.
Proof. by []. Qed.

Theorem xsquares_rankE (F : fieldType) d (a b : nat -> F) :
  #|[set j : 'I_d | (a j != 0) || (b j != 0)]| = xsquares_rank d (fun j => a j == 0) (fun j => b j == 0).
Proof. by rewrite /xsquares_rank -card_count. Qed.

(* the tangent functions of the product model, and its rank *)
Definition xproduct_tangent (K : comRingType) (t : seq K) (x1 x2 : K) : seq K :=
  [:: 1; x1; nth 0 t 3 * x2; nth 0 t 2 * x2].
Definition bits (T : Type) (t0 : T) (t : seq T) (i : bool * bool) : T := nth t0 t (i.1 * 2 + i.2).
Theorem xproduct_tangentE (F : fieldType) (t : seq F) (x : F * F) :
  [seq product_tangent (bits 0 t) i x | i <- [:: (false, false); (false, true); (true, false); (true, true)]]
  = xproduct_tangent t x.1 x.2.
Proof. by []. Qed.
Definition xproduct_rank (zero2 zero3 : bool) := if zero2 && zero3 then 2%N else 3%N.
Definition xredundant_tangent (K : comRingType) p (t2 x : K) : seq K := [:: x; t2 ^+ p *+ p.+1 * x].
Theorem xredundant_tangentE (F : fieldType) p (t2 x : F) :
  [seq redundant_tangent p t2 i x | i <- [:: false; true]] = xredundant_tangent p t2 x.
Proof. by []. Qed.
