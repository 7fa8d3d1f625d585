"""The frame cache: every kept frame of a video, decoded and scaled once, in one file of JPEGs.

    CACHE/<size>/<video id>-<key>/frames.jpg   the JPEGs one after the other
                                  index.npz    where each begins, its time, and what all was made from

JPEG at quality 90 is a fifteenth of raw frames and takes 0.3 ms a frame to write, 0.12 ms to read back in random order
(docs/facts.md); with full colour resolution it stays 39 dB and more from the live frame. The key is
made of the id and of the source's size and samples of its bytes, not of its date or place: a changed video is decoded
again, a data set can move together with its cache, and two data sets (or two views of one) whose videos have the same
names can share a cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from bineego.errors import InputInvalid, InputMissing
from bineego.files import atomic_folder, disk_errors, read_errors
from bineego.remote.address import RemoteFile, Source
from bineego.types import Floats, Ints, Pixels
from bineego.video.frames import Backend, FrameOptions, TimedFrame
from bineego.video.probe import check_plain_file
from bineego.video.reader import VideoReader

VERSION = 2
QUALITY = 90
SUBSAMPLING = "444"
FRAMES_NAME = "frames.jpg"
INDEX_NAME = "index.npz"
TELL_EVERY = 64  # frames
READ_AHEAD = 64  # frames in memory at a time
SAMPLES = 16
SAMPLE_BYTES = 4096
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
            InputMissing: the video is not there, or cannot be read.
            InputInvalid: it is empty.
        """
        text = f"{VERSION}\0{video_id}\0{content_stamp(Path(path))}"
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()
        return self.sized_folder / f"{safe_name(video_id)}-{key}"

    def has(self, video_id: str, path: Path | str) -> bool:
        """True if the video as it is now is in the cache."""
        return (self.entry(video_id, path) / INDEX_NAME).is_file()

    def open(self, video_id: str, path: Path | str) -> CachedVideo:
        """The frames of a cached video.

        Raises:
            InputMissing: the video is not there, or not in the cache.
            InputInvalid: the video is empty, or its cached files are damaged.
        """
        entry = self.entry(video_id, path)
        if not (entry / INDEX_NAME).is_file():
            raise InputMissing(
                f"{video_id!r} is not in the frame cache {self.folder}",
                where=path,
                remedy=f"run: bineego extract-frames {path} -o {self.folder} --size {self.options.size}",
            )
        return CachedVideo(entry)

    def write(self, video_id: str, reader: VideoReader, frames: Iterable[TimedFrame]) -> Iterator[float]:
        """Add one video, whole or not at all; an older state of the same file is removed.

        Yields now and then the share that is done.

        Args:
            reader: of the video; its `times`, and its `duration` once the frames are read.
            frames: all its frames, in order.
        """
        import simplejpeg

        entry = self.entry(video_id, reader.path)
        with atomic_folder(entry, complete=INDEX_NAME) as folder, disk_errors(entry):
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
                "source": {"path": str(reader.path.resolve())},
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
        self._remove_older(video_id, entry, str(reader.path.resolve()))

    def _remove_older(self, video_id: str, entry: Path, source: str) -> None:
        for other in self.sized_folder.glob(f"{_glob_literal(safe_name(video_id))}-??????????"):
            if other == entry:
                continue
            try:
                same_file = CachedVideo(other).source == source
            except (InputInvalid, InputMissing):
                same_file = False
            if same_file:
                shutil.rmtree(other, ignore_errors=True)


class CachedVideo:
    """One video's frames in a cache. Holds no open file: it can be pickled, forked, and kept by the thousand.

    Attributes:
        times: seconds (F,) of the frames, as `VideoReader.times`.
        duration: seconds.
        shape: height and width of the frames.
        source: absolute path of the video, where the cache was made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            with np.load(folder / INDEX_NAME, allow_pickle=False) as index:
                self._offsets: Ints = index["offsets"]
                self.times: Floats = index["times"]
                self.duration = float(index["duration"])
                self.shape = (int(index["shape"][0]), int(index["shape"][1]))
                about = json.loads(str(index["about"]))
            self.video_id: str = about["video_id"]
            self.source: str = about["source"]["path"]
            self.damaged: int = about["damaged"]
        except FileNotFoundError as error:
            raise InputMissing("no such cached video", where=folder) from error
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise InputInvalid(f"damaged index of cached frames ({error})", where=folder, remedy=REBUILD) from error

    def __len__(self) -> int:
        return len(self.times)

    def frames(self, indices: ArrayLike) -> Pixels:
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

    def read(self, indices: Ints) -> Iterator[TimedFrame]:
        """Frames one by one, as `VideoReader.read` gives them."""
        for first in range(0, len(indices), READ_AHEAD):
            some = indices[first : first + READ_AHEAD]
            for index, picture in zip(some.tolist(), self.frames(some), strict=True):
                yield TimedFrame(index, picture, float(self.times[index]))


def safe_name(video_id: str) -> str:
    """A folder name for any id: other characters than letters, digits, `.`, `_`, `-` as %XX, cut at 100."""

    def escape(match: re.Match[str]) -> str:
        return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))

    return re.sub(r"[^A-Za-z0-9._-]|^\.", escape, video_id)[:100]


def content_stamp(path: Path) -> str:
    """What tells a video's content from another's without reading it all: its size, and samples from head to tail."""
    check_plain_file(path)
    digest = hashlib.blake2b(digest_size=16)
    with read_errors(path), path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        for number in range(SAMPLES):
            file.seek(max(0, size - SAMPLE_BYTES) * number // (SAMPLES - 1))
            digest.update(file.read(SAMPLE_BYTES))
    return f"{size}\0{digest.hexdigest()}"


def source_stamp(source: Source) -> str:
    """The same of a file wherever it is; of one at an address, what the other side says of it: nothing is fetched."""
    return source.stamp if isinstance(source, RemoteFile) else content_stamp(source)


def _glob_literal(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)
