(* The Jacobian of the limit map of Adam in adam.v, by real partial derivatives. *)
From Coq Require Import Reals Lra Psatz.
From Coquelicot Require Import Coquelicot.
From ProofsCheck.optimizers Require Import thresholds adam.
Open Scope R_scope.

Section Jacobian.
Variables (n : nat) (b1 eta rho : R).
Hypothesis hrho : 0 < rho < 1.
Notation ratio := (ratio eta).
Notation Fw := (Fw n b1 eta).
Notation Fl := (Fl n eta rho).

Lemma ratio_w w l : is_derive (fun w => ratio w l) w (- (eta*l)).
Proof. unfold adam.ratio; auto_derive; auto; ring. Qed.
Lemma ratio_l w l : is_derive (fun l => ratio w l) l (- (eta*w)).
Proof. unfold adam.ratio; auto_derive; auto; ring. Qed.

Theorem adam_degenerate_jacobian w l : 0 < ratio w l ->
  is_derive (fun w => Fw w l) w (Jww n b1 eta w l) /\ is_derive (fun l => Fw w l) l (Jwl n b1 eta w l) /\
  is_derive (fun w => Fl w l) w (Jlw n eta rho w l) /\ is_derive (fun l => Fl w l) l (Jll n eta rho w l).
Proof.
intros hr.
assert (rr : rho^(n+1) <> 0) by (apply pow_nonzero; lra).
assert (q0 : ratio w l^n <> 0) by (apply pow_nonzero; lra).
assert (e1 : ratio w l^(n+1) = ratio w l^n * ratio w l) by (rewrite pow_add; ring).
assert (e2 : ratio w l^(n+2) = ratio w l^n * ratio w l^2) by (rewrite pow_add; ring).
assert (e3 : ratio w l^(n+3) = ratio w l^n * ratio w l^3) by (rewrite pow_add; ring).
assert (i1 : INR (n+1) = INR n + 1) by (rewrite plus_INR; simpl; ring).
assert (i2 : INR (n+2) = INR n + 2) by (rewrite plus_INR; simpl; ring).
assert (p1 : pred (n+1) = n) by lia. assert (p2 : pred (n+2) = (n+1)%nat) by lia.
split; [|split; [|split]]; unfold adam.Fw, adam.Fl, Jww, Jwl, Jlw, Jll, adam.ratio in *; auto_derive;
  try (repeat split; auto; apply pow_nonzero; lra);
  replace (1 + - (eta*w*l)) with (1 - eta*w*l) by ring;
  rewrite ?i1, ?i2, ?p1, ?p2, ?e1, ?e2, ?e3; clear e1 e2 e3;
  generalize dependent (rho^(n+1)); intros P rr;
  generalize dependent ((1 - eta*w*l)^n); intros Q q0;
  generalize dependent (1 - eta*w*l); intros r hr; field; repeat split; auto; lra.
Qed.
End Jacobian.
