(* The closed forms of optimizers/*.v over the rational numbers Q, where they can be computed, proved equal to
   those over the reals. *)
From Coq Require Import Reals QArith Qreals Lra Lia.
From ProofsCheck.optimizers Require Import thresholds adam.
Open Scope Q_scope.

(* trace and determinant with a frozen preconditioner, and the threshold of h = eta lambda *)
Definition xfrozen_trace (b1 h : Q) := b1 + (1 - (1-b1)*h).
Definition xfrozen_det (b1 h : Q) := b1 * (1 - (1-b1)*h) - (1-b1)*h * - b1.
Definition xfrozen_threshold (b1 : Q) := 2*(1+b1)/(1-b1).
(* the rational power and the two conditions of stability, with rho = b2^(1/(2(k-2))) and k = n + 3 *)
Fixpoint xpow (x : Q) (n : nat) : Q := match n with O => 1 | S n' => x * xpow x n' end.
Definition xk (n : nat) : Q := inject_Z (Z.of_nat n + 3).
Definition xexists (n : nat) (b1 rho : Q) : bool := negb (Qle_bool (xpow rho (n+2)) b1).
Definition xstable (n : nat) (b1 rho : Q) : bool :=
  negb (Qle_bool (xpow rho (n+3)) b1) &&
  negb (Qle_bool (b1 * (xk n - (xk n - 2)*rho)) (xpow rho (n+2) * ((xk n - 2) - xk n*rho))).
Definition xtrace (n : nat) (b1 rho : Q) :=
  ((xk n - 1)*(b1 + xpow rho (n+3)) - (xk n - 2)*(b1*rho + xpow rho (n+2))) / xpow rho (n+3).
Definition xdet (n : nat) (b1 rho : Q) := b1 / xpow rho (n+3).
(* gradient descent after t steps *)
Definition xdescent (h : Q) (t : nat) (x : Q) := xpow (1 - h) t * x.
(* one step of Adam on x^k / k in the limit x -> 0 *)
Definition xratio (eta w l : Q) := 1 - eta*w*l.
Definition xFw (n : nat) (b1 eta w l : Q) := b1*w / xpow (xratio eta w l) (n+2) + (1-b1).
Definition xFl (n : nat) (eta rho w l : Q) := l * xpow (xratio eta w l) (n+1) / xpow rho (n+1).
(* the 2-cycle at beta1 = 0, k = 2 j + 2 *)
Definition xcycle_trace (j : nat) (b : Q) := - (1 + b - 2*(inject_Z (2 * Z.of_nat j + 2))*b).
Definition xcycle_det (j : nat) (b : Q) := (2*(inject_Z (2 * Z.of_nat j + 2))-3)*b.
Definition xamplitude (b1 eta : Q) := eta/2 * ((1-b1)/(1+b1)).
(* a reduced fraction as two integers *)
Definition parts (x : Q) : Z * Z := (Qnum (Qred x), Zpos (Qden (Qred x))).

Ltac over_reals := unfold Q2R; simpl; field.
Lemma Q2R_1 : Q2R 1 = 1%R. Proof. over_reals. Qed.
Lemma Q2R_2 : Q2R 2 = 2%R. Proof. over_reals. Qed.

Theorem xfrozen_traceE b1 h : Q2R (xfrozen_trace b1 h) = frozen_trace (Q2R b1) (Q2R h).
Proof. unfold xfrozen_trace, frozen_trace. rewrite !Q2R_plus, !Q2R_minus, !Q2R_mult, Q2R_minus, Q2R_1. ring. Qed.
Theorem xfrozen_detE b1 h : Q2R (xfrozen_det b1 h) = frozen_det (Q2R b1) (Q2R h).
Proof. unfold xfrozen_det, frozen_det. rewrite !Q2R_minus, !Q2R_mult, Q2R_opp, !Q2R_minus, !Q2R_mult, !Q2R_minus, Q2R_1. ring. Qed.

Lemma xpowE x n : Q2R (xpow x n) = (Q2R x ^ n)%R.
Proof. induction n as [|n IH]; simpl; [exact Q2R_1|]. rewrite Q2R_mult, IH. reflexivity. Qed.
Lemma xkE n : Q2R (xk n) = (INR n + 3)%R.
Proof. unfold xk, Q2R. simpl. rewrite plus_IZR, <- INR_IZR_INZ. field. Qed.

Lemma negb_le x y : negb (Qle_bool y x) = true <-> (Q2R x < Q2R y)%R.
Proof.
rewrite Bool.negb_true_iff. split; intro h.
- apply Qlt_Rlt. apply Qnot_le_lt. intro le. apply Qle_bool_iff in le. congruence.
- apply Rlt_Qlt in h. destruct (Qle_bool y x) eqn:E; [|reflexivity]. apply Qle_bool_iff in E. exfalso. apply (Qlt_not_le x y); assumption.
Qed.

Theorem xexistsE n b1 rho : xexists n b1 rho = true <-> (Q2R b1 < Q2R rho ^ (n+2))%R.
Proof. unfold xexists. rewrite negb_le, xpowE. reflexivity. Qed.

Theorem xstableE n b1 rho : xstable n b1 rho = true <->
  (Q2R b1 < Q2R rho ^ (n+3) /\
   Q2R rho ^ (n+2) * ((INR n + 3 - 2) - (INR n + 3) * Q2R rho) < Q2R b1 * ((INR n + 3) - (INR n + 3 - 2) * Q2R rho))%R.
Proof.
unfold xstable. rewrite Bool.andb_true_iff, !negb_le, !Q2R_mult, !Q2R_minus, !Q2R_mult, !Q2R_minus, !xpowE, !xkE, Q2R_2. reflexivity.
Qed.

Theorem xamplitudeE b1 eta : ~ (1 + b1 == 0) -> Q2R (xamplitude b1 eta) = amplitude (Q2R b1) (Q2R eta).
Proof.
intro nz. unfold xamplitude, amplitude. rewrite Q2R_mult, !Q2R_div, Q2R_minus, Q2R_plus, Q2R_1, Q2R_2 by (auto; discriminate). reflexivity.
Qed.

Theorem xtraceE n b1 rho : ~ (rho == 0) -> Q2R (xtrace n b1 rho) = trace n (Q2R b1) (Q2R rho).
Proof.
intro nz. assert (p : ~ (xpow rho (n+3) == 0)).
{ intro z. apply Qeq_eqR in z. rewrite xpowE in z. revert z. unfold Q2R at 2. simpl. rewrite Rmult_0_l. intro z.
  apply pow_nonzero in z; [exact z|]. intro e. apply nz. apply eqR_Qeq. rewrite e. unfold Q2R; simpl; field. }
unfold xtrace, trace. rewrite Q2R_div by exact p. rewrite Q2R_minus, !Q2R_mult, !Q2R_minus, !Q2R_plus, Q2R_mult, !xpowE, !xkE, Q2R_1, Q2R_2.
reflexivity.
Qed.

Theorem xdetE n b1 rho : ~ (xpow rho (n+3) == 0) -> Q2R (xdet n b1 rho) = det n (Q2R b1) (Q2R rho).
Proof. intro p. unfold xdet, det. rewrite Q2R_div by exact p. rewrite xpowE. reflexivity. Qed.

Theorem xdescentE h t x : Q2R (xdescent h t x) = descent (Q2R h) t (Q2R x).
Proof. unfold xdescent, descent. rewrite Q2R_mult, xpowE, Q2R_minus, Q2R_1. reflexivity. Qed.

Theorem xratioE eta w l : Q2R (xratio eta w l) = ratio (Q2R eta) (Q2R w) (Q2R l).
Proof. unfold xratio, ratio. rewrite Q2R_minus, !Q2R_mult, Q2R_1. reflexivity. Qed.

Theorem xFwE n b1 eta w l : ~ (xpow (xratio eta w l) (n+2) == 0) ->
  Q2R (xFw n b1 eta w l) = Fw n (Q2R b1) (Q2R eta) (Q2R w) (Q2R l).
Proof.
intro p. unfold xFw, Fw. rewrite Q2R_plus, Q2R_div by exact p. rewrite Q2R_mult, Q2R_minus, xpowE, xratioE, Q2R_1. reflexivity.
Qed.

Theorem xFlE n eta rho w l : ~ (xpow rho (n+1) == 0) ->
  Q2R (xFl n eta rho w l) = Fl n (Q2R eta) (Q2R rho) (Q2R w) (Q2R l).
Proof.
intro p. unfold xFl, Fl. rewrite Q2R_div by exact p. rewrite Q2R_mult, !xpowE, xratioE. reflexivity.
Qed.
