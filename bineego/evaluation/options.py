"""What `evaluate` can be asked for. Free of pandas, so that the command line can import it early."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from bineego.errors import UsageError

CHALLENGE_TIOU = (0.5, 0.75, 0.95)
"""The challenge's thresholds; the final score is the mean over them (report, section 4.1)."""

LIST_FORM = "a list like 0.5,0.75,0.95 or a range like 0.3:0.7:0.1 (first:last:step, the last one included)"

MOST_THRESHOLDS = 1000


class Protocol(StrEnum):
    """What is scored."""

    SEGMENTS = "segments"  # whole segments on the video's own timeline
    WINDOWS = "windows"  # pieces of them in the challenge's 10 s windows


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """Options of `evaluate`; also the keys of the `[evaluate]` table of bineego.toml.

    Attributes:
        ground_truth: the ground truth, where a call does not name it.
        predictions: the predictions, where a call does not name them.
        scenes: predicted scenes; by default `scenes.csv` beside the predictions, if that exists.
        tiou: thresholds, as a list or text (see `thresholds`).
        subset: score only the videos of this subset of the ground truth.
        protocol: see `Protocol`.
        dedup_ground_truth: count exact duplicates in the ground truth once.
        recall_at: numbers of predictions per video to report the average recall at.
        bootstrap: number of resamplings of the videos for confidence intervals; 0 = none.
        seed: of the resampling.
        curves: keep the precision-recall curves.
        diagnose: say what kind each error is, and what fixing it would gain.
    """

    ground_truth: str | None = None
    predictions: str | None = None
    scenes: str | None = None
    tiou: str | float | tuple[float, ...] = CHALLENGE_TIOU
    subset: str | None = None
    protocol: Protocol = Protocol.SEGMENTS
    dedup_ground_truth: bool = False
    recall_at: str | int | tuple[int, ...] = ()
    bootstrap: int = 0
    seed: int = 0
    curves: bool = False
    diagnose: bool = False

    def __post_init__(self) -> None:
        if self.bootstrap < 0:
            raise ValueError(f"bootstrap: a number of resamplings is 0 or more, not {self.bootstrap}")
        if self.seed < 0:
            raise ValueError(f"seed: a seed is 0 or more, not {self.seed}")


def thresholds(given: str | float | tuple[float, ...] | list[float]) -> tuple[float, ...]:
    """tIoU thresholds, increasing, from numbers or from text: "0.5,0.75", "0.3:0.7:0.1" or both mixed.

    Ranges are counted in decimal, so that 0.3:0.7:0.1 ends with the float64 0.7 and not beside it.

    Raises:
        UsageError: not in (0, 1], or not a number.
    """
    texts = given.split(",") if isinstance(given, str) else [repr(float(value)) for value in _several(given)]
    found: set[float] = set()
    for text in texts:
        found.update(float(value) for value in _expand(text.strip()))
    for value in found:
        if not 0 < value <= 1:
            raise UsageError(
                f"a tIoU threshold lies in (0, 1], not {value}", where="--tiou", remedy=f"give {LIST_FORM}"
            )
    if not found:
        raise UsageError("no threshold", where="--tiou", remedy=f"give {LIST_FORM}")
    return tuple(sorted(found))


def _several(given: float | tuple[float, ...] | list[float]) -> list[float]:
    return [float(given)] if isinstance(given, int | float) else list(given)


def _expand(text: str) -> list[Decimal]:
    parts = text.split(":")
    try:
        numbers = [Decimal(part) for part in parts]
        if not all(number.is_finite() for number in numbers):
            raise InvalidOperation
    except InvalidOperation:
        raise UsageError(f"{text!r} is no tIoU threshold", where="--tiou", remedy=f"give {LIST_FORM}") from None
    if len(numbers) == 1:
        return numbers
    if len(numbers) != 3 or numbers[2] <= 0 or numbers[1] < numbers[0]:
        raise UsageError(f"{text!r} is no range first:last:step", where="--tiou", remedy=f"give {LIST_FORM}")
    first, last, step = numbers
    count = int((last - first) / step) + 1
    if count > MOST_THRESHOLDS:
        raise UsageError(f"{text!r} holds {count} thresholds; {MOST_THRESHOLDS} are possible", where="--tiou")
    return [first + step * k for k in range(count)]


def counts(given: str | int | tuple[int, ...] | list[int], *, where: str) -> tuple[int, ...]:
    """Positive whole numbers, increasing, from numbers or from text like "1,5,10".

    Raises:
        UsageError: one of them is not a positive whole number.
    """
    several = given.split(",") if isinstance(given, str) else [given] if isinstance(given, int) else given
    parts = [str(part).strip() for part in several]
    bad = next((part for part in parts if not (part.isascii() and part.isdigit() and int(part) > 0)), None)
    if bad is not None:
        raise UsageError(f"{bad!r} is no positive whole number", where=where, remedy="give a list like 1,5,10")
    return tuple(sorted({int(part) for part in parts}))


def seconds(given: str, *, where: str) -> tuple[float, ...]:
    """Positive numbers of seconds, in the order given, from text like "0.25,0.5,1.0".

    Raises:
        UsageError: one of them is not a positive number.
    """
    found: list[float] = []
    for part in given.split(","):
        try:
            value = float(part)
        except ValueError:
            value = float("nan")
        if not 0 < value < float("inf"):
            raise UsageError(
                f"{part.strip()!r} is no length in seconds", where=where, remedy="give a list like 0.25,0.5,1.0"
            )
        found.append(value)
    return tuple(dict.fromkeys(found))
