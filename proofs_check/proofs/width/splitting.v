(* One-step splitting embedding (2105.14573, Definition 5; 2111.15527, Definition 4.4): neuron s of layer q
   is split, its copy comes last and takes the fraction a of the output weights. *)
From mathcomp Require Import all_ssreflect all_algebra ring zify.
From ProofsCheck.common Require Import networks second_order evaluation.
From ProofsCheck.width Require Import compatible witness.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Splitting.
Variable K : comRingType.
Variables (q s : nat) (m : nat -> nat) (a : K).    (* layer, neuron, narrow widths, fraction *)

Definition split_width l := (m l + (l == q))%N.    (* one neuron more in layer q, with the index m q *)
Definition old j := if j == m q then s else j.     (* the neuron of layer q that j copies *)
Definition share j : K := if j == s then 1 - a else if j == m q then a else 1.

(* The copy has the input weights and the bias of s; neuron i of the next layer gets the fraction u i of
   the output weight of s from s, and v i from the copy. *)
Definition copying (u v : nat -> K) (th : params K) := Params
  (fun l i j => if l.+1 == q then wt th l (old i) j
                else if l == q then (if j == s then u i else if j == m q then v i else 1) * wt th l i (old j)
                else wt th l i j)
  (fun l i => if l.+1 == q then bias th l (old i) else bias th l i).
(* T^a_{q,s}: one fraction for all of them *)
Definition splitting := copying (fun _ => 1 - a) (fun _ => a).

(* A direction d of the wide network as the narrow gradient sees it, when the gradients of input weights
   and bias of the two copies are b and c times the narrow ones, those of output weights equal. *)
Definition pulling (b c : K) (d : params K) := Params
  (fun l i j => if l.+1 == q then (if i == s then b * wt d l s j + c * wt d l (m q) j else wt d l i j)
                else if l == q then (if j == s then wt d l i s + wt d l i (m q) else wt d l i j) else wt d l i j)
  (fun l i => if l.+1 == q then (if i == s then b * bias d l s + c * bias d l (m q) else bias d l i)
              else bias d l i).
(* M^T: gradients are shared like the output weights *)
Definition splitting_pull := pulling (1 - a) a.

(* the same as a compatible embedding *)
Definition split_map (l j : nat) := Some (if l == q then old j else j).
Definition split_beta l j : K := if l == q then share j else 1.
Definition split_alpha l (i : nat) j := split_beta l j.

