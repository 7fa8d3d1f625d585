"""The verb `extract_frames`: videos into a frame cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bineego.config import build, takes
from bineego.datasets.carriers import FromAddress, ToAddress, carry
from bineego.datasets.options import ExtractOptions
from bineego.datasets.sources import sources_of
from bineego.remote.address import Address
from bineego.remote.scratch import scratch_folder
from bineego.types import OnProgress
from bineego.video.build import build_all, raise_failures
from bineego.video.cache import FrameCache
from bineego.video.frames import FrameOptions


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
        inputs: a video, a folder of videos, a data set, an address of videos, several of those, or video id -> file.
        output: folder of the cache, or its address; None = the one that `train` uses.
        options: many options at once; keywords win.
        on_progress: called with seconds of video done and in all.
        given: see `ExtractOptions`.

    Returns:
        The cache; of one at an address, nothing is left on this machine.

    Raises:
        UsageError: a wrong option, nothing to do, two videos with one id, or the cache cannot be written to.
        InputMissing, InputInvalid: an input is missing or, if it is the only one, cannot be read.
        BatchFailed: some of several videos could not be read; the others are in the cache.
        ResourceExhausted: not enough room on the disk.
    """
    chosen = build(ExtractOptions, options, given | {"output": output})
    sources = sources_of(inputs, view=chosen.view, videos=chosen.videos, shard=chosen.shard, goal="extract frames from")
    frames = FrameOptions(size=chosen.size, keep_aspect=chosen.keep_aspect)
    if isinstance(chosen.output, Address):
        with scratch_folder(chosen.scratch) as folder:
            cache = FrameCache(folder, frames, backend=chosen.backend)
            carrier = ToAddress(cache, chosen.jobs, chosen.scratch, chosen.output)
            raise_failures(carry(sources, carrier, on_progress), len(sources))
        return cache
    cache = FrameCache(chosen.output, frames, backend=chosen.backend)
    here = {video_id: source for video_id, source in sources.items() if isinstance(source, Path)}
    away = {video_id: source for video_id, source in sources.items() if video_id not in here}
    failed = build_all(cache, here, jobs=chosen.jobs, on_progress=on_progress)
    if away:
        failed |= carry(away, FromAddress(cache, chosen.jobs, chosen.scratch), on_progress)
    raise_failures(failed, len(sources))
    return cache
