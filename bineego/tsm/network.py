"""The network: a trunk with the temporal shift, segment consensus, an action head and a scene head.

Source: report, sections 3.1 (TSM with N_class + 1 logits) and 3.2 (a scene head on the same trunk).
Shape suffixes: N clips, T frames of a clip, C channels, H height, W width, F features.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from bineego.tsm.config import NetworkConfig
from bineego.tsm.trunks import build_trunk

HEAD_STD = 0.001  # of the weights of a new head (official implementation)


class ClipLogits(NamedTuple):
    """Logits of N clips; None where the network lacks that head.

    actions: (N, C + 1), column 0 = background. scenes: (N, S).
    """

    actions: Tensor | None
    scenes: Tensor | None


class TSM(nn.Module):
    """A network of random weights; `bineego.tsm.weights.init_trunk` brings trained ones in.

    Attributes:
        config: its shape.
        trunk: frames -> features.
        action_head: features -> C + 1 logits, or None.
        scene_head: features -> S logits, or None.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = build_trunk(config)
        self.dropout = nn.Dropout(config.dropout)
        self.action_head = new_head(self.trunk.n_features, config.n_classes) if config.n_classes else None
        self.scene_head = new_head(self.trunk.n_features, config.n_scenes) if config.n_scenes else None

    def forward(self, frames_NTCHW: Tensor) -> ClipLogits:
        """Logits of clips: the mean of the logits of their frames (segment consensus).

        Args:
            frames_NTCHW: normalised pictures (`bineego.tsm.preprocess.normalise`). T is read from here; it may differ
                from the T of training.
        """
        n_frames = frames_NTCHW.shape[1]
        features_BF = self.dropout(self.trunk(frames_NTCHW.flatten(0, 1), n_frames))
        return ClipLogits(
            None if self.action_head is None else consensus(self.action_head(features_BF), n_frames),
            None if self.scene_head is None else consensus(self.scene_head(features_BF), n_frames),
        )


def consensus(logits_BK: Tensor, n_frames: int) -> Tensor:
    """Mean over the frames of each clip: (N * T, K) -> (N, K)."""
    return logits_BK.view(-1, n_frames, logits_BK.shape[1]).mean(1)


def new_head(n_features: int, n_logits: int) -> nn.Linear:
    """A head that starts at "anything is possible": weights N(0, 0.001), bias 0."""
    head = nn.Linear(n_features, n_logits)
    if not head.weight.is_meta:  # see `build_trunk`
        nn.init.normal_(head.weight, 0.0, HEAD_STD)
    nn.init.zeros_(head.bias)
    return head
