"""`train` and `localize` on a real GPU: what is trained there says on a CPU what it says there.

Without a GPU these are skipped; with BINEEGO_EXPECT_CUDA=1 they fail instead.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from bineego import localize, train
from bineego.tracks import load
from bineego.training.temporal import member

DEVICE = "cuda"
TOLERANCE = 0.02
"""Of a probability: float32 products are TF32 there, and features are kept as float16."""


@pytest.fixture(autouse=True, scope="module")
def cuda() -> None:
    if torch.device(DEVICE).type == "cpu" or torch.cuda.is_available():
        return
    if os.environ.get("BINEEGO_EXPECT_CUDA") == "1":
        pytest.fail("BINEEGO_EXPECT_CUDA=1, and PyTorch finds no GPU")
    pytest.skip("no GPU")


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member, "LEAST_DRAWS", 4)


@pytest.mark.parametrize("head", ["interval", "temporal"])
def test_trained_on_a_gpu_and_localized_anywhere(tiny: Path, tmp_path: Path, head: str) -> None:
    small = {"trunk": "mobilenet_v2", "init": "random", "size": 32, "frames": 4, "cache": tmp_path / "frames"}
    own = small if head == "interval" else {"features": tmp_path / "kept"}
    result = train(tiny, name=head, head=head, epochs=2, device=DEVICE, runs=tmp_path / "runs", **own)
    videos = sorted((tiny / "panoramic").iterdir())
    tracks = []
    for name, device in (("there", DEVICE), ("here", "cpu")):
        out = tmp_path / f"{name}-out"
        localize(
            videos, model=result.folder, features=tmp_path / name, output=out, device=device, precision="fp32",
            save_scores=True,
        )  # fmt: skip
        tracks.append({path.name: load(path) for path in sorted(out.glob("*.scores.npz"))})
    there, here = tracks
    assert len(there) == len(videos)
    assert list(there) == list(here)
    for name, track in there.items():
        np.testing.assert_allclose(track.probabilities(), here[name].probabilities(), atol=TOLERANCE)
