"""What decoding is worth on simulated score tracks: final score (mean mAP at tIoU 0.5, 0.75, 0.95) of each decoder, and
what coarse-to-fine scoring saves and costs.

    python -m benchmarks.accuracy.simulated_tracks [--videos 40] [--seed 1] [--truth DATASET --tracks FOLDER FOLDER ...]

A simulated classifier sees the share of each class in every cell, with noise; for about a second at a time it is drawn
to another class. Nothing is trained, so this tells what decoding can do, not what a network will. What coarse-to-fine
scoring costs on real tracks is told by those that `localize DATASET --subset val --save-scores` left in some folders
(`--tracks`).
"""

from __future__ import annotations

import dataclasses
import itertools
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.common import Cell, asked, parser, report
from benchmarks.experiments import tracks_in
from bineego import segments
from bineego.datasets import Subset
from bineego.evaluation import evaluate
from bineego.formats.annotations import Annotations
from bineego.grid import interval_edges, overlaps
from bineego.inference.coarse import agreement, coarse_rows, interpolate, middle_rows
from bineego.inference.options import ScoreOptions
from bineego.postprocess import DecodeOptions, Postprocess, ScoreRule, decode, fit_decoder
from bineego.tracks import ScoreTrack

SEEDS = 10
VITERBI = Postprocess.VITERBI
PLAIN = DecodeOptions(postprocess=VITERBI, score=ScoreRule.LENGTH, refine=False, candidates=False)
DECODERS = {
    "paper": DecodeOptions(postprocess=Postprocess.PAPER),
    "paper, score by length": DecodeOptions(postprocess=Postprocess.PAPER, score=ScoreRule.LENGTH),
    "paper, bridge 1 s, drop < 1 s": DecodeOptions(postprocess=Postprocess.PAPER, bridge=1.0, min_duration=1.0),
    "viterbi, largest probability, no refinement": dataclasses.replace(PLAIN, score=ScoreRule.MAX),
    "viterbi, no refinement": PLAIN,
    "viterbi": dataclasses.replace(PLAIN, refine=True),
    "viterbi, candidates": dataclasses.replace(PLAIN, refine=True, candidates=True),
    "as fitted": DecodeOptions(),
}


def simulate(
    seed: int, *, videos: int, length: float, actions: int, t: float, accuracy: float, median: float, gap: float
) -> tuple[pd.DataFrame, list[ScoreTrack]]:
    """Ground truth and tracks; segments last `median` seconds in the middle (log-normal), with gaps of mean `gap`."""
    rng = np.random.default_rng(seed)
    names = tuple(f"action {i}" for i in range(1, actions + 1))
    truth, tracks = [], []
    for video in range(videos):
        rows, at = [], 0.0
        while at < length - 2:
            start = at + rng.exponential(gap)
            at = min(length, start + float(np.clip(rng.lognormal(np.log(median), 0.8), 0.8, 80)))
            if at - start > 0.5:
                rows.append((int(rng.integers(1, actions + 1)), start, at))
        truth += [(f"v{video}", names[label - 1], start, end) for label, start, end in rows]
        edges = interval_edges(length, t)
        seen = np.zeros((len(edges) - 1, actions + 1))
        for label, start, end in rows:
            seen[:, label] += overlaps(edges[:-1], edges[1:], [start], [end])[:, 0] / np.diff(edges)
        seen[:, 0] = np.clip(1 - seen.sum(axis=1), 0, None)
        centres, moment = (edges[:-1] + edges[1:]) / 2, 0.0
        while moment < length:
            until = moment + rng.exponential(1.0)
            if rng.random() > accuracy:
                wrong = (centres >= moment) & (centres < until)
                seen[wrong] *= rng.uniform(0.1, 0.5)
                seen[wrong, rng.integers(0, actions + 1)] += 0.6
            moment = until
        logits = (6 * seen + rng.normal(0, 1.5, seen.shape)).astype(np.float32)
        none = np.zeros(0)
        tracks.append(
            ScoreTrack(video_id=f"v{video}", edges=edges, logits=logits, actions=names, t=t, scene_probs=none)
        )
    return segments.make(*map(list, zip(*truth, strict=True))), tracks


def score(
    truth: pd.DataFrame | Path, tracks: Sequence[ScoreTrack], options: DecodeOptions, subset: Subset | None = None
) -> float:
    predictions = segments.concat([decode(track, options) for track in tracks], scored=True)
    return evaluate(truth, predictions, subset=subset).final


