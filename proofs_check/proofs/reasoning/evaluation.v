(* Executable forms of the propagation of tokens and of parity walks, proved equal to the definitions, and how
   far the query sees over all orders of the pairs. *)
From mathcomp Require Import all_ssreflect zify.
From ProofsCheck.reasoning Require Import limit anchors.
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

(* ---- walks of either parity (anchors.v): executable, and equal to the walks of the definition ---- *)

Section Walks.
Variables (n : nat) (pair : rel nat).

(* where walks of exactly k steps from u over 0 .. n - 1 end *)
Fixpoint ends (k u : nat) : seq nat :=
  if k is k'.+1 then let r := ends k' u in [seq v <- iota 0 n | has (fun w => pair w v) r] else [:: u].
Definition walkb k u v := v \in ends k u.

(* a walk of that parity: one of fewer than 2 n steps *)
Definition joinedby (u v : nat) (o : bool) := has (fun k => (odd k == o) && walkb k u v) (iota 0 n.*2).
Definition odd_everywhereb := all (fun u => joinedby u u true) (iota 0 n).

Let edge : rel 'I_n := fun u v => pair u v.

Lemma walkb_walk k (u : 'I_n) v : walkb k u v -> exists vn : v < n, walk edge u (Ordinal vn) (odd k).
Proof.
rewrite /walkb; elim: k v => [|k IH] v /=.
  rewrite inE => /eqP ->; exists (ltn_ord u).
  have -> : Ordinal (ltn_ord u) = u by apply: val_inj.
  exact: stay.
rewrite mem_filter mem_iota add0n => /andP[/hasP[w /IH[wn uw] wv] /andP[_ vn]].
by exists vn; apply: (step uw).
Qed.

Lemma path_walkb (u : nat) s (a : 'I_n * bool) :
  path (cover edge) a s -> forall k, walkb k u a.1 -> walkb (k + size s) u (last a s).1.
Proof.
elim: s a => [|b s IH] a /= => [_ k|/andP[ab bs] k w]; first by rewrite addn0.
rewrite -addSnnS; apply: IH => //=.
case/andP: ab => ab _; rewrite /walkb /= mem_filter mem_iota add0n ltn_ord /= andbT.
by apply/hasP; exists (a.1 : nat).
Qed.

Lemma path_parity s (a : 'I_n * bool) : path (cover edge) a s -> (last a s).2 = a.2 (+) odd (size s).
Proof.
elim: s a => [|b s IH] a /=; first by rewrite addbF.
by case/andP => /andP[_ /eqP e] /IH ->; rewrite e addNb addbN.
Qed.

Lemma joinedP (u v : 'I_n) o : reflect (walk edge u v o) (joinedby u v o).
Proof.
rewrite /joinedby; apply: (iffP hasP) => [[k _ /andP[/eqP <- /walkb_walk[vn]]]|/walkP/connectP[s0 p0 e0]].
  by have -> : Ordinal vn = v by apply: val_inj.
case: (shortenP p0) e0 => s p us _ e.
have size_s : size s < n.*2.
  have := card_uniqP us => /= c; rewrite ltnNge; apply/negP => big.
  have := max_card (mem ((u, false) :: s)); rewrite c card_prod card_ord card_bool muln2 => le.
  by have := leq_ltn_trans big le; rewrite ltnn.
exists (size s); first by rewrite mem_iota add0n.
have := path_parity p; rewrite -e /= => ->; rewrite eqxx /=.
have /(_ 0%N) := path_walkb (u := u) p; rewrite /walkb /= inE eqxx add0n -e /=; exact.
Qed.

Theorem odd_everywhereE : odd_everywhere edge <-> odd_everywhereb.
Proof.
split=> [odd_|/allP every u]; last by apply/joinedP/every; rewrite mem_iota add0n ltn_ord.
by apply/allP => u; rewrite mem_iota add0n => /andP[_ un]; apply/(joinedP (Ordinal un) (Ordinal un))/odd_.
Qed.
End Walks.

(* a list of unordered pairs as a symmetric relation *)
Definition joined (pairs : seq (nat * nat)) : rel nat := fun u v => has (fun p => (p == (u, v)) || (p == (v, u))) pairs.
