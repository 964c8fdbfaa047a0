(* embedding.compatible.criticality: all that a compatible embedding keeps to first order, in one statement
   (2111.15527, Definition 5.1 and Theorem 5.1), for every depth, all widths, every activation, loss and data set. *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import networks second_order evaluation.
From ProofsCheck.width Require Import compatible null witness pulling.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Theorem embedding_first_order (K : comRingType) (sigma sigma' : K -> K) h D m m' I alpha alphab beta bstar :
  compatible sigma h D m m' I alpha alphab beta bstar ->
  let T := embed I alpha alphab in let Mt := pull sigma m' I beta bstar in let A := lin I alpha in
  (* the output *)
  (forall th x, net sigma m' h D (T th) x = net sigma m h D th x) /\
  (* <grad R(T th), d> = <grad R(th), M^T d> *)
  (forall data (e : _ -> 'rV[K]_D -> 'rV[K]_D) th d,
    drisk sigma sigma' m' h data e (T th) d = drisk sigma sigma' m h data e th (Mt d)) /\
  (* M^T A = I, on the weights and biases that exist *)
  ((forall l, (l <= h.+1)%N -> (0 < m l)%N) -> forall d l k, (l <= h)%N -> (k < m l.+1)%N ->
    (forall s, (s < m l)%N -> wt (Mt (A d)) l k s = wt d l k s) /\ bias (Mt (A d)) l k = bias d l k).
Proof.
move=> C T Mt A; split; [|split].
- by move=> th x; apply: (embedding_compatible_output C).
- by move=> data e th d; apply: (embedding_compatible_gradient_image sigma' C).
by move=> pos d l k lh km; split=> [s sm|]; [apply: (pull_lin_wt C) | apply: (pull_lin_bias C)].
Qed.

(* ---- control ---- *)

(* the constants of null neurons forgotten in M: false where one has the bias 1 *)
Theorem control_embedding_first_order : ~ forall (K : comRingType) (sigma sigma' : K -> K) h D m m' I alpha alphab beta bstar,
  compatible sigma h D m m' I alpha alphab beta bstar -> forall data (e : _ -> 'rV[K]_D -> 'rV[K]_D) th d,
  drisk sigma sigma' m' h data e (embed I alpha alphab th) d =
  drisk sigma sigma' m h data e th (pull sigma m' I beta (fun _ _ => 0) d).
Proof.
move=> H; pose b (l i : nat) := 1 : Z.
have C := @null_compatible Z square 1 2 widths112 widths122 b widths_le erefl erefl erefl.
pose d := Params (fun l i j => if (l == 1%N) && (i == 0%N) && (j == 1%N) then 1 else 0 : Z) (fun _ _ => 0).
have := H _ square square' _ _ _ _ _ _ _ _ _ C [:: fun _ => 1 : Z] loss' point d.
have same_point : same point point by split.
rewrite (drisk_same _ _ _ _ _ _ same_point (executable_pullE _ _ _ _ _ _)) !xdriskE.
by [].
Qed.