def fitted(tracks: list[ScoreTrack], seed: int, **settings: Any) -> list[ScoreTrack]:
    """The tracks with what decodes other videos of the same classifier best, as training fits it."""
    truth, others = simulate(seed, **settings)
    fit = fit_decoder(others, Annotations(segments=truth, videos=tuple(track.video_id for track in others)))
    assert fit is not None
    return [dataclasses.replace(track, decoding=fit.decoding) for track in tracks]


def coarse_to_fine(track: ScoreTrack, every: int, least: float) -> tuple[ScoreTrack, float]:
    """The track as if scored coarsely first, and the share of its clips that were needed."""
    probabilities = track.probabilities()
    rows = coarse_rows(len(track), every)
    while len(new := middle_rows(rows, agreement(probabilities[rows], track.activation), least)):
        rows = np.sort(np.concatenate([rows, new]))
    logits = interpolate(rows, track.logits[rows].astype(np.float64), len(track)).astype(np.float32)
    return dataclasses.replace(track, logits=logits), len(rows) / len(track)


def coarse_rows_of(
    name: str, sets: Sequence[tuple[pd.DataFrame | Path, Sequence[ScoreTrack]]], subset: Subset | None = None
) -> list[list[Cell]]:
    """Share of the clips and of the score of all clips, over sets of (truth, tracks)."""
    options, least = DecodeOptions(postprocess=VITERBI), ScoreOptions().agreement
    full = [score(truth, tracks, options, subset) for truth, tracks in sets]
    rows: list[list[Cell]] = []
    for every in (2, 4, 6, 8):
        some = [[coarse_to_fine(track, every, least) for track in tracks] for _, tracks in sets]
        share = float(np.mean([share for tracks in some for _, share in tracks]))
        ratios = [
            score(truth, [track for track, _ in tracks], options, subset) / whole
            for (truth, _), tracks, whole in zip(sets, some, full, strict=True)
        ]
        rows.append([name, every, share, float(np.mean(ratios))])
    return rows


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--videos", type=int, default=40)
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--truth", type=Path, help="DATASET of --tracks; its val subset is scored")
    made.add_argument("--tracks", type=Path, nargs="+", default=[], help="folders of score tracks, one of each model")
    made.set_defaults(cells=(0.25, 0.5, 1.0), right=(0.7, 0.9), seeds=SEEDS)
    call = asked(made, level=logging.ERROR, videos=3, cells=(0.5,), right=(0.9,), seeds=1)
    short: dict[str, Any] = {"length": 120.0, "actions": 38, "median": 6.0, "gap": 2.5}
    sets = []
    for t, right in itertools.product(call.cells, call.right):
        truth, tracks = simulate(call.seed, videos=call.videos, t=t, accuracy=right, **short)
        sets.append((truth, fitted(tracks, call.seed + 1000, videos=10, t=t, accuracy=right, **short)))
    print("fitted:", *(str(tracks[0].decoding) for _, tracks in sets), sep="\n  ", file=sys.stderr)
    rows: list[list[Cell]] = [[name, *(score(*each, options) for each in sets)] for name, options in DECODERS.items()]
    names = [f"{t:g}, {right:.0%}" for t, right in itertools.product(call.cells, call.right)]
    report(call, {"t, right": "", **dict.fromkeys(names, ".3f")}, rows)
    long: dict[str, Any] = {"length": 360.0, "actions": 12, "median": 9.0, "gap": 6.0, "t": 0.5}
    coarse: list[list[Cell]] = []
    for right in (0.8, 0.95):
        how = {"videos": max(3, call.videos // 3), "accuracy": right, **long}
        sets = []
        for seed in range(call.seed, call.seed + call.seeds):
            truth, tracks = simulate(seed, **how)
            sets.append((truth, fitted(tracks, seed + 1000, **how)))
        coarse += coarse_rows_of(f"simulated, right {right:.0%} of the time", sets)
    if folders := [list(tracks_in(folder).values()) for folder in call.tracks]:
        coarse += coarse_rows_of(call.truth.name, [(call.truth, found) for found in folders], subset=Subset.VAL)
    columns = {"tracks": "", "every k-th": "d", "share of the clips": ".3f", "score / that of all clips": ".3f"}
    report(call, columns, coarse, suffix="coarse")


if __name__ == "__main__":
    main()
