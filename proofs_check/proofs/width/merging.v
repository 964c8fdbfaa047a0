(* embedding.reduction.criticality: two neurons with equal incoming weights and biases are merged into one that
   has the sum of their outgoing weights, for every depth, all widths, every activation, loss and data set;
   critical points stay critical.  And embedding.compose.paths: splittings of different neurons commute. *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import networks second_order evaluation.
From ProofsCheck.width Require Import splitting exchange witness.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Merging.
Variable K : comRingType.
Variables (q s : nat) (m : nat -> nat).     (* layer, neuron, widths of the merged network *)

(* neuron m q, the last one of layer q of the wide network, is merged into neuron s: u times its outgoing weights are
   added to those of s (u = 1 is the merger) *)
Definition taking (u : K) (th : params K) := Params
  (fun l i j => if (l == q) && (j == s) then wt th l i s + u * wt th l i (m q) else wt th l i j) (bias th).
Definition merging := taking 1.
(* both neurons have equal incoming weights and biases *)
Definition twins (th : params K) := forall p, p.+1 = q ->
  (forall j, (j < m p)%N -> wt th p (m q) j = wt th p s j) /\ bias th p (m q) = bias th p s.
(* the wide direction in which a direction of the merged network is felt: both neurons move their incoming weights
   alike, the outgoing weights of s move alone *)
Definition spreading (d : params K) := Params
  (fun l i j => if l.+1 == q then wt d l (old q s m i) j else if (l == q) && (j == m q) then 0 else wt d l i j)
  (fun l i => if l.+1 == q then bias d l (old q s m i) else bias d l i).

Variables (sigma sigma' : K -> K) (h D : nat).
Hypotheses (hq : (0 < q <= h)%N) (sq : (s < m q)%N) (mD : m h.+1 = D).
Variables (th : params K) (tw : twins th).
Notation w := (split_width q m).
(* the neuron of the merged network that computes what neuron j of layer l does *)
Definition image l j := if l == q then old q s m j else j.

Lemma image_next i : image q.+1 i = i. Proof. by rewrite /image gtn_eqF. Qed.

(* a sum over the neurons of a wide layer, as one over those of the narrow layer *)
Lemma wide_sum (a f : nat -> K) l :
  \sum_(j < w l) a j * f (image l j) = \sum_(j < m l) (a j + if (l == q) && (j == s :> nat) then a (m q) else 0) * f j.
Proof.
rewrite /split_width /image; case: (altP (l =P q)) => [->|ne] /=.
  rewrite addn1 big_ord_recr /= /old eqxx; under [RHS]eq_bigr => j _ do rewrite mulrDl.
  rewrite big_split /=; congr (_ + _).
    by apply: eq_bigr => j _; rewrite (ltn_eqF (ltn_ord j)).
  rewrite (bigD1 (Ordinal sq)) //= eqxx big1 ?addr0 // => j; rewrite -val_eqE => /= /negPf ->.
  by rewrite mul0r.
by rewrite addn0; apply: eq_bigr => j _; rewrite addr0.
Qed.

Lemma twin_wt l i j : (j < m l)%N -> l != q -> wt th l (image l.+1 i) j = wt th l i j.
Proof.
move=> jm lq; rewrite /image /old; case: eqP => // e; case: eqP => // ->.
by have [-> //] := tw e.
Qed.
Lemma twin_bias l i : bias th l (image l.+1 i) = bias th l i.
Proof. by rewrite /image /old; case: eqP => // e; case: eqP => // ->; have [_ ->] := tw e. Qed.

(* a network layer: the wide weights and the merged ones give the same sums *)
Lemma layer_sum l i (f : nat -> K) :
  \sum_(j < w l) wt th l i j * f (image l j) = \sum_(j < m l) wt (merging th) l (image l.+1 i) j * f j.
Proof.
rewrite wide_sum; apply: eq_bigr => j _; congr (_ * _) => /=.
case: (altP (l =P q)) => [e|lq] /=; last by rewrite addr0 twin_wt.
have -> : image l.+1 i = i by rewrite e image_next.
by rewrite mul1r; case: eqP => [->|_]; rewrite ?addr0.
Qed.

Lemma merged_feat x l j : feat sigma w th x l j = feat sigma m (merging th) x l (image l j).
Proof.
elim: l j => [|l IH] j; first by rewrite /image ltn_eqF //; case/andP: hq.
rewrite /= -twin_bias -layer_sum; congr (sigma (_ + _)).
by apply: eq_bigr => i _; rewrite IH.
Qed.
Lemma merged_pre x l i : pre sigma w th x l i = pre sigma m (merging th) x l (image l.+1 i).
Proof.
rewrite /pre -[bias th l i]twin_bias -layer_sum; congr (_ + _).
by apply: eq_bigr => j _; rewrite merged_feat.
Qed.

Lemma spread_sum d l i (f : nat -> K) :
  \sum_(j < w l) wt (spreading d) l i j * f (image l j) = \sum_(j < m l) wt d l (image l.+1 i) j * f j.
Proof.
rewrite wide_sum; apply: eq_bigr => j _; congr (_ * _); rewrite /image /=.
case: (altP (l.+1 =P q)) => [e|_]; first by rewrite -e ltn_eqF //= addr0.
case: (altP (l =P q)) => [e|] /=; last by rewrite addr0.
by rewrite eqxx if_same addr0 -e (ltn_eqF (ltn_ord j)).
Qed.

Lemma merged_dpre d x l i : (forall j, dfeat sigma sigma' w th (spreading d) x l j = dfeat sigma sigma' m (merging th) d x l (image l j)) ->
  dpre sigma sigma' w th (spreading d) x l i = dpre sigma sigma' m (merging th) d x l (image l.+1 i).
Proof.
move=> IH; rewrite /dpre; congr (_ + _); last by rewrite /image /=; case: eqP.
rewrite !big_split /= -spread_sum -layer_sum; congr (_ + _); apply: eq_bigr => j _; last by rewrite IH.
by rewrite merged_feat.
Qed.
Lemma merged_dfeat d x l j : dfeat sigma sigma' w th (spreading d) x l j = dfeat sigma sigma' m (merging th) d x l (image l j).
Proof. by elim: l j => [|l IH] j //; rewrite !dfeatS merged_pre merged_dpre. Qed.

Lemma image_out i : image h.+1 i = i.
Proof. by rewrite /image gtn_eqF // ltnS; case/andP: hq. Qed.

(* the output is kept, and critical points stay critical *)
Theorem embedding_reduction_criticality :
  (forall x, net sigma m h D (merging th) x = net sigma w h D th x) /\
  (forall data (e : _ -> 'rV[K]_D -> 'rV[K]_D),
     critical sigma sigma' w h data e th -> critical sigma sigma' m h data e (merging th)).
Proof.
have out x : net sigma m h D (merging th) x = net sigma w h D th x.
  by apply/rowP => i; rewrite !mxE merged_pre image_out.
split=> // data e crit d; rewrite -[RHS](crit (spreading d)); apply: eq_bigr => x _; apply: eq_bigr => i _.
rewrite out; congr (_ * _); rewrite !mxE merged_dpre ?image_out // => j.
exact: merged_dfeat.
Qed.
End Merging.

(* embedding.compose.paths, the maps: splittings in different layers commute, ... *)
Theorem embedding_compose_paths_across (K : comRingType) (q s q' s' : nat) (m : nat -> nat) (a a' : K) th : q <> q' ->
  same (splitting q' s' (split_width q m) a' (splitting q s m a th)) (splitting q s (split_width q' m) a (splitting q' s' m a' th)).
Proof.
move=> /eqP ne; have ne' : (q' == q) = false by rewrite eq_sym (negPf ne).
have mq : split_width q m q' = m q' by rewrite /split_width ne' addn0.
have mq' : split_width q' m q = m q by rewrite /split_width (negPf ne) addn0.
have oldE j : old q' s' (split_width q m) j = old q' s' m j by rewrite /old mq.
have oldE' j : old q s (split_width q' m) j = old q s m j by rewrite /old mq'.
split=> [l i j|l i] /=; rewrite ?oldE ?oldE' ?mq ?mq'.
  case: (altP (l.+1 =P q')) => [e|_]; case: (altP (l.+1 =P q)) => [e'|_].
  - by rewrite -e' e eqxx in ne.
  - by case: (l == q).
  - by case: (l == q').
  case: (altP (l =P q')) => [e|_]; case: (altP (l =P q)) => [e'|_] //.
  by rewrite -e' e eqxx in ne.
case: (altP (l.+1 =P q')) => [e|_]; case: (altP (l.+1 =P q)) => [e'|_] //.
by rewrite -e' e eqxx in ne.
Qed.

(* ... those of different neurons of one layer up to exchanging the new neurons, which are m q and m q + 1 *)
Theorem embedding_compose_paths_within (K : comRingType) (q s s' : nat) (m : nat -> nat) (a a' : K) th :
  (s < m q)%N -> (s' < m q)%N -> s <> s' ->
  same (splitting q s' (split_width q m) a' (splitting q s m a th))
       (exchanging q (m q) (m q).+1 (splitting q s (split_width q m) a (splitting q s' m a' th))).
Proof.
move=> sm sm' /eqP ne; have ne' : (s' == s) = false by rewrite eq_sym (negPf ne).
have w1 : split_width q m q = (m q).+1 by rewrite /split_width eqxx addn1.
have h0 : (m q == (m q).+1) = false by rewrite ltn_eqF.
have [h1 h2] : (s == m q) = false /\ (s' == m q) = false by rewrite !ltn_eqF.
have [h3 h4] : (s == (m q).+1) = false /\ (s' == (m q).+1) = false by rewrite !ltn_eqF // ltnW.
have known := (eqxx, h0, h1, h2, h3, h4, eq_sym (m q) s, eq_sym (m q) s', eq_sym (m q).+1 s, eq_sym (m q).+1 s', eq_sym (m q).+1 (m q), negPf ne, ne').
have out l j : l <> q -> turn q (m q) (m q).+1 l j = j by rewrite /turn => /eqP/negPf ->.
have olds j : old q s m (old q s' (split_width q m) j)
    = old q s' m (old q s (split_width q m) (turn q (m q) (m q).+1 q j)).
  rewrite /turn eqxx /old w1; case: (altP (j =P m q)) => [->|j1]; first by rewrite ?known /= ?known /= ?known.
  case: (altP (j =P (m q).+1)) => [_|j2]; first by rewrite ?known /= ?known /= ?known.
  by rewrite ?(negPf j1, negPf j2).
split=> [l i j|l i] /=; last first.
  by case: (altP (l.+1 =P q)) => [->|/eqP/out ->] //; rewrite olds.
case: (altP (l.+1 =P q)) => [e|/eqP nl].
  have lq : l <> q by rewrite -e => /eqP; rewrite ltn_eqF.
  by rewrite (out _ _ lq) e olds.
rewrite (out _ _ nl); case: (altP (l =P q)) => [->|/eqP/out -> //].
rewrite -olds !mulrA; congr (_ * _); rewrite /turn eqxx /old w1.
case: (j =P s) => [e|/eqP js]; first by rewrite ?e ?known /= ?known /= ?known ?mul1r ?mulr1.
case: (j =P s') => [e|/eqP js']; first by rewrite ?e ?known /= ?known /= ?known ?mul1r ?mulr1.
case: (j =P m q) => [e|/eqP j1]; first by rewrite ?e ?known /= ?known /= ?known ?mul1r ?mulr1.
case: (j =P (m q).+1) => [e|/eqP j2]; first by rewrite ?e ?known /= ?known /= ?known ?mul1r ?mulr1.
by rewrite ?(negPf js, negPf js', negPf j1, negPf j2).
Qed.

(* ---- controls ---- *)

(* the outgoing weights of the first neuron alone: f(x) = x^2 + x^2 fits the label 2 at x = 1, the square loss is flat there *)
Theorem control_embedding_reduction_criticality : ~ forall (K : comRingType) (q s : nat) (m : nat -> nat) (sigma sigma' : K -> K) h D th,
  (0 < q <= h)%N -> (s < m q)%N -> m h.+1 = D -> twins q s m th -> forall data (e : _ -> 'rV[K]_D -> 'rV[K]_D),
  critical sigma sigma' (split_width q m) h data e th -> critical sigma sigma' m h data e (taking q s m 0 th).
Proof.
move=> H; pose m (l : nat) := 1%N; pose e1 (x : nat -> Z) (i : nat) (p : Z) := p - (1 + 1) : Z.
pose ones := Params (fun _ _ _ => 1 : Z) (fun _ _ => 0).
pose d := Params (fun _ _ _ => 0 : Z) (fun l i => if l == 1%N then 1 else 0).
have tw : twins 1 0 m ones by [].
have crit : critical square square' (split_width 1 m) 1 [:: fun _ => 1 : Z] (by_output (D := 1) e1) ones.
  by move=> d0; rewrite xdriskE /xdrisk /= /e1 /xpre /= (_ : _ - _ = 0) ?mul0r.
by have := H Z 1%N 0%N m square square' 1%N 1%N ones isT isT erefl tw _ _ crit d; rewrite xdriskE.
Qed.

(* one fraction for both splittings when their order changes *)
Theorem control_embedding_compose_paths_across : ~ forall (K : comRingType) (q s q' s' : nat) (m : nat -> nat) (a a' : K) th, q <> q' ->
  same (splitting q' s' (split_width q m) a' (splitting q s m a th)) (splitting q s (split_width q' m) a' (splitting q' s' m a th)).
Proof.
move=> H; pose m (l : nat) := 1%N; pose ones := Params (fun _ _ _ => 1 : Z) (fun _ _ => 0).
by have [//|/(_ 1%N 0%N 0%N)] := H Z 1%N 0%N 2%N 0%N m 0 (1 + 1) ones.
Qed.

(* the new neurons not exchanged *)
Theorem control_embedding_compose_paths_within : ~ forall (K : comRingType) (q s s' : nat) (m : nat -> nat) (a a' : K) th,
  (s < m q)%N -> (s' < m q)%N -> s <> s' ->
  same (splitting q s' (split_width q m) a' (splitting q s m a th)) (splitting q s (split_width q m) a (splitting q s' m a' th)).
Proof.
move=> H; pose m (l : nat) := 2%N; pose th := Params (fun _ i _ => i%:R : Z) (fun _ _ => 0).
by have [//|/(_ 0%N 2%N 0%N)] := H Z 1%N 0%N 1%N m 0 0 th isT isT.
Qed.
