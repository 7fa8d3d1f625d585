"""Poses of a figure, and the actions as paths through them.

An action is a closed path of poses, f(phase) with phase in [0, 1), run through at a steady rate from a random phase.
Two actions that run through ONE path in opposite directions cannot be told apart by a single frame: with a uniform
random starting phase u, the phase at any moment, u + s t or u - s t modulo 1, is uniform again, so a frame of either
action is a draw of f(U) with the same distribution; only the order of frames differs. The paths of such pairs are steep
on one side (slowly up, quickly down, or the other way round) and symmetric left to right, so that a mirrored picture
does not turn one into the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from bineego.types import Floats

# Positions in a pose vector. Arm angles are in degrees from hanging down, outwards; the rest is in [0, 1] or [-1, 1].
LEFT_UPPER, LEFT_FORE, RIGHT_UPPER, RIGHT_FORE, CROUCH, STRIDE, MOUTH, DRIFT = range(8)
N_PARAMETERS = 8

STEEP = 0.2
"""Share of a one-way path that its quick part takes."""


class Prop(StrEnum):
    """A thing in one hand or both, large and of its own colour."""

    CUP = "cup"
    PHONE = "phone"
    TOOL = "tool"
    FOOD = "food"
    MICROPHONE = "microphone"
    WEIGHTS = "weights"
    BOX = "box"


Pose = Mapping[int, float]
"""The parameters that an action moves; the others are left to whatever else the figure does."""


@dataclass(frozen=True, kw_only=True)
class Action:
    """One action.

    Attributes:
        path: pose at a phase in [0, 1).
        direction: +1 or -1, the way the path is run through.
        period: seconds of one round (shortest, longest).
        prop: held while it lasts.
    """

    path: Callable[[float], Pose]
    direction: int = 1
    period: tuple[float, float] = (0.8, 1.1)
    prop: Prop | None = None

    def pose(self, seconds: float, start_phase: float, period: float) -> Pose:
        """The pose `seconds` after the action began."""
        return self.path((start_phase + self.direction * seconds / period) % 1.0)


def sawtooth(phase: float) -> float:
    """0 to 1 in the slow part of a round, back to 0 in the quick part."""
    slow = 1.0 - STEEP
    return phase / slow if phase < slow else (1.0 - phase) / STEEP


def _raising(phase: float) -> Pose:
    """Both arms between hanging and overhead."""
    angle = 25.0 + 140.0 * sawtooth(phase)
    return {LEFT_UPPER: angle, LEFT_FORE: angle, RIGHT_UPPER: angle, RIGHT_FORE: angle}


def _crouching(phase: float) -> Pose:
    """The whole body between standing and a deep crouch, arms hanging to a box."""
    return {CROUCH: 1.0 - sawtooth(phase), LEFT_UPPER: 20.0, LEFT_FORE: -15.0, RIGHT_UPPER: 20.0, RIGHT_FORE: -15.0}


def _stirring(phase: float) -> Pose:
    """A tool led in circles in front of the chest."""
    turn = 2 * math.pi * phase
    return {
        RIGHT_UPPER: 35.0 + 12.0 * math.cos(turn), RIGHT_FORE: 95.0 + 30.0 * math.sin(turn),
        LEFT_UPPER: 30.0, LEFT_FORE: -50.0,
    }  # fmt: skip


def _drinking(phase: float) -> Pose:
    """A cup led to the mouth, held there, and down again."""
    lift = float(np.clip(2.2 * math.sin(math.pi * phase), 0.0, 1.0))
    return {RIGHT_UPPER: 25.0 + 35.0 * lift, RIGHT_FORE: 60.0 + 150.0 * lift}


def _eating(phase: float) -> Pose:
    """A hand going to the mouth and back again and again."""
    lift = 0.5 - 0.5 * math.cos(2 * math.pi * phase)
    return {RIGHT_UPPER: 25.0 + 35.0 * lift, RIGHT_FORE: 60.0 + 150.0 * lift, LEFT_UPPER: 15.0, LEFT_FORE: -60.0}


def _speaking(phase: float) -> Pose:
    """The mouth moves, the left hand holds a microphone; the right arm is free for something else."""
    turn = 2 * math.pi * phase
    return {MOUTH: 0.5 - 0.5 * math.cos(3 * turn), LEFT_UPPER: 45.0 + 8.0 * math.sin(turn), LEFT_FORE: 195.0}


def _phoning(phase: float) -> Pose:
    """A phone held up before the chest, nearly still."""
    shake = 4.0 * math.sin(2 * math.pi * phase)
    return {RIGHT_UPPER: 20.0, RIGHT_FORE: -120.0 + shake, LEFT_UPPER: 20.0, LEFT_FORE: -110.0 - shake}


def _walking(phase: float) -> Pose:
    """Legs and arms swing. The way itself is laid by the script."""
    swing = math.sin(2 * math.pi * phase)
    return {STRIDE: swing, LEFT_UPPER: 25.0 * swing, LEFT_FORE: 25.0 * swing, RIGHT_UPPER: -25.0 * swing,
            RIGHT_FORE: -25.0 * swing}  # fmt: skip


def _swaying(phase: float) -> Pose:
    """Both forearms beat time, one against the other."""
    beat = 40.0 * math.sin(2 * math.pi * phase)
    return {LEFT_UPPER: 30.0, RIGHT_UPPER: 30.0, LEFT_FORE: 95.0 + beat, RIGHT_FORE: 95.0 - beat}


ACTIONS: Mapping[str, Action] = {
    # Each two of these are one path in opposite directions: only motion tells them apart.
    "workout": Action(path=_raising, prop=Prop.WEIGHTS),
    "dressing": Action(path=_raising, direction=-1, prop=Prop.WEIGHTS),
    "moving things": Action(path=_crouching, prop=Prop.BOX),
    "farming": Action(path=_crouching, direction=-1, prop=Prop.BOX),
    # One movement with two names: only the scene tells them apart.
    "cooking": Action(path=_stirring, prop=Prop.TOOL),
    "housekeeping": Action(path=_stirring, prop=Prop.TOOL),
    # One frame is enough for these, though drinking and eating look alike.
    "drinking": Action(path=_drinking, period=(2.0, 3.0), prop=Prop.CUP),
    "eating": Action(path=_eating, period=(1.2, 1.8), prop=Prop.FOOD),
    "speaking": Action(path=_speaking, period=(1.2, 1.8), prop=Prop.MICROPHONE),
    "operating phone": Action(path=_phoning, period=(1.0, 2.0), prop=Prop.PHONE),
    "walking": Action(path=_walking, period=(0.9, 1.2)),
    # One movement with two names: only the sound tells them apart (`sounds`).
    "singing": Action(path=_swaying, period=(0.9, 1.2)),
    "playing drums": Action(path=_swaying, period=(0.9, 1.2)),
}
"""All actions, those of 360+x by its names."""

MOTION_PAIRS: tuple[tuple[str, str], ...] = (("workout", "dressing"), ("moving things", "farming"))
"""Actions whose single frames have the same distribution (see above)."""

SCENE_PAIR = ("cooking", "housekeeping")
"""Actions that are the same movement; the first is done in a kitchen, the second elsewhere."""

SOUND_PAIR = ("singing", "playing drums")
"""Actions that are the same movement, equally common everywhere, and sound differently."""


def fidget(seconds: float, rhythm: Floats) -> Floats:
    """A figure that does nothing in particular: shifting arms and weight, aimlessly but never still.

    Args:
        seconds: time.
        rhythm: (3, 4) amplitudes (degrees), rates (per second) and phases of the four arm joints.
    """
    amplitude, rate, phase = rhythm
    sway = amplitude * (0.5 + 0.5 * np.sin(2 * np.pi * (rate * seconds + phase)))
    pose = np.zeros(N_PARAMETERS)
    pose[LEFT_UPPER], pose[LEFT_FORE], pose[RIGHT_UPPER], pose[RIGHT_FORE] = 8.0 + sway
    pose[CROUCH] = 0.04 + 0.04 * math.sin(2 * math.pi * float(rate[0]) * seconds)
    return pose
