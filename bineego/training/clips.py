"""Clips of an epoch as batches of tensors, read by worker processes.

Workers keep no state: a draw says everything, so it does not matter which worker reads it. Batches come through shared
memory where there is room for them, else through pipes; a worker that cannot send ends, so that nobody waits for it.
Shape suffixes: N clips, T frames, H height, W width, C + 1 action logits.
"""

from __future__ import annotations

import logging
import multiprocessing.queues
import os
import shutil
import signal
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from bineego.errors import BineegoError
from bineego.grid import clip_times
from bineego.training.augmentation import apply, draw_change, jittered
from bineego.training.randomness import Purpose, generator
from bineego.training.recipe import Labels, Recipe
from bineego.training.samples import Samples
from bineego.training.sampling import Draw
from bineego.types import Pixels
from bineego.video.cache import CachedVideo, FrameCache
from bineego.video.frames import on_screen
from bineego.words import size

log = logging.getLogger(__name__)

MAX_WORKERS = 8
AHEAD = 2
"""Batches that every worker reads ahead."""

SHARED_MEMORY = Path("/dev/shm")

CANNOT_SEND = 75
"""Exit code of a worker that could not hand over a batch."""

OPEN_VIDEOS = 1024
"""Videos whose index a worker keeps in memory."""


class Clip(NamedTuple):
    """One clip: uint8 frames (T, H, W, 3), its action (or targets (C + 1,)), scene, weight, and which it is."""

    frames: Pixels
    action: int | NDArray[np.float32]
    scene: int
    weight: float
    sample: int
    low: float


class ClipBatch(NamedTuple):
    """N clips.

    frames: uint8 (N, T, H, W, 3). actions: (N,) ids or (N, C + 1) targets. scenes: (N,). weights: (N,). samples: (N,)
    numbers of intervals. low: (N,) seconds at which the clips' intervals begin.
    """

    frames: Tensor
    actions: Tensor
    scenes: Tensor
    weights: Tensor
    samples: Tensor
    low: Tensor


class Clips(Dataset[Clip]):
    """Every draw as a clip.

    Args:
        samples: the intervals.
        cache: frames of their videos.
        recipe: augmentation and labelling.
        panoramas: whether each video is turned at random (V,).
    """

    def __init__(self, samples: Samples, cache: FrameCache, recipe: Recipe, panoramas: Sequence[bool]) -> None:
        self.samples, self.cache, self.recipe, self.panoramas = samples, cache, recipe, panoramas
        self._open: dict[int, CachedVideo] = {}

    def __getitem__(self, draw: Draw) -> Clip:
        s, recipe = self.samples, self.recipe
        rng = generator(Purpose.CLIP, recipe.seed, draw.epoch, draw.sample, draw.repeat)
        number = int(s.video[draw.sample])
        line = s.timelines[number]
        low, high = float(s.low[draw.sample]), float(s.high[draw.sample])
        if recipe.jitter:
            low, high = jittered(rng, low, high, line.duration)
        lows, highs = np.array([low]), np.array([high])
        action: int | NDArray[np.float32]
        if recipe.labels is Labels.SEVERAL:
            action = line.targets(lows, highs)[0]
        else:
            action = int(line.labels(lows, highs, recipe.label_rule)[0])
        video = self._video(number)
        moments = clip_times(lows, highs, recipe.frames, recipe.clip_duration)[0]
        # Frames that a short interval shows twice are decoded once.
        wanted, back = np.unique(on_screen(video.times, moments), return_inverse=True)
        change = draw_change(
            rng,
            flip=recipe.flip and line.may_flip(low, high),
            yaw=self.panoramas[number],
            crop=recipe.crop,
        )
        frames = apply(change, video.frames(wanted)[back])
        return Clip(frames, action, line.scene, draw.weight, draw.sample, low)

    def __getitems__(self, draws: Sequence[Draw]) -> list[Clip] | BineegoError:
        """The clips of a part. What is wrong with one comes back as a value: raised in a worker, it would arrive as
        text with a traceback."""
        try:
            return [self[draw] for draw in draws]
        except BineegoError as error:
            return error

    def _video(self, number: int) -> CachedVideo:
        if number not in self._open:
            if len(self._open) >= OPEN_VIDEOS:
                del self._open[next(iter(self._open))]
            line = self.samples.timelines[number]
            self._open[number] = self.cache.open(line.video_id, line.path)
        return self._open[number]


