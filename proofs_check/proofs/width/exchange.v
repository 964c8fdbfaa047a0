(* Exchanging two neurons of a layer, for every depth, all widths, every activation, loss and data set:
   embedding.permutation (the splittings with a and 1 - a are exchanged copies of one another, and so are
   their Hessians) and embedding.sgd-symmetry (equal copies stay equal under gradient descent). *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From ProofsCheck.common Require Import networks second_order evaluation.
From ProofsCheck.width Require Import compatible irreversibility splitting witness.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Turn.
Variables (q s t : nat).                       (* layer, its two neurons *)
(* the transposition of neurons s and t of layer q, on the indices of layer l *)
Definition turn l j := if l == q then (if j == s then t else if j == t then s else j) else j.

Lemma turnK l j : turn l (turn l j) = j.
Proof.
rewrite /turn; case: (l == q) => //; case: (altP (j =P s)) => [->|js].
  by rewrite eqxx; case: (altP (t =P s)).
case: (altP (j =P t)) => [->|jt]; first by rewrite eqxx.
by rewrite (negPf js) (negPf jt).
Qed.

(* pi: the parameters with both neurons exchanged *)
Definition exchanging (K : comRingType) (th : params K) := Params
  (fun l i j => wt th l (turn l.+1 i) (turn l j)) (fun l i => bias th l (turn l.+1 i)).

Lemma exchangingK (K : comRingType) (th : params K) : same (exchanging (exchanging th)) th.
Proof. by split=> [l i j|l i] /=; rewrite !turnK. Qed.
End Turn.

Section Exchange.
Variables (K : comRingType) (sigma sigma' : K -> K).
Variables (q s t : nat) (h D : nat) (m : nat -> nat).
Hypotheses (hq : (0 < q <= h)%N) (sq : (s < m q)%N) (tq : (t < m q)%N) (mD : m h.+1 = D).
Notation turn := (turn q s t).
Notation exchanging := (@exchanging q s t K).

Lemma turn_lt l j : (j < m l)%N -> (turn l j < m l)%N.
Proof. by rewrite /turn; case: (altP (l =P q)) => [->|//]; case: eqP => // _; case: eqP. Qed.

(* the exchange as a compatible embedding *)
Definition exchange_map l j := Some (turn l j).
Lemma exchange_sum l (f : nat -> K) k : (k < m l)%N -> \sum_(j < m l | exchange_map l j == Some (k : nat)) f j = f (turn l k).
Proof.
move=> km; rewrite (big_pred1 (Ordinal (turn_lt km))) // => j /=.
rewrite (inj_eq (@Some_inj _)) -val_eqE /=; apply/eqP/eqP => [<-|->]; by rewrite turnK.
Qed.

Lemma exchange_compatible : compatible sigma h D m m exchange_map (fun _ _ _ => 1) (fun _ _ => 0) (fun _ _ => 1) (fun _ _ => 0).
Proof.
have [q0 qh] := andP hq; split=> //.
- by move=> j; rewrite /exchange_map /turn (ltn_eqF q0).
- by move=> j; rewrite /exchange_map /turn gtn_eqF.
- by move=> l j k lh jm [<-]; apply: turn_lt.
- by move=> l i k lh im km; rewrite (exchange_sum (fun _ => 1)).
- by move=> l j k lh jm km; rewrite (exchange_sum (fun _ => 1 * 1)) ?mul1r.
- by move=> l i lh im; rewrite big1 ?addr0.
Qed.

Lemma exchange_embed th : same (embed exchange_map (fun _ _ _ => 1) (fun _ _ => 0) th) (exchanging th).
Proof. by split=> [l i j|l i] /=; rewrite ?mul1r ?add0r. Qed.
Lemma exchange_lin d : same (lin exchange_map (fun _ _ _ => 1) d) (exchanging d).
Proof. by split=> [l i j|l i] /=; rewrite ?mul1r. Qed.

Lemma exchange_pull d : agree m h (pull sigma m exchange_map (fun _ _ => 1) (fun _ _ => 0) d) (exchanging d).
Proof.
split=> [l i j lh im jm|l i lh im] /=.
  rewrite (exchange_sum (fun i => \sum_(j0 < m l | _) 1 * wt d l i j0)) //.
  by rewrite (exchange_sum (fun j => 1 * wt d l (turn l.+1 i) j)) // mul1r.
under eq_bigr => i0 _ do rewrite big_pred0 // add0r.
by rewrite (exchange_sum (fun i => 1 * bias d l i)) // mul1r.
Qed.

(* <grad R(pi th), d> = <grad R(th), pi d> *)
Lemma exchange_gradient data (e : _ -> 'rV[K]_D -> 'rV[K]_D) th d :
  drisk sigma sigma' m h data e (exchanging th) d = drisk sigma sigma' m h data e th (exchanging d).
Proof.
have dd : same d d by split.
rewrite -(drisk_same sigma sigma' m h data e (exchange_embed th) dd).
rewrite (embedding_compatible_gradient_image sigma' exchange_compatible).
by apply: (drisk_agree _ _ mD) => //; apply: exchange_pull.
Qed.
End Exchange.

(* T^(1-a) = pi T^a, s and its copy m q exchanged *)
Theorem embedding_permutation (K : comRingType) (q s : nat) (m : nat -> nat) (a : K) th : (s < m q)%N ->
  same (splitting q s m (1 - a) th) (exchanging q s (m q) (splitting q s m a th)).
Proof.
move=> sq; have mqs : (m q == s) = false by apply: gtn_eqF.
have sm : (s == m q) = false by rewrite eq_sym.
have old_turn j : old q s m (turn q s (m q) q j) = old q s m j.
  rewrite /old /turn eqxx; case: (altP (j =P s)) => [->|js]; first by rewrite eqxx sm.
  by case: (altP (j =P m q)) => [_|jm]; rewrite ?sm // (negPf jm).
have out l j : l <> q -> turn q s (m q) l j = j by rewrite /turn => /eqP/negPf ->.
split=> [l i j|l i] /=; last first.
  by case: (altP (l.+1 =P q)) => [->|/eqP/out ->] //; rewrite old_turn.
case: (altP (l.+1 =P q)) => [e|/eqP ne].
  have lq : l <> q by rewrite -e => /eqP; rewrite ltn_eqF.
  by rewrite (out _ _ lq) e old_turn.
rewrite (out _ _ ne); case: (altP (l =P q)) => [->|/eqP/out -> //].
rewrite old_turn; congr (_ * _); rewrite /turn eqxx opprB addrC subrK.
case: (altP (j =P s)) => [_|js]; first by rewrite mqs eqxx.
by case: (altP (j =P m q)) => [_|jm]; rewrite ?eqxx // (negPf js) (negPf jm).
Qed.

(* H(T^(1-a) th) is H(T^a th) with both copies exchanged, at every point *)
Theorem embedding_permutation_hessian (F : comRingType) (sigma sigma' sigma'' : F -> F) h D data (e : (nat -> F) -> 'rV[F]_D -> 'rV[F]_D) de
    (q s : nat) (m : nat -> nat) (a : F) th d1 d2 :
  (0 < q <= h)%N -> (s < m q)%N -> m h.+1 = D -> (forall l, (l <= h.+1)%N -> (0 < m l)%N) ->
  let pi := @exchanging q s (m q) F in
  hess sigma sigma' sigma'' h data e de (split_width q m) (splitting q s m (1 - a) th) (pi d1) (pi d2)
  = hess sigma sigma' sigma'' h data e de (split_width q m) (splitting q s m a th) d1 d2.
Proof.
move=> hq sq mD pos pi; have [q0 qh] := andP hq; set w := split_width q m.
have s1 : (s < w q)%N by rewrite /w /split_width eqxx addn1 ltnW.
have t1 : (m q < w q)%N by rewrite /w /split_width eqxx addn1.
have wD : w h.+1 = D by rewrite /w /split_width mD gtn_eqF ?addn0 // ltnS.
have wpos l : (l <= h.+1)%N -> (0 < w l)%N by move=> /pos; rewrite /w /split_width; case: (m l).
have C := exchange_compatible sigma hq s1 t1 wD.
rewrite -(embedding_compatible_congruence sigma' sigma'' data e de C wpos (splitting q s m a th) d1 d2).
have [W B] := embedding_permutation a th sq.
rewrite /hess; congr (_.2); refine (@drisk_same (dual_comRingType F) _ _ _ _ _ _ _ _ _ _ _ _ _); split=> [l i j|l i].
- by congr (_, _); [rewrite W /= mul1r | rewrite /= mul1r].
- by congr (_, _); rewrite B /= add0r.
- by rewrite /= mul1r.
- by [].
Qed.

(* ---- gradient descent ---- *)

Section Descent.
Variables (K : comRingType) (sigma sigma' : K -> K) (m : nat -> nat) (h D : nat) (e : (nat -> K) -> 'rV[K]_D -> 'rV[K]_D).
(* the directions of one weight and of one bias *)
Definition unit_weight (l i j : nat) : params K :=
  Params (fun l' i' j' => [&& l' == l, i' == i & j' == j]%:R) (fun _ _ => 0).
Definition unit_bias (l i : nat) : params K := Params (fun _ _ _ => 0) (fun l' i' => ((l' == l) && (i' == i))%:R).
(* the gradient of the risk over the samples of data, entry by entry *)
Definition gradient data th : params K := Params
  (fun l i j => drisk sigma sigma' m h data e th (unit_weight l i j)) (fun l i => drisk sigma sigma' m h data e th (unit_bias l i)).
(* a step of gradient descent on a minibatch: learning rate and samples *)
Definition step th (batch : K * seq (nat -> K)) : params K := Params
  (fun l i j => wt th l i j - batch.1 * wt (gradient batch.2 th) l i j)
  (fun l i => bias th l i - batch.1 * bias (gradient batch.2 th) l i).
(* ... on one after another *)
Definition descent th batches := foldl step th batches.
End Descent.

(* from T^(1/2) th, whatever the learning rates and minibatches: the copies s and m q of layer q keep equal incoming
   weights, biases and outgoing weights *)
Theorem embedding_sgd_symmetry (K : comRingType) (sigma sigma' : K -> K) h D (e : (nat -> K) -> 'rV[K]_D -> 'rV[K]_D)
    (p s : nat) (m : nat -> nat) (half : K) th batches :
  (p < h)%N -> (s < m p.+1)%N -> m h.+1 = D -> half + half = 1 ->
  let th' := descent sigma sigma' (split_width p.+1 m) h e (splitting p.+1 s m half th) batches in forall i,
  [/\ wt th' p (m p.+1) i = wt th' p s i, bias th' p (m p.+1) = bias th' p s & wt th' p.+1 i (m p.+1) = wt th' p.+1 i s].
Proof.
move=> ph sq mD hh; set q := p.+1; set w := split_width q m; pose pi := @exchanging q s (m q) K.
have hq : (0 < q <= h)%N by [].
have s1 : (s < w q)%N by rewrite /w /split_width eqxx addn1 ltnW.
have t1 : (m q < w q)%N by rewrite /w /split_width eqxx addn1.
have wD : w h.+1 = D by rewrite /w /split_width mD gtn_eqF ?addn0 // ltnS.
suff sym : same (pi (descent sigma sigma' w h e (splitting q s m half th) batches)) (descent sigma sigma' w h e (splitting q s m half th) batches).
  move=> th' i; have [W B] := sym; have pq : (p == q) = false by rewrite ltn_eqF.
  have q1 : (q.+1 == q) = false by rewrite gtn_eqF.
  have := (W p s i, B p s, W q i s); rewrite /= /turn ?eqxx pq q1 ?eqxx => -[[-> ->] ->].
  by [].
have start : same (pi (splitting q s m half th)) (splitting q s m half th).
  have E := embedding_permutation half th sq; have h1 : 1 - half = half by rewrite -hh addrK.
  by rewrite h1 in E; split=> [l i j|l i]; [rewrite -(E.1 l i j) | rewrite -(E.2 l i)].
elim: batches (splitting q s m half th) start => [|[eta data] batches IH] th0 sym //=; apply: IH.
have G d : drisk sigma sigma' w h data e th0 (pi d) = drisk sigma sigma' w h data e th0 d.
  rewrite -(exchange_gradient sigma sigma' hq s1 t1 wD); apply: drisk_same => //; by split.
have turn_eq l i i' : (turn q s (m q) l i' == i) = (i' == turn q s (m q) l i).
  by apply/eqP/eqP => [<-|->]; rewrite turnK.
have U l i j : same (pi (unit_weight K l i j)) (unit_weight K l (turn q s (m q) l.+1 i) (turn q s (m q) l j)).
  split=> // l' i' j' /=; case: (altP (l' =P l)) => [->|] //=; by rewrite !turn_eq.
have V l i : same (pi (unit_bias K l i)) (unit_bias K l (turn q s (m q) l.+1 i)).
  split=> // l' i' /=; case: (altP (l' =P l)) => [->|] //=; by rewrite turn_eq.
have tt : same th0 th0 by split.
have [W B] : (forall l i j, wt th0 l (turn q s (m q) l.+1 i) (turn q s (m q) l j) = wt th0 l i j) /\
             (forall l i, bias th0 l (turn q s (m q) l.+1 i) = bias th0 l i) := sym.
split=> [l i j|l i] /=.
  by rewrite W -(G (unit_weight K l i j)) (drisk_same sigma sigma' w h data e tt (U l i j)).
by rewrite B -(G (unit_bias K l i)) (drisk_same sigma sigma' w h data e tt (V l i)).
Qed.

(* ---- controls ---- *)

(* a in place of 1 - a *)
Theorem control_embedding_permutation : ~ forall (K : comRingType) (q s : nat) (m : nat -> nat) (a : K) th, (s < m q)%N ->
  same (splitting q s m a th) (exchanging q s (m q) (splitting q s m a th)).
Proof. by move=> H; have [/(_ 1%N 0%N 0%N)] := H Z 1%N 0%N widths112 0 point isT. Qed.

(* the copies not exchanged in the directions: at th = 0 with a = 0 the weight from one copy, alone, sees the bias of the other *)
Theorem control_embedding_permutation_hessian : ~ forall (F : comRingType) (sigma sigma' sigma'' : F -> F) h D data
    (e : (nat -> F) -> 'rV[F]_D -> 'rV[F]_D) de (q s : nat) (m : nat -> nat) (a : F) th d1 d2,
  (0 < q <= h)%N -> (s < m q)%N -> m h.+1 = D -> (forall l, (l <= h.+1)%N -> (0 < m l)%N) ->
  hess sigma sigma' sigma'' h data e de (split_width q m) (splitting q s m (1 - a) th) d1 d2
  = hess sigma sigma' sigma'' h data e de (split_width q m) (splitting q s m a th) d1 d2.
Proof.
move=> H; pose m (l : nat) := 1%N; pose e1 (x : nat -> Z) (i : nat) (p : Z) := 1 : Z; pose de1 (x : nat -> Z) (i : nat) (p r : Z) := 0 : Z.
pose ones := Params (fun _ _ _ => 1 : Z) (fun _ _ => 0).
pose d := Params (fun _ _ _ => 0 : Z) (fun l i => if (l == 0%N) && (i == 0%N) then 1 else 0).
have := H Z square square' (fun _ => 1 + 1) 1%N 1%N [:: fun _ => 1 : Z] (by_output e1) (by_output2 de1) 1%N 0%N m 0 ones d d isT isT erefl (fun _ _ => isT).
by rewrite !xhessE.
Qed.

(* a = 0 in place of 1/2: after one step of size 1 the incoming weights differ *)
Theorem control_embedding_sgd_symmetry : ~ forall (K : comRingType) (sigma sigma' : K -> K) h D (e : (nat -> K) -> 'rV[K]_D -> 'rV[K]_D)
    (p s : nat) (m : nat -> nat) (a : K) th batches, (p < h)%N -> (s < m p.+1)%N -> m h.+1 = D ->
  let th' := descent sigma sigma' (split_width p.+1 m) h e (splitting p.+1 s m a th) batches in forall i,
  wt th' p (m p.+1) i = wt th' p s i.
Proof.
move=> H; pose m (l : nat) := 1%N; pose e1 (x : nat -> Z) (i : nat) (p : Z) := 1 : Z.
pose ones := Params (fun _ _ _ => 1 : Z) (fun _ _ => 0).
have := H Z square square' 1%N 1%N (by_output e1) 0%N 0%N m 0 ones [:: (1, [:: fun _ => 1])] isT isT erefl 0%N.
by rewrite /= !xdriskE.
Qed.
