(* An executable form of the preference digraph and of acyclicity for limit points named by numbers. *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import evaluation matrices.
From ProofsCheck.regularization Require Import acyclic.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.

Section Executable.
Variables (n : nat) (minima : nat -> nat -> bool) (limit : nat -> nat).
(* data set i prefers its limit point to that of j *)
Definition xprefers i j := has (fun k => (limit k == limit i) && minima k (limit j)) (iota 0 n) && (limit j != limit i).
Theorem xprefersE (i j : 'I_n) :
  prefers (fun (k : 'I_n) q => minima k q) (fun k : 'I_n => limit k) i j = xprefers i j.
Proof. by rewrite /prefers /xprefers /= -exists_has. Qed.
Definition preference_digraph := [seq [seq xprefers i j | j <- iota 0 n] | i <- iota 0 n].

(* the ends of paths of at most k edges, and acyclicity: no way back along any edge *)
Fixpoint reached (k : nat) (i : nat) : seq nat :=
  if k is k'.+1 then undup (reached k' i ++ [seq j <- iota 0 n | has (fun q => xprefers q j) (reached k' i)]) else [:: i].
Definition xacyclic := all (fun i => all (fun j => xprefers i j ==> (i \notin reached n j)) (iota 0 n)) (iota 0 n).

(* what is reached is connected, so a family that the executable form calls cyclic has a cycle *)
Notation edges := (prefers (fun (k : 'I_n) q => minima k q) (fun k : 'I_n => limit k)).
Lemma reachedP k (i : 'I_n) j : j \in reached k i -> exists2 j' : 'I_n, (j' : nat) = j & connect edges i j'.
Proof.
elim: k j => [|k IH] j /=; first by rewrite inE => /eqP ->; exists i.
rewrite mem_undup mem_cat => /orP[/IH //|]; rewrite mem_filter mem_iota add0n => /andP[/hasP[q /IH[q' q'q iq] qj] /andP[_ jn]].
by exists (Ordinal jn) => //; apply: connect_trans iq (connect1 _); rewrite xprefersE /= q'q.
Qed.

Theorem xacyclicP : acyclic (fun (k : 'I_n) q => minima k q) (fun k : 'I_n => limit k) -> xacyclic.
Proof.
move=> ac; apply/allP => i; rewrite mem_iota add0n => /andP[_ i_n]; apply/allP => j; rewrite mem_iota add0n => /andP[_ jn].
apply/implyP => ij; apply/negP => /(@reachedP n (Ordinal jn))[i' i'i ji].
have e : edges (Ordinal i_n) (Ordinal jn) by rewrite xprefersE.
by have /negP[] := ac _ _ e; have <- : i' = Ordinal i_n by apply/val_inj.
Qed.
End Executable.
