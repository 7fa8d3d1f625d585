"""A small synthetic 360+x data set: for the demo, tests and benchmarks."""

from __future__ import annotations

from bineego.synth.poses import ACTIONS, MOTION_PAIRS, SCENE_PAIR, SOUND_PAIR
from bineego.synth.script import LONG, SHORT, Pacing
from bineego.synth.write import SHORT_ACTIONS, SynthOptions, write_dataset

__all__ = [
    "ACTIONS", "LONG", "MOTION_PAIRS", "SCENE_PAIR", "SHORT", "SHORT_ACTIONS", "SOUND_PAIR",
    "Pacing", "SynthOptions", "write_dataset",
]  # fmt: skip
