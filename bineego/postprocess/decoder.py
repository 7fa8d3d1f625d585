"""A score track to scored segments: the steps of `DecodeOptions` put together."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from bineego import segments
from bineego.errors import InputInvalid, nearest
from bineego.grid import EPSILON, n_whole
from bineego.labels import BACKGROUND
from bineego.postprocess.candidates import candidate_runs
from bineego.postprocess.options import DecodeOptions, Postprocess, ScoreRule
from bineego.postprocess.paper import likeliest, whole_cells
from bineego.postprocess.refine import refine_edges
from bineego.postprocess.scene_prior import reweight
from bineego.postprocess.viterbi import decode_each, decode_path
from bineego.spans import Spans, bridge, join, merge_runs
from bineego.tracks import Activation, ScoreTrack
from bineego.types import Floats

MIN_PROBABILITY = 1e-4
"""Evidence is the log of a probability not below this: one wrong but certain cell must not outweigh all others."""

DEFAULT_EVIDENCE = 0.2
"""Seconds of video that count as one independent observation where the model has fitted none."""

HALF_SCORE_LENGTH = 1.0
"""Seconds at which `ScoreRule.LENGTH` halves a score."""


def decode(track: ScoreTrack, options: DecodeOptions | None = None) -> pd.DataFrame:
    """The segments of one track: a scored table, ordered by start and end. Under `sigmoid` they may overlap.

    Without a whole interval (a video shorter than t) there are none.

    Raises:
        InputInvalid: a threshold for an action the track does not know.
    """
    options = options or DecodeOptions()
    bias = _bias(track, options)
    if n_whole(track.duration, track.t) == 0:
        return segments.empty(scored=True)
    probabilities = reweight(track, track.probabilities(), options.scene_prior)
    n = whole_cells(track) if options.postprocess is Postprocess.PAPER else len(track)
    edges, probabilities = track.edges[: n + 1], probabilities[:n]
    if track.activation is Activation.SIGMOID:
        runs = _each_class(probabilities, edges, bias, track, options)
    else:
        runs = _one_class_a_cell(probabilities, edges, bias, track, options)
    runs = dataclasses.replace(runs, scores=_scores(runs.scores, runs.ends - runs.starts, options))
    if options.bridge > 0:
        runs = bridge(runs, options.bridge)
    if options.candidates:  # these lie around and inside one another on purpose: nothing to bridge
        runs = join([runs, candidate_runs(probabilities, edges, runs)])
    if options.min_duration > 0:
        runs = runs.where(runs.ends - runs.starts >= options.min_duration - EPSILON)
    return _table(runs, track)


def evidence_of(track: ScoreTrack) -> float:
    """Seconds of video that count as one independent observation.

    Intervals that overlap, or lie close, see the same picture and repeat each other's errors: t says nothing about how
    much they say together. How long errors last depends on the video and the network, so it is fitted on held-out
    recordings. Small values trust every cell, large ones smooth.
    """
    return DEFAULT_EVIDENCE if track.evidence is None else track.evidence


def _one_class_a_cell(
    probabilities: Floats, edges: Floats, bias: Floats, track: ScoreTrack, options: DecodeOptions
) -> Spans:
    weighted = probabilities * np.exp(bias)
    if options.postprocess is Postprocess.PAPER:
        labels = likeliest(weighted)
    else:
        evidence = np.log(np.maximum(probabilities, MIN_PROBABILITY)) + bias
        labels = decode_path(evidence, np.diff(edges), _dwell(track, options), evidence_of(track))
    if options.refines:
        edges = refine_edges(labels, weighted, edges)
    own = probabilities[np.arange(len(labels)), labels]
    return merge_runs(labels, own, edges, mean=options.score_rule is ScoreRule.LENGTH)


def _each_class(probabilities: Floats, edges: Floats, bias: Floats, track: ScoreTrack, options: DecodeOptions) -> Spans:
    on, off = probabilities[:, 1:], 1.0 - probabilities[:, 1:]
    weighted = on * np.exp(bias[1:])
    if options.postprocess is Postprocess.PAPER:
        active = weighted >= off
    else:
        evidence = np.log(np.maximum(on, MIN_PROBABILITY)) + bias[1:]
        against = np.log(np.maximum(off, MIN_PROBABILITY))
        dwell = _dwell(track, options)[1:]
        active = decode_each(evidence, against, np.diff(edges), dwell, evidence_of(track))
    parts, mean = [], options.score_rule is ScoreRule.LENGTH
    for column in range(active.shape[1]):
        states = active[:, column].astype(np.int64)
        if not states.any():
            continue
        pair = np.stack([off[:, column], weighted[:, column]], axis=1)
        moved = refine_edges(states, pair, edges) if options.refines else edges
        parts.append(merge_runs(states * (column + 1), on[:, column], moved, mean=mean))
    return join(parts)


def _bias(track: ScoreTrack, options: DecodeOptions) -> Floats:
    """Log-odds (C + 1,) added for each class, so that it breaks even with "no action" at its threshold."""
    unknown = [label for label in options.class_thresholds if label not in track.actions]
    if unknown:
        raise InputInvalid(
            f"a threshold for the unknown action {unknown[0]!r}{nearest(unknown[0], track.actions)}",
            where=f"score track of {track.video_id!r}",
        )
    thresholds = np.array([0.5, *(options.class_thresholds.get(name, options.threshold) for name in track.actions)])
    bias: Floats = np.log1p(-thresholds) - np.log(thresholds)
    return bias


def _dwell(track: ScoreTrack, options: DecodeOptions) -> Floats:
    if track.priors is None:
        return np.full(len(track.actions) + 1, options.dwell)
    learnt = track.priors.dwell
    return np.where(np.isfinite(learnt) & (learnt > 0), learnt, options.dwell)


def _scores(scores: Floats, lengths: Floats, options: DecodeOptions) -> Floats:
    if options.score_rule is ScoreRule.MAX:
        return scores
    return scores * lengths / (lengths + HALF_SCORE_LENGTH)


def _table(runs: Spans, track: ScoreTrack) -> pd.DataFrame:
    names = np.array([BACKGROUND, *track.actions], dtype=object)
    table = segments.make([track.video_id] * len(runs), names[runs.labels], runs.starts, runs.ends, runs.scores)
    return segments.order_by_time(table)
