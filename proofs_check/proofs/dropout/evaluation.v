(* Executable forms of the dropout loss at a mask and of the penalty, proved equal to the definitions up to the
   common factor 1 / (2 n). *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import evaluation matrices.
From ProofsCheck.dropout Require Import expectation.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Executable.
Variables (K : comRingType) (m n D : nat) (h a y : nat -> nat -> K) (b : nat -> K).
(* 2 n times the loss, the output weights multiplied by x *)
Definition xrisk (x : nat -> K) :=
  xsum n (fun i => xsum D (fun o => (xsum m (fun j => a o j * x j * h i j) + b o - y i o) ^+ 2)).
(* 2 n / v times the penalty *)
Definition xpenalty := xsum n (fun i => xsum m (fun j => xsum D (fun o => a o j ^+ 2) * h i j ^+ 2)).
End Executable.

Section Equal.
Variables (F : fieldType) (m n D : nat) (p : F) (h a y : nat -> nat -> F) (b x : nat -> F).
Notation hh := (fun (i : 'I_n) (j : 'I_m) => h i j).
Notation aa := (fun (o : 'I_D) (j : 'I_m) => a o j).
Notation yy := (fun (i : 'I_n) (o : 'I_D) => y i o).
Theorem xriskE : risk hh aa (fun o => b o) yy (fun j => x j) = (2%:R * n%:R)^-1 * xrisk m n D h a y b x.
Proof.
rewrite /risk /xrisk -xsumE; congr (_ * _); apply: eq_bigr => i _; rewrite -xsumE; apply: eq_bigr => o _.
by rewrite /output -xsumE.
Qed.
Theorem xpenaltyE : penalty p hh aa = v p / (2%:R * n%:R) * xpenalty m n D h a.
Proof.
rewrite /penalty /xpenalty -xsumE; congr (_ * _); apply: eq_bigr => i _; rewrite -xsumE; apply: eq_bigr => j _.
by rewrite -xsumE.
Qed.
End Equal.
