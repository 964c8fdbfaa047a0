"""Claims about optimizers near a minimum, the false side of the pairs in optimizers_twins.py."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from optimizers_twins import claims  # noqa: E402

CLAIMS = claims("false")
