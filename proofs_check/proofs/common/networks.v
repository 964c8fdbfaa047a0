(* Fully connected networks of any depth and widths, their derivatives, gradients and Hessians.
   Everything is over a commutative ring K (think of the real numbers): no limit is needed, because
   derivatives are those of forward mode (the chain rule), and the ring may be the dual numbers. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Network.
Variable K : comRingType.           (* the numbers *)
Variables sigma sigma' : K -> K.    (* the activation and its derivative: any two functions *)

(* All parameters theta: wt l i j is the weight from neuron j of layer l to neuron i of layer l+1,
   bias l i the bias of neuron i of layer l+1.  Layer 0 is the input. *)
Record params := Params { wt : nat -> nat -> nat -> K; bias : nat -> nat -> K }.

Variable m : nat -> nat.            (* m l: width of layer l *)

(* feat th x l i: output of neuron i of layer l at the input x.
   pre th x l i: its preactivation if it is neuron i of layer l+1. *)
Fixpoint feat (th : params) (x : nat -> K) (l i : nat) : K :=
  if l is l'.+1 then sigma (\sum_(j < m l') wt th l' i j * feat th x l' j + bias th l' i)
  else x i.
Definition pre th x l i := \sum_(j < m l) wt th l i j * feat th x l j + bias th l i.

