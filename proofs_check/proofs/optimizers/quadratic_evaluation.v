(* Executable forms of the quadratic loss, its gradient, its change and the curvature along a step, proved equal
   to the definitions up to the common factor 1/2. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From ProofsCheck.common Require Import evaluation matrices.
From ProofsCheck.optimizers Require Import quadratic.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Executable.
Variables (K : comRingType) (n : nat) (H : nat -> nat -> K) (b : nat -> K) (c : K).
Implicit Types x u : nat -> K.
Definition xdot u x := xsum n (fun i => u i * x i).
Definition ximage x i := xsum n (fun j => H i j * x j).
Definition xgradient x i := ximage x i + b i.
(* u^T H u and g . u, whose quotient is the curvature along u *)
Definition xbent u := xdot u (ximage u).
Definition xslope x u := xdot (xgradient x) u.
(* twice the loss and twice its change *)
Definition xloss x := xbent x + (xdot b x + xdot b x) + (c + c).
Definition xchange u eta x := eta * eta * xbent u - (eta * xslope x u + eta * xslope x u).
End Executable.

Section Equal.
Variables (F : realFieldType) (n : nat) (H : nat -> nat -> F) (b : nat -> F) (c : F) (x u : nat -> F) (eta : F).
Notation col v := (\col_(i < n) v i).
Lemma xdotE (v w : nat -> F) : dot (col v) (col w) = xdot n v w.
Proof. by rewrite /dot /xdot -xsumE; apply: eq_bigr => i _; rewrite !mxE. Qed.
Lemma ximageE (v : nat -> F) : mx n n H *m col v = col (ximage n H v).
Proof. by apply/colP => i; rewrite !mxE /ximage -xsumE; apply: eq_bigr => j _; rewrite !mxE. Qed.
Theorem xgradientE : gradient (mx n n H) (col b) (col x) = col (xgradient n H b x).
Proof. by rewrite /gradient ximageE; apply/colP => i; rewrite !mxE. Qed.
Theorem xlossE : loss (mx n n H) (col b) c (col x) = xloss n H b c x / 2%:R.
Proof. by rewrite /loss ximageE !xdotE /xloss /xbent; field. Qed.
Theorem xchangeE : change (mx n n H) (col b) (col u) eta (col x) = xchange n H b u eta x / 2%:R.
Proof. by rewrite /change xgradientE ximageE !xdotE /xchange /xbent /xslope; field. Qed.
Theorem xcurvatureE : curvature_along (mx n n H) (col b) (col u) (col x) = xbent n H u / xslope n H b x u.
Proof. by rewrite /curvature_along xgradientE ximageE !xdotE. Qed.
End Equal.
