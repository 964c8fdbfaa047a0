"""The referee's true twins on rank."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from referee_rank_twins import claims  # noqa: E402

CLAIMS = claims("true")
