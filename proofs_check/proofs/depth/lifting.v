(* Critical lifting in depth (2205.13283): a layer of s neurons is inserted between layer q (p neurons) and
   layer q+1 (r neurons), for all widths, every network below and above it, every loss, and every
   activation with affine pieces. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Lemma shuffle (V : zmodType) (a b c d e : V) : a + (b + (c + (d + e))) = c + (d + (a + (b + e))).
Proof. by rewrite [LHS]addrA (addrA c) addrCA -!addrA. Qed.

Section Lifting.
Variables (F : fieldType) (X : eqType) (Below Above : Type) (p s r D : nat).    (* X: inputs *)
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
(* layer linearisation: on the data every inserted neuron stays in its piece *)
Definition linearised t := forall x, x \in data -> forall j, piece j (inner t x j 0).

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

Lemma net_at t x : (forall j, piece j (inner t x j 0)) -> Net t x = net (pi t) x.
Proof.
move=> lin; rewrite /Net /net act_at //=; congr (up _ _).
by rewrite /inner !mulmxDr !mulmxA !addrA.
Qed.

Lemma dnet_at t d x : (forall j, piece j (inner t x j 0)) -> dNet t d x = dnet (pi t) (dpi t d) x.
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

(* depth.lifting.output, depth.pruning: t and the merged network pi t agree on the data *)
Theorem depth_lifting_output t : linearised t -> {in data, forall x, Net t x = net (pi t) x}.
Proof. by move=> lin x xd; apply/net_at/lin. Qed.

Lemma gradient t d : linearised t -> dRisk t d = drisk (pi t) (dpi t d).
Proof. by move=> lin; apply: eq_big_seq => x /lin lx; rewrite net_at // dnet_at. Qed.

(* depth.lifting.criticality: <grad R_deep(t), d> = <grad R_shallow(pi t), dpi d>, at any point *)
Theorem depth_lifting_criticality t : linearised t ->
  (forall d, dRisk t d = drisk (pi t) (dpi t d)) /\ ((forall d, drisk (pi t) d = 0) -> forall d, dRisk t d = 0).
Proof. by move=> lin; split=> [d|crit d]; rewrite gradient. Qed.

(* depth.lifting.converse, if the lift is regular: W' L has full row rank or L Wh full column rank *)
Theorem depth_lifting_converse t : linearised t -> \rank (W' t *m L) = r \/ \rank (L *m Wh t) = p ->
  (forall d, dRisk t d = 0) -> forall u, drisk (pi t) u = 0.
Proof.
move=> lin reg crit u; suff [d du] : exists d, dpi t d = u by rewrite -du -gradient.
case: u => uB uA uW ub; case: reg => [full|full].
  have /row_freeP[G WG] : row_free (W' t *m L) by apply/eqP.
  by exists (Deep uB uA (G *m uW) 0 0 ub); rewrite /dpi /= !mul0mx !mulmx0 !add0r mulmxA WG mul1mx.
have /row_fullP[G GW] : row_full (L *m Wh t) by apply/eqP.
pose dW := uW *m G; exists (Deep uB uA 0 0 dW (ub - dW *m (L *m bh t + mu^T))).
rewrite /dpi /= !mulmx0 !addr0 -!mulmxA GW mulmx1; congr Shallow.
by rewrite addrC subrK.
Qed.

Definition risk_of (ell : X -> 'cV[F]_D -> F) f := \sum_(x <- data) ell x (f x).
Lemma risk_at ell t : linearised t -> risk_of ell (Net t) = risk_of ell (net (pi t)).
Proof. by move=> lin; apply: eq_big_seq => x /lin lx; rewrite net_at. Qed.

(* no lift is narrower than the rank of the weights of the next layer *)
Lemma width_needed t : (\rank (sW (pi t)) <= s)%N.
Proof. by rewrite /= -mulmxA; apply: leq_trans (mxrankM_maxl _ _) (rank_leq_col _). Qed.
End Lifting.

(* ---- over an ordered field: open pieces a_j < z < b_j ---- *)
Section Open.
Variables (F : realFieldType) (X : eqType) (Below Above : Type) (p s r D : nat) (sigma sigma' : F -> F).
Variables (low : Below -> X -> 'cV[F]_p) (up : Above -> 'cV[F]_r -> 'cV[F]_D).
Variables (a b lam mu : 'rV[F]_s).
Definition open (j : 'I_s) (z : F) := a 0 j < z < b 0 j.
Hypothesis affine : forall j z, open j z -> sigma z = lam 0 j * z + mu 0 j /\ sigma' z = lam 0 j.
Notation shallow := (shallow F Below Above p r).
Notation deep := (deep F Below Above p s r).

(* t is a lift of u for the data *)
Definition lift (data : seq X) (u : shallow) (t : deep) := linearised low open data t /\ pi lam mu t = u.

(* depth.localmin-to-localmin: the risk is R o pi near t, so a minimum of R over a set U of shallow parameters
   is a minimum of the deep risk over the linearised parameters that pi maps into U *)
Theorem depth_localmin_to_localmin data (ell : X -> 'cV[F]_D -> F) (u : shallow) (t : deep) (U : shallow -> Prop) :
  lift data u t ->
  (forall u', U u' -> risk_of data ell (net low up u) <= risk_of data ell (net low up u')) ->
  forall t', linearised low open data t' -> U (pi lam mu t') ->
  risk_of data ell (Net sigma low up t) <= risk_of data ell (Net sigma low up t').
Proof. by move=> [lt <-] mini t' lt' Ut'; rewrite !(risk_at up affine ell) //; apply: mini. Qed.

Lemma nested (data data' : seq X) u t : {subset data <= data'} -> lift data' u t -> lift data u t.
Proof. by move=> sub [lin e]; split=> // x /sub; apply: lin. Qed.

Lemma convex (data : seq X) u t x (c : 'I_(size data) -> F) (x0 : X) :
  (forall i, 0 <= c i) -> \sum_i c i = 1 -> (forall B, low B x = \sum_i c i *: low B (nth x0 data i)) ->
  lift data u t -> lift (x :: data) u t.
Proof.
move=> c0 c1 xc [lin e]; split=> // y; rewrite inE => /orP[/eqP-> j|]; last exact: lin.
have inner_x : inner low t x j 0 = \sum_i c i * inner low t (nth x0 data i) j 0.
  rewrite /inner xc mulmx_sumr [LHS]mxE summxE.
  have -> : bh t j 0 = \sum_i c i * bh t j 0 by rewrite -big_distrl /= c1 mul1r.
  by rewrite -big_split; apply: eq_bigr => i _; rewrite -scalemxAr !mxE mulrDr.
have in_piece (i : 'I_(size data)) : open j (inner low t (nth x0 data i) j 0) by apply: lin; apply: mem_nth.
have [k ck] : exists k, 0 < c k.
  apply/existsP; rewrite -[[exists _, _]]negbK negb_exists; apply/negP => /forallP none.
  move/eqP: c1; rewrite big1 ?[0 == 1]eq_sym ?oner_eq0 // => i _; apply: le_anti.
  by rewrite c0 andbT leNgt none.
rewrite /open inner_x; apply/andP; split.
  rewrite -[a 0 j]mul1r -c1 big_distrl /= (bigD1 k) //= [ltRHS](bigD1 k) //=.
  apply: ltr_le_add; first by rewrite ltr_pmul2l //; case/andP: (in_piece k).
  by apply: ler_sum => i _; rewrite ler_wpmul2l // ltW //; case/andP: (in_piece i).
rewrite -[b 0 j]mul1r -c1 big_distrl /= (bigD1 k) //= [ltRHS](bigD1 k) //=.
apply: ltr_le_add; first by rewrite ltr_pmul2l //; case/andP: (in_piece k).
by apply: ler_sum => i _; rewrite ler_wpmul2l // ltW //; case/andP: (in_piece i).
Qed.

(* depth.data-dependency: more data, fewer lifts; a sample whose features are a convex combination of those
   of the data costs nothing *)
Theorem depth_data_dependency u t :
  (forall data data' : seq X, {subset data <= data'} -> lift data' u t -> lift data u t) /\
  (forall (data : seq X) x (c : 'I_(size data) -> F) (x0 : X),
    (forall i, 0 <= c i) -> \sum_i c i = 1 -> (forall B, low B x = \sum_i c i *: low B (nth x0 data i)) ->
    lift data u t -> lift (x :: data) u t).
Proof. by split=> [data data'|data x c x0]; [apply: nested | apply: convex]. Qed.

Lemma wide_enough (data : seq X) (u : shallow) :
  (forall j, lam 0 j != 0 /\ a 0 j < b 0 j) -> ((exists t, lift data u t) <-> (\rank (sW u) <= s)%N).
Proof.
move=> pieces; split=> [[t [_ <-]]|ranks]; first exact: width_needed.
(* W = U V with s columns in the middle *)
pose V : 'M[F]_(s, p) := pid_mx (\rank (sW u)) *m row_base (sW u).
pose U : 'M[F]_(r, s) := col_base (sW u) *m pid_mx (\rank (sW u)).
have UV : U *m V = sW u.
  rewrite /U /V mulmxA -(mulmxA (col_base _)) mul_pid_mx minnn (minn_idPr ranks) pid_mx_1 mulmx1.
  exact: mulmx_base.
(* the centres of the pieces, and a bound of V f over the data *)
pose z : 'cV[F]_s := \col_j ((a 0 j + b 0 j) / 2%:R).
pose B := 1 + \sum_(x <- data) \sum_j `|(V *m low (sB u) x) j 0|.
have B1 : 1 <= B by rewrite ler_addl; apply: sumr_ge0 => x _; apply: sumr_ge0 => j _.
have B0 : 0 < B by apply: lt_le_trans B1.
have VB x j : x \in data -> `|(V *m low (sB u) x) j 0| < B.
  move=> xd; apply: (@le_lt_trans _ _ (\sum_(x <- data) \sum_j `|(V *m low (sB u) x) j 0|)); last by rewrite ltr_addr.
  rewrite (big_rem x) //= (bigD1 j) //= -addrA ler_addl addr_ge0 //; first by apply: sumr_ge0.
  by apply: sumr_ge0 => y _; apply: sumr_ge0.
pose half j := (b 0 j - a 0 j) / 2%:R.
have half0 j : 0 < half j by rewrite divr_gt0 ?ltr0n // subr_gt0; case: (pieces j).
pose scale : 'rV[F]_s := \row_j (half j / B).
have scale0 j : scale 0 j != 0 by rewrite mxE mulf_neq0 ?invr_eq0 ?gt_eqF.
pose What := diag_mx scale *m V; pose Wp := U *m diag_mx (\row_j (lam 0 j * scale 0 j)^-1).
have unit_diag : diag_mx (\row_j (lam 0 j * scale 0 j)^-1) *m diag_mx lam *m diag_mx scale = 1%:M.
  rewrite !mulmx_diag; apply/matrixP => i j; rewrite !mxE; case: (altP (i =P j)) => [_|_] //.
  have := scale0 i; rewrite mxE => si; rewrite -mulrA mulVf // mulf_neq0 //; by case: (pieces i).
have WLW : Wp *m diag_mx lam *m What = sW u.
  rewrite /Wp /What -UV.
  transitivity (U *m (diag_mx (\row_j (lam 0 j * scale 0 j)^-1) *m diag_mx lam *m diag_mx scale) *m V); first by rewrite !mulmxA.
  by rewrite unit_diag mulmx1.
exists (Deep (sB u) (sA u) What z Wp (sb u - Wp *m (diag_mx lam *m z + mu^T))); split=> [x xd j|]; last first.
  by rewrite /pi /L /= WLW addrC subrK; case: (u).
rewrite /inner /= -mulmxA mxE mul_diag_mx [(\col_j _) j 0]mxE; set v := (V *m _) j 0.
have : `|scale 0 j * v| < half j.
  rewrite normrM gtr0_norm; last by rewrite mxE divr_gt0.
  by rewrite mxE -mulrA gtr_pmulr // mulrC ltr_pdivr_mulr // mul1r VB.
rewrite ltr_norml => /andP[lo hi]; have two0 : 2%:R != 0 :> F by rewrite pnatr_eq0.
have ea : a 0 j = - half j + (a 0 j + b 0 j) / 2%:R by rewrite /half; field.
have eb : b 0 j = half j + (a 0 j + b 0 j) / 2%:R by rewrite /half; field.
have zj : z j 0 = (a 0 j + b 0 j) / 2%:R by rewrite mxE.
by rewrite /open zj; apply/andP; split; [rewrite [X in X < _]ea ltr_add2r | rewrite [X in _ < X]eb ltr_add2r].
Qed.

(* depth.lifting.existence: if no piece is constant or empty, a lift exists exactly from the rank on;
   as many neurons as the narrower neighbour has always suffice *)
Theorem depth_lifting_existence (data : seq X) (u : shallow) :
  (forall j, lam 0 j != 0 /\ a 0 j < b 0 j) ->
  ((exists t, lift data u t) <-> (\rank (sW u) <= s)%N) /\ ((minn p r <= s)%N -> exists t, lift data u t).
Proof.
move=> pieces; split=> [|ps]; first exact: wide_enough.
apply/(wide_enough data u pieces); apply: leq_trans ps; by rewrite leq_min rank_leq_col rank_leq_row.
Qed.
End Open.

(* depth.residual.any-activation: a residual block z -> z + sigma(Wh z + bh) inserted with Wh = 0 and
   the bias of the next layer corrected; any differentiable sigma, all inputs *)
Section Residual.
Variables (F : fieldType) (X : eqType) (Below Above : Type) (p r D : nat) (sigma sigma' : F -> F).
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

Lemma residual_output x : rnet insert x = net low up t0 x.
Proof. by rewrite /rnet insert_pre. Qed.

Lemma residual_derivative d x : drnet insert d x = dnet low dlow dup t0 (shadow d) x.
Proof.
rewrite /drnet /dnet insert_pre /=; congr (dup _ _ _ _).
have -> : drout insert d x = dlow (sB t0) (dB d) x + S1 *m (Wh d *m low (sB t0) x + bh d).
  rewrite /drout inner0 /= mul0mx addr0; congr (_ + _); apply/colP => j.
  by rewrite [LHS]mxE /S1 mul_diag_mx [RHS]mxE; congr (_ * _); rewrite mxE.
rewrite /rout inner0 /= !mulmxDr mulmxDl !mulmxA -!addrA; congr (_ + _).
rewrite [LHS]addrCA [RHS]addrCA; congr (_ + _).
by rewrite addrCA; congr (_ + _); rewrite addrCA.
Qed.

(* outputs are kept at every input, and criticality for every data set and loss *)
Theorem depth_residual_any_activation : (forall x, rnet insert x = net low up t0 x) /\
  ((forall d, drisk low dlow up dup data e t0 d = 0) ->
   forall d, \sum_(x <- data) pairing (e x (rnet insert x)) (drnet insert d x) = 0).
Proof.
split=> [x|crit d]; first exact: residual_output.
rewrite -[RHS](crit (shadow d)); apply: eq_bigr => x _.
by rewrite residual_output residual_derivative.
Qed.
End Residual.

Lemma risk_one (F : fieldType) (X : eqType) D (x : X) (ell : X -> 'cV[F]_D -> F) f : risk_of [:: x] ell f = ell x (f x).
Proof. by rewrite /risk_of big_cons big_nil addr0. Qed.

(* ---- controls: one neuron in every layer, identity below and above, ReLU with the piece z > 0 ---- *)
Section Instance.
Definition relu (z : rat) : rat := if 0 < z then z else 0.
Definition relu' (z : rat) : rat := if 0 < z then 1 else 0.
Definition positive (j : 'I_1) (z : rat) := 0 < z.
Definition input (_ : unit) (x : rat) : 'cV[rat]_1 := x%:M.
Definition dinput (_ _ : unit) (x : rat) : 'cV[rat]_1 := 0.
Definition output (_ : unit) (z : 'cV[rat]_1) := z.
Definition doutput (_ _ : unit) (z u : 'cV[rat]_1) := u.
Lemma relu_affine (lam mu : 'rV[rat]_1) : lam = const_mx 1 -> mu = 0 ->
  forall j z, positive j z -> relu z = lam 0 j * z + mu 0 j /\ relu' z = lam 0 j.
Proof. by move=> -> -> j z; rewrite /relu /relu' /positive !mxE => ->; rewrite mul1r addr0. Qed.
Notation deep1 := (deep rat_fieldType unit unit 1 1 1).
Definition plain : deep1 := Deep tt tt 1%:M 0 1%:M 0.
Definition silent : deep1 := Deep tt tt 0 1%:M 0 0.
Definition merge : deep1 -> shallow rat_fieldType unit unit 1 1 := @pi _ _ _ 1 1 1 (const_mx 1) 0.
End Instance.

(* the outputs agree everywhere, not only on the data *)
Theorem control_depth_lifting_output : ~ forall (F : fieldType) (X : eqType) (Below Above : Type) p s r D
  (sigma sigma' : F -> F) (low : Below -> X -> 'cV[F]_p) (up : Above -> 'cV[F]_r -> 'cV[F]_D) (piece : 'I_s -> F -> Prop) (lam mu : 'rV[F]_s),
  (forall j z, piece j z -> sigma z = lam 0 j * z + mu 0 j /\ sigma' z = lam 0 j) ->
  forall data t, linearised low piece data t -> forall x, Net sigma low up t x = net low up (pi lam mu t) x.
Proof.
move=> H; have A := @relu_affine (const_mx 1) 0 erefl erefl.
have lin : linearised input positive [:: 1 : rat] plain.
  by move=> x; rewrite inE => /eqP-> j; rewrite /positive /inner /input mul1mx addr0 mxE ord1.
have /matrixP/(_ 0 0) := H _ _ _ _ _ _ _ _ relu relu' input output positive _ _ A _ plain lin (-1).
rewrite /Net /net /act /inner /output /input /= /L diag_const_mx !mul1mx trmx0 !addr0 !mxE /=.
by rewrite /relu.
Qed.

(* without regularity a deep critical point may merge to a point that is not critical: W' = What = 0 *)
Theorem control_depth_lifting_converse : ~ forall (F : fieldType) (X : eqType) (Below Above : Type) p s r D
  (sigma sigma' : F -> F) (low : Below -> X -> 'cV[F]_p) dlow (up : Above -> 'cV[F]_r -> 'cV[F]_D) dup (piece : 'I_s -> F -> Prop) (lam mu : 'rV[F]_s),
  (forall j z, piece j z -> sigma z = lam 0 j * z + mu 0 j /\ sigma' z = lam 0 j) ->
  forall data e t, linearised low piece data t ->
  (forall d, dRisk sigma sigma' low dlow up dup data e t d = 0) -> forall u, drisk low dlow up dup data e (pi lam mu t) u = 0.
Proof.
move=> H; have A := @relu_affine (const_mx 1) 0 erefl erefl.
(* inputs 1 and 2 with the loss gradients -1 and 1 *)
pose e (x : rat) (_ : 'cV[rat]_1) : 'cV[rat]_1 := if x == 1 then (-1)%:M else 1%:M.
have lin : linearised input positive [:: 1; 2%:R] silent.
  by move=> x _ j; rewrite /positive /inner mul0mx add0r ord1 mxE.
have crit d : dRisk relu relu' input dinput output doutput [:: 1; 2%:R] e silent d = 0.
  rewrite /dRisk !big_cons big_nil /pairing !big_ord1 /e /= /dNet /doutput /act /inner /= !mul0mx !add0r addr0 !mxE /=.
  by rewrite !big_ord1 !mxE /=; ring.
have := H _ _ _ _ _ _ _ _ relu relu' input dinput output doutput positive _ _ A _ e _ lin crit (Shallow tt tt 1%:M 0).
rewrite /drisk !big_cons big_nil /pairing !big_ord1 /e /= /dnet /doutput /dinput !mulmx0 !addr0 !mxE /= !big_ord1 !mxE /=.
by [].
Qed.

(* criticality without the linearisation: a neuron that is off hides the gradient, and conversely *)
Theorem control_depth_lifting_criticality : ~ forall (F : fieldType) (X : eqType) (Below Above : Type) p s r D
  (sigma sigma' : F -> F) (low : Below -> X -> 'cV[F]_p) dlow (up : Above -> 'cV[F]_r -> 'cV[F]_D) dup (piece : 'I_s -> F -> Prop) (lam mu : 'rV[F]_s),
  (forall j z, piece j z -> sigma z = lam 0 j * z + mu 0 j /\ sigma' z = lam 0 j) ->
  forall data e t d, dRisk sigma sigma' low dlow up dup data e t d = drisk low dlow up dup data e (pi lam mu t) (dpi lam mu t d).
Proof.
move=> H; have A := @relu_affine (const_mx 1) 0 erefl erefl.
have := H _ _ _ _ _ _ _ _ relu relu' input dinput output doutput positive _ _ A [:: -1] (fun _ _ => 1%:M) plain (Deep tt tt 1%:M 0 0 0).
rewrite /dRisk /drisk !big_cons !big_nil /pairing !big_ord1 /dNet /dnet /doutput /dinput /dact /act /inner /dinner /L /=.
by rewrite /L diag_const_mx !mul0mx !mulmx0 !mul1mx ?trmx0 !addr0 !add0r /input !mxE /= /relu' big_ord1 !mxE.
Qed.

(* one neuron less than the rank *)
Theorem control_depth_lifting_existence : ~ forall (F : realFieldType) (X : eqType) (Below Above : Type) p s r
  (sigma : F -> F) (low : Below -> X -> 'cV[F]_p) (a b lam mu : 'rV[F]_s) (data : seq X) (u : shallow F Below Above p r),
  (forall j, lam 0 j != 0 /\ a 0 j < b 0 j) -> (\rank (sW u) <= s.+1)%N -> exists t, lift low a b lam mu data u t.
Proof.
move=> H; pose u : shallow rat_fieldType unit unit 1 1 := Shallow tt tt 1%:M 0.
have ranks : (\rank (sW u) <= 1)%N by rewrite mxrank1.
have [[]|t [_ e]] // := H rat_realFieldType _ _ _ _ 0%N _ id input 0 0 0 0 [::] u _ ranks.
by have := width_needed 0 0 t; rewrite e mxrank1.
Qed.

(* data dependency turned round *)
Theorem control_depth_data_dependency : ~ forall (F : realFieldType) (X : eqType) (Below Above : Type) p s r
  (low : Below -> X -> 'cV[F]_p) (a b lam mu : 'rV[F]_s) (data data' : seq X) (u : shallow F Below Above p r) t,
  {subset data <= data'} -> lift low a b lam mu data u t -> lift low a b lam mu data' u t.
Proof.
move=> H; have [||lin _] := H rat_realFieldType _ _ _ _ _ _ input 0 1%:M 1%:M 0 [::] [:: 0] (pi 1%:M 0 plain) plain.
- by move=> x.
- by split.
by have := lin 0 (mem_head _ _) 0; rewrite /open /inner /input mul1mx addr0 !mxE.
Qed.

(* minimality against all deep parameters, linearised or not: the risk is the output at the input 1 *)
Theorem control_depth_localmin_to_localmin : ~ forall (F : realFieldType) (X : eqType) (Below Above : Type) p s r D (sigma sigma' : F -> F)
  (low : Below -> X -> 'cV[F]_p) (up : Above -> 'cV[F]_r -> 'cV[F]_D) (a b lam mu : 'rV[F]_s),
  (forall j z, open a b j z -> sigma z = lam 0 j * z + mu 0 j /\ sigma' z = lam 0 j) ->
  forall data ell u (t : deep F Below Above p s r) (U : shallow F Below Above p r -> Prop), lift low a b lam mu data u t ->
  (forall u', U u' -> risk_of data ell (net low up u) <= risk_of data ell (net low up u')) ->
  forall t', U (pi lam mu t') -> risk_of data ell (Net sigma low up t) <= risk_of data ell (Net sigma low up t').
Proof.
move=> H; have A j z : open (0 : 'rV[rat]_1) (const_mx 3%:R) j z ->
    relu z = (const_mx 1 : 'rV_1) 0 j * z + (0 : 'rV_1) 0 j /\ relu' z = (const_mx 1 : 'rV_1) 0 j.
  by rewrite /open !mxE /relu /relu' => /andP[-> _]; rewrite mul1r addr0.
pose ell (x : rat) (z : 'cV[rat]_1) := z 0 0.
have lift_plain : lift input 0 (const_mx 3%:R) (const_mx 1) 0 [:: 1 : rat] (merge plain) plain.
  by split=> // x; rewrite inE => /eqP-> j; rewrite /open /inner /input mul1mx addr0 !mxE ord1.
pose U u := 1 <= net input output u 1 0 0 :> rat.
have value : net input output (merge plain) 1 0 0 = 1 :> rat.
  by rewrite /net /output /input /merge /pi /L /= diag_const_mx !mul1mx trmx0 !addr0 !mxE.
have mini u : U u -> risk_of [:: 1] ell (net input output (merge plain)) <= risk_of [:: 1] ell (net input output u).
  by rewrite /U !risk_one /ell value.
have := H _ _ _ _ _ _ _ _ relu relu' input output _ _ _ _ A [:: 1] ell _ plain U lift_plain mini (Deep tt tt (- 1%:M) 0 (- 1%:M) 0).
have -> : pi (const_mx 1) 0 (Deep tt tt (- 1%:M) 0 (- 1%:M) 0) = merge plain.
  by rewrite /merge /pi /L /= diag_const_mx !mulmxN !mulNmx opprK !mul1mx trmx0 !addr0 oppr0.
have one : U (merge plain) by rewrite /U value lexx.
move/(_ one); rewrite !risk_one /ell /Net /output /act /inner /input.
rewrite !mulNmx !mul1mx !addr0 !mxE /relu.
by rewrite (_ : (0 < _) = true) // (_ : (0 < _) = false).
Qed.

(* a residual block without the correction of the next bias *)
Theorem control_depth_residual_any_activation : ~ forall (F : fieldType) (X : eqType) (Below Above : Type) p r D
  (sigma : F -> F) (low : Below -> X -> 'cV[F]_p) (up : Above -> 'cV[F]_r -> 'cV[F]_D) (t0 : shallow F Below Above p r) b0 x,
  rnet sigma low up (Deep (sB t0) (sA t0) 0 b0 (sW t0) (sb t0)) x = net low up t0 x.
Proof.
move=> H; have /matrixP/(_ 0 0) := H _ _ _ _ _ _ _ (fun _ => 1) input output (Shallow tt tt 1%:M 0) 0 (0 : rat).
rewrite /rnet /net /rout /rinner /output /input /= !mul1mx !addr0 mul0mx !mxE.
by rewrite mul0rn add0r => /eqP; rewrite oner_eq0.
Qed.
