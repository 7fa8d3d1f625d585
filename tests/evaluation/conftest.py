"""The rules of scoring, written out slowly, and random sets to try them on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from bineego import segments
from bineego.cli import console

Row = tuple[str, float, float]  # video, start, end


def _tiou(prediction: Row, truth: Row) -> float:
    (_, start, end), (_, truth_start, truth_end) = prediction, truth
    shared = min(end, truth_end) - max(start, truth_start)
    return shared / ((truth_end - truth_start) + (end - start) - shared) if shared > 0 else 0.0


def _rows(table: pd.DataFrame) -> list[Row]:
    return list(zip(table.video_id, table.start.tolist(), table.end.tolist(), strict=True))


def _hits(truth: pd.DataFrame, found: pd.DataFrame, threshold: float) -> list[bool]:
    """Whether each prediction of one class hits, in falling order of score."""
    rows, free, hits = _rows(truth), set(range(len(truth))), []
    for prediction in _rows(found.sort_values("score", ascending=False, kind="stable")):
        candidates = [(_tiou(prediction, rows[i]), i) for i in free if rows[i][0] == prediction[0]]
        best = max((c for c in candidates if c[0] >= threshold), default=None)  # equal tIoU: the later row
        if best:
            free.remove(best[1])
        hits.append(best is not None)
    return hits


def _area(hits: list[bool], n_truth: int) -> float:
    precision = [sum(hits[: i + 1]) / (i + 1) for i in range(len(hits))]
    return sum(max(precision[i:]) for i, hit in enumerate(hits) if hit) / n_truth


@dataclass(frozen=True)
class Slow:
    """The rules, one row at a time."""

    def hits(self, truth: pd.DataFrame, found: pd.DataFrame, label: str, threshold: float) -> list[bool]:
        return _hits(truth[truth.label == label], found[found.label == label], threshold)

    def ap(self, truth: pd.DataFrame, found: pd.DataFrame, thresholds: tuple[float, ...]) -> dict[str, list[float]]:
        return {
            label: [
                _area(self.hits(truth, found, label, threshold), int((truth.label == label).sum()))
                for threshold in thresholds
            ]
            for label in sorted(set(truth.label))
        }


@pytest.fixture
def slow() -> Slow:
    return Slow()


RandomSet = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]


@pytest.fixture
def random_set() -> RandomSet:
    """Ground truth and predictions full of ties, nested, equal, degenerate and unknown rows."""

    def make(seed: int, *, n_truth: int = 12, n_found: int = 25, unique: bool = False) -> tuple[pd.DataFrame, ...]:
        rng = np.random.default_rng(seed)
        n_truth, n_found = int(rng.integers(1, n_truth)), int(rng.integers(0, n_found))
        labels, videos = [f"c{i}" for i in range(rng.integers(1, 4))], [f"v{i}" for i in range(rng.integers(1, 4))]
        # A coarse grid of times makes equal tIoUs and tIoUs on the threshold.
        step = rng.choice([1.0, 0.1, 0.37])
        start = rng.integers(0, 12, n_truth) * step
        end = start + rng.integers(0 if seed % 5 == 0 else 1, 10, n_truth) * step
        truth = segments.make(rng.choice(labels[:2], n_truth), rng.choice(labels, n_truth), start, end)
        truth["video_id"] = rng.choice(videos, n_truth)
        near = rng.integers(0, n_truth, n_found)
        first = start[near] + rng.integers(-2, 3, n_found) * step
        last = end[near] + rng.integers(-2, 3, n_found) * step
        score = rng.permutation(n_found) / 7 if unique else rng.integers(0, 6, n_found) / 5
        found = segments.make(
            rng.choice([*videos, "elsewhere"], n_found),
            rng.choice([*labels, "unheard of"], n_found),
            first,
            last,
            score,
        )
        return truth, found

    return make


@pytest.fixture
def notes() -> Iterator[list[str]]:
    """Warnings and notes of the package, as they come."""
    kept: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record.getMessage())

    logger, handler = logging.getLogger("bineego"), Keep()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield kept
    logger.removeHandler(handler)
    logger.setLevel(before)


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def bineego(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """The command line, in this process."""
    from bineego.cli.app import app

    def run(*arguments: object) -> Outcome:
        console.set_up_logging()
        capsys.readouterr()
        try:
            code = console.run(lambda: app([str(argument) for argument in arguments]))
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run