def collate(clips: Sequence[Clip] | BineegoError) -> ClipBatch | BineegoError:
    """Clips side by side; an error as it is."""
    if isinstance(clips, BineegoError):
        return clips
    first = clips[0].action
    if isinstance(first, int):
        actions = torch.tensor([clip.action for clip in clips], dtype=torch.int64)
    else:
        actions = torch.from_numpy(np.stack([np.asarray(clip.action) for clip in clips]))
    return ClipBatch(
        frames=torch.from_numpy(np.stack([clip.frames for clip in clips])),
        actions=actions,
        scenes=torch.tensor([clip.scene for clip in clips], dtype=torch.int64),
        weights=torch.tensor([clip.weight for clip in clips], dtype=torch.float32),
        samples=torch.tensor([clip.sample for clip in clips], dtype=torch.int64),
        low=torch.tensor([clip.low for clip in clips], dtype=torch.float64),
    )


Arrays = tuple[NDArray[Any], ...]
"""A batch that is pickled whole: tensors would go through shared memory."""


def collate_arrays(clips: Sequence[Clip] | BineegoError) -> Arrays | BineegoError:
    """As `collate`, for pipes."""
    batch = collate(clips)
    return batch if isinstance(batch, BineegoError) else tuple(tensor.numpy() for tensor in batch)


class ClipLoader:
    """Reads batches of clips in worker processes, which stay for the next epoch.

    It must be closed, also when something fails: its workers ignore SIGTERM, by which Python ends what processes are
    left at its own end, and it would wait for them forever.

    Args:
        clips: the training set; its recipe says how many workers.
        pin: whether batches are put where a GPU copies from faster.

    Attributes:
        workers: processes that read.
    """

    def __init__(self, clips: Clips, *, pin: bool) -> None:
        wanted = clips.recipe.workers
        self.workers = min(MAX_WORKERS, max(1, (os.cpu_count() or 1) - 1)) if wanted is None else wanted
        self._parts: list[list[Draw]] = []
        self._running: Iterator[ClipBatch | Arrays | BineegoError] = iter(())
        shared = self.workers == 0 or fits_shared_memory(clips.recipe, self.workers)
        self._loader: DataLoader[ClipBatch | Arrays | BineegoError] | None = DataLoader(
            clips,  # type: ignore[arg-type]
            batch_sampler=_Parts(self._parts),
            num_workers=self.workers,
            prefetch_factor=AHEAD if self.workers else None,
            persistent_workers=self.workers > 0,
            collate_fn=collate if shared else collate_arrays,
            pin_memory=pin,
            worker_init_fn=_quiet_worker,
        )

    def start(self, parts: Iterable[list[Draw]]) -> None:
        """Begin to read the parts of batches of an epoch, as far as they are left to do."""
        if self._loader is None:
            raise ValueError("the loader is closed")
        self._parts[:] = parts
        self._running = iter(self._loader)

    def __iter__(self) -> Iterator[ClipBatch]:
        return self

    def __next__(self) -> ClipBatch:
        """The next part.

        Raises:
            InputInvalid, InputMissing: a clip cannot be read.
        """
        batch = next(self._running)
        if isinstance(batch, BineegoError):
            raise batch
        return batch if isinstance(batch, ClipBatch) else ClipBatch(*map(torch.from_numpy, batch))

    def close(self) -> None:
        """End the workers."""
        # PyTorch ends them when nothing holds them any more.
        self._running = iter(())
        self._loader = None


class _Parts:
    """What a `DataLoader` reads next; it reads the list again in every epoch."""

    def __init__(self, parts: list[list[Draw]]) -> None:
        self.parts = parts

    def __iter__(self) -> Iterator[list[Draw]]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)


def fits_shared_memory(recipe: Recipe, workers: int) -> bool:
    """Whether all batches that workers may have ready fit into shared memory (Docker's default is 64 MB)."""
    try:
        free = shutil.disk_usage(SHARED_MEMORY).free
    except OSError:  # not on this system
        return True
    width = recipe.size * (1.8 if recipe.keep_aspect else 1)  # 16:9
    batch = recipe.batch_size // recipe.parts() * recipe.frames * recipe.size * width * 3
    need = batch * (workers * AHEAD + 1) * 1.1
    if need <= free:
        return True
    log.info(
        "%s has %s, but prefetched clips need %s, so they go through pipes, which is slower "
        "(docker run --shm-size enlarges it)",
        SHARED_MEMORY, size(free), size(need),
    )  # fmt: skip
    return False


def _cannot_send(error: Exception, _batch: object) -> None:
    """A batch that cannot be handed over is lost, and the training would wait for it forever: end the worker."""
    os.write(2, f"a process that reads clips cannot send them: {error}\n".encode())
    os._exit(CANNOT_SEND)


def _quiet_worker(_number: int) -> None:
    multiprocessing.queues.Queue._on_queue_feeder_error = staticmethod(_cannot_send)  # type: ignore[attr-defined]
    # Signals may reach the whole group of processes; the main one finishes its step, and workers end with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
