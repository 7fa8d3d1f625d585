"""Results to show, made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from video.making import write_video

from bineego import segments, tracks
from bineego.formats import csv
from bineego.formats.annotations import Annotations
from bineego.tracks import ScoreTrack

ACTIONS = ("run", "wave <b>hand</b>")
ROWS = [
    ("a", "run", 1.0, 2.5, 0.9), ("a", "wave <b>hand</b>", 4.0, 6.0, 0.8),
    ("b </script>", "run", 0.5, 3.0, 0.7),
]  # fmt: skip


def predictions() -> pd.DataFrame:
    return segments.make(*map(list, zip(*ROWS, strict=True)))


def truth() -> Annotations:
    rows = [("a", "run", 1.1, 2.5), ("a", "wave <b>hand</b>", 4.0, 5.0), ("c", "run", 2.0, 3.0)]
    return Annotations(segments=segments.make(*map(list, zip(*rows, strict=True))), videos=("a", "c"))


def track(video: str = "a", seconds: float = 10.0) -> ScoreTrack:
    edges = np.arange(0, seconds + 0.25, 0.5)
    logits = np.zeros((len(edges) - 1, 3), np.float32)
    logits[2:5, 1] = 6
    return ScoreTrack(video_id=video, edges=edges, logits=logits, actions=ACTIONS, t=0.5, scene_probs=np.zeros(0))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder as `localize` writes it, and the truth beside it."""
    folder = tmp_path / "out"
    folder.mkdir()
    csv.write_segments(predictions(), folder / "predictions.csv")
    tracks.save(track(), folder / "a.scores.npz")
    csv.write_segments(truth().segments, tmp_path / "truth.csv")
    return folder


@pytest.fixture
def make_clip() -> Callable[[Path], Path]:
    """Writes two seconds of video that browsers play."""
    return lambda path: (
        write_video(path, codec="libvpx", count=60, rate=30)
        if path.suffix == ".webm"
        else write_video(path, count=60, rate=30, options={"x264-params": "keyint=10"})
    )
