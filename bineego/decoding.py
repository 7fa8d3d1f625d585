"""How a model's score tracks become segments: what was fitted on held-out videos, kept with the model and every track.

Standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class Postprocess(StrEnum):
    """What makes segments of a track."""

    PAPER = "paper"  # the likeliest class of each whole interval (report, section 3.2)
    VITERBI = "viterbi"  # the likeliest sequence of classes, given how long actions usually last
    ANCHOR_FREE = "anchor-free"  # the segments that the network proposes by itself


class ScoreRule(StrEnum):
    """What a segment's score is."""

    MAX = "max"  # the largest probability of its class among its cells (report, section 3.2)
    LENGTH = "length"  # the mean probability, lower for short segments: they are wrong more often


INDEPENDENT_CELLS = 0.5
"""Length of video, in cells of the track, that counts at most as one independent observation where nothing was
fitted."""

COARSE = 0.25
"""Cells of so many seconds or more are refined where nothing was fitted: in shorter ones there is nothing to gain
(docs/accuracy.md)."""


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """One way to decode, every choice made.

    Attributes:
        postprocess: see `Postprocess`.
        score: see `ScoreRule`.
        refine: whether boundaries move to where the cells beside them, or the boundary channel, say that they are.
        candidates: whether low-score segments are added.
        independent_seconds: length of video that counts as one independent observation (`viterbi`): small values trust
            every cell, large ones smooth.
        boundary: how much the boundary channel counts at a switch of classes (`viterbi`); 1 = by Bayes' rule.

    Raises:
        ValueError: a number out of its range.
    """

    postprocess: Postprocess
    score: ScoreRule
    refine: bool
    candidates: bool
    independent_seconds: float
    boundary: float

    def __post_init__(self) -> None:
        if not 0 < self.independent_seconds < math.inf:
            raise ValueError(f"independent_seconds = {self.independent_seconds} must be positive")
        if not 0 <= self.boundary < math.inf:
            raise ValueError(f"boundary = {self.boundary} must be 0 or more")

    def __str__(self) -> str:
        parts = [self.postprocess.value]
        if self.postprocess is Postprocess.VITERBI:
            parts.append(f"one independent observation per {self.independent_seconds:g} s")
            parts += [f"boundary channel x {self.boundary:g}"] if self.boundary else []
        if self.postprocess is not Postprocess.ANCHOR_FREE:
            parts += [f"score by {self.score.value}", *["refined boundaries"] * self.refine]
            parts += ["candidates"] * self.candidates
        return ", ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for files."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Decoding:
        """Inverse of `to_dict`.

        Raises:
            KeyError, TypeError, ValueError: not such values.
        """
        return cls(
            postprocess=Postprocess(values["postprocess"]),
            score=ScoreRule(values["score"]),
            refine=bool(values["refine"]),
            candidates=bool(values["candidates"]),
            independent_seconds=float(values["independent_seconds"]),
            boundary=float(values["boundary"]),
        )


def default(cell: float, *, boundaries: bool = False) -> Decoding:
    """What is done where nothing was fitted: chosen on real score tracks (docs/decoding.md). With a model's statistics
    of its training annotations at hand, `postprocess.decoder.default_of` smooths less where a track needs less.

    Candidates raise the score on all of them but are left out anyway: without a fit nothing is known of the model, and
    people who read the table do not want them.

    Args:
        cell: usual length of the track's cells, seconds.
        boundaries: whether it has a boundary channel.
    """
    return Decoding(
        postprocess=Postprocess.VITERBI,
        score=ScoreRule.LENGTH,
        refine=boundaries or cell >= COARSE,
        candidates=False,
        independent_seconds=INDEPENDENT_CELLS * cell,
        boundary=1.0,
    )


PAPER = Decoding(
    postprocess=Postprocess.PAPER,
    score=ScoreRule.MAX,
    refine=False,
    candidates=False,
    independent_seconds=1.0,
    boundary=0.0,
)
"""As published (report, section 3.2)."""


def of_version_1(evidence: float | None) -> Decoding | None:
    """What tracks and models of version 0.1 carry: the seconds of video that count as one independent observation."""
    return None if evidence is None else replace(default(1.0), independent_seconds=float(evidence), boundary=0.0)
