(* limit.bounds (2509.23178, Section 6): how far L layers of symbolic matching can reason, for every L,
   every chain length and every order of the pairs.
   Chain t_0 -> t_1 -> .. -> t_s, given as pairs k = (t_k, t_(k+1)), k < s, in an order.
   Pair k stands at position pos k; the query t_0 stands last. *)
From mathcomp Require Import all_ssreflect zify.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.

Section Process.
Variables (s : nat)             (* number of pairs *)
          (pos : nat -> nat).   (* position of a pair in the sequence *)

(* holds l k x: after layer l.+1 the node of pair k (position pos k) holds token t_x.
   Layer 1 merges the two tokens of a pair; every later layer makes a node the union of
   itself and of all nodes that are not later and whose set meets its own. *)
Fixpoint holds (l k x : nat) : Prop :=
  if l is l'.+1 then
    exists j, [/\ j < s, pos j <= pos k,
                  (exists z, holds l' j z /\ holds l' k z) & holds l' j x]
  else x = k \/ x = k.+1.

(* the query's set: it sees every pair, and itself *)
Fixpoint query (l x : nat) : Prop :=
  if l is l'.+1 then
    query l' x \/ exists j, [/\ j < s, (exists z, holds l' j z /\ query l' z) & holds l' j x]
  else x = 0.

(* reach l n: t_0 .. t_n are in the query's set after layer l.+1 and t_(n+1) is not *)
Definition reach l n := (forall x, x <= n -> query l x) /\ ~ query l n.+1.

Definition lower l := 2 ^ l - 1.           (* 2^(L-1) - 1 with L = l.+1 *)
Definition upper l := (3 ^ l - 1)./2.      (* (3^(L-1) - 1)/2 *)

Lemma lowerS l : lower l.+1 = lower l + 2 ^ l.
Proof. by rewrite /lower expnS mul2n -addnn -addnBAC // expn_gt0. Qed.

Lemma upperS l : upper l.+1 = upper l + 3 ^ l.
Proof.
rewrite /upper expnS; have [n ->] : exists n, 3 ^ l = n.*2.+1.
  by exists (3 ^ l)./2; rewrite -[LHS]odd_double_half oddX orbT.
by rewrite (_ : 3 * n.*2.+1 - 1 = (n + n.*2.+1).*2) ?subn1 /= ?doubleK //; lia.
Qed.

(* ---- upper bound, for every order ---- *)

(* any two tokens of one node are at most 3^l apart *)
Lemma spread l k x y : holds l k x -> holds l k y -> x <= y + 3 ^ l.
Proof.
elim: l k x y => [|l IH] k x y /=; first by rewrite expn0 addn1; lia.
move=> [i [_ _ [z [zi zk]] xi]] [j [_ _ [u [uj uk]] yj]].
have := IH _ _ _ xi zi; have := IH _ _ _ zk uk; have := IH _ _ _ uj yj.
by rewrite expnS; lia.
Qed.

Lemma query_upper l x : query l x -> x <= upper l.
Proof.
elim: l x => [|l IH] x /=; first by move->.
rewrite upperS => -[/IH le_x|[j [_ [z [zj /IH le_z]] xj]]]; first by lia.
by have := spread xj zj; lia.
Qed.

(* ---- lower bound, for every order ---- *)

Hypothesis pos_total : forall j k, pos j <= pos k \/ pos k <= pos j.

Lemma holds_self l k x : k < s -> holds l k x -> holds l.+1 k x.
Proof. by move=> ks hx; exists k; split=> //; exists x. Qed.

(* every window of 2^l consecutive pairs is in the set of some node *)
Lemma window l a : a + 2 ^ l <= s ->
  exists2 k, k < s & forall x, a <= x <= a + 2 ^ l -> holds l k x.
Proof.
elim: l a => [|l IH] a; first by rewrite expn0 => as_; exists a => [|x] /=; lia.
rewrite expnS => le_s.
have [|i is_ hi] := IH a; first by lia.
have [|j js hj] := IH (a + 2 ^ l); first by lia.
have mi : holds l i (a + 2 ^ l) by apply: hi; lia.
have mj : holds l j (a + 2 ^ l) by apply: hj; lia.
have cover k : k < s -> (forall x, a <= x <= a + 2 ^ l -> holds l.+1 k x) ->
    (forall x, a + 2 ^ l <= x <= a + 2 ^ l + 2 ^ l -> holds l.+1 k x) ->
    exists2 k, k < s & forall x, a <= x <= a + 2 * 2 ^ l -> holds l.+1 k x.
  move=> ks h1 h2; exists k => // x lx; case: (leqP x (a + 2 ^ l)) => lx2; first by apply: h1; lia.
  by apply: h2; lia.
case: (pos_total i j) => ij.
  apply: (cover j) => // x lx; last exact/holds_self/hj.
  by exists i; split=> //; [exists (a + 2 ^ l) | apply: hi].
apply: (cover i) => // x lx; first exact/holds_self/hi.
by exists j; split=> //; [exists (a + 2 ^ l) | apply: hj].
Qed.

Lemma query_lower l x : lower l <= s -> x <= lower l -> query l x.
Proof.
elim: l x => [|l IH] x; first by rewrite /lower expn0 /=; lia.
rewrite lowerS => le_s le_x; case: (leqP x (lower l)) => lx; first by left; apply: IH; lia.
have [|j js hj] := @window l (lower l); first by lia.
right; exists j; split=> //; last by apply: hj; lia.
by exists (lower l); split; [apply: hj; lia | apply: IH; lia].
Qed.
End Process.

(* ---- the lower bound is attained, by the identity order ---- *)
Section Identity.
Variable s : nat.
Lemma identity_holds l k x : holds s id l k x -> x <= k.+1 /\ k.+1 <= x + 2 ^ l.
Proof.
elim: l k x => [|l IH] k x /=; first by rewrite expn0; lia.
move=> [j [_ jk [z [zj zk]] xj]]; rewrite expnS.
by have := IH _ _ zj; have := IH _ _ zk; have := IH _ _ xj; lia.
Qed.

Lemma identity_query l x : query s id l x -> x <= lower l.
Proof.
elim: l x => [|l IH] x /=; first by move->.
rewrite lowerS => -[/IH le_x|[j [_ [z [zj /IH le_z]] xj]]]; first by lia.
by have := identity_holds zj; have := identity_holds xj; lia.
Qed.

Lemma lower_attained l : lower l <= s -> reach s id l (lower l).
Proof.
move=> le_s; split=> [x|/identity_query]; last by lia.
by apply: query_lower => // j k; case: (leqP j k); [left | move=> /ltnW; right].
Qed.
End Identity.

(* ---- the upper bound is attained, by the ternary tree order ---- *)
(* Pair k belongs to the block l with upper l <= k < upper l.+1 = upper l + 3^l; inside
   its block it is the later, the more ternary digits 1 its offset ends with. *)
Fixpoint ones (n k : nat) : nat :=
  if n is n'.+1 then if k %% 3 == 1 then (ones n' (k %/ 3)).+1 else 0 else 0.
Fixpoint block (n k : nat) : nat :=   (* the largest l <= n with upper l <= k *)
  if n is n'.+1 then if upper n <= k then n else block n' k else 0.
Definition height k := let l := block k k in ones l (k - upper l).
Definition ternary s k := height k * s + k.

Section Ternary.
Variable s : nat.
Notation pos := (ternary s).

Lemma upper_ge l : l <= upper l.
Proof. by elim: l => // l IH; rewrite upperS; have := expn_gt0 3 l; lia. Qed.

Lemma upper_mono l l' : l <= l' -> upper l <= upper l'.
Proof. by move/subnK<-; elim: (l' - l) => // n; rewrite addSn upperS; lia. Qed.

Lemma blockE l k : upper l <= k < upper l.+1 -> block k k = l.
Proof.
move=> /andP[lk kl].
suff H n : l <= n -> block n k = l by apply: H; apply: leq_trans (upper_ge l) lk.
elim: n => [|n IH] /=; first by lia.
rewrite leq_eqVlt => /orP[/eqP e|ln]; first by rewrite -e lk.
by case: leqP => [nk|_]; [have := upper_mono ln; lia | exact: IH].
Qed.

(* the centre of the window [a 3^r, (a+1) 3^r] of a block *)
Definition centre r a := a * 3 ^ r + upper r.

Lemma centreS r a : centre r.+1 a = centre r (3 * a + 1).
Proof. by rewrite /centre upperS expnS; lia. Qed.

Lemma centre_lt r a : centre r a < a.+1 * 3 ^ r.
Proof.
rewrite /centre mulSn addnC ltn_add2r; elim: r => // r IH.
by rewrite upperS expnS; lia.
Qed.

Lemma onesS n a : ones n.+1 (3 * a + 1) = (ones n a).+1.
Proof. by rewrite [3 * a]mulnC /= modnMDl divnMDl // addn0. Qed.

Lemma ones_centre n r a : r <= n -> ones n (centre r a) = r + ones (n - r) a.
Proof.
elim: n r a => [|n IH] [|r] a // rn; try by rewrite /centre expn0 muln1 addn0 subn0.
have e : centre r.+1 a = 3 * centre r a + 1.
  rewrite /centre expnS; suff : upper r.+1 = 3 * upper r + 1 by lia.
  by elim: (r) => // q IHq; rewrite upperS {1}IHq upperS expnS; lia.
by rewrite e onesS IH.
Qed.

(* Node of the window [upper l + a 3^r, upper l + (a+1) 3^r]: it holds the whole window. *)
Lemma ternary_window l r a : r <= l -> a.+1 * 3 ^ r <= 3 ^ l -> upper l.+1 <= s ->
  forall x, upper l + a * 3 ^ r <= x <= upper l + a.+1 * 3 ^ r -> holds s pos r (upper l + centre r a) x.
Proof.
elim: r a => [|r IH] a rl a_le ls x lx.
  by rewrite /= /centre expn0 (_ : upper 0 = 0) //; move: lx; rewrite expn0; lia.
have a3 : (3 * a + 3) * 3 ^ r <= 3 ^ l by move: a_le; rewrite expnS; lia.
have le_b b : b < 3 * a + 3 -> b.+1 * 3 ^ r <= 3 ^ l.
  by move=> lt_b; apply: leq_trans a3; rewrite leq_mul2r lt_b orbT.
have in_block b : b < 3 * a + 3 -> upper l <= upper l + centre r b < upper l.+1.
  move=> lt_b; rewrite leq_addr upperS ltn_add2l.
  exact: leq_trans (centre_lt r b) (le_b b lt_b).
have lt_s b : b < 3 * a + 3 -> upper l + centre r b < s.
  by case/in_block/andP=> _ /leq_trans; apply.
have win b : b < 3 * a + 3 -> forall y, upper l + b * 3 ^ r <= y <= upper l + b.+1 * 3 ^ r ->
    holds s pos r (upper l + centre r b) y.
  by move=> lt_b; apply: IH => //; [lia | apply: le_b].
rewrite centreS.
have hgt b : b < 3 * a + 3 -> height (upper l + centre r b) = r + ones (l - r) b.
  by move=> lt_b; rewrite /height (blockE (in_block b lt_b)) addKn ones_centre //; lia.
have later b : b < 3 * a + 3 -> b %% 3 != 1 -> pos (upper l + centre r b) <= pos (upper l + centre r (3 * a + 1)).
  move=> lt_b nb; have lt_c : 3 * a + 1 < 3 * a + 3 by lia.
  have -> : pos (upper l + centre r b) = r * s + (upper l + centre r b).
    rewrite /ternary hgt //; have -> : l - r = (l - r.+1).+1 by lia.
    by rewrite /= (negPf nb) addn0.
  rewrite /ternary hgt //; have -> : l - r = (l - r.+1).+1 by lia.
  rewrite onesS addnS mulSn.
  by have := lt_s b lt_b; rewrite mulnDl; lia.
have three : 0 < 3 ^ r by rewrite expn_gt0.
have c1 : 3 * a + 1 < 3 * a + 3 by lia.
(* the three windows of length 3^r meet at their common ends *)
case: (leqP x (upper l + (3 * a + 1) * 3 ^ r)) => [x1|x1].
  exists (upper l + centre r (3 * a)); split; first by apply: lt_s; lia.
  - by apply: later; [lia | rewrite mulnC modnMl].
  - exists (upper l + (3 * a + 1) * 3 ^ r); split; apply: win; try lia.
  - by apply: win; [lia | move: lx; rewrite expnS; lia].
case: (leqP x (upper l + (3 * a + 2) * 3 ^ r)) => [x2|x2].
  exists (upper l + centre r (3 * a + 1)); split; try by [apply: lt_s | apply: leqnn].
  - exists (upper l + (3 * a + 1) * 3 ^ r); split; apply: win; lia.
  - by apply: win; lia.
exists (upper l + centre r (3 * a + 2)); split; first by apply: lt_s; lia.
- by apply: later; [lia | rewrite mulnC modnMDl].
- exists (upper l + (3 * a + 2) * 3 ^ r); split; apply: win; lia.
- by apply: win; [lia | move: lx; rewrite expnS; lia].
Qed.

Lemma ternary_query l x : upper l <= s -> x <= upper l -> query s pos l x.
Proof.
elim: l x => [|l IH] x ls lx /=; first by rewrite (_ : upper 0 = 0) // in lx; lia.
have lel : upper l <= s by move: ls; rewrite upperS; lia.
case: (leqP x (upper l)) => xl; [by left; apply: IH | right].
have win : forall y, upper l <= y <= upper l.+1 -> holds s pos l (upper l + centre l 0) y.
  by move=> y ly; apply: ternary_window => //; move: ly; rewrite ?mul0n ?mul1n ?upperS ?addn0.
exists (upper l + centre l 0); split; last by apply: win; lia.
  by have := centre_lt l 0; rewrite mul1n; move: ls; rewrite upperS; lia.
by exists (upper l); split; [apply: win; rewrite upperS; lia | apply: IH].
Qed.

(* `ternary s` is an order of the pairs: different pairs, different positions *)
Lemma ternary_inj k k' : k < s -> k' < s -> pos k = pos k' -> k = k'.
Proof.
move=> ks k's /(congr1 (modn^~ s)).
by rewrite /ternary !modnMDl !modn_small.
Qed.

Lemma upper_attained l : upper l <= s -> reach s pos l (upper l).
Proof.
by move=> ls; split=> [x|/query_upper]; [apply: ternary_query | rewrite ltnn].
Qed.
End Ternary.

(* limit.bounds: s pairs, any order, any number L = l.+1 of layers *)
Theorem limit_bounds s pos l n : reach s pos l n -> n <= upper l /\ (lower l <= s -> lower l <= n).
Proof.
move=> [rn nrn]; split=> [|ls]; first by apply: query_upper (rn _ (leqnn n)).
rewrite leqNgt; apply/negP => lt_n; case: nrn; apply: query_lower => //.
by move=> j k; case: (leqP (pos j) (pos k)); [left | move/ltnW; right].
Qed.

(* both bounds are attained: by the rising order, and by the ternary order *)
Theorem limit_bounds_attained s l :
  (lower l <= s -> reach s id l (lower l)) /\ (upper l <= s -> reach s (ternary s) l (upper l)).
Proof. by split; [apply: lower_attained | apply: upper_attained]. Qed.

(* ---- controls: the statement made false in one place is refuted, formally ---- *)

(* the lower bound plus one is false: rising order, 3 layers, 4 pairs *)
Theorem control_limit_bounds : ~ forall s pos l n, reach s pos l n -> n <= upper l /\ (lower l <= s -> (lower l).+1 <= n).
Proof. by move=> H; have [_ /(_ isT)] := H 4 id 2 3 (@lower_attained 4 2 isT). Qed.

(* the upper bound minus one is false: ternary order, 3 layers, 4 pairs *)
Theorem control_limit_bounds_upper : ~ forall s pos l n, reach s pos l n -> n <= (upper l).-1 /\ (lower l <= s -> lower l <= n).
Proof. by move=> H; have [] := H 4 (ternary 4) 2 4 (@upper_attained 4 2 isT). Qed.

(* the rising order attains the upper bound *)
Theorem control_limit_bounds_attained : ~ forall s l,
  (lower l <= s -> reach s id l (lower l)) /\ (upper l <= s -> reach s id l (upper l)).
Proof.
move=> H; have [_ /(_ isT)[/(_ 4 isT) four _]] := H 4 2.
by have := identity_query four.
Qed.
