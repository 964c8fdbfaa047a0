(* depth.lifting.output, .criticality, .existence (necessity), localmin-to-localmin: a layer of
   s neurons inserted between layer q (p neurons) and layer q+1 (r neurons), for all widths,
   every network below and above it, every loss, every activation with affine pieces. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Lemma shuffle (V : zmodType) (a b c d e : V) : a + (b + (c + (d + e))) = c + (d + (a + (b + e))).
Proof. by rewrite [LHS]addrA (addrA c) addrCA -!addrA. Qed.

Section Lifting.
Variables (F : fieldType) (X Below Above : Type) (p s r D : nat).
Variables sigma sigma' : F -> F.
(* The network below: features of layer q and their derivative in a direction; the network
   above layer q+1: outputs from its preactivations, and their derivative in a direction. *)
Variables (low : Below -> X -> 'cV[F]_p) (dlow : Below -> Below -> X -> 'cV[F]_p)
          (up : Above -> 'cV[F]_r -> 'cV[F]_D) (dup : Above -> Above -> 'cV[F]_r -> 'cV[F]_r -> 'cV[F]_D).

Record shallow := Shallow { sB : Below; sA : Above; sW : 'M[F]_(r, p); sb : 'cV[F]_r }.
Record deep := Deep { dB : Below; dA : Above; Wh : 'M[F]_(s, p); bh : 'cV[F]_s;
                      W' : 'M[F]_(r, s); b' : 'cV[F]_r }.

(* networks and their derivatives in a direction (forward mode, chain rule) *)
Definition net t x := up (sA t) (sW t *m low (sB t) x + sb t).
Definition dnet t d x := dup (sA t) (sA d) (sW t *m low (sB t) x + sb t)
  (sW d *m low (sB t) x + sW t *m dlow (sB t) (sB d) x + sb d).
Definition inner t x := Wh t *m low (dB t) x + bh t.       (* preactivations of the inserted layer *)
Definition act t x := map_mx sigma (inner t x).
Definition Net t x := up (dA t) (W' t *m act t x + b' t).
Definition dinner t d x := Wh d *m low (dB t) x + Wh t *m dlow (dB t) (dB d) x + bh d.
Definition dact t d x : 'cV_s := \col_j (sigma' (inner t x j 0) * dinner t d x j 0).
Definition dNet t d x := dup (dA t) (dA d) (W' t *m act t x + b' t)
  (W' d *m act t x + W' t *m dact t d x + b' d).

(* neuron j has the affine piece sigma z = lam_j z + mu_j on a set of z, with sigma' = lam_j there *)
Variables (piece : 'I_s -> F -> Prop) (lam mu : 'rV[F]_s).
Hypothesis affine : forall j z, piece j z -> sigma z = lam 0 j * z + mu 0 j /\ sigma' z = lam 0 j.
Variable data : seq X.
Fixpoint All (Q : X -> Prop) (l : seq X) := if l is x :: l' then Q x /\ All Q l' else True.
Definition linearised t := forall j, All (fun x => piece j (inner t x j 0)) data.

Definition L : 'M[F]_s := diag_mx lam.
(* pi: the shallow network that a linearised deep network computes; its derivative *)
Definition pi t := Shallow (dB t) (dA t) (W' t *m L *m Wh t) (W' t *m (L *m bh t + mu^T) + b' t).
Definition dpi t d := Shallow (dB d) (dA d)
  (W' d *m L *m Wh t + W' t *m L *m Wh d)
  (W' d *m (L *m bh t + mu^T) + W' t *m (L *m bh d) + b' d).

Lemma Lc (u : 'cV_s) j : (L *m u) j 0 = lam 0 j * u j 0.
Proof. by rewrite mul_diag_mx mxE. Qed.

Lemma act_at t x : (forall j, piece j (inner t x j 0)) -> act t x = L *m inner t x + mu^T.
Proof.
move=> lin; apply/colP => j; have [e _] := affine (lin j).
by rewrite [LHS]mxE [RHS]mxE Lc [mu^T _ _]mxE e.
Qed.

Lemma dact_at t d x : (forall j, piece j (inner t x j 0)) -> dact t d x = L *m dinner t d x.
Proof. by move=> lin; apply/colP => j; have [_ e] := affine (lin j); rewrite mxE Lc e. Qed.

Theorem depth_lifting_output_at t x : (forall j, piece j (inner t x j 0)) -> Net t x = net (pi t) x.
Proof.
move=> lin; rewrite /Net /net act_at //=; congr (up _ _).
by rewrite /inner !mulmxDr !mulmxA !addrA.
Qed.

Theorem dnet_at t d x : (forall j, piece j (inner t x j 0)) -> dNet t d x = dnet (pi t) (dpi t d) x.
Proof.
move=> lin; rewrite /dNet /dnet act_at // dact_at //=.
congr (dup _ _ _ _); first by rewrite /inner !mulmxDr !mulmxA !addrA.
rewrite /inner /dinner !mulmxDr !mulmxDl !mulmxA -!addrA; congr (_ + _).
exact: shuffle.
Qed.

(* ---- risk, gradient, criticality: e x p is the gradient of the loss of sample x ---- *)
Variable e : X -> 'cV[F]_D -> 'cV[F]_D.
Definition pairing (u v : 'cV[F]_D) : F := \sum_i u i 0 * v i 0.
Definition drisk t d := \sum_(x <- data) pairing (e x (net t x)) (dnet t d x).
Definition dRisk t d := \sum_(x <- data) pairing (e x (Net t x)) (dNet t d x).

Lemma big_All (Q : X -> Prop) (f g : X -> F) (l : seq X) :
  All Q l -> (forall x, Q x -> f x = g x) -> \sum_(x <- l) f x = \sum_(x <- l) g x.
Proof.
by move=> + fg; elim: l => [|x l IH] /=; rewrite ?big_nil // !big_cons => -[/fg -> /IH ->].
Qed.

Lemma linearisedP t : linearised t -> All (fun x => forall j, piece j (inner t x j 0)) data.
Proof.
rewrite /linearised; elim: data => //= x l IH lin.
by split=> [j|]; [have [] := lin j | apply: IH => j; have [] := lin j].
Qed.

(* depth.lifting.output and .criticality: <grad R_deep(t), d> = <grad R_shallow(pi t), dpi d> *)
Theorem depth_lifting_gradient t d : linearised t -> dRisk t d = drisk (pi t) (dpi t d).
Proof. by move=> /linearisedP/big_All; apply=> x lin; rewrite depth_lifting_output_at // dnet_at. Qed.

Corollary depth_lifting_criticality t : linearised t ->
  (forall d, drisk (pi t) d = 0) -> forall d, dRisk t d = 0.
Proof. by move=> lin crit d; rewrite depth_lifting_gradient. Qed.

(* depth.localmin-to-localmin: near t the deep risk is the shallow risk at pi, so a minimum over a
   set U of shallow parameters is a minimum over the linearised deep parameters that pi maps to U. *)
Definition risk_of (ell : X -> 'cV[F]_D -> F) f := \sum_(x <- data) ell x (f x).
Theorem depth_lifting_risk ell t : linearised t -> risk_of ell (Net t) = risk_of ell (net (pi t)).
Proof. by move=> /linearisedP/big_All; apply=> x lin; rewrite depth_lifting_output_at. Qed.

(* depth.lifting.existence, the necessary half *)
Theorem depth_lifting_existence_needed t : (\rank (sW (pi t)) <= s)%N.
Proof.
rewrite /= -mulmxA; apply: leq_trans (mxrankM_maxl _ _) _; exact: rank_leq_col.
Qed.
End Lifting.

Section LocalMinimum.
Variables (F : realFieldType) (X Below Above : Type) (p s r D : nat) (sigma sigma' : F -> F).
Variables (low : Below -> X -> 'cV[F]_p) (up : Above -> 'cV[F]_r -> 'cV[F]_D).
Variables (piece : 'I_s -> F -> Prop) (lam mu : 'rV[F]_s) (data : seq X) (ell : X -> 'cV[F]_D -> F).
Hypothesis affine : forall j z, piece j z -> sigma z = lam 0 j * z + mu 0 j /\ sigma' z = lam 0 j.

Corollary depth_localmin_to_localmin (t : deep F Below Above p s r) (U : shallow F Below Above p r -> Prop) :
  linearised low piece data t ->
  (forall u, U u -> risk_of data ell (net low up (pi lam mu t)) <= risk_of data ell (net low up u)) ->
  forall t', linearised low piece data t' -> U (pi lam mu t') ->
  risk_of data ell (Net sigma low up t) <= risk_of data ell (Net sigma low up t').
Proof.
by move=> lt mini t' lt' Ut'; rewrite !(depth_lifting_risk up affine ell) //; apply: mini.
Qed.
End LocalMinimum.

(* depth.residual.any-activation: a residual block z -> z + sigma(Wh z + bh) inserted with Wh = 0 and
   the bias of the next layer corrected; any differentiable sigma, all inputs *)
Section Residual.
Variables (F : fieldType) (X Below Above : Type) (p r D : nat) (sigma sigma' : F -> F).
Variables (low : Below -> X -> 'cV[F]_p) (dlow : Below -> Below -> X -> 'cV[F]_p)
          (up : Above -> 'cV[F]_r -> 'cV[F]_D) (dup : Above -> Above -> 'cV[F]_r -> 'cV[F]_r -> 'cV[F]_D).
Variables (data : seq X) (e : X -> 'cV[F]_D -> 'cV[F]_D).
Notation deep := (deep F Below Above p p r).
Definition rinner (t : deep) x := Wh t *m low (dB t) x + bh t.
Definition rout (t : deep) x := low (dB t) x + map_mx sigma (rinner t x).
Definition rnet (t : deep) x := up (dA t) (W' t *m rout t x + b' t).
Definition drout (t d : deep) x : 'cV_p := dlow (dB t) (dB d) x +
  \col_j (sigma' (rinner t x j 0) * (Wh d *m low (dB t) x + Wh t *m dlow (dB t) (dB d) x + bh d) j 0).
Definition drnet (t d : deep) x := dup (dA t) (dA d) (W' t *m rout t x + b' t)
  (W' d *m rout t x + W' t *m drout t d x + b' d).

Variables (t0 : shallow F Below Above p r) (b0 : 'cV[F]_p).
Definition insert : deep := Deep (sB t0) (sA t0) 0 b0 (sW t0) (sb t0 - sW t0 *m map_mx sigma b0).
Definition S1 : 'M[F]_p := diag_mx (\row_j sigma' (b0 j 0)).
Definition shadow (d : deep) := Shallow (dB d) (dA d) (W' d + sW t0 *m S1 *m Wh d)
  (W' d *m map_mx sigma b0 + sW t0 *m S1 *m bh d + b' d).

Lemma inner0 x : rinner insert x = b0. Proof. by rewrite /rinner /= mul0mx add0r. Qed.

Lemma insert_pre x : W' insert *m rout insert x + b' insert = sW t0 *m low (sB t0) x + sb t0.
Proof. by rewrite /rout inner0 /= mulmxDr -addrA [_ *m map_mx _ _ + _]addrC subrK. Qed.

Theorem depth_residual_output x : rnet insert x = net low up t0 x.
Proof. by rewrite /rnet insert_pre. Qed.

Theorem residual_derivative d x : drnet insert d x = dnet low dlow dup t0 (shadow d) x.
Proof.
rewrite /drnet /dnet insert_pre /=; congr (dup _ _ _ _).
have -> : drout insert d x = dlow (sB t0) (dB d) x + S1 *m (Wh d *m low (sB t0) x + bh d).
  rewrite /drout inner0 /= mul0mx addr0; congr (_ + _); apply/colP => j.
  by rewrite [LHS]mxE /S1 mul_diag_mx [RHS]mxE; congr (_ * _); rewrite mxE.
rewrite /rout inner0 /= !mulmxDr mulmxDl !mulmxA -!addrA; congr (_ + _).
rewrite [LHS]addrCA [RHS]addrCA; congr (_ + _).
by rewrite addrCA; congr (_ + _); rewrite addrCA.
Qed.

Corollary depth_residual_any_activation : (forall d, drisk low dlow up dup data e t0 d = 0) ->
  forall d, \sum_(x <- data) pairing (e x (rnet insert x)) (drnet insert d x) = 0.
Proof.
move=> crit d; rewrite -[RHS](crit (shadow d)); apply: eq_bigr => x _.
by rewrite depth_residual_output residual_derivative.
Qed.
End Residual.
