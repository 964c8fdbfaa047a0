(* regularization.homogeneous-conserved: the balance of homogeneous networks is conserved by gradient flow
   (1806.00900, Theorem 2.1), for every number of neurons, samples and inputs, every loss, every depth and
   every size.  Conserved means: its derivative along the flow, by dual numbers a + b eps, vanishes. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From ProofsCheck.common Require Import networks second_order.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Neuron.
Variables (K : comRingType) (m n d : nat).    (* the numbers; m neurons, n samples, d inputs *)
Variables (sigma sigma' : K -> K) (k : K).    (* the activation, its derivative, its degree *)
Variables (x : 'I_n -> 'I_d -> K)             (* inputs *)
          (e : 'I_n -> K -> K).               (* e i f: derivative of the loss of sample i at the output f *)
Implicit Types (a da : 'I_m -> K) (w dw : 'I_m -> 'I_d -> K).
(* the pre-activation of a neuron with input weights w on sample i *)
Definition preactivation (w : 'I_d -> K) i := \sum_c w c * x i c.
(* the network f = sum_j a_j sigma(w_j . x) *)
Definition output a w i := \sum_j a j * sigma (preactivation (w j) i).
(* the derivative of the risk in the direction (da, dw) *)
Definition slope a w da dw := \sum_i e i (output a w i) *
  \sum_j (da j * sigma (preactivation (w j) i) + a j * (sigma' (preactivation (w j) i) * preactivation (dw j) i)).
(* the velocities a_j' and w_jc' of gradient flow *)
Definition velocity_a a w j := - \sum_i e i (output a w i) * sigma (preactivation (w j) i).
Definition velocity_w a w j c := - \sum_i e i (output a w i) * (a j * sigma' (preactivation (w j) i) * x i c).

(* they are the negative gradient *)
Lemma velocity_gradient a w da dw : slope a w da dw
  = - (\sum_j (da j * velocity_a a w j + \sum_c dw j c * velocity_w a w j c)).
Proof.
rewrite /slope; under eq_bigr => i _ do rewrite big_distrr /=.
rewrite exchange_big -sumrN /=; apply: eq_bigr => j _.
rewrite /velocity_a /velocity_w opprD mulrN opprK; under [X in _ = _ - X]eq_bigr => c _ do rewrite mulrN.
rewrite sumrN opprK big_distrr /=.
have -> : \sum_c dw j c * (\sum_i e i (output a w i) * (a j * sigma' (preactivation (w j) i) * x i c))
    = \sum_i e i (output a w i) * (a j * (sigma' (preactivation (w j) i) * preactivation (dw j) i)).
  under eq_bigr => c _ do rewrite big_distrr /=.
  rewrite exchange_big /=; apply: eq_bigr => i _; rewrite /preactivation !big_distrr /=.
  by apply: eq_bigr => c _; ring.
by rewrite -big_split /=; apply: eq_bigr => i _; ring.
Qed.
End Neuron.

(* the balance k a^2 - |w|^2 of a neuron, over any commutative ring *)
Definition balance (K : comRingType) d (k a : K) (w : 'I_d -> K) := k * a ^+ 2 - \sum_c w c ^+ 2.

(* at (a, w) + eps velocity the balance has the eps-part 0 *)
Theorem regularization_homogeneous_conserved (K : comRingType) m n d (sigma sigma' : K -> K) k x (e : 'I_n -> K -> K) :
  (forall z, sigma' z * z = k * sigma z) -> forall (a : 'I_m -> K) (w : 'I_m -> 'I_d -> K) j,
  balance (pure k) ((a j, velocity_a sigma x e a w j) : dual K) (fun c => (w j c, velocity_w sigma sigma' x e a w j c) : dual K)
  = (balance k (a j) (w j), 0) :> dual K.
Proof.
move=> euler a w j; rewrite /balance.
have -> : \sum_c ((w j c, velocity_w sigma sigma' x e a w j c) : dual K) ^+ 2
    = (\sum_c w j c ^+ 2, \sum_c 2%:R * (w j c * velocity_w sigma sigma' x e a w j c)) :> dual K.
  by rewrite -dual_sum; apply: eq_bigr => c _; rewrite expr2; congr (_, _) => /=; ring.
have -> : pure k * ((a j, velocity_a sigma x e a w j) : dual K) ^+ 2
    = (k * a j ^+ 2, 2%:R * (k * (a j * velocity_a sigma x e a w j))) :> dual K.
  by rewrite pure_mul expr2; congr (_, _) => /=; ring.
have sub (a1 b1 a2 b2 : K) : ((a1, b1) : dual K) - ((a2, b2) : dual K) = (a1 - a2, b1 - b2) by [].
rewrite sub; congr (_, _); rewrite -big_distrr /=.
have -> : \sum_c w j c * velocity_w sigma sigma' x e a w j c = k * (a j * velocity_a sigma x e a w j).
  rewrite /velocity_w /velocity_a mulrN mulrN; under eq_bigr => c _ do rewrite mulrN.
  rewrite sumrN; congr (- _); under eq_bigr => c _ do rewrite big_distrr /=.
  rewrite exchange_big !big_distrr /=; apply: eq_bigr => i _.
  transitivity (e i (output sigma x a w i) * a j * (sigma' (preactivation x (w j) i) * preactivation x (w j) i)).
    by rewrite [X in _ = _ * (_ * X)]/preactivation !big_distrr /=; apply: eq_bigr => c _; ring.
  by rewrite euler; ring.
by rewrite subrr.
Qed.

(* matrices over dual numbers: A + eps dA *)
Definition dual_mx (K : comRingType) p q (A dA : 'M[K]_(p, q)) : 'M[dual_comRingType K]_(p, q) := \matrix_(i, j) (A i j, dA i j).
(* the product rule *)
Lemma dual_mul (K : comRingType) p q r (A dA : 'M[K]_(p, q)) (B dB : 'M[K]_(q, r)) :
  dual_mx A dA *m dual_mx B dB = dual_mx (A *m B) (A *m dB + dA *m B).
Proof.
apply/matrixP => i j; rewrite !mxE -big_split /= -[RHS]dual_sum.
by apply: eq_bigr => l _; rewrite !mxE.
Qed.

Section Layers.
(* f = U V W A x: two layers V = W_(l+1) and W = W_l of a linear network that follow one another, the product U
   of the layers above and the product A of those below; the loss is any function of f, E its gradient *)
Variables (K : comRingType) (p q r s t : nat).
Variables (U : 'M[K]_(p, q)) (A : 'M[K]_(s, t)) (E : 'M[K]_(p, t)).
Implicit Types (V : 'M[K]_(q, r)) (W : 'M[K]_(r, s)).
(* the derivative of the loss in the direction (dV, dW) *)
Definition layers_slope V W dV dW := \tr (E^T *m (U *m (dV *m W + V *m dW) *m A)).
(* the velocities of gradient flow *)
Definition velocity_above W : 'M[K]_(q, r) := - (U^T *m E *m (W *m A)^T).
Definition velocity_below V : 'M[K]_(r, s) := - ((U *m V)^T *m E *m A^T).

(* they are the negative gradient *)
Lemma layers_velocity V W dV dW :
  layers_slope V W dV dW = - (\tr ((velocity_above W)^T *m dV) + \tr ((velocity_below V)^T *m dW)).
Proof.
rewrite /layers_slope /velocity_above /velocity_below !linearN /= !mulNmx !linearN /= -opprD opprK.
rewrite mulmxDr mulmxDl mulmxDr linearD /=; congr (_ + _); rewrite !trmx_mul !trmxK.
  transitivity (\tr ((E^T *m U *m dV) *m (W *m A))); first by rewrite !mulmxA.
  by rewrite mxtrace_mulC !mulmxA.
transitivity (\tr ((E^T *m U *m V *m dW) *m A)); first by rewrite !mulmxA.
by rewrite mxtrace_mulC !mulmxA.
Qed.
End Layers.

(* the balance W_(l+1)^T W_(l+1) - W_l W_l^T *)
Definition layers_balance (K : comRingType) q r s (V : 'M[K]_(q, r)) (W : 'M[K]_(r, s)) := V^T *m V - W *m W^T.

Theorem regularization_homogeneous_conserved_layers (K : comRingType) p q r s t
    (U : 'M[K]_(p, q)) (A : 'M[K]_(s, t)) (E : 'M[K]_(p, t)) (V : 'M[K]_(q, r)) (W : 'M[K]_(r, s)) :
  layers_balance (dual_mx V (velocity_above U A E W)) (dual_mx W (velocity_below U A E V)) = dual_mx (layers_balance V W) 0.
Proof.
have tr a b (M dM : 'M[K]_(a, b)) : (dual_mx M dM)^T = dual_mx M^T dM^T by apply/matrixP => i j; rewrite !mxE.
have sub a b (M dM N dN : 'M[K]_(a, b)) : dual_mx M dM - dual_mx N dN = dual_mx (M - N) (dM - dN).
  by apply/matrixP => i j; rewrite !mxE.
rewrite /layers_balance !tr !dual_mul sub; congr dual_mx.
rewrite /velocity_above /velocity_below !linearN /= !trmx_mul !trmxK ?mulmxN ?mulNmx !mulmxA.
by rewrite [X in _ - X]addrC subrr.
Qed.

(* ---- controls ---- *)

(* the degree 2 for the linear activation, whose degree is 1: one neuron, one sample, all numbers 1 *)
Theorem control_regularization_homogeneous_conserved :
  ~ forall (K : comRingType) m n d (sigma sigma' : K -> K) k x (e : 'I_n -> K -> K),
  (forall z, sigma' z * z = k * sigma z) -> forall (a : 'I_m -> K) (w : 'I_m -> 'I_d -> K) j,
  balance (pure (k + 1)) ((a j, velocity_a sigma x e a w j) : dual K) (fun c => (w j c, velocity_w sigma sigma' x e a w j c) : dual K)
  = (balance (k + 1) (a j) (w j), 0) :> dual K.
Proof.
move=> H; pose Z := [comRingType of int]; pose one (i c : 'I_1) : Z := 1.
have := H Z 1%N 1%N 1%N id (fun _ => 1) 1 one (fun _ _ => 1) _ (fun _ => 1) one 0.
move=> /(_ (fun z => erefl)) /(congr1 snd).
by rewrite /balance /velocity_a /velocity_w /output /preactivation /one !big_ord1.
Qed.

(* the sum in place of the difference: sizes 1, all numbers 1 *)
Theorem control_regularization_homogeneous_conserved_layers :
  ~ forall (K : comRingType) p q r s t (U : 'M[K]_(p, q)) (A : 'M[K]_(s, t)) (E : 'M[K]_(p, t)) (V : 'M[K]_(q, r)) (W : 'M[K]_(r, s)),
  let sum (L : comRingType) (V : 'M[L]_(q, r)) (W : 'M[L]_(r, s)) := V^T *m V + W *m W^T in
  sum _ (dual_mx V (velocity_above U A E W)) (dual_mx W (velocity_below U A E V)) = dual_mx (sum _ V W) 0.
Proof.
move=> H; pose Z := [comRingType of int].
have := H Z 1%N 1%N 1%N 1%N 1%N 1%:M 1%:M 1%:M 1%:M 1%:M.
move=> /matrixP/(_ 0 0)/(congr1 snd).
rewrite /velocity_above /velocity_below !trmx1 !mulmx1 !mul1mx.
by rewrite !mxE !big_ord1 !mxE.
Qed.
