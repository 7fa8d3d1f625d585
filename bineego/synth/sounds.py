"""The sound of a synthetic recording: a room, and what some actions sound like, from where their figure stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bineego.synth.script import Performance
from bineego.types import Floats
from bineego.video.sound import RATE, Samples

ROOM = 0.004
"""Root mean square of the noise that is always there."""

LOUD = 0.06
"""Of an action."""

FADE = 0.05
"""Seconds in which a sound comes and goes."""


def record(rng: np.random.Generator, script: Sequence[Performance], seconds: float) -> Samples:
    """Left and right (N, 2) of a whole recording; the main figure is heard more on one side, drawn by chance."""
    n = max(1, round(seconds * RATE))
    # Neighbouring samples averaged: rooms rumble more than they hiss.
    room = np.convolve(rng.normal(0, 1, n + 7), np.full(8, 8**-0.5), "valid")[:, None] * ROOM
    heard = np.repeat(room, 2, axis=1) + rng.normal(0, ROOM / 4, (n, 2))
    side = 1 if rng.random() < 0.5 else -1
    for performance in script:
        voice = VOICES.get(performance.label)
        if voice is None:
            continue
        first, stop = round(performance.start * RATE), min(n, round(performance.end * RATE))
        time = np.arange(stop - first) / RATE
        wave = voice(rng, time)
        wave *= LOUD / max(1e-9, float(np.sqrt(np.mean(wave**2)))) * np.exp(rng.normal(0, 0.2))
        wave *= np.clip(np.minimum(time, time[-1] - time) / FADE, 0, 1) if len(time) else 1.0
        pan = 0.5 + 0.3 * side * (1 if performance.figure == 0 else -1)
        heard[first:stop] += wave[:, None] * np.sqrt([pan, 1 - pan])
    return np.clip(heard, -1, 1).astype(np.float32)


def _sung(rng: np.random.Generator, time: Floats) -> Floats:
    """A voice that glides from tone to tone, three a second."""
    tone = rng.uniform(250, 500) * 2 ** (rng.integers(-3, 4, 4 + int(3 * (time[-1] if len(time) else 0))) / 12)
    phase = 2 * np.pi * np.cumsum(tone[(3 * time).astype(int)]) / RATE
    wave: Floats = sum((np.sin(k * phase) / k for k in range(1, 5)), np.zeros(len(time)))
    return wave * (0.6 + 0.4 * np.cos(2 * np.pi * 3 * time))


def _struck(rng: np.random.Generator, time: Floats) -> Floats:
    """Blows on a drum, three a second."""
    wave: Floats = rng.normal(0, 1, len(time)) * np.exp(-12 * (time % (1 / 3)))
    return wave


def _spoken(rng: np.random.Generator, time: Floats) -> Floats:
    """A low buzz in syllables, four a second."""
    phase = 2 * np.pi * rng.uniform(90, 140) * time
    wave: Floats = sum((np.sin(k * phase) / k for k in range(1, 13)), np.zeros(len(time)))
    return wave * (np.sin(2 * np.pi * 4 * time) > -0.3)


VOICES: Mapping[str, Callable[[np.random.Generator, Floats], Floats]] = {
    "singing": _sung,
    "playing drums": _struck,
    "speaking": _spoken,
}
"""What actions sound like; the others make no noise."""
