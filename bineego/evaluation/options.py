"""What `evaluate` can be asked for. Free of pandas, so that the command line can import it early."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from annotated_types import Ge

from bineego.config import Opt
from bineego.errors import BadOption
from bineego.formats.options import LabelOptions, MomentOptions
from bineego.values import several

CHALLENGE_TIOU = (0.5, 0.75, 0.95)
"""The challenge's thresholds; the final score is the mean over them (report, section 4.1)."""

LIST_FORM = "a list like 0.5,0.75,0.95 or a range like 0.3:0.7:0.1 (first:last:step, or first:step:last)"

MOST_THRESHOLDS = 1000

log = logging.getLogger(__name__)


class Protocol(StrEnum):
    """What is scored."""

    SEGMENTS = "segments"  # whole segments on the video's own timeline
    WINDOWS = "windows"  # pieces of them in the challenge's 10 s windows


def thresholds(given: str | float | tuple[float, ...] | list[float]) -> tuple[float, ...]:
    """tIoU thresholds, increasing, from numbers or from text: "0.5,0.75", "0.3:0.7:0.1" or both mixed.

    Ranges are counted in decimal, so that 0.3:0.7:0.1 ends with the float64 0.7 and not beside it.

    Raises:
        BadOption: not in (0, 1], or not a number.
    """
    found: set[float] = set()
    for text in _texts(given):
        found.update(float(value) for value in _expand(text))
    for value in found:
        if not 0 < value <= 1:
            raise BadOption(f"must be more than 0 and at most 1, not {value}; give {LIST_FORM}")
    if not found:
        raise BadOption(f"must be {LIST_FORM}")
    return tuple(sorted(found))


def _texts(given: object) -> list[str]:
    """Each of several values as text, whether they are a list, one value, or text with commas."""
    values = given.split(",") if isinstance(given, str) else several(given)
    return [str(value).strip() for value in values]


def _expand(text: str) -> list[Decimal]:
    parts = text.split(":")
    try:
        numbers = [Decimal(part) for part in parts]
        if not all(number.is_finite() for number in numbers):
            raise InvalidOperation
    except InvalidOperation:
        raise BadOption(f"must be {LIST_FORM}, not {text!r}") from None
    if len(numbers) == 1:
        return numbers
    if len(numbers) != 3:
        raise BadOption(f"must be {LIST_FORM}, not {text!r}")
    first, last, step = _in_order(numbers, text)
    steps = (last - first) / step
    if steps != int(steps):
        raise BadOption(
            f"must end on a step: {last} is not among {first}, {first + step}, ... of {text!r}; give {LIST_FORM}"
        )
    if steps >= MOST_THRESHOLDS:
        raise BadOption(f"{text!r} makes {int(steps) + 1} thresholds; at most {MOST_THRESHOLDS} are possible")
    return [first + step * k for k in range(int(steps) + 1)]


def _in_order(numbers: list[Decimal], text: str) -> tuple[Decimal, Decimal, Decimal]:
    """first, last and step, whichever of the last two comes first: only one order makes two thresholds or more."""
    first, second, third = numbers
    if third > 0 and second > first and second - first >= third:
        return first, second, third
    if second > 0 and third > first and third - first >= second:
        log.info("tIoU thresholds %s are read as first:step:last", text)
        return first, third, second
    if third > 0 and second == first and third > first:
        raise BadOption(f"must be {LIST_FORM}, not {text!r}")
    if third > 0 and second == first:
        return first, second, third
    raise BadOption(f"must be {LIST_FORM}, not {text!r}")


def counts(given: str | int | tuple[int, ...] | list[int]) -> tuple[int, ...]:
    """Positive whole numbers, increasing, from numbers or from text like "1,5,10".

    Raises:
        BadOption: one of them is not a positive whole number.
    """
    parts = _texts(given)
    bad = next((part for part in parts if not (part.isascii() and part.isdigit() and int(part) > 0)), None)
    if bad is not None:
        raise BadOption(f"must be whole numbers of 1 or more, such as 1,5,10, not {bad!r}")
    return tuple(sorted({int(part) for part in parts}))


def seconds(given: str | float | tuple[float, ...] | list[float]) -> tuple[float, ...]:
    """Positive numbers of seconds, in the order given, from text like "0.25,0.5,1.0".

    Raises:
        BadOption: one of them is not a positive number.
    """
    found: list[float] = []
    for part in _texts(given):
        try:
            value = float(part)
        except ValueError:
            value = float("nan")
        if not 0 < value < float("inf"):
            raise BadOption(f"must be seconds, such as 0.25,0.5,1.0, not {part!r}")
        found.append(value)
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(LabelOptions, MomentOptions):
    """Options of `evaluate`."""

    subset: Annotated[str | None, Opt("Score only the videos of this subset.", unset="all videos")] = None
    tiou: Annotated[
        tuple[float, ...],
        Opt(
            "tIoU thresholds: a list, or first:last:step with the last one included.",
            metavar="X,X,...",
            parse=thresholds,
        ),
    ] = CHALLENGE_TIOU
    scenes: Annotated[
        Path | None, Opt("Predicted scenes.", metavar="FILE", unset="scenes.csv beside the predictions")
    ] = None
    protocol: Annotated[Protocol, Opt("Score whole segments, or their parts in the challenge's 10 s windows.")] = (
        Protocol.SEGMENTS
    )
    dedup_ground_truth: Annotated[bool, Opt("Count exact duplicates in the ground truth once.")] = False
    ignore: Annotated[
        tuple[str, ...],
        Opt(
            "Label of ambiguous parts: predictions there count as neither right nor wrong.",
            metavar="LABEL",
            unset="none",
        ),
    ] = ()
    recall_at: Annotated[
        tuple[int, ...],
        Opt(
            "Also print the average recall of the N best predictions per video.",
            metavar="N,N,...",
            parse=counts,
        ),
    ] = ()
    bootstrap: Annotated[int, Ge(0), Opt("Confidence intervals from N resamplings of the videos; 0 means none.")] = 0
    seed: Annotated[int, Ge(0), Opt("Random seed of the resampling.")] = 0
    segmental: Annotated[
        bool, Opt("Also print segmentation scores: frame accuracy, edit score, F1 at tIoU 0.1, 0.25 and 0.5.")
    ] = False
    diagnose: Annotated[bool, Opt("Sort the errors by kind, and show what fixing each kind would gain.")] = False
    curves: Annotated[
        Path | bool,
        Opt("Write precision-recall curves to FILE.png or FILE.json.", metavar="FILE", unset="none"),
    ] = False


@dataclass(frozen=True, kw_only=True)
class EvaluateCall(EvaluateOptions):
    """What the command takes."""

    ground_truth: Annotated[
        Path | None, Opt("A data set, or a file of annotations.", argument=True, unset="of the newest run")
    ] = None
    predictions: Annotated[
        Path | None,
        Opt("Scored segments: CSV or ActivityNet JSON.", argument=True, unset="of the newest run"),
    ] = None
    ceiling: Annotated[
        tuple[float, ...],
        Opt(
            "Also print what perfectly labelled intervals of these lengths would score.",
            metavar="SECONDS,...",
            table=None,
            parse=seconds,
        ),
    ] = ()
    json: Annotated[bool, Opt("Print JSON.", table=None)] = False
    overwrite: Annotated[
        bool, Opt("With --curves, replace a file even if it was changed, or not written by bineego.", table=None)
    ] = False
