"""Claims about model ranks, the true side of the pairs in rank_twins.py."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from rank_twins import claims  # noqa: E402

CLAIMS = claims("true")
