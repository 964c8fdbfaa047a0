(* reduce.merge: neurons with parallel input weights are one neuron, for any number of neurons, inputs and
   outputs, over every ordered field (2405.01041).  The statement is one of a layer of neurons as the layer
   above sees it, so the network around it may be any, convolutional ones included. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Merging.
Variables (F : realFieldType) (m d : nat).       (* m neurons of d inputs *)
Implicit Types (a l : 'I_m -> F) (u x : 'I_d -> F).
(* leaky ReLU of the slope s for negative z; ReLU is that of the slope 0 *)
Definition leaky (s z : F) := if 0 <= z then z else s * z.
(* u . x *)
Definition inner u x := \sum_c u c * x c.
(* what the neurons of output weights a and input weights l_j u add to an output at the input x *)
Definition parallel (sigma : F -> F) a l u x := \sum_j a j * sigma (inner (fun c => l j * u c) x).

Lemma inner_scale k u x : inner (fun c => k * u c) x = k * inner u x.
Proof. by rewrite /inner big_distrr; apply: eq_bigr => c _; rewrite /= mulrA. Qed.

(* sigma(l z) = l sigma(z) for l > 0 *)
Lemma leaky_homogeneous s k z : 0 < k -> leaky s (k * z) = k * leaky s z.
Proof. by move=> k0; rewrite /leaky pmulr_rge0 //; case: ifP => // _; rewrite mulrCA. Qed.

(* one neuron u of output weight sum_j a_j l_j *)
Theorem reduce_merge s a l u x : (forall j, 0 < l j) ->
  (forall k z, 0 < k -> leaky s (k * z) = k * leaky s z) /\
  parallel (leaky s) a l u x = (\sum_j a j * l j) * leaky s (inner u x).
Proof.
move=> l0; split=> [k z|]; first exact: leaky_homogeneous.
rewrite /parallel big_distrl; apply: eq_bigr => j _.
by rewrite inner_scale leaky_homogeneous // mulrA.
Qed.

(* sigma(-z) = g sigma(z), g = -1 for odd and g = 1 for even sigma: opposite neurons, l_j = -1, with weight g a_j *)
Theorem reduce_merge_symmetric (sigma : F -> F) (g : F) a (opposite : pred 'I_m) u x : (forall z, sigma (- z) = g * sigma z) ->
  parallel sigma a (fun j => if opposite j then - 1 else 1) u x
  = (\sum_j (if opposite j then g * a j else a j)) * sigma (inner u x).
Proof.
move=> sym; rewrite /parallel big_distrl; apply: eq_bigr => j _; rewrite inner_scale.
by case: ifP => _; rewrite ?mulN1r ?sym ?mul1r // mulrCA mulrA.
Qed.
End Merging.

(* ---- controls ---- *)

(* the weights added without their factors: one neuron 2 u of ReLU *)
Theorem control_reduce_merge : ~ forall (F : realFieldType) m d s a l (u x : 'I_d -> F), (forall j : 'I_m, 0 < l j) ->
  parallel (leaky s) a l u x = (\sum_j a j) * leaky s (inner u x).
Proof.
move=> H; pose one (i : 'I_1) : rat_realFieldType := 1; pose two (i : 'I_1) : rat_realFieldType := 2%:R.
have := H _ 1%N 1%N 0 one two one one (fun _ => isT).
by rewrite /parallel /inner !big_ord1 /one /two.
Qed.

(* an odd sigma taken for an even one *)
Theorem control_reduce_merge_symmetric : ~ forall (F : realFieldType) m d (sigma : F -> F) a (opposite : pred 'I_m) (u x : 'I_d -> F),
  (forall z, sigma (- z) = - sigma z) ->
  parallel sigma a (fun j => if opposite j then - 1 else 1) u x = (\sum_j a j) * sigma (inner u x).
Proof.
move=> H; pose one (i : 'I_1) : rat_realFieldType := 1.
have := H _ 1%N 1%N id one predT one one (fun _ => erefl).
by rewrite /parallel /inner !big_ord1 /one.
Qed.
