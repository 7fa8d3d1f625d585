"""Times that are not seconds: `--time-unit` for files that do not name their unit."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bineego.errors import InputInvalid
from bineego.formats import names
from bineego.formats.media import Medias
from bineego.formats.options import LabelOptions, TimeUnit
from bineego.segments import TIMES
from bineego.types import Floats

log = logging.getLogger(__name__)


def rates_of(videos: Sequence[str], media: Medias, where: object) -> Floats:
    """Frames per second (N,) of the video file of each row.

    Raises:
        InputInvalid: a video whose file is not known.
    """
    found = dict.fromkeys(videos)
    matched = names.match(found, media)
    by_video: dict[str, float] = {}
    for video in found:
        known = matched.get(video, video)
        if known not in media:
            raise InputInvalid(
                f"these are frame numbers, but the frame rate of video {video!r} is not known",
                where=where,
                remedy="name the folder of the videos with --videos, or use a table with a column fps",
            )
        if not media[known].steady:
            log.warning(
                "%s: its frames differ in length, so times computed from frame numbers are not exact", media[known].path
            )
        by_video[video] = media[known].rate
    return np.array([by_video[video] for video in videos], np.float64)


def in_seconds(table: pd.DataFrame, how: LabelOptions, media: Medias, where: object) -> pd.DataFrame:
    """A segments table whose times are in the unit of `how`, in seconds."""
    if how.time_unit in (None, TimeUnit.SECONDS) or len(table) == 0:
        return table
    milliseconds = how.time_unit is TimeUnit.MILLISECONDS
    log.info("%s: times read as %s", where, "milliseconds" if milliseconds else "frame numbers")
    per_second = 1000.0 if milliseconds else rates_of(table["video_id"].tolist(), media, where)
    return table.assign(**{name: table[name].to_numpy(np.float64) / per_second for name in TIMES})
