(* Two-layer networks f(x) = sum_k a_k sigma(w_k . x) with an odd activation (2211.11623, Corollary 2): the
   model rank at every point, that of a target function, and all strata of the points that represent it.
   Premise (fnn.independence, not proved here): the neurons and derivatives of distinct weights up to sign
   are independent functions. *)
From mathcomp Require Import all_ssreflect all_algebra ring zify.
From ProofsCheck.common Require Import networks second_order scaled.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section TwoLayer.
Variables (F : fieldType) (d : nat).
Notation input := ('I_d -> F).
Definition dot (w x : input) := \sum_t w t * x t.

(* an odd activation and its derivative, which does not vanish at 0 *)
Variables sigma sigma' : F -> F.
Hypotheses (odd : forall z, sigma (- z) = - sigma z) (even : forall z, sigma' (- z) = sigma' z)
           (zero : sigma 0 = 0) (moving : sigma' 0 != 0).

(* J: finitely many weights other than 0, no two of them equal up to sign *)
Variables (J : finType) (W : J -> input).
(* sigma(W_c . x), sigma'(W_c . x) x_t and x_t *)
Definition basis (j : J + J * 'I_d + 'I_d) (x : input) : F :=
  match j with
  | inl (inl c) => sigma (dot (W c) x)
  | inl (inr (c, t)) => sigma' (dot (W c) x) * x t
  | inr t => x t
  end.
Hypothesis ind : independent basis.

Section Network.
(* A network of m neurons.  cl k: the class of the weights of neuron k, None for weights 0; sg k: their sign. *)
Variables (m : nat) (cl : 'I_m -> option J) (sg : 'I_m -> bool) (a : 'I_m -> F).
Definition weights (k : 'I_m) : input :=
  if cl k is Some c then (fun t => (-1) ^+ sg k * W c t) else (fun _ => 0).
Definition net (x : input) := \sum_k a k * sigma (dot (weights k) x).
(* (d/d a_k) f = sigma(w_k . x), (d/d w_kt) f = a_k sigma'(w_k . x) x_t *)
Definition tangent (i : 'I_m + 'I_m * 'I_d) (x : input) : F :=
  match i with inl k => sigma (dot (weights k) x) | inr (k, t) => a k * (sigma' (dot (weights k) x) * x t) end.

Definition classes := [set c : J | [exists k, cl k == Some c]].                            (* m_w of them *)
Definition active := [set o : option J | [exists k, (cl k == o) && (a k != 0)]].           (* m_a of them *)

Lemma dot_weights k x : dot (weights k) x = if cl k is Some c then (-1) ^+ sg k * dot (W c) x else 0.
Proof.
rewrite /dot /weights; case: (cl k) => [c|]; last by rewrite big1 // => t _; rewrite mul0r.
by rewrite big_distrr; apply: eq_bigr => t _; rewrite -mulrA.
Qed.

Lemma sigma_sign (b : bool) z : sigma ((-1) ^+ b * z) = (-1) ^+ b * sigma z.
Proof. by case: b; rewrite ?expr1 ?expr0 ?mulN1r ?mul1r // odd. Qed.
Lemma sigma_sign' (b : bool) z : sigma' ((-1) ^+ b * z) = sigma' z.
Proof. by case: b; rewrite ?expr1 ?expr0 ?mulN1r ?mul1r. Qed.

(* fnn.strata: R = m_w + d m_a *)
Theorem fnn_strata : rank_is tangent (#|classes| + d * #|active|).
Proof.
pose p (i : 'I_m + 'I_m * 'I_d) : option (J + J * 'I_d + 'I_d) :=
  match i with
  | inl k => if cl k is Some c then Some (inl (inl c)) else None
  | inr (k, t) => Some (if cl k is Some c then inl (inr (c, t)) else inr t)
  end.
pose s (i : 'I_m + 'I_m * 'I_d) :=
  match i with inl k => (-1) ^+ sg k | inr (k, t) => if cl k is Some c then a k else a k * sigma' 0 end.
have -> : (#|classes| + d * #|active|)%N = #|[set j | [exists i, (p i == Some j) && (s i != 0)]]|; last first.
  apply: (scaled_rank_or_zero ind) => -[k|[k t]] x /=; rewrite dot_weights; case: (cl k) => [c|] //=.
  - by rewrite sigma_sign.
  - by rewrite sigma_sign'.
  - by rewrite mulrA.
have sgn k : (-1) ^+ sg k != 0 :> F by rewrite signr_eq0.
rewrite card_set_sum card_set_sum -addnA; congr (_ + _)%N.
  apply: eq_card => c; rewrite !inE; apply/existsP/existsP => [[k /eqP e]|[[k|[k t]] /= /andP[e nz]]].
  - by exists (inl k); rewrite /= e eqxx sgn.
  - by exists k; case: (cl k) e => // c' /eqP[->].
  - by case: (cl k) e.
(* the derivatives by the weights of the neurons in one class *)
rewrite (cardsD1 None) mulnDr addnC; congr (_ + _)%N.
  rewrite (_ : [set y | _] = setX [set c | Some c \in active] setT); last first.
    apply/setP => -[c t]; rewrite !inE andbT; apply/existsP/existsP => [[[k|[k t']] /= /andP[e nz]]|[k /andP[/eqP e ak]]].
    - by case: (cl k) e.
    - by exists k; case: (cl k) e nz => // c' /eqP[-> _] ->; rewrite eqxx.
    - by exists (inr (k, t)); rewrite /= e eqxx.
  rewrite cardsX cardsT card_ord mulnC; congr (_ * _)%N.
  have some_inj : injective (@Some J) by move=> ? ? [].
  rewrite -(card_imset _ some_inj); apply: eq_card => -[c|]; rewrite !inE /=; last by apply/esym/imsetP => -[].
  by apply/idP/imsetP => [h|[c' h [->]]]; [exists c; rewrite ?inE | move: h; rewrite !inE].
have -> : [set y : 'I_d | [exists i, (p i == Some (inr y)) && (s i != 0)]] = if None \in active then setT else set0.
  apply/setP => t; rewrite [RHS](_ : _ = (None \in active)); last by case: ifP; rewrite !inE.
  rewrite !inE; apply/existsP/existsP => [[[k|[k t']] /= /andP[e nz]]|[k /andP[/eqP e ak]]].
  - by case: (cl k) e.
  - by exists k; case: (cl k) e nz => // _; rewrite mulf_eq0 negb_or => /andP[-> _].
  - by exists (inr (k, t)); rewrite /= e eqxx mulf_neq0.
by case: (None \in active); rewrite ?cardsT ?card_ord ?cards0 ?muln1 ?muln0.
Qed.

Lemma net_classes x : net x = \sum_c (\sum_(k | cl k == Some c) (-1) ^+ sg k * a k) * sigma (dot (W c) x).
Proof.
rewrite /net (bigID (fun k => cl k == None)) /= big1 => [|k /eqP E]; last by rewrite dot_weights E zero mulr0.
rewrite add0r; under [RHS]eq_bigr => c _ do rewrite big_distrl /=.
rewrite (exchange_big_dep (fun k => cl k != None)) /= => [|c k _ /eqP ->] //.
apply: eq_bigr => k; case E: (cl k) => [c|] // _.
rewrite (big_pred1 c) => [|c']; first by rewrite dot_weights E sigma_sign mulrCA mulrA.
by rewrite /= eq_sym; apply/eqP/eqP => [[]|->].
Qed.

(* ---- a target f = sum_(c in T) b_c sigma(W_c . x) with all b_c != 0 ---- *)
Variables (T : {set J}) (b : J -> F).
Hypothesis b0 : forall c, c \in T -> b c != 0.
Definition target (x : input) := \sum_(c in T) b c * sigma (dot (W c) x).
Definition represents := forall x, net x = target x.

Lemma representsP : represents <-> forall c, \sum_(k | cl k == Some c) (-1) ^+ sg k * a k = if c \in T then b c else 0.
Proof.
split=> [E c|E x]; last first.
  rewrite net_classes /target [RHS]big_mkcond; apply: eq_bigr => c _; rewrite E.
  by case: ifP; rewrite ?mul0r.
apply/eqP; rewrite -subr_eq0; apply/eqP.
pose q (j : J + J * 'I_d + 'I_d) : F := if j is inl (inl c) then
  \sum_(k | cl k == Some c) (-1) ^+ sg k * a k - (if c \in T then b c else 0) else 0.
apply: (ind (c := q) _ (inl (inl c))) => x; rewrite !big_sumType /= [X in _ + X + _]big1 => [|j _]; last by rewrite mul0r.
rewrite [X in _ + X]big1 => [|j _]; last by rewrite mul0r.
rewrite !addr0; under eq_bigr => c' _ do rewrite mulrBl.
rewrite sumrB -net_classes E /target [X in X - _]big_mkcond /=; apply/eqP; rewrite subr_eq0; apply/eqP.
by apply: eq_bigr => c' _; case: ifP; rewrite ?mul0r.
Qed.

Definition idle := [set c | (c \notin T) && (c \in classes) && (Some c \notin active)].        (* u of them *)
Definition cancelling := [set c | (c \notin T) && (Some c \in active)].                      (* c of them *)

Lemma activeP o : (o \in active) -> exists2 k, cl k = o & a k != 0.
Proof. by rewrite inE => /existsP[k /andP[/eqP]]; exists k. Qed.

Lemma target_active c : represents -> c \in T -> Some c \in active.
Proof.
move=> /representsP/(_ c) + cT; rewrite cT => s; rewrite inE; apply: contraT.
rewrite negb_exists => /forallP none; have := b0 cT; rewrite -s big1 ?eqxx // => k ck.
by have := none k; rewrite ck /= negbK => /eqP ->; rewrite mulr0.
Qed.

Lemma active_classes c : Some c \in active -> c \in classes.
Proof. by move=> /activeP[k E _]; rewrite inE; apply/existsP; exists k; rewrite E. Qed.

Lemma count_classes : represents -> #|classes| = (#|T| + #|idle| + #|cancelling|)%N.
Proof.
move=> rep; rewrite -(cardsID T classes) (_ : classes :&: T = T); last first.
  by apply/setIidPr/subsetP => c /(target_active rep)/active_classes.
rewrite -addnA; congr (_ + _)%N; rewrite -(cardsID [set c | Some c \in active] (classes :\: T)) addnC; congr (_ + _)%N.
  by apply: eq_card => c; rewrite !inE; case: (c \in T); case: [exists k, cl k == _]; case: [exists k, _].
apply: eq_card => c; rewrite !inE; case: (c \in T) => //=.
by apply/andP/idP => [[]//|h]; split=> //; move: h => /existsP[k /andP[e _]]; apply/existsP; exists k.
Qed.

Lemma count_active : represents -> #|active| = (#|T| + #|cancelling| + (None \in active))%N.
Proof.
move=> rep; rewrite (cardsD1 None) addnC; congr (_ + _)%N.
have some_inj : injective (@Some J) by move=> ? ? [].
have -> : active :\ None = Some @: [set c | Some c \in active].
  apply/setP => -[c|]; last by rewrite !inE /=; apply/esym/imsetP => -[].
  by apply/idP/imsetP => [h|[c' h [->]]]; [exists c => //; move: h; rewrite !inE | move: h; rewrite !inE].
rewrite card_imset // -(cardsID T); congr (_ + _)%N.
  by apply: eq_card => c; rewrite in_setI; apply/andP/idP => [[]//|cT]; split=> //; rewrite inE target_active.
by apply: eq_card => c; rewrite !inE andbC.
Qed.

(* an active class outside the target has two neurons or more, because their weights cancel *)
Lemma cancelling_two c : represents -> c \in cancelling -> (1 < #|[set k | cl k == Some c]|)%N.
Proof.
rewrite inE => rep /andP[/negbTE cT /activeP[k E ak]]; have /representsP/(_ c) := rep; rewrite cT => s.
rewrite (cardsD1 k) inE E eqxx ltnS card_gt0; apply: contraTneq ak => none.
rewrite negbK; move: s; rewrite (bigD1 k) /= ?E // big1 ?addr0 => [/eqP|k' /andP[E' ne]].
  by rewrite mulf_eq0 signr_eq0.
have : k' \in set0 by rewrite -none !inE ne E'.
by rewrite inE.
Qed.

(* fnn.target-strata: the rank at any point that represents the target, and the bound on the number of extra classes *)
Theorem fnn_target_strata : represents ->
  rank_is tangent (#|T| * d.+1 + #|idle| + d * (None \in active) + d.+1 * #|cancelling|) /\
  (#|idle| + (None \in active) + 2 * #|cancelling| <= m - #|T|)%N.
Proof.
move=> rep; split.
  suff -> : (#|T| * d.+1 + #|idle| + d * (None \in active) + d.+1 * #|cancelling| = #|classes| + d * #|active|)%N by exact: fnn_strata.
  by rewrite count_classes // count_active // !mulnDr mulnS mulSn [(#|T| * d)%N]mulnC; lia.
have neurons : m = (\sum_o #|[set k | cl k == o]|)%N.
  rewrite -[LHS]card_ord -sum1_card (partition_big cl xpredT) //=; apply: eq_bigr => o _.
  by rewrite -sum1dep_card.
have split_option (f : option J -> nat) : (\sum_o f o = f None + \sum_c f (Some c))%N.
  by rewrite (bigD1 None) //=; congr (_ + _)%N; rewrite (reindex_omap Some id) => [|[c|]] //; apply: eq_bigl => c; rewrite eqxx.
have inT c : c \in T -> (0 < #|[set k | cl k == Some c]|)%N.
  move=> /(target_active rep)/activeP[k E _]; rewrite card_gt0; apply/set0Pn; exists k; by rewrite inE E.
have count_set (P : {set J}) : #|P| = (\sum_c (c \in P))%N by rewrite -sum1_card big_mkcond; apply: eq_bigr => c _; case: ifP.
have bound : (#|T| + (#|idle| + (None \in active) + 2 * #|cancelling|) <= m)%N.
  rewrite [m in (_ <= m)%N]neurons split_option !count_set big_distrr /=.
  apply: leq_trans (_ : ((None \in active) + \sum_c ((c \in T) + (c \in idle) + 2 * (c \in cancelling)) <= _))%N.
    by rewrite !big_split /=; lia.
  apply: leq_add.
    case E: (None \in active) => //; have [k Ek _] := activeP E.
    by rewrite card_gt0; apply/set0Pn; exists k; rewrite inE Ek.
  apply: leq_sum => c _; case cT: (c \in T).
    by rewrite !inE cT /= inT.
  case cC: (c \in cancelling).
    have := cancelling_two rep cC; rewrite !inE cT /=; move: cC; rewrite !inE cT /= => ->.
    by rewrite andbF.
  case cI: (c \in idle) => //; move: cI; rewrite inE cT /= => /andP[cc _].
  by move: cc; rewrite inE => /existsP[k E]; rewrite card_gt0; apply/set0Pn; exists k; rewrite inE.
by move: bound; lia.
Qed.
End Network.

(* fnn.function-rank, fnn.width-free: R(f) = k (d + 1) in networks of every width m >= k *)
Theorem fnn_function_rank (m : nat) (T : {set J}) (b : J -> F) : (forall c, c \in T -> b c != 0) ->
  (forall (cl : 'I_m -> option J) sg a r, represents cl sg a T b -> rank_is (tangent cl sg a) r -> (#|T| * d.+1 <= r)%N) /\
  ((#|T| <= m)%N -> exists (cl : 'I_m -> option J) sg a,
    represents cl sg a T b /\ rank_is (tangent cl sg a) (#|T| * d.+1)).
Proof.
move=> b0; split=> [cl sg a r rep rk|Tm].
  have [rk' _] := fnn_target_strata b0 rep; rewrite (rank_is_unique rk rk').
  by rewrite -!addnA leq_addr.
(* neuron k < #|T| is the k-th class of T; the others have weights 0 and output weight 0 *)
pose cl (k : 'I_m) := nth None (map Some (enum T)) k.
pose a (k : 'I_m) := if cl k is Some c then b c else 0.
have size_T : size (enum T) = #|T| by rewrite -cardE.
have clP k c : cl k = Some c -> c \in T /\ (k : nat) = index c (enum T).
  rewrite /cl; case: (ltnP k #|T|) => kT; last by rewrite nth_default // size_map size_T.
  have kT' : (k < size (enum T))%N by rewrite size_T.
  rewrite (nth_map c) // => -[e]; split; first by rewrite -mem_enum -e mem_nth.
  by rewrite -e index_uniq // enum_uniq.
have hit c : c \in T -> exists2 k : 'I_m, cl k = Some c & (k : nat) = index c (enum T).
  rewrite -mem_enum => cT; have lt : (index c (enum T) < #|T|)%N by rewrite -size_T index_mem.
  exists (Ordinal (leq_trans lt Tm)); rewrite // /cl /= (nth_map c) ?size_T // nth_index //.
have rep : represents cl (fun _ => false) a T b.
  apply/representsP => c; case: ifP => cT.
    have [k Ek kc] := hit c cT; rewrite (big_pred1 k) => [|k']; first by rewrite expr0 mul1r /a Ek.
    apply/eqP/eqP => [/clP[_ e]|->] //; by apply/val_inj; rewrite /= e kc.
  by rewrite big_pred0 // => k; apply/eqP => /clP[]; rewrite cT.
exists cl, (fun _ => false), a; split=> //.
have [rk _] := fnn_target_strata b0 rep.
have idle0 : idle cl a T = set0.
  apply/setP => c; rewrite !inE; apply/negP => /andP[/andP[cT /existsP[k /eqP E]] _].
  by have [] := clP _ _ E; rewrite (negPf cT).
have cancelling0 : cancelling cl a T = set0.
  apply/setP => c; rewrite !inE; apply/negP => /andP[cT /existsP[k /andP[/eqP E _]]].
  by have [] := clP _ _ E; rewrite (negPf cT).
have none0 : None \in active cl a = false.
  apply/negbTE; rewrite inE negb_exists; apply/forallP => k; rewrite negb_and negbK /a.
  by case: (cl k) => //=; rewrite eqxx.
by move: rk; rewrite idle0 cancelling0 none0 !cards0 !muln0 !addn0.
Qed.
End TwoLayer.

(* ---- controls: one input, weight 1, sigma(z) = z + z^3 + z^5 over the rationals ---- *)
Definition setting (F : fieldType) d (sigma sigma' : F -> F) (J : finType) (W : J -> 'I_d -> F) :=
  [/\ forall z, sigma (- z) = - sigma z, forall z, sigma' (- z) = sigma' z, sigma 0 = 0, sigma' 0 != 0
    & independent (basis sigma sigma' W)].

Section Instance.
Definition quintic (z : rat) := z + z ^+ 3 + z ^+ 5.
Definition quintic' (z : rat) := 1 + 3%:R * z ^+ 2 + 5%:R * z ^+ 4.
Definition one_weight (c : unit) (t : 'I_1) : rat := 1.

Lemma quintic_setting : setting quintic quintic' one_weight.
Proof.
split; rewrite /quintic /quintic' => //; try by move=> z; ring.
have at_ c x : \sum_j c j * basis quintic quintic' one_weight j (fun _ => x) =
    c (inl (inl tt)) * quintic x + c (inl (inr (tt, 0))) * (quintic' x * x) + c (inr 0) * x.
  rewrite !big_sumType /= (big_pred1 tt) => [|[]] //; rewrite (big_pred1 (tt, 0)) => [|[[] k]]; last by rewrite (ord1 k) /= eqxx.
  by rewrite big_ord1 /dot !big_ord1 /one_weight !mul1r.
move=> c c0; have e x := etrans (esym (at_ c x)) (c0 (fun _ => x)).
set p := c (inl (inl tt)) in e; set q := c (inl (inr (tt, 0))) in e; set r := c (inr 0) in e.
have q0 : q = 0.
  apply/eqP; have : 120%:R * q == 0.
    rewrite (_ : 120%:R * q = 3%:R * (p * quintic 3%:R + q * (quintic' 3%:R * 3%:R) + r * 3%:R)
      - 22%:R * (p * quintic 2%:R + q * (quintic' 2%:R * 2%:R) + r * 2%:R) + 35%:R * (p * quintic 1 + q * (quintic' 1 * 1) + r * 1)).
      by rewrite !e !mulr0 ?subr0 ?addr0.
    by rewrite /quintic /quintic'; ring.
  by rewrite mulf_eq0.
have p0 : p = 0.
  apply/eqP; have : 36%:R * p == 0.
    rewrite (_ : 36%:R * p = (p * quintic 2%:R + q * (quintic' 2%:R * 2%:R) + r * 2%:R)
      - 2%:R * (p * quintic 1 + q * (quintic' 1 * 1) + r * 1)); first by rewrite !e mulr0 subrr.
    by rewrite /quintic /quintic' q0; ring.
  by rewrite mulf_eq0.
have r0 : r = 0 by have := e 1; rewrite p0 q0 !mul0r !add0r mulr1.
by case=> [[[]|[[] t]]|t]; rewrite ?(ord1 t).
Qed.

(* two neurons of weight 1 whose output weights cancel *)
Definition both (k : 'I_2) : option unit := Some tt.
Definition cancel (k : 'I_2) : rat := if k == 0 then 1 else - 1.
Lemma classes_both : classes both = setT.
Proof. by apply/setP => -[]; rewrite !inE; apply/existsP; exists 0; rewrite eqxx. Qed.
Lemma active_both : active both cancel = [set Some tt].
Proof.
apply/setP => -[[]|]; rewrite !inE /=; first by apply/existsP; exists 0; rewrite /both /cancel !eqxx oner_eq0.
by apply/existsP => -[k].
Qed.
End Instance.

(* classes whose output weights sum to something else than 0, instead of classes with one that is not 0 *)
Theorem control_fnn_strata : ~ forall (F : fieldType) d (sigma sigma' : F -> F) (J : finType) (W : J -> 'I_d -> F),
  setting sigma sigma' W -> forall m (cl : 'I_m -> option J) sg a,
  rank_is (tangent sigma sigma' W cl sg a) (#|classes cl| + d * #|[set o | \sum_(k | cl k == o) a k != 0]|).
Proof.
move=> H; have S := quintic_setting; have [o e z mv ind] := S.
have := rank_is_unique (H _ _ _ _ _ _ S 2%N both (fun _ => false) cancel) (fnn_strata o e z mv ind both (fun _ => false) cancel).
rewrite classes_both active_both cards1 cardsT card_unit (_ : [set _ | _] = set0) ?cards0 //.
apply/setP => -[[]|]; rewrite !inE; last by rewrite big_pred0 ?eqxx // => k; apply/eqP.
by rewrite big_mkcond !big_ord_recl big_ord0 /= /cancel /= ?addr0 ?subrr ?eqxx.
Qed.

(* the cancelling classes forgotten *)
Theorem control_fnn_target_strata : ~ forall (F : fieldType) d (sigma sigma' : F -> F) (J : finType) (W : J -> 'I_d -> F),
  setting sigma sigma' W -> forall m (cl : 'I_m -> option J) sg a (T : {set J}) b, (forall c, c \in T -> b c != 0) ->
  represents sigma W cl sg a T b ->
  rank_is (tangent sigma sigma' W cl sg a) (#|T| * d.+1 + #|idle cl a T| + d * (None \in active cl a)).
Proof.
move=> H; have S := quintic_setting; have [o e z mv ind] := S.
have rep : represents quintic one_weight both (fun _ => false) cancel set0 (fun _ => 1).
  apply/(representsP o z ind) => -[]; rewrite inE big_mkcond !big_ord_recl big_ord0 /= /cancel /= expr0.
  by rewrite mulr1 mul1r addr0 subrr.
have b0 c : c \in (set0 : {set unit}) -> (1 : rat) != 0 by [].
have := rank_is_unique (H _ _ _ _ _ _ S 2%N both (fun _ => false) cancel set0 (fun _ => 1) b0 rep)
  (fnn_strata o e z mv ind both (fun _ => false) cancel).
rewrite classes_both active_both cards1 cardsT card_unit cards0 !inE /= muln0 addn0 mul0n add0n (_ : idle _ _ _ = set0) ?cards0; last first.
  by apply/setP => -[]; rewrite [LHS]inE active_both !inE eqxx andbF.
by [].
Qed.

(* k (d + 2) *)
Theorem control_fnn_function_rank : ~ forall (F : fieldType) d (sigma sigma' : F -> F) (J : finType) (W : J -> 'I_d -> F),
  setting sigma sigma' W -> forall m (T : {set J}) b, (forall c, c \in T -> b c != 0) ->
  forall (cl : 'I_m -> option J) sg a r, represents sigma W cl sg a T b ->
  rank_is (tangent sigma sigma' W cl sg a) r -> (#|T| * d.+2 <= r)%N.
Proof.
move=> H; have S := quintic_setting; have [o e z mv ind] := S.
have b0 c : c \in [set: unit] -> (1 : rat) != 0 by [].
have [_ []] := fnn_function_rank o e z mv ind 1 b0; first by rewrite cardsT card_unit.
move=> cl [sg [a [rep rk]]]; have := H _ _ _ _ _ _ S _ _ _ b0 _ _ _ _ rep rk.
by rewrite cardsT card_unit.
Qed.
