"""All kinds of video in both backends, against what FFmpeg's own program says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from release.video.kinds import KINDS, problems
from soak.results import note


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="FFmpeg's programs are not installed")
def test_every_kind(tmp_path: Path) -> None:
    found = {name: problems(name, tmp_path) for name in KINDS}
    wrong = [line for lines in found.values() for line in lines]
    remarks = "every frame's time and picture in both backends, against ffprobe and ffmpeg"
    note("kinds of video", len(KINDS), sum(map(bool, found.values())), remarks)
    assert not wrong, "\n".join(wrong)
