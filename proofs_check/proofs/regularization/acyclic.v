(* regularization.criterion.acyclic, for every finite family of data sets.
   Fix an initial point.  Data set i of the finite family I has the set of global
   minima M i and the gradient flow ends at the point p i, a member of M i.
   A regulariser G does not depend on the data.  It is strict if p i is the only
   minimum of G on M i, weak if p i is a minimum of G on M i. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Acyclic.
Variables (R : realDomainType)   (* values of the regulariser: the reals, the rationals, ... *)
          (P : eqType)           (* parameter points *)
          (I : finType).         (* data sets *)
Variables (M : I -> pred P)      (* M i q: q is a global minimum for data set i *)
          (p : I -> P).          (* p i: where the flow ends on data set i *)

Definition strict (G : P -> R) := forall i q, M i q -> q != p i -> G (p i) < G q.
Definition weak (G : P -> R) := forall i q, M i q -> G (p i) <= G q.

(* The preference digraph on limit points: p i -> p j when some data set that ends at
   the point p i has the other limit point p j among its minima. *)
Definition prefers : rel I :=
  [rel i j | [exists k, (p k == p i) && M k (p j)] && (p j != p i)].

(* No cycle: after an edge i -> j there is no way back (neither to i nor to another name
   of the same point; `prefers` depends on the points only, so this is the same). *)
Definition acyclic := forall i j, prefers i j -> ~~ connect prefers j i.

Lemma prefersP i j : reflect (exists2 k, p k = p i & M k (p j) /\ p j != p i) (prefers i j).
Proof.
apply: (iffP andP) => [[/existsP[k /andP[/eqP ki Mk]] ne]|[k ki [Mk ne]]]; first by exists k.
by split=> //; apply/existsP; exists k; rewrite ki eqxx.
Qed.

Lemma increases (G : P -> R) : strict G ->
  forall i j, connect prefers i j -> G (p i) <= G (p j).
Proof.
move=> sG i j /connectP[s]; elim: s i => [|k s IH] i /=; first by move=> _ ->.
case/andP=> /prefersP[l li [Ml ne]] /IH{}IH /IH; apply: le_trans.
by apply: ltW; rewrite -li; apply: sG => //; rewrite li.
Qed.

Lemma weak_increases (G : P -> R) : weak G ->
  forall i j, connect prefers i j -> G (p i) <= G (p j).
Proof.
move=> wG i j /connectP[s]; elim: s i => [|k s IH] i /=; first by move=> _ ->.
by case/andP=> /prefersP[l li [Ml ne]] /IH{}IH /IH; apply: le_trans; rewrite -li; apply: wG.
Qed.

(* Extend a function of limit points to all points; other points get the value top. *)
Definition extend (top : nat) (g : I -> nat) (q : P) : R :=
  (if [pick i | p i == q] is Some i then g i else top)%:R.

Lemma extendE top g i : (forall k l, p k = p l -> g k = g l) -> extend top g (p i) = (g i)%:R.
Proof.
move=> gp; rewrite /extend; case: pickP => [k /eqP /gp ->//|/(_ i)].
by rewrite eqxx.
Qed.

Lemma prefers_name i i' j : p i = p i' -> prefers i j = prefers i' j.
Proof. by move=> e; rewrite /prefers /= e. Qed.

Lemma prefers_name2 i j j' : p j = p j' -> prefers i j = prefers i j'.
Proof. by move=> e; rewrite /prefers /= e. Qed.

(* the points that can be reached, counted by data sets *)
Definition reach i := #|[pred j | [exists k, (p k == p j) && connect prefers i k]]|.

Lemma connect_name i i' k : p i = p i' -> connect prefers i k ->
  exists2 k', p k' = p k & connect prefers i' k'.
Proof.
move=> e /connectP[[|l s] /= path_s last_s].
  by exists i'; rewrite ?last_s // -e.
exists k => //; apply/connectP; exists (l :: s) => //=.
by rewrite -(prefers_name _ e).
Qed.

Lemma reach_name k l : p k = p l -> reach k = reach l.
Proof.
move=> e; apply: eq_card => j; apply/existsP/existsP => -[q /andP[/eqP qj c]].
  by have [q' q'q c'] := connect_name e c; exists q'; rewrite q'q qj eqxx.
by have [q' q'q c'] := connect_name (esym e) c; exists q'; rewrite q'q qj eqxx.
Qed.

Theorem regularization_criterion_acyclic : (exists G, strict G) <-> acyclic.
Proof.
split=> [[G sG] i j ij|ac].
  apply/negP => /(increases sG); apply/negP; rewrite -ltNge.
  by have /prefersP[l li [Ml ne]] := ij; rewrite -li; apply: sG; rewrite ?li.
pose g i := (#|I| - reach i)%N; exists (extend #|I|.+1 g) => i q Mq ne.
have gn k l : p k = p l -> g k = g l by move=> e; rewrite /g (reach_name e).
rewrite extendE // /extend; case: pickP => [j /eqP qj|none]; last by rewrite ltr_nat ltnS leq_subr.
have ij : prefers i j by apply/prefersP; exists i; rewrite // qj.
have lt_ji : (reach j < reach i)%N.
  apply/proper_card/properP; split.
    apply/subsetP => k /existsP[l /andP[lk c]]; apply/existsP; exists l.
    by rewrite lk (connect_trans (connect1 ij)).
  exists i; first by apply/existsP; exists i; rewrite eqxx connect0.
  apply/existsP => -[l /andP[/eqP li c]].
  by have /negP[] := ac l j (etrans (prefers_name j li) ij).
by rewrite ltr_nat /g ltn_sub2l // (leq_trans lt_ji) // max_card.
Qed.

(* A weak regulariser tells two limit points apart exactly when they are in different
   strongly connected components of the digraph. *)
Definition same_component i j :=
  (exists2 j', p j' = p j & connect prefers i j') /\ (exists2 i', p i' = p i & connect prefers j i').

Theorem regularization_criterion_acyclic_weak i j :
  (exists2 G, weak G & G (p i) != G (p j)) <-> ~ same_component i j.
Proof.
split=> [[G wG ne] [[j' ej c] [i' ei d]]|ns].
  move/negP: ne; apply; apply/eqP/le_anti.
  by have := weak_increases wG c; have := weak_increases wG d; rewrite ej ei => -> ->.
(* separated k l: l is not reached from k, and the regulariser 'is reached from k' works *)
pose from k (l : I) : nat := [exists m, (p m == p l) && connect prefers k m].
have fromP k l : reflect (exists2 m, p m = p l & connect prefers k m)
                         [exists m, (p m == p l) && connect prefers k m].
  by apply: (iffP existsP) => [[m /andP[/eqP]]|[m e c]]; exists m; rewrite ?e ?eqxx.
have weak_from k : weak (extend 1 (from k)).
  move=> l q Mq.
  have fn a b : p a = p b -> from k a = from k b by rewrite /from => ->.
  rewrite extendE // /extend ler_nat; case: pickP => [m /eqP qm|_]; last exact: leq_b1.
  rewrite /from; case: (fromP k l) => // -[a al c]; rewrite lt0b; apply/(fromP k m).
  case: (altP (p m =P p l)) => [e|ne]; first by exists a; rewrite // e.
  exists m; first by [].
  apply: (connect_trans c); apply: connect1.
  by apply/prefersP; exists l; [rewrite al | split; [rewrite qm | rewrite al]].
have fn k a b : p a = p b -> from k a = from k b by rewrite /from => ->.
have self k : from k k = 1%N.
  by rewrite /from; case: (fromP k k) => // -[]; exists k; rewrite ?connect0.
case: (fromP i j) => [ij|ij]; last first.
  exists (extend 1 (from i)); first exact: weak_from.
  by rewrite !extendE // ?self; [rewrite /from; case: (fromP i j) => // _; rewrite oner_neq0 | exact: fn | exact: fn].
case: (fromP j i) => [ji|ji]; first by case: ns.
exists (extend 1 (from j)); first exact: weak_from.
by rewrite !extendE // ?self; [rewrite /from; case: (fromP j i) => // _; rewrite eq_sym oner_neq0 | exact: fn | exact: fn].
Qed.
End Acyclic.

(* Two data sets that swap their limit points (a two-point overlap) exclude every strict G. *)
Theorem regularization_lemma_two_point (R : realDomainType) (P : eqType) (M : bool -> pred P) (p : bool -> P) :
  M true (p false) -> M false (p true) -> p true != p false -> ~ exists G : P -> R, strict M p G.
Proof.
move=> M1 M2 ne [G sG]; have := sG true _ M1; have := sG false _ M2 ne.
by rewrite eq_sym ne => lt1 /(_ isT) /(lt_trans lt1); rewrite ltxx.
Qed.


(* ---- controls: the statement made false in one place is refuted, formally ---- *)

(* "no two-point overlap" does not suffice: a cycle of three data sets without a 2-cycle *)
Definition no_two_cycle (P : eqType) (I : finType) (M : I -> pred P) (p : I -> P) :=
  forall i j, prefers M p i j -> ~~ prefers M p j i.
Theorem control_regularization_criterion_acyclic : ~ forall (P : eqType) (I : finType) (M : I -> pred P) (p : I -> P),
  (forall i, M i (p i)) -> no_two_cycle M p -> exists G : P -> rat_realDomainType, strict M p G.
Proof.
move=> H; pose M (i q : 'I_3) := (q == i) || (q == i + 1).
have [|i j|G sG] := H [eqType of 'I_3] [finType of 'I_3] M id.
- by move=> i; rewrite /M eqxx.
- rewrite /prefers /M /= => /andP[/existsP[k /andP[/eqP -> ]]]; case/orP=> [/eqP ->|/eqP -> _]; first by rewrite eqxx.
  by apply/negP => /andP[/existsP[q /andP[/eqP -> ]]]; case/orP; case: i {k} => [[|[|[|]]]].
have lt i : G i < G (i + 1) by apply: sG; rewrite ?/M ?eqxx ?orbT //; case: i => [[|[|[|]]]].
by have := lt_trans (lt_trans (lt 0) (lt (0 + 1))) (lt (0 + 1 + 1)); rewrite (_ : 0 + 1 + 1 + 1 = 0) ?ltxx //; apply/val_inj.
Qed.

(* limit points are told apart as soon as they differ: false in a two-point overlap *)
Theorem control_regularization_criterion_acyclic_weak : ~ forall (P : eqType) (I : finType) (M : I -> pred P) (p : I -> P),
  forall i j, (exists2 G : P -> rat_realDomainType, weak M p G & G (p i) != G (p j)) <-> p i != p j.
Proof.
move=> H; have [_ /(_ isT)[G w ne]] := H _ [finType of bool] (fun _ _ => true) id true false.
by move/eqP: ne; apply; apply: le_anti; rewrite !w.
Qed.

(* two data sets that end at the same point exclude nothing *)
Theorem control_regularization_lemma_two_point : ~ forall (R : realDomainType) (P : eqType) (M : bool -> pred P) (p : bool -> P),
  M true (p false) -> M false (p true) -> ~ exists G : P -> R, strict M p G.
Proof.
move=> H; have := H rat_realDomainType [eqType of unit] (fun _ _ => true) (fun _ => tt) isT isT.
by apply; exists (fun _ => 0) => i [] _.
Qed.
