"""Claims about dropout, reach and attention, the true side of the pairs in dropout_twins.py."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from dropout_twins import claims  # noqa: E402

CLAIMS = claims("true")
