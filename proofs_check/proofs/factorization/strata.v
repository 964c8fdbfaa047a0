(* Matrix factorization f(A, B) = A B for every d1, d2, inner width m and every field (2211.11623, Lemma 2 and
   Proposition 1, square there): the model rank at a point, and that of a matrix. *)
From mathcomp Require Import all_ssreflect all_algebra zify.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Sandwich.
Variable F : fieldType.

(* X -> K X Q as a matrix that acts on the entries of X *)
Definition sandwich p m n q (K : 'M[F]_(p, m)) (Q : 'M[F]_(n, q)) :=
  lin_mx (mulmxr Q \o mulmx K).

Lemma mul_sandwich p m n q (K : 'M[F]_(p, m)) (Q : 'M[F]_(n, q)) X :
  mxvec X *m sandwich K Q = mxvec (K *m X *m Q).
Proof. by rewrite mul_vec_lin. Qed.

Lemma sandwichM p m n q p' q' (K : 'M[F]_(p, m)) (Q : 'M[F]_(n, q)) (K' : 'M[F]_(p', p)) (Q' : 'M[F]_(q, q')) :
  sandwich K Q *m sandwich K' Q' = sandwich (K' *m K) (Q *m Q').
Proof.
apply/row_matrixP => i; rewrite !rowE mulmxA.
by rewrite -[delta_mx 0 i]vec_mxK !mul_sandwich !mulmxA.
Qed.

Lemma rank_sandwich p m n q (K : 'M[F]_(p, m)) (Q : 'M[F]_(n, q)) :
  \rank (sandwich K Q) = (\rank K * \rank Q)%N.
Proof.
rewrite -[in LHS](mulmx_base K) -[in LHS](mulmx_base Q) -sandwichM.
rewrite mxrankMfree; last first.
  apply/row_freeP; exists (sandwich (pinvmx (col_base K)) (pinvmx (row_base Q))).
  rewrite sandwichM.
  have -> : pinvmx (col_base K) *m col_base K = 1%:M by apply: mulVpmx; apply: col_base_full.
  have -> : row_base Q *m pinvmx (row_base Q) = 1%:M by apply: mulmxVp; apply: row_base_free.
  apply/row_matrixP => i; rewrite !rowE mulmx1.
  by rewrite -[delta_mx 0 i in LHS]vec_mxK mul_sandwich mul1mx mulmx1 vec_mxK.
apply/eqP; change (row_full (sandwich (row_base K) (col_base Q))).
apply/row_fullP; exists (sandwich (pinvmx (row_base K)) (pinvmx (col_base Q))).
rewrite sandwichM.
have -> : row_base K *m pinvmx (row_base K) = 1%:M by apply: mulmxVp; apply: row_base_free.
have -> : pinvmx (col_base Q) *m col_base Q = 1%:M by apply: mulVpmx; apply: col_base_full.
apply/row_matrixP => i; rewrite !rowE mulmx1.
by rewrite -[delta_mx 0 i in LHS]vec_mxK mul_sandwich mul1mx mulmx1 vec_mxK.
Qed.

Variables (d1 d2 m : nat).

(* The tangent function space at (A, B): all dA B + A dB, as the row space of one matrix; its dimension is
   the model rank R(A, B). *)
Definition tangents (A : 'M[F]_(d1, m)) (B : 'M[F]_(m, d2)) :=
  col_mx (lin_mx (mulmxr B)) (lin_mx (mulmx A)).

