(* Executable forms of combinations of tangent functions and of the empirical tangent matrix. *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import evaluation matrices.
From ProofsCheck.rank Require Import samples.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

(* tangent functions g i on inputs named by numbers, of which S j is the j-th sample *)
Definition xcombine (K : comRingType) M (g : nat -> nat -> K) (a : nat -> K) (x : nat) := xsum M (fun i => a i * g i x).
Definition xempirical (K : comRingType) M n (g : nat -> nat -> K) (S : nat -> nat) : seq (seq K) :=
  [seq [seq g i (S j) | j <- iota 0 n] | i <- iota 0 M].

Section Equal.
Variables (F : fieldType) (M : nat) (g : nat -> nat -> F).
Notation functions := ((fun (i : 'I_M) (x : nat) => g i x) : tangents F nat M).
Theorem xcombineE (a : nat -> F) x : combine functions (\row_i a i) x = xcombine M g a x.
Proof. by rewrite /combine /xcombine -xsumE; apply: eq_bigr => i _; rewrite mxE. Qed.
Theorem xempiricalE n (S : nat -> nat) (i : 'I_M) (j : 'I_n) :
  empirical functions (fun j : 'I_n => S j) i j = nth 0 (nth [::] (xempirical M n g S) i) j.
Proof. by rewrite mxE /xempirical (nth_map 0%N) ?size_iota // (nth_map 0%N) ?size_iota // !nth_iota. Qed.
End Equal.
