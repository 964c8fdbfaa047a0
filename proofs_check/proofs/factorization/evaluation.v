(* Executable forms of the derivatives of matrix factorizations, proved equal to the definitions. *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import evaluation matrices.
From ProofsCheck.factorization Require Import strata deep symmetric.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

(* the derivative of A B in the direction (dA, dB); the row space of `tangents A B` is all of these (tangentsP) *)
Definition derivative2 (K : comRingType) m (f g df dg : nat -> nat -> K) := xadd (xmul m df g) (xmul m f dg).
Theorem derivative2E (F : fieldType) d1 m d2 (f g df dg : nat -> nat -> F) :
  mx d1 m df *m mx m d2 g + mx d1 m f *m mx m d2 dg = mx d1 d2 (derivative2 m f g df dg).
Proof. by rewrite !xmulE xaddE. Qed.

(* the derivative of A A^T in the direction dA *)
Definition symmetric_derivative (K : comRingType) m (f df : nat -> nat -> K) := xadd (xmul m f (xtr df)) (xmul m df (xtr f)).
Theorem symmetric_derivativeE (F : fieldType) d m (f df : nat -> nat -> F) :
  symmetrized (mx d m f) (mx d m df) = mx d d (symmetric_derivative m f df).
Proof. by rewrite /symmetrized !xtrE !xmulE xaddE. Qed.

(* factors as a list: inner width and entries of each factor but the last, whose width is the number of columns n *)
Section Chain.
Variables (K : comRingType) (n : nat).
Implicit Types (c : seq (nat * (nat -> nat -> K))) (last : nat -> nat -> K).
Fixpoint product_of c last : nat -> nat -> K :=
  if c is (k, f) :: c' then xmul k f (product_of c' last) else last.
Fixpoint derivative_of c last (dc : seq (nat -> nat -> K)) dlast : nat -> nat -> K :=
  if c is (k, f) :: c' then
    xadd (xmul k (head (fun _ _ => 0) dc) (product_of c' last)) (xmul k f (derivative_of c' last (behead dc) dlast))
  else dlast.
End Chain.

Section ChainTangent.
Variables (F : fieldType) (n : nat).
Fixpoint factors_of m (c : seq (nat * (nat -> nat -> F))) (last : nat -> nat -> F) : factors F m n :=
  if c is (k, f) :: c' then Before (mx m k f) (factors_of k c' last) else Last (mx m n last).

Theorem product_ofE m c last : product (factors_of m c last) = mx m n (product_of c last).
Proof. by elim: c m => [|[k f] c IH] m //=; rewrite IH xmulE. Qed.

Theorem derivative_ofE m c last dc dlast : tangent (factors_of m c last) (mx m n (derivative_of c last dc dlast)).
Proof.
elim: c m dc => [|[k f] c IH] m dc /=; first exact: tangent_last.
rewrite -xaddE -!xmulE -product_ofE; apply: tangent_before; exact: IH.
Qed.
End ChainTangent.

(* ---- the right-hand sides as numbers ---- *)
Definition strata_rank d1 d2 a b := (d1 * d2 - (d1 - a) * (d2 - b))%N.
Theorem strata_rankE (F : fieldType) d1 d2 m (A : 'M[F]_(d1, m)) (B : 'M[F]_(m, d2)) :
  \rank (tangents A B) = strata_rank d1 d2 (\rank A) (\rank B).
Proof. exact: mf_strata. Qed.

Definition function_rank d1 d2 r := (r * (d1 + d2 - r))%N.
Theorem function_rankE (F : fieldType) d1 d2 m (X : 'M[F]_(d1, d2)) : (@mxrank F d1 d2 X <= m)%N ->
  exists (A : 'M_(d1, m)) (B : 'M_(m, d2)), A *m B = X /\ \rank (tangents A B) = function_rank d1 d2 (@mxrank F d1 d2 X).
Proof. by move=> /mf_function_rank[[A [B AB]] _]; exists A, B. Qed.

Definition symmetric_rank d a := (a * d - 'C(a, 2))%N.
Theorem symmetric_rankE (F : fieldType) (two : 2%:R != 0 :> F) d m (A : 'M[F]_(d, m)) :
  \rank (symmetric_tangents A) = symmetric_rank d (\rank A).
Proof. exact: mf_sym. Qed.

(* p_0, the ranks p_1 .. p_(L-1) of the products from the left, s_2 .. s_L of those from the right, and n columns *)
Fixpoint deep_rank (p0 : nat) (ps ss : seq nat) (n : nat) : nat :=
  if ps is p :: ps' then ((p0 - p) * head 0 ss + deep_rank p ps' (behead ss) n)%N else (p0 * n)%N.
Section DeepRank.
Variable F : fieldType.
Fixpoint prefix_ranks q m n (P : 'M[F]_(q, m)) (c : factors F m n) : seq nat :=
  match c in factors _ m n return 'M[F]_(q, m) -> seq nat with
  | Last _ _ _ => fun _ => [::]
  | Before _ _ _ A c' => fun P => \rank (P *m A) :: prefix_ranks (P *m A) c'
  end P.
Fixpoint suffix_ranks m n (c : factors F m n) : seq nat :=
  match c with Last _ _ _ => [::] | Before _ _ _ _ c' => \rank (product c') :: suffix_ranks c' end.
Theorem deep_rankE m n (c : factors F m n) : \rank (deep_tangents c) = deep_rank m (prefix_ranks 1%:M c) (suffix_ranks c) n.
Proof.
have gen q (P : 'M[F]_(q, m)) : rank_sum P c = deep_rank (\rank P) (prefix_ranks P c) (suffix_ranks c) n.
  by elim: c q P => {m n} [m n A|m k n A c IH] q P //=; rewrite IH.
by rewrite mf_deep gen mxrank1.
Qed.
End DeepRank.
