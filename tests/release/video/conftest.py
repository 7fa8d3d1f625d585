"""The video maker of the quick tests, and their fixtures."""

from __future__ import annotations

import importlib.util
from pathlib import Path

QUICK = Path(__file__).parents[2] / "video" / "conftest.py"
_spec = importlib.util.spec_from_file_location("video_conftest", QUICK)
assert _spec is not None
assert _spec.loader is not None
_quick = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_quick)

make_video, video, spoil = _quick.make_video, _quick.video, _quick.spoil