Lemma tangentsP A B (X : 'M[F]_(d1, d2)) :
  reflect (exists U V, X = U *m B + A *m V) (mxvec X <= tangents A B)%MS.
Proof.
apply: (iffP submxP) => [[D HD]|[U [V ->]]].
  exists (vec_mx (lsubmx D)), (vec_mx (rsubmx D)).
  apply: (can_inj mxvecK); rewrite HD /tangents -{1}[D]hsubmxK mul_row_col linearD /=.
  by rewrite -{1}[lsubmx D]vec_mxK -{1}[rsubmx D]vec_mxK !mul_vec_lin.
exists (row_mx (mxvec U) (mxvec V)).
by rewrite mul_row_col !mul_vec_lin linearD.
Qed.

Lemma tangents_ker A B : (tangents A B :=: kermx (sandwich (kermx A) (cokermx B)))%MS.
Proof.
apply/eqmxP/andP; split.
  rewrite sub_kermx; apply/eqP/row_matrixP => i; rewrite row_mul row0.
  have := row_sub i (tangents A B).
  rewrite -[row i _]vec_mxK => /tangentsP[U [V ->]].
  rewrite mul_sandwich mulmxDr mulmxDl -mulmxA -(mulmxA U) mulmx_coker !mulmx0 add0r.
  by rewrite mulmxA mulmx_ker !mul0mx linear0.
apply/row_subP => i.
have := row_sub i (kermx (sandwich (kermx A) (cokermx B))).
rewrite -[row i _]vec_mxK; set X := vec_mx _; rewrite sub_kermx mul_sandwich => /eqP H.
have {}H : kermx A *m X *m cokermx B = 0 by apply: (can_inj mxvecK); rewrite H linear0.
apply/tangentsP.
have [Z HZ] : exists Z, X *m cokermx B = A *m Z.
  exists (pinvmx A *m (X *m cokermx B)); rewrite mulmxA.
  apply/eqP; rewrite -subr_eq0 -{1}[X *m cokermx B]mul1mx -mulmxBl; apply/eqP.
  have /submxP[D ->] : (1%:M - A *m pinvmx A <= kermx A)%MS.
    by rewrite sub_kermx mulmxBl mul1mx mulmxKpV // subrr.
  by rewrite -mulmxA (mulmxA (kermx A)) H mulmx0.
have /submxP[U HU] : (X - A *m (pinvmx A *m X) <= B)%MS.
  rewrite submxE mulmxBl -!mulmxA; apply/eqP.
  by rewrite HZ -{1}(mulmxKpV (submx_refl A)) -!mulmxA subrr.
exists U, (pinvmx A *m X); rewrite -HU.
by rewrite addrNK.
Qed.

(* mf.strata: the rank depends on the ranks of the factors alone *)
Theorem mf_strata (A : 'M[F]_(d1, m)) (B : 'M[F]_(m, d2)) :
  \rank (tangents A B) = (d1 * d2 - (d1 - \rank A) * (d2 - \rank B))%N.
Proof. by rewrite tangents_ker mxrank_ker rank_sandwich mxrank_ker mxrank_coker. Qed.

(* Sylvester: the strata of the target set {(A, B) : A B = X} *)
Lemma strata_of_target (X : 'M[F]_(d1, d2)) (A : 'M[F]_(d1, m)) (B : 'M[F]_(m, d2)) : A *m B = X ->
  [/\ (\rank X <= \rank A <= minn d1 m)%N, (\rank X <= \rank B <= minn m d2)%N
     & (\rank A + \rank B - m <= \rank X)%N].
Proof.
move=> <-; rewrite mxrankM_maxl mxrankM_maxr !leq_min !rank_leq_row !rank_leq_col.
by split=> //; rewrite leq_subLR addnC mxrank_mul_min || apply: mxrank_mul_min.
Qed.

(* R(X) = r (d1 + d2 - r) with r = rank X: a lower bound on the whole target set, attained if m >= r *)
Lemma formula_mono a b r : (r <= a)%N -> (r <= b)%N ->
  (d1 * d2 - (d1 - r) * (d2 - r) <= d1 * d2 - (d1 - a) * (d2 - b))%N.
Proof. by move=> ra rb; rewrite leq_sub2l // leq_mul // leq_sub2l. Qed.

Lemma formulaE r : (r <= d1)%N -> (r <= d2)%N ->
  (d1 * d2 - (d1 - r) * (d2 - r) = r * (d1 + d2 - r))%N.
Proof.
move=> /subnK <- /subnK <-; rewrite !addnK; move: (d1 - r)%N (d2 - r)%N => a b.
have -> : (a + r + (b + r) - r = a + b + r)%N by lia.
by rewrite mulnDl !mulnDr; lia.
Qed.

Theorem mf_function_rank (X : 'M[F]_(d1, d2)) : (\rank X <= m)%N ->
  let r : nat := @mxrank F d1 d2 X in
  (exists A B, A *m B = X /\ \rank (tangents A B) = (r * (d1 + d2 - r))%N) /\
  (forall A B, A *m B = X -> (r * (d1 + d2 - r) <= \rank (tangents A B))%N).
Proof.
move=> rm r; have r1 : (r <= d1)%N by apply: rank_leq_row.
have r2 : (r <= d2)%N by apply: rank_leq_col.
rewrite -formulaE //; split.
  pose P : 'M[F]_(r, m) := pid_mx r; pose Q : 'M[F]_(m, r) := pid_mx r.
  have PQ : P *m Q = 1%:M by rewrite mul_pid_mx minnn (minn_idPr rm) pid_mx_1.
  exists (col_base X *m P), (Q *m row_base X); split.
    by rewrite mulmxA -(mulmxA _ P) PQ mulmx1 mulmx_base.
  rewrite mf_strata; congr (_ - (_ - _) * (_ - _))%N.
    rewrite mxrankMfree; last by rewrite /row_free rank_pid_mx.
    exact: eqP (col_base_full X).
  rewrite -mxrank_tr trmx_mul mxrankMfree ?mxrank_tr; last by rewrite /row_free mxrank_tr rank_pid_mx.
  exact: eqP (row_base_free X).
move=> A B AB; have [/andP[rA _] /andP[rB _] _] := strata_of_target AB.
by rewrite mf_strata; apply: formula_mono.
Qed.

End Sandwich.

(* ---- controls ---- *)

(* rows and columns exchanged *)
Theorem control_mf_strata : ~ forall (F : fieldType) d1 d2 m (A : 'M[F]_(d1, m)) (B : 'M[F]_(m, d2)),
  \rank (tangents A B) = (d1 * d2 - (d2 - \rank A) * (d1 - \rank B))%N.
Proof.
move=> H; have := H rat_fieldType 1%N 2%N 1%N 1%:M 0.
by rewrite mf_strata mxrank0 mxrank1.
Qed.

(* the least at every pair of factors: false at 1 * 0 already, which represents 0 *)
Theorem control_mf_function_rank : ~ forall (F : fieldType) d1 d2 m (A : 'M[F]_(d1, m)) (B : 'M[F]_(m, d2)),
  let r : nat := @mxrank F d1 d2 (A *m B) in \rank (tangents A B) = (r * (d1 + d2 - r))%N.
Proof.
move=> H; have := H rat_fieldType 1%N 1%N 1%N 1%:M 0.
by rewrite mf_strata mulmx0 !mxrank0 mxrank1.
Qed.
