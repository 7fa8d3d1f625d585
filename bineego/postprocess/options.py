"""How score tracks become one, and then segments. Standard library only: the command line offers it at no cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Postprocess(StrEnum):
    """What gives every cell of the track its label."""

    PAPER = "paper"  # the likeliest class of each whole interval (report, section 3.2)
    VITERBI = "viterbi"  # the likeliest sequence of classes, given how long actions usually last


class ScoreRule(StrEnum):
    """What a segment's score is."""

    MAX = "max"  # the largest probability of its class among its cells (report, section 3.2)
    LENGTH = "length"  # the mean probability, lower for short segments: they are wrong more often


class Missing(StrEnum):
    """What a model that does not know a label (or, among segments, lacks a candidate) says of it."""

    ZERO = "zero"  # confidence 0
    PRESENT = "present"  # nothing: the average is over the models that have it


class Pooling(StrEnum):
    """How the probabilities of several tracks become one."""

    LINEAR = "linear"  # weighted arithmetic mean
    LOG = "log"  # weighted geometric mean: one model can veto


@dataclass(frozen=True, kw_only=True)
class DecodeOptions:
    """Options of `decode`.

    Attributes:
        method: see `Postprocess`.
        score: see `ScoreRule`; None = `max` for `paper`, `length` for `viterbi`.
        refine: move boundaries inside the cells beside them; None = only for `viterbi`.
        candidates: add low-score segments found at several probability thresholds: more recall, below the others.
        dwell: mean length in seconds of one stay in a class where the model has learnt none (`viterbi`).
        threshold: probability at which an action breaks even with "no action"; lower finds more of them.
        class_thresholds: the same for single actions, by name.
        bridge: join segments of one label with at most this many seconds between them; 0 = none.
        min_duration: drop segments shorter than this many seconds; 0 = none.
        scene_prior: how strongly the scene re-weights the actions, through how often they go together in the training
            annotations; 0 = not at all, 1 = by Bayes' rule.
    """

    method: Postprocess = Postprocess.VITERBI
    score: ScoreRule | None = None
    refine: bool | None = None
    candidates: bool = False
    dwell: float = 10.0
    threshold: float = 0.5
    class_thresholds: Mapping[str, float] = field(default_factory=dict)
    bridge: float = 0.0
    min_duration: float = 0.0
    scene_prior: float = 0.0

    def __post_init__(self) -> None:
        for name in ("bridge", "min_duration", "scene_prior"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise ValueError(f"{name} must be 0 or more, not {getattr(self, name)}")
        if not (math.isfinite(self.dwell) and self.dwell > 0):
            raise ValueError(f"dwell must be more than 0 seconds, not {self.dwell}")
        for label, value in {"threshold": self.threshold, **self.class_thresholds}.items():
            if not 0 < value < 1:
                raise ValueError(f"{label}: a threshold lies between 0 and 1, not at {value}")

    @property
    def score_rule(self) -> ScoreRule:
        if self.score is not None:
            return self.score
        return ScoreRule.MAX if self.method is Postprocess.PAPER else ScoreRule.LENGTH

    @property
    def refines(self) -> bool:
        return self.method is Postprocess.VITERBI if self.refine is None else self.refine
