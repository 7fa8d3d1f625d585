"""Small real videos and a small real model."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from bineego.labels import LabelSet
from bineego.priors import Priors
from bineego.tsm.card import ModelCard
from bineego.tsm.config import NetworkConfig, Trunk
from bineego.tsm.model_file import Model, save_model
from bineego.tsm.network import TSM
from bineego.video.frames import FrameOptions

MakeVideo = Callable[..., Path]


@pytest.fixture(scope="session")
def make_video() -> MakeVideo:
    """Writes H.264: every frame one grey, which tells its number (`number_of` reads it)."""

    def write(path: Path, *, seconds: float = 3.0, fps: int = 16, size: int = 64) -> Path:
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=fps, options={"crf": "1", "preset": "ultrafast"})
            stream.width = stream.height = size
            stream.pix_fmt = "yuv420p"
            for i in range(round(seconds * fps)):
                picture = np.full((size, size, 3), 20 + (i * 4) % 200, np.uint8)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = i, Fraction(1, fps)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return write


def _card_of(**changes: object) -> ModelCard:
    """A card of a small two-headed network."""
    values: dict[str, object] = {
        "name": "tiny",
        "network": NetworkConfig(trunk=Trunk.RESNET18, n_classes=4, n_scenes=2, n_frames=4),
        "labels": LabelSet(actions=("jump", "run", "wave"), scenes=("indoors", "outdoors")),
        "interval": 0.5,
        "frames": FrameOptions(size=32),
        "temperature": 1.5,
        "priors": Priors(dwell=np.full(4, 5.0), share=np.full(4, 0.25), scene_share=np.full((2, 4), 0.25)),
    }
    return ModelCard(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def card_of() -> Callable[..., ModelCard]:
    return _card_of


@pytest.fixture(scope="session")
def model() -> Model:
    """Random weights, with heads that say something."""
    torch.manual_seed(0)
    card = _card_of()
    network = TSM(card.network).eval()
    with torch.no_grad():
        for head in (network.action_head, network.scene_head):
            assert head is not None
            head.weight.normal_(0, 0.5)
    return Model(network=network, card=card)


@pytest.fixture(scope="session")
def model_file(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "model.safetensors"
    save_model(path, model.network, model.card)
    return path
