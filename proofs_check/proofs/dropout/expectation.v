(* dropout.expectation: for every number of neurons m, of samples n and of outputs D, every
   activation (the last hidden layer's outputs h i j are arbitrary numbers), and every keep
   probability p: the mean over all 2^m masks of the dropout loss is R_S plus the penalty. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Dropout.
Variables (F : fieldType) (m n D : nat) (p : F).
Hypothesis p0 : p != 0.

(* a mask keeps neuron j (with probability p, independently) and then scales it by 1/p *)
Definition mask := {ffun 'I_m -> bool}.
Definition weight (q : mask) : F := \prod_j (if q j then p else 1 - p).
Definition xi (q : mask) j : F := if q j then p^-1 else 0.
Definition mean (f : mask -> F) : F := \sum_q weight q * f q.

Variables (h : 'I_n -> 'I_m -> F)     (* h i j: output of neuron j of the last hidden layer on sample i *)
          (a : 'I_D -> 'I_m -> F)     (* output weights *)
          (b : 'I_D -> F)             (* output bias, not dropped *)
          (y : 'I_n -> 'I_D -> F).    (* labels *)

Definition output (x : 'I_m -> F) i o := \sum_j a o j * x j * h i j + b o.
Definition risk (x : 'I_m -> F) := (2%:R * n%:R)^-1 * \sum_i \sum_o (output x i o - y i o) ^+ 2.
Definition v := (1 - p) / p.
Definition penalty := v / (2%:R * n%:R) * \sum_i \sum_j (\sum_o a o j ^+ 2) * h i j ^+ 2.

Lemma mean_prod (g : 'I_m -> bool -> F) :
  mean (fun q => \prod_j g j (q j)) = \prod_j (p * g j true + (1 - p) * g j false).
Proof.
transitivity (\prod_j \sum_(e : bool) (if e then p else 1 - p) * g j e); last first.
  by apply: eq_bigr => j _; rewrite big_bool.
rewrite bigA_distr_bigA /mean; apply: eq_bigr => q _.
by rewrite big_split.
Qed.

Lemma mean1 : mean (fun=> 1) = 1.
Proof.
transitivity (mean (fun q => \prod_(j < m) 1)); first by apply: eq_bigr => q _; rewrite big1.
by rewrite (mean_prod (fun _ _ => 1)) big1 // => j _; rewrite !mulr1 addrC subrK.
Qed.

Lemma mean_pair (j k : 'I_m) : mean (fun q => xi q j * xi q k) = 1 + (j == k)%:R * v.
Proof.
pose g l (e : bool) : F := (if l == j then (if e then p^-1 else 0) else 1) * (if l == k then (if e then p^-1 else 0) else 1).
have E q : xi q j * xi q k = \prod_l g l (q l).
  rewrite big_split /= -!big_mkcond /= !big_pred1_eq.
  by [].
rewrite /mean; under eq_bigr => q _ do rewrite E.
rewrite -/(mean (fun q => \prod_l g l (q l))) mean_prod /g.
rewrite (bigD1 j) //= eqxx !mul0r mulr0 addr0; case: (altP (j =P k)) => [<-|ne].
  rewrite big1 => [|l /negPf ne]; last by rewrite ne !mulr1 addrC subrK.
  rewrite mulr1 mulrA divff // !mul1r /v mulrBl divff // mul1r.
  by rewrite addrC subrK.
rewrite (bigD1 k) /=; last by rewrite eq_sym.
rewrite [k == j]eq_sym (negPf ne) eqxx !mul1r !mulr0 addr0 mulr1 !divff // !mul1r.
rewrite big1 ?mul0r ?addr0 // => l /andP[/negPf -> /negPf ->].
by rewrite !mulr1 addrC subrK.
Qed.

Lemma mean_single (j : 'I_m) : mean (fun q => xi q j) = 1.
Proof.
pose g l (e : bool) : F := if l == j then (if e then p^-1 else 0) else 1.
have E q : xi q j = \prod_l g l (q l) by rewrite -big_mkcond /= big_pred1_eq.
rewrite /mean; under eq_bigr => q _ do rewrite E.
rewrite -/(mean (fun q => \prod_l g l (q l))) mean_prod /g big1 // => l _.
by case: (l == j); rewrite ?mulr0 ?addr0 ?divff // !mulr1 addrC subrK.
Qed.

Lemma meanD f g : mean (fun q => f q + g q) = mean f + mean g.
Proof. by rewrite /mean -big_split; apply: eq_bigr => q _; rewrite mulrDr. Qed.
Lemma meanZ c f : mean (fun q => c * f q) = c * mean f.
Proof. by rewrite /mean big_distrr; apply: eq_bigr => q _; rewrite mulrCA. Qed.
Lemma mean_sum (T : finType) (f : T -> mask -> F) :
  mean (fun q => \sum_t f t q) = \sum_t mean (f t).
Proof. by rewrite /mean exchange_big /=; apply: eq_bigr => q _; rewrite big_distrr. Qed.
Lemma eq_mean f g : f =1 g -> mean f = mean g.
Proof. by move=> e; apply: eq_bigr => q _; rewrite e. Qed.

(* mean of the square of an affine function of the mask *)
Lemma mean_square (c : 'I_m -> F) (d : F) :
  mean (fun q => (\sum_j c j * xi q j + d) ^+ 2) = (\sum_j c j + d) ^+ 2 + v * \sum_j c j ^+ 2.
Proof.
rewrite (eq_mean (g := fun q => (\sum_j \sum_k c j * c k * (xi q j * xi q k)
    + \sum_j (2%:R * d * c j) * xi q j) + d ^+ 2 * 1)); last first.
  move=> q; rewrite sqrrD mulr1; congr (_ + _ + _).
    rewrite expr2 big_distrl /=; apply: eq_bigr => j _; rewrite big_distrr /=.
    by apply: eq_bigr => k _; rewrite mulrACA.
  rewrite -mulr_natl.
  rewrite [LHS](_ : _ = 2%:R * d * (\sum_j c j * xi q j)); last by rewrite -mulrA [d * _]mulrC.
  by rewrite big_distrr /=; apply: eq_bigr => j _; rewrite mulrA.
rewrite !meanD meanZ mean1 mulr1 !mean_sum.
under eq_bigr => j _ do rewrite mean_sum.
under [X in _ + X + _]eq_bigr => j _ do rewrite meanZ mean_single mulr1.
under eq_bigr => j _ do under eq_bigr => k _ do rewrite meanZ mean_pair mulrDr mulr1.
under eq_bigr => j _ do rewrite big_split /=.
rewrite big_split /= sqrrD.
have -> : \sum_j \sum_k c j * c k * ((j == k)%:R * v) = v * \sum_j c j ^+ 2.
  rewrite big_distrr /=; apply: eq_bigr => j _; rewrite (bigD1 j) //= eqxx mul1r.
  rewrite big1 ?addr0 => [|k /negPf ne]; first by rewrite mulrC expr2.
  by rewrite eq_sym ne mul0r mulr0.
have -> : \sum_j \sum_k c j * c k = (\sum_j c j) ^+ 2.
  by rewrite expr2 big_distrl /=; apply: eq_bigr => j _; rewrite big_distrr.
have -> : \sum_j 2%:R * d * c j = (\sum_j c j) * d *+ 2.
  by rewrite -big_distrr /= -[RHS]mulr_natl -mulrA [d * _]mulrC.
by rewrite -[LHS]addrA -[LHS]addrA [v * _ + _]addrC !addrA.
Qed.

Theorem dropout_expectation : mean (fun q => risk (xi q)) = risk (fun=> 1) + penalty.
Proof.
rewrite /risk meanZ /penalty [v / _]mulrC -mulrA -mulrDr; congr (_ * _).
rewrite mean_sum big_distrr /= -big_split /=; apply: eq_bigr => i _.
have -> : v * (\sum_j (\sum_o a o j ^+ 2) * h i j ^+ 2) = \sum_o v * (\sum_j (a o j * h i j) ^+ 2).
  rewrite -big_distrr /=; congr (_ * _); rewrite exchange_big /=; apply: eq_bigr => j _.
  by rewrite big_distrl /=; apply: eq_bigr => o _; rewrite exprMn.
rewrite mean_sum -big_split /=; apply: eq_bigr => o _.
have E x : output x i o - y i o = \sum_j (a o j * h i j) * x j + (b o - y i o).
  by rewrite /output -addrA; congr (_ + _); apply: eq_bigr => j _; rewrite mulrAC.
rewrite (eq_mean (g := fun q => (\sum_j (a o j * h i j) * xi q j + (b o - y i o)) ^+ 2)).
  rewrite mean_square E; congr ((_ + _) ^+ 2 + _).
  by apply: eq_bigr => j _; rewrite mulr1.
by move=> q; rewrite E.
Qed.
End Dropout.

(* control: the factor 1 - p instead of (1 - p) / p.  One neuron, one sample, one output, all numbers 1, p = 1/2. *)
Theorem control_dropout_expectation : ~ forall (F : fieldType) m n D (p : F), p != 0 -> forall h a b y,
  mean p (fun q : mask m => risk h a b y (xi p q)) =
  risk h a b y (fun=> 1) + (1 - p) / (2%:R * n%:R) * \sum_(i < n) \sum_j (\sum_(o < D) a o j ^+ 2) * h i j ^+ 2.
Proof.
move=> H; pose one (i j : 'I_1) : rat := 1; pose half : rat := 2%:R^-1.
have half0 : half != 0 by rewrite invr_eq0.
have := H _ 1%N 1%N 1%N half half0 one one (fun _ => 0) one.
rewrite dropout_expectation // /penalty !big_ord1 /one !expr1n !mulr1 => /addrI.
have two0 : ((2%:R * 1 : rat)^-1) != 0 by rewrite mulr1 invr_eq0.
move/(mulIf two0); rewrite /v -[RHS]mulr1.
have -> : half^-1 = 2%:R by rewrite invrK.
have h0 : 1 - half != 0 by rewrite subr_eq0 eq_sym; apply/eqP => /(congr1 (GRing.mul 2%:R)); rewrite divff.
by move/(mulfI h0).
Qed.
