(* mf.deep: products of any number of matrices f(A_1, .., A_L) = A_1 .. A_L, over every field. *)
From mathcomp Require Import all_ssreflect all_algebra zify.
From ProofsCheck.factorization Require Import strata.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Deep.
Variable F : fieldType.

(* factors m n: matrices A_1, .., A_L, L >= 1, whose product is m x n *)
Inductive factors : nat -> nat -> Type :=
| Last m n of 'M[F]_(m, n) : factors m n
| Before m k n of 'M[F]_(m, k) & factors k n : factors m n.

Fixpoint product m n (c : factors m n) : 'M[F]_(m, n) :=
  match c with Last _ _ A => A | Before _ _ _ A c' => A *m product c' end.

(* the tangent function space: all sums of A_1 .. dA_i .. A_L *)
Inductive tangent : forall m n, factors m n -> 'M[F]_(m, n) -> Prop :=
| tangent_last m n (A dA : 'M_(m, n)) : tangent (Last A) dA
| tangent_before m k n (A dA : 'M_(m, k)) (c : factors k n) Y : tangent c Y -> tangent (Before A c) (dA *m product c + A *m Y).

(* ... as the row space of one matrix, whose rank is the model rank *)
Fixpoint tangent_width m n (c : factors m n) : nat :=
  match c with Last m n _ => m * n | Before m k _ _ c' => m * k + tangent_width c' end.
Fixpoint deep_tangents m n (c : factors m n) : 'M[F]_(tangent_width c, m * n) :=
  match c with
  | Last m n A => 1%:M
  | Before _ _ _ A c' => col_mx (lin_mx (mulmxr (product c'))) (deep_tangents c' *m lin_mx (mulmx A))
  end.

Lemma deep_tangentsP m n (c : factors m n) X : (mxvec X <= deep_tangents c)%MS <-> tangent c X.
Proof.
split.
  elim: c X => {m n} [m n A|m k n A c IH] X /=; first by move=> _; exact: tangent_last.
  case/submxP=> D; rewrite -[D]hsubmxK mul_row_col -[lsubmx D]vec_mxK mul_vec_lin mulmxA.
  have /IH : (mxvec (vec_mx (rsubmx D *m deep_tangents c)) <= deep_tangents c)%MS by rewrite vec_mxK submxMl.
  set Y := vec_mx _ => tY; rewrite -[_ *m deep_tangents c]vec_mxK mul_vec_lin -linearD /= => /(can_inj mxvecK) ->.
  exact: tangent_before.
elim=> {m n c X} [m n A dA|m k n A dA c Y _ /submxP[D YD]] /=; first exact: submx1.
apply/submxP; exists (row_mx (mxvec dA) D); rewrite mul_row_col mul_vec_lin mulmxA -YD mul_vec_lin.
by rewrite -linearD.
Qed.

(* sum_i (p_(i-1) - p_i) s_(i+1) with the ranks p_i of the products P A_1 .. A_i, p_L := 0, and s_i of A_i .. A_L,
   s_(L+1) := n; P is what stands before *)
Fixpoint rank_sum p m n (P : 'M[F]_(p, m)) (c : factors m n) : nat :=
  match c in factors m n return 'M[F]_(p, m) -> nat with
  | Last _ n _ => fun P => \rank P * n
  | Before _ _ _ A c' => fun P => (\rank P - \rank (P *m A)) * \rank (product c') + rank_sum (P *m A) c'
  end%N P.

Lemma rank_mulmx p m n (P : 'M[F]_(p, m)) : \rank (lin_mx (mulmx P) : 'M[F]_(m * n, p * n)) = (\rank P * n)%N.
Proof.
rewrite -[n in RHS](@mxrank1 F) -rank_sandwich; congr (\rank _).
by apply/row_matrixP => i; rewrite !rowE -[delta_mx 0 i]vec_mxK mul_sandwich mul_vec_lin mulmx1.
Qed.

Lemma tangent_multiple m n (c : factors m n) (X : 'M_m) : (mxvec (X *m product c) <= deep_tangents c)%MS.
Proof.
case: c X => {m n} [m n A|m k n A c] X /=; first exact: submx1.
apply/submxP; exists (row_mx (mxvec (X *m A)) 0); rewrite mul_row_col mul_vec_lin mul0mx addr0 /=.
by rewrite mulmxA.
Qed.

Lemma rank_after p m n (P : 'M[F]_(p, m)) (c : factors m n) :
  \rank (deep_tangents c *m lin_mx (mulmx P)) = rank_sum P c.
Proof.
elim: c p P => {m n} [m n A|m k n A c IH] p P /=; first by rewrite mul1mx rank_mulmx.
rewrite mul_col_mx; set S := product c.
have -> : (lin_mx (mulmxr S) : 'M_(m * k, m * n)) *m lin_mx (mulmx P) = sandwich P S.
  by apply/row_matrixP => i; rewrite !rowE mulmxA -[delta_mx 0 i]vec_mxK mul_sandwich !mul_vec_lin /= mulmxA.
have -> : deep_tangents c *m lin_mx (mulmx A) *m lin_mx (mulmx P) = deep_tangents c *m lin_mx (mulmx (P *m A)).
  rewrite -mulmxA; congr (_ *m _); apply/row_matrixP => i.
  by rewrite !rowE mulmxA -[delta_mx 0 i]vec_mxK !mul_vec_lin /= mulmxA.
set V := deep_tangents c *m _; rewrite -IH -/V -addsmxE.
have cap : (sandwich P S :&: V :=: sandwich (P *m A) S)%MS.
  apply/eqmxP/andP; split; apply/row_subP => i.
    have := row_sub i (sandwich P S :&: V)%MS; rewrite sub_capmx -[row i _]vec_mxK.
    set Z := vec_mx _ => /andP[/submxP[X ZX] /submxP[Y ZY]].
    have ZS : Z = P *m vec_mx X *m S by apply: (can_inj mxvecK); rewrite ZX -[X in X *m _]vec_mxK mul_sandwich.
    have ZA : Z = P *m A *m vec_mx (Y *m deep_tangents c).
      by apply: (can_inj mxvecK); rewrite ZY mulmxA -[Y *m _]vec_mxK mul_vec_lin vec_mxK.
    apply/submxP; exists (mxvec (vec_mx (Y *m deep_tangents c) *m pinvmx S)); rewrite mul_sandwich; congr mxvec.
    by rewrite mulmxA -ZA mulmxKpV // ZS submxMl.
  rewrite rowE -[delta_mx 0 i]vec_mxK mul_sandwich; set X := vec_mx _; rewrite sub_capmx; apply/andP; split.
    by apply/submxP; exists (mxvec (A *m X)); rewrite mul_sandwich !mulmxA.
  have /submxP[D XD] := tangent_multiple c X.
  by apply/submxP; exists D; rewrite /V mulmxA -XD mul_vec_lin /= -!mulmxA.
have := mxrank_sum_cap (sandwich P S) V; rewrite cap !rank_sandwich => e.
have le : (\rank (P *m A) * \rank S <= \rank P * \rank S)%N by rewrite leq_mul2r mxrankM_maxl orbT.
by rewrite mulnBl; lia.
Qed.

(* mf.deep: R(A_1, .., A_L) = sum_i (p_(i-1) - p_i) s_(i+1) *)
Theorem mf_deep m n (c : factors m n) : \rank (deep_tangents c) = rank_sum 1%:M c.
Proof.
rewrite -rank_after; congr (\rank _); apply/row_matrixP => i.
by rewrite !row_mul; set v := row i _; rewrite -[v]vec_mxK mul_vec_lin /= mul1mx.
Qed.

(* R(X) = r (m + n - r), r = rank X: a lower bound on all factors of X, ... *)
Lemma rank_sum_ge p m n (P : 'M[F]_(p, m)) (c : factors m n) r : (r <= \rank (P *m product c))%N ->
  ((\rank P - r) * r + r * n <= rank_sum P c)%N.
Proof.
elim: c p P => {m n} [m n A|m k n A c IH] p P /= rP.
  have rn : (r <= n)%N by apply: leq_trans rP (rank_leq_col _).
  have rPm : (r <= \rank P)%N by apply: leq_trans rP (mxrankM_maxl _ _).
  by apply: leq_trans (_ : (\rank P - r) * n + r * n <= _)%N; rewrite ?leq_add2r ?leq_mul2l ?rn ?orbT // -mulnDl subnK.
have {}IH := IH _ (P *m A); rewrite -mulmxA in IH; have {}IH := IH rP.
apply: leq_trans (leq_add (leqnn _) IH).
have rS : (r <= \rank (product c))%N by apply: leq_trans rP _; rewrite mulmxA mxrankM_maxr.
have rPA : (r <= \rank (P *m A))%N by apply: leq_trans rP _; rewrite mulmxA mxrankM_maxl.
have PA : (\rank (P *m A) <= \rank P)%N by apply: mxrankM_maxl.
rewrite addnA leq_add2r (_ : \rank P - r = (\rank P - \rank (P *m A)) + (\rank (P *m A) - r))%N; last by lia.
by rewrite mulnDl leq_add2r leq_mul2l rS orbT.
Qed.

(* ... attained by two or more factors of inner widths at least r *)
Fixpoint widths m n (c : factors m n) : seq nat := match c with Last _ _ _ => [::] | Before _ k _ _ c' => k :: widths c' end.

Section Attained.
Variables (m n : nat) (X : 'M[F]_(m, n)).
Notation r := (\rank X).
Fixpoint tail k (ks : seq nat) : factors k n := match ks with
  | [::] => Last (pid_mx r *m row_base X)
  | k' :: ks' => Before (pid_mx r : 'M_(k, k')) (tail k' ks')
  end.
Definition padded k : 'M[F]_(m, k) := col_base X *m pid_mx r.

Lemma pid_step k k' q : (r <= k')%N -> (pid_mx r : 'M[F]_(k, k')) *m (pid_mx r : 'M[F]_(k', q)) = pid_mx r.
Proof. by move=> rk; rewrite mul_pid_mx minnn (minn_idPr rk). Qed.

Lemma tail_product k ks : all (leq r) (k :: ks) -> product (tail k ks) = pid_mx r *m row_base X.
Proof.
elim: ks k => [|k' ks IH] k //= /andP[_ rk]; rewrite IH // mulmxA pid_step //.
by case/andP: rk.
Qed.

Lemma rank_padded k : (r <= k)%N -> \rank (padded k) = r.
Proof.
move=> rk; rewrite mxrankMfree; last by rewrite /row_free rank_pid_mx.
exact: eqP (col_base_full X).
Qed.

Lemma tail_sum k ks : all (leq r) (k :: ks) -> rank_sum (padded k) (tail k ks) = (r * n)%N.
Proof.
elim: ks k => [|k' ks IH] k /= /andP[rk]; first by rewrite rank_padded.
move=> rks; have rk' : (r <= k')%N by case/andP: rks.
have step : padded k *m (pid_mx r : 'M_(k, k')) = padded k' by rewrite /padded -mulmxA pid_step.
by rewrite step !rank_padded // subnn mul0n add0n IH.
Qed.
End Attained.

Theorem mf_deep_function m n (X : 'M[F]_(m, n)) (ks : seq nat) : let r : nat := @mxrank F m n X in
  ks != [::] -> all (leq r) ks ->
  (forall c : factors m n, product c = X -> (r * (m + n - r) <= \rank (deep_tangents c))%N) /\
  (exists c : factors m n, [/\ product c = X, widths c = ks & \rank (deep_tangents c) = (r * (m + n - r))%N]).
Proof.
move=> r; have rm : (r <= m)%N by apply: rank_leq_row.
have E : ((m - r) * r + r * n = r * (m + n - r))%N by rewrite mulnC -mulnDr; congr (_ * _)%N; lia.
case: ks => // k ks _ rks; split=> [c cX|].
  by rewrite mf_deep -E -{1}(@mxrank1 F m); apply: rank_sum_ge; rewrite mul1mx cX.
have rk : (r <= k)%N by case/andP: rks.
exists (Before (padded X k) (tail X k ks)); split.
- rewrite /= tail_product // /padded -mulmxA (mulmxA (pid_mx _)) pid_step // (_ : pid_mx _ = 1%:M) ?mul1mx ?mulmx_base //.
  exact: pid_mx_1.
- by rewrite /=; congr (_ :: _); elim: ks k {rks rk} => //= k' ks IH k; rewrite IH.
rewrite mf_deep /= mul1mx mxrank1 rank_padded // tail_sum // tail_product // -E; congr ((_ - _) * _ + _)%N.
rewrite -mxrank_tr trmx_mul mxrankMfree ?mxrank_tr; last by rewrite /row_free mxrank_tr rank_pid_mx.
exact: eqP (row_base_free X).
Qed.
End Deep.

(* ---- controls ---- *)

(* the ranks of the factors instead of those of their products *)
Fixpoint factor_ranks (F : fieldType) m n (p : nat) (c : factors F m n) : nat :=
  match c with
  | Last _ n _ => p * n
  | Before _ _ _ A c' => (p - \rank A) * \rank (product c') + factor_ranks (\rank A) c'
  end%N.
Theorem control_mf_deep : ~ forall (F : fieldType) m n (c : factors F m n), \rank (deep_tangents c) = factor_ranks m c.
Proof.
(* three factors with A_1 A_2 = 0: the last factor does not move the product *)
pose A := row_mx 1%:M 0 : 'M[rat]_(1, 1 + 1); pose B := col_mx 0 1%:M : 'M[rat]_(1 + 1, 1).
move=> H; have := H _ _ _ (Before A (Before B (Last (0 : 'M[rat]_1)))).
have AB : A *m B = 0 by rewrite mul_row_col mul1mx mul0mx addr0.
have rA : \rank A = 1%N.
  by apply/eqP; rewrite eqn_leq rank_leq_row lt0n mxrank_eq0; apply/eqP => /(congr1 lsubmx) /matrixP/(_ 0 0)/eqP; rewrite row_mxKl !mxE.
have rB : \rank B = 1%N.
  by apply/eqP; rewrite eqn_leq rank_leq_col lt0n mxrank_eq0; apply/eqP => /(congr1 dsubmx) /matrixP/(_ 0 0)/eqP; rewrite col_mxKd !mxE.
by rewrite mf_deep /= !mul1mx AB mulmx0 !mxrank0 mxrank1 rA rB.
Qed.

(* more factors, a smaller rank: false at the zero matrix already *)
Theorem control_mf_deep_function : ~ forall (F : fieldType) m n (X : 'M[F]_(m, n)) (c : factors F m n),
  product c = X -> \rank (deep_tangents c) = (@mxrank F m n X * (m + n - @mxrank F m n X))%N.
Proof.
move=> H; have := H _ _ _ _ (Last (0 : 'M[rat]_1)) erefl.
by rewrite /= mxrank0 mxrank1.
Qed.
