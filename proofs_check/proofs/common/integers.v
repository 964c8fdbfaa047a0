(* Networks with integer parameters, written as nested lists, so that the definitions can be evaluated and
   compared with other implementations (`vm_compute` in generated files). *)
From Coq Require Import ZArith.
From mathcomp Require Import all_ssreflect all_algebra ssrZ.
From ProofsCheck.common Require Import networks second_order evaluation.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.
Delimit Scope Z_scope with zz.       (* integer literals are written (3)%zz *)

Definition ZZ : comRingType := ZInstances.Z_comRingType.
(* weights w as layers of rows of entries, biases b as layers of entries *)
Definition listed (w : seq (seq (seq Z))) (b : seq (seq Z)) : params ZZ :=
  @Params ZZ (fun l i j => nth 0%zz (nth [::] (nth [::] w l) i) j) (fun l i => nth 0%zz (nth [::] b l) i).
Definition at_layer (m : seq nat) (l : nat) : nat := nth 0%N m l.
Definition vector (x : seq Z) (i : nat) : Z := nth 0%zz x i.
(* back to lists: the weights and biases that a network of widths m has *)
Definition weights_of (m : nat -> nat) (h : nat) (th : params ZZ) : seq (seq (seq Z)) :=
  [seq [seq [seq (wt th l i j : Z) | j <- iota 0 (m l)] | i <- iota 0 (m l.+1)] | l <- iota 0 h.+1].
Definition biases_of (m : nat -> nat) (h : nat) (th : params ZZ) : seq (seq Z) :=
  [seq [seq (bias th l i : Z) | i <- iota 0 (m l.+1)] | l <- iota 0 h.+1].

(* the activation z^3 *)
Definition cube (z : ZZ) : ZZ := z * z * z.
Definition cube' (z : ZZ) : ZZ := 3%zz * z * z.
Definition cube'' (z : ZZ) : ZZ := 6%zz * z.
(* the square loss sum_i (p_i - y_i)^2; the label stands behind the input in the list of a sample *)
Definition square_loss' (inputs : nat) (x : nat -> Z) (i : nat) (p : ZZ) : ZZ := 2%zz * (p - (x (inputs + i)%N : ZZ)).
Definition square_loss'' (x : nat -> Z) (i : nat) (p q : ZZ) : ZZ := 2%zz * q.

(* what the theorems speak of, by the executable forms that `evaluation` proves equal to the definitions *)
Definition outputs m h D th x : seq Z := [seq (xpre cube m th x h i : Z) | i <- iota 0 D].
Definition derivatives m h D th d x : seq Z := [seq (xdpre cube cube' m th d x h i : Z) | i <- iota 0 D].
Definition slope m h D data th d : Z := xdrisk cube cube' m h D (square_loss' (m 0%N)) data th d.
Definition curvature m h D data th d1 d2 : Z :=
  xhess cube cube' cube'' m h D data (square_loss' (m 0%N)) square_loss'' th d1 d2.
