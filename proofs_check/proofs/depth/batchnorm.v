(* depth.batchnorm: Samuelson's inequalities for a normalised batch of any size n, over every
   real field; consequence: a ReLU neuron behind batch normalisation with shift beta = 0 is never
   positive on the whole batch. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section BatchNorm.
Variables (F : realFieldType) (n : nat) (u : 'I_n -> F).
(* u: the normalised preactivations of the batch: mean 0, population variance 1 *)
Hypotheses (mean0 : \sum_i u i = 0) (var1 : \sum_i u i ^+ 2 = n%:R).

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

(* max |u| <= sqrt(n-1) *)
Theorem depth_batchnorm i : u i ^+ 2 <= n.-1%:R.
Proof.
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

(* ReLU behind batch normalisation: gamma u + beta with beta = 0 is not positive on the whole batch *)
Theorem depth_batchnorm_relu (gamma : F) : (0 < n)%N -> ~ forall i, 0 < gamma * u i.
Proof.
move=> n0 pos; have : 0 < \sum_i gamma * u i.
  by rewrite (bigD1 (Ordinal n0)) //= ltr_paddr //; apply: sumr_ge0 => i _; apply: ltW.
by rewrite -big_distrr /= mean0 mulr0 ltxx.
Qed.
End BatchNorm.
