"""Who does what and when: the annotated timeline of a recording, drawn from a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bineego.synth.poses import ACTIONS, SCENE_PAIR

NEST_HOST, NEST_GUEST = "speaking", "drinking"
"""The guest is done inside the host: one uses the left arm and the mouth, the other the right arm."""

EDGE = 0.4
"""Seconds without action at the start and end of a video."""


@dataclass(frozen=True, kw_only=True)
class Pacing:
    """How long things last.

    Attributes:
        lengths: mean seconds by action; others take `length`.
        length: mean seconds of actions not named in `lengths`.
        spread: lengths are uniform in mean x [1 - spread, 1 + spread].
        gap: seconds between actions (shortest, longest).
        frequency: how often an action is chosen, relative to others (1).
    """

    lengths: Mapping[str, float] = field(default_factory=dict)
    length: float = 3.0
    spread: float = 0.4
    gap: tuple[float, float] = (0.8, 2.0)
    frequency: Mapping[str, float] = field(default_factory=dict)


SHORT = Pacing(gap=(0.6, 1.6), frequency=dict.fromkeys(("workout", "dressing", "moving things", "farming"), 1.6))
"""For videos of some twenty seconds: demo and tests. What only motion tells apart is hard, and shown more."""

LONG = Pacing(
    lengths={
        "dressing": 3.2, "drinking": 4.8, "speaking": 11.8, "walking": 15.6, "operating phone": 19.8, "eating": 33.0,
        "workout": 3.2, "moving things": 6.0, "farming": 6.0, "cooking": 12.0, "housekeeping": 12.0,
    },
    spread=0.6,
    gap=(1.0, 14.0),
    frequency={"speaking": 5.0, "walking": 4.0, "operating phone": 2.5, "dressing": 1.5},
)  # fmt: skip
"""For videos of six minutes: the mean lengths and rough frequencies of 360+x, gaps that leave a third to background."""

SCENE_ACTIONS: Mapping[str, Mapping[str, float]] = {
    "Kitchen": {"cooking": 3.0, "housekeeping": 0.0, "eating": 2.0, "operating phone": 0.3},
    "Indoor Residential Spaces": {"cooking": 0.0, "housekeeping": 2.5, "walking": 0.3},
    "Nature": {
        "cooking": 0.0,
        "housekeeping": 0.0,
        "drinking": 0.5,
        "walking": 2.0,
        "eating": 0.3,
        "operating phone": 0.3,
    },
    "Workspaces": {
        "cooking": 0.0,
        "housekeeping": 0.5,
        "operating phone": 2.0,
        "speaking": 1.5,
        "drinking": 0.5,
        "walking": 0.5,
    },
}
"""How much more often than elsewhere (1) an action happens in a scene. Motion pairs are equally common everywhere, so
that no scene gives them away."""


@dataclass(frozen=True, kw_only=True)
class Performance:
    """One annotated action of one figure.

    Attributes:
        label: the action.
        start, end: seconds, on frame times.
        figure: 0 = the main figure, 1 = the other one.
        phase, period: where on its path it begins, and seconds per round.
        linger: seconds for which what was held stays in hand afterwards, though nothing is done with it.
    """

    label: str
    start: float
    end: float
    figure: int
    phase: float
    period: float
    linger: float = 0.0


class Deck:
    """Actions drawn without replacement from a shuffled deck, so that even a few short videos hold all of them.

    Which actions a scene's deck holds, and how often, is in `SCENE_ACTIONS`.
    """

    def __init__(self, rng: np.random.Generator, scene: str, actions: Sequence[str], pace: Pacing) -> None:
        self._rng = rng
        self.actions = tuple(actions)
        here = SCENE_ACTIONS.get(scene, {SCENE_PAIR[0]: 0.0})
        self._weights = {name: here.get(name, 1.0) * pace.frequency.get(name, 1.0) for name in actions}
        self._cards: list[str] = []

    def draw(self, but: Sequence[str] = ()) -> str:
        """The next action that is none of `but` (if the deck knows another)."""
        allowed = [name for name, weight in self._weights.items() if weight > 0 and name not in but]
        if not any(card in allowed for card in self._cards):
            # As many cards as the weight says, the fraction by chance.
            counts = {name: int(weight + self._rng.random()) for name, weight in self._weights.items()}
            fresh = [name for name, count in counts.items() for _ in range(count)] or allowed
            self._cards += [fresh[i] for i in self._rng.permutation(len(fresh))]
        place = next((i for i, card in enumerate(self._cards) if card in allowed), 0)
        return self._cards.pop(place)


def write_script(
    rng: np.random.Generator,
    deck: Deck,
    *,
    seconds: float,
    fps: float,
    pace: Pacing,
    nested: float,
    overlap: float,
    distract: float,
) -> list[Performance]:
    """The performances of one recording, by start.

    Args:
        rng: the source of all chance.
        deck: what is done; one deck for all recordings of a scene.
        seconds: length of the video.
        fps: frames per second; every start and end is a frame's time.
        pace: lengths and gaps.
        nested: probability that a `NEST_HOST` holds a `NEST_GUEST`.
        overlap: probability that the other figure does something else during an action.
        distract: probability that a figure goes on holding a thing after an action.
    """
    found: list[Performance] = []
    time = EDGE + rng.uniform(0, pace.gap[1])
    while True:
        label = deck.draw()
        end = time + _length(rng, label, pace)
        if end > seconds - EDGE:
            break
        linger = float(rng.uniform(0.4, 1.2)) if rng.random() < distract else 0.0
        found.append(_performance(rng, label, time, end, fps, figure=0, linger=linger))
        if label == NEST_HOST and NEST_GUEST in deck.actions and end - time >= 2.5 and rng.random() < nested:
            inner = min(_length(rng, NEST_GUEST, pace), 0.6 * (end - time))
            begin = time + rng.uniform(0.15, 0.85) * (end - time - inner)
            found.append(_performance(rng, NEST_GUEST, begin, begin + inner, fps, figure=0))
        if rng.random() < overlap:
            other = deck.draw(but=(label, NEST_GUEST if label == NEST_HOST else label))
            begin = time + rng.uniform(0.1, 0.7) * (end - time)
            finish = min(begin + _length(rng, other, pace), seconds - EDGE)
            # The other figure does one thing at a time.
            if begin > max((p.end for p in found if p.figure == 1), default=0.0) and finish - begin >= 1.0:
                found.append(_performance(rng, other, begin, finish, fps, figure=1))
        time = end + rng.uniform(*pace.gap)
    return sorted(found, key=lambda p: (p.start, p.end))


def _length(rng: np.random.Generator, label: str, pace: Pacing) -> float:
    mean = pace.lengths.get(label, pace.length)
    return float(mean * rng.uniform(1 - pace.spread, 1 + pace.spread))


def _performance(
    rng: np.random.Generator,
    label: str,
    start: float,
    end: float,
    fps: float,
    *,
    figure: int,
    linger: float = 0.0,
) -> Performance:
    return Performance(
        label=label,
        start=round(start * fps) / fps,
        end=round(end * fps) / fps,
        figure=figure,
        phase=float(rng.random()),
        period=float(rng.uniform(*ACTIONS[label].period)),
        linger=linger,
    )
