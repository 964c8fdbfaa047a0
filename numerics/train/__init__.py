"""Batched training of small networks; ``train`` is the one call, the rest are the records that go in and come out."""

from numerics.train.engine import train
from numerics.train.methods import (
    Adam,
    Dropout,
    GaussNewton,
    GradientDescent,
    GradientFlow,
    LevenbergMarquardt,
    Momentum,
    StochasticGradientDescent,
)
from numerics.train.result import Progress, Status, Trained
from numerics.train.session import PathUnavailable

__all__ = [
    "Adam",
    "Dropout",
    "GaussNewton",
    "GradientDescent",
    "GradientFlow",
    "LevenbergMarquardt",
    "Momentum",
    "PathUnavailable",
    "Progress",
    "Status",
    "StochasticGradientDescent",
    "Trained",
    "train",
]
