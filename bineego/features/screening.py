"""Which kinds of features a model shall use: a cheap linear screen over folds of the training videos.

Ridge regression of the step labels on the projected features, five steps of them averaged; the score of some kinds is
how well held-out groups (people, cameras, else recordings) are told. All kinds are taken but those without which it
clearly rises: a head makes more of several views of one thing than a linear map can.

Shape suffixes: T steps, C classes, D projected features.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bineego.datasets.groups import find_groups
from bineego.datasets.recording import Recording
from bineego.features.kinds import Kind
from bineego.features.projection import Projection, fit_projection
from bineego.features.track import FeatureTrack
from bineego.grid import overlaps
from bineego.labels import LabelSet
from bineego.types import Floats, Ints

log = logging.getLogger(__name__)

SMOOTH_SECONDS = 0.4
STEP_SECONDS = 0.32
"""Steps looked at lie so far apart: nearer ones say the same."""

RIDGE = 0.05  # of the features' variance
GAIN, ERRORS = 0.01, 2.0
"""A kind is left out if the score rises by at least so much without it, and by so many standard errors over the folds:
the best of several choices looks good by chance (docs/accuracy.md)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Screened:
    """What a screen found.

    Attributes:
        kinds: those chosen, in the order in which they were given.
        score: mean average precision of the steps of held-out groups with these kinds, 0 to 1.
        scores: that of everything tried, by kinds.
        group_by: the attribute that made the groups; None = every recording by itself.
    """

    kinds: tuple[str, ...]
    score: float
    scores: Mapping[tuple[str, ...], float]
    group_by: str | None


def screen(
    tracks: Mapping[str, FeatureTrack],
    recordings: Sequence[Recording],
    labels: LabelSet,
    *,
    kinds: Iterable[str] = tuple(Kind),
    group_by: str | None = None,
    projection: Projection | None = None,
) -> Screened:
    """The kinds that tell the actions of held-out groups best.

    Args:
        tracks: by video id; only the training videos are looked at.
        recordings: the training recordings; those without annotation are left out.
        labels: the actions.
        kinds: to choose from.
        group_by: attribute of index.json; None = one that looks like a group, else recordings.
        projection: of these kinds, if it is fitted already.

    Raises:
        UsageError: no recording has the attribute.
        InputInvalid: a track lacks a kind.
    """
    kinds = tuple(kinds)
    known = [r for r in recordings if r.segments is not None and any(video in tracks for video in r.videos)]
    groups = find_groups(known, group_by)
    folds = groups.folds()
    if len(kinds) == 1 or len(set(folds.tolist())) < 2:
        return Screened(kinds=kinds, score=float("nan"), scores={}, group_by=groups.attribute)
    of_fold: dict[int, list[tuple[str, Recording]]] = {}
    for recording, fold in zip(known, folds.tolist(), strict=True):
        of_fold.setdefault(fold, []).extend((video, recording) for video in recording.videos if video in tracks)
    if projection is None:
        projection = fit_projection({v: tracks[v] for pairs in of_fold.values() for v, _ in pairs}, kinds)
    parts = [_Fold.read(tracks, projection, pairs, labels) for pairs in of_fold.values()]
    chosen = kinds
    scores = {chosen: _scores(parts, projection, chosen)}
    while len(chosen) > 1:
        fewer = [tuple(kind for kind in chosen if kind != left_out) for left_out in chosen]
        scores |= {some: _scores(parts, projection, some) for some in fewer}
        best = max(fewer, key=lambda some: float(scores[some].mean()))
        if not _clearly_better(scores[best], scores[chosen]):
            break
        chosen = best
    means = {some: float(found.mean()) for some, found in scores.items()}
    log.info(
        "features: %s (%.3f on held-out %s; --kinds chooses others)",
        ", ".join(chosen), means[chosen], f"{groups.attribute}s" if groups.attribute else "recordings",
    )  # fmt: skip
    return Screened(kinds=chosen, score=means[chosen], scores=means, group_by=groups.attribute)


