"""The frame cache: every kept frame of a video, decoded and scaled once, in one file of JPEGs.

    CACHE/<size>/<video id>-<key>/frames.jpg   the JPEGs one after the other
                                  index.npz    where each begins, its time, and what all was made from

JPEG at quality 90 is a fifteenth of raw frames and takes 0.3 ms a frame to write, 0.12 ms to read back in random order
(facts, performance, "Frame cache"); with full colour resolution it stays 39 dB and more from the live frame. The key is
made of the id and of the source's size and date, so a changed video is decoded again, and two data sets (or two views
of one) whose videos have the same names can share a cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bineego.errors import InputInvalid, InputMissing
from bineego.files import atomic_folder, disk_errors
from bineego.video.frames import Backend, FrameOptions
from bineego.video.reader import TimedFrame, VideoReader
from bineego.video.timeline import Floats

OnProgress = Callable[[float, float], None]

VERSION = 1
QUALITY = 90
SUBSAMPLING = "444"
FRAMES_NAME = "frames.jpg"
INDEX_NAME = "index.npz"
TELL_EVERY = 64  # frames
REBUILD = "delete its folder and run the command again"


class FrameCache:
    """Cached frames of many videos, all of one size.

    Args:
        folder: made when the first video is added.
        options: size of the frames; several sizes can share `folder`.
        backend: what decodes; caches of different backends are kept apart, as their pixels differ.
    """

    def __init__(
        self, folder: Path | str, options: FrameOptions | None = None, *, backend: Backend = Backend.PYAV
    ) -> None:
        self.folder = Path(folder)
        self.options = options or FrameOptions()
        self.backend = Backend(backend)
        kind = str(self.options.size)
        kind += "-aspect" if self.options.keep_aspect else ""
        kind += f"-{self.backend.value}" if self.backend is not Backend.PYAV else ""
        self.sized_folder = self.folder / kind

    def entry(self, video_id: str, path: Path | str) -> Path:
        """Folder of one video, there or not.

        Raises:
            InputMissing: the video is not there.
        """
        source = _fingerprint(Path(path))
        text = f"{VERSION}\0{video_id}\0{source.size}\0{source.mtime_ns}"
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()
        return self.sized_folder / f"{safe_name(video_id)}-{key}"

    def has(self, video_id: str, path: Path | str) -> bool:
        """True if the video as it is now is in the cache."""
        return (self.entry(video_id, path) / INDEX_NAME).is_file()

    def open(self, video_id: str, path: Path | str) -> CachedVideo:
        """The frames of a cached video.

        Raises:
            InputMissing: the video is not there, or not in the cache.
            InputInvalid: its cached files are damaged.
        """
        entry = self.entry(video_id, path)
        if not (entry / INDEX_NAME).is_file():
            raise InputMissing(
                f"{video_id!r} is not in the frame cache {self.folder}",
                where=path,
                remedy=f"run: bineego extract-frames {path} -o {self.folder} --size {self.options.size}",
            )
        return CachedVideo(entry)

    def ensure(
        self, items: Mapping[str, Path], *, jobs: int | None = None, on_progress: OnProgress | None = None
    ) -> None:
        """Bring into the cache what of `items` (video id -> file) is not there; see `build.build_cache`."""
        from bineego.video.build import build_cache

        build_cache(self, items, jobs=jobs, on_progress=on_progress)

    def write(self, video_id: str, reader: VideoReader, frames: Iterable[TimedFrame]) -> Iterator[float]:
        """Add one video, whole or not at all; an older state of the same file is removed.

        Yields now and then the share that is done.

        Args:
            reader: of the video; its `times`, and its `duration` once the frames are read.
            frames: all its frames, in order.
        """
        import simplejpeg

        entry = self.entry(video_id, reader.path)
        with atomic_folder(entry) as folder, disk_errors(entry):
            offsets = [0]
            height = width = 0
            with (folder / FRAMES_NAME).open("wb") as file:
                for index, picture, _ in frames:
                    if index % TELL_EVERY == 0:
                        yield index / len(reader.times)
                    height, width = picture.shape[:2]
                    jpeg = simplejpeg.encode_jpeg(
                        picture, quality=QUALITY, colorspace="RGB", colorsubsampling=SUBSAMPLING, fastdct=False
                    )
                    file.write(jpeg)
                    offsets.append(offsets[-1] + len(jpeg))
            # Frames behind the last that could be decoded are copies of it; the cached video ends with it.
            kept = max(1, int(np.searchsorted(reader.times, reader.duration - 1e-9)))
            about = {
                "version": VERSION,
                "video_id": video_id,
                "options": asdict(self.options),
                "backend": self.backend.value,
                "source": asdict(_fingerprint(reader.path)),
                "damaged": reader.damaged,
            }
            np.savez(
                folder / INDEX_NAME,
                offsets=np.array(offsets[: kept + 1], np.int64),
                times=reader.times[:kept],
                duration=np.float64(reader.duration),
                shape=np.array([height, width], np.int64),
                about=np.array(json.dumps(about)),
            )
        self._remove_older(video_id, entry)

    def _remove_older(self, video_id: str, entry: Path) -> None:
        mine = CachedVideo(entry).source
        for other in self.sized_folder.glob(f"{_glob_literal(safe_name(video_id))}-??????????"):
            if other == entry:
                continue
            try:
                same_file = CachedVideo(other).source.path == mine.path
            except (InputInvalid, InputMissing):
                same_file = False
            if same_file:
                for file in other.iterdir():
                    file.unlink(missing_ok=True)
                other.rmdir()


class CachedVideo:
    """One video's frames in a cache. Holds no open file: it can be pickled, forked, and kept by the thousand.

    Attributes:
        times: seconds (F,) of the frames, as `VideoReader.times`.
        duration: seconds.
        shape: height and width of the frames.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            with np.load(folder / INDEX_NAME, allow_pickle=False) as index:
                self._offsets: NDArray[np.int64] = index["offsets"]
                self.times: Floats = index["times"]
                self.duration = float(index["duration"])
                self.shape = (int(index["shape"][0]), int(index["shape"][1]))
                about = json.loads(str(index["about"]))
            self.video_id: str = about["video_id"]
            self.source = Fingerprint(**about["source"])
            self.damaged: int = about["damaged"]
        except FileNotFoundError as error:
            raise InputMissing("no such cached video", where=folder) from error
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise InputInvalid(f"damaged index of cached frames ({error})", where=folder, remedy=REBUILD) from error

    def __len__(self) -> int:
        return len(self.times)

    def frames(self, indices: ArrayLike) -> NDArray[np.uint8]:
        """Frames (K, H, W, 3), RGB, for indices (K,) in any order, repeats allowed.

        Raises:
            InputMissing, InputInvalid: the cached file has gone or is damaged.
        """
        import simplejpeg

        wanted = np.asarray(indices, np.int64).ravel()
        if len(wanted) and not 0 <= wanted.min() <= wanted.max() < len(self.times):
            raise IndexError(f"frame {wanted.max()} of {len(self.times)}")
        pictures = np.empty((len(wanted), *self.shape, 3), np.uint8)
        starts, ends = self._offsets[wanted].tolist(), self._offsets[wanted + 1].tolist()
        path = self.folder / FRAMES_NAME
        try:
            with path.open("rb", buffering=0) as file:
                for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
                    jpeg = os.pread(file.fileno(), end - start, start)
                    simplejpeg.decode_jpeg(jpeg, "RGB", fastdct=False, fastupsample=False, buffer=pictures[number])
        except OSError as error:
            raise InputMissing(f"cannot be read ({error.strerror})", where=path, remedy=REBUILD) from error
        except ValueError as error:
            raise InputInvalid(f"damaged cached frame ({error})", where=path, remedy=REBUILD) from error
        return pictures


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """What a cached video was made from: absolute path, bytes, date of change."""

    path: str
    size: int
    mtime_ns: int


def safe_name(video_id: str) -> str:
    """A folder name for any id: other characters than letters, digits, `.`, `_`, `-` as %XX, cut at 100."""

    def escape(match: re.Match[str]) -> str:
        return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))

    return re.sub(r"[^A-Za-z0-9._-]|^\.", escape, video_id)[:100]


def _fingerprint(path: Path) -> Fingerprint:
    try:
        found = path.stat()
    except OSError as error:
        raise InputMissing(f"cannot be read ({error.strerror})", where=path, remedy="check the path") from error
    return Fingerprint(path=str(path.resolve()), size=found.st_size, mtime_ns=found.st_mtime_ns)


def _glob_literal(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)
