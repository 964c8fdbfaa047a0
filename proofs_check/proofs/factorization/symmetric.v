(* mf.sym: f(A) = A A^T for every size, over every field in which 2 is not 0. *)
From mathcomp Require Import all_ssreflect all_algebra zify.
From ProofsCheck.factorization Require Import strata.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Symmetric.
Variable F : fieldType.
Hypothesis two : 2%:R != 0 :> F.

(* V -> A V^T + V A^T, the derivative of A A^T in the direction V, as a linear map *)
Definition symmetrized d m (A : 'M[F]_(d, m)) (V : 'M[F]_(d, m)) := A *m V^T + V *m A^T.
Lemma symmetrized_linear d m (A : 'M[F]_(d, m)) : linear (symmetrized A).
Proof.
move=> a U V; rewrite /symmetrized linearP /= mulmxDr mulmxDl -scalemxAl -scalemxAr scalerDr.
by rewrite addrACA.
Qed.
Canonical symmetrized_additive d m (A : 'M[F]_(d, m)) := Additive (symmetrized_linear A).
Canonical symmetrized_linearType d m (A : 'M[F]_(d, m)) := Linear (symmetrized_linear A).

(* the tangent function space at A; its dimension is the model rank *)
Definition symmetric_tangents d m (A : 'M[F]_(d, m)) : 'M[F]_(d * m, d * d) := lin_mx (symmetrized A).

Lemma mul_symmetric d m (A V : 'M[F]_(d, m)) : mxvec V *m symmetric_tangents A = mxvec (A *m V^T + V *m A^T).
Proof. by rewrite mul_vec_lin. Qed.

(* all symmetric matrices X + X^T, as a row space *)
Definition sym d : 'M[F]_(d * d) := symmetric_tangents (1%:M : 'M[F]_d).
Lemma mul_sym d (V : 'M[F]_d) : mxvec V *m sym d = mxvec (V^T + V).
Proof. by rewrite mul_symmetric mul1mx trmx1 mulmx1. Qed.

Lemma half (V : lmodType F) (x : V) : 2%:R^-1 *: (x + x) = x.
Proof. by rewrite -mulr2n -scaler_nat scalerA mulVf ?scale1r. Qed.

Lemma symP d (X : 'M[F]_d) : reflect (X^T = X) (mxvec X <= sym d)%MS.
Proof.
apply: (iffP submxP) => [[D]|XX].
  rewrite -[D]vec_mxK mul_sym => /(can_inj mxvecK) ->.
  by rewrite linearD /= trmxK addrC.
by exists (mxvec (2%:R^-1 *: X)); rewrite mul_sym linearZ /= XX -scalerDr half.
Qed.

(* B: a basis of the vectors with B A = 0.  A symmetric X is a tangent exactly when B X B^T = 0. *)
Lemma symmetric_tangents_ker d m (A : 'M[F]_(d, m)) : let B := row_base (kermx A) in
  (symmetric_tangents A :=: sym d :&: kermx (sandwich B B^T))%MS.
Proof.
move=> B; have BA : B *m A = 0 by apply/sub_kermxP; rewrite eq_row_base.
apply/eqmxP/andP; split; apply/row_subP => i.
  rewrite rowE -[delta_mx 0 i]vec_mxK mul_symmetric; set V := vec_mx _; rewrite sub_capmx; apply/andP; split.
    by apply/symP; rewrite linearD /= !trmx_mul !trmxK addrC.
  rewrite sub_kermx mul_sandwich mulmxDr mulmxDl mulmxA BA !mul0mx add0r.
  by rewrite -!mulmxA -trmx_mul BA trmx0 !mulmx0 linear0.
have := row_sub i (sym d :&: kermx (sandwich B B^T))%MS.
rewrite sub_capmx -[row i _]vec_mxK; set X := vec_mx _ => /andP[/symP XX].
rewrite sub_kermx mul_sandwich => /eqP BXB.
have {}BXB : B *m X *m B^T = 0 by apply: (can_inj mxvecK); rewrite BXB linear0.
(* X = U A^T + A V, and then X = (X + X^T) / 2 = A Z^T + Z A^T *)
have [U [V XE]] : exists U V, X = U *m A^T + A *m V.
  have /submxP[C KC] : (kermx A <= B)%MS by rewrite eq_row_base.
  have /submxP[D KD] : ((cokermx A^T)^T <= B)%MS.
    by rewrite eq_row_base sub_kermx -{2}[A]trmxK -trmx_mul mulmx_coker trmx0.
  suff /tangentsP[U [V ->]] : (mxvec X <= tangents A A^T)%MS by exists U, V.
  rewrite tangents_ker sub_kermx mul_sandwich -[cokermx _]trmxK KC KD.
  have -> : C *m B *m X *m (D *m B)^T = C *m (B *m X *m B^T) *m D^T by rewrite trmx_mul !mulmxA.
  by rewrite BXB mulmx0 mul0mx linear0.
apply/submxP; exists (mxvec (2%:R^-1 *: (U + V^T))); rewrite mul_symmetric; congr mxvec.
rewrite linearZ /= -scalemxAr -scalemxAl -scalerDr [(U + V^T)^T]linearD /= trmxK mulmxDr mulmxDl.
have XT : X = A *m U^T + V^T *m A^T by rewrite -XX XE linearD /= !trmx_mul trmxK.
rewrite -[LHS]half; congr (_ *: _); rewrite {1}XE XT.
by rewrite addrACA [RHS]addrACA [U *m _ + _]addrC.
Qed.

Lemma sym_sandwich d e (B : 'M[F]_(e, d)) : row_free B -> (sym d *m sandwich B B^T :=: sym e)%MS.
Proof.
move=> /row_freeP[L BL]; apply/eqmxP/andP; split; apply/row_subP => i.
  rewrite row_mul; set v := row i _; rewrite -[v]vec_mxK mul_sandwich; apply/symP.
  have /symP XX : (mxvec (vec_mx v) <= sym d)%MS by rewrite vec_mxK row_sub.
  by rewrite !trmx_mul trmxK XX mulmxA.
have := row_sub i (sym e); rewrite -[row i _]vec_mxK; set X := vec_mx _ => /symP XX.
apply: submx_trans (_ : (mxvec (L *m X *m L^T) *m sandwich B B^T <= _)%MS).
  rewrite mul_sandwich !mulmxA BL mul1mx -mulmxA -trmx_mul BL trmx1 mulmx1; exact: submx_refl.
by apply: submxMr; apply/symP; rewrite !trmx_mul trmxK XX mulmxA.
Qed.

Lemma rank_split d m (A : 'M[F]_(d, m)) : (\rank (symmetric_tangents A) + \rank (sym (d - \rank A)) = \rank (sym d))%N.
Proof.
have := symmetric_tangents_ker A; rewrite -mxrank_ker; set B := row_base _ => /= E.
rewrite E -(mxrank_mul_ker (sym d) (sandwich B B^T)) addnC; congr (_ + _)%N.
by rewrite (sym_sandwich (row_base_free (kermx A))).
Qed.

(* the tangent space at a vector a != 0 has dimension d: a v^T + v a^T = 0 only for v = 0 *)
Lemma rank_vector d (a : 'M[F]_(d, 1)) : a != 0 -> \rank (symmetric_tangents a) = d.
Proof.
move=> a0; suff free : row_free (symmetric_tangents a) by rewrite (eqP free) muln1.
rewrite -kermx_eq0; apply/rowV0P => v0 /sub_kermxP; rewrite -[v0]vec_mxK mul_symmetric; set v := vec_mx v0.
move/eqP; rewrite mxvec_eq0 => /eqP E; suff -> : v = 0 by rewrite linear0.
have entry i j : a i 0 * v j 0 + v i 0 * a j 0 = 0.
  by have /matrixP/(_ i j) := E; rewrite !mxE !big_ord1 !mxE.
have /existsP[k ak] : [exists k, a k 0 != 0].
  apply: contraR a0; rewrite negb_exists => /forallP z; apply/eqP/matrixP => i j.
  by rewrite ord1 mxE; apply/eqP; have := z i; rewrite negbK.
have vk : v k 0 = 0.
  have /eqP := entry k k; rewrite [v k 0 * _]mulrC -mulr2n -mulr_natl mulf_eq0 (negPf two) /=.
  by rewrite mulf_eq0 (negPf ak) => /eqP.
apply/matrixP => i j; rewrite ord1 [RHS]mxE; have /eqP := entry k i.
by rewrite vk mul0r addr0 mulf_eq0 (negPf ak) => /eqP.
Qed.

(* d (d + 1) / 2 *)
Lemma rank_sym d : \rank (sym d) = 'C(d.+1, 2).
Proof.
elim: d => [|d IH]; first by apply/eqP; rewrite -leqn0 (leq_trans (rank_leq_col _)).
pose a : 'M[F]_(d.+1, 1) := delta_mx 0 0.
have a0 : a != 0 by apply/eqP => /matrixP/(_ 0 0)/eqP; rewrite !mxE oner_eq0.
have ra : \rank a = 1%N by apply/eqP; rewrite eqn_leq rank_leq_col lt0n mxrank_eq0.
have := rank_split a; rewrite rank_vector // ra subn1 /= IH => <-.
by rewrite [in RHS]binS bin1 addnC.
Qed.

(* mf.sym: R(A) = a d - a (a - 1) / 2 with a = rank A *)
Theorem mf_sym d m (A : 'M[F]_(d, m)) :
  \rank (symmetric_tangents A) = (\rank A * d - 'C(\rank A, 2))%N.
Proof.
have := rank_split A; rewrite !rank_sym; have := rank_leq_row A.
move: (\rank (symmetric_tangents A)) (\rank A) => R a /subnK <-; rewrite addnK; move: (d - a)%N => e.
have count b : ('C((e + b).+1, 2) + 'C(b, 2) = 'C(e.+1, 2) + b * (e + b))%N.
  elim: b => [|b IH]; first by rewrite addn0 mul0n.
  by rewrite addnS (binS (e + b).+1) (binS b) !bin1 mulSn mulnS; lia.
by have := count a; lia.
Qed.

(* rank A = rank A A^T, and R is constant on all A with A A^T = X, when vectors with v v^T = 0 vanish, as over the reals *)
Theorem mf_sym_function d m m' (A : 'M[F]_(d, m)) (A' : 'M[F]_(d, m')) :
  (forall k (v : 'rV[F]_k), v *m v^T = 0 -> v = 0) -> A *m A^T = A' *m A'^T ->
  \rank A = @mxrank F d d (A *m A^T) /\ \rank (symmetric_tangents A) = \rank (symmetric_tangents A').
Proof.
move=> definite AA; rewrite !mf_sym; split.
  apply/eqP; rewrite eqn_leq mxrankM_maxl andbT.
  suff /mxrankS : (kermx (A *m A^T) <= kermx A)%MS.
    by rewrite !mxrank_ker; have := rank_leq_row A; have := rank_leq_row (A *m A^T); lia.
  apply/row_subP => i; rewrite sub_kermx; apply/eqP/definite.
  have z : row i (kermx (A *m A^T)) *m (A *m A^T) = 0 by rewrite -row_mul mulmx_ker row0.
  by rewrite trmx_mul mulmxA -(mulmxA _ A) z mul0mx.
have sub k l (B : 'M[F]_(d, k)) (C : 'M[F]_(d, l)) : B *m B^T = C *m C^T -> (kermx B <= kermx C)%MS.
  move=> BC; apply/row_subP => i; rewrite sub_kermx; apply/eqP/definite.
  have z : row i (kermx B) *m B = 0 by rewrite -row_mul mulmx_ker row0.
  by rewrite trmx_mul mulmxA -(mulmxA _ C) -BC mulmxA z !mul0mx.
suff -> : \rank A = \rank A' by [].
have := eqmx_rank (introT andP (conj (sub _ _ _ _ AA) (sub _ _ _ _ (esym AA)))).
by rewrite !mxrank_ker; have := rank_leq_row A; have := rank_leq_row A'; lia.
Qed.
End Symmetric.

(* ---- controls ---- *)

(* 2 a d - a^2, the rank of two independent factors *)
Theorem control_mf_sym : ~ forall (F : fieldType), 2%:R != 0 :> F -> forall d m (A : 'M[F]_(d, m)),
  \rank (symmetric_tangents A) = (2 * \rank A * d - \rank A * \rank A)%N.
Proof.
move=> H; have := H rat_fieldType isT 2%N 2%N 1%:M.
by rewrite mf_sym // mxrank1.
Qed.

(* over any field: false where v v^T = 0 for a vector other than 0, as (1, 2) modulo 5 *)
Theorem control_mf_sym_function : ~ forall (F : fieldType), 2%:R != 0 :> F -> forall d m m' (A : 'M[F]_(d, m)) (A' : 'M[F]_(d, m')),
  A *m A^T = A' *m A'^T -> \rank (symmetric_tangents A) = \rank (symmetric_tangents A').
Proof.
move=> H; pose v : 'M['F_5]_(1, 2) := \matrix_(_, j) (if j == 0 then 1 else 2%:R).
have v0 : v *m v^T = (0 : 'M_(1, 2)) *m (0 : 'M_(1, 2))^T.
  rewrite mul0mx; apply/matrixP => i j; rewrite !mxE !big_ord_recl big_ord0 !mxE /=.
  by apply/eqP.
have := H [fieldType of 'F_5] isT _ _ _ _ _ v0; rewrite !mf_sym // mxrank0.
suff -> : \rank v = 1%N by [].
apply/eqP; rewrite eqn_leq rank_leq_row lt0n mxrank_eq0; apply/eqP => /matrixP/(_ 0 0)/eqP.
by rewrite !mxE.
Qed.
