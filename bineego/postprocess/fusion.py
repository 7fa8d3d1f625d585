"""Track fusion: the class probabilities of several models on one grid, decoded once instead of model by model.

Deciding after fusing beats fusing decisions: an interval on which one model is unsure is settled by the others before
any boundary is drawn. The models may differ in t, in the order of their labels, in which labels they know, and in the
view they watch, as long as the views share a timeline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bineego.decoding import Decoding
from bineego.errors import InputInvalid
from bineego.postprocess.boundaries import base_log_odds
from bineego.postprocess.options import Missing, Pooling
from bineego.priors import Priors
from bineego.spans import Spans, join
from bineego.tracks import Activation, ScoreTrack
from bineego.types import Bools, Floats, Ints

SAME_EDGE = 1e-6
"""Seconds. Edges closer than this are one: 3 * 0.1 and 0.3 are the same moment."""

MIN_PROBABILITY = 1e-12


def fuse_tracks(
    tracks: Sequence[ScoreTrack],
    weights: Sequence[float],
    *,
    missing: Missing = Missing.PRESENT,
    pooling: Pooling = Pooling.LINEAR,
) -> ScoreTrack:
    """One track of a video from those of several models.

    The grid is the union of all edges; in each of its cells a model has the value of its own interval there.
    The logits of the result are the logs (`softmax`) or log-odds (`sigmoid`) of the fused calibrated probabilities. It
    is `softmax` if all tracks are. Where a video is longer in one view than in another, the tail belongs to those that
    have it. A model of scenes alone has no say on actions.

    Boundary log-odds are interpolated at the edges of the grid, and averaged over the tracks that have them. Candidates
    are those of all tracks, their scores multiplied by the share of their track among the weights of those that have
    any.

    Args:
        tracks: of one video, in the order of the models; labels get the order of the first track, further ones follow.
        weights: one for each, above 0.
        missing: a label that a model does not know: `present` leaves the model out of that label's mean, and each cell
            is scaled to sum 1 again; `zero` counts it as probability 0. The same for scenes.
        pooling: arithmetic or geometric mean.

    Raises:
        InputInvalid: tracks of different videos.
    """
    videos = sorted({track.video_id for track in tracks})
    if len(videos) != 1:
        raise InputInvalid(f"tracks of different videos: {', '.join(videos)}")
    actions = _names([track.actions for track in tracks])
    scenes = _names([track.scenes for track in tracks])
    pairs = list(zip(tracks, weights, strict=True))
    # The one class of a track without actions is the background, which would count as a vote against all of them.
    pairs = [(track, weight) for track, weight in pairs if track.actions] or pairs
    edges = _union([track.edges for track, _ in pairs])
    softmax = all(track.activation is Activation.SOFTMAX for track, _ in pairs)
    opinions = [_opinion(track, weight, edges, actions) for track, weight in pairs]
    logits = _pool(opinions, missing, pooling, softmax)
    return ScoreTrack(
        video_id=videos[0],
        edges=edges,
        logits=logits.astype(np.float32),
        actions=actions,
        t=min(track.t for track, _ in pairs),
        activation=Activation.SOFTMAX if softmax else Activation.SIGMOID,
        decoding=_fuse_decoding(pairs),
        scene_probs=_scene_probabilities(tracks, weights, scenes, missing),
        scenes=scenes,
        model=" + ".join(dict.fromkeys(track.model for track in tracks if track.model)),
        priors=_fuse_priors(tracks, weights, actions, scenes),
        boundary=_fuse_boundaries(pairs, edges, actions),
        candidates=_fuse_candidates(pairs, actions),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Opinion:
    """What one model says on the common grid.

    Attributes:
        probabilities: (N, C + 1); 0 where it says nothing.
        said: mask (N, C + 1) of what it has an opinion on.
        weight: (N, 1): its weight inside its own length, 0 beyond.
    """

    probabilities: Floats
    said: Bools
    weight: Floats


def _opinion(track: ScoreTrack, weight: float, edges: Floats, actions: Sequence[str]) -> _Opinion:
    centres = (edges[:-1] + edges[1:]) / 2
    cell = np.searchsorted(track.edges, centres, side="right") - 1
    inside = cell < len(track)
    columns = _columns(track, actions)
    probabilities = np.zeros((len(centres), len(actions) + 1))
    probabilities[np.ix_(inside, columns)] = track.probabilities()[cell[inside]]
    said = np.zeros(probabilities.shape, bool)
    said[np.ix_(inside, columns)] = True
    return _Opinion(probabilities=probabilities, said=said, weight=np.where(inside, weight, 0.0)[:, None])


def _pool(opinions: Sequence[_Opinion], missing: Missing, pooling: Pooling, softmax: bool) -> Floats:
    """Fused logits (N, C + 1)."""
    whole = np.zeros_like(opinions[0].probabilities)
    sums = np.zeros_like(whole)
    for opinion in opinions:
        counted = opinion.said | (missing is Missing.ZERO)
        whole += opinion.weight * counted
        sums += opinion.weight * np.where(counted, _scaled(opinion.probabilities, pooling, softmax), 0.0)
    mean = np.divide(sums, whole, out=np.full_like(sums, _scaled(np.zeros(1), pooling, softmax)[0]), where=whole > 0)
    if pooling is Pooling.LINEAR:
        if softmax:
            mean = mean / mean.sum(axis=1, keepdims=True)
        return _log(mean) if softmax else _log(mean) - _log(1.0 - mean)
    return mean


def _scaled(probabilities: Floats, pooling: Pooling, softmax: bool) -> Floats:
    """What the mean is taken of: probabilities, their logs, or their log-odds."""
    if pooling is Pooling.LINEAR:
        return probabilities
    return _log(probabilities) if softmax else _log(probabilities) - _log(1.0 - probabilities)


def _log(probabilities: Floats) -> Floats:
    logs: Floats = np.log(np.maximum(probabilities, MIN_PROBABILITY))
    return logs


def _union(all_edges: Sequence[Floats]) -> Floats:
    """All edges (N + 1,), ascending, those of `SAME_EDGE` as one."""
    edges = np.unique(np.concatenate(list(all_edges)))
    new = np.ones(len(edges), bool)
    new[1:] = np.diff(edges) > SAME_EDGE
    return edges[new]


def _names(lists: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """All names, each once, in the order of their first appearance."""
    return tuple(dict.fromkeys(name for names in lists for name in names))


def _places(names: Sequence[str], among: Sequence[str]) -> Ints:
    """The position of each name among others."""
    place = {name: i for i, name in enumerate(among)}
    return np.array([place[name] for name in names], np.int64)


def _columns(track: ScoreTrack, actions: Sequence[str]) -> Ints:
    """The position of each class of a track: the background first, whatever the actions are called."""
    return np.concatenate([[0], 1 + _places(track.actions, actions)])


def fuse_scenes(
    tracks: Sequence[ScoreTrack], weights: Sequence[float], missing: Missing = Missing.PRESENT
) -> tuple[str, float] | None:
    """The most likely scene of a video and its fused probability; None without a scene head among the models."""
    scenes = _names([track.scenes for track in tracks])
    if not scenes:
        return None
    probabilities = _scene_probabilities(tracks, weights, scenes, missing)
    best = int(probabilities.argmax())
    return scenes[best], float(probabilities[best])


def _scene_probabilities(
    tracks: Sequence[ScoreTrack], weights: Sequence[float], scenes: tuple[str, ...], missing: Missing
) -> Floats:
    """Scene probabilities (S,); a track without a scene head has no say."""
    sums, whole = np.zeros(len(scenes)), np.zeros(len(scenes))
    for track, weight in zip(tracks, weights, strict=True):
        if track.scenes:
            places = _places(track.scenes, scenes)
            sums[places] += weight * track.scene_probs
            if missing is Missing.ZERO:
                whole += weight
            else:
                whole[places] += weight
    mean = np.divide(sums, whole, out=np.zeros_like(sums), where=whole > 0)
    total = mean.sum()
    return mean / total if total > 0 else mean


def _fuse_decoding(pairs: Sequence[tuple[ScoreTrack, float]]) -> Decoding | None:
    """What was fitted for the track with the largest weight (the first of several); None where nothing was.

    The independent seconds are a scale: the weighted geometric mean of all that were fitted.
    """
    known = [(track.decoding, weight) for track, weight in pairs if track.decoding is not None]
    if not known:
        return None
    first, _ = max(known, key=lambda pair: pair[1])
    logs = [np.log(decoding.independent_seconds) for decoding, _ in known]
    return replace(first, independent_seconds=float(np.exp(np.average(logs, weights=[weight for _, weight in known]))))


def _fuse_boundaries(
    pairs: Sequence[tuple[ScoreTrack, float]], edges: Floats, actions: tuple[str, ...]
) -> NDArray[np.float32] | None:
    """Log-odds (N + 1, 1), or (N + 1, C) if any track has them by action; None where no track has any.

    Where nobody has an opinion (an action, the tail of the video), it is the usual one of the column.
    """
    known = [(track, weight) for track, weight in pairs if track.boundary is not None]
    if not known:
        return None
    by_action = any(track.boundary is not None and track.boundary.shape[1] > 1 for track, _ in known)
    values = np.full((len(known), len(edges), len(actions) if by_action else 1), np.nan)
    for value, (track, _) in zip(values, known, strict=True):
        assert track.boundary is not None
        inside = edges <= track.duration + SAME_EDGE
        columns = _places(track.actions, actions) if by_action else np.zeros(1, np.int64)
        own = np.stack([np.interp(edges, track.edges, column) for column in track.boundary.T], axis=1)
        value[np.ix_(inside, columns)] = np.broadcast_to(own[inside], (int(inside.sum()), len(columns)))
    mean = _known_mean(values, np.array([weight for _, weight in known]))
    return np.where(np.isnan(mean), base_log_odds(mean), mean).astype(np.float32)


def _fuse_candidates(pairs: Sequence[tuple[ScoreTrack, float]], actions: tuple[str, ...]) -> Spans | None:
    """The candidates of all tracks; None where no track has any."""
    known = [(track, weight) for track, weight in pairs if track.candidates is not None]
    if not known:
        return None
    whole = sum(weight for _, weight in known)
    parts = []
    for track, weight in known:
        assert track.candidates is not None
        labels = _columns(track, actions)[track.candidates.labels]
        parts.append(replace(track.candidates, labels=labels, scores=track.candidates.scores * (weight / whole)))
    return join(parts)


def _fuse_priors(
    tracks: Sequence[ScoreTrack], weights: Sequence[float], actions: tuple[str, ...], scenes: tuple[str, ...]
) -> Priors | None:
    """The weighted mean of the models' priors; each number over the models that have it. None without any."""
    n_classes = len(actions) + 1
    known = [(track, weight) for track, weight in zip(tracks, weights, strict=True) if track.priors is not None]
    if not known:
        return None
    dwell, share, scene_share = [], [], []
    for track, _ in known:
        assert track.priors is not None
        columns = _columns(track, actions)
        dwell.append(np.full(n_classes, np.nan))
        dwell[-1][columns] = track.priors.dwell
        share.append(np.full(n_classes, np.nan))
        share[-1][columns] = track.priors.share
        scene_share.append(np.full((len(scenes), n_classes), np.nan))
        if len(track.priors.scene_share) == len(track.scenes):
            scene_share[-1][np.ix_(_places(track.scenes, scenes), columns)] = track.priors.scene_share
    by = np.array([weight for _, weight in known])
    rows = _known_mean(np.stack(scene_share), by)
    return Priors(
        dwell=_known_mean(np.stack(dwell), by),
        share=_to_one(_known_mean(np.stack(share), by)),
        scene_share=_to_one(rows) if np.isfinite(rows).any() else np.zeros((0, n_classes)),
    )


def _known_mean(values: Floats, weights: Floats) -> Floats:
    """Weighted mean over the first axis of the numbers that are not nan; nan where all are."""
    by = weights.reshape(-1, *(1,) * (values.ndim - 1)) * np.isfinite(values)
    whole = by.sum(axis=0)
    sums = (by * np.nan_to_num(values)).sum(axis=0)
    mean: Floats = np.divide(sums, whole, out=np.full(sums.shape, np.nan), where=whole > 0)
    return mean


def _to_one(shares: Floats) -> Floats:
    """Shares whose last axis sums to 1; unknown ones are 0."""
    shares = np.nan_to_num(shares)
    total = shares.sum(axis=-1, keepdims=True)
    scaled: Floats = np.divide(shares, total, out=np.zeros_like(shares), where=total > 0)
    return scaled
