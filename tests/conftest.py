"""What tests share: hypothesis has no deadline (how long an example takes says how loaded the machine is, and timings live in benchmarks/),
and flint's settings are kept where a referee changes them.
"""

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def flint_as_before():
    """flint's precision and length of series, which referees set for the whole process, as they were."""
    from flint import ctx

    before = ctx.prec, ctx.cap
    yield
    ctx.prec, ctx.cap = before


@pytest.fixture
def two_hundred_bits(flint_as_before):
    """200 bits, until the test ends."""
    from flint import ctx

    ctx.prec = 200
