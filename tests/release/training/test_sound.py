"""Two actions of one movement: told apart by the sound, and by nothing else."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks.experiments import answers, pair_share, tracks_in, trained
from bineego.datasets import Subset, open_dataset
from bineego.synth import SOUND_PAIR, write_dataset


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound") / "set"
    return write_dataset(
        folder, seed=0, recordings=12, seconds=16.0, size=(128, 64), fps=10, actions=SOUND_PAIR, sound=True
    )


@pytest.mark.parametrize(
    ("kinds", "least", "most"), [("motion,direction,sound", 0.9, 1.0), ("motion,direction", 0.2, 0.8)]
)
def test_only_the_sound_tells_them_apart(data: Path, kinds: str, least: float, most: float) -> None:
    call = Namespace(work=data.parent, kinds=kinds, epochs=8)
    run = trained(call, data, "temporal", 0)
    share = pair_share(tracks_in(answers(call, data, run)), open_dataset(data).of_subset(Subset.VAL), SOUND_PAIR)
    assert least <= share <= most
