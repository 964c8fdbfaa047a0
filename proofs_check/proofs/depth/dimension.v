(* depth.lifting.dimension: the lifts of one shallow network form a set whose tangent space at a linearised t is
   the kernel of the derivative of the merging map pi; its rank, for all widths, and so the dimension. *)
From mathcomp Require Import all_ssreflect all_algebra zify.
From ProofsCheck.factorization Require Import strata.
From ProofsCheck.depth Require Import lifting.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Dimension.
Variables (F : fieldType) (Below Above : Type) (p s r : nat) (lam mu : 'rV[F]_s).
Notation deep := (deep F Below Above p s r).
Implicit Types t d : deep.

(* the new parameters W', What, bhat, b' of a direction d as one row, and those of a shallow direction *)
Definition new_parameters d : 'rV[F]_((r * s + s * p) + (s + r)) :=
  row_mx (row_mx (mxvec (W' d)) (mxvec (Wh d))) (row_mx (bh d)^T (b' d)^T).
Definition weights_and_bias (u : shallow F Below Above p r) : 'rV[F]_(r * p + r) := row_mx (mxvec (sW u)) (sb u)^T.

Variable t : deep.
Notation A := (W' t *m diag_mx lam).
Notation B := (diag_mx lam *m Wh t).
Notation c := (diag_mx lam *m bh t + mu^T).
(* the derivative of pi in the new parameters, as a matrix *)
Definition constraints : 'M[F]_((r * s + s * p) + (s + r), r * p + r) :=
  col_mx (row_mx (tangents A B) (col_mx (lin1_mx (trmx \o (mulmxr c \o vec_mx))) 0)) (col_mx (row_mx 0 A^T) (row_mx 0 1%:M)).

Lemma constraintsE d : new_parameters d *m constraints = weights_and_bias (dpi lam mu t d).
Proof.
rewrite /new_parameters /constraints !mul_row_col !mul_mx_row !mul_row_col !mul_vec_lin mul_rV_lin1 /= mxvecK !mulmx0 !add_row_mx.
rewrite addr0 mulmx1 /weights_and_bias /dpi /L /=; congr row_mx; first by rewrite addr0 -linearD /= !mulmxA.
rewrite addr0 addrA -trmx_mul -!linearD /= -!mulmxA.
by [].
Qed.

(* dimension of the shallow parameters minus the cokernel (r - rank W' L) (p - rank L What) *)
Theorem depth_lifting_dimension :
  \rank constraints = (r * p - (r - \rank A) * (p - \rank B) + r)%N /\
  (\rank A = r \/ \rank B = p ->
   ((r * s + s * p) + (s + r) - \rank constraints = s * (p + r + 1) - r * p)%N).
Proof.
have E : \rank constraints = (r * p - (r - \rank A) * (p - \rank B) + r)%N.
  rewrite -mf_strata /constraints.
  set T := tangents A B; set C := col_mx _ 0 : 'M_(_, r).
  have -> : \rank (col_mx (row_mx T C) (col_mx (row_mx 0 A^T) (row_mx 0 1%:M))) = \rank (col_mx (row_mx T 0) (row_mx 0 1%:M) : 'M_(_, r * p + r)).
    apply: eqmx_rank; rewrite -!addsmxE; apply/andP; split; last first.
      rewrite addsmx_sub; apply/andP; split; last first.
        by apply: submx_trans (addsmxSr _ _); rewrite -addsmxE addsmxSr.
      rewrite (_ : row_mx T 0 = row_mx T C - C *m row_mx 0 1%:M); last by rewrite mul_mx_row mulmx0 mulmx1 opp_row_mx add_row_mx oppr0 addr0 subrr.
      apply: addmx_sub; first exact: addsmxSl.
      rewrite eqmx_opp; apply: mulmx_sub; apply: submx_trans (addsmxSr _ _); rewrite -addsmxE; exact: addsmxSr.
    rewrite addsmx_sub; apply/andP; split.
      rewrite (_ : row_mx T C = row_mx T 0 + C *m row_mx 0 1%:M); last by rewrite mul_mx_row mulmx0 mulmx1 add_row_mx addr0 add0r.
      by apply: addmx_sub; [exact: addsmxSl | apply: mulmx_sub; exact: addsmxSr].
    rewrite -addsmxE addsmx_sub; apply/andP; split; last exact: addsmxSr.
    rewrite (_ : row_mx 0 A^T = A^T *m row_mx 0 1%:M); last by rewrite mul_mx_row mulmx0 mulmx1.
    by apply: mulmx_sub; exact: addsmxSr.
  by rewrite -/(block_mx T 0 0 1%:M) rank_diag_block_mx mxrank1.
split=> // reg; rewrite E.
have -> : ((r - \rank A) * (p - \rank B) = 0)%N by case: reg => ->; rewrite subnn ?mul0n ?muln0.
have := rank_leq_row A; have := rank_leq_col B.
case: reg => [ra|rb]; [have := rank_leq_col A; rewrite ra | have := rank_leq_row B; rewrite rb]; nia.
Qed.
End Dimension.

(* control: without regularity the cokernel counts: all new weights 0 *)
Theorem control_depth_lifting_dimension : ~ forall (F : fieldType) (Below Above : Type) p s r (lam mu : 'rV[F]_s) (t : deep F Below Above p s r),
  \rank (constraints lam mu t) = (r * p + r)%N.
Proof.
move=> H; pose t := Deep tt tt (0 : 'M[rat]_1) 0 (0 : 'M[rat]_1) 0.
have [E _] := depth_lifting_dimension 0 0 t; have := H _ _ _ _ _ _ 0 0 t.
by rewrite E /= mul0mx mulmx0 mxrank0.
Qed.
