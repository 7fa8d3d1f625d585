"""Writing a synthetic data set in the 360+x layout."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import orjson

from bineego import segments
from bineego.crew import in_processes
from bineego.datasets.index import NAME as INDEX_NAME
from bineego.datasets.recording import Subset, View
from bineego.datasets.x360 import ANNOTATIONS
from bineego.errors import BineegoError, UsageError
from bineego.files import atomic_path, check_writable, write_bytes
from bineego.formats.x360 import write_annotations
from bineego.synth.backdrops import SCENES
from bineego.synth.poses import ACTIONS
from bineego.synth.script import SHORT, Deck, Pacing, Performance, write_script
from bineego.synth.sounds import record
from bineego.synth.stage import Stage
from bineego.types import OnProgress, Pixels
from bineego.video.sound import RATE as SOUND_RATE
from bineego.video.sound import Samples

SHORT_ACTIONS = ("workout", "dressing", "moving things", "farming", "cooking", "housekeeping", "drinking", "speaking")
"""Few enough to be learnt in a minute: both motion pairs, the scene pair, and a pair that nests."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class SynthOptions:
    """What to write.

    Attributes:
        recordings: how many.
        seconds: length of each.
        seed: the same seed gives the same files.
        size: width and height of the panoramas, pixels; even, width = 2 x height.
        fps: frames per second.
        views: panoramic, third_person.
        actions: names out of `poses.ACTIONS`.
        pace: lengths and gaps of the actions.
        nested: probability that a speech holds a drink.
        overlap: probability that the other figure does something else during an action.
        distract: probability that a figure goes on holding a thing after an action.
        noise: standard deviation of the pixel noise, grey levels.
        sound: whether the videos have sound, in stereo; the pictures are the same with and without.
        val_share, test_share: shares of the recordings in these subsets, at least one where positive.
    """

    recordings: int
    seconds: float
    seed: int = 0
    size: tuple[int, int] = (640, 320)
    fps: int = 25
    views: Sequence[View] = (View.PANORAMIC,)
    actions: Sequence[str] = SHORT_ACTIONS
    pace: Pacing = field(default=SHORT)
    nested: float = 0.5
    overlap: float = 0.0
    distract: float = 0.1
    noise: float = 3.0
    sound: bool = False
    val_share: float = 0.25
    test_share: float = 0.0

    def __post_init__(self) -> None:
        width, height = self.size
        if self.recordings < 1 or self.seconds <= 0 or self.fps < 1:
            raise UsageError(f"nothing to write: {self.recordings} recordings of {self.seconds} s at {self.fps} fps")
        if height < 32 or width != 2 * height or height % 2:
            raise UsageError(f"panoramas are even and twice as wide as high, at least 64x32, not {width}x{height}")
        if not all(view.has_timeline for view in self.views) or View.PANORAMIC not in self.views:
            raise UsageError("views are panoramic and, if wanted, third_person")
        unknown = [name for name in self.actions if name not in ACTIONS]
        if unknown or not self.actions:
            raise UsageError(f"unknown action {unknown[0]!r}" if unknown else "no action")
        shares = (
            self.nested,
            self.overlap,
            self.distract,
            self.val_share,
            self.test_share,
            self.val_share + self.test_share,
        )
        if not all(0 <= share <= 1 for share in shares) or self.noise < 0:
            raise UsageError("shares and probabilities lie between 0 and 1, noise is not negative")


