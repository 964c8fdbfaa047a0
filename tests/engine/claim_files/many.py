"""Many small claims with every verdict, a few milliseconds each: enough to be interrupted anywhere."""

from proofs_check import Check, Claim, Control, Outcome, Source


def check_sum(instance, *, excess, wrong_from, context):
    total = sum(range(instance + 1))
    expected = instance * (instance + 1) // 2 + (excess if instance >= wrong_from else 0)
    return Outcome.equal(expected, total, n=instance)


def claim(number):
    wrong_from = 400 if number % 5 == 3 else 10**9
    checks = [
        Check(
            f"sums-{part}",
            evidence="exact",
            covers="instances",
            scope="n below 500",
            run=check_sum,
            instances=lambda context: range(500),
            parameters={"excess": 1, "wrong_from": wrong_from},
            controls=[Control("excess at once", wrong_from=0 if number % 7 else 10**9)],
        )
        for part in range(2)
    ]
    source = Source("arXiv:0000.00000v1", "nowhere")
    depends_on = [f"many.c{number - 1}"] if number % 2 else []
    statement = r"\sum_{k \le n} k = n (n + 1) / 2"
    return Claim(id=f"many.c{number}", title="Sums", statement=statement, source=source, checks=checks, depends_on=depends_on)


CLAIMS = [claim(number) for number in range(20)]
