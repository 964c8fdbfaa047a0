(* Executable forms of the inserted layer and of the merged network, proved equal to the definitions, and the
   dimension of the lifts. *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import evaluation matrices.
From ProofsCheck.depth Require Import lifting dimension.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Executable.
Variables (K : comRingType) (p s : nat) (sigma : K -> K).
(* what the layer behind the inserted one receives when layer q has the features f *)
Definition xreceived (Wh : nat -> nat -> K) (bh : nat -> K) (W' : nat -> nat -> K) (b' f : nat -> K) (i : nat) := xsum s (fun j => W' i j * sigma (xsum p (fun k => Wh j k * f k) + bh j)) + b' i.
(* the weights and the bias that pi gives to the merged layer *)
Definition xmerged_weight (lam : nat -> K) (Wh W' : nat -> nat -> K) (i k : nat) := xsum s (fun j => W' i j * lam j * Wh j k).
Definition xmerged_bias (lam mu bh : nat -> K) (W' : nat -> nat -> K) (b' : nat -> K) (i : nat) := xsum s (fun j => W' i j * (lam j * bh j + mu j)) + b' i.
End Executable.

Section Equal.
Variables (F : fieldType) (X : eqType) (p s r : nat) (sigma : F -> F).
Variables (Wh W' : nat -> nat -> F) (bh b' lam mu f : nat -> F).
Notation t := (@Deep F unit unit p s r tt tt (mx s p Wh) (\col_j bh j) (mx r s W') (\col_i b' i)).
Notation merged := (pi (\row_j lam j) (\row_j mu j) t).

Theorem xreceivedE (i : 'I_r) : Net sigma (fun _ (_ : unit) => \col_k f k) (fun _ z => z) t tt i 0 = xreceived p s sigma Wh bh W' b' f i.
Proof.
rewrite /Net /act /inner /= [LHS]mxE [X in X + _]mxE [X in _ + X]mxE /xreceived -xsumE; congr (_ + _).
by apply: eq_bigr => j _; rewrite !mxE -xsumE; congr (_ * sigma (_ + _)); apply: eq_bigr => k _; rewrite !mxE.
Qed.

Theorem xmerged_weightE (i : 'I_r) (k : 'I_p) : sW merged i k = xmerged_weight s lam Wh W' i k.
Proof.
rewrite /= /L /xmerged_weight -xsumE mxE; apply: eq_bigr => j _.
by rewrite mul_mx_diag !mxE.
Qed.

Theorem xmerged_biasE (i : 'I_r) : sb merged i 0 = xmerged_bias s lam mu bh W' b' i.
Proof.
rewrite /= /L /xmerged_bias -xsumE [LHS]mxE [X in X + _]mxE [X in _ + X]mxE; congr (_ + _); apply: eq_bigr => j _.
by rewrite mul_diag_mx !mxE.
Qed.
End Equal.

(* a residual block of p neurons with What = 0 and biases bh, and the next bias corrected *)
Definition xresidual (K : comRingType) p (sigma : K -> K) (bh : nat -> K) (W : nat -> nat -> K) (b f : nat -> K) (i : nat) :=
  xsum p (fun k => W i k * (f k + sigma (bh k))) + (b i - xsum p (fun k => W i k * sigma (bh k))).
Theorem xresidualE (F : fieldType) (p r : nat) (sigma : F -> F) (bh : nat -> F) W (b f : nat -> F) (i : 'I_r) :
  rnet sigma (fun _ (_ : unit) => \col_k f k) (fun _ z => z)
    (insert sigma (@Shallow F unit unit p r tt tt (mx r p W) (\col_i b i)) (\col_k bh k)) tt i 0 = xresidual p sigma bh W b f i.
Proof.
rewrite /rnet /rout /rinner /insert /= mul0mx add0r [LHS]mxE [X in X + _]mxE [X in _ + X]mxE /xresidual -!xsumE; congr (_ + _).
  by apply: eq_bigr => k _; rewrite !mxE.
rewrite !mxE; congr (_ - _); by apply: eq_bigr => k _; rewrite !mxE.
Qed.

(* the dimension of the set of regular lifts *)
Definition xdimension (p s r : nat) := (s * (p + r + 1) - r * p)%N.
Theorem xdimensionE (F : fieldType) (Below Above : Type) p s r (lam mu : 'rV[F]_s) (t : deep F Below Above p s r) :
  \rank (W' t *m diag_mx lam) = r \/ \rank (diag_mx lam *m Wh t) = p ->
  ((r * s + s * p) + (s + r) - \rank (constraints lam mu t) = xdimension p s r)%N.
Proof. by case: (depth_lifting_dimension lam mu t) => _; apply. Qed.

(* ReLU over the integers *)
From Coq Require Import ZArith.
From mathcomp Require Import ssrZ.
From ProofsCheck.common Require Import integers.
Definition relu_over_integers (z : ZZ) : ZZ := if Z.ltb 0 z then z else 0%zz.
