(* Null embedding (2111.15527, Definition 4.3) into any wider network at once: the new neurons have zero
   input and output weights and arbitrary biases.  With it the embedding principle, and the bound of the
   model rank of a function by that of a narrower network. *)
From mathcomp Require Import all_ssreflect all_algebra ring zify.
From ProofsCheck.common Require Import networks second_order evaluation.
From ProofsCheck.width Require Import compatible witness.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Null.
Variable K : comRingType.
Variables (h D : nat) (m m' : nat -> nat).                 (* hidden layers, outputs, narrow and wide widths *)
Variables (w : nat -> nat -> nat -> K) (b : nat -> nat -> K).   (* input weights and biases of the new neurons *)

Definition kept l j := [|| l == 0%N, l == h.+1 | (j < m l)%N].   (* neuron j of layer l is in the narrow network *)
(* new neurons with input weights w, biases b and output weights 0 *)
Definition adding (th : params K) := Params
  (fun l i j => if kept l j then (if kept l.+1 i then wt th l i j else w l i j) else 0)
  (fun l i => if kept l.+1 i then bias th l i else b l.+1 i).
End Null.

(* the null embedding: input weights 0 *)
Definition null_embedding (K : comRingType) h m := @adding K h m (fun _ _ _ => 0).

Section NullEmbedding.
Variable K : comRingType.
Variables (sigma sigma' : K -> K) (h D : nat) (m m' : nat -> nat) (b : nat -> nat -> K).
Hypotheses (mm : forall l, (m l <= m' l)%N) (m0 : m' 0 = m 0) (mD : m h.+1 = D) (mD' : m' h.+1 = D).
Notation T := (null_embedding h m b).

(* M^T: the gradient of a new output weight is sigma of the new bias times the gradient of the bias it
   feeds; the gradients of new input weights and biases vanish *)
Definition null_pull (d : params K) := Params
  (fun l i j => wt d l i j)
  (fun l i => bias d l i + \sum_(j < m' l | ~~ kept h m l j) wt d l i j * sigma (b l j)).

Definition null_map (l j : nat) := if kept h m l j then Some j else None.
Definition null_alpha l i j : K := (kept h m l.+1 i && kept h m l j)%:R.
Definition null_alphab l i : K := if kept h m l.+1 i then 0 else b l.+1 i.

Lemma null_mapE l k j : (k < m l)%N -> (null_map l j == Some k) = (j == k).
Proof.
move=> km; rewrite /null_map; case: ifP => [_|/negbT]; first by rewrite (inj_eq (@Some_inj _)).
rewrite /kept !negb_or -leqNgt => /and3P[_ _ mj]; apply/esym/gtn_eqF; exact: leq_trans km mj.
Qed.

Lemma null_sum l (F : nat -> K) k : (k < m l)%N ->
  \sum_(j < m' l | null_map l j == Some (k : nat)) F j = F k.
Proof.
move=> km; have km' : (k < m' l)%N by apply: leq_trans km (mm l).
by rewrite (big_pred1 (Ordinal km')) // => j; rewrite null_mapE.
Qed.

Lemma null_mapN l j : (null_map l j == None) = ~~ kept h m l j.
Proof. by rewrite /null_map; case: ifP. Qed.

Theorem null_compatible : compatible sigma h D m m' null_map
  null_alpha null_alphab (fun _ _ => 1) b.
Proof.
split=> //.
- by move=> j; rewrite /null_map /kept eqxx orbT.
- move=> l j k lh jm; rewrite /null_map; case: ifP => // + [<-].
  by case/or3P=> [/eqP e|/eqP e|//]; move: jm; rewrite e ?m0 // mD' mD.
- move=> l i k lh im km; rewrite (null_sum (null_alpha l i)) //.
  rewrite /null_alpha (_ : kept h m l k) ?andbT; last by rewrite /kept km !orbT.
  by rewrite /null_map; case: (kept _ _ _ _).
- move=> l j k lh jm km; rewrite (null_sum (fun i => 1 * null_alpha l i j)) //.
  rewrite mul1r /null_alpha (_ : kept h m l.+1 k); last by rewrite /kept km !orbT.
  by rewrite /null_map; case: (kept _ _ _ _).
- move=> l i lh im; rewrite big1 ?add0r => [|j /eqP]; first by rewrite /null_alphab /null_map; case: (kept _ _ _ _).
  by rewrite /null_map /null_alpha; case: (kept _ _ l j) => // _; rewrite andbF mul0r.
Qed.

Lemma null_embed th : same (T th) (embed null_map null_alpha null_alphab th).
Proof.
split=> [l i j|l i] /=; rewrite /null_map /null_alpha /null_alphab.
  by case: (kept h m l j); case: (kept h m l.+1 i); rewrite ?mul1r.
by case: (kept h m l.+1 i); rewrite ?add0r ?addr0.
Qed.

Lemma null_pull_compatible d : agree m h (pull sigma m' null_map (fun _ _ => 1) b d) (null_pull d).
Proof.
split=> [l i j lh im jm|l i lh im] /=.
  rewrite (null_sum (fun i => \sum_(j0 < m' l | _) 1 * wt d l i j0)) //.
  by rewrite (null_sum (fun j => 1 * wt d l i j)) // mul1r.
rewrite (null_sum (fun i => 1 * (\sum_(j0 < m' l | _) wt d l i j0 * _ + bias d l i))) // mul1r addrC.
by congr (_ + _); apply: eq_bigl => j; rewrite null_mapN.
Qed.

Lemma null_output th x : net sigma m' h D (T th) x = net sigma m h D th x.
Proof. by rewrite -(embedding_compatible_output null_compatible) (net_same _ _ _ _ _ (null_embed th)). Qed.

(* <grad R(T th), d> = <grad R(th), M^T d> at every point *)
Theorem embedding_null_gradient_image data (e : _ -> 'rV[K]_D -> 'rV[K]_D) th d :
  drisk sigma sigma' m' h data e (T th) d = drisk sigma sigma' m h data e th (null_pull d).
Proof.
rewrite (@drisk_same _ _ _ _ _ _ _ _ _ _ d d (null_embed th)) //.
rewrite (embedding_compatible_gradient_image sigma' null_compatible).
by apply: (drisk_agree _ _ mD) => //; apply: null_pull_compatible.
Qed.

Theorem embedding_null_criticality th :
  (forall x, net sigma m' h D (T th) x = net sigma m h D th x) /\
  (forall data (e : _ -> 'rV[K]_D -> 'rV[K]_D), critical sigma sigma' m h data e th -> critical sigma sigma' m' h data e (T th)).
Proof. by split=> [x|data e crit d]; [apply: null_output | rewrite embedding_null_gradient_image crit]. Qed.

(* deep.null: the tangent function space, hence the model rank, is unchanged *)
Theorem deep_null (nonempty : forall l, (l <= h.+1)%N -> (0 < m l)%N) th f :
  tangent sigma sigma' m' h (D := D) (T th) f <-> tangent sigma sigma' m h th f.
Proof.
rewrite -(embedding_compatible_tangent_space sigma' null_compatible nonempty).
have E := null_embed th.
split=> -[d fd]; exists d => x; rewrite fd; last symmetry; exact: dnet_same.
Qed.
End NullEmbedding.

(* embedding.two-fold-null: every hidden layer gets as many null neurons as it has neurons *)
Theorem embedding_two_fold_null (K : comRingType) (sigma sigma' : K -> K) (h D : nat) (m : nat -> nat) (b : nat -> nat -> K) :
  m h.+1 = D -> let two l := if (0 < l <= h)%N then (m l + m l)%N else m l in forall th,
  (forall x, net sigma two h D (null_embedding h m b th) x = net sigma m h D th x) /\
  (forall data (e : _ -> 'rV[K]_D -> 'rV[K]_D), critical sigma sigma' m h data e th ->
     critical sigma sigma' two h data e (null_embedding h m b th)).
Proof.
move=> mD two th; have mm l : (m l <= two l)%N by rewrite /two; case: ifP => // _; rewrite leq_addr.
have tD : two h.+1 = D by rewrite /two ltnn andbF.
exact: embedding_null_criticality.
Qed.

(* embedding.principle: every network of no smaller widths has, for every critical point of the
   narrow one, a critical point with the same output function (for all data and losses at once) *)
Theorem embedding_principle (K : comRingType) (sigma sigma' : K -> K) (h D : nat) (m m' : nat -> nat) :
  (forall l, (m l <= m' l)%N) -> m' 0%N = m 0%N -> m h.+1 = D -> m' h.+1 = D ->
  exists T : params K -> params K, forall th,
    (forall x, net sigma m' h D (T th) x = net sigma m h D th x) /\
    (forall data (e : _ -> 'rV[K]_D -> 'rV[K]_D),
       critical sigma sigma' m h data e th -> critical sigma sigma' m' h data e (T th)).
Proof.
move=> mm m0 mD mD'; exists (null_embedding h m (fun _ _ => 0)) => th.
exact: embedding_null_criticality.
Qed.

Section Bound.
Variable K : comRingType.
Variables (sigma sigma' : K -> K) (h D : nat).
(* R(th) <= r in the network of widths m: r functions span the tangent function space *)
Definition rank_le m th r := exists u : 'I_r -> (nat -> K) -> 'rV[K]_D, forall f,
  tangent sigma sigma' m h th f -> exists c : 'I_r -> K, forall x, f x = \sum_k c k *: u k x.
(* R(f) <= r, where R(f) is the least model rank over all parameters that represent the function f *)
Definition function_rank_le m f r := exists2 th,
  forall x, net sigma m h D th x = f x & rank_le m th r.

(* R_wide(f) <= R_narrow(f) *)
Lemma wide_le_narrow (m m' : nat -> nat) f r :
  (forall l, (m l <= m' l)%N) -> m' 0%N = m 0%N -> m h.+1 = D -> m' h.+1 = D ->
  function_rank_le m f r -> function_rank_le m' f r.
Proof.
move=> mm m0 mD mD' [th net_th [u span]]; exists (null_embedding h m (fun _ _ => 0) th).
  by move=> x; rewrite null_output.
exists u => g [d gd]; apply: span; exists (null_pull sigma h m m' (fun _ _ => 0) d) => x.
rewrite gd -(dnet_agree _ _ mD x (agree_refl m h th) (@null_pull_compatible K sigma h m m' (fun _ _ => 0) mm d)).
have C := @null_compatible K sigma h D m m' (fun _ _ => 0) mm m0 mD mD'.
have E := null_embed h m (fun _ _ => 0) th.
rewrite -(derivative_image sigma' C); exact: dnet_same.
Qed.

(* deep.table: the number of weights and biases of the narrow network bounds it *)
Variable m : nat -> nat.
Definition parameters := (\sum_(l < h.+1) (m l).+1 * m l.+1)%N.
Definition place : finType := [finType of {l : 'I_h.+1 & ('I_(m l.+1) * option 'I_(m l))%type}].
Definition unit_at (p : place) : params K :=
  let: existT l (i, o) := p in
  @Params K (fun l' i' j' => if o is Some j then [&& l' == l, i' == i :> nat & j' == j :> nat]%:R else 0)
            (fun l' i' => if o is Some _ then 0 else ((l' == l) && (i' == i :> nat))%:R).
Definition entry (d : params K) (p : place) : K :=
  let: existT l (i, o) := p in if o is Some j then wt d l i j else bias d l i.

Lemma card_place : #|place| = parameters.
Proof.
rewrite card_tagged sumnE big_map big_enum; apply: eq_bigr => l _.
by rewrite card_prod card_option !card_ord mulnC.
Qed.

Lemma dpre_units th d x l i : (l <= h)%N -> (i < m l.+1)%N -> dpre sigma sigma' m th d x l i =
  \sum_p entry d p * dpre sigma sigma' m th (unit_at p) x l i.
Proof.
move=> lh im; rewrite -dpre_mix; apply: (@dpre_agree _ _ _ _ h) => //;
  split=> [l' i' j' lh' im' jm'|l' i' lh' im'] /=.
  have l'h : (l' < h.+1)%N by [].
  rewrite (bigD1 (existT _ (Ordinal l'h) (Ordinal im', Some (Ordinal jm')) : place)) //= !eqxx mulr1 big1 ?addr0 //.
  move=> [[l0 l0h] [i0 [j0|]]] /= ne; last by rewrite mulr0.
  case: eqP => [e|]; last by rewrite mulr0.
  subst l0; case: eqP => [ei|]; last by rewrite mulr0.
  case: eqP => [ej|]; last by rewrite mulr0.
  case/eqP: ne; move: i0 j0 ei ej; rewrite (bool_irrelevance l0h l'h) => i0 j0 ei ej.
  by congr existT; congr (_, Some _); apply/val_inj.
have l'h : (l' < h.+1)%N by [].
rewrite (bigD1 (existT _ (Ordinal l'h) (Ordinal im', None) : place)) //= !eqxx mulr1 big1 ?addr0 //.
move=> [[l0 l0h] [i0 [j0|]]] /= ne; first by rewrite mulr0.
case: eqP => [e|]; last by rewrite mulr0.
subst l0; case: eqP => [ei|]; last by rewrite mulr0.
case/eqP: ne; move: i0 ei; rewrite (bool_irrelevance l0h l'h) => i0 ei.
by congr existT; congr (_, None); apply/val_inj.
Qed.

Lemma rank_le_parameters th : m h.+1 = D -> rank_le m th parameters.
Proof.
move=> mD; rewrite -card_place; exists (fun k => dnet sigma sigma' m h D th (unit_at (enum_val k))).
move=> f [d fd]; exists (fun k => entry d (enum_val k)) => x; rewrite fd; apply/rowP => i.
rewrite mxE dpre_units ?mD // summxE [LHS](reindex (enum_val (A := place))) /=; last first.
  by exists enum_rank => p _; rewrite ?enum_valK ?enum_rankK.
by apply: eq_bigr => k _; rewrite !mxE.
Qed.
End Bound.

(* deep.bound: R_wide(f) <= R_narrow(f) <= M_narrow *)
Theorem deep_bound (K : comRingType) (sigma sigma' : K -> K) (h D : nat) (m m' : nat -> nat) :
  (forall l, (m l <= m' l)%N) -> m' 0%N = m 0%N -> m h.+1 = D -> m' h.+1 = D ->
  (forall f r, function_rank_le sigma sigma' h (D := D) m f r -> function_rank_le sigma sigma' h m' f r) /\
  (forall th, function_rank_le sigma sigma' h (D := D) m (net sigma m h D th) (parameters h m)).
Proof.
move=> mm m0 mD mD'; split=> [f r|th]; first exact: wide_le_narrow.
by exists th => //; apply: rank_le_parameters.
Qed.

(* deep.table: the number of weights and biases of the narrow network *)
Theorem deep_table (K : comRingType) (sigma sigma' : K -> K) (h D : nat) (m m' : nat -> nat) th :
  (forall l, (m l <= m' l)%N) -> m' 0%N = m 0%N -> m h.+1 = D -> m' h.+1 = D ->
  function_rank_le sigma sigma' h (D := D) m' (net sigma m h D th) (\sum_(l < h.+1) (m l).+1 * m l.+1)%N.
Proof.
by move=> mm m0 mD mD'; have [bound narrow] := deep_bound sigma sigma' mm m0 mD mD'; apply/bound/narrow.
Qed.

(* ---- controls ---- *)

Definition widths122 (l : nat) := nth 0%N [:: 1; 2; 2]%N l.
Lemma widths_le l : (widths112 l <= widths122 l)%N. Proof. by case: l => [|[|[|l]]] //; rewrite /widths112 /widths122 !nth_default. Qed.

(* new neurons with input weights other than 0: the output is kept, criticality is not *)
Theorem control_embedding_null_criticality : ~ forall (K : comRingType) (sigma sigma' : K -> K) h D (m m' : nat -> nat) w b,
  (forall l, (m l <= m' l)%N) -> m' 0%N = m 0%N -> m h.+1 = D -> m' h.+1 = D ->
  forall data (e : _ -> 'rV[K]_D -> 'rV[K]_D) th,
  critical sigma sigma' m h data e th -> critical sigma sigma' m' h data e (adding h m w b th).
Proof.
move=> H; pose d := Params (fun l i j => if (l == 1%N) && (i == 0%N) && (j == 1%N) then 1 else 0 : Z) (fun _ _ => 0).
have := H Z square square' 1%N 2%N widths112 widths122 (fun _ _ _ => 1) (fun _ _ => 1) widths_le erefl erefl erefl
  inputs loss' point point_critical d.
by rewrite !xdriskE.
Qed.

(* the gradient of the new output weights forgotten *)
Theorem control_embedding_null_gradient_image : ~ forall (K : comRingType) (sigma sigma' : K -> K) h D (m m' : nat -> nat) b,
  (forall l, (m l <= m' l)%N) -> m' 0%N = m 0%N -> m h.+1 = D -> m' h.+1 = D ->
  forall data (e : _ -> 'rV[K]_D -> 'rV[K]_D) th d,
  drisk sigma sigma' m' h data e (null_embedding h m b th) d = drisk sigma sigma' m h data e th d.
Proof.
move=> H; pose d := Params (fun l i j => if (l == 1%N) && (i == 0%N) && (j == 1%N) then 1 else 0 : Z) (fun _ _ => 0).
have := H Z square square' 1%N 2%N widths112 widths122 (fun _ _ => 1) widths_le erefl erefl erefl
  [:: fun _ => 1 : Z] loss' point d.
by rewrite !xdriskE.
Qed.

(* ... nor is the tangent function space *)
Theorem control_deep_null : ~ forall (K : comRingType) (sigma sigma' : K -> K) h D (m m' : nat -> nat) w b,
  (forall l, (m l <= m' l)%N) -> m' 0%N = m 0%N -> m h.+1 = D -> m' h.+1 = D ->
  (forall l, (l <= h.+1)%N -> (0 < m l)%N) -> forall th f,
  tangent sigma sigma' m' h (D := D) (adding h m w b th) f <-> tangent sigma sigma' m h th f.
Proof.
move=> H; pose d := Params (fun l i j => if (l == 1%N) && (i == 0%N) && (j == 1%N) then 1 else 0 : Z) (fun _ _ => 0).
have pos l : (l <= 2)%N -> (0 < widths112 l)%N by case: l => [|[|[|]]].
pose wide := adding 1 widths112 (fun _ _ _ => 1) (fun _ _ => 1) point.
have [sub _] := H Z square square' 1%N 2%N widths112 widths122 (fun _ _ _ => 1) (fun _ _ => 1) widths_le erefl erefl erefl pos point
  (dnet square square' widths122 1 2 wide d).
have [|d0 fd] := sub; first by exists d.
have at_ x (i : 'I_2) : xdpre square square' widths122 wide d x 1 i = xdpre square square' widths112 point d0 x 1 i.
  by have /rowP/(_ i) := fd x; rewrite !xdnetE.
have := (at_ (fun _ => 1) 0, at_ (fun _ => - 1) 0, at_ (fun _ => 1) 1, at_ (fun _ => - 1) 1).
rewrite /xdpre /= /square /square' /xpre /= => -[[[]]].
by lia.
Qed.

(* output weights 1 instead of 0 *)
Theorem control_embedding_two_fold_null : ~ forall (K : comRingType) (sigma : K -> K) h D (m : nat -> nat),
  m h.+1 = D -> let two l := if (0 < l <= h)%N then (m l + m l)%N else m l in forall th x,
  let ones := Params (fun l i j => if kept h m l j then (if kept h m l.+1 i then wt th l i j else 0) else 1)
                     (fun l i => if kept h m l.+1 i then bias th l i else 1) in
  net sigma two h D ones x = net sigma m h D th x.
Proof.
move=> H; have /rowP/(_ 0) := H Z square 1%N 2%N widths112 erefl point (fun _ => 1).
by rewrite !xnetE.
Qed.

(* a narrower network does not do *)
Theorem control_embedding_principle : ~ forall (K : comRingType) (sigma sigma' : K -> K) h D (m m' : nat -> nat),
  m' 0%N = m 0%N -> m h.+1 = D -> m' h.+1 = D ->
  exists T : params K -> params K, forall th,
    (forall x, net sigma m' h D (T th) x = net sigma m h D th x) /\
    (forall data (e : _ -> 'rV[K]_D -> 'rV[K]_D),
       critical sigma sigma' m h data e th -> critical sigma sigma' m' h data e (T th)).
Proof.
move=> H; pose none l := nth 0%N [:: 1; 0; 2]%N l.
have [T /(_ point)[E _]] := H Z square square' 1%N 2%N widths112 none erefl erefl erefl.
have /rowP/(_ 0) := E (fun _ => 1); have /rowP/(_ 0) := E (fun _ => 0).
by rewrite !xnetE /xpre /= !add0r => ->.
Qed.

(* R_wide(f) <= R_narrow(f) - 1: false for the function 0 in networks without hidden layer and input *)
Theorem control_deep_bound : ~ forall (K : comRingType) (sigma sigma' : K -> K) h D (m m' : nat -> nat) f r,
  (forall l, (m l <= m' l)%N) -> m' 0%N = m 0%N -> m h.+1 = D -> m' h.+1 = D ->
  function_rank_le sigma sigma' h (D := D) m f r.+1 -> function_rank_le sigma sigma' h m' f r.
Proof.
move=> H; pose m (l : nat) := if l is 0%N then 0%N else 1%N; pose id_ (z : Z) := z.
pose f (x : nat -> Z) : 'rV[Z]_1 := 0.
have netE (th : params Z) x (i : 'I_1) : xpre id_ m th x 0 i = bias th 0 0 by rewrite ord1 /xpre /= add0r.
have [|th _ [u span]] := H Z id_ id_ 0%N 1%N m m f 0%N (fun l => leqnn _) erefl erefl erefl.
  exists (Params (fun _ _ _ => 0) (fun _ _ => 0)).
    by move=> x; apply/rowP => i; rewrite xnetE netE mxE.
  exists (fun _ _ => const_mx 1) => g [d gd]; exists (fun _ => bias d 0 0) => x; rewrite gd big_ord1.
  by apply/rowP => i; rewrite xdnetE !mxE mulr1 ord1 /xdpre /= add0r.
have [|c] := span (dnet id_ id_ m 0 1 th (Params (fun _ _ _ => 0) (fun _ _ => 1))); first by eexists => x.
by move=> /(_ (fun _ => 0)) /rowP/(_ 0); rewrite big_ord0 xdnetE mxE.
Qed.

(* ... nor are the weights alone enough *)
Theorem control_deep_table : ~ forall (K : comRingType) (sigma sigma' : K -> K) h D (m m' : nat -> nat) th,
  (forall l, (m l <= m' l)%N) -> m' 0%N = m 0%N -> m h.+1 = D -> m' h.+1 = D ->
  function_rank_le sigma sigma' h (D := D) m' (net sigma m h D th) (\sum_(l < h.+1) m l * m l.+1)%N.
Proof.
move=> H; pose m (l : nat) := if l is 0%N then 0%N else 1%N; pose id_ (z : Z) := z.
have [th _ [u span]] := H Z id_ id_ 0%N 1%N m m (Params (fun _ _ _ => 0) (fun _ _ => 0)) (fun l => leqnn _) erefl erefl erefl.
move: u span; rewrite big_ord1 mul0n => u span.
have [|c] := span (dnet id_ id_ m 0 1 th (Params (fun _ _ _ => 0) (fun _ _ => 1))); first by eexists => x.
by move=> /(_ (fun _ => 0)) /rowP/(_ 0); rewrite big_ord0 xdnetE mxE.
Qed.
