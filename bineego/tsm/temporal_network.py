"""A temporal model: trunk, projection of its features, and the head over them, as one module with one state.

Shape suffixes: T steps, D features.
"""

from __future__ import annotations

from torch import Tensor, nn

from bineego.heads.temporal import HeadEnsemble, HeadScores
from bineego.tsm.config import TemporalConfig
from bineego.tsm.network import TSM


class TemporalNetwork(nn.Module):
    """Projected features (T, D) of a video to `HeadScores`.

    Attributes:
        trunk: makes the features; None if no kind needs it.
        projection: for each kind a linear map from what is measured to what the head reads.
        head: the members.
    """

    def __init__(self, config: TemporalConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = None if config.trunk is None else TSM(config.trunk).trunk
        self.projection = nn.ModuleList(
            nn.Linear(width, n) for width, n in zip(config.widths, config.directions, strict=True)
        )
        self.head = HeadEnsemble(config.head)

    def forward(self, features_TD: Tensor) -> HeadScores:
        scores: HeadScores = self.head(features_TD)
        return scores

    def feature_maker(self) -> TSM | None:
        """The trunk in the network that it came from, without that one's heads; None if there is none."""
        if self.trunk is None or self.config.trunk is None:
            return None
        network = TSM(self.config.trunk)
        network.trunk = self.trunk
        return network.eval()
