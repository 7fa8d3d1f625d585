"""The verb `extract_frames`: videos into a frame cache."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from bineego.errors import UsageError
from bineego.types import OnProgress
from bineego.video.cache import FrameCache
from bineego.video.folder import is_video
from bineego.video.frames import Backend, FrameOptions
from bineego.video.probe import check_plain_file


def extract_frames(
    inputs: Mapping[str, Path] | Iterable[Path | str] | Path | str,
    output: Path | str,
    *,
    options: FrameOptions | None = None,
    jobs: int | None = None,
    backend: Backend = Backend.PYAV,
    on_progress: OnProgress | None = None,
) -> FrameCache:
    """Decode videos once, into a cache that training reads from. What is there already is skipped.

    Args:
        inputs: a video, a folder of videos, several of those (id = file name without suffix), or video id -> file.
        output: folder of the cache.
        options: size of the frames.
        jobs: processes; None = one a core.
        backend: what decodes.
        on_progress: called with seconds of video done and in all.

    Raises:
        UsageError: nothing to do, two videos with one id, or the cache cannot be written to.
        InputMissing, InputInvalid: an input is missing or, if it is the only one, cannot be read.
        BatchFailed: some of several videos could not be read; the others are in the cache.
        ResourceExhausted: not enough room on the disk.
    """
    items = dict(inputs) if isinstance(inputs, Mapping) else find_inputs(inputs)
    if not items:
        raise UsageError("no videos to extract frames from", remedy="name video files or a folder of them")
    cache = FrameCache(output, options, backend=backend)
    cache.ensure(items, jobs=jobs, on_progress=on_progress)
    return cache


def find_inputs(inputs: Iterable[Path | str] | Path | str) -> dict[str, Path]:
    """Video id -> file, of video files and of folders of them (not their subfolders).

    Raises:
        InputMissing: a named file is not there.
        InputInvalid: a named file is empty.
        UsageError: two files with one id.
    """
    found: dict[str, Path] = {}
    for entry in [inputs] if isinstance(inputs, Path | str) else inputs:
        path = Path(entry)
        if path.is_dir():
            files = sorted(file for file in path.iterdir() if is_video(file))
        else:
            check_plain_file(path)
            files = [path]
        for file in files:
            other = found.setdefault(file.stem, file)
            if other.resolve() != file.resolve():
                raise UsageError(
                    f"two videos with the id {file.stem!r}: {other} and {file}", remedy="rename one, or run them apart"
                )
    return found
