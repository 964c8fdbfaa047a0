"""Claims on initial condensation, the true side of the pairs in condensation_twins.py."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from condensation_twins import claims  # noqa: E402

CLAIMS = claims("true")
