"""Claims that leave their process changed, each in one way, among claims that would come out differently there."""

import decimal
import os
import sys
import threading
import time

import numpy

import theory.rank
from proofs_check import Outcome, Source, claim, false
from proofs_check.judging import equal
from theory.models import TwoLayer


def keeps_nothing():
    pass


def replaces_a_function():
    theory.rank.optimistic_sample_size = lambda model, target: 99


def replaces_a_method():
    TwoLayer.pack = lambda self, **parts: None


def rewrites_a_function():
    from proofs_check import judging

    judging.equal.__code__ = (lambda **pairs: Outcome.holds()).__code__


def rewrites_a_property():
    from theory.models.networks import TwoLayer

    TwoLayer.n_params.fget.__code__ = (lambda self: 1).__code__


def rewrites_what_is_remembered():
    from theory import published

    remembered = next(
        value for value in vars(published).values() if hasattr(value, "cache_info") and value.__module__ == published.__name__
    )
    remembered.__wrapped__.__code__ = (lambda: {}).__code__


def deletes_a_default():
    from proofs_check import judging

    del judging.order.__kwdefaults__


def changes_a_default():
    from proofs_check import judging

    judging.order.__kwdefaults__["strict"] = None


def changes_a_table():
    from numerics.hessian.losses import LOSSES

    LOSSES["other"] = None


def changes_a_module_on_first_sight():
    import numerics.rank.series as series

    series.series_rank = None


def replaces_a_function_of_numpy():
    numpy.linalg.matrix_rank = lambda matrix: 3


def sets_the_precision_of_flint():
    import flint

    flint.ctx.prec = 10


def sets_the_precision_of_mpmath():
    import mpmath

    mpmath.mp.prec = 10


def sets_the_precision_of_decimal():
    decimal.getcontext().prec = 3


def sets_errstate():
    numpy.seterr(all="raise")


def changes_directory():
    os.chdir("/")


def sets_a_variable():
    os.environ["OMP_NUM_THREADS"] = "7"


def extends_the_path():
    sys.path.insert(0, "/nowhere")


def leaves_a_thread():
    threading.Thread(target=time.sleep, args=(600,), daemon=True, name="left behind").start()


def sets_the_type_of_torch():
    import torch

    torch.set_default_dtype(torch.float64)


def sets_the_threads_of_torch():
    import torch

    torch.set_num_threads(2)


DEEDS = {
    deed.__name__.replace("_", "-"): deed
    for deed in (
        *(keeps_nothing, replaces_a_function, replaces_a_method, rewrites_a_function, rewrites_a_property),
        *(rewrites_what_is_remembered, deletes_a_default, changes_a_default, changes_a_table, changes_a_module_on_first_sight),
        *(replaces_a_function_of_numpy, sets_the_precision_of_flint, sets_the_precision_of_mpmath, sets_the_precision_of_decimal),
        *(sets_errstate, changes_directory, sets_a_variable, extends_the_path, leaves_a_thread),
        *(sets_the_type_of_torch, sets_the_threads_of_torch),
    )
}

for name, deed in DEEDS.items():
    declared = globals()[f"CLAIM_{name}"] = claim(f"hostile.{name}", name, "1 = 1", source=Source("arXiv:0000.00000v1", "nowhere"))

    @declared.check("exact", [1], scope="one deed")
    @false("another value", value=2)
    def check(instance, *, value=1, deed=deed, context):
        """Does its deed, then says what is true."""
        result = equal(value=(value, instance))
        deed()
        return result


del declared
HONEST = claim("hostile.z-honest", "A rank", "R = 6", source=Source("arXiv:0000.00000v1", "nowhere"))


@HONEST.check("exact", [1], scope="one network")
@false("another size", size=99)
def sample_size(instance, *, size=6, context):
    """The sample size of two tanh neurons with biases, by its formula."""
    return equal(size=(size, theory.rank.optimistic_sample_size(TwoLayer(1, 16, bias=True), TwoLayer(1, 2, bias=True))))
