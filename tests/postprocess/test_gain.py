"""What decoding is worth, on simulated tracks whose errors last (correlated over 1 s: docs/facts.md)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bineego import segments
from bineego.evaluation import evaluate
from bineego.grid import interval_edges, overlaps
from bineego.postprocess import DecodeOptions, Postprocess, decode
from bineego.tracks import ScoreTrack

N_ACTIONS = 10
LENGTH = 120.0


def simulate(seed: int, t: float, accuracy: float, n_videos: int = 15) -> tuple[pd.DataFrame, list[ScoreTrack]]:
    """Ground truth, and tracks of a classifier that sees the share of each class in a cell, but for about a second at a
    time is drawn to another class."""
    rng = np.random.default_rng(seed)
    names = tuple(f"action {i}" for i in range(1, N_ACTIONS + 1))
    truth, tracks = [], []
    for video in range(n_videos):
        rows, at = [], 0.0
        while at < LENGTH - 2:
            start = at + (rng.exponential(4.0) if rng.random() < 0.6 else 0.0)
            at = min(LENGTH, start + float(np.clip(rng.lognormal(np.log(6), 0.9), 0.8, 60)))
            if at - start > 0.5:
                rows.append((int(rng.integers(1, N_ACTIONS + 1)), start, at))
        truth += [(f"v{video}", names[label - 1], start, end) for label, start, end in rows]
        edges = interval_edges(LENGTH, t)
        seen = np.zeros((len(edges) - 1, N_ACTIONS + 1))
        for label, start, end in rows:
            seen[:, label] += overlaps(edges[:-1], edges[1:], [start], [end])[:, 0] / np.diff(edges)
        seen[:, 0] = np.clip(1 - seen.sum(axis=1), 0, None)
        centres, moment = (edges[:-1] + edges[1:]) / 2, 0.0
        while moment < LENGTH:
            until = moment + rng.exponential(1.0)
            if rng.random() > accuracy:
                wrong = (centres >= moment) & (centres < until)
                seen[wrong] *= rng.uniform(0.1, 0.5)
                seen[wrong, rng.integers(0, N_ACTIONS + 1)] += 0.6
            moment = until
        tracks.append(
            ScoreTrack(
                video_id=f"v{video}",
                edges=edges,
                logits=(6 * seen + rng.normal(0, 1.5, seen.shape)).astype(np.float32),
                actions=names,
                t=t,
                scene_probs=np.zeros(0),
            )
        )
    return segments.make(*map(list, zip(*truth, strict=True))), tracks


def score(truth: pd.DataFrame, tracks: list[ScoreTrack], options: DecodeOptions) -> float:
    return evaluate(truth, segments.concat([decode(track, options) for track in tracks], scored=True)).final


@pytest.mark.parametrize(("t", "accuracy"), [(0.25, 0.8), (0.5, 0.7), (0.5, 0.9), (1.0, 0.8)])
def test_each_step_of_decoding_gains(t: float, accuracy: float) -> None:
    truth, tracks = simulate(7, t, accuracy)
    viterbi = Postprocess.VITERBI
    steps = [
        score(truth, tracks, DecodeOptions(postprocess=Postprocess.PAPER)),
        score(truth, tracks, DecodeOptions(postprocess=viterbi, refine=False, candidates=False)),
        score(truth, tracks, DecodeOptions(postprocess=viterbi, candidates=False)),
        score(truth, tracks, DecodeOptions(postprocess=viterbi, candidates=True)),
    ]
    assert steps == sorted(steps)
    assert steps[1] > 1.4 * steps[0]
    assert steps[2] > 1.01 * steps[1]
