"""Clips from frames as they are decoded, and the network's answers, in memory that does not grow with the video.

Shape suffixes: N clips, T frames of a clip, B clips of a batch, H height, W width.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from bineego.errors import ModelError, ResourceExhausted
from bineego.kept import Kept
from bineego.tsm.device import NO_MEMORY
from bineego.tsm.network import ClipLogits
from bineego.types import Floats, Ints, OnProgress, Pixels
from bineego.video.frames import TimedFrame

ClipNetwork = Callable[[Tensor], ClipLogits]
"""uint8 (B, T, H, W, 3) -> logits."""

IN_FLIGHT = 2
"""Batches whose answers are awaited: a GPU works on one while the next is put together and brought over."""

T = TypeVar("T")


class FrameSource(Protocol):
    """A video as scoring needs it: `VideoReader`, or a cached video."""

    @property
    def times(self) -> Floats: ...
    @property
    def duration(self) -> float: ...
    def read(self, indices: Ints) -> Iterator[TimedFrame]: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """Logits of N clips: actions (N, C + 1) and scenes (N, S), or None without that head (or without clips)."""

    actions: Floats | None
    scenes: Floats | None

    @classmethod
    def join(cls, parts: Sequence[Answers]) -> Answers:
        """The clips of several, in order."""
        return cls(actions=_rows([part.actions for part in parts]), scenes=_rows([part.scenes for part in parts]))

    def __len__(self) -> int:
        return max((len(part) for part in (self.actions, self.scenes) if part is not None), default=0)

    def split(self) -> list[Answers]:
        """Every clip by itself."""
        n = len(self)
        return [
            Answers(
                actions=None if self.actions is None else self.actions[i : i + 1],
                scenes=None if self.scenes is None else self.scenes[i : i + 1],
            )
            for i in range(n)
        ]


def _rows(parts: Sequence[Floats | None]) -> Floats | None:
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if known else None


def wanted_frames(source: FrameSource, frames_NT: Ints) -> Ints:
    """The frames to decode for some clips. With the last one the reader learns how much of a damaged video there is."""
    return np.unique(np.append(frames_NT, len(source.times) - 1))


def score_clips(
    network: ClipNetwork,
    frames: Iterator[TimedFrame],
    frames_NT: Ints,
    *,
    batch: int,
    background: bool,
    on_progress: OnProgress | None = None,
    earlier: Sequence[Answers] = (),
    kept: Kept | None = None,
) -> Answers:
    """The network's logits for N clips.

    Args:
        network: see `ClipNetwork`.
        frames: (index, picture, seconds) of the frames of all clips, and others, in order.
        frames_NT: frame index (N, T) of every slot of every clip, the clips in order of time.
        batch: clips per call.
        background: decode in a separate thread while the network works.
        on_progress: called with (clips done, clips).
        earlier: logits of the first clips, whose frames are not needed any more (`kept_answers`).
        kept: keeps what is done, in whole batches, so that the rest is put together as it would have been.

    Raises:
        ModelError: an answer is not a finite number.
        ResourceExhausted: the device's memory does not hold a batch.
    """
    parts = list(earlier)
    done = sum(map(len, parts))
    with contextlib.ExitStack() as stack:
        if kept is not None:
            stack.enter_context(kept.saved_on_the_way_out(lambda: _arrays(parts)))
        batches: Iterator[Tensor] = map(torch.from_numpy, clip_batches(frames, frames_NT[done:], batch))
        if torch.device(getattr(network, "device", "cpu")).type == "cuda":
            # PyTorch keeps pinned buffers and gives them out again once their copy has reached the GPU.
            batches = map(Tensor.pin_memory, batches)
        if background:
            batches = stack.enter_context(prefetched(batches, IN_FLIGHT))
        awaited: deque[_Awaited] = deque()
        for frames_BTHW3 in batches:
            with _memory_errors(len(frames_BTHW3)):
                awaited.append(_Awaited(network(frames_BTHW3)))
            while len(awaited) > IN_FLIGHT:
                parts.append(_finite(awaited.popleft()))
            done += len(frames_BTHW3)
            if on_progress is not None:
                on_progress(done, len(frames_NT))
            if kept is not None and kept.due():
                kept.save(_arrays(parts) or {})
        parts += map(_finite, awaited)
    return Answers.join(parts)


def kept_answers(kept: Kept | None, n_clips: int, batch: int) -> list[Answers]:
    """What an interrupted call has done of N clips, in whole batches."""
    arrays = {} if kept is None else kept.load()
    found = Answers(actions=arrays.get("actions"), scenes=arrays.get("scenes"))
    return [found] if 0 < len(found) < n_clips and len(found) % batch == 0 else []


def _arrays(parts: Sequence[Answers]) -> dict[str, Floats] | None:
    """Answers as they are kept."""
    whole = Answers.join(parts)
    arrays = {"actions": whole.actions, "scenes": whole.scenes}
    return {name: array for name, array in arrays.items() if array is not None} or None


def clip_batches(frames: Iterable[TimedFrame], frames_NT: Ints, batch: int) -> Iterator[Pixels]:
    """Batches uint8 (B, T, H, W, 3) of clips, from frames in the order they are decoded.

    A frame is held from its arrival to its last use, so memory is that of one clip and one batch.

    Args:
        frames: (index, picture, time); every index of `frames_NT` once, increasing.
        frames_NT: the frames of every clip.
        batch: clips per batch; the last one may be smaller.
    """
    last_N = frames_NT.max(axis=1) if len(frames_NT) else np.zeros(0, np.int64)
    # The least index that clip n or any later one needs; what lies below can go.
    needed_N = np.minimum.accumulate(frames_NT.min(axis=1)[::-1])[::-1] if len(frames_NT) else last_N
    held: dict[int, Pixels] = {}
    pending: list[Pixels] = []
    n = 0
    for index, picture, _ in frames:
        held[index] = picture
        while n < len(frames_NT) and last_N[n] <= index:
            pending.append(np.stack([held[i] for i in frames_NT[n].tolist()]))
            n += 1
            if len(pending) == batch or n == len(frames_NT):
                yield np.stack(pending)
                pending = []
        if n < len(frames_NT):
            for old in [i for i in held if i < needed_N[n]]:
                del held[old]
    if n < len(frames_NT):
        raise RuntimeError(f"{len(frames_NT) - n} of {len(frames_NT)} clips lack some of their frames")


@contextlib.contextmanager
def prefetched(items: Iterator[T], size: int) -> Iterator[Iterator[T]]:
    """The same items, made by a thread that runs at most `size` of them ahead. Its errors come up here."""
    ready: queue.Queue[T | BaseException | None] = queue.Queue(maxsize=size)
    stopped = threading.Event()

    def put(item: T | BaseException | None) -> bool:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                ready.put(item, timeout=0.1)
                return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(item):
                    return
        except BaseException as error:  # not lost in the thread: it is raised again where the items are used
            put(error)
        else:
            put(None)

    def take() -> Iterator[T]:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    thread = threading.Thread(target=work, name="decode", daemon=True)
    thread.start()
    try:
        yield take()
    finally:
        stopped.set()
        thread.join()


class _Awaited:
    """Logits on their way to the CPU."""

    def __init__(self, scores: ClipLogits) -> None:
        # Sent for now, they come when they are there; sent for later, they would wait for the batches behind them.
        parts = [None if part is None else part.detach().to("cpu", non_blocking=part.is_cuda) for part in scores]
        device = next((part.device for part in scores if part is not None and part.is_cuda), None)
        self.scores = ClipLogits(*parts)
        self.arrived = None if device is None else torch.cuda.current_stream(device).record_event()

    def wait(self) -> ClipLogits:
        """The scores, once they are there."""
        if self.arrived is not None:
            self.arrived.synchronize()
        return self.scores


@contextlib.contextmanager
def _memory_errors(n: int) -> Iterator[None]:
    """Turn "out of memory" into advice, for a batch of n clips."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, torch.OutOfMemoryError) and not any(words in str(error) for words in NO_MEMORY):
            raise
        remedy = f"try a batch of {n // 2} clips" if n > 1 else "use --device cpu, or a model with a smaller trunk"
        raise ResourceExhausted(f"out of memory on the device with a batch of {n} clips", remedy=remedy) from error


def _finite(awaited: _Awaited) -> Answers:
    """Logits on the CPU, checked."""
    parts = [None if part is None else part.double().numpy() for part in awaited.wait()]
    if not all(part is None or bool(np.isfinite(part).all()) for part in parts):
        raise ModelError(
            "the network's output is not finite",
            remedy="its weights are damaged, or too large for bf16: try --precision fp32",
        )
    return Answers(actions=parts[0], scenes=parts[1])
