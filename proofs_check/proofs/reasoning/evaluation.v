(* Executable forms of the propagation of tokens and of parity walks, proved equal to the definitions, and how
   far the query sees over all orders of the pairs. *)
From mathcomp Require Import all_ssreflect zify.
From ProofsCheck.reasoning Require Import limit.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.

Section Run.
Variables (s : nat) (pos : nat -> nat).
Variable tokens : seq nat.
Hypothesis mem_tokens : forall z, (z \in tokens) = (z <= s).
Fixpoint holdsb (l k x : nat) : bool :=
  if l is l'.+1 then
    has (fun j => [&& pos j <= pos k, has (fun z => holdsb l' j z && holdsb l' k z) tokens & holdsb l' j x]) (iota 0 s)
  else (x == k) || (x == k.+1).
Fixpoint queryb (l x : nat) : bool :=
  if l is l'.+1 then
    queryb l' x || has (fun j => has (fun z => holdsb l' j z && queryb l' z) tokens && holdsb l' j x) (iota 0 s)
  else x == 0.

Lemma holds_le l k x : k < s -> holds s pos l k x -> x <= s.
Proof.
elim: l k x => [|l IH] k x ks /=; first by lia.
by move=> [j [js _ _]]; apply: IH.
Qed.

Lemma holdsP l k x : k < s -> reflect (holds s pos l k x) (holdsb l k x).
Proof.
elim: l k x => [|l IH] k x ks /=; first by apply: (iffP orP) => -[] /eqP; rewrite ?eqxx => e; [left|right|left|right]; rewrite ?e //; apply/eqP.
apply: (iffP hasP) => [[j]|[j [js jk [z [zj zk]] xj]]].
  rewrite mem_iota add0n => /andP[_ js] /and3P[jk h xj].
  case/hasP: h => z _ /andP[zj zk].
  exists j; split=> //; [exists z; split; [exact/(IH j z js) | exact/(IH k z ks)] | exact/(IH j x js)].
have zs := holds_le js zj.
exists j; rewrite ?mem_iota //; apply/and3P; split=> //; last exact/(IH j x js).
apply/hasP; exists z; first by rewrite mem_tokens.
by apply/andP; split; [apply/(IH j z js) | apply/(IH k z ks)].
Qed.

Lemma queryP l x : reflect (query s pos l x) (queryb l x).
Proof.
elim: l x => [|l IH] x /=; first exact: eqP.
apply: (iffP orP) => [[/IH|h]|[h|[j [js [z [zj zq]] xj]]]]; [by left|right|by left; apply/IH|right].
  case/hasP: h => j; rewrite mem_iota add0n => /andP[_ js] /andP[h xj]; case/hasP: h => z _ /andP[zj zq].
  by exists j; split=> //; [exists z; split; [apply/(holdsP l z js) | apply/IH] | apply/(holdsP l x js)].
have zs := holds_le js zj.
apply/hasP; exists j; rewrite ?mem_iota //; apply/andP; split; last exact/(holdsP l x js).
apply/hasP; exists z; first by rewrite mem_tokens.
by apply/andP; split; [apply/(holdsP l z js) | apply/IH].
Qed.

End Run.

(* what the query knows: the executable form over the tokens 0 .. s *)
Definition known s pos := queryb s pos (iota 0 s.+1).
Theorem knownE s pos l x : query s pos l x <-> known s pos l x.
Proof. by apply: rwP; apply: queryP => z; rewrite mem_iota add0n ltnS. Qed.

(* the reach of the query for the pairs at the positions of the list p: tokens t_1, t_2, .. known without a gap *)
Definition reach_of l (p : seq nat) := let s := size p in find (fun x => ~~ known s (nth 0 p) l x.+1) (iota 0 s).
Definition bounds_of l := (lower l, upper l).
