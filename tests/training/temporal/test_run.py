"""A run of the temporal head from a data set to a model that localizes; going on with it; what it refuses."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from training.squares import SPANS, make_dataset, tiny  # noqa: F401 - fixtures

from bineego.config import Source, build
from bineego.errors import InputInvalid, UsageError
from bineego.features.maker import FeatureMaker
from bineego.heads.options import TemporalPart
from bineego.inference import localize
from bineego.training import Recipe, RunOptions, checkpoint, train
from bineego.training.options import TrainCall
from bineego.training.result import RunResult
from bineego.training.temporal import fit, member
from bineego.training.temporal.choice import FeatureChoice
from bineego.training.temporal.run import train_temporal
from bineego.tsm.card_file import read_card
from bineego.tsm.config import TemporalConfig
from bineego.tsm.model_file import load_model

MOTION = ("motion",)


@pytest.fixture(scope="session")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("features")


@pytest.fixture(autouse=True, scope="module")
def quick() -> Iterator[None]:
    """Few steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(member, "LEAST_DRAWS", 4)
        yield


def run_in(runs: Path, features: Path, data: Path, name: str, **changes: object) -> RunResult:
    place = {name: changes.pop(name) for name in ("resume", "overwrite", "devices") if name in changes}
    return train_temporal(
        data,
        name=name,
        recipe=Recipe(**{"epochs": 3, **changes}),
        choice=FeatureChoice(kinds=MOTION, folder=features),
        options=RunOptions(runs=runs, device="cpu", jobs=1, **place),
        own=TemporalPart(members=2),
    )


@pytest.fixture
def run(tmp_path: Path, features: Path) -> Callable[..., RunResult]:
    return partial(run_in, tmp_path / "runs", features)


@pytest.fixture(scope="module")
def whole(tiny: Path, features: Path, quick: None, tmp_path_factory: pytest.TempPathFactory) -> RunResult:  # noqa: F811
    """A run that nothing has disturbed, and that has not disturbed the random state of others."""
    torch.manual_seed(5)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    result = run_in(tmp_path_factory.mktemp("whole") / "runs", features, tiny, "whole")
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    return result


def weights(result: RunResult) -> dict[str, torch.Tensor]:
    return load_model(result.model).network.state_dict()


def same(one: RunResult, other: RunResult) -> bool:
    mine, theirs = weights(one), weights(other)
    return all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_a_run_leaves_the_folder_of_the_contract(tiny: Path, whole: RunResult, tmp_path: Path) -> None:  # noqa: F811
    result = whole
    files = {str(path.relative_to(result.folder)) for path in result.folder.rglob("*") if path.is_file()}
    assert files == {
        "model.safetensors", "model.card.json", "last/state.pt", "last/model.safetensors", "last/model.card.json",
        "config.toml", "log.csv", "curves.png", "split.json", "val/predictions.csv", "val/ground_truth.csv",
        "val/scenes.csv", "val/figures.json",
    }  # fmt: skip
    log = pd.read_csv(result.folder / "log.csv")
    assert log["epoch"].tolist() == [1, 2, 3]
    assert (log["loss"] > 0).all()
    assert {"action_loss", "boundary_loss", "scene_loss", "mAP_unfitted"} <= set(log)
    card = read_card(result.model)
    assert isinstance(card.network, TemporalConfig)
    assert card.network.kinds == MOTION
    assert card.data["train_recordings"] == 3
    with pytest.raises(UsageError, match="--stride applies to clips"):
        localize(tiny / "panoramic" / "r0.mp4", model=result.folder, stride=0.1)
    found = localize(sorted((tiny / "panoramic").iterdir()), model=result.folder, output=tmp_path / "out")
    assert set(found.scenes) == {"r0", "r1", "r2", "r3"}
    assert (found.predictions["end"] > found.predictions["start"]).all()


def test_localizing_says_what_validation_said(tiny: Path, run, tmp_path: Path) -> None:  # noqa: F811
    result = run(tiny, "same", epochs=8)
    held_out = json.loads((result.folder / "split.json").read_text())["val"]
    found = localize(tiny / "panoramic" / f"{held_out[0]}.mp4", model=result.folder, output=tmp_path / "out")
    kept = pd.read_csv(result.folder / "val" / "predictions.csv")
    assert kept["label"].tolist() == found.predictions["label"].tolist()
    assert kept["start"].to_numpy() == pytest.approx(found.predictions["start"].to_numpy(), abs=1e-3)


def test_videos_that_training_has_seen_are_not_read_again(
    tiny: Path,  # noqa: F811
    whole: RunResult,
    features: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    notes,
) -> None:
    result, features = whole, shutil.copytree(features, tmp_path / "features")
    videos = sorted((tiny / "panoramic").iterdir())
    read = localize(videos, model=result.folder, features=tmp_path / "none")
    opened: list[Path] = []
    make = FeatureMaker.track
    monkeypatch.setattr(
        FeatureMaker, "track", lambda self, path, *a, **b: opened.append(path) or make(self, path, *a, **b)
    )
    kept = localize(videos, model=result.folder, features=features)
    assert not opened
    pd.testing.assert_frame_equal(kept.predictions, read.predictions)
    localize(videos[0], model=result.folder, features=features, end=2.0)
    assert opened == videos[:1]  # features are of whole videos
    copy = tmp_path / "r0.mp4"
    copy.write_bytes(videos[1].read_bytes())
    localize(copy, model=result.folder, features=features)
    assert opened == [videos[0], copy]  # another content under the same id
    for file in features.glob("r1-*"):
        file.write_bytes(file.read_bytes()[:-100])
    localize(videos[1], model=result.folder, features=features)
    assert opened[2:] == [videos[1]]
    assert "made again" in notes.text


