(* Compatible embeddings of a network into a wider one (2111.15527, Definition 5.1), for every depth, all
   widths, every activation, every loss and every data set: outputs, gradients, criticality, tangent
   spaces.  One-step splittings, null embeddings and their mixtures are instances. *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import networks.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Compatible.
Variable K : comRingType.
Variables sigma sigma' : K -> K.
Variables (h D : nat) (m m' : nat -> nat).    (* narrow and wide widths *)
Variable I : nat -> nat -> option nat.        (* I l j: the narrow neuron that j copies, None if j is null *)
Variables (alpha : nat -> nat -> nat -> K)    (* weight multipliers *)
          (alphab : nat -> nat -> K)          (* bias corrections *)
          (beta : nat -> nat -> K)            (* multipliers of the error vectors *)
          (bstar : nat -> nat -> K).          (* effective biases of the null neurons *)

Record compatible : Prop := Compatible {
  widths : [/\ m' 0 = m 0, m h.+1 = D & m' h.+1 = D]%N;
  I_in   : forall j, I 0 j = Some j;
  I_out  : forall j, I h.+1 j = Some j;
  I_lt   : forall l j s, (l <= h.+1)%N -> (j < m' l)%N -> I l j = Some s -> (s < m l)%N;
  fwd    : forall l i s, (l <= h)%N -> (i < m' l.+1)%N -> (s < m l)%N ->
    \sum_(j < m' l | I l j == Some (s : nat)) alpha l i j = if I l.+1 i is Some _ then 1 else 0;
  bwd    : forall l j k, (0 < l <= h)%N -> (j < m' l)%N -> (k < m l.+1)%N ->
    \sum_(i < m' l.+1 | I l.+1 i == Some (k : nat)) beta l.+1 i * alpha l i j
      = if I l j is Some _ then beta l j else 0;
  fwd_b  : forall l i, (l <= h)%N -> (i < m' l.+1)%N ->
    \sum_(j < m' l | I l j == None) alpha l i j * sigma (bstar l j) + alphab l i
      = if I l.+1 i is Some _ then 0 else bstar l.+1 i;
  beta_1 : forall i, beta h.+1 i = 1 }.

(* The embedding T (affine) and its linear part A *)
Definition embed (th : params K) := Params
  (fun l i j => if (I l.+1 i, I l j) is (Some k, Some s) then alpha l i j * wt th l k s else alpha l i j)
  (fun l i => alphab l i + if I l.+1 i is Some k then bias th l k else 0).
Definition lin (d : params K) := Params
  (fun l i j => if (I l.+1 i, I l j) is (Some k, Some s) then alpha l i j * wt d l k s else 0)
  (fun l i => if I l.+1 i is Some k then bias d l k else 0).

(* M^T: a wide direction seen by the narrow network *)
Definition pull (d : params K) := Params
  (fun l k s => \sum_(i < m' l.+1 | I l.+1 i == Some k)
                  \sum_(j < m' l | I l j == Some s) beta l.+1 i * wt d l i j)
  (fun l k => \sum_(i < m' l.+1 | I l.+1 i == Some k)
                beta l.+1 i * (\sum_(j < m' l | I l j == None) wt d l i j * sigma (bstar l j) + bias d l i)).

Hypothesis C : compatible.

Lemma by_image l (F : nat -> K) : (l <= h.+1)%N ->
  \sum_(j < m' l) F j = \sum_(s < m l) \sum_(j < m' l | I l j == Some (s : nat)) F j
                        + \sum_(j < m' l | I l j == None) F j.
Proof.
move=> lh; rewrite (bigID (fun j : 'I_(m' l) => I l j == None)) /= addrC; congr (_ + _).
rewrite (exchange_big_dep (fun j : 'I_(m' l) => I l j != None)) /=; last first.
  by move=> s j _ /eqP->.
apply: eq_bigr => j; case Ij: (I l j) => [s|] // _.
have lt_s := I_lt C lh (ltn_ord j) Ij.
by rewrite (big_pred1 (Ordinal lt_s)) // => k /=; rewrite -val_eqE /= eq_sym; apply/eqP/eqP => [[]|->].
Qed.

Section Point.
Variables (th : params K) (x : nat -> K).
Notation th' := (embed th).

(* the wide neuron j computes the narrow neuron I l j, or the constant sigma (bstar l j) *)
Lemma pre_embed l i : (l <= h)%N -> (i < m' l.+1)%N ->
  (forall j, (j < m' l)%N -> feat sigma m' th' x l j =
     if I l j is Some s then feat sigma m th x l s else sigma (bstar l j)) ->
  pre sigma m' th' x l i = if I l.+1 i is Some k then pre sigma m th x l k else bstar l.+1 i.
Proof.
move=> lh im IH; have fb := fwd_b C lh im.
rewrite /pre (by_image (fun j => wt th' l i j * feat sigma m' th' x l j)) ?leqW //= [in X in _ + X + _](eq_bigr (fun j : 'I_(m' l) => alpha l i j * sigma (bstar l j))).
  rewrite (eq_bigr (fun s : 'I_(m l) => (\sum_(j < m' l | I l j == Some (s : nat)) alpha l i j) *
      ((if I l.+1 i is Some k then wt th l k s else 1) * feat sigma m th x l s))).
    have ff s := fwd C lh im (ltn_ord s).
    case Ii: (I l.+1 i) fb ff => [k|] fb ff.
      rewrite (eq_bigr (fun s : 'I_(m l) => wt th l k s * feat sigma m th x l s)) => [|s _].
        by rewrite addrA -[X in X + bias _ _ _]addrA fb addr0.
      by rewrite ff mul1r.
    rewrite big1 => [|s _]; first by rewrite add0r addr0 fb.
    by rewrite ff mul0r.
  move=> s _; rewrite big_distrl /=; apply: eq_bigr => j /eqP Ij; rewrite IH // Ij.
  by case: (I l.+1 i) => [k|]; rewrite ?mulrA ?mulr1.
by move=> j /eqP Ij; rewrite IH // Ij; case: (I l.+1 i).
Qed.

Lemma feat_embed l j : (l <= h.+1)%N -> (j < m' l)%N ->
  feat sigma m' th' x l j = if I l j is Some s then feat sigma m th x l s else sigma (bstar l j).
Proof.
elim: l j => [|l IH] j lh jm; first by rewrite (I_in C).
rewrite featS (pre_embed _ jm) //; last by move=> i; apply: IH; apply: ltnW.
by case: (I l.+1 j).
Qed.

Theorem embedding_compatible_output : net sigma m' h D th' x = net sigma m h D th x.
Proof.
have [_ _ mD] := widths C; apply/rowP => i; rewrite !mxE pre_embed ?mD //; first by rewrite (I_out C).
by move=> j; apply: feat_embed.
Qed.

Variable d : params K.
Notation d0 := (pull d).

Lemma dpre_embed l k : (l <= h)%N -> (k < m l.+1)%N ->
  (forall s, (s < m l)%N -> \sum_(j < m' l | I l j == Some s) beta l j * dfeat sigma sigma' m' th' d x l j
     = dfeat sigma sigma' m th d0 x l s) ->
  (l = 0%N -> forall j, dfeat sigma sigma' m' th' d x l j = 0) ->
  \sum_(i < m' l.+1 | I l.+1 i == Some k) beta l.+1 i * dpre sigma sigma' m' th' d x l i
    = dpre sigma sigma' m th d0 x l k.
Proof.
move=> lh km IH IH0; rewrite /dpre.
under eq_bigr => i /eqP Ii do rewrite big_split /= mulrDr mulrDr.
rewrite !big_split /=.
under [X in _ = _ + X]eq_bigr => i _ do rewrite mulrDr.
rewrite [X in _ = _ + X]big_split /=.
rewrite [RHS]addrA; congr (_ + _).
rewrite [RHS]addrAC; congr (_ + _).
  (* directions of weights and the features they multiply *)
  transitivity (\sum_(i < m' l.+1 | I l.+1 i == Some k)
     (\sum_(s < m l) (\sum_(j < m' l | I l j == Some (s : nat)) beta l.+1 i * wt d l i j) * feat sigma m th x l s
      + beta l.+1 i * (\sum_(j < m' l | I l j == None) wt d l i j * sigma (bstar l j)))).
    apply: eq_bigr => i _; rewrite (by_image (fun j => wt d l i j * feat sigma m' th' x l j)) ?leqW // mulrDr; congr (_ + _ * _).
      rewrite big_distrr /=; apply: eq_bigr => s _; rewrite big_distrl big_distrr /=.
      by apply: eq_bigr => j /eqP Ij; rewrite feat_embed ?leqW // Ij mulrA.
    by apply: eq_bigr => j /eqP Ij; rewrite feat_embed ?leqW // Ij.
  rewrite big_split /=; congr (_ + _); rewrite exchange_big /=; apply: eq_bigr => s _.
  by rewrite big_distrl.
(* weights and the derivatives of the features *)
under eq_bigr => i _ do rewrite big_distrr /=.
rewrite exchange_big /= (by_image (fun j => \sum_(i < m' l.+1 | I l.+1 i == Some k)
  beta l.+1 i * (wt th' l i j * dfeat sigma sigma' m' th' d x l j))) ?leqW //= [X in _ + X]big1 ?addr0; last first.
  move=> j /eqP Ij; case: (posnP l) => [l0|lp]; first by rewrite big1 // => i _; rewrite IH0 // !mulr0.
  transitivity ((\sum_(i < m' l.+1 | I l.+1 i == Some k) beta l.+1 i * alpha l i j) * dfeat sigma sigma' m' th' d x l j).
    by rewrite big_distrl; apply: eq_bigr => i /eqP Ii; rewrite Ii Ij mulrA.
  by rewrite (bwd C) ?lp ?lh // Ij mul0r.
apply: eq_bigr => s _; rewrite -IH // big_distrr /=; apply: eq_bigr => j /eqP Ij.
case: (posnP l) => [l0|lp]; first by rewrite big1 ?IH0 ?mulr0 // => i _; rewrite !mulr0.
transitivity ((\sum_(i < m' l.+1 | I l.+1 i == Some k) beta l.+1 i * alpha l i j) *
   (wt th l k s * dfeat sigma sigma' m' th' d x l j)).
  by rewrite big_distrl; apply: eq_bigr => i /eqP Ii; rewrite /= Ii Ij !mulrA.
by rewrite (bwd C) ?lp ?lh // Ij mulrCA.
Qed.

Lemma dfeat_embed l k : (l <= h.+1)%N -> (k < m l)%N ->
  \sum_(i < m' l | I l i == Some k) beta l i * dfeat sigma sigma' m' th' d x l i
    = dfeat sigma sigma' m th d0 x l k.
Proof.
elim: l k => [|l IH] k lh km; first by rewrite big1 // => i _; rewrite mulr0.
rewrite dfeatS -dpre_embed //; [|by move=> s; apply: IH; apply: ltnW|by move=> ->].
rewrite big_distrr; apply: eq_bigr => i /eqP Ii.
rewrite dfeatS pre_embed //; last by move=> j jm; apply: feat_embed => //; exact: ltnW.
by rewrite Ii [LHS]mulrCA.
Qed.

Lemma derivative_image : dnet sigma sigma' m' h D th' d x = dnet sigma sigma' m h D th d0 x.
Proof.
have [_ mD m'D] := widths C; apply/rowP => k; rewrite !mxE -dpre_embed //; first last.
- by case: (h).
- by move=> s sm; apply: dfeat_embed.
- by rewrite mD.
have km : (k < m' h.+1)%N by rewrite m'D.
rewrite (big_pred1 (Ordinal km)) /= ?(beta_1 C) ?mul1r // => i /=.
by rewrite (I_out C) -val_eqE.
Qed.
End Point.

(* <grad R(T th), d> = <grad R(th), M^T d> at every point, for every loss and every data set *)
Theorem embedding_compatible_gradient_image data (e : _ -> 'rV[K]_D -> 'rV[K]_D) th d :
  drisk sigma sigma' m' h data e (embed th) d = drisk sigma sigma' m h data e th (pull d).
Proof. by apply: eq_bigr => x _; rewrite embedding_compatible_output derivative_image. Qed.

Corollary embedding_compatible_criticality data (e : _ -> 'rV[K]_D -> 'rV[K]_D) th :
  critical sigma sigma' m h data e th -> critical sigma sigma' m' h data e (embed th).
Proof. by move=> crit d; rewrite embedding_compatible_gradient_image crit. Qed.

Lemma tangent_sub th (f : _ -> 'rV[K]_D) : tangent sigma sigma' m' h (embed th) f -> tangent sigma sigma' m h th f.
Proof. by move=> [d fd]; exists (pull d) => x; rewrite fd derivative_image. Qed.

(* the multipliers beta of the copies of one neuron sum to 1 *)
Lemma beta_sum l s : (0 < l <= h.+1)%N -> (s < m l)%N -> (forall l', (l' <= h.+1)%N -> (0 < m l')%N) ->
  \sum_(j < m' l | I l j == Some s) beta l j = 1.
Proof.
move=> lh sm pos; have [n ln] : exists n, (l + n = h.+1)%N by exists (h.+1 - l)%N; rewrite subnKC // (andP lh).2.
elim: n l s lh sm ln => [|n IH] l s lh sm ln.
  rewrite addn0 in ln; subst l; have [_ mD m'D] := widths C.
  have sm' : (s < m' h.+1)%N by rewrite m'D -mD.
  by rewrite (big_pred1 (Ordinal sm')) /= ?(beta_1 C) // => i /=; rewrite (I_out C) -val_eqE.
have lh' : (0 < l <= h)%N by rewrite (andP lh).1 -ltnS -ln addnS ltnS leq_addr.
have k0 : (0 < m l.+1)%N by apply: pos; rewrite ltnS; case/andP: lh'.
have lh2 : (0 < l.+1 <= h.+1)%N by rewrite ltnS; case/andP: lh'.
have lnS : (l.+1 + n = h.+1)%N by rewrite addSnnS.
rewrite -(IH l.+1 0%N lh2 k0 lnS).
rewrite (eq_bigr (fun j : 'I_(m' l) => \sum_(i < m' l.+1 | I l.+1 i == Some 0%N) beta l.+1 i * alpha l i j)); last first.
  by move=> j /eqP Ij; rewrite (bwd C lh' (ltn_ord j) k0) Ij.
rewrite exchange_big /=; apply: eq_bigr => i /eqP Ii; rewrite -big_distrr /=.
by rewrite (fwd C (andP lh').2 (ltn_ord i) sm) Ii mulr1.
Qed.

(* A^T M = I, in the dual form M^T A = I, on the weights and biases that exist *)
Hypothesis nonempty : forall l, (l <= h.+1)%N -> (0 < m l)%N.

Lemma pull_lin_wt d l k s : (l <= h)%N -> (k < m l.+1)%N -> (s < m l)%N ->
  wt (pull (lin d)) l k s = wt d l k s.
Proof.
move=> lh km sm /=; rewrite -[RHS]mul1r -(@beta_sum l.+1 k) // big_distrl /=.
apply: eq_bigr => i /eqP Ii; have := fwd C lh (ltn_ord i) sm; rewrite Ii => f1.
rewrite -[RHS]mul1r -f1 big_distrl /=; apply: eq_bigr => j /eqP Ij.
by rewrite Ij mulrCA.
Qed.

Lemma pull_lin_bias d l k : (l <= h)%N -> (k < m l.+1)%N ->
  bias (pull (lin d)) l k = bias d l k.
Proof.
move=> lh km /=; rewrite -[RHS]mul1r -(@beta_sum l.+1 k) // big_distrl /=.
apply: eq_bigr => i /eqP Ii; rewrite Ii big1 ?add0r // => j /eqP Ij.
by rewrite Ij mul0r.
Qed.

Lemma dfeat_ext (th d d2 : params K) x :
  (forall l k s, (l <= h)%N -> (k < m l.+1)%N -> (s < m l)%N -> wt d l k s = wt d2 l k s) ->
  (forall l k, (l <= h)%N -> (k < m l.+1)%N -> bias d l k = bias d2 l k) ->
  forall l k, (l <= h)%N -> (k < m l.+1)%N ->
  dpre sigma sigma' m th d x l k = dpre sigma sigma' m th d2 x l k.
Proof.
move=> ew eb; elim=> [|l IH] k lh km; rewrite /dpre eb //; congr (_ + _); apply: eq_bigr => s _.
  by rewrite ew.
by rewrite ew // !dfeatS IH // ltnW.
Qed.

Corollary derivative_lin th d x :
  dnet sigma sigma' m' h D (embed th) (lin d) x = dnet sigma sigma' m h D th d x.
Proof.
have [_ mD _] := widths C; rewrite derivative_image; apply/rowP => i; rewrite !mxE.
by apply: dfeat_ext; [exact: pull_lin_wt | exact: pull_lin_bias | | rewrite mD].
Qed.

(* the tangent space of the wide network at T th is that of the narrow network at th;
   hence so are their dimensions, the model ranks *)
Corollary embedding_compatible_tangent_space th (f : _ -> 'rV[K]_D) :
  tangent sigma sigma' m' h (embed th) f <-> tangent sigma sigma' m h th f.
Proof.
split; first exact: tangent_sub.
by move=> [d fd]; exists (lin d) => x; rewrite fd derivative_lin.
Qed.
End Compatible.

