"""Claims about embeddings in width, the true side of the pairs in width_twins.py."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from width_twins import claims  # noqa: E402

CLAIMS = claims("true")
