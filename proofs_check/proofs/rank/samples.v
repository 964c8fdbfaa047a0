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
(* n samples and one more *)
Definition one_more n (S : 'I_n -> X) (x : X) (j : 'I_(n + 1)) : X := match split j with inl i => S i | inr _ => x end.
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

Lemma combineD M (g : tangents M) a b x : combine g (a + b) x = combine g a x + combine g b x.
Proof. by rewrite /combine -big_split; apply: eq_bigr => i _; rewrite mxE mulrDl. Qed.
Lemma combineZ M (g : tangents M) c a x : combine g (c *: a) x = c * combine g a x.
Proof. by rewrite /combine big_distrr; apply: eq_bigr => i _; rewrite mxE -mulrA. Qed.
Lemma combine_delta M (g : tangents M) i x : combine g (delta_mx 0 i) x = g i x.
Proof.
rewrite /combine (bigD1 i) //= mxE !eqxx mul1r big1 ?addr0 // => k /negPf ki.
by rewrite mxE ki andbF mul0r.
Qed.
Lemma combineB M (g : tangents M) a b x : combine g (a - b) x = combine g a x - combine g b x.
Proof. by rewrite -scaleN1r combineD combineZ mulN1r. Qed.

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

(* linear stability is R_S = R *)
Lemma stable_rank n (S : 'I_n -> X) : stable g S <-> \rank (empirical g S) = r.
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

(* samples that contain others have no smaller rank *)
Lemma empirical_mono n n' (S : 'I_n -> X) (S' : 'I_n' -> X) : (forall j, exists j', S' j' = S j) ->
  (\rank (empirical g S) <= \rank (empirical g S'))%N.
Proof.
move=> /fin_all_exists[f Sf].
have -> : empirical g S = empirical g S' *m \matrix_(k, j) (k == f j)%:R.
  apply/matrixP => i j; rewrite !mxE (bigD1 (f j)) //= big1 => [|k /negPf ne].
    by rewrite !mxE eqxx mulr1 addr0 Sf.
  by rewrite !mxE ne mulr0.
exact: mxrankM_maxl.
Qed.
Lemma stable_mono n n' (S : 'I_n -> X) (S' : 'I_n' -> X) : (forall j, exists j', S' j' = S j) -> stable g S -> stable g S'.
Proof. by move=> /fin_all_exists[f Sf] st a aS; apply: st => j; rewrite -Sf. Qed.

Lemma empirical_one_more n (S : 'I_n -> X) x : empirical g (one_more S x) = row_mx (empirical g S) (\col_i g i x).
Proof. by apply/matrixP => i j; rewrite !mxE /one_more; case: (split j) => k; rewrite !mxE. Qed.

(* rank.monotone-n: more samples never lower the rank, which stays below R; one sample raises it by 0 or 1 *)
Theorem rank_monotone_n :
  (forall n n' (S : 'I_n -> X) (S' : 'I_n' -> X), (forall j, exists j', S' j' = S j) ->
     (\rank (empirical g S) <= \rank (empirical g S') <= r)%N) /\
  (forall n (S : 'I_n -> X) x,
     (\rank (empirical g S) <= \rank (empirical g (one_more S x)) <= (\rank (empirical g S)).+1)%N).
Proof.
split=> [n n' S S' sub|n S x].
  by rewrite (empirical_mono sub); have := empirical_le S'; rewrite leq_min => /andP[].
apply/andP; split.
  by apply: empirical_mono => j; exists (lshift 1 j); rewrite /one_more (unsplitK (inl j)).
rewrite empirical_one_more -(mxrank_tr (row_mx _ _)) tr_row_mx -addsmxE.
apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite mxrank_tr -[X in (_ <= X)%N]addn1 leq_add2l.
exact: rank_leq_row.
Qed.

(* a linearly stable point has R <= n *)
Lemma stable_le n (S : 'I_n -> X) : stable g S -> (r <= n)%N.
Proof. by move=> /stable_rank rS; have := empirical_le S; rewrite rS leq_min => /andP[]. Qed.

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
rewrite -addn1; exists (one_more S x); rewrite empirical_one_more.
set E := empirical g S in rS cS *; pose e := \col_i g i x.
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
split=> [[S /stable_rank rS]|rn].
  by have := empirical_le S; rewrite rS leq_min => /andP[].
have [S rS] := samples_exist.
exists (fun j : 'I_n => if insub (val j) is Some i then S i else x0).
apply: (@stable_mono r n S) => [j|]; last exact/stable_rank.
by exists (widen_ord rn j); rewrite /= valK.
Qed.
End Rank.
End Tangents.

(* rank.chain-rule: g = f o phi.  Dphi is the Jacobian of phi, so the tangent functions of g are
   combinations of those of f, and R_g(eta) <= R_f(phi(eta)).  Equality holds exactly if every direction is in
   im Dphi(eta) up to directions along which f stays.  With Dphi = 1: R is well defined. *)
Section ChainRule.
Variables (F : fieldType) (X : Type) (Mf Mg : nat) (f : tangents F X Mf) (g : tangents F X Mg).
Theorem rank_chain_rule (Dphi : 'M[F]_(Mg, Mf)) rf rg :
  (forall i x, g i x = combine f (row i Dphi) x) -> model_rank f rf -> model_rank g rg ->
  (rg <= rf)%N /\
  (rg = rf <-> forall a, exists b k, a = b *m Dphi + k /\ forall x, combine f k x = 0).
Proof.
move=> gD /model_rankP[B [C [indB fBC]]] /model_rankP[B' [C' [indB' gBC]]].
have gc a x : combine g a x = combine f (a *m Dphi) x.
  by rewrite -combineM; apply: eq_bigr => i _; rewrite gD.
have zero M' (h : tangents F X M') x : combine h 0 x = 0 by rewrite /combine big1 // => i _; rewrite mxE mul0r.
have kerf k : (forall x, combine f k x = 0) <-> k *m C = 0.
  by split=> [k0|kC x]; [apply: indB => x; rewrite -fBC | rewrite fBC kC mul0mx].
have BC : B *m C = 1%:M.
  apply/row_matrixP => i; apply/eqP; rewrite -subr_eq0; apply/eqP; apply: indB => x.
  have := fBC (row i B) x; rewrite mulmxBl combineB -[row i 1%:M *m B]row_mul mul1mx => ->.
  by rewrite row_mul subrr.
have step (a : 'rV_Mg) : a *m (Dphi *m C) = a *m C' *m B' *m (Dphi *m C).
  apply/eqP; rewrite -subr_eq0 -mulmxBl [X in X == _]mulmxA; apply/eqP; apply: (proj1 (kerf _)) => x.
  by rewrite mulmxBl combineB -!gc -gBC subrr.
have rkDC : \rank (Dphi *m C) = rg.
  apply/eqP; rewrite eqn_leq; apply/andP; split.
    have -> : Dphi *m C = C' *m (B' *m (Dphi *m C)); last exact: leq_trans (mxrankM_maxl _ _) (rank_leq_col _).
    by apply/row_matrixP => i; rewrite !rowE step !mulmxA.
  suff free : row_free (B' *m (Dphi *m C)) by rewrite -(eqP free) mxrankM_maxr.
  rewrite -kermx_eq0; apply/rowV0P => c /sub_kermxP cK; apply: indB' => x.
  by rewrite gc fBC -(mulmxA (c *m B')) -(mulmxA c) cK mul0mx zero.
split; first by rewrite -rkDC rank_leq_col.
split=> [e a|full].
  have /row_fullP[E EDC] : row_full (Dphi *m C) by rewrite /row_full rkDC e.
  exists (a *m C *m E), (a - a *m C *m E *m Dphi); split; first by rewrite addrC subrK.
  by apply/kerf; rewrite mulmxBl -!mulmxA EDC mulmx1 subrr.
apply/eqP; rewrite -rkDC -/(row_full _) -sub1mx; apply/row_subP => i.
have [b [k [e /kerf kC]]] := full (row i B).
by apply/submxP; exists b; rewrite -[in LHS]BC row_mul e mulmxDl kC addr0 mulmxA.
Qed.
End ChainRule.

Lemma rank_le_parameters (F : fieldType) (X : Type) M (f : tangents F X M) r : model_rank f r -> (r <= M)%N.
Proof.
move=> /model_rankP[B [_ [ind _]]]; suff : row_free B by move/eqP <-; apply: rank_leq_col.
rewrite -kermx_eq0; apply/rowV0P => c /sub_kermxP cB; apply: ind => x.
by rewrite cB /combine big1 // => i _; rewrite mxE mul0r.
Qed.

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
  rewrite -(combine_delta g) -combineZ; congr (combine g _ x).
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

(* M_I = r: the largest model rank *)
Definition generic_rank r := (exists th, model_rank (g th) r) /\ forall th r', model_rank (g th) r' -> (r' <= r)%N.

(* rank.upper-M *)
Theorem rank_upper_M th r MI : model_rank (g th) r -> generic_rank MI -> (r <= MI <= M)%N.
Proof. by move=> rk [[th' /rank_le_parameters ->] most]; rewrite (most _ _ rk). Qed.

(* rank.implicit-bias: what interpolates n samples and is linearly stable has R(f') <= n *)
Theorem rank_implicit_bias th r r' n (S : 'I_n -> X) :
  target th -> function_rank r -> model_rank (g th) r' -> stable (g th) S -> (r <= n)%N.
Proof. by move=> Tth [_ least] rk st; apply: leq_trans (least _ _ Tth rk) (stable_le rk st). Qed.

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
  (forall n (S : 'I_n -> X) e, critical_for gA S e -> critical_for gB S e) ->
  (forall b, exists a, forall x, combine gB b x = combine gA a x) /\ (rB <= rA)%N.
Proof.
move=> rkA rkB cm.
(* a sample that sees both families at once *)
pose both : tangents F X (MA + MB) := fun i => match split i with inl j => gA j | inr j => gB j end.
have combine_both a b x : combine both (row_mx a b) x = combine gA a x + combine gB b x.
  rewrite /combine big_split_ord /=; congr (_ + _); apply: eq_bigr => i _.
    by rewrite row_mxEl /both (unsplitK (inl i)).
  by rewrite row_mxEr /both (unsplitK (inr i)).
have [r rk] := rank_exists both EM; have [S /(stable_rank rk) st] := samples_exist rk EM.
have crit M (g : tangents F X M) (e : 'rV_r) : e *m (empirical g S)^T = 0 <-> critical_for g S (e 0).
  split=> [/rowP h i|h].
    by have := h i; rewrite !mxE => {2}<-; apply: eq_bigr => j _; rewrite !mxE.
  by apply/rowP => i; rewrite !mxE -[RHS](h i); apply: eq_bigr => j _; rewrite !mxE.
(* residuals critical for A are critical for B: the rows of B on the sample are combinations of those of A *)
have sub : (empirical gB S <= empirical gA S)%MS.
  rewrite submxE; apply/eqP/trmx_inj; rewrite trmx0 trmx_mul; apply/row_matrixP => i; rewrite row_mul row0.
  by apply/crit/cm/crit; rewrite -row_mul -trmx_mul mulmx_coker trmx0 row0.
have incl b : exists a, forall x, combine gB b x = combine gA a x.
  have /submxP[Z BZ] := sub; exists (b *m Z) => x.
  have E z : combine both (row_mx (- (b *m Z)) b) z = combine gB b z - combine gA (b *m Z) z.
    by rewrite combine_both -scaleN1r combineZ mulN1r addrC.
  apply/eqP; rewrite -subr_eq0; apply/eqP; rewrite -E; apply: st => j; rewrite E; apply/eqP; rewrite subr_eq0; apply/eqP.
  by have := congr1 (fun A => (b *m A) 0 j) BZ; rewrite /= mulmxA !empiricalE !mxE.
split=> //; have /fin_all_exists[a Ba] : forall i, exists a, forall x, gB i x = combine gA a x.
  by move=> i; have [a aP] := incl (delta_mx 0 i); exists a => x; rewrite -aP combine_delta.
have gBE i x : gB i x = combine gA (row i (\matrix_i a i)) x by rewrite rowK.
by case: (rank_chain_rule gBE rkA rkB).
Qed.
End Mapping.


(* rank.linear-constant: the model sum_i theta_i phi_i is linear in theta.  Its difference quotients are
   phi_i at every point, so the tangent functions, and with them the model rank, do not depend on theta;
   the rank is the number of parameters exactly when the phi_i are independent. *)
Section LinearModel.
Variables (F : fieldType) (X : Type) (M : nat) (phi : tangents F X M).
Definition linear_model (theta : 'rV[F]_M) (x : X) : F := combine phi theta x.
(* the difference quotients at theta with step t *)
Definition quotients (theta : 'rV[F]_M) (t : F) : tangents F X M :=
  fun i x => (linear_model (theta + t *: delta_mx 0 i) x - linear_model theta x) / t.

Theorem rank_linear_constant :
  (forall theta t, t != 0 -> forall r, model_rank (quotients theta t) r <-> model_rank phi r) /\
  (model_rank phi M <-> independent phi).
Proof.
split=> [theta t t0 r|].
  suff E i x : quotients theta t i x = phi i x.
    have Ec c x : combine (quotients theta t) c x = combine phi c x by apply: eq_bigr => i _; rewrite E.
    by split=> -[B [ind span]]; exists B; (split=> [c c0|i];
      [apply: ind => x; rewrite -(c0 x) !combineM Ec
      |have [c sc] := span i; exists c => x; rewrite combineM; have := sc x; rewrite combineM (E, Ec) ?Ec ?E]).
  by rewrite /quotients /linear_model combineD combineZ combine_delta addrAC subrr add0r mulrC mulKf.
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

(* rank.llr-condition: the empirical risk over the tangent hyperplane {f* + sum_i a_i g_i} at a point of Theta* *)
Section Minimizers.
Import Order.TTheory Num.Theory.
Variables (F : realFieldType) (X : Type) (M n : nat) (g : tangents F X M).
Variables (S : 'I_n -> X) (f : X -> F) (y : 'I_n -> F).
Definition hyperplane_risk (a : 'rV[F]_M) : F := \sum_j (f (S j) + combine g a (S j) - y j) ^+ 2.
Definition minimizer (a : 'rV[F]_M) := forall b, hyperplane_risk a <= hyperplane_risk b.
Definition unique_minimizer := forall a, minimizer a <-> forall x, f x + combine g a x = f x.
(* f* interpolates the samples *)
Hypothesis interpolation : forall j, f (S j) = y j.

Theorem rank_llr_condition r : model_rank g r -> (unique_minimizer <-> \rank (empirical g S) = r).
Proof.
move=> rk; rewrite -(stable_rank rk S).
have risk0 a : hyperplane_risk a = 0 <-> forall j, combine g a (S j) = 0.
  have E j : f (S j) + combine g a (S j) - y j = combine g a (S j) by rewrite interpolation addrAC subrr add0r.
  split=> [/eqP|a0]; last by rewrite /hyperplane_risk big1 // => j _; rewrite E a0 expr0n.
  rewrite psumr_eq0 => [/allP all0 j|j _]; last exact: sqr_ge0.
  by have := all0 j (mem_index_enum j); rewrite /= sqrf_eq0 E => /eqP.
have minE a : minimizer a <-> forall j, combine g a (S j) = 0.
  rewrite -risk0; split=> [min|a0 b]; last by rewrite a0 sumr_ge0 // => j _; apply: sqr_ge0.
  apply/eqP; rewrite eq_le sumr_ge0 ?andbT => [|j _]; last exact: sqr_ge0.
  apply: le_trans (min 0) _; rewrite (_ : hyperplane_risk 0 = 0) //.
  by apply/risk0 => j; rewrite /combine big1 // => i _; rewrite mxE mul0r.
have still a : (forall x, f x + combine g a x = f x) <-> forall x, combine g a x = 0.
  split=> h x; last by rewrite h addr0.
  by apply: (addrI (f x)); rewrite h addr0.
split=> [un a /minE/un/still //|st a].
rewrite minE still; split=> [|h j]; [exact: st | exact: h].
Qed.
End Minimizers.

(* ---- controls: models with one input, f = theta_1, f = theta_1 + theta_2 and f = 0 ---- *)
Definition constants (M : nat) (a : rat) : tangents rat_realFieldType unit M := fun _ _ => a.
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
by apply/(stable_rank (rank_constants M)) => a aS x; case: x; rewrite -(aS 0); case: (S 0).
Qed.

(* R_S = n instead of R_S = R *)
Theorem control_rank_llr_condition : ~ forall (F : realFieldType) (X : Type) M n (g : tangents F X M) (S : 'I_n -> X) (f : X -> F) y,
  (forall j, f (S j) = y j) -> forall r, model_rank g r -> (unique_minimizer g S f y <-> \rank (empirical g S) = n).
Proof.
move=> H; pose S (j : 'I_2) := tt; pose z (_ : unit) := 0 : rat_realFieldType.
have fits j : z (S j) = 0 by [].
have [_ to] := rank_llr_condition fits (rank_constants 0).
have [from _] := H _ _ _ _ _ S z _ fits _ (rank_constants 0).
by have := from (to (rank_constants_sample S 0)); rewrite rank_constants_sample.
Qed.

(* every sample raises the empirical rank *)
Theorem control_rank_monotone_n : ~ forall (F : fieldType) (X : Type) M (g : tangents F X M) n (S : 'I_n -> X) x,
  \rank (empirical g (one_more S x)) = (\rank (empirical g S)).+1.
Proof.
move=> H; pose S (_ : 'I_1) := tt; have := H _ _ _ (constants 1 1) _ S tt.
by rewrite (rank_constants_sample S) (rank_constants_sample (one_more S tt : 'I_2 -> unit)).
Qed.

(* R < n *)
Theorem control_rank_implicit_bias : ~ forall (F : fieldType) (X Theta : Type) M (g : Theta -> tangents F X M) (target : Theta -> Prop)
  th r r' n (S : 'I_n -> X), target th -> function_rank g target r -> model_rank (g th) r' -> stable (g th) S -> (r < n)%N.
Proof.
move=> H; pose g (_ : unit) := constants 1 1.
have fr : function_rank g (fun _ => True) 1.
  split; first by exists tt => //; apply: rank_constants.
  move=> [] r' _ rk; have self i x : g tt i x = combine (g tt) (row i 1%:M) x by rewrite row1 combine_delta.
  by case: (rank_chain_rule self rk (rank_constants 0)).
have st : stable (constants 1 1) (fun _ : 'I_1 => tt) by move=> a aS []; apply: (aS 0).
by have := H _ _ _ _ g (fun _ => True) tt 1%N 1%N 1%N (fun _ => tt) I fr (rank_constants 0) st.
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

(* M_I < M *)
Theorem control_rank_upper_M : ~ forall (F : fieldType) (X Theta : Type) M (g : Theta -> tangents F X M) th r MI,
  model_rank (g th) r -> generic_rank g MI -> (r <= MI < M)%N.
Proof.
move=> H; pose g (_ : unit) := constants 1 1; have rk := rank_constants 0.
have top : generic_rank g 1 by split=> [|_ r' /rank_le_parameters //]; exists tt.
by have := H _ _ _ _ g tt _ _ rk top.
Qed.

(* the linear model without independence: theta_1 + theta_2 has rank 1, not 2 *)
Theorem control_rank_linear_constant : ~ forall (F : fieldType) (X : Type) M (phi : tangents F X M), model_rank phi M.
Proof.
move=> H; have self i x : constants 2 1 i x = combine (constants 2 1) (row i 1%:M) x by rewrite row1 combine_delta.
by case: (rank_chain_rule self (rank_constants 1) (H _ _ _ (constants 2 1))).
Qed.

(* O(f) = M: the redundant model theta_1 + theta_2 needs one sample *)
Theorem control_rank_O_equals_R : ~ forall (F : fieldType) (X Theta : Type) M (g : Theta -> tangents F X M) (target : Theta -> Prop)
  (x0 : X) r, function_rank g target r -> forall n, llr g target n <-> (M <= n)%N.
Proof.
move=> H; pose g (_ : unit) := constants 2 1.
have self i x : constants 2 1 i x = combine (constants 2 1) (row i 1%:M) x by rewrite row1 combine_delta.
have fr : function_rank g (fun _ => True) 1.
  split; first by exists tt => //; apply: rank_constants.
  by move=> [] r' _ rk; case: (rank_chain_rule self rk (rank_constants 1)).
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
