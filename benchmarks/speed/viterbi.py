"""Decoding a score track to segments: milliseconds for six minutes, and against textbook Viterbi.

    python -m benchmarks.speed.viterbi [--rounds 9]

The peer is the usual O(N K^2) dynamic programme over all pairs of classes, vectorised in numpy, with the same costs; it
finds paths of the same score, which is checked.
"""

from __future__ import annotations

import os
import statistics
import time
from functools import partial

# Before numpy is loaded: what is timed is one thread.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from benchmarks.common import Cell, asked, in_turn, parser, ratio, report, timed
from bineego.grid import interval_edges
from bineego.postprocess import DecodeOptions, Postprocess, decode
from bineego.postprocess.viterbi import decode_path, leave_costs
from bineego.tracks import ScoreTrack

SECONDS, ACTIONS = 360.0, 38
DECODERS = {
    "paper, ms": DecodeOptions(postprocess=Postprocess.PAPER),
    "viterbi, ms": DecodeOptions(postprocess=Postprocess.VITERBI),
    "viterbi and candidates, ms": DecodeOptions(postprocess=Postprocess.VITERBI, candidates=True),
}


def textbook(evidence: np.ndarray, widths: np.ndarray, dwell: np.ndarray, t: float) -> np.ndarray:
    """All pairs of classes at every step."""
    n, k = evidence.shape
    gains = widths[:, None] * (evidence / t - 1 / dwell)
    switch = np.broadcast_to(leave_costs(dwell, t, k - 1)[:, None], (k, k)) * (1 - np.eye(k))
    best, source = gains[0], np.zeros((n, k), np.int64)
    for i in range(1, n):
        arriving = best[:, None] - switch
        source[i] = arriving.argmax(axis=0)
        best = arriving.max(axis=0) + gains[i]
    path = np.empty(n, np.int64)
    path[-1] = best.argmax()
    for i in range(n - 1, 0, -1):
        path[i - 1] = source[i, path[i]]
    return path


def make_track(t: float, seed: int = 0) -> ScoreTrack:
    """Six minutes in which a class lasts about 10 s."""
    rng = np.random.default_rng(seed)
    edges = interval_edges(SECONDS, t)
    n = len(edges) - 1
    label = np.repeat(rng.integers(0, ACTIONS + 1, n), max(1, round(10 / t)))[:n]
    logits = (rng.normal(0, 1.5, (n, ACTIONS + 1)) + 5 * np.eye(ACTIONS + 1)[label]).astype(np.float32)
    names = tuple(f"action {i}" for i in range(ACTIONS))
    return ScoreTrack(video_id="v", edges=edges, logits=logits, actions=names, t=t, scene_probs=np.zeros(0))


def score(path: np.ndarray, evidence: np.ndarray, widths: np.ndarray, dwell: np.ndarray, t: float) -> float:
    """What both maximise."""
    rows = np.arange(len(path))
    stay = (widths * (evidence[rows, path] / t - 1 / dwell[path])).sum()
    left = path[:-1][path[1:] != path[:-1]]
    return float(stay - leave_costs(dwell, t, evidence.shape[1] - 1)[left].sum())


def main() -> None:
    made = parser(__doc__, rounds=9)
    made.set_defaults(lengths=(0.25, 0.5, 1.0))
    call = asked(made, lengths=(1.0,))
    rows: list[list[Cell]] = []
    for t in call.lengths:
        track = make_track(t)
        evidence, widths = np.log(track.probabilities() + 1e-4), np.diff(track.edges)
        path = (evidence, widths, np.full(ACTIONS + 1, 10.0), t)
        if not np.isclose(score(textbook(*path), *path), score(decode_path(*path), *path), rtol=0, atol=1e-6):
            raise SystemExit("the textbook finds another path")
        cpu = partial(timed, time.process_time)
        sides = {"textbook": cpu(textbook, *path), "ours": cpu(decode_path, *path)}
        sides |= {name: cpu(decode, track, options) for name, options in DECODERS.items()}
        times = in_turn(sides, call.rounds, warm_up=1)
        ms = [1e3 * statistics.median(times[name]) for name in DECODERS]
        rows.append([t, len(track), ratio(times["textbook"], times["ours"]), *ms])
    columns = {"t": "g", "cells": "d", "path, times the textbook": ".2f", **dict.fromkeys(DECODERS, ".1f")}
    report(call, columns, rows, note=f"{SECONDS:.0f} s of video, {ACTIONS} actions, one thread.")


if __name__ == "__main__":
    main()
