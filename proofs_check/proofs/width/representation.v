(* embedding.representation: a compatible embedding keeps, in every layer, the set of functions that the
   neurons compute, up to constants (2111.15527, Definition 4.2 (ii)). *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import networks second_order evaluation.
From ProofsCheck.width Require Import compatible null witness.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

(* a sum that is 1 has a term *)
Lemma term_of_sum (K : comRingType) (n : nat) (P : pred 'I_n) (f : 'I_n -> K) :
  \sum_(i < n | P i) f i = 1 -> exists i, P i.
Proof.
move=> s1; have /existsP[i Pi] : [exists i, P i]; last by exists i.
apply: contraT; rewrite negb_exists => /forallP none; move/eqP: s1.
by rewrite big_pred0 ?[0 == 1]eq_sym ?oner_eq0 // => i; apply/negbTE.
Qed.

Theorem embedding_representation (K : comRingType) (sigma : K -> K) h D m m' I alpha alphab beta bstar th l :
  compatible sigma h D m m' I alpha alphab beta bstar -> (forall l, (l <= h.+1)%N -> (0 < m l)%N) -> (l <= h.+1)%N ->
  (* every wide neuron computes a narrow neuron or a constant *)
  (forall j, (j < m' l)%N ->
     (exists2 s, (s < m l)%N & forall x, feat sigma m' (embed I alpha alphab th) x l j = feat sigma m th x l s) \/
     (exists c, forall x, feat sigma m' (embed I alpha alphab th) x l j = c)) /\
  (* every narrow neuron is computed by a wide one *)
  (forall s, (s < m l)%N ->
     exists2 j, (j < m' l)%N & forall x, feat sigma m' (embed I alpha alphab th) x l j = feat sigma m th x l s).
Proof.
move=> C pos lh; split=> [j jm|s sm].
  case Ij: (I l j) => [s|].
    by left; exists s => [|x]; [exact: (I_lt C lh jm Ij) | rewrite (feat_embed C) // Ij].
  by right; exists (sigma (bstar l j)) => x; rewrite (feat_embed C) // Ij.
case: l lh sm => [|l] lh sm.
  by have [m0 _ _] := widths C; exists s; rewrite ?m0.
have [j /eqP Ij] := term_of_sum (beta_sum C (l := l.+1) lh sm pos).
by exists j => // x; rewrite (feat_embed C) // Ij.
Qed.

(* control: constants cannot be left out.  x^2 is the only feature of the small network; a null neuron is constant *)
Theorem control_embedding_representation : ~ forall (K : comRingType) (sigma : K -> K) h D m m' I alpha alphab beta bstar th l,
  compatible sigma h D m m' I alpha alphab beta bstar -> (forall l, (l <= h.+1)%N -> (0 < m l)%N) -> (l <= h.+1)%N ->
  forall j, (j < m' l)%N ->
    exists2 s, (s < m l)%N & forall x, feat sigma m' (embed I alpha alphab th) x l j = feat sigma m th x l s.
Proof.
move=> H; pose b (l i : nat) := 0 : Z.
have C := @null_compatible Z square 1 2 widths112 widths122 b widths_le erefl erefl erefl.
have pos l : (l <= 2)%N -> (0 < widths112 l)%N by case: l => [|[|[|]]].
have [[|s] // _ E] := H _ _ _ _ _ _ _ _ _ _ _ point 1%N C pos isT 1%N isT.
by have := E (fun _ => 1); rewrite !xfeatE.
Qed.
