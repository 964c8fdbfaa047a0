"""The referee's true twins on edge sets."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from referee_edge_twins import claims  # noqa: E402

CLAIMS = claims("true")
