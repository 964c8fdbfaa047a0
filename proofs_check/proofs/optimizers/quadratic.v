(* adam.grad_curvature: when one step raises a quadratic loss, in every dimension and for every direction of the
   step, over every ordered field (2506.04805). *)
From mathcomp Require Import all_ssreflect all_algebra ring.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Quadratic.
Variables (F : realFieldType) (n : nat).
Implicit Types x u v : 'cV[F]_n.
(* the inner product u . v *)
Definition dot u v : F := \sum_i u i 0 * v i 0.
Variables (H : 'M[F]_n) (b : 'cV[F]_n) (c : F).
(* the loss L(x) = x^T H x / 2 + b . x + c with the Hessian H *)
Definition loss x : F := dot x (H *m x) / 2%:R + dot b x + c.
(* its gradient g at x *)
Definition gradient x : 'cV[F]_n := H *m x + b.
(* the change of L that is claimed for the step -eta u *)
Definition change u eta x : F := - eta * dot (gradient x) u + eta ^+ 2 / 2%:R * dot u (H *m u).
(* the curvature along the step, u^T H u / g . u *)
Definition curvature_along u x : F := dot u (H *m u) / dot (gradient x) u.

Lemma dotC u v : dot u v = dot v u.
Proof. by apply: eq_bigr => i _; rewrite mulrC. Qed.
Lemma dotDl u v x : dot (u + v) x = dot u x + dot v x.
Proof. by rewrite /dot -big_split; apply: eq_bigr => i _; rewrite mxE mulrDl. Qed.
Lemma dotZl a u v : dot (a *: u) v = a * dot u v.
Proof. by rewrite /dot big_distrr /=; apply: eq_bigr => i _; rewrite mxE mulrA. Qed.
Lemma dotDr u v x : dot x (u + v) = dot x u + dot x v. Proof. by rewrite dotC dotDl !(dotC x). Qed.
Lemma dotZr a u v : dot v (a *: u) = a * dot v u. Proof. by rewrite dotC dotZl dotC. Qed.

Hypothesis symmetric : H^T = H.
Lemma dot_hessian u v : dot u (H *m v) = dot (H *m u) v.
Proof.
rewrite /dot; under eq_bigr => i _ do rewrite mxE big_distrr /=.
rewrite exchange_big /=; apply: eq_bigr => j _; rewrite mxE big_distrl /=; apply: eq_bigr => i _.
by rewrite -[in LHS]symmetric mxE mulrCA mulrA.
Qed.

(* the loss along a line: `gradient` and H are its first and second derivative *)
Lemma loss_along x u t : loss (x + t *: u) = loss x + t * dot (gradient x) u + t ^+ 2 / 2%:R * dot u (H *m u).
Proof.
have two : 2%:R != 0 :> F by rewrite pnatr_eq0.
have E : H *m (x + t *: u) = H *m x + t *: (H *m u) by rewrite mulmxDr scalemxAr.
rewrite /loss /gradient E !dotDl !dotDr !dotZl !dotZr (dot_hessian x u) [dot u (H *m x)]dotC.
by field.
Qed.

Theorem adam_grad_curvature x u eta : 0 < eta ->
  loss (x - eta *: u) - loss x = change u eta x /\
  (0 < dot (gradient x) u -> (loss x < loss (x - eta *: u) <-> 2%:R / eta < curvature_along u x)).
Proof.
move=> eta0; have two : 0 < 2%:R :> F by rewrite ltr0n.
have diff : loss (x - eta *: u) - loss x = change u eta x.
  by rewrite -scaleNr loss_along /change; field.
split=> // g0; rewrite -[loss x < _]subr_gt0 diff /change /curvature_along.
have -> : - eta * dot (gradient x) u + eta ^+ 2 / 2%:R * dot u (H *m u)
    = eta / 2%:R * (eta * dot u (H *m u) - 2%:R * dot (gradient x) u) by field.
rewrite pmulr_rgt0 ?divr_gt0 // subr_gt0 ltr_pdivl_mulr // mulrAC ltr_pdivr_mulr //.
by rewrite [eta * _]mulrC.
Qed.
End Quadratic.

(* control: the threshold 1 / eta.  L = x^2 / 2 at x = 1 with eta = 3/2 and u = g: the curvature 1 exceeds 1 / eta, and L falls. *)
Theorem control_adam_grad_curvature : ~ forall (F : realFieldType) n (H : 'M[F]_n) (b : 'cV[F]_n) c, H^T = H -> forall x u eta,
  0 < eta -> 0 < dot (gradient H b x) u -> (loss H b c x < loss H b c (x - eta *: u) <-> 1 / eta < curvature_along H b u x).
Proof.
move=> T; pose Q := rat_realFieldType; pose one : 'cV[Q]_1 := const_mx 1; pose eta : Q := 3%:R / 2%:R.
have I1 : (1%:M : 'M[Q]_1)^T = 1%:M by rewrite trmx1.
have g1 : dot (gradient 1%:M 0 one) one = 1 by rewrite /gradient addr0 mul1mx /dot big_ord1 !mxE mulr1.
have g0 : 0 < dot (gradient 1%:M 0 one) one by rewrite g1 ltr01.
have e0 : 0 < eta by rewrite /eta divr_gt0 ?ltr0n.
have c1 : curvature_along 1%:M 0 one one = 1 :> Q by rewrite /curvature_along g1 invr1 mulr1 mul1mx /dot big_ord1 !mxE mulr1.
have [_ rises] := T Q 1%N 1%:M 0 0 I1 one one eta e0 g0.
have [_ /(_ g0)[exact _]] := adam_grad_curvature 0 0 I1 one one e0.
move: exact; rewrite c1 ltr_pdivr_mulr // mul1r /eta ltr_pdivl_mulr ?ltr0n // -natrM ltr_nat => exact.
suff /rises/exact : 1 / eta < curvature_along 1%:M 0 one one by [].
by rewrite c1 ltr_pdivr_mulr // mul1r /eta ltr_pdivl_mulr ?ltr0n // mul1r ltr_nat.
Qed.
