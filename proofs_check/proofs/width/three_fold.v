(* Three-fold global splitting (2111.15527, Example 5.1): three copies of the whole hidden part side by
   side, with the output weights W, W and -W. *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import networks second_order evaluation.
From ProofsCheck.width Require Import compatible witness.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section ThreeFold.
Variable K : comRingType.
Variables (h D : nat) (m : nat -> nat).
Definition hidden l := (0 < l <= h)%N.
Definition three_width l := (if hidden l then m l + m l + m l else m l)%N.
Definition block l j := if hidden l then (j %/ m l)%N else 0%N.    (* the copy to which neuron j belongs *)
Definition inside l j := if hidden l then (j %% m l)%N else j.     (* the neuron of which it is a copy *)
Definition sign (b : nat) : K := if b == 2%N then - 1 else 1.

(* the three copies, with output weights multiplied by sg 0, sg 1, sg 2 *)
Definition tripling (sg : nat -> K) (th : params K) := Params
  (fun l i j => if l == h then sg (block l j) * wt th l i (inside l j)
                else if (l == 0%N) || (block l.+1 i == block l j) then wt th l (inside l.+1 i) (inside l j)
                else 0)
  (fun l i => bias th l (inside l.+1 i)).
Definition three_fold := tripling sign.

Variables (sigma sigma' : K -> K).
Hypotheses (h0 : (0 < h)%N) (mD : m h.+1 = D) (pos : forall l, (0 < m l)%N).
Definition three_map (l j : nat) := Some (inside l j).
Definition three_beta l j : K := sign (block l j).
Definition three_alpha l i j : K :=
  if l == h then three_beta l j else if l == 0%N then 1 else (block l.+1 i == block l j)%:R.

Lemma three_sum l (F : nat -> K) k : (k < m l)%N ->
  \sum_(j < three_width l | three_map l j == Some (k : nat)) F j
  = if hidden l then F k + F (m l + k)%N + F (m l + m l + k)%N else F k.
Proof.
move=> km; rewrite /three_width /three_map /inside; case: (hidden l); last first.
  by rewrite (big_pred1 (Ordinal km)) // => j /=; rewrite -val_eqE.
have one (c : nat) : \sum_(j < m l | Some ((c * m l + j) %% m l)%N == Some k) F (c * m l + j)%N = F (c * m l + k)%N.
  rewrite (big_pred1 (Ordinal km)) // => j /=.
  by rewrite modnMDl (modn_small (ltn_ord j)) -val_eqE.
have o1 := one 1%N; have o2 := one 2%N; rewrite mul1n in o1; rewrite mul2n -addnn in o2.
by rewrite !big_split_ord /= -o1 -o2; congr (_ + _ + _); apply: (one 0%N).
Qed.

Theorem three_fold_compatible : compatible sigma h D m three_width three_map
  three_alpha (fun _ _ => 0) three_beta (fun _ _ => 0).
Proof.
have hid0 : hidden 0 = false by [].
have hidh : hidden h.+1 = false by rewrite /hidden ltnn andbF.
have blk l k c : (k < m l)%N -> ((c * m l + k) %/ m l)%N = c.
  by move=> km; rewrite divnMDl // divn_small // addn0.
have blks l k : (k < m l)%N -> hidden l ->
   [/\ block l k = 0, block l (m l + k) = 1 & block l (m l + m l + k) = 2]%N.
  move=> km hl; rewrite /block hl; have := (blk l k 0 km, blk l k 1 km, blk l k 2 km)%N.
  by rewrite mul0n mul1n mul2n -addnn => -[[-> ->] ->].
split.
- by rewrite /three_width hid0 hidh mD.
- by move=> j; rewrite /three_map /inside hid0.
- by move=> j; rewrite /three_map /inside hidh.
- move=> l j s lh; rewrite /three_width /three_map /inside; case: (hidden l) => [_ [<-]|jm [<-]] //.
  by rewrite ltn_mod.
- move=> l i k lh im km; rewrite (three_sum (three_alpha l i)) //; case hl: (hidden l); last first.
    have l0 : l = 0%N by move: hl; rewrite /hidden lh andbT lt0n => /negbFE /eqP.
    by rewrite /three_alpha l0 eq_sym (gtn_eqF h0).
  have [b0 b1 b2] := blks l k km hl; rewrite /three_alpha /three_beta /sign b0 b1 b2 /=.
  case: (altP (l =P h)) => [_|lh']; first by rewrite addrK.
  have l0 : (l == 0%N) = false by apply: gtn_eqF; case/andP: hl.
  rewrite l0; have hl' : hidden l.+1 by rewrite /hidden /= ltn_neqAle lh'.
  rewrite /block hl'; have : (i %/ m l.+1 < 3)%N.
    rewrite ltn_divLR //; move: im; rewrite /three_width hl'.
    by rewrite mulSn mul2n -addnn addnA.
  by case: (i %/ m l.+1)%N => [|[|[|]]] //= _; rewrite ?addr0 ?add0r.
- move=> l j k /andP[l0 lh] jm km.
  rewrite (three_sum (fun i => three_beta l.+1 i * three_alpha l i j)) //.
  have l0' : (l == 0%N) = false by apply: gtn_eqF.
  rewrite {1}/three_map /three_alpha l0'; case: (altP (l =P h)) => [e|ne].
    have -> : hidden l.+1 = false by rewrite e.
    by rewrite {1}/three_beta /block e hidh mul1r.
  have hl' : hidden l.+1 by rewrite /hidden /= ltn_neqAle ne.
  have hl : hidden l by rewrite /hidden l0 lh.
  have [b0 b1 b2] := blks l.+1 k km hl'; rewrite hl' {1 2 3}/three_beta /sign b0 b1 b2 /= !mul1r.
  rewrite /three_beta /sign; have : (block l j < 3)%N.
    rewrite /block hl ltn_divLR //; move: jm; rewrite /three_width hl.
    by rewrite mulSn mul2n -addnn addnA.
  by case: (block l j) => [|[|[|]]] //= _; rewrite ?mulr0 ?mulr1 ?addr0 ?add0r.
- by move=> l i lh im; rewrite big1 ?addr0.
- by move=> i; rewrite /three_beta /block hidh.
Qed.

Lemma three_fold_embed th : same (three_fold th) (embed three_map three_alpha (fun _ _ => 0) th).
Proof.
split=> [l i j|l i] /=; last by rewrite add0r.
rewrite /three_alpha /three_beta; case: (altP (l =P h)) => [->|ne].
  by rewrite /inside /hidden ltnn andbF.
case: (altP (l =P 0%N)) => [_|_] /=; first by rewrite mul1r.
by case: (_ == _); rewrite ?mul1r ?mul0r.
Qed.

(* embedding.three-fold-global: outputs and criticality are kept, for every loss and all data *)
Theorem embedding_three_fold_global th :
  (forall x, net sigma three_width h D (three_fold th) x = net sigma m h D th x) /\
  (forall data (e : _ -> 'rV[K]_D -> 'rV[K]_D), critical sigma sigma' m h data e th ->
     critical sigma sigma' three_width h data e (three_fold th)).
Proof.
have E := three_fold_embed th; split=> [x|data e crit d].
  by rewrite (net_same _ _ _ _ _ E) (embedding_compatible_output three_fold_compatible).
rewrite (@drisk_same _ _ _ _ _ _ _ _ _ _ d d E) //.
exact: (embedding_compatible_criticality three_fold_compatible crit).
Qed.
End ThreeFold.

(* control: all three copies with the same sign *)
Theorem control_embedding_three_fold_global : ~ forall (K : comRingType) h D (m : nat -> nat) (sigma : K -> K),
  (0 < h)%N -> m h.+1 = D -> (forall l, (0 < m l)%N) -> forall th x,
  net sigma (three_width h m) h D (tripling h m (fun _ => 1) th) x = net sigma m h D th x.
Proof.
move=> H; pose m (l : nat) := 1%N.
have /rowP/(_ 0) := H Z 1%N 1%N m square isT erefl (fun _ => isT) point (fun _ => 1).
by rewrite !xnetE.
Qed.
