(* Small models with closed-form model ranks (2211.11623, 2307.08921): toy.fNL, toy.redundant,
   toy.deep-diag, toy.a2-b2.  Inputs are all vectors x over a field.  Each list of tangent functions is
   shown to be the derivative of the model, over dual numbers. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From ProofsCheck.common Require Import networks second_order scaled.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

(* a product over dual numbers: the product rule *)
Lemma dual_prod (K : comRingType) (I : finType) (a b : I -> K) :
  \prod_i ((a i, b i) : dual K) = (\prod_i a i, \sum_i b i * \prod_(k | k != i) a k) :> dual K.
Proof.
have gen (s : seq I) : uniq s -> \prod_(i <- s) ((a i, b i) : dual K) =
    (\prod_(i <- s) a i, \sum_(i <- s) b i * \prod_(k <- s | k != i) a k) :> dual K.
  elim: s => [|i s IH]; first by rewrite !big_nil.
  rewrite !big_cons /= => /andP[is_ /IH ->]; congr (_, _) => /=; rewrite eqxx /= addrC; congr (_ + _).
    by congr (_ * _); rewrite big_seq [RHS]big_seq_cond; apply: eq_bigl => k; case: eqP => [->|]; rewrite ?(negPf is_) ?andbT.
  rewrite big_distrr big_seq [RHS]big_seq; apply: eq_bigr => k ks /=; rewrite big_cons mulrCA.
  by rewrite (_ : i != k) //; apply: contraNneq is_ => ->.
by rewrite (gen _ (index_enum_uniq I)).
Qed.

Section Toys.
Variables (F : fieldType) (d : nat).
Notation input := ('I_d -> F).

(* the coordinates x_j are independent functions; so are 1 and the coordinates *)
Lemma coordinates : independent (fun (j : 'I_d) (x : input) => x j).
Proof.
move=> c c0 j; have := c0 (fun k => (k == j)%:R); rewrite (bigD1 j) //= eqxx mulr1.
by rewrite big1 ?addr0 // => k /negPf ->; rewrite mulr0.
Qed.

(* toy.deep-diag: f = sum_j (prod_l a l j) x_j, L factors; (d/d a l j) f = (prod_(k != l) a k j) x_j *)
Section DeepDiagonal.
Variables (L : nat) (a : 'I_L -> 'I_d -> F).
Definition deep_diag_tangent (i : 'I_L * 'I_d) (x : input) := (\prod_(k | k != i.1) a k i.2) * x i.2.
Definition zeros j := #|[set l | a l j == 0]|.

(* the model over any ring, and its derivative in the direction b *)
Definition deep_diag_model (K : comRingType) (a : 'I_L -> 'I_d -> K) (x : 'I_d -> K) := \sum_j (\prod_l a l j) * x j.
Lemma deep_diag_derivative (b : 'I_L -> 'I_d -> F) (x : input) :
  deep_diag_model (fun l j => (a l j, b l j) : dual F) (fun j => pure (x j))
  = (deep_diag_model a x, \sum_i b i.1 i.2 * deep_diag_tangent i x) :> dual F.
Proof.
rewrite /deep_diag_model -(pair_bigA _ (fun l j => b l j * deep_diag_tangent (l, j) x)) exchange_big /= -dual_sum.
apply: eq_bigr => j _; rewrite dual_prod mulrC pure_mul /=; congr (_, _); first by rewrite mulrC.
by rewrite mulrC big_distrl; apply: eq_bigr => l _; rewrite mulrA.
Qed.

(* R(theta): the coordinates in which at most one factor vanishes *)
Theorem toy_deep_diag : (0 < L)%N -> rank_is deep_diag_tangent #|[set j | (zeros j <= 1)%N]|.
Proof.
move=> L0; have -> : [set j | (zeros j <= 1)%N] =
    [set j | [exists i : 'I_L * 'I_d, (i.2 == j) && (\prod_(k | k != i.1) a k i.2 != 0)]].
  apply/setP => j; rewrite !inE; apply/idP/existsP => [|[[l k] /= /andP[/eqP -> /prodf_neq0 nz]]].
    rewrite /zeros; case: (set_0Vmem [set l | a l j == 0]) => [e _|[l]].
      exists (Ordinal L0, j); rewrite eqxx; apply/prodf_neq0 => k _.
      by move/setP/(_ k): e; rewrite !inE => /negbT.
    rewrite inE => al; rewrite (cardsD1 l) inE al ltnS leqn0 cards_eq0 => /eqP e.
    exists (l, j); rewrite eqxx; apply/prodf_neq0 => k kl.
    by move/setP/(_ k): e; rewrite !inE kl => /negbT.
  rewrite /zeros (cardsD1 l) (_ : [set l0 | a l0 j == 0] :\ l = set0) ?cards0 ?addn0 ?leq_b1 //.
  by apply/setP => q; rewrite !inE; case: (altP (q =P l)) => //= /nz /negPf ->.
exact: (scaled_rank coordinates).
Qed.
End DeepDiagonal.

(* R(f) = k for a target f = sum_j c_j x_j with k coefficients other than 0, if L >= 2: no representation
   has a smaller rank, and one has this rank *)
Theorem toy_deep_diag_function L (c : 'I_d -> F) : (1 < L)%N ->
  let represents (a : 'I_L -> 'I_d -> F) := forall x : input, deep_diag_model a x = \sum_j c j * x j in
  let k := #|[set j | c j != 0]| in
  (forall a r, represents a -> rank_is (deep_diag_tangent a) r -> (k <= r)%N) /\
  (exists2 a, represents a & rank_is (deep_diag_tangent a) k).
Proof.
case: L => [|[|L]] // _ represents k; have L0 : (0 < L.+2)%N by [].
split=> [a r rep rk|].
  have prod_c j : \prod_l a l j = c j.
    apply/eqP; rewrite -subr_eq0; apply/eqP; apply: (coordinates (c := fun j => \prod_l a l j - c j)) => x.
    under eq_bigr => i _ do rewrite mulrBl.
    by rewrite sumrB -(rep x) subrr.
  rewrite (rank_is_unique rk (toy_deep_diag a L0)) subset_leq_card //; apply/subsetP => j.
  rewrite !inE -prod_c => /prodf_neq0 nz; rewrite /zeros (_ : [set l | _] = set0) ?cards0 //.
  by apply/setP => l; rewrite !inE; apply/negbTE/nz.
pose a (l : 'I_L.+2) j := if l == 0 then c j else if c j == 0 then 0 else 1.
exists a; first last.
  suff -> : k = #|[set j | (zeros a j <= 1)%N]| by exact: toy_deep_diag.
  apply: eq_card => j; rewrite !inE /zeros; case: (altP (c j =P 0)) => [c0|cj] /=.
    rewrite (_ : [set l | _] = setT) ?cardsT ?card_ord //.
    by apply/setP => l; rewrite !inE /a c0 eqxx if_same eqxx.
  rewrite (_ : [set l | _] = set0) ?cards0 //.
  by apply/setP => l; rewrite !inE /a (negPf cj); case: (l == 0); rewrite ?(negPf cj) ?oner_eq0.
move=> x; apply: eq_bigr => j _; congr (_ * _).
rewrite big_ord_recl /a eqxx; case: (altP (c j =P 0)) => [->|_]; first by rewrite mul0r.
by rewrite big1 ?mulr1 // => l _; case: (_ == _).
Qed.

(* toy.a2-b2: f = sum_j (a_j^2 - b_j^2) x_j *)
Section Squares.
Variables (a b : 'I_d -> F).
Definition squares_tangent (i : 'I_d + 'I_d) (x : input) :=
  match i with inl j => 2%:R * a j * x j | inr j => - (2%:R * b j) * x j end.
Definition squares_model (K : comRingType) (a b : 'I_d -> K) (x : 'I_d -> K) := \sum_j (a j * a j - b j * b j) * x j.
Lemma squares_derivative (u v : 'I_d -> F) (x : input) :
  squares_model (fun j => (a j, u j) : dual F) (fun j => (b j, v j) : dual F) (fun j => pure (x j))
  = (squares_model a b x, \sum_j u j * squares_tangent (inl j) x + \sum_j v j * squares_tangent (inr j) x) :> dual F.
Proof.
rewrite /squares_model -big_split /= -dual_sum; apply: eq_bigr => j _.
by rewrite mulrC pure_mul /=; congr (_, _); ring.
Qed.

(* R(theta): the coordinates with (a_j, b_j) != (0, 0) *)
Theorem toy_a2_b2 : 2%:R != 0 :> F -> rank_is squares_tangent #|[set j | (a j != 0) || (b j != 0)]|.
Proof.
move=> two; pose p (i : 'I_d + 'I_d) := match i with inl j => j | inr j => j end.
pose s (i : 'I_d + 'I_d) := match i with inl j => 2%:R * a j | inr j => - (2%:R * b j) end.
have -> : [set j | (a j != 0) || (b j != 0)] = [set j | [exists i, (p i == j) && (s i != 0)]].
  apply/setP => j; rewrite !inE; apply/orP/existsP => [[nz|nz]|[[k|k] /andP[/eqP <-]]] /=.
  - by exists (inl j); rewrite /= eqxx mulf_neq0.
  - by exists (inr j); rewrite /= eqxx oppr_eq0 mulf_neq0.
  - by rewrite mulf_eq0 (negPf two) /=; left.
  - by rewrite oppr_eq0 mulf_eq0 (negPf two) /=; right.
by apply: (scaled_rank coordinates (p := p) (s := s)) => -[j|j] x.
Qed.
End Squares.

(* R(f) = k for a target with k coefficients other than 0 *)
Theorem toy_a2_b2_function (c : 'I_d -> F) : 2%:R != 0 :> F ->
  let represents (a b : 'I_d -> F) := forall x : input, squares_model a b x = \sum_j c j * x j in
  let k := #|[set j | c j != 0]| in
  (forall a b r, represents a b -> rank_is (squares_tangent a b) r -> (k <= r)%N) /\
  (exists a b, represents a b /\ rank_is (squares_tangent a b) k).
Proof.
move=> two represents k; split=> [a b r rep rk|].
  have diff j : a j * a j - b j * b j = c j.
    apply/eqP; rewrite -subr_eq0; apply/eqP; apply: (coordinates (c := fun j => a j * a j - b j * b j - c j)) => x.
    under eq_bigr => i _ do rewrite mulrBl.
    by rewrite sumrB -(rep x) subrr.
  rewrite (rank_is_unique rk (toy_a2_b2 a b two)) subset_leq_card //; apply/subsetP => j.
  rewrite !inE -diff; apply: contraR; rewrite negb_or !negbK => /andP[/eqP-> /eqP->].
  by rewrite !mul0r subrr.
pose a j := if c j == 0 then 0 else (c j + 1) / 2%:R; pose b j := if c j == 0 then 0 else (c j - 1) / 2%:R.
have ab j : a j * a j - b j * b j = c j.
  rewrite /a /b; case: (altP (c j =P 0)) => [->|_]; first by rewrite mul0r subrr.
  by field.
exists a, b; split=> [x|]; first by apply: eq_bigr => j _; rewrite ab.
suff -> : k = #|[set j | (a j != 0) || (b j != 0)]| by apply: toy_a2_b2.
apply: eq_card => j; rewrite !inE; apply/idP/idP; last first.
  by rewrite /a /b; case: (c j =P 0) => // _; rewrite eqxx.
rewrite -ab; apply: contraR; rewrite negb_or !negbK => /andP[/eqP-> /eqP->].
by rewrite !mul0r subrr.
Qed.
End Toys.

(* toy.fNL: f = theta_0 + theta_1 x_1 + theta_2 theta_3 x_2 on pairs x of numbers.  Parameters are named by
   two bits: theta_0 = t 00, theta_1 = t 01, theta_2 = t 10, theta_3 = t 11. *)
Section Product.
Variable F : fieldType.
Implicit Types (t : bool * bool -> F) (x : F * F).
Definition product_model (K : comRingType) (t : bool * bool -> K) (x : K * K) :=
  t (false, false) + t (false, true) * x.1 + t (true, false) * t (true, true) * x.2.
(* the functions 1, x_1, x_2 *)
Definition affine (j : option bool) x : F := match j with None => 1 | Some false => x.1 | Some true => x.2 end.
(* (d/d theta_i) f = 1, x_1, theta_3 x_2, theta_2 x_2 *)
Definition product_tangent t (i : bool * bool) x : F :=
  match i with (false, false) => 1 | (false, true) => x.1
             | (true, false) => t (true, true) * x.2 | (true, true) => t (true, false) * x.2 end.

Lemma product_derivative t (u : bool * bool -> F) x :
  product_model (fun i => (t i, u i) : dual F) (pure x.1, pure x.2)
  = (product_model t x, \sum_i u i * product_tangent t i x) :> dual F.
Proof.
have -> : \sum_i u i * product_tangent t i x = \sum_i \sum_j u (i, j) * product_tangent t (i, j) x.
  by rewrite pair_bigA; apply: eq_bigr => -[].
rewrite !big_bool /product_model /=.
by congr (_, _) => /=; ring.
Qed.

Lemma affine_independent : independent affine.
Proof.
have sumE (c : option bool -> F) x : \sum_j c j * affine j x = c None + c (Some false) * x.1 + c (Some true) * x.2.
  rewrite (bigD1 None) //= (bigD1 (Some false)) //= (bigD1 (Some true)) //= big1 ?addr0 ?mulr1 ?addrA //.
  by case=> [[]|].
move=> c c0; have E x := etrans (esym (sumE c x)) (c0 x).
have e0 : c None = 0 by have := E (0, 0); rewrite /= !mulr0 !addr0.
have e1 : c (Some false) = 0 by have := E (1, 0); rewrite /= e0 mulr0 addr0 mulr1 add0r.
have e2 : c (Some true) = 0 by have := E (0, 1); rewrite /= e0 mulr0 addr0 mulr1 add0r.
by case=> [[]|].
Qed.

Theorem toy_fNL t : rank_is (product_tangent t) (if (t (true, false) == 0) && (t (true, true) == 0) then 2%N else 3%N).
Proof.
pose p (i : bool * bool) : option bool := match i with (false, false) => None | (false, true) => Some false | _ => Some true end.
pose s (i : bool * bool) : F := match i with (true, false) => t (true, true) | (true, true) => t (true, false) | _ => 1 end.
have -> : (if (t (true, false) == 0) && (t (true, true) == 0) then 2%N else 3%N) =
    #|[set j | [exists i, (p i == j) && (s i != 0)]]|.
  have in0 : None \in [set j | [exists i, (p i == j) && (s i != 0)]].
    by rewrite inE; apply/existsP; exists (false, false); rewrite /= oner_eq0.
  have in1 : Some false \in [set j | [exists i, (p i == j) && (s i != 0)]].
    by rewrite inE; apply/existsP; exists (false, true); rewrite /= oner_eq0.
  have in2 : (Some true \in [set j | [exists i, (p i == j) && (s i != 0)]]) = ~~ ((t (true, false) == 0) && (t (true, true) == 0)).
    rewrite inE; apply/existsP/idP => [[[[] []]] //= nz|]; first by rewrite (negPf nz).
      by rewrite (negPf nz) andbF.
    by rewrite negb_and => /orP[nz|nz]; [exists (true, true) | exists (true, false)].
  set T := [set j | _] in in0 in1 in2 *.
  have -> : T = if (t (true, false) == 0) && (t (true, true) == 0) then [set None; Some false] else setT.
    apply/setP => -[[]|]; rewrite ?in0 ?in1 ?in2; case: (_ && _); rewrite ?inE //.
  by case: (_ && _); rewrite ?cards2 // cardsT card_option card_bool.
apply: (scaled_rank affine_independent (p := p) (s := s)) => -[[] []] x //=; by rewrite mul1r.
Qed.
End Product.

(* toy.redundant: f = (theta_1 + theta_2^p) x, p >= 1 *)
Section Redundant.
Variables (F : fieldType) (p : nat).
Definition redundant_model (K : comRingType) (t1 t2 : K) (x : K) := (t1 + t2 ^+ p.+1) * x.
Definition redundant_tangent (t2 : F) (i : bool) (x : F) := if i then t2 ^+ p *+ p.+1 * x else x.

Lemma dual_exp (a b : F) n : ((a, b) : dual F) ^+ n.+1 = (a ^+ n.+1, a ^+ n *+ n.+1 * b) :> dual F.
Proof.
elim: n => [|n IH]; first by rewrite !expr1 expr0 mulr1n mul1r.
rewrite exprS IH; congr (_, _) => /=.
by rewrite mulrA mulrnAr -exprS [b * _]mulrC [in RHS]mulrS mulrDl addrC.
Qed.

Lemma redundant_derivative (t1 t2 u1 u2 x : F) : redundant_model ((t1, u1) : dual F) ((t2, u2) : dual F) (pure x)
  = (redundant_model t1 t2 x, u1 * redundant_tangent t2 false x + u2 * redundant_tangent t2 true x) :> dual F.
Proof.
rewrite /redundant_model dual_exp mulrC pure_mul /=; congr (_, _); first by rewrite mulrC.
by rewrite mulrC mulrDl; congr (_ + _); rewrite [_ * u2]mulrC mulrA.
Qed.

Theorem toy_redundant t2 : rank_is (redundant_tangent t2) 1.
Proof.
have ind : independent (fun (_ : unit) (x : F) => x).
  by move=> c /(_ 1); rewrite (big_pred1 tt) => [|[]] //; rewrite mulr1 => c0 [].
have -> : 1%N = #|[set j : unit | [exists i : bool, (tt == j) && ((if i then t2 ^+ p *+ p.+1 else 1) != 0)]]|.
  rewrite (_ : [set j | _] = setT) ?cardsT ?card_unit //.
  by apply/setP => -[]; rewrite !inE; apply/existsP; exists false; rewrite eqxx oner_eq0.
by apply: (scaled_rank ind (p := fun _ => tt)) => -[] x /=; rewrite ?mul1r.
Qed.
End Redundant.

(* ---- controls ---- *)

(* coordinates whose product is not 0: one factor 0 of two still counts *)
Theorem control_toy_deep_diag : ~ forall (F : fieldType) d L (a : 'I_L -> 'I_d -> F), (0 < L)%N ->
  rank_is (deep_diag_tangent a) #|[set j | \prod_l a l j != 0]|.
Proof.
move=> H; pose a (l : 'I_2) (j : 'I_1) : rat := if l == 0 then 0 else 1.
have := rank_is_unique (H _ _ _ a isT) (toy_deep_diag a isT).
rewrite (_ : [set j | _ != 0] = set0) ?cards0; last first.
  by apply/setP => j; rewrite !inE big_ord_recl /a eqxx mul0r eqxx.
rewrite (_ : [set j | _ <= 1] = setT)%N ?cardsT ?card_ord //; apply/setP => j; rewrite !inE.
rewrite /zeros (_ : [set l | _] = [set 0]) ?cards1 //; apply/setP => l; rewrite !inE /a.
by case: (l == 0); rewrite ?eqxx ?oner_eq0.
Qed.

(* R(f) = k for L = 1 too: the linear model has rank d *)
Theorem control_toy_deep_diag_function : ~ forall (F : fieldType) d L (c : 'I_d -> F), (0 < L)%N ->
  exists2 a : 'I_L -> 'I_d -> F, (forall x : 'I_d -> F, deep_diag_model a x = \sum_j c j * x j)
    & rank_is (deep_diag_tangent a) #|[set j | c j != 0]|.
Proof.
move=> H; have [a _ rk] := H rat_fieldType 1%N 1%N (fun _ => 0) isT.
have := rank_is_unique rk (toy_deep_diag a isT).
rewrite (_ : [set j | 0 != 0] = set0) ?cards0; last by apply/setP => j; rewrite !inE eqxx.
rewrite (_ : [set j | _ <= 1] = setT)%N ?cardsT ?card_ord //; apply/setP => j; rewrite !inE.
by rewrite /zeros; apply: leq_trans (max_card _) _; rewrite card_ord.
Qed.

(* coordinates with a_j^2 != b_j^2 *)
Theorem control_toy_a2_b2 : ~ forall (F : fieldType) d (a b : 'I_d -> F), 2%:R != 0 :> F ->
  rank_is (squares_tangent a b) #|[set j | a j ^+ 2 != b j ^+ 2]|.
Proof.
move=> H; pose one (j : 'I_1) : rat := 1.
have := rank_is_unique (H _ _ one one isT) (toy_a2_b2 one one isT).
rewrite (_ : [set j | _ != _ ^+ 2] = set0) ?cards0; last by apply/setP => j; rewrite !inE eqxx.
rewrite (_ : [set j | _] = setT) ?cardsT ?card_ord //; apply/setP => j; by rewrite !inE oner_eq0.
Qed.

(* every target with k coefficients has rank k + 1 *)
Theorem control_toy_a2_b2_function : ~ forall (F : fieldType) d (c : 'I_d -> F), 2%:R != 0 :> F ->
  forall (a b : 'I_d -> F) r, (forall x : 'I_d -> F, squares_model a b x = \sum_j c j * x j) ->
  rank_is (squares_tangent a b) r -> (#|[set j | c j != 0%R]| < r)%N.
Proof.
move=> H; have [_ [a [b [rep rk]]]] := @toy_a2_b2_function rat_fieldType 1 (fun _ => 0) isT.
by have := H rat_fieldType 1%N (fun _ => 0) isT a b _ rep rk; rewrite ltnn.
Qed.

(* rank 2 wherever theta_2 theta_3 = 0 *)
Theorem control_toy_fNL : ~ forall (F : fieldType) (t : bool * bool -> F),
  rank_is (product_tangent t) (if t (true, false) * t (true, true) == 0 then 2%N else 3%N).
Proof.
move=> H; pose t (i : bool * bool) : rat := if i.2 then 0 else 1.
by have := rank_is_unique (H _ t) (toy_fNL t); rewrite /t /=.
Qed.

(* rank M = 2 *)
Theorem control_toy_redundant : ~ forall (F : fieldType) p (t2 : F), rank_is (redundant_tangent p t2) 2.
Proof. by move=> H; have := rank_is_unique (H _ 0%N (1 : rat)) (toy_redundant 0 (1 : rat)). Qed.
