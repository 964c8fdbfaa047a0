(* Model rank, samples and linear stability (2211.11623, 2307.08921, 2406.18035) for every model, every
   number of parameters and every set of inputs; no topology is used.
   The statements that choose sample points have the excluded middle as a premise: a point where a
   function does not vanish cannot be computed. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Tangents.
Variables (F : fieldType) (X : Type).     (* X: the input domain, any set *)

(* the M tangent functions g_i = (d/d theta_i) f(.; theta) at one parameter point *)
Definition tangents M := 'I_M -> X -> F.
(* the function sum_i a_i g_i *)
Definition combine M (g : tangents M) (a : 'rV[F]_M) (x : X) : F := \sum_i a 0 i * g i x.
(* R(theta) = r: r of the combinations are independent functions and span all of them *)
Definition independent r (u : 'I_r -> X -> F) := forall c, (forall x, combine u c x = 0) -> c = 0.
Definition model_rank M (g : tangents M) r := exists B : 'M[F]_(r, M),
  independent (fun k => combine g (row k B)) /\
  forall i, exists c, forall x, g i x = combine (fun k => combine g (row k B)) c x.

(* the empirical tangent matrix of n samples and the empirical rank R_S(theta) *)
Definition empirical M n (g : tangents M) (S : 'I_n -> X) : 'M[F]_(M, n) := \matrix_(i, j) g i (S j).
(* linear stability / LLR: a function of the tangent space that vanishes on the samples vanishes *)
Definition stable M n (g : tangents M) (S : 'I_n -> X) :=
  forall a, (forall j, combine g a (S j) = 0) -> forall x, combine g a x = 0.

Lemma empiricalE M n (g : tangents M) (S : 'I_n -> X) a :
  a *m empirical g S = \row_j combine g a (S j).
Proof. by apply/rowP => j; rewrite !mxE; apply: eq_bigr => i _; rewrite !mxE. Qed.

Lemma combineM M r (g : tangents M) (B : 'M_(r, M)) c x :
  combine (fun k => combine g (row k B)) c x = combine g (c *m B) x.
Proof.
rewrite /combine; under eq_bigr => k _ do rewrite big_distrr /=.
rewrite exchange_big /=; apply: eq_bigr => i _; rewrite mxE big_distrl /=.
by apply: eq_bigr => k _; rewrite !mxE mulrA.
Qed.

(* model_rank as two matrices: the functions are C times r independent ones *)
Lemma model_rankP M (g : tangents M) r : model_rank g r ->
  exists (B : 'M_(r, M)) (C : 'M_(M, r)),
   (forall c, (forall x, combine g (c *m B) x = 0) -> c = 0) /\
   (forall a x, combine g a x = combine g (a *m C *m B) x).
Proof.
move=> [B [indB]] /(fin_all_exists) [c gc]; exists B, (\matrix_i c i); split.
  by move=> d d0; apply: indB => x; rewrite combineM.
move=> a x; rewrite -combineM /combine.
under eq_bigr => i _ do rewrite gc /combine big_distrr /=.
rewrite exchange_big /=; apply: eq_bigr => k _; rewrite [in RHS]mxE big_distrl /=.
by apply: eq_bigr => i _; rewrite !mxE mulrA.
Qed.

Section Rank.
Variables (M r : nat) (g : tangents M).
Hypothesis rank_g : model_rank g r.

(* R_S <= R and R_S <= n, for every sample *)
Theorem empirical_le n (S : 'I_n -> X) : (\rank (empirical g S) <= minn n r)%N.
Proof.
rewrite leq_min rank_leq_col /=; have [B [C [_ gBC]]] := model_rankP rank_g.
have -> : empirical g S = C *m (B *m empirical g S).
  apply/row_matrixP => i; rewrite !rowE mulmxA !mulmxA !empiricalE.
  by apply/rowP => j; rewrite !mxE gBC.
by apply: leq_trans (mxrankM_maxl _ _) (rank_leq_col _).
Qed.

(* rank.llr-condition: linear stability is R_S = R *)
Theorem rank_llr_condition n (S : 'I_n -> X) : stable g S <-> \rank (empirical g S) = r.
Proof.
have [B [C [indB gBC]]] := model_rankP rank_g.
have EB : empirical g S = C *m (B *m empirical g S).
  apply/row_matrixP => i; rewrite !rowE mulmxA !mulmxA !empiricalE.
  by apply/rowP => j; rewrite !mxE gBC.
have kerB c : c *m (B *m empirical g S) = 0 <-> forall j, combine g (c *m B) (S j) = 0.
  rewrite mulmxA empiricalE; split=> [/rowP h j|h]; first by have := h j; rewrite !mxE.
  by apply/rowP => j; rewrite !mxE h.
split=> [st|rk a aS].
  apply/eqP; rewrite eqn_leq (leq_trans (empirical_le S) (geq_minr _ _)) /=.
  have free : row_free (B *m empirical g S).
    by rewrite -kermx_eq0; apply/rowV0P => c /sub_kermxP /kerB cS; apply: indB; apply: st.
  by have := mxrankM_maxr B (empirical g S); rewrite (eqP free).
have free : row_free (B *m empirical g S).
  rewrite /row_free eqn_leq rank_leq_row /=.
  by have := mxrankM_maxr C (B *m empirical g S); rewrite -EB rk.
have : a *m C = 0.
  apply: (row_free_inj free); rewrite mul0mx; apply/kerB => j.
  by rewrite -gBC.
by move=> aC x; rewrite gBC aC mul0mx /combine big1 // => i _; rewrite mxE mul0r.
Qed.

(* rank.monotone-n: more samples *)
Theorem rank_monotone_n n n' (S : 'I_n -> X) (S' : 'I_n' -> X) : (forall j, exists j', S' j' = S j) ->
  (\rank (empirical g S) <= \rank (empirical g S'))%N /\ (stable g S -> stable g S').
Proof.
move=> /fin_all_exists[f Sf]; split.
  have -> : empirical g S = empirical g S' *m \matrix_(k, j) (k == f j)%:R.
    apply/matrixP => i j; rewrite !mxE (bigD1 (f j)) //= big1 => [|k /negPf ne].
      by rewrite !mxE eqxx mulr1 addr0 Sf.
    by rewrite !mxE ne mulr0.
  exact: mxrankM_maxl.
by move=> st a aS; apply: st => j; rewrite -Sf.
Qed.

(* rank.implicit-bias (the theorem): a linearly stable interpolation of n samples has R <= n *)
Theorem rank_implicit_bias n (S : 'I_n -> X) : stable g S -> (r <= n)%N.
Proof. by move=> /rank_llr_condition rS; have := empirical_le S; rewrite rS leq_min => /andP[]. Qed.

(* r samples suffice.  A point where a function does not vanish cannot be computed, so the
   excluded middle is a hypothesis. *)
Hypothesis EM : forall P : Prop, P \/ ~ P.

Lemma nonzero_point (f : X -> F) : ~ (forall x, f x = 0) -> exists x, f x != 0.
Proof.
move=> nz; case: (EM (exists x, f x != 0)) => // none; case: nz => x.
by apply/eqP; apply/negPn/negP => ne; case: none; exists x.
Qed.

Theorem samples_exist : exists S : 'I_r -> X, \rank (empirical g S) = r.
Proof.
have [B [C [indB gBC]]] := model_rankP rank_g.
suff grow n : (n <= r)%N -> exists S : 'I_n -> X, \rank (empirical g S) = n by exact: grow.
elim: n => [|n IH] ln.
  exists (fun j : 'I_0 => False_rect X (notF (ltn_ord j))); apply/eqP.
  by rewrite -leqn0 rank_leq_col.
have [S rS] := IH (ltnW ln).
(* a combination of the r independent functions that vanishes on S but not everywhere *)
have [c cS c0] : exists2 c : 'rV_r, c *m (B *m empirical g S) = 0 & c != 0.
  have : kermx (B *m empirical g S) != 0.
    rewrite kermx_eq0 /row_free neq_ltn; apply/orP; left.
    by apply: leq_ltn_trans (rank_leq_col _) ln.
  by case/rowV0Pn => c /sub_kermxP; exists c.
have [x gx] : exists x, combine g (c *m B) x != 0.
  by apply: nonzero_point => /indB /eqP; rewrite (negPf c0).
rewrite -addn1; exists (fun j => match split j with inl i => S i | inr _ => x end).
set E := empirical g S in rS cS *; pose e := \col_i g i x.
have -> : empirical g (fun j => match split j with inl i => S i | inr _ => x end) = row_mx E e.
  by apply/matrixP => i j; rewrite !mxE; case: (split j) => k; rewrite !mxE.
rewrite -mxrank_tr tr_row_mx; apply/eqP; rewrite -/(row_free _) -kermx_eq0.
apply/rowV0P => d /sub_kermxP; rewrite -[d]hsubmxK mul_row_col => dE.
have d2 : rsubmx d = 0.
  have := congr1 (mulmx^~ (c *m B)^T) dE; rewrite /= mulmxDl mul0mx -!mulmxA -!trmx_mul.
  rewrite -mulmxA cS trmx0 mulmx0 add0r => de.
  have ce : (c *m B *m e) 0 0 != 0.
    suff -> : (c *m B *m e) 0 0 = combine g (c *m B) x by [].
    by rewrite mxE; apply: eq_bigr => i _; congr (_ * _); rewrite mxE.
  have : (rsubmx d *m (c *m B *m e)^T) 0 0 = 0 by rewrite de mxE.
  rewrite mxE big_ord1 [_^T 0 0]mxE => /eqP; rewrite mulf_eq0 (negPf ce) orbF => /eqP d0.
  by apply/rowP => j; rewrite ord1 d0 mxE.
move: dE; rewrite d2 mul0mx addr0 => dE; suff -> : lsubmx d = 0 by rewrite row_mx0.
have fE : row_free E^T by rewrite /row_free mxrank_tr rS.
by apply: (row_free_inj fE); rewrite dE mul0mx.
Qed.

(* O = R at one parameter point: n samples that make theta linearly stable exist iff r <= n *)
Theorem stable_sample (x0 : X) n : (exists S : 'I_n -> X, stable g S) <-> (r <= n)%N.
Proof.
split=> [[S /rank_llr_condition rS]|rn].
  by have := empirical_le S; rewrite rS leq_min => /andP[].
have [S rS] := samples_exist.
exists (fun j : 'I_n => if insub (val j) is Some i then S i else x0).
have [j|_ ] := @rank_monotone_n r n S (fun j => if insub (val j) is Some i then S i else x0).
  by exists (widen_ord rn j); rewrite /= valK.
by apply; apply/rank_llr_condition.
Qed.
End Rank.
End Tangents.

(* rank.chain-rule: g = f o phi.  Dphi is the Jacobian of phi, so the tangent functions of g are
   combinations of those of f, and R_g(eta) <= R_f(phi(eta)).  With Dphi = 1: R is well defined.
   rank.upper-M: R <= M. *)
Section ChainRule.
Variables (F : fieldType) (X : Type) (Mf Mg : nat) (f : tangents F X Mf) (g : tangents F X Mg).
Theorem rank_chain_rule (Dphi : 'M[F]_(Mg, Mf)) rf rg :
  (forall i x, g i x = combine f (row i Dphi) x) -> model_rank f rf -> model_rank g rg -> (rg <= rf)%N.
Proof.
move=> gD /model_rankP[B [C [_ fBC]]] /model_rankP[B' [C' [indB' _]]].
have gc a x : combine g a x = combine f (a *m Dphi) x.
  by rewrite -combineM; apply: eq_bigr => i _; rewrite gD.
suff free : row_free (B' *m Dphi *m C) by rewrite -(eqP free) rank_leq_col.
rewrite -kermx_eq0; apply/rowV0P => c /sub_kermxP cK; apply: indB' => x.
have z : c *m B' *m Dphi *m C = 0 by rewrite -cK !mulmxA.
by rewrite gc fBC z mul0mx /combine big1 // => i _; rewrite mxE mul0r.
Qed.
Theorem rank_upper_M r : model_rank f r -> (r <= Mf)%N.
Proof.
move=> /model_rankP[B [_ [ind _]]]; suff : row_free B by move/eqP <-; apply: rank_leq_col.
rewrite -kermx_eq0; apply/rowV0P => c /sub_kermxP cB; apply: ind => x.
by rewrite cB /combine big1 // => i _; rewrite mxE mul0r.
Qed.
End ChainRule.

(* every finite family of functions has a rank *)
Section RankExists.
Variables (F : fieldType) (X : Type) (M : nat) (g : tangents F X M).
Hypothesis EM : forall P : Prop, P \/ ~ P.
Definition free_rows r (B : 'M[F]_(r, M)) := independent (fun k => combine g (row k B)).

Lemma free_rows_free r (B : 'M[F]_(r, M)) : free_rows B -> row_free B.
Proof.
move=> ind; rewrite -kermx_eq0; apply/rowV0P => c /sub_kermxP cB; apply: ind => x.
by rewrite combineM cB /combine big1 // => i _; rewrite mxE mul0r.
Qed.

Lemma combineD a b x : combine g (a + b) x = combine g a x + combine g b x.
Proof. by rewrite /combine -big_split; apply: eq_bigr => i _; rewrite mxE mulrDl. Qed.
Lemma combineZ c a x : combine g (c *: a) x = c * combine g a x.
Proof. by rewrite /combine big_distrr; apply: eq_bigr => i _; rewrite mxE -mulrA. Qed.
Lemma combine_delta i x : combine g (delta_mx 0 i) x = g i x.
Proof.
rewrite /combine (bigD1 i) //= mxE !eqxx mul1r big1 ?addr0 // => k /negPf ki.
by rewrite mxE ki andbF mul0r.
Qed.

Theorem rank_exists : exists r, model_rank g r.
Proof.
have grow k r : (exists B : 'M[F]_(r, M), free_rows B) -> (M < r + k)%N ->
    exists r', (exists B : 'M[F]_(r', M), free_rows B) /\ ~ exists B : 'M[F]_(r' + 1, M), free_rows B.
  elim: k r => [|k IH] r [B ind] Mr.
    by have := free_rows_free ind; rewrite /row_free => /eqP e; have := rank_leq_col B; rewrite e leqNgt -(addn0 r) Mr.
  case: (EM (exists B : 'M[F]_(r + 1, M), free_rows B)) => [/IH|most]; last by exists r; split=> //; exists B.
  by apply; rewrite addn1 addSnnS.
have [||r [[B ind] most]] := grow M.+1 0%N; first by exists 0 => c _; apply/rowP => -[].
  by rewrite add0n.
exists r, B; split=> // i; case: (EM (exists c, forall x, g i x = combine (fun k => combine g (row k B)) c x)) => // none.
case: most; exists (col_mx B (delta_mx 0 i)) => c c0.
(* a relation of the longer family has the coefficient 0 at g i, for else g i were a combination *)
have rel x : combine g (lsubmx c *m B) x + rsubmx c 0 0 * g i x = 0.
  rewrite -(c0 x) combineM -{3}[c]hsubmxK mul_row_col combineD; congr (_ + _).
  rewrite -combine_delta -combineZ; congr (combine g _ x).
  by apply/rowP => k; rewrite !mxE big_ord1 !mxE !eqxx.
have c2 : rsubmx c 0 0 = 0.
  apply/eqP/negPn/negP => nz; case: none; exists (- (rsubmx c 0 0)^-1 *: lsubmx c) => x.
  have /eqP := rel x; rewrite addrC addr_eq0 combineM -scalemxAl combineZ mulNr => /eqP e.
  by rewrite -mulrN -e mulKf.
have c1 : lsubmx c = 0 by apply: ind => x; rewrite combineM -(rel x) c2 mul0r addr0.
rewrite -[c]hsubmxK c1; apply/rowP => k; rewrite !mxE; case: (split k) => q; rewrite !mxE //.
by rewrite ord1 -c2 mxE.
Qed.
End RankExists.

Section Model.
Variables (F : fieldType) (X Theta : Type).
Variables (M : nat) (g : Theta -> tangents F X M).   (* the tangent functions at every point *)
Variable target : Theta -> Prop.                     (* Theta*: the points that represent f* *)

(* R(f) = r: the least model rank over Theta* *)
Definition function_rank r := (exists2 th, target th & model_rank (g th) r) /\
  forall th r', target th -> model_rank (g th) r' -> (r <= r')%N.
(* n-sample LLR guarantee: some point of Theta* is linearly stable for some n samples *)
Definition llr n := exists2 th, target th & exists S : 'I_n -> X, stable (g th) S.

(* rank.O-equals-R: the optimistic sample size is the model rank of the target function *)
Theorem rank_O_equals_R (EM : forall P : Prop, P \/ ~ P) (x0 : X) r :
  function_rank r -> forall n, llr n <-> (r <= n)%N.
Proof.
move=> [[th Tth rth] least] n; split=> [[th' T' st]|rn].
  have [r' rth'] := rank_exists (g th') EM; apply: leq_trans (least _ _ T' rth') _.
  by apply/(stable_sample rth' EM x0).
by exists th => //; apply/(stable_sample rth EM x0).
Qed.
End Model.

(* rank.critical-mapping: two models A and B at corresponding points.  If every sample with every
   residual vector that is critical for A is critical for B, then R_B <= R_A. *)
Section Mapping.
Variables (F : fieldType) (X : Type) (MA MB : nat) (gA : tangents F X MA) (gB : tangents F X MB).
Definition critical_for M (g : tangents F X M) n (S : 'I_n -> X) (e : 'I_n -> F) :=
  forall i, \sum_j e j * g i (S j) = 0.

Theorem rank_critical_mapping (EM : forall P : Prop, P \/ ~ P) rA rB :
  model_rank gA rA -> model_rank gB rB ->
  (forall n (S : 'I_n -> X) e, critical_for gA S e -> critical_for gB S e) -> (rB <= rA)%N.
Proof.
move=> rkA rkB cm; have [S rS] := samples_exist rkB EM.
rewrite -rS; apply: leq_trans (leq_trans (empirical_le rkA S) (geq_minr _ _)).
rewrite -(mxrank_tr (empirical gA S)) -(mxrank_tr (empirical gB S)).
rewrite -[X in (X <= _)%N](subKn (rank_leq_row _)) -[X in (_ <= X)%N](subKn (rank_leq_row _)).
apply: leq_sub2l; rewrite -!mxrank_ker; apply: mxrankS.
apply/rV_subP => e /sub_kermxP eA; apply/sub_kermxP.
have crit M (g : tangents F X M) : e *m (empirical g S)^T = 0 <-> critical_for g S (e 0).
  split=> [/rowP h i|h].
    by have := h i; rewrite !mxE => {2}<-; apply: eq_bigr => j _; rewrite !mxE.
  by apply/rowP => i; rewrite !mxE -[RHS](h i); apply: eq_bigr => j _; rewrite !mxE.
by apply/crit/cm/crit.
Qed.
End Mapping.


(* rank.linear-constant: the model sum_i theta_i phi_i is linear in theta.  Its difference quotients are
   phi_i at every point, so the tangent functions, and with them the model rank, do not depend on theta;
   the rank is the number of parameters exactly when the phi_i are independent. *)
Section LinearModel.
Variables (F : fieldType) (X : Type) (M : nat) (phi : tangents F X M).
Definition linear_model (theta : 'rV[F]_M) (x : X) : F := combine phi theta x.

Theorem rank_linear_constant :
  (forall theta i t x, linear_model (theta + t *: delta_mx 0 i) x - linear_model theta x = t * phi i x) /\
  (model_rank phi M <-> independent phi).
Proof.
split=> [theta i t x|].
  by rewrite /linear_model combineD combineZ combine_delta addrAC subrr add0r.
split=> [rk c c0|ind].
  (* M independent combinations of M functions: the matrix is invertible *)
  have [B [C [indB gBC]]] := model_rankP rk.
  have cC : c *m C = 0 by apply: indB => x; rewrite -gBC.
  have freeC : row_free C.
    rewrite /row_free eqn_leq rank_leq_row /=.
    have BC : row_free (B *m C).
      rewrite -kermx_eq0; apply/rowV0P => d /sub_kermxP dBC; apply: indB => x.
      by rewrite gBC -(mulmxA d) dBC mul0mx /combine big1 // => i _; rewrite mxE mul0r.
    by rewrite -{1}(eqP BC) mxrankM_maxr.
  by apply: (row_free_inj freeC); rewrite mul0mx.
exists 1%:M; split=> [c c0|i].
  by apply: ind => x; rewrite -(c0 x) combineM mulmx1.
exists (delta_mx 0 i) => x; by rewrite combineM mulmx1 combine_delta.
Qed.
End LinearModel.

(* ---- controls: models with one input, f = theta_1, f = theta_1 + theta_2 and f = 0 ---- *)
Definition constants (M : nat) (a : rat) : tangents rat_fieldType unit M := fun _ _ => a.
Arguments constants : clear implicits.

Lemma rank_constants M : model_rank (constants M.+1 1) 1.
Proof.
exists (\matrix_(_, j) (j == 0)%:R); split=> [c /(_ tt)|i].
  rewrite combineM /combine /constants; under eq_bigr => j _ do rewrite mulr1 mxE big_ord1 mxE.
  rewrite (bigD1 0) //= big1 ?addr0 => [|j /negPf ->]; last by rewrite mulr0.
  by rewrite ?eqxx mulr1 => c0; apply/rowP => j; rewrite ord1 c0 mxE.
exists (const_mx 1) => x; rewrite combineM /combine /constants.
under eq_bigr => j _ do rewrite mulr1 mxE big_ord1 !mxE mul1r.
by rewrite (bigD1 0) //= big1 ?addr0 // => j /negPf ->.
Qed.

Lemma rank_zero M : model_rank (constants M 0) 0.
Proof.
exists 0; split=> [c _|i]; first by apply/rowP => -[].
by exists 0 => x; rewrite combineM mul0mx /combine big1 // => j _; rewrite mulr0.
Qed.

Lemma rank_constants_sample n (S : 'I_n.+1 -> unit) M : \rank (empirical (constants M.+1 1) S) = 1%N.
Proof.
by apply/(rank_llr_condition (rank_constants M)) => a aS x; case: x; rewrite -(aS 0); case: (S 0).
Qed.

(* R_S = n instead of R_S = R *)
Theorem control_rank_llr_condition : ~ forall (F : fieldType) (X : Type) M r (g : tangents F X M), model_rank g r ->
  forall n (S : 'I_n -> X), stable g S <-> \rank (empirical g S) = n.
Proof.
move=> H; have /(_ 2%N (fun _ => tt)) := H _ _ _ _ _ (rank_constants 0).
rewrite rank_constants_sample => -[to _].
by have // : 1%N = 2%N by apply: to => a aS []; apply: (aS 0).
Qed.

(* the empirical rank grows with every sample *)
Theorem control_rank_monotone_n : ~ forall (F : fieldType) (X : Type) M (g : tangents F X M) n n' (S : 'I_n -> X) (S' : 'I_n' -> X),
  (forall j, exists j', S' j' = S j) -> (n < n')%N -> (\rank (empirical g S) < \rank (empirical g S'))%N.
Proof.
move=> H; have := H _ _ _ (constants 1 1) 1%N 2%N (fun _ => tt) (fun _ => tt).
have sub (j : 'I_1) : exists j' : 'I_2, tt = tt by exists 0.
by rewrite !rank_constants_sample => /(_ sub isT).
Qed.

(* R < n *)
Theorem control_rank_implicit_bias : ~ forall (F : fieldType) (X : Type) M r (g : tangents F X M), model_rank g r ->
  forall n (S : 'I_n -> X), stable g S -> (r < n)%N.
Proof.
move=> H; have := H _ _ _ _ _ (rank_constants 0) 1%N (fun _ => tt).
have st : stable (constants 1 1) (fun _ : 'I_1 => tt) by move=> a aS []; apply: (aS 0).
by move/(_ st).
Qed.

(* the chain rule turned round: a constant reparametrisation has rank 0 *)
Theorem control_rank_chain_rule : ~ forall (F : fieldType) (X : Type) Mf Mg (f : tangents F X Mf) (g : tangents F X Mg)
  (Dphi : 'M[F]_(Mg, Mf)) rf rg, (forall i x, g i x = combine f (row i Dphi) x) ->
  model_rank f rf -> model_rank g rg -> (rf <= rg)%N.
Proof.
move=> H; have := H _ _ _ _ _ _ (0 : 'M_(1, 1)) _ _ _ (rank_constants 0) (rank_zero 1).
have zero i x : constants 1 0 i x = combine (constants 1 1) (row i 0) x.
  by rewrite /combine big1 // => j _; rewrite !mxE mul0r.
by move/(_ zero).
Qed.

(* R < M *)
Theorem control_rank_upper_M : ~ forall (F : fieldType) (X : Type) M (g : tangents F X M) r, model_rank g r -> (r < M)%N.
Proof. by move=> H; have := H _ _ _ _ _ (rank_constants 0). Qed.

(* the linear model without independence: theta_1 + theta_2 has rank 1, not 2 *)
Theorem control_rank_linear_constant : ~ forall (F : fieldType) (X : Type) M (phi : tangents F X M), model_rank phi M.
Proof.
move=> H; have self i x : constants 2 1 i x = combine (constants 2 1) (row i 1%:M) x by rewrite row1 combine_delta.
by have := rank_chain_rule self (rank_constants 1) (H _ _ _ (constants 2 1)).
Qed.

(* O(f) = M: the redundant model theta_1 + theta_2 needs one sample *)
Theorem control_rank_O_equals_R : ~ forall (F : fieldType) (X Theta : Type) M (g : Theta -> tangents F X M) (target : Theta -> Prop)
  (x0 : X) r, function_rank g target r -> forall n, llr g target n <-> (M <= n)%N.
Proof.
move=> H; pose g (_ : unit) := constants 2 1.
have self i x : constants 2 1 i x = combine (constants 2 1) (row i 1%:M) x by rewrite row1 combine_delta.
have fr : function_rank g (fun _ => True) 1.
  split; first by exists tt => //; apply: rank_constants.
  by move=> [] r' _ rk; apply: (rank_chain_rule self rk (rank_constants 1)).
have [to _] := H _ _ _ _ g (fun _ => True) tt 1%N fr 1%N.
by have // : (2 <= 1)%N by apply: to; exists tt => //; exists (fun _ => tt) => a aS []; apply: (aS 0).
Qed.

(* criticality for A implies criticality for B, and yet R_A <= R_B fails: B may have no tangents *)
Theorem control_rank_critical_mapping : ~ forall (F : fieldType) (X : Type) MA MB (gA : tangents F X MA) (gB : tangents F X MB) rA rB,
  model_rank gA rA -> model_rank gB rB ->
  (forall n (S : 'I_n -> X) e, critical_for gA S e -> critical_for gB S e) -> (rA <= rB)%N.
Proof.
move=> H; have := H _ _ _ _ _ _ _ _ (rank_constants 0) (rank_zero 1).
have crit n (S : 'I_n -> unit) e : critical_for (constants 1 1) S e -> critical_for (constants 1 0) S e.
  by move=> _ i; rewrite big1 // => j _; rewrite mulr0.
by move/(_ crit).
Qed.
