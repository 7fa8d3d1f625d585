"""Predictions drawn on a video: at the right moments, with its times and its sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from video.making import write_video

import bineego
from bineego import segments
from bineego.drawing.painter import Painter
from bineego.drawing.write import _sure
from bineego.errors import UsageError
from bineego.video.frames import FrameOptions
from bineego.video.reader import VideoReader


def table(video: str = "clip") -> pd.DataFrame:
    return segments.make([video] * 2, ["wave", "курить"], [0.5, 1.2], [1.0, 1.8], [0.9, 0.4])


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_video(tmp_path / "clip.mp4", count=60, rate=30, width=160, height=120)


def test_text_is_there_while_the_action_is(tmp_path: Path) -> None:
    painter = Painter(table(), 2.0, 160, 120)
    grey = np.full((120, 160, 3), 128, np.uint8)
    top = 120 - painter.band.height
    drawn = {seconds: painter.draw(grey, seconds) for seconds in (0.2, 0.7, 1.0, 1.5)}
    for seconds, shown in ((0.2, False), (0.7, True), (1.0, False), (1.5, True)):
        assert (drawn[seconds][:top] != 128).any() == shown
    # The cursor moves, the band stays.
    assert (drawn[0.2][top:] != drawn[0.7][top:]).any()
    assert (grey == 128).all()


def test_times_are_those_of_the_video(clip: Path, tmp_path: Path) -> None:
    ticks = np.cumsum(np.random.default_rng(0).integers(10, 100, 40)).tolist()
    uneven = write_video(
        tmp_path / "uneven.mp4", count=40, ticks=ticks, time_base=Fraction(1, 1000), width=160, height=120
    )
    for video in (clip, uneven):
        path = bineego.overlay(video, table(video.stem), output=tmp_path / f"{video.stem}.out.mp4")
        before, after = (VideoReader(each, FrameOptions(size=32)) for each in (video, path))
        np.testing.assert_allclose(after.times, before.times, atol=1e-3)
        assert after.duration == pytest.approx(before.duration, abs=0.1)


def test_sound_is_kept(tmp_path: Path) -> None:
    video = tmp_path / "clip.mkv"
    with av.open(str(video), "w") as output:
        sound = output.add_stream("pcm_s16le", rate=8000, layout="mono")
        stream = output.add_stream("libx264", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for number in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 10 * number, np.uint8), "rgb24")
            output.mux(stream.encode(frame))
            wave = (9000 * np.sin(np.arange(800) * 0.3)).astype(np.int16)
            samples = av.AudioFrame.from_ndarray(wave[None] if number >= 10 else 0 * wave[None], "s16", "mono")
            samples.sample_rate, samples.pts = 8000, 800 * number
            output.mux(sound.encode(samples))
        output.mux(stream.encode(None))
        output.mux(sound.encode(None))
    path = bineego.overlay(video, table(), output=tmp_path / "out.mp4")
    with av.open(str(path)) as container:
        loud = [
            (float(frame.time), float(np.abs(frame.to_ndarray()).mean()))
            for frame in container.decode(container.streams.audio[0])
        ]
    first = next(time for time, level in loud if level > 0.01)
    assert first == pytest.approx(1.0, abs=0.2)
    assert loud[-1][0] == pytest.approx(2.0, abs=0.25)


def test_whose_predictions(clip: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    both = pd.concat([table("a"), table("b")])
    with pytest.raises(UsageError, match="no predictions of 'clip': they are of 2 videos"):
        bineego.overlay(clip, both, output=tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()
    caplog.set_level("INFO", logger="bineego")
    bineego.overlay(clip, table("another"), output=tmp_path / "out.mp4")
    assert "the predictions of 'another'" in caplog.text


def test_files_of_others_are_kept(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "taken.mp4").write_text("mine")
    with pytest.raises(UsageError, match="would be overwritten"):
        bineego.overlay(clip, table(), output=tmp_path / "taken.mp4")
    with pytest.raises(UsageError, match="one of the inputs"):
        bineego.overlay(clip, table(), output=clip, overwrite=True)
    with pytest.raises(UsageError, match="not an MP4"):
        bineego.overlay(clip, table(), output=tmp_path / "out.avi")
    monkeypatch.chdir(tmp_path)
    assert bineego.overlay(clip, table()) == Path("clip.overlay.mp4")


@pytest.mark.parametrize("size", [(33, 77), (64, 48)])
def test_odd_sizes(tmp_path: Path, size: tuple[int, int]) -> None:
    video = write_video(tmp_path / "clip.mkv", codec="ffv1", count=3, rate=10, width=size[0], height=size[1])
    path = bineego.overlay(video, table(), output=tmp_path / "out.mp4")
    assert len(VideoReader(path, FrameOptions(size=32)).times) == 3


def test_candidates_are_not_drawn() -> None:
    """But where nothing scores more, all is: another tool may count in other units."""
    table = segments.make(["a"] * 3, ["run", "run", "jump"], [0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [0.6, 0.02, 0.05])
    assert _sure(table)["score"].tolist() == [0.6]
    assert len(_sure(table[1:])) == 2
