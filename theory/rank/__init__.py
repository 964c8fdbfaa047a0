"""Model ranks and optimistic sample sizes in closed form, at a point and of a function."""

from theory.rank.closed_forms import (
    cnn_function_rank,
    cp_expected_rank,
    cp_format,
    cp_generic_rank,
    deep_factorization_rank,
    factorization_rank,
    factorization_strata,
    function_rank,
    largest_target_rank,
    matrix_rank,
    partial_product_ranks,
    symmetric_factorization_rank,
    two_layer_function_rank,
    two_layer_rank,
    two_layer_strata,
    up_to_sign,
)
from theory.rank.optimistic import optimistic_sample_size, rank_at, rank_bounds
from theory.rank.targets import NotKnown, Target, exact_parameters, merged_neurons

__all__ = [
    "NotKnown",
    "Target",
    "cnn_function_rank",
    "cp_expected_rank",
    "cp_format",
    "cp_generic_rank",
    "deep_factorization_rank",
    "exact_parameters",
    "factorization_rank",
    "factorization_strata",
    "function_rank",
    "largest_target_rank",
    "matrix_rank",
    "merged_neurons",
    "optimistic_sample_size",
    "partial_product_ranks",
    "rank_at",
    "rank_bounds",
    "symmetric_factorization_rank",
    "two_layer_function_rank",
    "two_layer_rank",
    "two_layer_strata",
    "up_to_sign",
]
