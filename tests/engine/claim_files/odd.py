"""Claims that are refuted with outcomes that no file, page or terminal holds as they are, beside one that is sound."""

from proofs_check import Check, Claim, Control, Outcome, Source


class Silent:
    """Has no text, and no fields that can be walked."""

    def __repr__(self):
        raise RuntimeError("no text")


class Endless(dict):
    def items(self):
        raise RuntimeError("no end")


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def circle():
    value = []
    value.append(value)
    return value


ODD = {
    "surrogate": dict(message="half a pair: \ud800", counterexample={"x": "\udfff", "\ud801": 1}),
    "control-characters": dict(message="\x1b[2J\x00\x07", counterexample={"x": "\x9b"}),
    "infinite-margin": dict(margin=float("inf")),
    "margin-of-text": dict(margin="small"),
    "margin-of-another-kind": dict(margin=[1.0]),
    "detectable-of-text": dict(detectable="some"),
    "huge-integer": dict(counterexample={"n": 7**20000}),
    "huge-fraction": dict(counterexample={"n": __import__("fractions").Fraction(7**20000, 2)}),
    "deep": dict(counterexample={"x": nested(3000)}),
    "circle": dict(counterexample={"x": circle()}),
    "no-text": dict(counterexample={"x": Silent(), Silent: 1}),
    "no-end": dict(counterexample={"x": Endless(a=1)}),
    "counterexample-of-text": dict(counterexample="x = 1"),
    "message-of-another-kind": dict(message=17),
    "long-message": dict(message="m" * 10**6),
    "big-counterexample": dict(counterexample={"x": "x" * 10**7}),
    "figures-of-text": dict(figures="none"),
    "cases-of-text": dict(cases="many"),
    "cases-of-numpy": dict(cases=__import__("numpy").int64(3)),
}


def check(instance, *, odd, context):
    details = {"message": "refuted", "counterexample": {"x": 1}, **ODD.get(odd, {})}
    return Outcome.holds() if odd == "sound" else Outcome.fails(details.pop("message"), **details)


def claim(name):
    only = Check(
        "only",
        evidence="property",
        covers="instances",
        scope="one",
        tolerance="1e-9",
        run=check,
        instances=lambda context: [1],
        parameters={"odd": name},
        controls=[Control("fails", odd="fails")],
    )
    source = Source("arXiv:0000.00000v1", "nowhere")
    return Claim(id=f"odd.{name}", title="Odd", statement="0 = 0", source=source, checks=[only])


CLAIMS = [claim(name) for name in (*ODD, "sound")]
