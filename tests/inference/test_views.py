"""Several views of one recording: their tracks fused, decoded once."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bineego import tracks
from bineego.datasets.recording import View
from bineego.errors import BatchFailed, UsageError
from bineego.formats import csv
from bineego.inference import LocalizeOptions, localize
from bineego.labels import LabelSet
from bineego.postprocess import decode
from bineego.postprocess.fusion import fuse_tracks
from bineego.tsm.card import ModelCard
from bineego.tsm.config import NetworkConfig, Precision, Trunk
from bineego.tsm.model_file import Model
from bineego.tsm.network import TSM

MakeVideo = Callable[..., Path]
FP32 = LocalizeOptions(precision=Precision.FP32)
BOTH = [View.PANORAMIC, View.THIRD_PERSON]


@pytest.fixture(scope="module")
def folder(make_video: MakeVideo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ "same" in both views alike, "other" with another video in each, "alone" in one view only."""
    folder = tmp_path_factory.mktemp("recordings")
    for view in BOTH:
        (folder / view).mkdir()
    make_video(folder / "panoramic" / "same.mp4", seconds=1.7)
    shutil.copy(folder / "panoramic" / "same.mp4", folder / "third_person" / "same.mp4")
    make_video(folder / "panoramic" / "other.mp4", seconds=2.0)
    make_video(folder / "third_person" / "other.mp4", seconds=2.4, fps=10)
    make_video(folder / "third_person" / "alone.mp4", seconds=1.0)
    return folder


def test_tracks_of_the_views_are_fused_and_decoded_once(
    folder: Path, model: Model, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="bineego"):
        found = localize(folder, model=model, view=BOTH, output=tmp_path / "both", options=FP32, save_scores=True)
    assert "1 of 3 recordings have no panoramic video" in caplog.text
    assert "have no third_person video" not in caplog.text
    single = {}
    for view in BOTH:
        localize(folder, model=model, view=view, output=tmp_path / view, options=FP32, save_scores=True)
        single[view] = tmp_path / view
    for name in ("alone", "other", "same"):
        given = [tracks.load(path) for view in BOTH if (path := single[view] / f"{name}.scores.npz").exists()]
        fused = tracks.load(tmp_path / "both" / f"{name}.scores.npz")
        expected = fuse_tracks(given, [1.0] * len(given)) if len(given) > 1 else given[0]
        assert fused.edges == pytest.approx(expected.edges)
        assert fused.probabilities() == pytest.approx(expected.probabilities(), abs=1e-6)
        assert csv.read_predictions(tmp_path / "both" / f"{name}.csv").equals(decode(fused))
    assert csv.read_predictions(tmp_path / "both" / "predictions.csv").equals(found.predictions)
    assert list(csv.read_scenes(tmp_path / "both" / "scenes.csv")) == ["alone", "other", "same"]


def test_a_view_fused_with_itself_changes_nothing(folder: Path, model: Model) -> None:
    once = localize(folder, model=model, options=FP32)
    twice = localize(folder, model=[model, model], view=["panoramic", "panoramic"], options=FP32)
    columns = ["video_id", "label", "start", "end"]
    assert twice.predictions[columns].equals(once.predictions[columns])
    assert twice.predictions["score"].to_numpy() == pytest.approx(once.predictions["score"].to_numpy(), abs=1e-6)
    assert {name: scene for name, (scene, _) in twice.scenes.items()} == {n: s for n, (s, _) in once.scenes.items()}
    both = localize(folder, model=model, view=BOTH, options=FP32).predictions
    one = once.predictions
    same = both["video_id"] == "same"
    assert both[same][columns].to_numpy().tolist() == one[one["video_id"] == "same"][columns].to_numpy().tolist()


def test_a_model_for_each_view(folder: Path, model: Model, card_of: Callable[..., ModelCard]) -> None:
    """The second knows scenes alone: the actions are those of the first."""
    config = NetworkConfig(trunk=Trunk.RESNET18, n_scenes=2, n_frames=4)
    card = card_of(
        name="scenes", network=config, labels=LabelSet(scenes=("indoors", "outdoors")), priors=None, view="third_person"
    )
    seer = Model(network=TSM(config).eval(), card=card)
    found = localize(folder, model=[model, seer], view=BOTH, options=FP32).predictions
    alone = localize(folder, model=model, options=FP32).predictions
    assert found["label"].tolist() == alone["label"].tolist()
    assert found[["start", "end", "score"]].to_numpy() == pytest.approx(alone[["start", "end", "score"]].to_numpy())


def test_a_second_run_does_only_what_is_missing(
    folder: Path, make_video: MakeVideo, model_file: Path, tmp_path: Path
) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    shutil.copytree(folder, data)

    def skipped(view: list[View], model: object) -> tuple[str, ...]:
        return localize(data, model=model, view=view, output=out, options=FP32).skipped  # type: ignore[arg-type]

    assert skipped(BOTH, model_file) == ()
    assert skipped(BOTH, model_file) == ("alone", "other", "same")
    assert skipped(BOTH, [model_file, str(model_file)]) == ("alone", "other", "same")
    make_video(data / "panoramic" / "alone.mp4", seconds=1.0)
    assert skipped(BOTH, model_file) == ("other", "same")
    assert skipped(BOTH[::-1], model_file) == ()
    assert skipped([View.PANORAMIC], model_file) == ()


def test_a_recording_with_a_bad_file_is_left_out(folder: Path, model: Model, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "data")
    (tmp_path / "data" / "third_person" / "same.mp4").write_bytes(b"no video at all")
    with pytest.raises(BatchFailed, match="1 of 3 inputs failed"):
        localize(tmp_path / "data", model=model, view=BOTH, output=tmp_path / "out", options=FP32)
    assert {path.name for path in (tmp_path / "out").glob("*.csv")} == {
        "alone.csv", "other.csv", "predictions.csv", "scenes.csv",
    }  # fmt: skip


def test_progress_passes_through_the_views(folder: Path, model: Model) -> None:
    seen: list[tuple[float, float]] = []
    localize(folder, model=model, view=BOTH, options=FP32, on_progress=lambda *now: seen.append(now))
    assert seen[-1][0] == pytest.approx(seen[-1][1])
    assert (np.diff([done for done, _ in seen]) >= -1e-9).all()


def test_score_tracks_have_no_views(folder: Path, model: Model, tmp_path: Path) -> None:
    found = localize(folder, model=model, view=BOTH, output=tmp_path, options=FP32, save_scores=True)
    assert localize(tmp_path, view=BOTH).predictions.equals(found.predictions)


def test_what_does_not_go_together_is_refused(folder: Path, model: Model) -> None:
    video = folder / "panoramic" / "same.mp4"
    with pytest.raises(UsageError, match="monocular clips have their own timeline"):
        localize(folder, model=model, view=["panoramic", "monocular"])
    with pytest.raises(UsageError, match="2 models for 1 view"):
        localize(folder, model=[model, model])
    with pytest.raises(UsageError, match="3 models for 2 views"):
        localize(folder, model=[model, model, model], view=BOTH)
    with pytest.raises(UsageError, match="this input has one view"):
        localize(video, model=model, view=BOTH)
    with pytest.raises(UsageError, match="no view"):
        localize(folder, model=model, view=[])
