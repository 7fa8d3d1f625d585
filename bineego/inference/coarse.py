"""Coarse to fine: every k-th interval first, those in between only where the video may have changed.

Between two scored intervals that may differ, the one in the middle is scored next, and so on by halves: a change costs
log2(k) clips, not k - 1; less where the one in the middle holds the change itself, and so agrees with both sides. The
video is decoded once; the frames of a stretch of it are held until that stretch is done.

Shape suffixes: N intervals, T frames of a clip, R intervals scored, K classes, S scenes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import numpy as np

from bineego.inference.clips import Answers, ClipNetwork, FrameSource, prefetched, score_clips
from bineego.tracks import Activation
from bineego.types import Floats, Ints, OnProgress, Pixels
from bineego.video.frames import TimedFrame

STRETCH_FRAMES = 800
"""Frames held at most, or those of two coarse intervals: 150 MB at 256 x 256."""

PREFETCH = 64  # frames decoded ahead

Agree = Callable[[Floats], Floats]
"""Action logits (R, K) -> how likely each two neighbours show the same (R - 1,)."""


def coarse_rows(n: int, every: int) -> Ints:
    """The intervals (of n) that the coarse pass scores: every k-th and the last."""
    return np.unique(np.append(np.arange(0, n, every), n - 1)) if n else np.zeros(0, np.int64)


def agreement(probabilities_RK: Floats, activation: Activation) -> Floats:
    """How likely two neighbours show the same (R - 1,).

    It is the probability of the one class that both show most likely; where every class is on or off by itself, that of
    the class least likely to be alike in both.
    """
    here, there = probabilities_RK[:-1], probabilities_RK[1:]
    if activation is Activation.SIGMOID:
        same: Floats = np.maximum(here * there, (1 - here) * (1 - there)).min(axis=1, initial=1.0)
    else:
        same = (here * there).max(axis=1)
    return same


def middle_rows(rows: Ints, alike: Floats, least: float) -> Ints:
    """The intervals half way between two scored ones that agree less than the least.

    Args:
        rows: the intervals scored (R,), increasing.
        alike: agreement of neighbours (R - 1,).
        least: from this agreement on, what lies between is taken as settled.
    """
    chosen = (alike < least) & (np.diff(rows) > 1)
    middle: Ints = ((rows[1:] + rows[:-1]) // 2)[chosen]
    return middle


def interpolate(rows: Ints, values_RK: Floats, n: int) -> Floats:
    """Values (n, K) of all intervals from those of some, linear in between."""
    return np.stack([np.interp(np.arange(n), rows, values_RK[:, k]) for k in range(values_RK.shape[1])], axis=1)


def score_coarse_to_fine(
    network: ClipNetwork,
    source: FrameSource,
    wanted: Ints,
    frames_NT: Ints,
    *,
    every: int,
    agree: Agree,
    least: float,
    batch: int,
    background: bool,
    on_progress: OnProgress | None = None,
) -> tuple[Answers, Ints]:
    """Logits of the intervals that were scored, and which they are (R,).

    Args:
        network, source, frames_NT, batch, background: see `clips.score_clips`; N > 0.
        wanted: the frames to decode, those of `frames_NT` among them.
        every: k.
        agree: see `Agree`.
        least: agreement of two neighbours from which what lies between them is not scored.
        on_progress: called with (intervals settled, intervals).
    """
    coarse = coarse_rows(len(frames_NT), every)
    answers: dict[int, Answers] = {}
    with contextlib.ExitStack() as stack:
        stream: Iterator[TimedFrame] = source.read(wanted)
        if background:
            stream = stack.enter_context(prefetched(stream, PREFETCH))
        held: dict[int, Pixels] = {}

        for part in _stretches(coarse, frames_NT):
            inside = frames_NT[part[0] : part[-1] + 1]
            first, last = int(inside.min()), int(inside.max())
            for old in [i for i in held if i < first]:
                del held[old]
            while not held or max(held) < last:
                index, picture, _ = next(stream)
                held[index] = picture
            rows = part
            while len(rows):
                new = np.array([row for row in rows.tolist() if row not in answers], np.int64)
                if len(new):
                    frames = (TimedFrame(i, held[i], 0.0) for i in np.unique(frames_NT[new]).tolist())
                    scored = score_clips(network, frames, frames_NT[new], batch=batch, background=False)
                    answers.update(zip(new.tolist(), scored.split(), strict=True))
                known = np.array([row for row in sorted(answers) if row >= part[0]], np.int64)
                logits = Answers.join([answers[row] for row in known.tolist()]).actions
                assert logits is not None
                rows = middle_rows(known, agree(logits), least)
            if on_progress is not None:
                on_progress(int(part[-1]) + 1, len(frames_NT))
        for _ in stream:  # to the end, so that the source learns how long the video is
            pass
    scored_rows = np.array(sorted(answers), np.int64)
    return Answers.join([answers[row] for row in scored_rows.tolist()]), scored_rows


def _stretches(coarse: Ints, frames_NT: Ints) -> Iterator[Ints]:
    """Runs of coarse intervals whose frames are held at once; each begins with the last one of the run before."""
    begin = 0
    while True:
        end = begin + 1
        while end + 1 < len(coarse):
            inside = frames_NT[coarse[begin] : coarse[end + 1] + 1]
            if len(np.unique(inside)) > STRETCH_FRAMES:
                break
            end += 1
        yield coarse[begin : end + 1]
        if end >= len(coarse) - 1:
            return
        begin = end
