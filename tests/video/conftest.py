"""Fixtures of the video tests."""

from __future__ import annotations

from video.making import make_video, spoil, video  # noqa: F401 - fixtures
