"""What is heard at every step: log-mel energies of both channels, the difference of their levels, and changes.

Shape suffixes: N samples, J windows, B mel bands, T steps.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from bineego.features.steps import CHANGE_SECONDS, step_edges
from bineego.types import Floats
from bineego.video.sound import RATE, Samples

WINDOW, HOP = 512, 160
"""Samples: 32 ms every 10 ms."""

BANDS = 40
LOWEST, HIGHEST = 50.0, 8000.0  # Hz

QUIET = 1e-9
"""Energy below which nothing is heard: 90 dB under the loudest."""

WIDTH = 3 * BANDS + 1

VERSION = 1
"""Of the definition: part of the key of cached tracks."""

Halves = NDArray[np.float16]


def sound_features(blocks: Iterable[Samples], duration: float, rate: float) -> Halves:
    """Features (T, 121): log-mel energies left (40) and right (40), their change in the mean of both (40), and how
    much louder left is than right, log energy (1).

    A change is signed, over as long as those of pictures: a blow that ends is another thing than one that begins.

    Args:
        blocks: samples (N, 2), see `video.sound`.
        duration: seconds of the video.
        rate: steps a second.
    """
    edges = step_edges(duration, rate)
    n_steps = len(edges) - 1
    sums, counts = np.zeros((n_steps, 2, BANDS)), np.zeros(n_steps)
    for first, energy_J2B in windows(blocks):
        step_J = np.minimum(((first + np.arange(len(energy_J2B))) * HOP / RATE * rate + 1e-9).astype(int), n_steps - 1)
        np.add.at(sums, step_J, energy_J2B)
        np.add.at(counts, step_J, 1)
    energy_T2B = sums / np.maximum(counts, 1)[:, None, None]
    log_T2B = np.log(energy_T2B + QUIET)
    level_T2 = np.log(energy_T2B.sum(2) + QUIET)
    columns = [log_T2B[:, 0], log_T2B[:, 1], _change(log_T2B.mean(1), rate), level_T2[:, :1] - level_T2[:, 1:]]
    found: Halves = np.concatenate(columns, axis=1).astype(np.float16)
    return found


def windows(blocks: Iterable[Samples]) -> Iterator[tuple[int, Floats]]:
    """Mel energies (J, 2, B) of windows, with the number of the first; window j is centred at sample j * HOP.

    Before the start and after the end of the sound there is silence.
    """
    mel, shape = mel_bands(), np.hanning(WINDOW + 1)[:-1]
    held: Samples = np.zeros((WINDOW // 2, 2), np.float32)
    first, n_samples = 0, 0
    for block, last in _with_last(blocks):
        n_samples += len(block)
        held = np.concatenate([held, block, np.zeros((WINDOW // 2 * last, 2), np.float32)])
        n = max(0, (len(held) - WINDOW) // HOP + 1)
        if last:
            n = min(n, -(-n_samples // HOP) - first)
        if n:
            views = np.lib.stride_tricks.sliding_window_view(held, WINDOW, axis=0)[: n * HOP : HOP]
            spectrum = np.fft.rfft(views * shape, axis=2)
            yield first, (np.abs(spectrum) ** 2 / shape.sum() ** 2) @ mel.T
            first, held = first + n, held[n * HOP :]


def _with_last(blocks: Iterable[Samples]) -> Iterator[tuple[Samples, bool]]:
    before: Samples | None = None
    for block in blocks:
        if before is not None:
            yield before, False
        before = block
    if before is not None:
        yield before, True


@functools.cache
def mel_bands() -> Floats:
    """Weights (B, WINDOW / 2 + 1) of triangles that are evenly wide on the mel scale 2595 log10(1 + f / 700)."""

    def mel(hertz: float) -> float:
        return float(2595 * np.log10(1 + hertz / 700))

    corners = 700 * (10 ** (np.linspace(mel(LOWEST), mel(HIGHEST), BANDS + 2) / 2595) - 1)
    hertz = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    rising = (hertz - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - hertz) / (corners[2:] - corners[1:-1])[:, None]
    weights: Floats = np.clip(np.minimum(rising, falling), 0, None)
    # The lowest bands are narrower than the lines of the spectrum: each has at least its nearest line.
    weights[np.arange(BANDS), np.abs(hertz - corners[1:-1, None]).argmin(1)] += 1e-3
    return weights


def _change(values_TB: Floats, rate: float) -> Floats:
    k = max(1, round(CHANGE_SECONDS * rate))
    last = len(values_TB) - 1
    steps = np.arange(len(values_TB))
    change: Floats = values_TB[np.minimum(steps + k, last)] - values_TB[np.maximum(steps - k, 0)]
    return change
