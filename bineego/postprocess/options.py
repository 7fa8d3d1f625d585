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
            "How segments are made: paper merges equal neighbours, as published; viterbi finds the "
            "most likely sequence; anchor-free takes the proposals of a temporal head.",
            panel=DECODING,
            unset="as fitted for the model, else viterbi",
            was=("method",),
        ),
    ] = None
    score: Annotated[
        ScoreRule | None,
        Opt(
            "Score of a segment: its largest probability (max), or the mean, reduced for short segments (length).",
            panel=DECODING,
            flag=False,
            unset="max for paper, else as fitted for the model, else length",
        ),
    ] = None
    refine: Annotated[
        bool | None,
        Opt(
            "Refine boundaries by the neighbouring intervals or the boundary channel.",
            panel=DECODING,
            unset="off for paper, else as fitted for the model, else on for cells of 0.25 s or longer",
        ),
    ] = None
    candidates: Annotated[
        bool | None,
        Opt(
            "Add low-scoring segments found at several thresholds, for more recall.",
            panel=DECODING,
            unset="off for paper, else as fitted for the model, else off",
        ),
    ] = None
    dwell: Annotated[
        float,
        Gt(0),
        Opt("Mean duration of an action in seconds, where the model has not learnt it.", panel=DECODING, flag=False),
    ] = 10.0
    threshold: Annotated[
        float,
        Interval(gt=0, lt=1),
        Opt("Probability above which an action wins over no action; lower values find more.", panel=DECODING),
    ] = 0.5
    class_thresholds: Annotated[
        Mapping[str, Annotated[float, Interval(gt=0, lt=1)]],
        Opt("Thresholds for individual actions, by name.", panel=DECODING, flag=False),
    ] = field(default_factory=dict)
    bridge: Annotated[
        float,
        Ge(0),
        Opt("Join segments of the same label that are at most this far apart.", panel=DECODING, metavar="SECONDS"),
    ] = 0.0
    min_duration: Annotated[
        float, Ge(0), Opt("Drop segments shorter than this.", panel=DECODING, metavar="SECONDS")
    ] = 0.0
    scene_prior: Annotated[
        bool | float,
        Ge(0),
        Opt(
            "Reweight actions by how often they occurred in the predicted scene during training; "
            "bineego.toml also takes a number from 0 (off) to 1 (Bayes' rule).",
            panel=DECODING,
            unset="off",
            parse=strength,
        ),
    ] = 0.0