def _clearly_better(scores: Floats, others: Floats) -> bool:
    """Whether scores of folds are higher than others of the same folds by more than chance."""
    gains = scores - others
    error = float(gains.std(ddof=1)) / np.sqrt(len(gains)) if len(gains) > 1 else np.inf
    return bool(gains.mean() >= max(GAIN, ERRORS * error))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fold:
    """Steps of one fold: features (T, D), targets (T, C), and the sums that a regression needs."""

    features: Floats
    targets: Floats
    gram: Floats  # (D, D)
    cross: Floats  # (D, C)

    @classmethod
    def read(
        cls,
        tracks: Mapping[str, FeatureTrack],
        projection: Projection,
        videos: Sequence[tuple[str, Recording]],
        labels: LabelSet,
    ) -> _Fold:
        features, targets = [], []
        for video_id, recording in videos:
            track = tracks[video_id]
            every = max(1, round(STEP_SECONDS * track.rate))
            steps = np.arange(every // 2, len(track), every)
            features.append(_smooth(projection.apply(track), SMOOTH_SECONDS * track.rate)[steps])
            targets.append(_targets(track, recording, labels)[steps])
        x, y = np.concatenate(features).astype(np.float64), np.concatenate(targets)
        return cls(features=x, targets=y, gram=x.T @ x, cross=x.T @ y)


def _targets(track: FeatureTrack, recording: Recording, labels: LabelSet) -> Floats:
    """(T, C): which actions cover most of each step."""
    assert recording.segments is not None
    table = recording.segments[recording.segments["label"].isin(labels.actions)]
    edges = track.edges
    covered = overlaps(edges[:-1], edges[1:], table["start"], table["end"]) > 0.5 * np.diff(edges)[:, None]
    targets = np.zeros((len(track), len(labels.actions)))
    for column, name in enumerate(table["label"]):
        targets[covered[:, column], labels.action_id(name) - 1] = 1
    return targets


def _smooth(values_TD: NDArray[np.float32], steps: float) -> NDArray[np.float32]:
    """Moving average; the ends of the video are repeated."""
    half = max(0, int(steps) // 2)
    padded = np.pad(values_TD.astype(np.float64), ((half + 1, half), (0, 0)), "edge")
    sums = np.cumsum(padded, axis=0)
    return ((sums[2 * half + 1 :] - sums[: -2 * half - 1]) / (2 * half + 1)).astype(np.float32)


def _scores(folds: Sequence[_Fold], projection: Projection, kinds: tuple[str, ...]) -> Floats:
    """Of each fold (F,) with any action: the mean average precision of the classes that it shows."""
    columns = np.concatenate([np.arange(projection.n_features)[projection.columns(kind)] for kind in kinds])
    gram = np.sum([fold.gram for fold in folds], axis=0)[np.ix_(columns, columns)]
    cross = np.sum([fold.cross for fold in folds], axis=0)[columns]
    counts = np.sum([fold.targets.sum(axis=0) for fold in folds], axis=0)
    n_steps = sum(len(fold.targets) for fold in folds)
    found = []
    for fold in folds:
        n = n_steps - len(fold.targets)
        x = fold.features[:, columns]
        share = (counts - fold.targets.sum(axis=0)) / max(1, n)
        sums = np.sum([other.features[:, columns].sum(axis=0) for other in folds if other is not fold], axis=0)
        right = cross - fold.cross[columns] - np.outer(sums, share)
        weights = np.linalg.solve(gram - fold.gram[np.ix_(columns, columns)] + RIDGE * n * np.eye(len(columns)), right)
        scores = x @ weights + share
        precisions = [
            _average_precision(scores[:, c], fold.targets[:, c] > 0)
            for c in range(scores.shape[1])
            if fold.targets[:, c].any()
        ]
        if precisions:
            found.append(float(np.mean(precisions)))
    return np.array(found or [0.0])


def _average_precision(scores: Floats, hits: NDArray[np.bool_]) -> float:
    order: Ints = np.argsort(-scores, kind="stable")
    ranked = hits[order]
    precision = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    return float(precision[ranked].mean())
