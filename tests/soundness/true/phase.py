"""Claims about phase diagrams and Bellman residuals, the true side of the pairs in phase_twins.py."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from phase_twins import claims  # noqa: E402

CLAIMS = claims("true")
