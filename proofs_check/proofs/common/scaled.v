(* Ranks of families of functions whose members are multiples of independent functions. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Rank.
Variables (F : fieldType) (X : Type).

(* a family of functions on X, indexed by a finite set of parameters *)
Definition independent (J : finType) (B : J -> X -> F) :=
  forall c : J -> F, (forall x, \sum_j c j * B j x = 0) -> forall j, c j = 0.
(* R = r: some r of the functions are independent and all others are their combinations *)
Definition rank_is (I : finType) (g : I -> X -> F) r := exists S : {set I},
  [/\ #|S| = r,
      forall c : I -> F, (forall x, \sum_(i in S) c i * g i x = 0) -> forall i, i \in S -> c i = 0
    & forall i, exists c : I -> F, forall x, g i x = \sum_(j in S) c j * g j x].

(* The functions g i = s i * B (p i) with independent B: R counts the B that occur *)
Theorem scaled_rank (I J : finType) (B : J -> X -> F) (p : I -> J) (s : I -> F) (g : I -> X -> F) :
  independent B -> (forall i x, g i x = s i * B (p i) x) ->
  rank_is g #|[set j | [exists i, (p i == j) && (s i != 0)]]|.
Proof.
move=> indB gE; set T := [set j | _].
pose ch j := [pick i | (p i == j) && (s i != 0)].
have chP j : j \in T -> exists i, [/\ ch j = Some i, p i = j & s i != 0].
  rewrite inE /ch => /existsP[i0 h]; case: pickP => [i /andP[/eqP pi si]|/(_ i0)]; last by rewrite h.
  by exists i.
pose S := [set i | (p i \in T) && (ch (p i) == Some i)].
have pS i : i \in S -> s i != 0.
  by rewrite inE => /andP[/chP[k [e _ sk]]]; rewrite e => /eqP[<-].
have pinj : {in S &, injective p}.
  move=> i k; rewrite !inE => /andP[_ /eqP hi] /andP[_ /eqP hk] e.
  by move: hi; rewrite e hk => -[].
have imS : p @: S = T.
  apply/setP => j; apply/imsetP/idP => [[i]|jT].
    by rewrite inE => /andP[h _] ->.
  by have [i [e pi si]] := chP j jT; exists i; rewrite // inE pi jT e eqxx.
exists S; split; first by rewrite -imS card_in_imset.
  move=> c c0 i iS.
  pose c' j := if ch j is Some k then (if j \in T then c k * s k else 0) else 0.
  have E x : \sum_(k in S) c k * g k x = \sum_j c' j * B j x.
    rewrite (bigID (fun j => j \in T)) /= [X in _ = _ + X]big1 ?addr0; last first.
      by move=> j /negPf jT; rewrite /c' jT; case: (ch j); rewrite mul0r.
    rewrite -imS big_imset //=; apply: eq_bigr => k kS.
    have := kS; rewrite inE => /andP[pT /eqP e].
    by rewrite /c' e pT gE mulrA.
  have cj : c' (p i) = 0 by apply: indB => x; rewrite -E.
  have := iS; rewrite inE => /andP[pT /eqP e]; move: cj; rewrite /c' e pT => /eqP.
  by rewrite mulf_eq0 (negPf (pS i iS)) orbF => /eqP.
move=> i; case: (altP (s i =P 0)) => [s0|si].
  by exists (fun _ => 0) => x; rewrite gE s0 mul0r big1 // => j _; rewrite mul0r.
have pT : p i \in T by rewrite inE; apply/existsP; exists i; rewrite eqxx.
have [k [e pk sk]] := chP _ pT.
have kS : k \in S by rewrite inE pk pT e eqxx.
exists (fun j => if j == k then s i / s k else 0) => x.
rewrite (bigD1 k) //= eqxx big1 ?addr0 => [|j /andP[_ /negPf ->]]; last by rewrite mul0r.
by rewrite !gE pk mulrA divfK.
Qed.

(* ... or zero functions *)
Theorem scaled_rank_or_zero (I J : finType) (B : J -> X -> F) (p : I -> option J) (s : I -> F) (g : I -> X -> F) :
  independent B -> (forall i x, g i x = if p i is Some j then s i * B j x else 0) ->
  rank_is g #|[set j | [exists i, (p i == Some j) && (s i != 0)]]|.
Proof.
move=> indB gE; case: (pickP (fun _ : J => true)) => [j0 _|J0]; last first.
  have p0 i : p i = None by case: (p i) => // j; have := J0 j.
  rewrite (_ : [set j | _] = set0) ?cards0; last by apply/setP => j; have := J0 j.
  exists set0; split=> [|c _ i|i]; rewrite ?cards0 ?inE //.
  by exists (fun _ => 0) => x; rewrite gE p0 big_set0.
pose p' i := odflt j0 (p i); pose s' i := if p i is Some _ then s i else 0.
rewrite (_ : [set j | _] = [set j | [exists i, (p' i == j) && (s' i != 0)]]).
  by apply: (scaled_rank indB) => i x; rewrite gE /p' /s'; case: (p i) => //=; rewrite mul0r.
apply/setP => j; rewrite !inE; apply/existsP/existsP => -[i /andP[pi si]]; exists i; rewrite /p' /s' in pi si *.
  by rewrite (eqP pi) eqxx.
by case: (p i) pi si => [k|] /=; rewrite ?eqxx // => /eqP -> ->; rewrite eqxx.
Qed.
End Rank.

(* counting in sums of sets *)
Lemma card_set_sum (A B : finType) (P : pred (A + B)) :
  #|[set j | P j]| = (#|[set x | P (inl x)]| + #|[set y | P (inr y)]|)%N.
Proof. by rewrite -!sum1dep_card big_sumType. Qed.

(* the rank is unique: it is the number of functions in any independent spanning subfamily *)
Section Unique.
Variables (F : fieldType) (X : Type) (I : finType) (g : I -> X -> F).

Lemma rank_is_le r (J : finType) (u : J -> I) : rank_is g r ->
  (forall c : J -> F, (forall x, \sum_j c j * g (u j) x = 0) -> forall j, c j = 0) -> (#|J| <= r)%N.
Proof.
move=> [S [<- _ span]] ind; have /fin_all_exists[c gc] := span.
pose A : 'M[F]_(#|J|, #|S|) := \matrix_(j, s) c (u (enum_val j)) (enum_val s).
have -> : #|J| = \rank A; last exact: rank_leq_col.
apply/esym/eqP; rewrite -/(row_free A) -kermx_eq0; apply/rowV0P => d /sub_kermxP dA.
have d0 : forall j, d 0 (enum_rank j) = 0.
  apply: ind => x; transitivity (\sum_(s in S) (\sum_j d 0 (enum_rank j) * c (u j) s) * g s x).
    under eq_bigr => j _ do rewrite gc big_distrr /=.
    rewrite exchange_big /=; apply: eq_bigr => s _; rewrite big_distrl /=.
    by apply: eq_bigr => j _; rewrite mulrA.
  rewrite big1 // => s sS; rewrite (_ : \sum_j _ = (d *m A) 0 (enum_rank_in sS s)); first by rewrite dA mxE mul0r.
  rewrite mxE (reindex (@enum_rank J)) /=; last by exists enum_val => k _; rewrite ?enum_rankK ?enum_valK.
  by apply: eq_bigr => j _; rewrite mxE enum_rankK enum_rankK_in.
by apply/rowP => k; rewrite -[k]enum_valK d0 mxE.
Qed.

Lemma rank_is_unique r r' : rank_is g r -> rank_is g r' -> r = r'.
Proof.
suff le a b : rank_is g a -> rank_is g b -> (a <= b)%N by move=> p q; apply/eqP; rewrite eqn_leq !le.
move=> [S [<- ind _]] rb; rewrite -[X in (X <= _)%N]card_ord; apply: (rank_is_le (u := @enum_val _ (mem S)) rb) => c c0 k.
pose c' i := if [pick k | enum_val k == i] is Some k then c k else 0.
have E (k' : 'I_#|S|) : c' (enum_val k') = c k'.
  by rewrite /c'; case: pickP => [k0 /eqP/enum_val_inj->|/(_ k')] //; rewrite eqxx.
rewrite -E; apply: ind; last exact: enum_valP.
by move=> x; rewrite -[RHS](c0 x) big_enum_val; apply: eq_bigr => k' _; rewrite E.
Qed.
End Unique.
