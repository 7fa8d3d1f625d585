"""A recording as pictures: figures that follow a script before a background."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from bineego.synth import figures, poses
from bineego.synth.backdrops import paint
from bineego.synth.poses import ACTIONS, Prop
from bineego.synth.script import Performance
from bineego.types import Floats, Pixels

RAMP = 0.12
"""Seconds in which a figure gets into an action after its start, and out of it before its end."""

STEP = 0.035
"""Panorama widths that one round of the walking path leads on."""

WAY = 0.16
"""Panorama widths that a walk leads away from home at most."""

NOISE_PATTERNS = 6


class Stage:
    """All that is seen in one recording; the same for every view.

    Attributes:
        scene: name of the scene.
        centre, window: longitude that the third-person camera faces, and how much of it it sees, in panorama widths.
    """

    def __init__(self, rng: np.random.Generator, *, scene: str, script: Sequence[Performance]) -> None:
        self.scene = scene
        self._script = script
        self._seed = int(rng.integers(2**32))
        home, aside = float(rng.random()), 1 if rng.random() < 0.5 else -1
        both_act = any(p.figure == 1 for p in script)
        gap = float(rng.uniform(0.38, 0.44) if both_act else rng.uniform(0.4, 0.6))
        # The camera of the third-person view looks between the figures where both have something to show.
        self.centre = home + aside * gap / 2 if both_act else home
        self.window = 0.85 if both_act else 0.6
        self._figures = [
            figures.Figure.draw_one(rng, acts=both_act, x=home + aside * gap),
            figures.Figure.draw_one(rng, acts=True, x=home),
        ]
        # An actor keeps to one side of its home, chosen by chance: no action has a direction in the picture.
        self._sides = {id(p): 1 if rng.random() < 0.5 else -1 for p in script}

    def frames(self, n_frames: int, fps: float, *, width: int, height: int, noise: float) -> Iterator[Pixels]:
        """Panoramas (height, width, 3), uint8 RGB, at times i / fps.

        Args:
            noise: standard deviation of the sensor's noise, grey levels.
        """
        rng = np.random.default_rng(self._seed)
        backdrop = paint(self.scene, width, height, rng)
        patterns = np.round(rng.normal(0, noise, (NOISE_PATTERNS, height, width, 1))).astype(np.int16)
        for i in range(n_frames):
            picture = backdrop.copy()
            for figure, role in zip(self._figures, (1, 0), strict=True):
                pose, props = self.pose(figure, role, i / fps)
                figures.draw(picture, figure, pose, props)
            if noise > 0:
                grain = np.roll(patterns[i % NOISE_PATTERNS], int(rng.integers(width)), axis=1)
                picture = np.clip(picture + grain, 0, 255).astype(np.uint8)
            yield picture

    def pose(self, figure: figures.Figure, role: int, time: float) -> tuple[Floats, list[Prop]]:
        """Pose of the figure with a role (0 = main) at a time in seconds, and what it holds."""
        pose = poses.fidget(time, figure.rhythm)
        own = [p for p in self._script if p.figure == role and p.start <= time]
        active = [p for p in own if time < p.end]
        for performance in active:
            action = ACTIONS[performance.label]
            weight = ramp(performance, time)
            wanted = action.pose(time - performance.start, performance.phase, performance.period)
            for parameter, value in wanted.items():
                pose[parameter] += weight * (value - pose[parameter])
            if performance.label == "walking":
                pose[poses.DRIFT] = self._sides[id(performance)] * way(performance, time)
        holding = active or [p for p in own if time < p.end + p.linger]
        return pose, [prop for p in holding if (prop := ACTIONS[p.label].prop) is not None]


def ramp(performance: Performance, time: float) -> float:
    """How far a figure is in an action: 0 at its edges, 1 from `RAMP` seconds inside. The same for all actions."""
    inside = min(time - performance.start, performance.end - time)
    return float(np.clip(inside / RAMP, 0.0, 1.0))


def way(performance: Performance, time: float) -> float:
    """Panorama widths away from home: out and back as often as the walk's length allows, steadily, ending at home."""
    length = performance.end - performance.start
    total = STEP * length / performance.period
    turns = max(1, math.ceil(total / (2 * WAY)))
    done = (time - performance.start) / length * turns % 1.0
    return total / turns * (done if done < 0.5 else 1.0 - done)
