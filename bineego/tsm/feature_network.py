"""A trunk as a maker of features: uint8 frames in, numbers for every frame out, for heads that are trained apart.

Shape suffixes: B frames, H height, W width, C channels, F features, G cells of a coarse grid each way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from bineego import digests
from bineego.errors import ModelError
from bineego.tsm.card_file import find_model_file
from bineego.tsm.config import NetworkConfig, Precision, Trunk
from bineego.tsm.inference_network import compile_network
from bineego.tsm.model_file import load_model
from bineego.tsm.network import TSM
from bineego.tsm.weights import init_trunk
from bineego.types import Pixels
from bineego.video.options import FrameOptions

GRID = 4
WIDEST = 4096
"""Numbers of the coarse maps at most: wide trunks get a coarser grid."""


class FrameFeatures(NamedTuple):
    """Features of B frames, in half precision: final (B, F), averaged over the picture, and coarse maps (B, C * G * G)
    of the last layer before the picture shrinks a last time."""

    final: NDArray[np.float16]
    mid: NDArray[np.float16]


class FeatureNetwork:
    """No gradient and no state.

    Args:
        network: its trunk is used. If it shifts, the frames of one call are one clip.
        weights: what tells its weights from others, e.g. their SHA-256.

    Attributes:
        made_by: trunk, weights and shift as plain values.
        shifts: whether features of a frame depend on those before and after it.
    """

    def __init__(self, network: TSM, weights: str, device: torch.device | str = "cpu") -> None:
        # Not bf16, where it is fast: features must not depend on the machine more than rounding does.
        self._trunk = compile_network(network, precision=Precision.FP32, device=device).trunk
        config = network.config
        self.shifts = config.shift
        self.made_by: dict[str, Any] = {"trunk": str(config.trunk), "weights": weights, "shift": config.shift}

    @torch.inference_mode()
    def __call__(self, frames_BHW3: Pixels) -> FrameFeatures:
        """Features of frames; of a trunk that shifts, those of one clip."""
        frames = torch.from_numpy(frames_BHW3)
        mid, last = self._trunk.maps(frames[None] if self.shifts else frames[:, None])
        grid = max(g for g in range(1, GRID + 1) if g == 1 or mid.shape[1] * g * g <= WIDEST)
        coarse = functional.adaptive_avg_pool2d(mid, grid).flatten(1)
        return FrameFeatures(_half(last.mean((2, 3))), _half(coarse))


def _half(values: torch.Tensor) -> NDArray[np.float16]:
    limit = float(np.finfo(np.float16).max)
    half: NDArray[np.float16] = values.float().clamp(-limit, limit).half().cpu().numpy()
    return half


class FeatureSource(NamedTuple):
    """A network whose trunk makes features, what tells its weights from others, and the frames it was trained on (None
    = of any size)."""

    network: TSM
    weights: str
    frames: FrameOptions | None = None


def imagenet_source(trunk: Trunk) -> FeatureSource:
    """A trunk with ImageNet's weights, every frame by itself.

    Raises:
        ModelError: its weights cannot be had.
    """
    network = TSM(NetworkConfig(trunk=trunk, n_classes=2, shift=False)).eval()
    report = init_trunk(network, "imagenet")
    return FeatureSource(network, report.sha256 or "")


def trained_source(path: Path) -> FeatureSource:
    """The trunk of a trained run (its folder or its file), with its shift if it has one.

    Raises:
        ModelError: no such model, or one that cannot be used or has no trunk.
    """
    file = find_model_file(path)
    model = load_model(file)
    if isinstance(model.network, TSM):
        return FeatureSource(model.network, digests.of_file(file), model.card.frames)
    network = model.network.feature_maker()
    if network is None:
        raise ModelError("this model uses only motion and has no trunk", where=file, remedy="choose another run")
    return FeatureSource(network, model.network.config.weights, model.card.frames)


def imagenet_features(trunk: Trunk, device: torch.device | str = "cpu") -> FeatureNetwork:
    """Features of a trunk with ImageNet's weights; raises as `imagenet_source`."""
    source = imagenet_source(trunk)
    return FeatureNetwork(source.network, source.weights, device)


def trained_features(path: Path, device: torch.device | str = "cpu") -> FeatureNetwork:
    """Features of a trained run's trunk; raises as `trained_source`."""
    source = trained_source(path)
    return FeatureNetwork(source.network, source.weights, device)
