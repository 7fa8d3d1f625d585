"""How score tracks become one, and then segments. Standard library only: the command line offers it at no cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from annotated_types import Ge, Gt, Interval

from bineego.config import Opt, Options
from bineego.decoding import Postprocess, ScoreRule

DECODING = "Decoding"


class Missing(StrEnum):
    """What a model that does not know a label (or, among segments, lacks a candidate) says of it."""

    ZERO = "zero"  # confidence 0
    PRESENT = "present"  # nothing: the average is over the models that have it


class Pooling(StrEnum):
    """How the probabilities of several tracks become one."""

    LINEAR = "linear"  # weighted arithmetic mean
    LOG = "log"  # weighted geometric mean: one model can veto


def strength(value: object) -> float:
    """A switch, or a number."""
    if isinstance(value, bool | int | float):
        return float(value)
    raise ValueError(f"must be a number of 0 or more, not {value!r}")


@dataclass(frozen=True, kw_only=True)
class DecodeOptions(Options):
    """Options of `decode`."""

    postprocess: Annotated[
        Postprocess | None,
        Opt(
            "How segments are made: paper merges equal neighbours, as published; viterbi finds the likeliest sequence; "
            "anchor-free takes what a temporal head proposes.",
            panel=DECODING,
            unset="as fitted for the model, else viterbi",
            was=("method",),
        ),
    ] = None
    score: Annotated[
        ScoreRule | None,
        Opt(
            "A segment's score: the largest probability, or their mean, lower for short segments.",
            panel=DECODING,
            flag=False,
            unset="max for paper, else as fitted for the model, else length",
        ),
    ] = None
    refine: Annotated[
        bool | None,
        Opt(
            "Move boundaries to where the cells beside them, or the boundary channel, say that they are.",
            panel=DECODING,
            unset="off for paper, else as fitted for the model, else on",
        ),
    ] = None
    candidates: Annotated[
        bool | None,
        Opt(
            "Add low-score segments found at several thresholds, for more recall.",
            panel=DECODING,
            unset="off for paper, else as fitted for the model, else off",
        ),
    ] = None
    dwell: Annotated[
        float,
        Gt(0),
        Opt("Mean seconds of one stay in a class where the model has learnt none.", panel=DECODING, flag=False),
    ] = 10.0
    threshold: Annotated[
        float,
        Interval(gt=0, lt=1),
        Opt("Probability from which an action wins against no action; lower finds more.", panel=DECODING),
    ] = 0.5
    class_thresholds: Annotated[
        Mapping[str, Annotated[float, Interval(gt=0, lt=1)]],
        Opt("The same for single actions, by name.", panel=DECODING, flag=False),
    ] = field(default_factory=dict)
    bridge: Annotated[
        float,
        Ge(0),
        Opt(
            "Join segments of one label with at most this many seconds between them.", panel=DECODING, metavar="SECONDS"
        ),
    ] = 0.0
    min_duration: Annotated[
        float, Ge(0), Opt("Drop segments shorter than this.", panel=DECODING, metavar="SECONDS")
    ] = 0.0
    scene_prior: Annotated[
        float,
        Ge(0),
        Opt(
            "Let the scene re-weight the actions by how often they go together in the training annotations; in "
            "bineego.toml also in part: 0 is off, 1 is Bayes' rule.",
            panel=DECODING,
            switch=True,
            unset="off",
            parse=strength,
        ),
    ] = 0.0
