"""The video maker of the quick tests, and their fixtures."""

from __future__ import annotations

from video.making import make_video, spoil, video  # noqa: F401 - fixtures
