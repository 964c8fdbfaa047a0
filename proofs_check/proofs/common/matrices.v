(* Executable matrices: functions of two natural numbers, with sums that reduce.  Ranks of sets of ordinals as
   counts over lists. *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import networks second_order evaluation.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Matrices.
Variable K : comRingType.
Implicit Types f g : nat -> nat -> K.
Definition mx m n f : 'M[K]_(m, n) := \matrix_(i, j) f i j.
Definition xmul k f g (i j : nat) : K := xsum k (fun l => f i l * g l j).
Definition xadd f g (i j : nat) : K := f i j + g i j.
Definition xtr f (i j : nat) : K := f j i.
Definition rows m n f : seq (seq K) := [seq [seq f i j | j <- iota 0 n] | i <- iota 0 m].

Lemma xmulE m k n f g : mx m k f *m mx k n g = mx m n (xmul k f g).
Proof. by apply/matrixP => i j; rewrite !mxE /xmul -xsumE; apply: eq_bigr => l _; rewrite !mxE. Qed.
Lemma xaddE m n f g : mx m n f + mx m n g = mx m n (xadd f g).
Proof. by apply/matrixP => i j; rewrite !mxE. Qed.
Lemma xtrE m n f : (mx m n f)^T = mx n m (xtr f).
Proof. by apply/matrixP => i j; rewrite !mxE. Qed.

Fixpoint xprod n (f : nat -> K) : K := if n is n'.+1 then xprod n' f * f n' else 1.
Lemma xprodE n (f : nat -> K) : \prod_(j < n) f j = xprod n f.
Proof. by elim: n => [|n IH]; rewrite ?big_ord0 // big_ord_recr IH. Qed.
End Matrices.

(* the number of ordinals with a property *)
Lemma card_count n (P : pred nat) : #|[set j : 'I_n | P j]| = count P (iota 0 n).
Proof. by rewrite -val_enum_ord count_map enumT cardsE cardE /enum_mem size_filter. Qed.
Lemma exists_has n (P : pred nat) : [exists k : 'I_n, P k] = has P (iota 0 n).
Proof.
apply/existsP/hasP => [[k Pk]|[k]]; first by exists (k : nat); rewrite ?mem_iota ?add0n ?ltn_ord.
by rewrite mem_iota add0n => /andP[_ kn] Pk; exists (Ordinal kn).
Qed.
