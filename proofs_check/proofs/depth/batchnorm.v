(* depth.batchnorm: a normalised batch u of any size n (mean 0, population variance 1) over any real field.
   Bounds of its extremes, sharp, and when a ReLU neuron gamma u + beta behind batch normalisation is
   positive on the whole batch.  Square roots are avoided: statements are squared. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Definition normalised (F : realFieldType) n (u : 'I_n -> F) := \sum_i u i = 0 /\ \sum_i u i ^+ 2 = n%:R.

Section BatchNorm.
Variables (F : realFieldType) (n : nat) (u : 'I_n -> F).
Hypothesis nu : normalised u.

(* Cauchy-Schwarz for one vector: (sum f)^2 <= #P sum f^2 *)
Lemma sum_square (P : pred 'I_n) (f : 'I_n -> F) :
  (\sum_(i | P i) f i) ^+ 2 <= #|P|%:R * \sum_(i | P i) f i ^+ 2.
Proof.
have : 0 <= \sum_(i | P i) \sum_(j | P j) (f i - f j) ^+ 2.
  by apply: sumr_ge0 => i _; apply: sumr_ge0 => j _; apply: sqr_ge0.
have -> : \sum_(i | P i) \sum_(j | P j) (f i - f j) ^+ 2 =
    2%:R * (#|P|%:R * (\sum_(i | P i) f i ^+ 2) - (\sum_(i | P i) f i) ^+ 2).
  under eq_bigr => i _ do (under eq_bigr => j _ do rewrite sqrrB; rewrite big_split sumrB /= sumr_const).
  rewrite big_split sumrB /= sumr_const.
  have -> : \sum_(i | P i) f i ^+ 2 *+ #|P| = (\sum_(i | P i) f i ^+ 2) *+ #|P| by rewrite sumrMnl.
  have -> : \sum_(i | P i) \sum_(j | P j) f i * f j *+ 2 = (\sum_(i | P i) f i) ^+ 2 *+ 2.
    rewrite expr2 big_distrl -sumrMnl /=; apply: eq_bigr => i _.
    by rewrite big_distrr -sumrMnl.
  by rewrite addrAC -mulr2n -mulrnBl !mulr_natl.
by rewrite pmulr_rge0 ?ltr0n // subr_ge0.
Qed.

(* |u_i| <= sqrt(n-1) *)
Lemma samuelson i : u i ^+ 2 <= n.-1%:R.
Proof.
have [mean0 var1] := nu.
have ui : \sum_(j | j != i) u j = - u i.
  by move: mean0; rewrite (bigD1 i) //= => /eqP; rewrite addrC addr_eq0 => /eqP.
have vi : \sum_(j | j != i) u j ^+ 2 = n%:R - u i ^+ 2.
  by rewrite -var1 [in RHS](bigD1 i) //= [RHS]addrC addKr.
have := sum_square (fun j => j != i) u; rewrite ui vi sqrrN.
have n1 : (#|[pred j | j != i]| = n.-1)%N.
  by have := cardC1 i; rewrite card_ord => <-; apply: eq_card.
have n0 : (0 < n)%N by apply: leq_ltn_trans (ltn_ord i).
by rewrite n1 mulrBr ler_subr_addl mulr_natl -mulrSr prednK // mulr_natr ler_pmuln2r.
Qed.

(* the largest entry M and the smallest -m: 1 <= m M *)
Lemma extremes : (0 < n)%N -> exists i j, [/\ 0 < u i, u j < 0, 1 <= u i * - u j & forall k, u j <= u k <= u i].
Proof.
move=> n0; have [mean0 var1] := nu; pose o := Ordinal n0.
have [i max_i] : exists i, forall k, u k <= u i.
  have [i _ h] := @arg_maxP _ _ _ o xpredT u isT; by exists i => k; apply: h.
have [j min_j] : exists j, forall k, u j <= u k.
  have [j _ h] := @arg_minP _ _ _ o xpredT u isT; by exists j => k; apply: h.
have prod : 1 <= u i * - u j.
  have : 0 <= \sum_k (u i - u k) * (u k - u j) by apply: sumr_ge0 => k _; rewrite mulr_ge0 ?subr_ge0.
  have -> : \sum_k (u i - u k) * (u k - u j) = n%:R * (u i * - u j - 1).
    have term k : (u i - u k) * (u k - u j) = (u i + u j) * u k + (- (u i * u j) - u k ^+ 2) by ring.
    under eq_bigr => k _ do rewrite term.
    rewrite big_split -big_distrr /= mean0 mulr0 add0r sumrB var1 sumr_const card_ord -mulr_natl.
    by ring.
  by rewrite pmulr_rge0 ?ltr0n // subr_ge0.
have pos : 0 < u i * - u j by apply: lt_le_trans prod.
have ui : 0 < u i.
  rewrite ltNge; apply/negP => ui; move: pos; rewrite ltNge mulr_le0_ge0 //.
  by rewrite oppr_ge0 (le_trans (min_j i)).
by exists i, j; split=> // [|k]; [rewrite -oppr_gt0 -(pmulr_rgt0 _ ui) | rewrite min_j max_i].
Qed.

Variables (gamma beta : F).
Hypotheses (n0 : (0 < n)%N) (g0 : 0 < gamma).
Definition linearised := forall i, 0 < gamma * u i + beta.

(* 1 / sqrt(n-1) <= max u, -min u <= sqrt(n-1); gamma u + beta > 0 on the batch only if beta / gamma > 1 / sqrt(n-1),
   always if beta / gamma > sqrt(n-1) *)
Theorem depth_batchnorm :
  [/\ forall i, u i ^+ 2 <= n.-1%:R,
      exists2 i, 0 < u i & 1 <= n.-1%:R * u i ^+ 2,
      exists2 i, u i < 0 & 1 <= n.-1%:R * u i ^+ 2,
      linearised -> 0 < beta /\ gamma ^+ 2 < n.-1%:R * beta ^+ 2
    & 0 < beta -> n.-1%:R * gamma ^+ 2 < beta ^+ 2 -> linearised].
Proof.
have [i [j [ui uj prod _]]] := extremes n0; have uj' : 0 < - u j by rewrite oppr_gt0.
have one : 1 <= (u i * - u j) ^+ 2 by rewrite -[1]mulr1 -expr2 ler_pmul ?ler01.
have low_i : 1 <= n.-1%:R * u i ^+ 2.
  by apply: le_trans one _; rewrite exprMn mulrC ler_wpmul2r ?sqr_ge0 // sqrrN samuelson.
have low_j : 1 <= n.-1%:R * u j ^+ 2.
  by apply: le_trans one _; rewrite exprMn sqrrN ler_wpmul2r ?sqr_ge0 // samuelson.
split; [exact: samuelson | by exists i | by exists j | move=> /(_ j) lin | move=> b0 big k].
  have b0 : gamma * - u j < beta by rewrite mulrN -subr_gt0 opprK addrC.
  have bp : 0 < beta by apply: lt_trans b0; rewrite mulr_gt0.
  split=> //; apply: le_lt_trans (_ : n.-1%:R * (gamma * - u j) ^+ 2 < _).
    by rewrite exprMn sqrrN mulrCA -{1}[gamma ^+ 2]mulr1 ler_pmul2l ?exprn_gt0.
  rewrite ltr_pmul2l ?ltr_expn2r ?nnegrE ?ltW ?mulr_gt0 //.
  rewrite ltr0n lt0n; apply: contraTneq low_j => ->.
  by rewrite mul0r -ltNge ltr01.
rewrite -ltr_subl_addl sub0r -mulrN; case: (ltrP (gamma * - u k) 0) => [|pos]; first by move/lt_trans; apply.
rewrite -(ltr_sqr) ?nnegrE ?(ltW b0) //; apply: le_lt_trans big.
by rewrite exprMn sqrrN mulrC ler_wpmul2r ?sqr_ge0 // samuelson.
Qed.
End BatchNorm.

(* a shift beta = 0 never does *)
Theorem depth_batchnorm_relu (F : realFieldType) n (u : 'I_n -> F) (gamma : F) : normalised u -> (0 < n)%N ->
  ~ forall i, 0 < gamma * u i.
Proof.
move=> [mean0 _] n0 pos; have : 0 < \sum_i gamma * u i.
  by rewrite (bigD1 (Ordinal n0)) //= ltr_paddr //; apply: sumr_ge0 => i _; apply: ltW.
by rewrite -big_distrr /= mean0 mulr0 ltxx.
Qed.

(* the bounds are sharp: n = q^2 + 1 samples, one at q and q^2 at -1/q *)
Theorem depth_batchnorm_sharp (F : realFieldType) q : (0 < q)%N -> exists u : 'I_(q ^ 2).+1 -> F,
  [/\ normalised u, u ord0 = q%:R & forall i, u (lift ord0 i) = - q%:R^-1].
Proof.
move=> q0; pose u (i : 'I_(q ^ 2).+1) : F := if unlift ord0 i is Some _ then - q%:R^-1 else q%:R.
have u0 : u ord0 = q%:R by rewrite /u unlift_none.
have uS i : u (lift ord0 i) = - q%:R^-1 by rewrite /u liftK.
have nz : q%:R != 0 :> F by rewrite pnatr_eq0 -lt0n.
exists u; split=> //; split; rewrite big_ord_recl u0.
  under eq_bigr => i _ do rewrite uS.
  by rewrite sumr_const card_ord -[(- _) *+ _]mulr_natl natrX expr2 mulrN mulfK // subrr.
under eq_bigr => i _ do rewrite uS.
by rewrite sumr_const card_ord sqrrN -[(_^-1 ^+ 2) *+ _]mulr_natl natrX -exprMn divff // expr1n -natrX [RHS]mulrSr.
Qed.

(* ---- controls: the batch (1, -1) ---- *)
Section Pair.
Definition pair_ (i : 'I_2) : rat := if i == 0 then 1 else - 1.
Lemma pair_normalised : normalised pair_.
Proof. by split; rewrite !big_ord_recl big_ord0 /pair_ /=. Qed.
End Pair.

(* |u| <= sqrt(n-2) *)
Theorem control_depth_batchnorm : ~ forall (F : realFieldType) n (u : 'I_n -> F), normalised u -> forall i, u i ^+ 2 <= n.-2%:R.
Proof. by move=> H; have := H _ _ _ pair_normalised 0. Qed.

(* beta = 2 does not help either *)
Theorem control_depth_batchnorm_relu : ~ forall (F : realFieldType) n (u : 'I_n -> F) (gamma : F), normalised u -> (0 < n)%N ->
  ~ forall i, 0 < gamma * u i + 2%:R.
Proof.
move=> H; apply: (H _ _ _ 1 pair_normalised isT) => i; rewrite mul1r /pair_.
by case: (i == 0).
Qed.
