"""The tiny data set of the fast tests."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_FILE = Path(__file__).parents[2] / "training" / "conftest.py"
_spec = importlib.util.spec_from_file_location("training_fixtures", _FILE)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)

make_dataset, tiny = _module.make_dataset, _module.tiny
