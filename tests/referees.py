"""The scripts of ``examples/`` as a referee has them: imported from their files, nothing of ours beside them."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def script(name):
    """The module ``examples/NAME.py``, made anew; the scripts beside it are found while it is read."""
    spec = spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = module_from_spec(spec)
    sys.path.insert(0, str(EXAMPLES))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(EXAMPLES))
    return module
