"""The tables of `localize` in the formats of other tools."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bineego.errors import UsageError
from bineego.formats import read
from bineego.formats.kinds import FileFormat
from bineego.formats.write import WRITERS
from bineego.inference import LocalizeOptions, localize
from bineego.tsm.config import Precision
from bineego.tsm.model_file import Model

FP32 = LocalizeOptions(precision=Precision.FP32, threshold=0.001, jobs=1)
ALL = [form for form in FileFormat if form is not FileFormat.CHALLENGE_SCENES]


@pytest.fixture
def videos(tmp_path: Path, make_video: Callable[..., Path]) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("a", "b c"):
        make_video(folder / f"{name}.mp4", seconds=2.0)
    return folder


def test_all_formats_say_the_same(tmp_path: Path, videos: Path, model: Model) -> None:
    out = tmp_path / "out"
    found = localize(videos, model=model, output=out, format=[str(form) for form in ALL], options=FP32)
    expected = len(found.predictions)
    assert expected > 0
    for name in ("predictions.csv", "predictions.json", "predictions.boris", "predictions.via.json"):
        assert len(read.read_predictions(out / name)) == expected
        assert set(read.read_annotations(out / name).videos if "boris" in name else ("a", "b c")) == {"a", "b c"}
    for ending in (".eaf", ".srt", ".vtt", ".pred.csv"):
        assert sum(len(read.read_annotations(out / f"{name}{ending}").segments) for name in ("a", "b c")) == expected
    assert {path.name for path in found.results} >= {"predictions.labelstudio.json", "a.eaf", "b c.srt"}
    assert "../videos" not in (out / "predictions.boris").read_text()
    assert str(videos / "a.mp4") in (out / "predictions.boris").read_text()


def test_a_format_that_was_forgotten_needs_no_second_look_at_the_videos(
    tmp_path: Path, videos: Path, model: Model
) -> None:
    out = tmp_path / "out"
    localize(videos, model=model, output=out, options=FP32)
    again = localize(videos, model=model, output=out, format=["boris", "srt"], options=FP32)
    assert again.skipped == ("a", "b c")
    assert {path.name for path in again.paths} >= {"predictions.boris", "a.srt", "b c.srt"}


def test_without_an_output_each_video_has_its_own(tmp_path: Path, videos: Path, model: Model) -> None:
    out = tmp_path / "here"
    found = localize(videos / "a.mp4", model=model, output=out, joint=False, format=["csv", "boris"], options=FP32)
    assert [path.name for path in found.results] == ["a.boris"]
    assert not (out / "predictions.boris").exists()
    assert (out / "a.csv").exists()


@pytest.mark.parametrize(("name", "form"), [("x.boris", ()), ("x.json", ("via",)), ("x.srt", ()), ("x.eaf", ("csv",))])
def test_one_file_in_the_format_of_its_ending_or_as_named(
    tmp_path: Path, videos: Path, model: Model, name: str, form: tuple[str, ...]
) -> None:
    more = {"format": list(form)} if form else {}
    found = localize(videos / "a.mp4", model=model, output=tmp_path / name, options=FP32, **more)
    assert [path.name for path in found.paths] == [name]
    assert len(read.read_annotations(tmp_path / name).segments) == len(found.predictions)


def test_what_cannot_be_written_is_said_before_any_work(tmp_path: Path, videos: Path, model: Model) -> None:
    out = tmp_path / "out"
    localize(videos, model=model, output=out, save_scores=True, options=FP32)
    with pytest.raises(UsageError, match=r"labelstudio counts frames, and the video of 'a' is not on this machine"):
        localize(out / "a.scores.npz", output=tmp_path / "more", format=["labelstudio"], options=FP32)
    (out / "a.srt").write_text("mine")
    with pytest.raises(UsageError, match=r"a\.srt: exists"):
        localize(videos, model=model, output=out, format=["srt"], options=FP32)
    with pytest.raises(UsageError, match="two of these formats would write the same file"):
        localize(videos, model=model, output=tmp_path / "x", joint=False, format=["json", "360x"], options=FP32)
    with pytest.raises(UsageError, match="names a file, but there are 2 formats"):
        localize(videos / "a.mp4", model=model, output=tmp_path / "x.json", format=["via", "json"], options=FP32)


def test_every_format_has_an_ending_of_its_own() -> None:
    joint = [how.ending for how in WRITERS.values() if not how.one_video]
    assert len(set(joint)) == len(joint)
