"""The verb `overlay`: a video with its predictions drawn on it, sound kept."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
from av.audio.stream import AudioStream
from av.container import OutputContainer

from bineego import records
from bineego.config import build, takes
from bineego.datasets.videos import video_id
from bineego.drawing.options import OverlayOptions
from bineego.drawing.painter import Painter
from bineego.errors import UsageError
from bineego.formats.names import match
from bineego.formats.read import read_predictions
from bineego.postprocess.candidates import RANK
from bineego.types import OnProgress
from bineego.video.frames import FrameOptions
from bineego.video.probe import exact, open_video, probe, start_time
from bineego.video.reader import VideoReader
from bineego.words import listed

log = logging.getLogger(__name__)

LEAST_PIXELS, MOST_PIXELS = 360, 1080
"""Of the shorter side: smaller videos are made larger, so that text can be read, and larger ones smaller."""

CLOCK = Fraction(1, 90_000)
QUALITY = {"crf": "20", "preset": "veryfast"}


@takes(OverlayOptions)
def overlay(
    video: Path | str,
    predictions: pd.DataFrame | Path | str,
    *,
    options: OverlayOptions | None = None,
    on_progress: OnProgress | None = None,
    **given: Any,
) -> Path:
    """Draw predictions on a video: the actions of the moment with their scores, and a timeline with a cursor.

    Args:
        video: its file.
        predictions: scored segments, or a file of them; those of this video are drawn.
        options: many options at once; keywords win.
        on_progress: called with seconds of video done and in all.
        given: see `OverlayOptions`.

    Returns:
        The video that was written.

    Raises:
        InputMissing, InputInvalid: a file is missing or wrong.
        UsageError: there are no predictions of this video, or a file that bineego may not replace.
    """
    chosen, video = build(OverlayOptions, options, given), Path(video)
    output = chosen.output or Path(f"{video.stem}.overlay.mp4")
    if output.suffix.casefold() != ".mp4":
        raise UsageError("not an MP4", where=output, remedy="choose a file name that ends in .mp4: -o FILE.mp4")
    records.check_free(output, overwrite=chosen.overwrite, inputs=[video])
    table = predictions if isinstance(predictions, pd.DataFrame) else read_predictions(Path(predictions))
    rows = _sure(of_video(table, video))
    info = probe(video)
    height, width = (side - side % 2 for side in _shape(info.width, info.height))
    reader = VideoReader(video, FrameOptions(size=min(height, width), keep_aspect=True))
    painter = Painter(rows, reader.duration, width, height)
    with (
        records.recorded(output) as draft,
        av.open(str(draft), "w", format="mp4", options={"movflags": "faststart"}) as container,
    ):
        _write(container, video, reader, painter, on_progress)
    return output


def of_video(table: pd.DataFrame, video: Path) -> pd.DataFrame:
    """The rows of one video; a table of a single other video is taken to be of this one, with a note.

    Raises:
        UsageError: there are none.
    """
    ids, name = list(dict.fromkeys(table["video_id"])), video_id(video)
    if name not in ids:
        name = next(iter(match([name], ids).values()), ids[0] if len(ids) == 1 else "")
        log.info("drawing the predictions of %r", name)
    if name not in ids:
        there = f"they are of {listed(ids, 'video')}" if ids else "the table is empty"
        raise UsageError(f"no predictions of {video_id(video)!r}: {there}", where=video)
    return table[table["video_id"] == name].reset_index(drop=True)


def _sure(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without candidates, which a fitted decoder adds for recall; all, where none scores as much."""
    sure = rows["score"] >= RANK if "score" in rows else pd.Series(True, index=rows.index)
    return rows[sure].reset_index(drop=True) if sure.any() else rows


def _shape(width: int, height: int) -> tuple[int, int]:
    """Height and width of the frames that are written."""
    options = FrameOptions(size=int(np.clip(min(width, height), LEAST_PIXELS, MOST_PIXELS)), keep_aspect=True)
    return options.shape(width, height)


def _write(
    container: OutputContainer, video: Path, reader: VideoReader, painter: Painter, on_progress: OnProgress | None
) -> None:
    """Pictures with their own times, and the sound beside them."""
    stream = container.add_stream("libx264", rate=30, options=QUALITY)
    stream.width, stream.height, stream.pix_fmt = painter.width, painter.height, "yuv420p"
    stream.codec_context.time_base = CLOCK
    sound = _Sound(video, container)
    for _, picture, seconds in reader.read():
        picture = np.ascontiguousarray(picture[: painter.height, : painter.width])
        frame = av.VideoFrame.from_ndarray(painter.draw(picture, seconds), format="rgb24")
        frame.pts, frame.time_base = round(seconds / CLOCK), CLOCK
        container.mux(stream.encode(frame))
        sound.mux_until(seconds)
        if on_progress is not None:
            on_progress(seconds, reader.duration)
    container.mux(stream.encode(None))
    sound.mux_until(float("inf"))


class _Sound:
    """The first audio stream of a video, re-encoded because MP4 takes few codecs; does nothing without audio."""

    def __init__(self, video: Path, container: OutputContainer) -> None:
        self._container = container
        self._frames: Iterator[av.AudioFrame] = iter(())
        self._waiting: av.AudioFrame | None = None
        source, picture = open_video(video)
        tracks = source.streams.audio
        if not tracks:
            source.close()
            return
        rate = tracks[0].rate or 48_000
        self._stream: AudioStream = container.add_stream("aac", rate=rate)
        self._zero = start_time(source, picture) or Fraction(0)
        self._frames = self._decoded(source, tracks[0])
        self._waiting = next(self._frames, None)

    @staticmethod
    def _decoded(source: av.container.InputContainer, track: AudioStream) -> Iterator[av.AudioFrame]:
        with source:
            for packet in source.demux(track):
                try:
                    yield from packet.decode()
                except av.error.FFmpegError:
                    continue  # a damaged bit of sound is left out

    def mux_until(self, seconds: float) -> None:
        """Write the sound up to a moment, so that both grow together."""
        while self._waiting is not None:
            frame = self._waiting
            begins = None if frame.pts is None else float(frame.pts * (exact(frame.time_base) or 0) - self._zero)
            if begins is not None and begins > seconds:
                return
            if begins is not None:
                frame.pts = round(begins * frame.sample_rate)
                frame.time_base = Fraction(1, frame.sample_rate)
            if begins is None or begins >= 0:
                self._container.mux(self._stream.encode(frame))
            self._waiting = next(self._frames, None)
            if self._waiting is None:
                self._container.mux(self._stream.encode(None))
