(* Executable forms of two-layer networks, their tangent functions and counts of classes, proved equal to the
   definitions. *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import evaluation matrices.
From ProofsCheck.networks Require Import two_layer.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Executable.
Variables (K : comRingType) (d m : nat) (sigma sigma' : K -> K).
Implicit Types (w : nat -> nat -> K) (a x : nat -> K).
Definition xdot (v x : nat -> K) := xsum d (fun t => v t * x t).
Definition xnet w a x := xsum m (fun k => a k * sigma (xdot (w k) x)).
(* all tangent functions at x: by the output weights, then by the input weights of each neuron *)
Definition xtangents w a x : seq K :=
  [seq sigma (xdot (w k) x) | k <- iota 0 m] ++ [seq a k * (sigma' (xdot (w k) x) * x t) | k <- iota 0 m, t <- iota 0 d].
(* the weights of neuron k: those of its class with its sign, none for a neuron without class *)
Definition weight_over n (W : nat -> nat -> K) (cl : nat -> option nat) (sg : nat -> bool) (k t : nat) : K :=
  if cl k is Some c then (if (c < n)%N then (-1) ^+ sg k * W c t else 0) else 0.
End Executable.

(* m_w and m_a for neurons in classes below n *)
Section Counts.
Variables (n m : nat) (cl : nat -> option nat).
Definition xclasses := count (fun c => has (fun k => cl k == Some c) (iota 0 m)) (iota 0 n).
Definition xactive (zero : nat -> bool) :=
  (count (fun c => has (fun k => (cl k == Some c) && ~~ zero k) (iota 0 m)) (iota 0 n)
   + has (fun k => (if cl k is Some c then ~~ (c < n)%N else true) && ~~ zero k) (iota 0 m))%N.
End Counts.

Section Equal.
Variables (F : fieldType) (d : nat) (sigma sigma' : F -> F) (n : nat) (W : nat -> nat -> F).
Variables (m : nat) (cl : nat -> option nat) (sg : nat -> bool) (a x : nat -> F).
(* classes as natural numbers below n *)
Definition class_of (k : 'I_m) : option 'I_n := if cl k is Some c then insub c else None.
Notation weight_of := (weight_over n W cl sg).

Lemma weightsE (k : 'I_m) (t : 'I_d) :
  weights (fun (c : 'I_n) (t : 'I_d) => W c t) class_of (fun k => sg k) k t = weight_of k t.
Proof.
rewrite /weights /class_of /weight_over; case: (cl k) => [c|] //.
by case: insubP => [c' _ <-|/negbTE ->]; rewrite ?ltn_ord.
Qed.

Lemma dotE (k : 'I_m) :
  dot (weights (fun (c : 'I_n) (t : 'I_d) => W c t) class_of (fun k => sg k) k) (fun t => x t) = xdot d (weight_of k) x.
Proof. by rewrite /dot /xdot -xsumE; apply: eq_bigr => t _; rewrite weightsE. Qed.

Theorem xnetE : net sigma (fun (c : 'I_n) (t : 'I_d) => W c t) class_of (fun k => sg k) (fun k => a k) (fun t => x t)
  = xnet d m sigma weight_of a x.
Proof. by rewrite /net /xnet -xsumE; apply: eq_bigr => k _; rewrite dotE. Qed.

Theorem xtangentsE (k : 'I_m) (t : 'I_d) :
  tangent sigma sigma' (fun (c : 'I_n) (t : 'I_d) => W c t) class_of (fun k => sg k) (fun k => a k) (inl k) (fun t => x t)
    = sigma (xdot d (weight_of k) x) /\
  tangent sigma sigma' (fun (c : 'I_n) (t : 'I_d) => W c t) class_of (fun k => sg k) (fun k => a k) (inr (k, t)) (fun t => x t)
    = a k * (sigma' (xdot d (weight_of k) x) * x t).
Proof. by rewrite /tangent !dotE. Qed.

Lemma class_ofE (k : 'I_m) (c : 'I_n) : (class_of k == Some c) = (cl k == Some (c : nat)).
Proof.
rewrite /class_of; case: (cl k) => [c'|] //; case: insubP => [u cn <-|cn]; first by [].
by apply/esym/eqP => -[e]; rewrite e ltn_ord in cn.
Qed.

Theorem xclassesE : #|classes class_of| = xclasses n m cl.
Proof.
rewrite /xclasses -card_count /classes; apply: eq_card => c; rewrite !inE -exists_has.
by apply: eq_existsb => k; rewrite class_ofE.
Qed.

Theorem xactiveE : #|active class_of (fun k => a k)| = xactive n m cl (fun k => a k == 0).
Proof.
rewrite /xactive (cardsD1 None) addnC; congr (_ + _)%N.
  have some_inj : injective (@Some 'I_n) by move=> ? ? [].
  rewrite -card_count -(card_imset _ some_inj); apply: eq_card => -[c|]; last by rewrite !inE /=; apply/esym/imsetP => -[].
  rewrite !inE /=; apply/existsP/imsetP => [[k]|[c']].
    rewrite class_ofE => kc; exists c => //; rewrite inE -exists_has; by apply/existsP; exists k.
  by rewrite inE -exists_has => /existsP[k kc] [->]; exists k; rewrite class_ofE.
rewrite inE -exists_has; congr nat_of_bool; apply: eq_existsb => k; congr (_ && _); rewrite /class_of.
by case: (cl k) => [c|] //; case: insubP => [u cn _|cn]; rewrite ?cn.
Qed.
End Equal.
