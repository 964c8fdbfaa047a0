"""The referee's true twins on depth."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from referee_depth_twins import claims  # noqa: E402

CLAIMS = claims("true")
