(* Executable forms of the networks of `networks` and `second_order`, proved equal to them: MathComp's
   sums and matrices do not reduce, these do.  They are what is compared with other implementations,
   and with them counterexamples (controls) are computed. *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import networks second_order.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Evaluation.
Variables (K : comRingType) (sigma sigma' : K -> K) (m : nat -> nat) (h : nat).
Fixpoint xsum n (f : nat -> K) := if n is n'.+1 then xsum n' f + f n' else 0.
Lemma xsumE n (f : nat -> K) : \sum_(j < n) f j = xsum n f.
Proof. by elim: n => [|n IH]; rewrite ?big_ord0 // big_ord_recr IH. Qed.

Fixpoint xfeat (th : params K) x l i :=
  if l is l'.+1 then sigma (xsum (m l') (fun j => wt th l' i j * xfeat th x l' j) + bias th l' i) else x i.
Definition xpre th x l i := xsum (m l) (fun j => wt th l i j * xfeat th x l j) + bias th l i.
Fixpoint xdfeat (th d : params K) x l i :=
  if l is l'.+1 then sigma' (xpre th x l' i) *
    (xsum (m l') (fun j => wt d l' i j * xfeat th x l' j + wt th l' i j * xdfeat th d x l' j) + bias d l' i)
  else 0.
Definition xdpre th d x l i :=
  xsum (m l) (fun j => wt d l i j * xfeat th x l j + wt th l i j * xdfeat th d x l j) + bias d l i.

(* losses whose gradient in output i depends on output i alone, as for the square loss *)
Variables (D : nat) (e1 : (nat -> K) -> nat -> K -> K).
Definition by_output (x : nat -> K) (p : 'rV[K]_D) : 'rV[K]_D := \row_(i < D) e1 x i (p 0 i).
Definition xdrisk data th d := foldr (fun x s =>
  xsum D (fun i => e1 x i (xpre th x h i) * xdpre th d x h i) + s) 0 data.

Lemma xfeatE th x l i : feat sigma m th x l i = xfeat th x l i.
Proof.
elim: l i => //= l IH i; rewrite -xsumE; congr (sigma (_ + _)).
by apply: eq_bigr => j _; rewrite IH.
Qed.

Theorem xpreE th x l i : pre sigma m th x l i = xpre th x l i.
Proof. by rewrite /pre /xpre -xsumE; congr (_ + _); apply: eq_bigr => j _; rewrite xfeatE. Qed.

Theorem xdpreE th d x l i : dpre sigma sigma' m th d x l i = xdpre th d x l i.
Proof.
elim: l i => [|l IH] i; rewrite /dpre /xdpre -xsumE; congr (_ + _); apply: eq_bigr => j _.
by rewrite !xfeatE dfeatS IH xpreE.
Qed.

Lemma xnetE th x (i : 'I_D) : net sigma m h D th x 0 i = xpre th x h i.
Proof. by rewrite mxE xpreE. Qed.
Lemma xdnetE th d x (i : 'I_D) : dnet sigma sigma' m h D th d x 0 i = xdpre th d x h i.
Proof. by rewrite mxE xdpreE. Qed.

Theorem xdriskE data th d : drisk sigma sigma' m h data by_output th d = xdrisk data th d.
Proof.
rewrite /drisk /xdrisk; elim: data => [|x s IH]; rewrite ?big_nil // big_cons IH /=; congr (_ + _).
rewrite -xsumE; apply: eq_bigr => i _.
by rewrite [by_output _ _ _ _]mxE !mxE xpreE xdpreE.
Qed.
End Evaluation.

Section EvaluationHessian.
Variables (F : comRingType) (sigma sigma' sigma'' : F -> F) (m : nat -> nat) (h D : nat).
Variables (data : seq (nat -> F)) (e1 : (nat -> F) -> nat -> F -> F) (de1 : (nat -> F) -> nat -> F -> F -> F).
Definition by_output2 (x : nat -> F) (p q : 'rV[F]_D) : 'rV[F]_D := \row_(i < D) de1 x i (p 0 i) (q 0 i).
Definition e1_d (x : nat -> dual F) (i : nat) (p : dual F) : dual F :=
  let x1 k := (x k).1 in (e1 x1 i p.1, de1 x1 i p.1 p.2).
Definition xhess th d1 d2 := (@xdrisk (dual_comRingType F) (sigma_d sigma sigma') (sigma_d' sigma' sigma'') m h D e1_d
  (data_d data) (along th d1) (fixed d2)).2.

Theorem xhessE th d1 d2 :
  hess sigma sigma' sigma'' h data (by_output e1) by_output2 m th d1 d2 = xhess th d1 d2.
Proof.
rewrite /hess /xhess -xdriskE; congr (_.2); rewrite /drisk; apply: eq_bigr => x _; apply: eq_bigr => i _.
by congr (@GRing.mul (dual_ringType F) _ _); rewrite !mxE.
Qed.
End EvaluationHessian.
