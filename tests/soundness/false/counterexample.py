"""Subtle claims about implicit regularization, the false side of the pairs in counterexample_twins.py."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from counterexample_twins import claims  # noqa: E402

CLAIMS = claims("false")
