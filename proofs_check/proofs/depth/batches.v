(* The two values of the extremal batch of depth_batchnorm_sharp, squared and times q^2: 1 and q^4. *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.depth Require Import batchnorm.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Definition xextremal (q : nat) : seq nat := undup [:: 1%N; (q ^ 4)%N].
Theorem xextremalE (F : realFieldType) q : (0 < q)%N -> exists2 u : 'I_(q ^ 2).+1 -> F,
  normalised u & forall i, exists2 k, k \in xextremal q & q%:R ^+ 2 * u i ^+ 2 = k%:R.
Proof.
move=> q0; have [u [nu u0 uS]] := @depth_batchnorm_sharp F q q0; exists u => // i.
have nz : q%:R != 0 :> F by rewrite pnatr_eq0 -lt0n.
rewrite /xextremal; case: (unliftP ord0 i) => [j|] ->.
  by exists 1%N; rewrite ?mem_undup ?inE ?eqxx // uS sqrrN exprVn divff // expf_neq0.
by exists (q ^ 4)%N; rewrite ?mem_undup ?inE ?eqxx ?orbT // u0 -exprD natrX.
Qed.
