from __future__ import annotations

import itertools
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from bineego import tracks
from bineego.datasets.recording import View
from bineego.errors import BatchFailed, InputInvalid, InputMissing, Interrupted, UsageError
from bineego.formats import csv
from bineego.inference import LocalizeOptions, batch, localize, scorers
from bineego.labels import LabelSet
from bineego.postprocess import DecodeOptions, Postprocess, decode
from bineego.tsm.card import ModelCard
from bineego.tsm.config import NetworkConfig, Precision, Trunk
from bineego.tsm.model_file import Model
from bineego.tsm.network import TSM

MakeVideo = Callable[..., Path]
FP32 = LocalizeOptions(precision=Precision.FP32)


@pytest.fixture(scope="module")
def folder(make_video: MakeVideo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three videos, one shorter than t."""
    folder = tmp_path_factory.mktemp("videos")
    make_video(folder / "b.mp4", seconds=2.2)
    make_video(folder / "a.mp4", seconds=1.5)
    make_video(folder / "short.mp4", seconds=0.3)
    return folder


@pytest.fixture(scope="module")
def stored(folder: Path, model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their score tracks, which are decoded in no time."""
    made = tmp_path_factory.mktemp("made")
    localize(folder, model=model, output=made, options=FP32, save_scores=True)
    found = tmp_path_factory.mktemp("tracks")
    for path in made.glob("*.scores.npz"):
        shutil.copy(path, found)
    return found


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_folder(folder: Path, model: Model, tmp_path: Path) -> None:
    progress: list[tuple[float, float]] = []
    found = localize(
        folder,
        model=model,
        output=tmp_path,
        options=FP32,
        format=["csv", "json"],
        save_scores=True,
        on_progress=lambda done, total: progress.append((done, total)),
    )
    assert names(tmp_path) == sorted(
        [
            *(f"{name}{suffix}" for name in ("a", "b", "short") for suffix in (".csv", ".scores.npz")),
            "predictions.csv",
            "predictions.json",
            "scenes.csv",
        ]
    )
    joint = csv.read_predictions(tmp_path / "predictions.csv")
    assert joint.equals(found.predictions)
    for name in ("a", "b", "short"):
        track = tracks.load(tmp_path / f"{name}.scores.npz")
        own = csv.read_predictions(tmp_path / f"{name}.csv")
        assert own.equals(decode(track))
        assert own.to_numpy().tolist() == joint[joint["video_id"] == name].to_numpy().tolist()
    assert (tmp_path / "short.csv").read_text() == "video_id,label,start,end,score\n"
    assert list(csv.read_scenes(tmp_path / "scenes.csv")) == ["a", "b", "short"]
    assert set(json.loads((tmp_path / "predictions.json").read_text())["results"]) == {"a", "b", "short"}
    assert [path.name for path in found.results] == ["predictions.csv", "predictions.json"]
    assert progress[-1][0] == pytest.approx(progress[-1][1])
    assert [done for done, _ in progress] == sorted(done for done, _ in progress)


def test_a_second_run_does_only_what_is_missing(
    folder: Path, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = localize(folder, model=model, output=tmp_path, options=FP32)
    before = (tmp_path / "predictions.csv").read_bytes()
    (tmp_path / "b.csv").unlink()
    again = localize(folder, model=model, output=tmp_path, options=FP32)
    assert again.skipped == ("a", "short")
    assert (tmp_path / "predictions.csv").read_bytes() == before
    assert again.scenes == first.scenes
    assert localize(folder, model=model, output=tmp_path, options=FP32, overwrite=True).skipped == ()
    other = LocalizeOptions(precision=Precision.FP32, postprocess=Postprocess.PAPER)
    assert localize(folder, model=model, output=tmp_path, options=other).skipped == ()
    assert localize(folder, model=model, output=tmp_path, options=other).skipped == ("a", "b", "short")
    os.utime(folder / "a.mp4")  # not another content
    assert localize(folder, model=model, output=tmp_path, options=other).skipped == ("a", "b", "short")


def test_the_joint_tables_hold_every_video_however_many_calls_made_them(stored: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    localize(stored, output=whole, options=FP32, format=["csv", "json"])
    for name in ("short", "b", "a"):
        found = localize(stored / f"{name}.scores.npz", output=parts, options=FP32, format=["csv", "json"])
        assert set(found.predictions["video_id"]) <= {name}
    for name in names(whole):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()
    # By another model too, and when one is done again.
    other = LocalizeOptions(precision=Precision.FP32, postprocess=Postprocess.PAPER)
    localize(stored / "a.scores.npz", output=parts, options=other)
    joint = csv.read_predictions(parts / "predictions.csv")
    assert set(joint["video_id"]) == set(csv.read_predictions(whole / "predictions.csv")["video_id"])
    assert list(csv.read_scenes(parts / "scenes.csv")) == ["a", "b", "short"]
    (parts / "b.csv").unlink()  # by somebody who does not want it
    localize(stored / "a.scores.npz", output=parts, options=FP32)
    assert list(csv.read_scenes(parts / "scenes.csv")) == ["a", "short"]


@pytest.mark.parametrize("name", ["a.csv", "a.scores.npz", "predictions.csv", "predictions.json", "scenes.csv"])
def test_a_corrected_file_is_kept(stored: Path, tmp_path: Path, name: str) -> None:
    call = {"output": tmp_path, "formats": ["csv", "json"], "save_scores": True, "options": FP32}
    localize(stored, **call)
    corrected = (tmp_path / name).read_bytes() + b"\n"
    (tmp_path / name).write_bytes(corrected)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match=rf"{name}: has changed since bineego wrote it"):
        localize(stored, **call)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    localize(stored, overwrite=True, **call)
    assert (tmp_path / name).read_bytes() != corrected
    assert localize(stored, **call).skipped == ("a", "b", "short")


def test_killed_between_record_and_files_the_video_is_done_again(
    stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    localize(stored, output=tmp_path / "whole", options=FP32)
    out = tmp_path / "out"
    for turn, missing in enumerate(("b.csv", "predictions.csv", "scenes.csv")):
        localize(stored, output=out, options=FP32)
        (out / missing).unlink()
        again = localize(stored, output=out, options=FP32)
        assert ("b" in again.skipped) == (turn > 0)
        for name in names(tmp_path / "whole"):
            assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_lasting_failure_is_remembered(stored: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    videos = tmp_path / "videos"
    shutil.copytree(stored, videos)
    (videos / "aa.scores.npz").write_bytes(b"no track at all")
    for turn in range(2):
        caplog.clear()
        with pytest.raises(BatchFailed, match="1 of 4 inputs failed"):
            localize(videos, output=tmp_path / "out", options=FP32)
        assert ("(as before)" in caplog.text) == (turn == 1)
    shutil.copy(stored / "a.scores.npz", videos / "aa.scores.npz")  # mended
    assert localize(videos, output=tmp_path / "out", options=FP32).skipped == ("a", "b", "short")


def test_shards_do_every_video_once_and_the_last_completes_the_tables(stored: Path, tmp_path: Path) -> None:
    localize(stored, output=tmp_path / "whole", options=FP32)
    out = tmp_path / "out"
    done = [
        path.stem
        for index in range(1, 6)
        for path in localize(stored, output=out, options=FP32, shard=f"{index}/5").paths
        if path.stem in ("a", "b", "short")
    ]
    assert sorted(done) == ["a", "b", "short"]
    for name in names(tmp_path / "whole"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_one_video_into_a_file_of_any_name(stored: Path, tmp_path: Path) -> None:
    localize(stored / "b.scores.npz", output=tmp_path / "out", options=FP32, save_scores=True)
    for name in ("result.csv", "result.json"):
        found = localize(stored / "b.scores.npz", output=tmp_path / name, options=FP32, save_scores=True)
        assert found.results == (tmp_path / name,)
    assert (tmp_path / "result.csv").read_bytes() == (tmp_path / "out" / "b.csv").read_bytes()
    assert (tmp_path / "result.scores.npz").read_bytes() == (tmp_path / "out" / "b.scores.npz").read_bytes()
    assert list(json.loads((tmp_path / "result.json").read_text())["results"]) == ["b"]
    with pytest.raises(UsageError, match="names a file, but there are 3 videos"):
        localize(stored, output=tmp_path / "result.csv", options=FP32)
    (tmp_path / "result.csv").write_text("corrected")
    with pytest.raises(UsageError, match="has changed"):
        localize(stored / "b.scores.npz", output=tmp_path / "result.csv", options=FP32)


def test_interrupted_the_tables_of_what_is_done_are_there(
    stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scorers.score_all

    def two(*args: object) -> Iterator[scorers.Result]:
        yield from itertools.islice(whole(*args), 2)
        raise Interrupted

    monkeypatch.setattr(batch, "score_all", two)
    with pytest.raises(Interrupted, match="2 of 3 videos done; the same command goes on"):
        localize(stored, output=tmp_path, options=FP32)
    assert len(csv.read_scenes(tmp_path / "scenes.csv")) == 2
    monkeypatch.undo()
    assert len(localize(stored, output=tmp_path, options=FP32).skipped) == 2
    assert list(csv.read_scenes(tmp_path / "scenes.csv")) == ["a", "b", "short"]


def test_what_is_said_of_each_video(stored: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    strict = LocalizeOptions(precision=Precision.FP32, threshold=0.999, candidates=False)
    with caplog.at_level(logging.INFO, logger="bineego"):
        found = localize(stored, output=tmp_path, options=strict)
    if found.predictions.empty:
        assert "no actions in 3 videos (a, b, short): nothing reached 0.999; the best was" in caplog.text
    caplog.clear()
    loose = LocalizeOptions(precision=Precision.FP32, threshold=0.01)
    with caplog.at_level(logging.INFO, logger="bineego"):
        table = localize(stored, output=tmp_path, options=loose).predictions
    count = (table["video_id"] == "b").sum()
    assert f"b: {count} action" in caplog.text


def test_a_batch_goes_on_past_a_bad_file(folder: Path, model: Model, tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    shutil.copytree(folder, videos)
    (videos / "aa.mp4").write_bytes(b"no video at all")
    with pytest.raises(BatchFailed, match="1 of 4 inputs failed"):
        localize(videos, model=model, output=tmp_path / "out", options=FP32)
    assert {"a.csv", "b.csv", "short.csv", "predictions.csv"} <= set(names(tmp_path / "out"))
    assert "aa.csv" not in names(tmp_path / "out")
    with pytest.raises(InputInvalid):  # the only input: its own error
        localize(videos / "aa.mp4", model=model, output=tmp_path / "out", options=FP32)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (os.fsdecode(b"caf\xe9"), "not UTF-8"),
        ("x" * 245, "too long"),
        ("scenes", "would have the same name as the table of all"),
        ("predictions", "would have the same name as the table of all"),
    ],
)
def test_names_that_make_no_files_are_refused_before_work(
    folder: Path, model: Model, tmp_path: Path, name: str, says: str
) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(folder / "a.mp4", tmp_path / "in" / f"{name}.mp4")
    with pytest.raises(UsageError, match=says):
        localize(tmp_path / "in", model=model, output=tmp_path / "out", save_scores=True)


def test_the_longest_name_is_written(folder: Path, model: Model, tmp_path: Path) -> None:
    name = "ж" * 125
    shutil.copy(folder / "a.mp4", tmp_path / f"{name}.mp4")
    localize(tmp_path / f"{name}.mp4", model=model, output=tmp_path / "out")
    assert (tmp_path / "out" / f"{name}.csv").exists()


def test_a_score_track_needs_no_model(folder: Path, model: Model, tmp_path: Path) -> None:
    localize(folder / "b.mp4", model=model, output=tmp_path / "one", options=FP32, save_scores=True)
    stored = tmp_path / "one" / "b.scores.npz"
    options = LocalizeOptions(postprocess=Postprocess.VITERBI)
    found = localize([stored], output=tmp_path / "two", options=options)
    expected = decode(tracks.load(stored), DecodeOptions(postprocess=Postprocess.VITERBI))
    assert csv.read_predictions(tmp_path / "two" / "b.csv").equals(expected)
    assert found.scenes.keys() == {"b"}
    # The folder that holds it means the same.
    assert localize(tmp_path / "one", options=options).predictions.equals(expected)
    (tmp_path / "three").mkdir()
    (tmp_path / "three" / "scenes.csv").write_text("video_id,scene\nb,Kitchen\n")  # of a person, not of a model
    with pytest.raises(UsageError, match="would be overwritten"):
        localize([stored], output=tmp_path / "three", options=options)


def test_nothing_is_written_without_an_output(
    folder: Path, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = localize(folder / "a.mp4", model=model, options=FP32)
    assert found.paths == ()
    assert names(tmp_path) == []


def test_egocentric_views_have_scenes_only(folder: Path, model: Model, card_of: Callable[..., ModelCard]) -> None:
    found = localize(folder / "a.mp4", model=model, view=View.MONOCULAR, options=FP32)
    assert len(found.predictions) == 0
    assert found.scenes.keys() == {"a"}
    config = NetworkConfig(trunk=Trunk.RESNET18, n_classes=4, n_frames=4)
    card = card_of(network=config, labels=LabelSet(actions=("x", "y", "z")), priors=None)
    with pytest.raises(InputInvalid, match="no annotated timeline"):
        localize(folder / "a.mp4", model=Model(network=TSM(config).eval(), card=card), view="binocular")


def test_scenes_only_model(folder: Path, card_of: Callable[..., ModelCard], tmp_path: Path) -> None:
    config = NetworkConfig(trunk=Trunk.RESNET18, n_scenes=2, n_frames=4)
    card = card_of(network=config, labels=LabelSet(scenes=("x", "y")), priors=None)
    found = localize(folder, model=Model(network=TSM(config).eval(), card=card), output=tmp_path, options=FP32)
    assert names(tmp_path) == ["scenes.csv"]
    assert [path.name for path in found.results] == ["scenes.csv"]


def test_inputs_and_outputs_are_checked_before_work(folder: Path, model: Model, tmp_path: Path) -> None:
    with pytest.raises(InputMissing):
        localize(folder / "nothing.mp4", model=model)
    with pytest.raises(UsageError):
        localize([], model=model)
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(folder / "a.mp4", other / "a.mp4")
    with pytest.raises(UsageError, match="'a'"):
        localize([folder, other / "a.mp4"], model=model)
    own = tmp_path / "a.csv"
    own.write_text("video_id,label,start,end\na,jump,0,1\n")
    with pytest.raises(UsageError, match="would be overwritten"):
        localize(folder / "a.mp4", model=model, output=tmp_path)
    assert own.read_text().endswith("a,jump,0,1\n")
    own.rename(tmp_path / "predictions.csv")
    with pytest.raises(UsageError, match="would be overwritten"):
        localize(folder / "a.mp4", model=model, output=tmp_path)
    (tmp_path / "predictions.csv").unlink()
    (tmp_path / "scenes.csv").write_text("video_id,scene\na,Kitchen\n")  # of a person, not of a model
    with pytest.raises(UsageError, match="would be overwritten"):
        localize(folder / "a.mp4", model=model, output=tmp_path)
    (tmp_path / "scenes.csv").unlink()
    results = tmp_path / "predictions.json"
    results.write_text('{"database": {}}')  # labels
    with pytest.raises(UsageError, match="would be overwritten"):
        localize(folder / "a.mp4", model=model, output=tmp_path, format=["json"])
    assert results.read_text() == '{"database": {}}'
    with pytest.raises(UsageError, match="no device"):
        localize(folder / "a.mp4", model=model, options=LocalizeOptions(device="abacus"))


def test_a_part_of_a_video_has_the_times_of_the_whole(folder: Path, model: Model, tmp_path: Path) -> None:
    """Cells of the same frames have the same answers, wherever the part begins."""
    paper = LocalizeOptions(precision=Precision.FP32, postprocess=Postprocess.PAPER, threshold=0.01)
    video = folder / "b.mp4"
    localize(video, model=model, output=tmp_path / "whole", options=paper, save_scores=True)
    found = localize(video, model=model, output=tmp_path / "part", options=paper, save_scores=True, start=0.5, end=1.5)
    whole, part = (tracks.load(tmp_path / name / "b.scores.npz") for name in ("whole", "part"))
    assert part.edges.tolist() == [0.0, 0.5, 1.0, 1.5]
    np.testing.assert_allclose(part.logits[1:], whole.logits[1:3], atol=1e-4)
    assert found.predictions["start"].min() >= 0.5
    assert found.predictions["end"].max() <= 1.5
    with pytest.raises(UsageError, match=r"must be more than --start, 0\.5, not 0\.4"):
        localize(video, model=model, start=0.5, end=0.4)
    with pytest.raises(InputInvalid, match=r"ends at 2\.\d+ s, before 30 s"):
        localize(video, model=model, start=30.0)
