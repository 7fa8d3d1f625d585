"""A single flipped bit, anywhere in a file of ours: refused, or it changes nothing that is said (a date in a ZIP)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from features.tracks_at_hand import make_track

from bineego import tracks
from bineego.errors import BineegoError
from bineego.features import npy, track
from bineego.tracks import ScoreTrack

FLIPS = 60


def score_track() -> ScoreTrack:
    rng = np.random.default_rng(1)
    return ScoreTrack(
        video_id="v", edges=np.arange(41) * 0.5, logits=rng.normal(0, 1, (40, 3)).astype(np.float32),
        actions=("jump", "run"), t=0.5, scene_probs=np.array([0.3, 0.7]), scenes=("in", "out"), model="m",
    )  # fmt: skip


def plain(value: Any) -> Any:
    """All that a track says, to be compared; `made_by` aside."""
    arrays = {name: each for name, each in vars(value).items() if name != "made_by"}
    return {
        name: repr(np.asarray(each).tolist()) if isinstance(each, np.ndarray) else repr(each)
        for name, each in arrays.items()
    } | {"kinds": {name: each.tobytes() for name, each in getattr(value, "kinds", {}).items()}}


FILES: dict[str, tuple[Callable[[Path], Any], Callable[[Path], Any], str]] = {
    "score track": (lambda path: tracks.save(score_track(), path), tracks.load, "v.scores.npz"),
    "cached features": (lambda path: track.save(make_track(2.0, video_id="v"), path), track.load, "v.npz"),
    "features": (
        lambda path: npy.save(make_track(2.0, video_id="v"), path),
        lambda path: npy.load(npy.describe(path)),
        "v.npy",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_refused(name: str, tmp_path: Path) -> None:
    save, load, file = FILES[name]
    save(tmp_path / file)
    whole, rng, refused = plain(load(tmp_path / file)), np.random.default_rng(0), 0
    for path in sorted(tmp_path.iterdir()):
        content = path.read_bytes()
        for _ in range(FLIPS):
            damaged = bytearray(content)
            damaged[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
            path.write_bytes(damaged)
            try:
                assert plain(load(tmp_path / file)) == whole
            except BineegoError:
                refused += 1
        path.write_bytes(content)
    assert refused >= 0.8 * FLIPS
