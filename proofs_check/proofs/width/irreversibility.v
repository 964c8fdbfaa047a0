(* Second order of compatible embeddings: what the Hessian of the wide network is on embedded directions,
   and that no eigenvalue count falls (2111.15527, Theorem 6.2), for every depth, widths, loss and data. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From ProofsCheck.common Require Import networks second_order evaluation.
From ProofsCheck.width Require Import compatible null.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Hessian.
Variables (F : comRingType) (sigma sigma' sigma'' : F -> F) (h D : nat).
Variables (data : seq (nat -> F)) (e : (nat -> F) -> 'rV[F]_D -> 'rV[F]_D)
          (de : (nat -> F) -> 'rV[F]_D -> 'rV[F]_D -> 'rV[F]_D).
Notation hess := (hess sigma sigma' sigma'' h data e de).
Notation sigma_d := (sigma_d sigma sigma').
Notation sigma_d' := (sigma_d' sigma' sigma'').
Notation e_d := (e_d e de).
Notation data_d := (data_d data).
Variables (m m' : nat -> nat) (I : nat -> nat -> option nat) (alpha : nat -> nat -> nat -> F)
  (alphab beta bstar : nat -> nat -> F).
Hypothesis C : compatible sigma h D m m' I alpha alphab beta bstar.
Hypothesis nonempty : forall l, (l <= h.+1)%N -> (0 < m l)%N.
Notation T := (embed I alpha alphab).
Notation A := (lin I alpha).
Notation Mt := (pull sigma m' I beta bstar).

Lemma compatible_d : compatible sigma_d h D m m' I (fun l i j => pure (alpha l i j))
  (fun l i => pure (alphab l i)) (fun l i => pure (beta l i)) (fun l i => pure (bstar l i)).
Proof.
case: C => w i o lt f b fb b1; split=> //.
- by move=> l k s lh km sm; rewrite -pure_sum f //; case: (I l.+1 k).
- move=> l j k lh jm km; under eq_bigr => t _ do rewrite -pureM.
  by rewrite -pure_sum b //; case: (I l j).
- move=> l k lh km; under eq_bigr => t _ do rewrite sigma_d_pure -pureM.
  by rewrite -pure_sum -pureD fb //; case: (I l.+1 k).
- by move=> k; rewrite b1.
Qed.

(* H_wide(T th) A = M H_narrow(th), at every point *)
Theorem embedding_compatible_hessian_image th d1 d2 : hess m' (T th) (A d1) d2 = hess m th d1 (Mt d2).
Proof.
rewrite /hess; congr (_.2).
transitivity (drisk sigma_d sigma_d' m' h data_d e_d
  (embed I (fun l i j => pure (alpha l i j)) (fun l i => pure (alphab l i)) (along th d1)) (fixed d2)).
  refine (@drisk_same (dual_comRingType F) _ _ _ _ _ _ _ _ _ _ _ _ _); split=> [l i j|l i] //=.
    by case: (I l.+1 i) => [k|] //; case: (I l j) => [s|] //; rewrite pure_mul.
  case: (I l.+1 i) => [k|]; last by rewrite !addr0.
  by rewrite /pure; congr (_, _); rewrite /= add0r.
rewrite (embedding_compatible_gradient_image sigma_d' compatible_d).
refine (@drisk_same (dual_comRingType F) _ _ _ _ _ _ _ _ _ _ _ _ _); split=> // [l k s|l k] /=.
  rewrite pure_sum; apply: eq_bigr => i _; rewrite pure_sum; apply: eq_bigr => j _.
  by rewrite pureM.
rewrite pure_sum; apply: eq_bigr => i _; rewrite pureM pureD pure_sum; congr (_ * (_ + _)).
by apply: eq_bigr => j _; rewrite pureM sigma_d_pure.
Qed.

(* A^T H_wide(T th) A = H_narrow(th), at every point *)
Theorem embedding_compatible_congruence th d1 d2 : hess m' (T th) (A d1) (A d2) = hess m th d1 d2.
Proof.
have [_ mD _] := widths C; rewrite embedding_compatible_hessian_image /hess; congr (_.2); apply: eq_bigr => x _.
apply: eq_bigr => i _; congr (@GRing.mul (dual_ringType F) _ _); rewrite !mxE.
apply: (@dfeat_ext (dual_comRingType F) _ _ h); rewrite ?mD //.
  by move=> l k s lh km sm; rewrite [LHS](congr1 _ (pull_lin_wt C nonempty d2 lh km sm)).
by move=> l k lh km; rewrite [LHS](congr1 _ (pull_lin_bias C nonempty d2 lh km)).
Qed.

End Hessian.

(* ---- irreversibility of the inertia, for every depth, width and compatible embedding ---- *)
Section Inertia.
Variables (F : realFieldType) (sigma sigma' sigma'' : F -> F) (h D : nat).
Variables (data : seq (nat -> F)) (e : (nat -> F) -> 'rV[F]_D -> 'rV[F]_D)
          (de : (nat -> F) -> 'rV[F]_D -> 'rV[F]_D -> 'rV[F]_D).
Notation hess := (hess sigma sigma' sigma'' h data e de).
Definition combo k (Ds : 'I_k -> params F) (v : 'rV[F]_k) := mix (fun t => v 0 t) Ds.
(* n_- >= k, n_+ >= k, n_0 >= k: k directions such that every nontrivial combination ... *)
Definition n_neg m th k := exists Ds : 'I_k -> params F, forall v, v != 0 -> hess m th (combo Ds v) (combo Ds v) < 0.
Definition n_pos m th k := exists Ds : 'I_k -> params F, forall v, v != 0 -> 0 < hess m th (combo Ds v) (combo Ds v).
Definition nontrivial (m : nat -> nat) (d : params F) :=   (* some existing weight or bias moves *)
  (exists l i j, [/\ (l <= h)%N, (i < m l.+1)%N, (j < m l)%N & wt d l i j != 0]) \/
  (exists l i, [/\ (l <= h)%N, (i < m l.+1)%N & bias d l i != 0]).
Definition n_zero m th k := exists Ds : 'I_k -> params F, forall v, v != 0 ->
  nontrivial m (combo Ds v) /\ forall d, hess m th (combo Ds v) d = 0.

Variables (m m' : nat -> nat) (I : nat -> nat -> option nat) (alpha : nat -> nat -> nat -> F)
  (alphab beta bstar : nat -> nat -> F).
Hypothesis C : compatible sigma h D m m' I alpha alphab beta bstar.
Hypothesis nonempty : forall l, (l <= h.+1)%N -> (0 < m l)%N.
Notation T := (embed I alpha alphab).
Notation A := (lin I alpha).

Lemma combo_lin k (Ds : 'I_k -> params F) v : same (combo (fun t => A (Ds t)) v) (A (combo Ds v)).
Proof.
split=> [l i j|l i] /=; last by case: (I l.+1 i) => [t|] //; rewrite big1 // => t _; rewrite mulr0.
case: (I l.+1 i) => [t|]; last by rewrite big1 // => t _; rewrite mulr0.
case: (I l j) => [s|]; last by rewrite big1 // => u _; rewrite mulr0.
by rewrite big_distrr /=; apply: eq_bigr => u _; rewrite mulrCA.
Qed.

Lemma some_term (n : nat) (P : pred 'I_n) (f : 'I_n -> F) :
  \sum_(i < n | P i) f i = 1 -> exists2 i, P i & f i != 0.
Proof.
move=> s1; have /existsP[i /andP[]] : [exists i, P i && (f i != 0)]; last by exists i.
apply: contraT; rewrite negb_exists => /forallP none; move/eqP: s1.
rewrite big1 => [|i Pi]; [by rewrite eq_sym oner_eq0 | apply/eqP].
by have := none i; rewrite Pi /= negbK.
Qed.

Lemma nontrivial_lin d : nontrivial m d -> nontrivial m' (A d).
Proof.
case=> [[l [k [s [lh km sm ne]]]]|[l [k [lh km ne]]]].
  have [i /eqP Ii _] := some_term (beta_sum C (l := l.+1) lh km nonempty).
  have := fwd C lh (ltn_ord i) sm; rewrite Ii => /some_term[j /eqP Ij aj].
  by left; exists l, i, j; rewrite /= Ii Ij mulf_neq0.
have [i /eqP Ii _] := some_term (beta_sum C (l := l.+1) lh km nonempty).
by right; exists l, i; rewrite /= Ii.
Qed.

Theorem embedding_irreversibility th k :
  [/\ n_neg m th k -> n_neg m' (T th) k, n_pos m th k -> n_pos m' (T th) k
     & n_zero m th k -> n_zero m' (T th) k].
Proof.
have cong (Ds : 'I_k -> params F) v : hess m' (T th) (combo (fun t => A (Ds t)) v) (combo (fun t => A (Ds t)) v)
    = hess m th (combo Ds v) (combo Ds v).
  rewrite (hess_same sigma sigma' sigma'' h data e de m' (T th) (combo_lin Ds v) (combo_lin Ds v)).
  exact: (embedding_compatible_congruence sigma' sigma'' data e de C nonempty th (combo Ds v) (combo Ds v)).
split=> -[Ds Q]; exists (fun t => A (Ds t)) => v v0; rewrite ?cong; try exact: Q.
have [nt ker] := Q v v0; split=> [|d].
  have [E1 E2] := combo_lin Ds v; case: (nontrivial_lin nt) => [[l [i [j [lh im jm ne]]]]|[l [i [lh im ne]]]].
    by left; exists l, i, j; rewrite E1.
  by right; exists l, i; rewrite E2.
have same_d : same d d by split.
rewrite (hess_same sigma sigma' sigma'' h data e de m' (T th) (combo_lin Ds v) same_d).
by rewrite (embedding_compatible_hessian_image sigma' sigma'' data e de C th (combo Ds v) d) ker.
Qed.
End Inertia.


(* control: the counts are not kept exactly.  f(x) = v (w x + b)^2 + c at v = w = b = c = 0 has the Hessian 0;
   a null neuron with bias 1 adds a negative eigenvalue. *)
Theorem control_embedding_irreversibility : ~ forall (F : realFieldType) (sigma sigma' sigma'' : F -> F) h D data
  (e : (nat -> F) -> 'rV[F]_D -> 'rV[F]_D) de (m m' : nat -> nat) I alpha alphab beta bstar,
  compatible sigma h D m m' I alpha alphab beta bstar -> (forall l, (l <= h.+1)%N -> (0 < m l)%N) -> forall th k,
  n_neg sigma sigma' sigma'' h data e de m' (embed I alpha alphab th) k -> n_neg sigma sigma' sigma'' h data e de m th k.
Proof.
pose Q := rat_realFieldType; pose s (z : Q) := z * z; pose s' (z : Q) := z + z; pose s'' (z : Q) := 1 + 1 : Q.
pose m (l : nat) := 1%N; pose m' (l : nat) := nth 1%N [:: 1; 2]%N l.
pose e1 (x : nat -> Q) (i : nat) (p : Q) := 1 : Q; pose de1 (x : nat -> Q) (i : nat) (p q : Q) := 0 : Q.
pose th := Params (fun _ _ _ => 0 : Q) (fun _ _ => 0); pose b (l i : nat) := 1 : Q.
have mm l : (m l <= m' l)%N by case: l => [|[|l]] //; rewrite /m' nth_default.
have C := @null_compatible Q s 1 1 m m' b mm erefl erefl erefl.
move=> H; pose x (i : nat) := 0 : Q.
pose d (k : 'I_1) := Params (fun l i j => if [&& l == 1%N, i == 0%N & j == 1%N] then 1 else 0 : Q)
                            (fun l i => if (l == 0%N) && (i == 1%N) then - 1 else 0 : Q).
have [|D /(_ (const_mx 1))] := H Q s s' s'' 1%N 1%N [:: x] (by_output e1) (by_output2 de1) m m' _ _ _ _ _ C (fun _ _ => isT) th 1%N.
  exists d => v v0; suff -> : hess s s' s'' 1 [:: x] (by_output (D := 1) e1) (by_output2 de1) m'
      (embed (null_map 1 m) (null_alpha Q 1 m) (null_alphab 1 m b) th) (combo d v) (combo d v) = - (4%:R * v 0 0 ^+ 2).
    rewrite oppr_lt0 mulr_gt0 ?exprn_even_gt0 ?ltr0n //=; apply: contraNneq v0 => v00.
    by apply/eqP/rowP => k; rewrite ord1 v00 mxE.
  rewrite xhessE /xhess /= !big_ord1 /xpre /= /e1 /de1 /s /s' /s'' /x /null_alpha /null_alphab /b /=.
  by ring.
move=> neg; have /neg : (const_mx 1 : 'rV[Q]_1) != 0 by apply/eqP => /rowP/(_ 0)/eqP; rewrite !mxE oner_eq0.
suff -> : hess s s' s'' 1 [:: x] (by_output (D := 1) e1) (by_output2 de1) m th (combo D (const_mx 1)) (combo D (const_mx 1)) = 0.
  by rewrite ltxx.
rewrite xhessE /xhess /= !big_ord1 /xpre /= /e1 /de1 /s /s' /s'' /x /=.
by ring.
Qed.
