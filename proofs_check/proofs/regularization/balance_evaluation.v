(* Executable forms of the velocities of gradient flow and of the balances, proved equal to the definitions. *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import evaluation matrices.
From ProofsCheck.regularization Require Import balance.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Neuron.
Variables (K : comRingType) (m n d : nat) (sigma sigma' : K -> K) (x : nat -> nat -> K) (e : nat -> K -> K).
Variables (a : nat -> K) (w : nat -> nat -> K).
Definition xpreactivation (v : nat -> K) i := xsum d (fun c => v c * x i c).
Definition xoutput i := xsum m (fun j => a j * sigma (xpreactivation (w j) i)).
Definition xvelocity_a j := - xsum n (fun i => e i (xoutput i) * sigma (xpreactivation (w j) i)).
Definition xvelocity_w j c := - xsum n (fun i => e i (xoutput i) * (a j * sigma' (xpreactivation (w j) i) * x i c)).
Definition xbalance (k b : K) (v : nat -> K) := k * (b * b) - xsum d (fun c => v c * v c).

Notation xx := (fun (i : 'I_n) (c : 'I_d) => x i c).
Notation ee := (fun i : 'I_n => e i).
Notation aa := (fun j : 'I_m => a j).
Notation ww := (fun (j : 'I_m) (c : 'I_d) => w j c).
Lemma xpreactivationE (v : nat -> K) (i : 'I_n) : preactivation xx (fun c => v c) i = xpreactivation v i.
Proof. by rewrite /xpreactivation -xsumE. Qed.
Lemma xoutputE (i : 'I_n) : output sigma xx aa ww i = xoutput i.
Proof. by rewrite /output /xoutput -xsumE; apply: eq_bigr => j _; rewrite -xpreactivationE. Qed.
Theorem xvelocity_aE (j : 'I_m) : velocity_a sigma xx ee aa ww j = xvelocity_a j.
Proof. by rewrite /velocity_a /xvelocity_a -xsumE; congr (- _); apply: eq_bigr => i _; rewrite xoutputE -xpreactivationE. Qed.
Theorem xvelocity_wE (j : 'I_m) (c : 'I_d) : velocity_w sigma sigma' xx ee aa ww j c = xvelocity_w j c.
Proof. by rewrite /velocity_w /xvelocity_w -xsumE; congr (- _); apply: eq_bigr => i _; rewrite xoutputE -xpreactivationE. Qed.
Theorem xbalanceE k b (v : nat -> K) : balance k b (fun c : 'I_d => v c) = xbalance k b v.
Proof. by rewrite /balance /xbalance -xsumE expr2; congr (_ - _); apply: eq_bigr => c _; rewrite expr2. Qed.
End Neuron.

Section Layers.
Variables (K : comRingType) (p q r s t : nat) (U A E V W : nat -> nat -> K).
Definition xopp (f : nat -> nat -> K) i j := - f i j.
Definition xabove := xopp (xmul t (xmul p (xtr U) E) (xtr (xmul s W A))).
Definition xbelow := xopp (xmul t (xmul p (xtr (xmul q U V)) E) (xtr A)).
Definition xlayers_balance := xadd (xmul q (xtr V) V) (xopp (xmul s W (xtr W))).
Lemma xoppE a b f : - mx a b f = mx a b (xopp f).
Proof. by apply/matrixP => i j; rewrite !mxE. Qed.
Theorem xaboveE : velocity_above (mx p q U) (mx s t A) (mx p t E) (mx r s W) = mx q r xabove.
Proof. by rewrite /velocity_above !xmulE !xtrE !xmulE xoppE. Qed.
Theorem xbelowE : velocity_below (mx p q U) (mx s t A) (mx p t E) (mx q r V) = mx r s xbelow.
Proof. by rewrite /velocity_below !xmulE !xtrE !xmulE xoppE. Qed.
Theorem xlayers_balanceE : layers_balance (mx q r V) (mx r s W) = mx r r xlayers_balance.
Proof. by rewrite /layers_balance !xtrE !xmulE xoppE xaddE. Qed.
End Layers.