Variables (sigma sigma' : K -> K) (h D : nat).
Hypotheses (hq : (0 < q <= h)%N) (sq : (s < m q)%N) (mD : m h.+1 = D).

Lemma split_sum l (F : nat -> K) k : (k < m l)%N ->
  \sum_(j < split_width l | split_map l j == Some (k : nat)) F j
  = F k + (if (l == q) && (k == s) then F (m q) else 0).
Proof.
rewrite /split_width /split_map /old; case: (altP (l =P q)) => [-> km|ne km] /=.
  rewrite addn1 big_mkcond big_ord_recr /= eqxx; congr (_ + _).
    rewrite -big_mkcond /= (big_pred1 (Ordinal km)) // => j /=.
    by rewrite (ltn_eqF (ltn_ord j)) -val_eqE.
  by rewrite (inj_eq (@Some_inj _)) eq_sym.
by rewrite addr0 addn0 (big_pred1 (Ordinal km)) // => j /=; rewrite -val_eqE.
Qed.

Theorem split_compatible : compatible sigma h D m split_width split_map
  split_alpha (fun _ _ => 0) split_beta (fun _ _ => 0).
Proof.
have [q0 qh] := andP hq.
have s_ne : (m q == s) = false by apply: gtn_eqF.
have h_ne : (h.+1 == q) = false by apply: gtn_eqF; rewrite ltnS.
split.
- by rewrite /split_width !mD (ltn_eqF q0) h_ne ?addn0.
- by move=> j; rewrite /split_map (ltn_eqF q0).
- by move=> j; rewrite /split_map h_ne.
- move=> l j k lh; rewrite /split_width /split_map /old; case: (altP (l =P q)) => [->|] /=.
    by rewrite addn1 ltnS leq_eqVlt; case: (altP (j =P m q)) => [_ _ [<-]|_ /= ? [<-]].
  by rewrite addn0 => _ ? [<-].
- move=> l i k lh im km; rewrite (split_sum (split_alpha l i)) // /split_alpha /split_beta /share; case: (altP (l =P q)) => [e|] /=.
    rewrite e in km *; case: (altP (k =P s)) => [_|ks]; first by rewrite s_ne eqxx subrK.
    by rewrite (ltn_eqF km) addr0.
  by rewrite addr0.
- move=> l j k lh jm km; rewrite (split_sum (fun i => split_beta l.+1 i * split_alpha l i j)) //.
  rewrite /split_alpha /split_beta /share; case: (altP (l.+1 =P q)) => [e|] /=.
    rewrite e in km *; case: (altP (k =P s)) => [_|ks]; first by rewrite s_ne eqxx -mulrDl subrK mul1r.
    by rewrite (ltn_eqF km) addr0 mul1r.
  by rewrite addr0 mul1r.
- by move=> l i lh im; rewrite big1 ?addr0.
- by move=> i; rewrite /split_beta h_ne.
Qed.

Lemma splitting_embed th : same (splitting th) (embed split_map split_alpha (fun _ _ => 0) th).
Proof.
split=> [l i j|l i] /=.
  rewrite /split_alpha /split_beta; case: (altP (l.+1 =P q)) => [e|_] //.
    by rewrite -e ltn_eqF ?ltnSn // mul1r.
  by case: (l == q); rewrite ?mul1r.
by rewrite add0r; case: (l.+1 == q).
Qed.

Lemma splitting_pull_compatible d : agree m h (pull sigma split_width split_map split_beta (fun _ _ => 0) d) (splitting_pull d).
Proof.
have s_ne : (m q == s) = false by apply: gtn_eqF.
split=> [l i j lh im jm|l i lh im] /=.
  rewrite (split_sum (fun i => \sum_(j0 < split_width l | _) split_beta l.+1 i * wt d l i j0)) //.
  rewrite (split_sum (fun j => split_beta l.+1 i * wt d l i j)) //.
  rewrite (split_sum (fun j => split_beta l.+1 (m q) * wt d l (m q) j)) //.
  rewrite /split_beta /share; case: (altP (l.+1 =P q)) => [e|_] /=.
    rewrite -e (ltn_eqF (ltnSn l)) /= !addr0 e; case: (altP (i =P s)) => [->|is_]; first by rewrite s_ne eqxx.
    by rewrite e in im; rewrite (ltn_eqF im) mul1r !addr0.
  rewrite !mul1r; case: (altP (l =P q)) => [e|_] /=; last by rewrite !addr0.
  by rewrite e; case: (altP (j =P s)) => [->|_]; rewrite ?addr0.
under eq_bigr => i0 _ do rewrite big_pred0 // add0r.
rewrite (split_sum (fun i => split_beta l.+1 i * bias d l i)) // /split_beta /share; case: (altP (l.+1 =P q)) => [e|_] /=; last by rewrite mul1r addr0.
case: (altP (i =P s)) => [->|is_]; first by rewrite s_ne eqxx.
by rewrite e in im; rewrite (ltn_eqF im) mul1r !addr0.
Qed.

Theorem embedding_splitting_output th x :
  net sigma split_width h D (splitting th) x = net sigma m h D th x.
Proof. by rewrite -(embedding_compatible_output split_compatible) (net_same _ _ _ _ _ (splitting_embed th)). Qed.

(* <grad R(T th), d> = <grad R(th), M^T d> at every point *)
Theorem embedding_splitting_gradient_image data (e : _ -> 'rV[K]_D -> 'rV[K]_D) th d :
  drisk sigma sigma' split_width h data e (splitting th) d = drisk sigma sigma' m h data e th (splitting_pull d).
Proof.
rewrite (@drisk_same _ _ _ _ _ _ _ _ _ _ d d (splitting_embed th)) //.
rewrite (embedding_compatible_gradient_image sigma' split_compatible).
by apply: (drisk_agree _ _ mD) => //; apply: splitting_pull_compatible.
Qed.

Theorem embedding_splitting_criticality data (e : _ -> 'rV[K]_D -> 'rV[K]_D) th :
  critical sigma sigma' m h data e th -> critical sigma sigma' split_width h data e (splitting th).
Proof. by move=> crit d; rewrite embedding_splitting_gradient_image crit. Qed.

(* deep.split: the tangent function space, hence the model rank, is unchanged *)
Theorem deep_split (nonempty : forall l, (l <= h.+1)%N -> (0 < m l)%N) th f :
  tangent sigma sigma' split_width h (D := D) (splitting th) f <-> tangent sigma sigma' m h th f.
Proof.
rewrite -(embedding_compatible_tangent_space sigma' split_compatible nonempty).
have E := splitting_embed th.
split=> -[d fd]; exists d => x; rewrite fd; last symmetry; exact: dnet_same.
Qed.
End Splitting.

(* ---- controls ---- *)

(* the fractions 1 and a, which do not sum to 1 *)
Theorem control_embedding_splitting_output : ~ forall (K : comRingType) (q s : nat) m (a : K) (sigma : K -> K) h D,
  (0 < q <= h)%N -> (s < m q)%N -> m h.+1 = D -> forall th x,
  net sigma (split_width q m) h D (copying q s m (fun _ => 1) (fun _ => a) th) x = net sigma m h D th x.
Proof.
move=> H; have /rowP/(_ 0) := H Z 1%N 0%N widths112 1 square 1%N 2%N isT isT erefl point (fun _ => 1).
by rewrite !xnetE.
Qed.

(* the multipliers 1 and a of the gradients of input weights *)
Theorem control_embedding_splitting_gradient_image : ~ forall (K : comRingType) (q s : nat) m (a : K) (sigma sigma' : K -> K) h D,
  (0 < q <= h)%N -> (s < m q)%N -> m h.+1 = D -> forall data (e : _ -> 'rV[K]_D -> 'rV[K]_D) th d,
  drisk sigma sigma' (split_width q m) h data e (splitting q s m a th) d =
  drisk sigma sigma' m h data e th (pulling q s m 1 a d).
Proof.
move=> H; pose ones := Params (fun _ _ _ => 1 : Z) (fun _ _ => 0).
pose d := Params (fun l i j => if (l == 0%N) && (i == 0%N) then 1 else 0 : Z) (fun _ _ => 0).
have := H Z 1%N 0%N widths112 1 square square' 1%N 2%N isT isT erefl [:: fun _ => 1 : Z] loss' ones d.
by rewrite !xdriskE.
Qed.

(* a fraction of its own for every neuron of the next layer: the output is kept, criticality is not *)
Theorem control_embedding_splitting_criticality : ~ forall (K : comRingType) (q s : nat) m (u v : nat -> K) (sigma sigma' : K -> K) h D,
  (0 < q <= h)%N -> (s < m q)%N -> m h.+1 = D -> (forall i, u i + v i = 1) ->
  forall data (e : _ -> 'rV[K]_D -> 'rV[K]_D) th,
  critical sigma sigma' m h data e th ->
  critical sigma sigma' (split_width q m) h data e (copying q s m u v th).
Proof.
move=> H; pose u i : Z := if i == 0%N then 1 else 0; pose v i : Z := if i == 0%N then 0 else 1.
pose d := Params (fun _ _ _ => 0 : Z) (fun l i => if (l == 0%N) && (i == 0%N) then 1 else 0).
have uv i : u i + v i = 1 by rewrite /u /v; case: eqP.
have := H Z 1%N 0%N widths112 u v square square' 1%N 2%N isT isT erefl uv inputs loss' point point_critical d.
by rewrite !xdriskE.
Qed.

(* ... nor is the tangent function space *)
Theorem control_deep_split : ~ forall (K : comRingType) (q s : nat) m (u v : nat -> K) (sigma sigma' : K -> K) h D,
  (0 < q <= h)%N -> (s < m q)%N -> m h.+1 = D -> (forall i, u i + v i = 1) ->
  (forall l, (l <= h.+1)%N -> (0 < m l)%N) -> forall th f,
  tangent sigma sigma' (split_width q m) h (D := D) (copying q s m u v th) f <-> tangent sigma sigma' m h th f.
Proof.
move=> H; pose u i : Z := if i == 0%N then 1 else 0; pose v i : Z := if i == 0%N then 0 else 1.
pose d := Params (fun _ _ _ => 0 : Z) (fun l i => if (l == 0%N) && (i == 0%N) then 1 else 0).
have uv i : u i + v i = 1 by rewrite /u /v; case: eqP.
have pos l : (l <= 2)%N -> (0 < widths112 l)%N by case: l => [|[|[|]]].
pose wide := copying 1 0 widths112 u v point.
have [sub _] := H Z 1%N 0%N widths112 u v square square' 1%N 2%N isT isT erefl uv pos point
  (dnet square square' (split_width 1 widths112) 1 2 wide d).
have [|d0 fd] := sub; first by exists d.
have at_ x (i : 'I_2) : xdpre square square' (split_width 1 widths112) wide d x 1 i
    = xdpre square square' widths112 point d0 x 1 i.
  by have /rowP/(_ i) := fd x; rewrite !xdnetE.
have := (at_ (fun _ => 1) 0, at_ (fun _ => - 1) 0, at_ (fun _ => 1) 1, at_ (fun _ => - 1) 1).
rewrite /xdpre /= /square /square' /xpre /= /u /v /= => -[[[]]].
by lia.
Qed.
