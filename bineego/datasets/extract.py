"""The verb `extract_frames`: videos into a frame cache."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bineego.config import keywords, takes
from bineego.datasets.inputs import resolve_videos
from bineego.datasets.options import ExtractOptions
from bineego.errors import UsageError
from bineego.shards import read_shard
from bineego.types import OnProgress
from bineego.video.build import build_cache
from bineego.video.cache import FrameCache
from bineego.video.frames import FrameOptions
from bineego.words import many

log = logging.getLogger(__name__)


@takes(ExtractOptions)
def extract_frames(
    inputs: Mapping[str, Path] | Sequence[Path | str] | Path | str,
    output: Path | str | None = None,
    *,
    options: FrameOptions | None = None,
    on_progress: OnProgress | None = None,
    **given: Any,
) -> FrameCache:
    """Decode videos once into a cache for training. What is there already is skipped.

    Args:
        inputs: a video, a folder of videos, a data set, several of those, or video id -> file.
        output: folder of the cache; None = the one that `train` uses.
        options: many options at once; keywords win.
        on_progress: called with seconds of video done and in all.
        given: see `ExtractOptions`.

    Raises:
        UsageError: a wrong option, nothing to do, two videos with one id, or the cache cannot be written to.
        InputMissing, InputInvalid: an input is missing or, if it is the only one, cannot be read.
        BatchFailed: some of several videos could not be read; the others are in the cache.
        ResourceExhausted: not enough room on the disk.
    """
    chosen = keywords(ExtractOptions, given | {"output": output}, options)
    several = [inputs] if isinstance(inputs, str | Path) else inputs
    videos = (
        dict(several)
        if isinstance(several, Mapping)
        else resolve_videos(several, view=chosen.view, videos=chosen.videos)
    )
    if not videos:
        raise UsageError("no videos to extract frames from", remedy="name video files or a folder of them")
    if chosen.shard is not None:
        everything, shard = len(videos), read_shard(chosen.shard)
        videos = {video_id: path for video_id, path in videos.items() if shard.has(video_id)}
        log.info("shard %s: %d of %s", chosen.shard, len(videos), many(everything, "video"))
    frames = FrameOptions(size=chosen.size, keep_aspect=chosen.keep_aspect)
    cache = FrameCache(chosen.output, frames, backend=chosen.backend)
    build_cache(cache, videos, jobs=chosen.jobs, on_progress=on_progress)
    return cache
