(* Adam on the degenerate minimum of L(x) = x^k / k, k >= 3 (2603.09581, Theorem 4.1), with eps = 0 and without
   bias correction, over the real numbers of Coq's standard library: adam.degenerate.existence, .stability,
   .signgd_cycle. *)
From Coq Require Import Reals Lra Psatz.
From ProofsCheck.optimizers Require Import thresholds.
Open Scope R_scope.

(* ---- Adam on L(x) = x^k/k, k = n+3, in the state w = m/x^(k-1), l = x^(k-2)/sqrt v ---- *)
Section Degenerate.
Variables (n : nat) (b1 b2 eta rho : R).
Hypotheses (hb1 : 0 <= b1 < 1) (hrho : 0 < rho < 1) (heta : 0 < eta).
Hypothesis hb2 : b2 = rho^(2*(n+1)).          (* rho = b2^(1/(2(k-2))) *)
Notation k := (INR n + 3).

Definition ratio w l := 1 - eta*w*l.           (* x_(t+1) / x_t *)
Definition Fw w l := b1*w / ratio w l^(n+2) + (1-b1).
Definition Fl w l := l * ratio w l^(n+1) / rho^(n+1).

(* One step of Adam (eps = 0, no bias correction) after the step of x:
   x' = x - eta m/sqrt v;  m' = b1 m + (1-b1) x'^(k-1);  v' = b2 v + (1-b2) x'^(2(k-1)).
   In the state: x' = ratio x, w' = Fw w l exactly, and l' is Fl w l up to the term x'^2. *)
