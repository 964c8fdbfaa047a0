"""Tests drawn by hypothesis have no deadline: how long an example takes says how loaded the machine is, and timings live in benchmarks/."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
