"""Plain ways to do what bineego does fast: rules in loops, libraries by their first example. The peers of check.py.

Shape suffixes: N cells, K classes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

Row = tuple[str, str, float, float, float]
"""Video, label, start, end, score."""


def mean_ap(truth: pd.DataFrame, found: pd.DataFrame, tiou: Sequence[float]) -> list[float]:
    """mAP at every threshold: class by class, prediction by prediction (docs/scoring.md)."""
    means = []
    for threshold in tiou:
        scores = []
        for label, mine in truth.groupby("label"):
            by_video = {video: rows[["start", "end"]].to_numpy() for video, rows in mine.groupby("video_id")}
            ranked = found[found["label"] == label].sort_values("score", ascending=False, kind="stable")
            taken: set[tuple[str, int]] = set()
            hits = []
            for video, start, end in ranked[["video_id", "start", "end"]].itertuples(index=False):
                segments = by_video.get(video, np.zeros((0, 2)))
                shared = np.minimum(segments[:, 1], end) - np.maximum(segments[:, 0], start)
                shared = np.maximum(shared, 0)
                overlap = shared / (segments[:, 1] - segments[:, 0] + (end - start) - shared)
                free = [i for i in np.argsort(-overlap) if overlap[i] >= threshold and (video, i) not in taken]
                taken.update((video, i) for i in free[:1])
                hits.append(bool(free))
            precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
            best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
            scores.append(float(best_from_here[np.array(hits, bool)].sum()) / len(mine))
        means.append(float(np.mean(scores)))
    return means


def paper_ensemble(models: Sequence[Sequence[Row]], weights: Sequence[float], iou: float) -> list[Row]:
    """Equal candidates averaged over all models; then the first pair above `iou` is merged until there is none
    (docs/ensembling.md)."""
    votes: dict[tuple[str, str, int, int], dict[int, Row]] = defaultdict(dict)
    for number, rows in enumerate(models):
        for row in rows:
            mine = votes[row[0], row[1], round(1000 * row[2]), round(1000 * row[3])]
            if number not in mine or row[4] > mine[number][4]:
                mine[number] = row
    groups: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
    for (video, label, *_), mine in votes.items():
        first = mine[min(mine)]
        score = sum(weights[number] * row[4] for number, row in mine.items()) / sum(weights)
        groups[video, label].append((score, first[2], first[3]))
    return sorted((*key, s, e, c) for key, candidates in groups.items() for c, s, e in _merged(candidates, iou))


def _merged(candidates: list[tuple[float, float, float]], iou: float) -> list[tuple[float, float, float]]:
    while True:
        candidates.sort(key=lambda one: (-round(one[0], 12), one[1], one[2]))
        pair = _first_pair(candidates, iou)
        if pair is None:
            return candidates
        (a, start, end), (b, other_start, other_end) = candidates[pair[0]], candidates[pair[1]]
        candidates = [one for number, one in enumerate(candidates) if number not in pair]
        candidates.append((max(a, b), min(start, other_start), max(end, other_end)))


def _first_pair(candidates: list[tuple[float, float, float]], iou: float) -> tuple[int, int] | None:
    for i, (_, start, end) in enumerate(candidates):
        for j in range(i + 1, len(candidates)):
            _, other_start, other_end = candidates[j]
            shared = min(end, other_end) - max(start, other_start)
            if shared > 0 and shared / (end - start + other_end - other_start - shared) > iou:
                return i, j
    return None


def likeliest_path(evidence_NK: np.ndarray, widths_N: np.ndarray, dwell_K: np.ndarray, t: float) -> np.ndarray:
    """Classes (N,) by the textbook's dynamic programme: every class after every other, cell by cell; costs as in
    `bineego.postprocess.viterbi`."""
    evidence, widths, dwell = evidence_NK.tolist(), widths_N.tolist(), dwell_K.tolist()
    classes = range(len(dwell))
    leave = [math.log(len(dwell) - 1) - math.log(-math.expm1(-t / mean)) for mean in dwell]
    best = [widths[0] * (evidence[0][k] / t - 1 / dwell[k]) for k in classes]
    sources: list[list[int]] = []
    for row, width in zip(evidence[1:], widths[1:], strict=True):
        new, source = [], []
        for k in classes:
            value, j = max((best[j] - (leave[j] if j != k else 0.0), j) for j in classes)
            new.append(value + width * (row[k] / t - 1 / dwell[k]))
            source.append(j)
        best = new
        sources.append(source)
    path = [max(classes, key=best.__getitem__)]
    for source in reversed(sources):
        path.append(source[path[-1]])
    return np.array(path[::-1])


def all_frames(path: Path, size: int) -> list[np.ndarray]:
    """Every frame of a video, RGB and `size` pixels square."""
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (read := capture.read())[0]:
        frames.append(cv2.resize(read[1], (size, size))[:, :, ::-1])
    return frames


def some_frames(path: Path, wanted: Sequence[int], size: int) -> list[np.ndarray]:
    """Frames `wanted` (increasing) of a video: jump to the first, and read on."""
    capture = cv2.VideoCapture(str(path))
    capture.set(cv2.CAP_PROP_POS_FRAMES, wanted[0])
    frames = []
    for number in range(wanted[0], wanted[-1] + 1):
        good, frame = capture.read()
        if good and number in wanted:
            frames.append(cv2.resize(frame, (size, size))[:, :, ::-1])
    return frames
