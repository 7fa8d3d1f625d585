"""Kinds of video in both backends, against what FFmpeg's own program says; tests/soak/ has all of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from release.video.kinds import KINDS, problems

SAMPLE = sorted(np.random.default_rng(0).choice(sorted(KINDS), 20, replace=False).tolist())


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="FFmpeg's programs are not installed")
@pytest.mark.parametrize("name", SAMPLE)
def test_frames_and_times(name: str, tmp_path: Path) -> None:
    assert problems(name, tmp_path) == []
