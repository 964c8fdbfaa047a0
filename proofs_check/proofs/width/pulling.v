(* Executable forms of M^T for compatible and for null embeddings, proved equal to the definitions: the sums
   over copies and null neurons as loops. *)
From mathcomp Require Import all_ssreflect all_algebra.
From ProofsCheck.common Require Import networks evaluation.
From ProofsCheck.width Require Import compatible null.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Pulling.
Variables (K : comRingType) (sigma : K -> K) (m' : nat -> nat) (I : nat -> nat -> option nat) (beta bstar : nat -> nat -> K).
Definition where_ n (P : nat -> bool) (f : nat -> K) := xsum n (fun j => if P j then f j else 0).
Definition executable_pull (d : params K) := Params
  (fun l k s => where_ (m' l.+1) (fun i => I l.+1 i == Some k)
                  (fun i => where_ (m' l) (fun j => I l j == Some s) (fun j => beta l.+1 i * wt d l i j)))
  (fun l k => where_ (m' l.+1) (fun i => I l.+1 i == Some k)
                (fun i => beta l.+1 i * (where_ (m' l) (fun j => I l j == None) (fun j => wt d l i j * sigma (bstar l j)) + bias d l i))).

Lemma where_E n (P : nat -> bool) (f : nat -> K) : \sum_(j < n | P j) f j = where_ n P f.
Proof. by rewrite /where_ -xsumE big_mkcond. Qed.

Theorem executable_pullE d : same (pull sigma m' I beta bstar d) (executable_pull d).
Proof.
split=> [l k s|l k] /=; rewrite -where_E; apply: eq_bigr => i _; first by rewrite -where_E.
by rewrite -(where_E _ (fun j => I l j == None) (fun j => wt d l i j * sigma (bstar l j))).
Qed.

Variables (h : nat) (m : nat -> nat) (b : nat -> nat -> K).
Definition executable_null_pull (d : params K) := Params
  (fun l i j => wt d l i j)
  (fun l i => bias d l i + where_ (m' l) (fun j => ~~ kept h m l j) (fun j => wt d l i j * sigma (b l j))).

Theorem executable_null_pullE d : same (null_pull sigma h m m' b d) (executable_null_pull d).
Proof. by split=> // l i /=; rewrite (where_E _ (fun j => ~~ kept h m l j) (fun j => wt d l i j * sigma (b l j))). Qed.
End Pulling.

(* the number of parameters of deep.table *)
Fixpoint executable_parameters (h : nat) (m : nat -> nat) : nat :=
  ((m h).+1 * m h.+1 + if h is h'.+1 then executable_parameters h' m else 0)%N.
Theorem executable_parametersE h m : parameters h m = executable_parameters h m.
Proof. by rewrite /parameters; elim: h => [|h IH]; rewrite big_ord_recr /= ?big_ord0 ?addn0 // IH addnC. Qed.
