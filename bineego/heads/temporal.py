"""The temporal head: dilated convolutions over the features of a whole video.

Sources: Farha, Gall: MS-TCN, CVPR 2019 (dilated residual layers); Ishikawa et al.: ASRF, WACV 2021 (a boundary channel
beside the classes); Zhang, Wu, Li: ActionFormer, ECCV 2022 (class and distances to start and end of every step).
Shape suffixes: T steps, D features, W channels, C actions, B boundary channels, S scenes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from bineego.heads.config import HeadConfig

RARE = -3.0
"""Bias that boundaries and proposals begin with: few steps are one."""

TINY = 1e-6  # probabilities stay this far from 0 and 1, so that their logits are finite


class HeadScores(NamedTuple):
    """What the head says of one video; None without that part.

    actions: logits (T, C + 1). boundaries: logits (T + 1, B) of the edges of the steps. proposals: logits (T, C) of the
    action that a step lies in. distances: seconds (T, 2) from a step's centre back to the start and on to the end of
    that action. scenes: logits (S,).
    """

    actions: Tensor | None
    boundaries: Tensor | None
    proposals: Tensor | None
    distances: Tensor | None
    scenes: Tensor | None


class DilatedLayer(nn.Module):
    """A residual layer that looks `dilation` steps back and ahead; (1, W, T) in and out."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.look = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.norm = nn.GroupNorm(1, width)
        self.mix = nn.Conv1d(width, width, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_1WT: Tensor) -> Tensor:
        found: Tensor = self.dropout(self.mix(functional.relu(self.norm(self.look(x_1WT)))))
        return x_1WT + found


class TemporalHead(nn.Module):
    """Features (T, D) of one video to `HeadScores`.

    Args:
        config: its shape; `members` is not read here.
    """

    LAYER_DROPOUT = 0.2

    def __init__(self, config: HeadConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.enter = nn.Conv1d(config.n_features, width, 1)
        self.layers = nn.Sequential(*(DilatedLayer(width, 2**i, self.LAYER_DROPOUT) for i in range(config.layers)))
        if config.n_classes:
            self.actions = nn.Conv1d(width, config.n_classes, 1)
            self.boundaries = _tower(width, config.n_boundaries, kernel=2, bias=RARE)  # an edge lies between two steps
            self.proposals = _tower(width, config.n_classes - 1, bias=RARE)
            self.distances = _tower(width, 2)
        if config.n_scenes:
            self.scenes = nn.Linear(width, config.n_scenes)

    def forward(self, features_TD: Tensor) -> HeadScores:
        x_1DT = functional.dropout1d(features_TD.T[None], self.config.dropout, self.training)
        h_1WT = self.layers(self.enter(x_1DT))
        actions = boundaries = proposals = distances = scenes = None
        if self.config.n_classes:
            actions, boundaries, proposals = (
                part(h_1WT)[0].T for part in (self.actions, self.boundaries, self.proposals)
            )
            distances = functional.softplus(self.distances(h_1WT))[0].T * 2
        if self.config.n_scenes:
            scenes = self.scenes(h_1WT.mean(2))[0]
        return HeadScores(actions, boundaries, proposals, distances, scenes)


def _tower(width: int, n_out: int, *, kernel: int = 3, bias: float = 0.0) -> nn.Sequential:
    last = nn.Conv1d(width, n_out, kernel, padding=1)
    assert last.bias is not None
    with torch.no_grad():
        last.bias += bias
    return nn.Sequential(nn.Conv1d(width, width, 3, padding=1), nn.GroupNorm(1, width), nn.ReLU(), last)


class HeadEnsemble(nn.Module):
    """Several heads of one shape; `forward` gives their mean answer.

    Probabilities are averaged (log-probabilities of the classes, so that one doubtful member cannot outvote the
    others), and given back as logits.
    """

    def __init__(self, config: HeadConfig) -> None:
        super().__init__()
        self.config = config
        self.members = nn.ModuleList(TemporalHead(config) for _ in range(config.members))

    def forward(self, features_TD: Tensor, members: Sequence[int] | None = None) -> HeadScores:
        """The mean answer of all members, or of some."""
        chosen = range(len(self.members)) if members is None else members
        return average([self.members[i](features_TD) for i in chosen], multi=self.config.multi)


def average(answers: Sequence[HeadScores], *, multi: bool) -> HeadScores:
    """The mean of what several heads say of one video."""

    def mean(name: str, to: Callable[[Tensor], Tensor], back: Callable[[Tensor], Tensor]) -> Tensor | None:
        parts = [getattr(answer, name) for answer in answers]
        return None if parts[0] is None else back(torch.stack([to(part) for part in parts]).mean(0))

    same: Callable[[Tensor], Tensor] = lambda x: x  # noqa: E731
    log_softmax: Callable[[Tensor], Tensor] = lambda x: x.log_softmax(-1)  # noqa: E731
    odds: Callable[[Tensor], Tensor] = lambda p: torch.logit(p, TINY)  # noqa: E731
    return HeadScores(
        actions=mean("actions", same if multi else log_softmax, same),
        boundaries=mean("boundaries", torch.sigmoid, odds),
        proposals=mean("proposals", torch.sigmoid, odds),
        distances=mean("distances", same, same),
        scenes=mean("scenes", log_softmax, same),
    )
