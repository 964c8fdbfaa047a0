"""Deliberately false claims about the rank of a matrix, and one whose control cannot fail."""

from proofs_check import Check, Claim, Control, Outcome, Source


def check_rank(instance, *, rank, context):
    import numpy

    matrix = numpy.asarray(instance)
    return Outcome.equal(rank(matrix), int(numpy.linalg.matrix_rank(matrix)), matrix=matrix)


def drawn_matrices(context):
    from hypothesis import strategies

    rows = strategies.lists(strategies.integers(-9, 9), min_size=2, max_size=2)
    return strategies.lists(rows, min_size=2, max_size=2)


def batched_matrices(context):
    return [context.rng(number).integers(-9, 10, size=(3, 4)) for number in range(20)]


def is_matrix(instance):
    return instance.ndim == 2 and instance.size > 0


def at_most_two(matrix):
    return min(2, *matrix.shape)


def full(matrix):
    return min(matrix.shape)


def zero(matrix):
    return 0


def claim(name, *, rank, control, instances, admissible=None):
    check = Check(
        "rank",
        evidence="exact",
        covers="instances",
        scope="small integer matrices",
        run=check_rank,
        instances=instances,
        parameters={"rank": rank},
        admissible=admissible,
        controls=[Control("another rank", rank=control)],
    )
    source = Source("arXiv:0000.00000v1", "nowhere")
    return Claim(id=f"false.{name}", title="Not so", statement=r"R(A) = \min(d_1, d_2)", source=source, checks=[check])


CLAIMS = [
    claim("drawn", rank=full, control=zero, instances=drawn_matrices),
    claim("batched", rank=at_most_two, control=zero, instances=batched_matrices, admissible=is_matrix),
    claim("control-survives", rank=full, control=lambda matrix: min(matrix.shape), instances=batched_matrices),
]
