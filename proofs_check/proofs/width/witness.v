(* A critical point of non-zero residual of the network with widths 1, 1, 2, activation z^2, over the
   integers; the controls of the width claims are computed at it. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From ProofsCheck.common Require Import networks second_order evaluation.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Definition Z := [comRingType of int].
Definition square (z : Z) : Z := z * z.
Definition square' (z : Z) : Z := z + z.
Definition widths112 (l : nat) := nth 0%N [:: 1; 1; 2]%N l.
(* f(x) = (x^2, -x^2): input weight 1, output weights 1 and -1, no bias *)
Definition point : params Z := Params (fun l i j => if (l == 1%N) && (i == 1%N) then - 1 else 1 : Z) (fun _ _ => 0 : Z).
Definition inputs : seq (nat -> Z) := [:: fun _ => - 1 : Z; fun _ => 1 : Z].
(* the gradient of the loss in both outputs is x: as for labels f(x) - x/2 and the square loss *)
Definition residual (x : nat -> Z) (i : nat) (p : Z) : Z := x 0%N.
Definition loss' : (nat -> Z) -> 'rV[Z]_2 -> 'rV[Z]_2 := by_output (D := 2) residual.

Lemma point_critical : critical square square' widths112 1 inputs loss' point.
Proof.
move=> d; rewrite xdriskE /xdrisk /= /residual /xdpre /= /square /square' /xpre /=.
by ring.
Qed.
