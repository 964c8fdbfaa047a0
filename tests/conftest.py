"""What tests share: hypothesis has no deadline (how long an example takes says how loaded the machine is, and timings live in benchmarks/),
flint's settings are kept where a referee changes them, and long modules come first.
"""

from pathlib import Path

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


#: Modules of few tests that take long, the longest first. Workers are handed modules in this order (``--no-loadscope-reorder``): by the
#: number of their tests these would come last, one worker at work and the others idle.
LONG = (
    "tests/soundness/test_soundness.py",
    "tests/soundness/test_shipped_twins.py",
    "tests/engine/test_faults.py",
    "tests/engine/test_documentation.py",
    "tests/claims/test_certificates.py",
    "tests/numerics/train/test_train_cuda_kernel.py",
    "tests/engine/test_command_line.py",
    "tests/engine/test_robustness.py",
    "tests/engine/test_fuzzing.py",
    "tests/engine/test_cluster.py",
    "tests/engine/test_pool.py",
    "tests/engine/test_bodies.py",
    "tests/reports/test_report_screenshots.py",
)
RANKS = {name: rank for rank, name in enumerate(LONG)}


def pytest_collection_modifyitems(items):
    """The long modules first, in their order; all others as collected, the claims, of which each is short, at the end."""
    items.sort(key=lambda item: RANKS.get(item.nodeid.partition("::")[0], len(RANKS)))


def pytest_configure():
    """A module that was renamed leaves the list."""
    if missing := [name for name in LONG if not (Path(__file__).parent.parent / name).is_file()]:
        raise pytest.UsageError(f"tests/conftest.py: LONG names files that are not there: {missing}")
