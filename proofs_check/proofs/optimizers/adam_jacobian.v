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

Lemma jacobian w l : 0 < ratio w l ->
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

(* the derivative of the limit map at the fixed point: its entries, trace and determinant *)
Theorem adam_degenerate_derivative w l : fixed_point n b1 eta rho w l ->
  exists ww wl lw ll : R,
  (is_derive (fun w => Fw w l) w ww /\ is_derive (fun l => Fw w l) l wl /\
   is_derive (fun w => Fl w l) w lw /\ is_derive (fun l => Fl w l) l ll) /\
  ww + ll = trace n b1 rho /\ ww * ll - wl * lw = det n b1 rho.
Proof.
intro fp. destruct (trace_det n b1 eta rho hrho w l fp) as [ht hd].
exists (Jww n b1 eta w l), (Jwl n b1 eta w l), (Jlw n eta rho w l), (Jll n eta rho w l).
split; [|easy]. apply jacobian. destruct fp as (_ & _ & hr & _). lra.
Qed.
End Jacobian.

(* ---- control ---- *)

(* rho^(k-1) in the determinant: false for k = 4, b1 = 1/16, rho = 1/2 *)
Theorem control_adam_degenerate_derivative : ~ forall n b1 eta rho w l, 0 < rho < 1 -> fixed_point n b1 eta rho w l ->
  forall ww wl lw ll : R,
  is_derive (fun w => Fw n b1 eta w l) w ww -> is_derive (fun l => Fw n b1 eta w l) l wl ->
  is_derive (fun w => Fl n eta rho w l) w lw -> is_derive (fun l => Fl n eta rho w l) l ll ->
  ww * ll - wl * lw = b1 / rho^(n+2).
Proof.
intro H. destruct (adam_degenerate_existence 1 (1/16) 1 (1/2)) as [_ E]; [lra..|].
destruct E as (w & l & fp); [simpl; lra|].
destruct (adam_degenerate_derivative 1 (1/16) 1 (1/2) ltac:(lra) w l fp) as (ww & wl & lw & ll & (d1 & d2 & d3 & d4) & _ & hd).
assert (e := H 1%nat (1/16) 1 (1/2) w l ltac:(lra) fp ww wl lw ll d1 d2 d3 d4).
rewrite hd in e. unfold det in e. simpl in e. lra.
Qed.