def write_dataset(
    folder: Path | str,
    *,
    recordings: int,
    seconds: float,
    seed: int = 0,
    size: tuple[int, int] = (640, 320),
    fps: int = 25,
    views: Sequence[View | str] = (View.PANORAMIC,),
    actions: Sequence[str] = SHORT_ACTIONS,
    pace: Pacing = SHORT,
    nested: float = 0.5,
    overlap: float = 0.0,
    distract: float = 0.1,
    noise: float = 3.0,
    sound: bool = False,
    val_share: float = 0.25,
    test_share: float = 0.0,
    jobs: int | None = None,
    on_progress: OnProgress | None = None,
) -> Path:
    """Write a synthetic data set and give back its folder; `SynthOptions` says what the arguments mean.

    index.json comes last: a folder that has it is complete. Files are the same whatever `jobs` is.

    Args:
        folder: made if missing; must not hold a data set.
        jobs: processes; None = one for each processor.
        on_progress: called with (seconds of video written, seconds of video in all).

    Raises:
        UsageError: options out of range, or a folder that has an index already.
    """
    options = SynthOptions(
        recordings=recordings, seconds=seconds, seed=seed, size=size, fps=fps, views=tuple(View(v) for v in views),
        actions=tuple(actions), pace=pace, nested=nested, overlap=overlap, distract=distract, noise=noise,
        sound=sound, val_share=val_share, test_share=test_share,
    )  # fmt: skip
    folder = Path(folder)
    if (folder / INDEX_NAME).exists():
        raise UsageError("there is a data set already", where=folder, remedy="name a new folder, or remove this one")
    check_writable(folder)
    entries = _plan(options)
    tasks = _tasks(folder, options, entries)
    for done, _ in enumerate(_run(tasks, jobs or os.cpu_count() or 1), start=1):
        if on_progress is not None:
            on_progress(done * options.seconds, recordings * options.seconds)
    write_bytes(folder / INDEX_NAME, orjson.dumps(entries, option=orjson.OPT_INDENT_2) + b"\n")
    return folder


@dataclass(frozen=True, kw_only=True)
class _Task:
    """One recording to write."""

    folder: Path
    options: SynthOptions
    uuid: str
    scene: str
    seed: tuple[int, int]
    script: Sequence[Performance]


def _tasks(folder: Path, options: SynthOptions, entries: Sequence[Mapping[str, object]]) -> list[_Task]:
    """All scripts are written first, in one process: the recordings of a scene share a deck of actions."""
    deck_rng = np.random.default_rng([options.seed, options.recordings])
    decks = {scene: Deck(deck_rng, scene, options.actions, options.pace) for scene in SCENES}
    tasks = []
    for number, entry in enumerate(entries):
        seed = (options.seed, number)
        scene = str(entry["category"])
        script = write_script(
            np.random.default_rng(seed), decks[scene], seconds=_n_frames(options) / options.fps, fps=options.fps,
            pace=options.pace, nested=options.nested, overlap=options.overlap, distract=options.distract,
        )  # fmt: skip
        uuid = str(entry["uuid"])
        tasks.append(_Task(folder=folder, options=options, uuid=uuid, scene=scene, seed=seed, script=script))
    return tasks


def _n_frames(options: SynthOptions) -> int:
    return max(1, round(options.seconds * options.fps))


def _run(tasks: Sequence[_Task], jobs: int) -> Iterator[None]:
    jobs = min(jobs, len(tasks))
    if jobs < 2:
        return _write_share(tasks)
    return in_processes(
        _write_share,
        tasks,
        jobs=jobs,
        cost=lambda task: task.options.seconds,
        name=lambda task: task.uuid,
        lost=_lost,
    )


def _lost(_task: _Task, error: BineegoError) -> None:
    raise error


def _plan(options: SynthOptions) -> list[dict[str, object]]:
    """Entries of index.json: an id, a scene and a subset for every recording; scenes even in every subset."""
    rng = np.random.default_rng(options.seed)
    n = options.recordings
    n_val, n_test = (max(1, round(share * n)) if share > 0 else 0 for share in (options.val_share, options.test_share))
    n_train = max(0, n - n_val - n_test)
    subsets = [Subset.TRAIN] * n_train + [Subset.VAL] * n_val + [Subset.TEST] * n_test
    scenes = itertools.cycle(rng.permutation(list(SCENES)).tolist())
    return [
        {
            "uuid": _uuid(rng),
            "binocular_files_number": 0,
            "capture_time": None,
            "category": scene,
            "weather": None,
            "subset": str(subset),
        }
        for subset, scene in zip(subsets[:n], scenes, strict=False)
    ]


