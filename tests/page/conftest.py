"""Fixtures of the page's tests."""

from __future__ import annotations

from page.making import make_clip, results  # noqa: F401 - fixtures
