"""The tiny data set of the fast tests."""

from __future__ import annotations

from training.squares import make_dataset, tiny  # noqa: F401 - fixtures
