"""What the headers of video files promise, read without decoding, and whether annotated times are seconds of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from bineego.datasets.recording import Recording
from bineego.errors import BineegoError, InputInvalid
from bineego.formats.options import TimeUnit
from bineego.video.probe import exact, open_video, promised_duration

MOST_PROBED = 50
"""Videos that are looked at to tell the unit of all times."""

SLACK = 1.0
"""Seconds. Annotation tools and rounding put the last end a little past the last frame."""

USUAL_RATE = 25.0
"""Frames per second, where the header does not say."""


def header(path: Path) -> tuple[float | None, float | None]:
    """Length in seconds and frames per second, as the header promises them; None = it does not."""
    try:
        container, stream = open_video(path)
    except BineegoError:
        return None, None
    with container:
        rate = exact(stream.average_rate) or exact(stream.guessed_rate)
        return promised_duration(container, stream), None if rate is None else float(rate)


def check_units(recordings: Iterable[Recording]) -> None:
    """Refuse annotations whose times are surely not seconds, before a frame is decoded.

    Raises:
        InputInvalid: most segments lie behind the end of their video, and would not as milliseconds or frame numbers.
    """
    annotated = [r for r in recordings if r.segments is not None and len(r.segments) and len(r.videos) == 1]
    if not annotated:
        return
    chosen = [annotated[int(i)] for i in np.unique(np.linspace(0, len(annotated) - 1, MOST_PROBED).astype(int))]
    headers = {r.recording_id: header(path) for r in chosen for path in r.videos.values()}
    unit = likely_unit(chosen, headers)
    if unit is None:
        return
    first = next(r for r in chosen if headers[r.recording_id][0] is not None)
    assert first.segments is not None
    what = "milliseconds" if unit is TimeUnit.MILLISECONDS else "frame numbers"
    raise InputInvalid(
        f"annotated times look like {what}: video {first.recording_id!r} is "
        f"{headers[first.recording_id][0]:.2f} s long, but its annotations end at {first.segments['end'].max():g}",
        remedy=f"if so, use --time-unit {unit}",
    )


def likely_unit(
    recordings: Iterable[Recording], headers: Mapping[str, tuple[float | None, float | None]]
) -> TimeUnit | None:
    """The unit that annotated times must be in, if not seconds; None = seconds, or it cannot be told.

    Args:
        recordings: annotated ones.
        headers: length and frame rate by recording, see `header`.
    """
    parts = []
    for recording in recordings:
        length, rate = headers.get(recording.recording_id, (None, None))
        if length is not None and recording.segments is not None:
            mine = recording.segments["end"].to_numpy(np.float64)
            parts.append(np.stack([mine, np.full(len(mine), length), np.full(len(mine), rate or USUAL_RATE)]))
    end_N, length_N, rate_N = np.concatenate([np.zeros((3, 0)), *parts], axis=1)
    if len(end_N) == 0 or (end_N > length_N + SLACK).mean() <= 0.5:
        return None
    whole = bool((end_N == np.round(end_N)).all())
    if whole and (end_N <= (length_N + SLACK) * rate_N).all():
        return TimeUnit.FRAMES
    if (end_N <= (length_N + SLACK) * 1000).all() and end_N.max() > 10 * length_N.max():
        return TimeUnit.MILLISECONDS
    return None
