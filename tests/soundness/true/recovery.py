"""Claims about perfect minima, the true side of the pairs in recovery_twins.py."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from recovery_twins import claims  # noqa: E402

CLAIMS = claims("true")