Theorem adam_degenerate_step x m v w l : x <> 0 -> 0 < v -> w = m / x^(n+2) -> l = x^(n+1) / sqrt v ->
  let x' := x - eta * m / sqrt v in
  let m' := b1*m + (1-b1) * x'^(n+2) in
  let v' := b2*v + (1-b2) * (x'^(n+2))^2 in
  x' <> 0 ->
  x' = ratio w l * x /\ m' / x'^(n+2) = Fw w l /\
  v' / (x'^(n+1))^2 = 1 / (Fl w l)^2 + (1-b2) * x'^2.
Proof.
intros hx hv hw hl x' m' v' hx'.
assert (sv : sqrt v <> 0) by (apply Rgt_not_eq, sqrt_lt_R0; easy).
assert (ssv : sqrt v * sqrt v = v) by (apply sqrt_sqrt; lra).
assert (p1 : x^(n+1) <> 0) by now apply pow_nonzero.
assert (e : x' = ratio w l * x).
{ unfold x', ratio. rewrite hw, hl. replace (n+2)%nat with (S (n+1)) by lia. simpl. field. auto. }
assert (hr : ratio w l <> 0) by (intro z; apply hx'; rewrite e, z; ring).
assert (pr : ratio w l^(n+1) <> 0) by now apply pow_nonzero.
assert (rr : rho^(n+1) <> 0) by (apply pow_nonzero; lra).
split; [easy|split].
- assert (pm : x^(n+2) <> 0) by now apply pow_nonzero.
  assert (pq : ratio w l^(n+2) <> 0) by now apply pow_nonzero.
  assert (em : m = w * x^(n+2)) by (rewrite hw; field; easy).
  unfold m', Fw. rewrite e, Rpow_mult_distr, em. field. auto.
- assert (el : l <> 0) by (rewrite hl; apply Rmult_integral_contrapositive_currified; auto using Rinv_neq_0_compat).
  assert (es : sqrt v = x^(n+1) / l) by (rewrite hl; field; auto).
  assert (ev : v = (x^(n+1))^2 / l^2) by (rewrite <- ssv, es; field; auto).
  unfold v', Fl. rewrite hb2, e, !Rpow_mult_distr, ev.
  replace (2*(n+1))%nat with ((n+1)*2)%nat by lia. rewrite pow_mult.
  replace (n+2)%nat with (S (n+1)) by lia. rewrite <- !tech_pow_Rmult.
  clearbody x'. clear e ev es hl hw. generalize dependent (ratio w l). intros q hq pq.
  field. repeat split; auto.
Qed.

(* existence: a fixed point with w, l > 0 in the limit x -> 0 *)
Definition fixed_point w l := 0 < w /\ 0 < l /\ ratio w l > 0 /\ Fw w l = w /\ Fl w l = l.

Lemma pow_inj_pos (a b : R) j : 0 < a -> 0 < b -> a^(S j) = b^(S j) -> a = b.
Proof.
intros ha hb e. destruct (Rtotal_order a b) as [lt|[eq|gt]]; auto; exfalso.
- assert (a^(S j) < b^(S j)); [|lra]. clear e. induction j as [|j IH]; [simpl; lra|].
  rewrite <- (tech_pow_Rmult a), <- (tech_pow_Rmult b).
  apply Rmult_le_0_lt_compat; auto; try lra. left; now apply pow_lt.
- assert (b^(S j) < a^(S j)); [|lra]. clear e. induction j as [|j IH]; [simpl; lra|].
  rewrite <- (tech_pow_Rmult a), <- (tech_pow_Rmult b).
  apply Rmult_le_0_lt_compat; auto; try lra. left; now apply pow_lt.
Qed.

Lemma fixed_ratio w l : fixed_point w l -> ratio w l = rho.
Proof.
intros (hw & hl & hr & _ & fl). unfold Fl in fl.
assert (rr : 0 < rho^(n+1)) by (apply pow_lt; lra).
assert (ratio w l^(n+1) = rho^(n+1)).
{ apply (Rmult_eq_reg_l l); [|lra].
  transitivity ((l * ratio w l^(n+1) / rho^(n+1)) * rho^(n+1)); [|rewrite fl; ring].
  generalize (rho^(n+1)) rr; intros P rP; field; lra. }
replace (n+1)%nat with (S n) in H by lia. apply pow_inj_pos with n; lra.
Qed.

Theorem adam_degenerate_existence : (exists w l, fixed_point w l) <-> b1 < rho^(n+2).
Proof.
assert (rr : 0 < rho^(n+2)) by (apply pow_lt; lra).
assert (rr1 : 0 < rho^(n+1)) by (apply pow_lt; lra).
split.
- intros (w & l & fp). pose proof (fixed_ratio w l fp) as er.
  destruct fp as (hw & hl & hr & fw & _). unfold Fw in fw. rewrite er in fw.
  assert (w * (rho^(n+2) - b1) = (1-b1) * rho^(n+2)).
  { assert (w * rho^(n+2) = b1*w + (1-b1) * rho^(n+2)) by (rewrite <- fw at 1; generalize (rho^(n+2)) rr; intros P rP; field; lra). lra. }
  assert (0 < (1-b1) * rho^(n+2)) by (apply Rmult_lt_0_compat; lra).
  destruct (Rlt_or_le b1 (rho^(n+2))); [easy|exfalso; nra].
- intro hlt. set (w := (1-b1) / (1 - b1 / rho^(n+2))).
  assert (hd : 0 < 1 - b1 / rho^(n+2)).
  { apply Rlt_Rminus. apply div_lt; lra. }
  assert (hw : 0 < w) by (apply Rdiv_lt_0_compat; lra).
  set (l := (1 - rho) / (eta * w)).
  assert (hl : 0 < l) by (apply Rdiv_lt_0_compat; nra).
  assert (er : ratio w l = rho) by (unfold ratio, l; field; lra).
  exists w, l. split; [easy|split; [easy|]]. unfold Fw, Fl. rewrite er. split; [lra|split].
  + unfold w. field. split; [lra|]. intro z. apply (Rlt_irrefl 0). rewrite <- z at 2. lra.
  + field. lra.
Qed.
(* stability: the Jacobian of (w, l) -> (Fw, Fl); adam_jacobian.v proves that these are the derivatives *)
Definition Jww w l := b1 / ratio w l^(n+2) + (k-1) * b1 * w * eta * l / ratio w l^(n+3).
Definition Jwl w l := (k-1) * b1 * w^2 * eta / ratio w l^(n+3).
Definition Jlw w l := - ((k-2) * eta * l^2 * ratio w l^n / rho^(n+1)).
Definition Jll w l := ratio w l^(n+1) / rho^(n+1) - (k-2) * eta * w * l * ratio w l^n / rho^(n+1).

(* at the fixed point: trace and determinant *)
Definition trace := ((k-1)*(b1 + rho^(n+3)) - (k-2)*(b1*rho + rho^(n+2))) / rho^(n+3).
Definition det := b1 / rho^(n+3).

Lemma trace_det w l : fixed_point w l ->
  Jww w l + Jll w l = trace /\ Jww w l * Jll w l - Jwl w l * Jlw w l = det.
Proof.
intro fp. pose proof (fixed_ratio w l fp) as er.
assert (ew : eta * w * l = 1 - rho) by (unfold ratio in er; lra).
unfold Jww, Jwl, Jlw, Jll, trace, det. rewrite er.
assert (rr : rho^n <> 0) by (apply pow_nonzero; lra).
replace (n+1)%nat with (S n) by lia. replace (n+2)%nat with (S (S n)) by lia.
replace (n+3)%nat with (S (S (S n))) by lia. rewrite <- !(tech_pow_Rmult rho).
generalize dependent (rho^n). intros P rr. split.
- replace ((k-1) * b1 * w * eta * l) with ((k-1)*b1*(eta*w*l)) by ring.
  replace ((k-2) * eta * w * l * P) with ((k-2)*(eta*w*l)*P) by ring.
  rewrite ew. field. split; [easy|lra].
- replace ((k-1) * b1 * w * eta * l) with ((k-1)*b1*(eta*w*l)) by ring.
  replace ((k-2) * eta * w * l * P) with ((k-2)*(eta*w*l)*P) by ring.
  replace ((k-1)*b1*w^2*eta / (rho*(rho*(rho*P))) * - ((k-2)*eta*l^2*P / (rho*P)))
     with (- ((k-1)*b1*(k-2)*(eta*w*l)^2 / (rho*(rho*(rho*P))) * (P / (rho*P)))).
  + rewrite ew. field. split; [easy|lra].
  + field. split; [easy|lra].
Qed.

Lemma stable_trace_det : b1 < rho^(n+2) ->
  (stable trace det <-> b1 < rho^(n+3) /\ rho^(n+2) * ((k-2) - k*rho) < b1 * (k - (k-2)*rho)).
Proof.
intro hlt. rewrite jury. unfold trace, det.
assert (r2 : 0 < rho^(n+2)) by (apply pow_lt; lra).
assert (r3 : 0 < rho^(n+3)) by (apply pow_lt; lra).
assert (e3 : rho^(n+3) = rho * rho^(n+2)) by (replace (n+3)%nat with (S (n+2)) by lia; now rewrite <- tech_pow_Rmult).
pose proof (pos_INR n) as hn.
assert (E1 : b1 / rho^(n+3) < 1 <-> b1 < rho^(n+3)).
{ rewrite div_lt by lra. rewrite Rmult_1_l. easy. }
assert (E2 : 1 - ((k-1)*(b1 + rho^(n+3)) - (k-2)*(b1*rho + rho^(n+2))) / rho^(n+3) + b1 / rho^(n+3)
   = (k-2)*(1-rho)*(rho^(n+2) - b1) / rho^(n+3)) by (rewrite e3; field; split; lra).
assert (E3 : 1 + ((k-1)*(b1 + rho^(n+3)) - (k-2)*(b1*rho + rho^(n+2))) / rho^(n+3) + b1 / rho^(n+3)
   = (k*rho*rho^(n+2) - (k-2)*rho^(n+2) + b1*(k - (k-2)*rho)) / rho^(n+3)) by (rewrite e3; field; split; lra).
rewrite E1, E2, E3.
assert (p2 : 0 < (k-2)*(1-rho)*(rho^(n+2) - b1) / rho^(n+3)).
{ apply Rdiv_lt_0_compat; [|lra]. apply Rmult_lt_0_compat; [|lra]. apply Rmult_lt_0_compat; lra. }
assert (E4 : 0 < (k*rho*rho^(n+2) - (k-2)*rho^(n+2) + b1*(k - (k-2)*rho)) / rho^(n+3) <->
   rho^(n+2) * ((k-2) - k*rho) < b1 * (k - (k-2)*rho)).
{ rewrite lt_div by lra. rewrite Rmult_0_l. split; intro; nra. }
rewrite E4. tauto.
Qed.

(* Theorem 4.1 (ii): both eigenvalues of the Jacobian at the fixed point are in the open unit disc iff both conditions hold *)
Theorem adam_degenerate_stability w l : fixed_point w l ->
  (stable (Jww w l + Jll w l) (Jww w l * Jll w l - Jwl w l * Jlw w l) <->
   b1 < rho^(n+3) /\ rho^(n+2) * ((k-2) - k*rho) < b1 * (k - (k-2)*rho)).
Proof.
intro fp. destruct (trace_det w l fp) as [-> ->]. apply stable_trace_det.
apply adam_degenerate_existence. now exists w, l.
Qed.
End Degenerate.

(* ---- the 2-cycle of sign descent: x = c, -c, c, .. with c = (eta / 2) (1 - b1) / (1 + b1), k = 2 j + 2 even ---- *)
Section Cycle.
Variables (j : nat) (b1 b2 eta : R).
Hypotheses (hb1 : 0 <= b1 < 1) (heta : 0 < eta).
Definition gradient (x : R) := x^(2*j+1).
(* one step of Adam in the state (x, m, v) *)
Definition adam (state : R * R * R) : R * R * R :=
  let '(x, m, v) := state in
  let m' := b1*m + (1-b1) * gradient x in
  let v' := b2*v + (1-b2) * (gradient x)^2 in (x - eta * m' / sqrt v', m', v').
Definition amplitude := eta/2 * ((1-b1)/(1+b1)).

Lemma gradient_opp x : gradient (-x) = - gradient x.
Proof.
unfold gradient. replace (2*j+1)%nat with (S (2*j)) by lia. replace (-x) with ((-1)*x) by ring.
rewrite Rpow_mult_distr, pow_1_odd. ring.
Qed.

Theorem adam_degenerate_signgd_cycle : let c := amplitude in let g := gradient c in let m := (1-b1)/(1+b1) * g in
  adam (c, -m, g^2) = (-c, m, g^2) /\ adam (-c, m, g^2) = (c, -m, g^2).
Proof.
intros c g m.
assert (hc : 0 < c) by (unfold c, amplitude; apply Rmult_lt_0_compat; [lra|apply Rdiv_lt_0_compat; lra]).
assert (hg : 0 < g) by (now apply pow_lt).
assert (hs : sqrt (g^2) = g) by (replace (g^2) with (g*g) by ring; apply sqrt_square; lra).
unfold adam. rewrite gradient_opp. fold g.
replace (b2*g^2 + (1-b2)*g^2) with (g^2) by ring. replace (b2*g^2 + (1-b2)*(-g)^2) with (g^2) by ring. rewrite hs.
assert (e : b1*(-m) + (1-b1)*g = m) by (unfold m; field; lra).
assert (e' : b1*m + (1-b1)*(-g) = -m) by (unfold m; field; lra).
assert (s : eta * m / g = 2*c) by (unfold m, c, amplitude; field; lra).
rewrite e, e'. replace (eta * - m / g) with (- (eta * m / g)) by (field; lra). rewrite s.
split; f_equal; f_equal; ring.
Qed.

(* b1 = 0: the characteristic polynomial of the cycle is z (z^2 + c2 z + c1), c1 = (2k-3) b2, c2 = 1 + b2 - 2 k b2;
   it is stable iff b2 < 1 / (2k - 3) *)
Theorem adam_degenerate_signgd_cycle_stability (b : R) : 0 < b < 1 -> let k := 2*INR j + 2 in 2 <= k ->
  (stable (- (1 + b - 2*k*b)) ((2*k-3)*b) <-> b < 1/(2*k-3)).
Proof.
intros hb k hk. rewrite jury. rewrite lt_div by lra. split; [intros [h _]; lra|intro h; split; [lra|split; nra]].
Qed.
End Cycle.

(* ---- controls ---- *)

(* a fixed point whenever b1 < rho, whatever k is: false for k = 4 *)
Theorem control_adam_degenerate_existence : ~ forall n b1 eta rho, 0 <= b1 < 1 -> 0 < rho < 1 -> 0 < eta ->
  ((exists w l, fixed_point n b1 eta rho w l) <-> b1 < rho).
Proof.
intro H. assert (E := adam_degenerate_existence 1 (3/8) 1 (1/2)). specialize (H 1%nat (3/8) 1 (1/2)).
destruct H as [_ H]; [lra..|]. destruct E as [E _]; [lra..|].
assert (3/8 < (1/2)^3) by (apply E, H; lra). lra.
Qed.

(* the first condition (Eq. 8) alone: false for k = 4, b1 = 0, rho = 1/4 *)
Theorem control_adam_degenerate_stability : ~ forall n b1 eta rho w l, 0 <= b1 < 1 -> 0 < rho < 1 -> 0 < eta ->
  fixed_point n b1 eta rho w l -> b1 < rho^(n+3) ->
  stable (Jww n b1 eta w l + Jll n eta rho w l) (Jww n b1 eta w l * Jll n eta rho w l - Jwl n b1 eta w l * Jlw n eta rho w l).
Proof.
intro H. destruct (adam_degenerate_existence 1 0 1 (1/4)) as [_ E]; [lra..|].
destruct E as (w & l & fp); [simpl; lra|]. specialize (H 1%nat 0 1 (1/4) w l).
rewrite (adam_degenerate_stability 1 0 1 (1/4)) in H by (try lra; exact fp). simpl in H.
destruct H as [_ H]; try lra; exact fp.
Qed.

(* the amplitude eta / 2 for every b1: false for b1 = 1/2 *)
Theorem control_adam_degenerate_signgd_cycle : ~ forall j b1 b2 eta, 0 <= b1 < 1 -> 0 < eta ->
  let c := eta/2 in let g := gradient j c in let m := (1-b1)/(1+b1) * g in
  adam j b1 b2 eta (c, -m, g^2) = (-c, m, g^2).
Proof.
intro H. specialize (H 0%nat (1/2) 0 1). cbv zeta in H. unfold adam, gradient in H. simpl in H.
assert (E : sqrt (0 * (1/2*1 * (1/2*1*1)) + (1 - 0) * (1/2*1 * (1/2*1*1))) = 1/2).
{ replace (0 * (1/2*1 * (1/2*1*1)) + (1 - 0) * (1/2*1 * (1/2*1*1))) with ((1/2)*(1/2)) by field. apply sqrt_square; lra. }
assert (H' := f_equal (fun s => fst (fst s)) (H ltac:(lra) ltac:(lra))). cbn [fst] in H'. rewrite E in H'. lra.
Qed.

(* the threshold 1 / (2k - 1): false for k = 4 *)
Theorem control_adam_degenerate_signgd_cycle_stability : ~ forall j b, 0 < b < 1 -> let k := 2*INR j + 2 in 2 <= k ->
  (stable (- (1 + b - 2*k*b)) ((2*k-3)*b) <-> b < 1/(2*k-1)).
Proof.
intro H. assert (T := adam_degenerate_signgd_cycle_stability 1 (1/6)). specialize (H 1%nat (1/6)). cbv zeta in H, T.
assert (e : INR 1 = 1) by reflexivity. rewrite e in H, T.
destruct T as [_ T]; [lra..|]. destruct H as [H _]; [lra..|]. assert (1/6 < 1/(2*(2*1+2)-1)) by (apply H, T; lra). lra.
Qed.