def _uuid(rng: np.random.Generator) -> str:
    digits = rng.bytes(16).hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _write_share(tasks: Iterable[_Task]) -> Iterator[None]:
    for task in tasks:
        _write_recording(task)
        yield


def _write_recording(task: _Task) -> None:
    options, uuid = task.options, task.uuid
    stage = Stage(np.random.default_rng((*task.seed, 1)), scene=task.scene, script=task.script)
    width, height = options.size
    panoramas = stage.frames(_n_frames(options), options.fps, width=width, height=height, noise=options.noise)
    shapes: dict[View, Shape] = {View.PANORAMIC: _whole}
    if View.THIRD_PERSON in options.views:
        shapes[View.THIRD_PERSON] = _crop(width, height, stage.centre, stage.window)
    heard = None
    if options.sound:
        heard = record(np.random.default_rng((*task.seed, 2)), task.script, _n_frames(options) / options.fps)
    with contextlib.ExitStack() as stack:
        # All views frame by frame together: six minutes of panorama do not fit into memory.
        videos = [
            (stack.enter_context(_encoder(task.folder / view / f"{uuid}.mp4", options.fps, heard)), shape)
            for view, shape in shapes.items()
        ]
        for panorama in panoramas:
            for encode, shape in videos:
                encode(shape(panorama))
    table = segments.make(
        [uuid] * len(task.script),
        [p.label for p in task.script],
        [p.start for p in task.script],
        [p.end for p in task.script],
    )
    write_annotations(table, task.folder / ANNOTATIONS / f"{uuid}.json")


Shape = Callable[[Pixels], Pixels]


def _whole(picture: Pixels) -> Pixels:
    return picture


def _crop(width: int, height: int, centre: float, window: float) -> Shape:
    """What a camera before the figures sees: a part of the panorama, a little brighter, 16:9."""
    out_width, out_height = height * 16 // 9 // 2 * 2, height
    columns = ((centre - window / 2 + window * np.arange(out_width) / out_width) * width).astype(int) % width
    rows = (np.linspace(0.12, 1.0, out_height, endpoint=False) * height).astype(int)
    levels = np.clip(np.arange(256) * 0.92 + 22, 0, 255).astype(np.uint8)

    def shape(picture: Pixels) -> Pixels:
        seen: Pixels = levels[picture[rows[:, None], columns[None, :]]]
        return seen

    return shape


@contextlib.contextmanager
def _encoder(path: Path, fps: int, sound: Samples | None = None) -> Iterator[Callable[[Pixels], None]]:
    """A function that appends a picture to a video, which appears whole when the block ends well."""
    codec, settings = _codec()
    with atomic_path(path) as temporary, av.open(str(temporary), "w", format="mp4") as container:
        stream = cast(av.VideoStream, container.add_stream(codec, rate=fps, options=settings))
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, fps)
        stream.thread_count = 1  # more would make the file depend on the machine
        heard = None if sound is None else container.add_stream("aac", rate=SOUND_RATE)
        n_written = 0

        def encode(picture: Pixels) -> None:
            nonlocal n_written
            if n_written == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = n_written
            n_written += 1
            container.mux(stream.encode(frame))

        yield encode
        container.mux(stream.encode(None))
        if heard is not None and sound is not None:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T), format="fltp", layout="stereo")
            frame.sample_rate = SOUND_RATE
            container.mux(heard.encode(frame))
            container.mux(heard.encode(None))


def _codec() -> tuple[str, dict[str, str]]:
    if "libx264" in av.codecs_available:
        # Without mbtree: with it x264 gives another file now and then, even on one thread.
        return "libx264", {"preset": "veryfast", "crf": "25", "g": "50", "x264-params": "mbtree=0"}
    log.warning("this PyAV lacks libx264; videos are written as MPEG-4 Part 2")
    return "mpeg4", {"qscale": "4", "g": "50"}
