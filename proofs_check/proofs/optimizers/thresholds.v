(* Stability of gradient descent and of Adam with a frozen preconditioner (2506.04805), along one eigenvector,
   over the real numbers of Coq's standard library: spike.gd_threshold, adam.frozen_threshold. *)
From Coq Require Import Reals Lra Psatz.
Open Scope R_scope.

Lemma lt_div a b c : 0 < c -> (a < b / c <-> a * c < b).
Proof.
intro hc; split; intro h.
- apply (Rmult_lt_compat_r c) in h; [|lra]. replace (b / c * c) with b in h by (field; lra). lra.
- apply (Rmult_lt_reg_r c); [lra|]. replace (b / c * c) with b by (field; lra). lra.
Qed.

Lemma div_lt a b c : 0 < c -> (b / c < a <-> b < a * c).
Proof.
intro hc; split; intro h.
- apply (Rmult_lt_compat_r c) in h; [|lra]. replace (b / c * c) with b in h by (field; lra). lra.
- apply (Rmult_lt_reg_r c); [lra|]. replace (b / c * c) with b by (field; lra). lra.
Qed.

(* ---- Schur-Cohn conditions for degree two ---- *)

(* z = x + i y is a root of z^2 - t z + d: real part and imaginary part of the equation *)
Definition root (t d x y : R) := x^2 - y^2 - t*x + d = 0 /\ 2*x*y - t*y = 0.
(* the linear step with trace t and determinant d is stable: both eigenvalues in the open unit disc *)
Definition stable (t d : R) := forall x y, root t d x y -> x^2 + y^2 < 1.

Lemma jury t d : stable t d <-> d < 1 /\ 0 < 1 - t + d /\ 0 < 1 + t + d.
Proof.
split.
- intro st. destruct (Rlt_or_le (t^2 - 4*d) 0) as [neg|pos].
  + set (s := sqrt (4*d - t^2)).
    assert (hs : s * s = 4*d - t^2) by (apply sqrt_sqrt; lra).
    assert (h : (t/2)^2 + (s/2)^2 < 1) by (apply st; split; nra).
    split; [nra|split; nra].
  + set (s := sqrt (t^2 - 4*d)).
    assert (hs : s * s = t^2 - 4*d) by (apply sqrt_sqrt; lra).
    assert (h1 : ((t+s)/2)^2 + 0^2 < 1) by (apply st; split; nra).
    assert (h2 : ((t-s)/2)^2 + 0^2 < 1) by (apply st; split; nra).
    assert (a1 : -1 < (t+s)/2 < 1) by nra.
    assert (a2 : -1 < (t-s)/2 < 1) by nra.
    assert (e : d = ((t+s)/2) * ((t-s)/2)) by lra.
    set (u := (t+s)/2) in *. set (v := (t-s)/2) in *.
    assert (et : t = u + v) by (unfold u, v; lra).
    rewrite e, et. split; [nra|split; nra].
- intros [d1 [p1 m1]] x y [re im].
  destruct (Req_dec y 0) as [y0|y0].
  + subst y. set (x' := t - x). assert (et : t = x + x') by (unfold x'; lra).
    assert (ed : d = x * x') by (rewrite et in re; lra).
    rewrite et, ed in *. clear re im.
    assert (x < 1) by (destruct (Rlt_or_le x 1); [easy|exfalso; nra]).
    assert (-1 < x) by (destruct (Rlt_or_le (-1) x); [easy|exfalso; nra]).
    nra.
  + assert (2*x = t) by (apply (Rmult_eq_reg_r y); lra). nra.
Qed.

(* ---- gradient descent and Adam with a frozen preconditioner, along one eigenvector ---- *)
(* h = eta * lambda; x' = (1 - h) x *)
Definition descent h (t : nat) (x : R) := (1 - h)^t * x.
Theorem spike_gd_threshold h : 0 < h -> ((forall x, Un_cv (fun t => descent h t x) 0) <-> h < 2).
Proof.
intro hp. unfold descent; split.
- intro cv. destruct (Rlt_or_le h 2) as [|ge]; [easy|exfalso].
  destruct (cv 1 1) as [N near]; [lra|]. specialize (near N (le_n N)).
  unfold R_dist in near. rewrite Rmult_1_r, Rminus_0_r, <- RPow_abs in near.
  rewrite (Rabs_left (1 - h)) in near by lra.
  assert (1 <= (- (1 - h))^N) by (apply pow_R1_Rle; lra). lra.
- intros lt x eps he.
  assert (a : Rabs (1 - h) < 1) by (apply Rabs_def1; lra).
  pose proof (Rabs_pos x) as ax.
  destruct (pow_lt_1_zero (1 - h) a (eps / (Rabs x + 1))) as [N near]; [apply Rdiv_lt_0_compat; lra|].
  exists N. intros t ht. specialize (near t ht). unfold R_dist. rewrite Rminus_0_r, Rabs_mult.
  apply lt_div in near; [|lra]. pose proof (Rabs_pos ((1 - h)^t)). nra.
Qed.

(* m' = b1 m + (1-b1) lambda x, x' = x - eta m': trace and determinant in the coordinates (eta m, x) *)
Definition frozen_matrix b1 h (m x : R) := (b1*m + (1-b1)*h*x, x - (b1*m + (1-b1)*h*x)).
Definition frozen_trace b1 h := b1 + (1 - (1-b1)*h).
Definition frozen_det b1 h := b1 * (1 - (1-b1)*h) - (1-b1)*h * - b1.
Theorem adam_frozen_threshold b1 h : 0 <= b1 < 1 ->
  (stable (frozen_trace b1 h) (frozen_det b1 h) <-> 0 < h < 2*(1+b1)/(1-b1)).
Proof.
intros hb. rewrite jury. unfold frozen_trace, frozen_det.
assert (E : h < 2*(1+b1)/(1-b1) <-> h*(1-b1) < 2*(1+b1)) by (apply lt_div; lra).
rewrite E. split; [intros [? [? ?]]; split; nra | intros [? ?]; split; [nra|split; nra]].
Qed.

(* ---- controls ---- *)

(* the threshold 1 / eta *)
Theorem control_spike_gd_threshold : ~ forall h, 0 < h -> ((forall x, Un_cv (fun t => descent h t x) 0) <-> h < 1).
Proof.
intro H. destruct (H (3/2)) as [H' _]; [lra|].
assert (3/2 < 1) by (apply H', spike_gd_threshold; lra). lra.
Qed.

(* the factor (1 + b1) / (1 - b1) inverted *)
Theorem control_adam_frozen_threshold : ~ forall b1 h, 0 <= b1 < 1 ->
  (stable (frozen_trace b1 h) (frozen_det b1 h) <-> 0 < h < 2*(1-b1)/(1+b1)).
Proof.
intro H. destruct (H (1/2) 2) as [H' _]; [lra|].
assert (0 < 2 < 2*(1-1/2)/(1+1/2)) by (apply H', adam_frozen_threshold; lra). lra.
Qed.
