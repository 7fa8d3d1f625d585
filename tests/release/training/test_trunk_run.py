"""A trained interval head gives the features of a temporal head: trained, gone on with, localized, described."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pandas as pd
import pytest
import torch

from bineego import extract_features, localize, train
from bineego.features.maker import FeatureMaker
from bineego.training.temporal import fit, member
from bineego.tsm import load_model
from bineego.tsm.card_file import read_card
from bineego.tsm.config import TemporalConfig

PLACE = {"device": "cpu", "jobs": 1}


@pytest.fixture(scope="module", params=["mobilenet_v2", "efficientnet_lite0"])
def trunk(request: pytest.FixtureRequest, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    result = train(
        tiny, name="interval", trunk=request.param, init="random", size=32, frames=4, epochs=2, workers=0,
        runs=folder / "runs", cache=folder / "frames", **PLACE,
    )  # fmt: skip
    return result.folder


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member, "LEAST_DRAWS", 4)


def head(data: Path, trunk: Path, name: str, **given: object):
    runs, features = trunk.parent, trunk.parent / "features"
    return train(
        data, name=name, head="temporal", trunk=str(trunk), epochs=3, runs=runs, features=features, **PLACE, **given
    )


def test_a_trained_run_is_a_trunk(tiny: Path, trunk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = head(tiny, trunk, "temporal")
    card = read_card(result.model)
    assert isinstance(card.network, TemporalConfig)
    source = load_model(trunk / "model.safetensors")
    assert card.network.trunk == source.network.config
    assert card.frames == source.card.frames
    assert set(card.network.kinds) & {"final", "mid"}
    own, given = load_model(result.model).network.state_dict(), source.network.state_dict()
    shared = [name for name in own if name.startswith("trunk.")]
    assert shared
    assert all(torch.equal(own[name], given[name]) for name in shared)

    videos = sorted((tiny / "panoramic").iterdir())
    kept = localize(videos, model=result.folder, features=trunk.parent / "features", output=tmp_path / "kept")
    # The model holds its trunk: it works without the run that the trunk is of, and says the same.
    monkeypatch.chdir(tmp_path)
    read = localize(videos, model=result.model, features=tmp_path / "none")
    pd.testing.assert_frame_equal(kept.predictions, read.predictions)
    made = extract_features(videos, tmp_path / "features", model=str(result.model), cache=tmp_path / "cache")
    again = localize(sorted((tmp_path / "features").glob("*.npy")), model=result.model)
    assert set(made) == set(again.predictions["video_id"]) | set(made)


def test_going_on_is_exact(tiny: Path, trunk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = head(tiny, trunk, "whole")
    before = fit.HeadFit.run_epoch

    def interrupted(self: fit.HeadFit, on_step=None):
        if self.epoch == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return before(self, on_step)

    monkeypatch.setattr(fit.HeadFit, "run_epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        head(tiny, trunk, "cut")
    monkeypatch.setattr(fit.HeadFit, "run_epoch", before)
    read: list[Path] = []
    make = FeatureMaker.track
    monkeypatch.setattr(
        FeatureMaker, "track", lambda self, path, *a, **b: read.append(path) or make(self, path, *a, **b)
    )
    cut = head(tiny, trunk, "cut", resume=True)
    assert not read
    one, other = (load_model(result.model).network.state_dict() for result in (whole, cut))
    assert all(torch.equal(one[name], other[name]) for name in one)
