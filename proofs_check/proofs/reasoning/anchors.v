(* reason.anchor_identifiability: single-anchor shifts x_v are identifiable from the pair sums
   x_u + x_v (u, v in the data) iff every component of the pair graph (loops allowed) has an
   odd cycle.  For every finite graph, over every field of characteristic not 2. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Anchors.
Variables (F : fieldType) (V : finType) (pair : rel V).  (* V: anchors; pair u v: the sum is in the data *)
Hypotheses (sym : symmetric pair) (two : 2%:R != 0 :> F).

(* Two systems of shifts with the same pair sums are equal. *)
Definition identifiable := forall x y : V -> F,
  (forall u v, pair u v -> x u + x v = y u + y v) -> forall u, x u = y u.

(* walk u v odd: a walk from u to v in the graph whose number of steps has the parity odd *)
Inductive walk (u : V) : V -> bool -> Prop :=
| stay : walk u u false
| step v w o : walk u v o -> pair v w -> walk u w (~~ o).

(* Every component has an odd cycle: every anchor is on a closed walk of odd length. *)
Definition odd_everywhere := forall u, walk u u true.

(* The same with the bipartite double cover, which makes it decidable. *)
Definition cover : rel (V * bool) := [rel a b | pair a.1 b.1 && (b.2 == ~~ a.2)].
Lemma walkP u v o : reflect (walk u v o) (connect cover (u, false) (v, o)).
Proof.
apply: (iffP connectP) => [[s]|w].
  elim/last_ind: s v o => [|s [w p] IH] v o /=; first by move=> _ [-> ->]; apply: stay.
  rewrite last_rcons rcons_path => /andP[ps] /andP[/= wp /eqP e] [-> ->].
  by rewrite e; case E: (last (u, false) s) wp => [z q] /= wp; apply: step wp; apply: IH; rewrite ?E.
elim: w => [|{v o} v w o _ [s ps ls] vw]; first by exists nil.
exists (rcons s (w, ~~ o)); last by rewrite last_rcons.
by rewrite rcons_path ps -ls /cover /= vw eqxx.
Qed.

Lemma walk_cat u v w o p : walk u v o -> walk v w p -> walk u w (o (+) p).
Proof.
move=> uv; elim=> [|{w p} w z p _ IH wz]; first by rewrite addbF.
by rewrite addbN; apply: step wz.
Qed.

Lemma walk_rev u v o : walk u v o -> walk v u o.
Proof.
elim=> [|{v o} v w o _ IH vw]; first exact: stay.
have wv : walk w v true by apply: (@step w w v false (stay w)); rewrite sym.
by have := walk_cat wv IH; rewrite addTb.
Qed.

Theorem reason_anchor_identifiability : identifiable <-> odd_everywhere.
Proof.
split=> [id u|odd x y xy u].
  apply/walkP/negPn/negP => no_odd.
  (* no odd closed walk at u: +1 at even distance from u, -1 at odd distance, 0 elsewhere *)
  pose x v : F := if connect cover (u, false) (v, false) then 1
                  else if connect cover (u, false) (v, true) then - 1 else 0.
  suff /eqP : x u = 0 by rewrite /x connect0 oner_eq0.
  apply: (id x (fun _ => 0)) => v w vw; rewrite addr0 /x.
  have both z : walk u z false -> walk u z true -> False.
    move=> e o; move/negP: no_odd; apply; apply/walkP.
    by have := walk_cat e (walk_rev o).
  have go p : walk u v p -> walk u w (~~ p) by move=> /step; apply.
  have back p : walk u w p -> walk u v (~~ p) by move=> /step; apply; rewrite sym.
  case: (walkP u v false) => [ve|ve].
    case: (walkP u w false) => [we|we]; first by case: (both w we (go _ ve)).
    by case: (walkP u w true) => [wo|[]]; [rewrite subrr | exact: (go false)].
  case: (walkP u v true) => [vo|vo].
    case: (walkP u w false) => [we|[]]; [by rewrite addNr | exact: (go true)].
  case: (walkP u w false) => [we|we]; first by case: vo; apply: (back false).
  by case: (walkP u w true) => [wo|wo]; [case: ve; apply: (back true) | rewrite addr0].
pose z v := x v - y v.
have zz v w : pair v w -> z w = - z v.
  by move=> /xy e; apply/eqP; rewrite -addr_eq0 /z addrACA -opprD [x w + _]addrC [y w + _]addrC e subrr.
have zw v o : walk u v o -> z v = (-1) ^+ o * z u.
  elim=> [|{v o} v w o _ IH vw]; first by rewrite mul1r.
  by rewrite (zz _ _ vw) IH; case: o {IH}; rewrite /= !(expr0, expr1) !mulN1r ?mul1r ?opprK.
have := zw u true (odd u); rewrite expr1 mulN1r => /eqP.
rewrite -subr_eq0 opprK -mulr2n -mulr_natl mulf_eq0 (negPf two) /= subr_eq0.
by move/eqP.
Qed.
End Anchors.

(* ---- controls: the statement made false in one place is refuted, formally ---- *)

(* "a connected graph suffices" is false: one pair of two anchors *)
Theorem control_reason_anchor_identifiability : ~ forall (F : fieldType) (V : finType) (pair : rel V), symmetric pair ->
  2%:R != 0 :> F -> (forall u v, connect pair u v) -> identifiable F pair.
Proof.
move=> H; pose pair : rel bool := fun u v => u != v.
have psym : symmetric pair by move=> u v; rewrite /pair eq_sym.
have conn u v : connect pair u v.
  by case: (altP (u =P v)) => [->|ne]; [exact: connect0 | exact: connect1].
have /(_ (fun b => if b then 1 else - 1) (fun _ => 0)) := H rat_fieldType [finType of bool] pair psym isT conn.
by move=> /(_ _ true) h; suff /h/eqP : forall u v, pair u v ->
  (if u then 1 else - 1) + (if v then 1 else - 1) = 0 + 0 :> rat_fieldType by []; move=> [] [].
Qed.
