(* An executable form of a step of gradient descent, proved equal to the definition. *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import networks evaluation.
From ProofsCheck.width Require Import exchange.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Descending.
Variables (K : comRingType) (sigma sigma' : K -> K) (m : nat -> nat) (h D : nat) (e1 : (nat -> K) -> nat -> K -> K).
Definition executable_step (th : params K) (eta : K) data : params K := Params
  (fun l i j => wt th l i j - eta * xdrisk sigma sigma' m h D e1 data th (unit_weight K l i j))
  (fun l i => bias th l i - eta * xdrisk sigma sigma' m h D e1 data th (unit_bias K l i)).
Theorem executable_stepE th eta data :
  same (step sigma sigma' m h (by_output (D := D) e1) th (eta, data)) (executable_step th eta data).
Proof. by split=> [l i j|l i] /=; rewrite xdriskE. Qed.
End Descending.