(* dfeat, dpre: the derivatives of both at theta = th in the direction d *)
Fixpoint dfeat (th d : params) (x : nat -> K) (l i : nat) : K :=
  if l is l'.+1 then
    sigma' (pre th x l' i) *
      (\sum_(j < m l') (wt d l' i j * feat th x l' j + wt th l' i j * dfeat th d x l' j) + bias d l' i)
  else 0.
Definition dpre th d x l i :=
  \sum_(j < m l) (wt d l i j * feat th x l j + wt th l i j * dfeat th d x l j) + bias d l i.

Lemma featS th x l i : feat th x l.+1 i = sigma (pre th x l i). Proof. by []. Qed.
Lemma dfeatS th d x l i : dfeat th d x l.+1 i = sigma' (pre th x l i) * dpre th d x l i.
Proof. by []. Qed.

(* h hidden layers, D outputs: the network function f(x; th), and its derivative in the direction d *)
Variables h D : nat.
Definition net th x : 'rV[K]_D := \row_(i < D) pre th x h i.
Definition dnet th d x : 'rV[K]_D := \row_(i < D) dpre th d x h i.

(* The risk R_S is a sum of losses over the samples of data; e x p is the gradient of the loss of
   sample x at the output p (the label belongs to the sample).  drisk th d = <grad R_S(th), d>. *)
Variables (data : seq (nat -> K)) (e : (nat -> K) -> 'rV[K]_D -> 'rV[K]_D).
Definition drisk th d := \sum_(x <- data) \sum_(i < D) e x (net th x) 0 i * dnet th d x 0 i.
Definition critical th := forall d, drisk th d = 0.

(* f is in the tangent function space at th: it is the derivative of the network in some direction *)
Definition tangent th (f : (nat -> K) -> 'rV[K]_D) := exists d, forall x, f x = dnet th d x.
End Network.

(* parameters that agree entry by entry *)
Definition same (K : comRingType) (d d2 : params K) :=
  (forall l i j, wt d l i j = wt d2 l i j) /\ (forall l i, bias d l i = bias d2 l i).

Section Extensional.
Variables (K : comRingType) (sigma sigma' : K -> K) (m : nat -> nat) (h D : nat).

Lemma feat_same th th2 x : same th th2 -> forall l i, feat sigma m th x l i = feat sigma m th2 x l i.
Proof.
move=> [ew eb]; elim=> [|l IH] i //=; rewrite eb; congr (sigma (_ + _)).
by apply: eq_bigr => j _; rewrite ew IH.
Qed.

Lemma pre_same th th2 x : same th th2 -> forall l i, pre sigma m th x l i = pre sigma m th2 x l i.
Proof.
move=> E l i; rewrite /pre E.2; congr (_ + _); apply: eq_bigr => j _.
by rewrite E.1 (feat_same _ E).
Qed.

Lemma net_same th th2 x : same th th2 -> net sigma m h D th x = net sigma m h D th2 x.
Proof. by move=> E; apply/rowP => i; rewrite !mxE (pre_same _ E). Qed.

Lemma dpre_same th th2 d d2 x : same th th2 -> same d d2 -> forall l i,
  dpre sigma sigma' m th d x l i = dpre sigma sigma' m th2 d2 x l i.
Proof.
move=> E E'; elim=> [|l IH] i; rewrite /dpre E'.2; congr (_ + _); apply: eq_bigr => j _.
  by rewrite E'.1 E.1.
by rewrite E'.1 E.1 !dfeatS (feat_same _ E) (pre_same _ E) IH.
Qed.

Lemma dnet_same th th2 d d2 x : same th th2 -> same d d2 ->
  dnet sigma sigma' m h D th d x = dnet sigma sigma' m h D th2 d2 x.
Proof. by move=> E E'; apply/rowP => i; rewrite !mxE (dpre_same _ E E'). Qed.

Lemma drisk_same data (e : _ -> 'rV[K]_D -> 'rV[K]_D) th th2 d d2 : same th th2 -> same d d2 ->
  drisk sigma sigma' m h data e th d = drisk sigma sigma' m h data e th2 d2.
Proof.
move=> E E'; apply: eq_bigr => x _; apply: eq_bigr => i _; congr (e _ _ _ _ * _).
  exact: net_same.
by rewrite !mxE (dpre_same _ E E').
Qed.
End Extensional.

Section Agree.
Variables (K : comRingType) (sigma sigma' : K -> K) (m : nat -> nat) (h D : nat).
(* only the weights and biases that exist in a network of h hidden layers of widths m matter *)
Definition agree (d d2 : params K) :=
  (forall l i j, (l <= h)%N -> (i < m l.+1)%N -> (j < m l)%N -> wt d l i j = wt d2 l i j) /\
  (forall l i, (l <= h)%N -> (i < m l.+1)%N -> bias d l i = bias d2 l i).

Lemma feat_agree th th2 x : agree th th2 -> forall l i, (l <= h.+1)%N -> (i < m l)%N ->
  feat sigma m th x l i = feat sigma m th2 x l i.
Proof.
move=> [ew eb]; elim=> [|l IH] i //= lh im; rewrite eb //; congr (sigma (_ + _)).
by apply: eq_bigr => j _; rewrite ew // IH // ltnW.
Qed.

Lemma pre_agree th th2 x : agree th th2 -> forall l i, (l <= h)%N -> (i < m l.+1)%N ->
  pre sigma m th x l i = pre sigma m th2 x l i.
Proof.
move=> E l i lh im; rewrite /pre E.2 //; congr (_ + _); apply: eq_bigr => j _.
by rewrite E.1 // (feat_agree _ E) // ltnW.
Qed.

Lemma dpre_agree th th2 d d2 x : agree th th2 -> agree d d2 -> forall l i, (l <= h)%N -> (i < m l.+1)%N ->
  dpre sigma sigma' m th d x l i = dpre sigma sigma' m th2 d2 x l i.
Proof.
move=> E E'; elim=> [|l IH] i lh im; rewrite /dpre E'.2 //; congr (_ + _); apply: eq_bigr => j _.
  by rewrite E'.1 // E.1.
rewrite E'.1 // E.1 // !dfeatS (feat_agree _ E) ?(ltnW lh) //; last exact: ltnW.
by rewrite (pre_agree _ E) ?(ltnW lh) // IH // ltnW.
Qed.

Hypothesis mD : m h.+1 = D.
Lemma net_agree th th2 x : agree th th2 -> net sigma m h D th x = net sigma m h D th2 x.
Proof. by move=> E; apply/rowP => i; rewrite !mxE (pre_agree _ E) ?mD. Qed.

Lemma dnet_agree th th2 d d2 x : agree th th2 -> agree d d2 ->
  dnet sigma sigma' m h D th d x = dnet sigma sigma' m h D th2 d2 x.
Proof. by move=> E E'; apply/rowP => i; rewrite !mxE (dpre_agree _ E E') ?mD. Qed.

Lemma drisk_agree data (e : _ -> 'rV[K]_D -> 'rV[K]_D) th th2 d d2 : agree th th2 -> agree d d2 ->
  drisk sigma sigma' m h data e th d = drisk sigma sigma' m h data e th2 d2.
Proof.
move=> E E'; apply: eq_bigr => x _; apply: eq_bigr => i _; congr (e _ _ _ _ * _).
  exact: net_agree.
by rewrite (dnet_agree _ E E').
Qed.

Lemma same_agree d d2 : same d d2 -> agree d d2.
Proof. by move=> [ew eb]; split=> *; [apply: ew | apply: eb]. Qed.
Lemma agree_refl d : agree d d. Proof. by []. Qed.
End Agree.

(* The derivative is linear in the direction *)
Section Linear.
Variables (K : comRingType) (sigma sigma' : K -> K) (m : nat -> nat) (h D : nat).
Definition add (d d2 : params K) :=
  Params (fun l i j => wt d l i j + wt d2 l i j) (fun l i => bias d l i + bias d2 l i).
Definition scale a (d : params K) := Params (fun l i j => a * wt d l i j) (fun l i => a * bias d l i).
Definition zero := @Params K (fun _ _ _ => 0) (fun _ _ => 0).

Lemma dpreD th d d2 x l i : dpre sigma sigma' m th (add d d2) x l i =
  dpre sigma sigma' m th d x l i + dpre sigma sigma' m th d2 x l i.
Proof.
elim: l i => [|l IH] i; rewrite /dpre [RHS]addrACA -big_split; congr (_ + _);
  apply: eq_bigr => j _; rewrite [wt (add _ _) _ _ _]/= mulrDl.
  by rewrite /= !mulr0 !addr0.
by rewrite !dfeatS IH !mulrDr addrACA.
Qed.

Lemma dpreZ a th d x l i : dpre sigma sigma' m th (scale a d) x l i = a * dpre sigma sigma' m th d x l i.
Proof.
elim: l i => [|l IH] i; rewrite /dpre mulrDr big_distrr; congr (_ + _);
  apply: eq_bigr => j _; rewrite [wt (scale _ _) _ _ _]/= [RHS]mulrDr mulrA.
  by rewrite /= !mulr0.
by rewrite !dfeatS IH; congr (_ + _); rewrite (mulrCA _ a) (mulrCA _ a).
Qed.

(* linear combinations of directions *)
Definition mix (T : finType) (c : T -> K) (ds : T -> params K) :=
  Params (fun l i j => \sum_t c t * wt (ds t) l i j) (fun l i => \sum_t c t * bias (ds t) l i).

Lemma dpre_mix (T : finType) (c : T -> K) (ds : T -> params K) th x l i :
  dpre sigma sigma' m th (mix c ds) x l i = \sum_t c t * dpre sigma sigma' m th (ds t) x l i.
Proof.
have split_ l0 i0 : \sum_t c t * dpre sigma sigma' m th (ds t) x l0 i0 =
    \sum_(j < m l0) ((\sum_t c t * wt (ds t) l0 i0 j) * feat sigma m th x l0 j
      + wt th l0 i0 j * (\sum_t c t * dfeat sigma sigma' m th (ds t) x l0 j)) + \sum_t c t * bias (ds t) l0 i0.
  under eq_bigr => t _ do rewrite mulrDr big_distrr /=.
  rewrite big_split /=; congr (_ + _); rewrite exchange_big /=; apply: eq_bigr => j _.
  under eq_bigr => t _ do rewrite mulrDr mulrA.
  rewrite big_split /= -big_distrl big_distrr /=; congr (_ + _).
  by apply: eq_bigr => t _; rewrite mulrCA.
elim: l i => [|l IH] i; rewrite split_; congr (_ + _); apply: eq_bigr => j _; congr (_ + _ * _).
  by rewrite big1 // => t _; rewrite mulr0.
by rewrite dfeatS IH big_distrr; apply: eq_bigr => t _; rewrite mulrCA.
Qed.

Lemma dnetD th d d2 x : dnet sigma sigma' m h D th (add d d2) x =
  dnet sigma sigma' m h D th d x + dnet sigma sigma' m h D th d2 x.
Proof. by apply/rowP => i; rewrite !mxE dpreD. Qed.

Lemma dnetZ a th d x : dnet sigma sigma' m h D th (scale a d) x = a *: dnet sigma sigma' m h D th d x.
Proof. by apply/rowP => i; rewrite !mxE dpreZ. Qed.

Lemma dnet_mix (T : finType) (c : T -> K) (ds : T -> params K) th x :
  dnet sigma sigma' m h D th (mix c ds) x = \sum_t c t *: dnet sigma sigma' m h D th (ds t) x.
Proof. by apply/rowP => i; rewrite !mxE dpre_mix summxE; apply: eq_bigr => t _; rewrite !mxE. Qed.

Lemma driskD data (e : _ -> 'rV[K]_D -> 'rV[K]_D) th d d2 :
  drisk sigma sigma' m h data e th (add d d2) =
  drisk sigma sigma' m h data e th d + drisk sigma sigma' m h data e th d2.
Proof.
rewrite /drisk -big_split; apply: eq_bigr => x _; rewrite -big_split; apply: eq_bigr => i _.
by rewrite dnetD mxE mulrDr.
Qed.

Lemma driskZ data (e : _ -> 'rV[K]_D -> 'rV[K]_D) a th d :
  drisk sigma sigma' m h data e th (scale a d) = a * drisk sigma sigma' m h data e th d.
Proof.
rewrite /drisk big_distrr; apply: eq_bigr => x _; rewrite big_distrr; apply: eq_bigr => i _.
by rewrite dnetZ mxE mulrCA.
Qed.
End Linear.
