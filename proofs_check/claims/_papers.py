"""The papers behind the claims, by what they are about."""

RANK_STRATIFICATION = "arXiv:2211.11623v1"
OPTIMISTIC_ESTIMATE = "arXiv:2307.08921v1"
LOCAL_RECOVERY = "arXiv:2406.18035v1"
STRUCTURE = "arXiv:2309.00508v3"
