(* Second derivatives by dual numbers a + b eps, eps^2 = 0: the Hessian of the risk is the eps-part of
   its gradient at theta + eps d.  Also: forward mode is the derivative in this sense. *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import networks.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Dual.
Variable F : comRingType.
Definition dual : Type := (F * F)%type.          (* (a, b) is a + b eps *)
Canonical dual_eqType := [eqType of dual].
Canonical dual_choiceType := [choiceType of dual].
Canonical dual_zmodType := [zmodType of dual].
Definition dmul (x y : dual) : dual := (x.1 * y.1, x.1 * y.2 + x.2 * y.1).
Definition done_ : dual := (1, 0).
Lemma dmulA : associative dmul.
Proof.
move=> x y z; rewrite /dmul /=; congr (_, _); first by rewrite mulrA.
by rewrite !mulrDr !mulrDl !mulrA addrA.
Qed.
Lemma dmulC : commutative dmul.
Proof. by move=> x y; rewrite /dmul mulrC addrC [x.2 * _]mulrC [x.1 * y.2]mulrC. Qed.
Lemma dmul1 : left_id done_ dmul.
Proof. by case=> a b; rewrite /dmul /= !mul1r mul0r addr0. Qed.
Lemma dmulDl : left_distributive dmul +%R.
Proof.
move=> x y z; rewrite /dmul; congr (_, _) => /=; first by rewrite mulrDl.
by rewrite !mulrDl addrACA.
Qed.
Lemma dual_neq0 : done_ != 0.
Proof. by apply/eqP => -[] /eqP; rewrite oner_eq0. Qed.
Definition dual_comRingMixin := ComRingMixin dmulA dmulC dmul1 dmulDl dual_neq0.
Canonical dual_ringType := Eval hnf in RingType dual dual_comRingMixin.
Canonical dual_comRingType := Eval hnf in ComRingType dual dmulC.

Definition pure (a : F) : dual := (a, 0).
Definition eps (a : F) : dual := (0, a).
Lemma pureD a b : pure (a + b) = pure a + pure b.
Proof. by rewrite /pure; congr (_, _); rewrite addr0. Qed.
Lemma pureM a b : pure (a * b) = pure a * pure b.
Proof. by rewrite /pure; congr (_, _) => /=; rewrite mulr0 mul0r addr0. Qed.
Lemma pure_sum (I : Type) (r : seq I) P f : pure (\sum_(i <- r | P i) f i) = \sum_(i <- r | P i) pure (f i).
Proof. by elim/big_rec2: _ => // i y1 y2 _ <-; rewrite pureD. Qed.
Lemma pure_mul a (z : dual) : pure a * z = (a * z.1, a * z.2).
Proof. by case: z => b c; congr (_, _) => /=; rewrite mul0r addr0. Qed.
Lemma mul_eps (z : dual) a : z * eps a = eps (z.1 * a).
Proof. by case: z => b c; congr (_, _) => /=; rewrite mulr0 ?addr0. Qed.
Lemma eps_mul (z : dual) a : eps a * z = eps (a * z.1).
Proof. by case: z => b c; congr (_, _) => /=; rewrite mul0r ?add0r. Qed.
Lemma epsD a b : eps (a + b) = eps a + eps b.
Proof. by rewrite /eps; congr (_, _); rewrite addr0. Qed.
Lemma eps_sum (I : Type) (r : seq I) P f : eps (\sum_(i <- r | P i) f i) = \sum_(i <- r | P i) eps (f i).
Proof. by elim/big_rec2: _ => // i y1 y2 _ <-; rewrite epsD. Qed.
Lemma fstD (x y : dual) : (x + y).1 = x.1 + y.1. Proof. by []. Qed.
Lemma sndD (x y : dual) : (x + y).2 = x.2 + y.2. Proof. by []. Qed.
Lemma fst_sum (I : Type) (r : seq I) P (f : I -> dual) : (\sum_(i <- r | P i) f i).1 = \sum_(i <- r | P i) (f i).1.
Proof. by elim/big_rec2: _ => // i y1 y2 _ <-. Qed.
Lemma snd_sum (I : Type) (r : seq I) P (f : I -> dual) : (\sum_(i <- r | P i) f i).2 = \sum_(i <- r | P i) (f i).2.
Proof. by elim/big_rec2: _ => // i y1 y2 _ <-. Qed.
Lemma dual_sum (J : Type) (r : seq J) (f g : J -> F) :
  \sum_(j <- r) ((f j, g j) : dual) = (\sum_(j <- r) f j, \sum_(j <- r) g j) :> dual.
Proof. by elim: r => [|j r IH]; rewrite ?big_nil // !big_cons IH. Qed.
End Dual.

Section Hessian.
Variables (F : comRingType) (sigma sigma' sigma'' : F -> F) (h D : nat).
(* e x p: the gradient of the loss of sample x at the output p; de x p u: its derivative in the
   direction u (the Hessian of the loss applied to u) *)
Variables (data : seq (nat -> F)) (e : (nat -> F) -> 'rV[F]_D -> 'rV[F]_D)
          (de : (nat -> F) -> 'rV[F]_D -> 'rV[F]_D -> 'rV[F]_D).

(* functions extended to dual numbers: f(a + b eps) = f(a) + f'(a) b eps *)
Definition sigma_d (z : dual F) : dual F := (sigma z.1, sigma' z.1 * z.2).
Definition sigma_d' (z : dual F) : dual F := (sigma' z.1, sigma'' z.1 * z.2).
Definition input_d (x : nat -> F) : nat -> dual F := fun i => pure (x i).
Definition data_d : seq (nat -> dual F) := [seq input_d x | x : nat -> F <- data].
Definition e_d (x : nat -> dual F) (p : 'rV[dual F]_D) : 'rV[dual F]_D :=
  let x1 i := (x i).1 in let p1 := \row_i (p 0 i).1 in let p2 := \row_i (p 0 i).2 in
  \row_i ((e x1 p1 0 i, de x1 p1 p2 0 i) : dual F).
Definition along (th d : params F) : params (dual_comRingType F) :=   (* th + eps d *)
  @Params (dual_comRingType F) (fun l i j => (wt th l i j, wt d l i j)) (fun l i => (bias th l i, bias d l i)).
Definition fixed (d : params F) : params (dual_comRingType F) :=      (* d as a dual direction *)
  @Params (dual_comRingType F) (fun l i j => pure (wt d l i j)) (fun l i => pure (bias d l i)).

(* hess m th d1 d2 = d1^T H(th) d2 in the network of widths m *)
Definition hess m th d1 d2 : F :=
  (drisk sigma_d sigma_d' m h data_d e_d (along th d1) (fixed d2)).2.

(* dpre is the eps-part of the network evaluated at th + eps d *)
Theorem forward_mode m th d x l i :
  pre sigma_d m (along th d) (input_d x) l i
  = (pre sigma m th x l i, dpre sigma sigma' m th d x l i) :> dual F.
Proof.
elim: l i => [|l IH] i; rewrite [LHS]/(_ + _).
  have -> : \sum_(j < m 0%N) wt (along th d) 0 i j * feat sigma_d m (along th d) (input_d x) 0 j
      = \sum_(j < m 0%N) ((wt th 0 i j * x j, wt d 0 i j * x j + wt th 0 i j * 0) : dual F).
    by apply: eq_bigr => j _; congr (_, _) => /=; rewrite mulr0 add0r addr0.
  by rewrite dual_sum.
have -> : \sum_(j < m l.+1) wt (along th d) l.+1 i j * feat sigma_d m (along th d) (input_d x) l.+1 j
   = \sum_(j < m l.+1) ((wt th l.+1 i j * feat sigma m th x l.+1 j,
        wt d l.+1 i j * feat sigma m th x l.+1 j + wt th l.+1 i j * dfeat sigma sigma' m th d x l.+1 j) : dual F).
  apply: eq_bigr => j _; rewrite featS IH /sigma_d /=; congr (_, _) => /=.
  by rewrite addrC.
by rewrite dual_sum.
Qed.

Lemma sigma_d_pure a : sigma_d (pure a) = pure (sigma a).
Proof. by rewrite /sigma_d /= mulr0. Qed.

Lemma hess_same n th d1 d1' d2 d2' : same d1 d1' -> same d2 d2' -> hess n th d1 d2 = hess n th d1' d2'.
Proof.
move=> E E'; rewrite /hess; congr (_.2).
apply: (@drisk_same (dual_comRingType F)); split=> [l i j|l i] /=.
- by rewrite E.1. - by rewrite E.2. - by rewrite E'.1. - by rewrite E'.2.
Qed.
End Hessian.