def test_the_same_seed_gives_the_same_bits(tiny: Path, whole: RunResult, run) -> None:  # noqa: F811
    first, second, third = whole, run(tiny, "b"), run(tiny, "c", seed=1, epochs=1)
    assert same(first, second)
    assert not same(first, third)
    columns = [name for name in pd.read_csv(first.folder / "log.csv") if not name.startswith("seconds")]
    logs = [pd.read_csv(result.folder / "log.csv")[columns] for result in (first, second)]
    pd.testing.assert_frame_equal(*logs)


def test_going_on_after_a_signal_is_exact(
    tiny: Path,  # noqa: F811
    whole: RunResult,
    run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = fit.HeadFit.run_epoch

    def interrupted(self: fit.HeadFit, on_step=None):
        if self.epoch == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return before(self, on_step)

    monkeypatch.setattr(fit.HeadFit, "run_epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(tiny, "cut")
    monkeypatch.setattr(fit.HeadFit, "run_epoch", before)
    assert same(whole, run(tiny, "cut", resume=True))


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_crash_around_any_save_costs_nothing(
    tiny: Path,  # noqa: F811
    whole: RunResult,
    run,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    save, calls = checkpoint.save, []

    def crash(state, folder):
        calls.append(1)
        if len(calls) == 3 and where == "before":
            raise RuntimeError("power cut")
        save(state, folder)
        if len(calls) == 3:
            raise RuntimeError("power cut")

    monkeypatch.setattr(checkpoint, "save", crash)
    with pytest.raises(RuntimeError, match="power cut"):
        run(tiny, f"cut-{where}")
    monkeypatch.setattr(checkpoint, "save", save)
    again = run(tiny, f"cut-{where}", resume=True)
    assert same(whole, again)
    assert pd.read_csv(again.folder / "log.csv")["epoch"].tolist() == [1, 2, 3]


def test_the_call_of_a_user_goes_on_too(tiny: Path, options: RunOptions, features: Path) -> None:  # noqa: F811
    """Kinds chosen by the screen, the head by the data, and nothing but the name to go on."""
    place = {"runs": options.runs, "features": features, "jobs": 1, "device": "cpu", "name": "first"}

    def stop(done: float, total: float) -> None:
        if done > total / 2:
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        train(tiny, epochs=2, head="temporal", on_progress=stop, **place)
    call = build(TrainCall, *TrainCall.sources([], Source(TrainCall, place | {"resume": True})))
    result = train(call.dataset, options=call)
    assert pd.read_csv(result.folder / "log.csv")["epoch"].tolist() == [1, 2]
    card = read_card(result.model)
    assert isinstance(card.network, TemporalConfig)
    assert card.network.trunk is not None
    assert set(card.training) >= {"head", "trunk", "seed"}


def test_going_on_with_other_flags_or_data_is_refused(
    tiny: Path,  # noqa: F811
    whole: RunResult,
    make_dataset,  # noqa: F811
    run,
    tmp_path: Path,
) -> None:
    shutil.copytree(whole.folder, tmp_path / "runs" / "done")
    with pytest.raises(UsageError, match="seed was 0"):
        run(tiny, "done", resume=True, seed=3)
    with pytest.raises(InputInvalid, match="has changed"):
        run(make_dataset(5), "done", resume=True)


def test_one_recording_is_cut_in_time(make_dataset, run, notes) -> None:  # noqa: F811
    result = run(make_dataset(1), "alone")
    assert "its first" in notes.text
    begin = read_card(result.model).data["val_from_second"]
    assert begin in (SPANS[0][2], SPANS[1][1])  # a moment without an action
    truth = pd.read_csv(result.folder / "val" / "ground_truth.csv").dropna(subset="start")
    assert truth[["label", "start", "end"]].to_numpy().tolist() == [["right", 2.0, 3.5]]
    found = pd.read_csv(result.folder / "val" / "predictions.csv")
    assert (found["start"] >= begin - 1e-6).all()


def test_several_processes_are_refused(tiny: Path, run, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    with pytest.raises(UsageError, match="single process"):
        run(tiny, "two", devices=2)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="single process"):
        run(tiny, "two")


def test_several_actions_at_once(tiny: Path, run) -> None:  # noqa: F811
    result = run(tiny, "multi", labels="several")
    track = load_model(result.model)
    assert track.card.network.head.n_boundaries == 2
    assert np.isfinite(result.figures["mAP"])


def test_scenes_alone(tiny: Path, run) -> None:  # noqa: F811
    result = run(tiny, "scenes", task="scene")
    assert set(result.figures) == {"scene_top1"}
    assert read_card(result.model).network.n_classes == 0
