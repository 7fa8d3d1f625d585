"""Several actions at once: a temporal head with one label a step (softmax) against several (sigmoids).

    python -m benchmarks.accuracy.several [SET] --work FOLDER [--seeds 0 1 2] [--kinds final,motion,direction]

Two sets in which actions overlap: the synthetic one, where drinks happen inside speeches and a second figure acts at
the same time, and, of SET (one performer a video, with subsets), pairs of videos of one subset side by side.
*at once* is the share of the held-out segments that overlap another; mAP of the held-out videos, with what is fitted.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import time
from fractions import Fraction
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any

import av
import numpy as np
import orjson
from av.video.stream import VideoStream

from benchmarks.common import Cell, parser, report
from bineego import segments, train
from bineego.datasets import Dataset, Subset, open_dataset
from bineego.datasets.recording import Recording
from bineego.formats.x360 import write_annotations
from bineego.synth import write_dataset
from bineego.types import Pixels
from bineego.video.frames import FrameOptions
from bineego.video.reader import VideoReader

SIDE, RATE = 128, 12.5
FIGURES = ("mAP@0.5", "mAP@0.75", "mAP@0.95", "mAP")


def main() -> None:
    made = parser(__doc__)
    made.add_argument("set", nargs="?", type=Path)
    made.add_argument("--work", type=Path, required=True)
    made.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    made.add_argument("--epochs", type=int, default=8)
    made.add_argument("--kinds", default="motion,direction")
    call = made.parse_args()
    logging.getLogger("bineego").setLevel(logging.WARNING)
    size: dict[str, Any] = {"recordings": 16, "seconds": 16.0, "size": (256, 128), "fps": 15}
    if call.dry:
        size, call.seeds, call.epochs = {"recordings": 4, "seconds": 12.0, "size": (64, 32), "fps": 8}, [0], 1
    sets = {"synthetic": call.work / f"synthetic{'-dry' if call.dry else ''}"}
    if not sets["synthetic"].exists():
        write_dataset(sets["synthetic"], seed=0, nested=1.0, overlap=0.5, **size)
    if call.set is not None:
        sets[f"{call.set.name}, side by side"] = compose(open_dataset(call.set), call.work / "composed")
    rows: list[list[Cell]] = []
    for name, data in sets.items():
        at_once = overlapping(open_dataset(data).of_subset(Subset.VAL))
        for labels in ("single", "several"):
            found = [one(call, data, labels, seed) for seed in call.seeds]
            spread = statistics.stdev(row[3] for row in found) if len(found) > 1 else None
            means = [float(value) for value in np.mean(found, axis=0)]
            rows.append([name, at_once, labels, len(found), *means[:4], spread, means[4]])
    figures = dict.fromkeys(("mAP@.5", "@.75", "@.95", "mean", "spread"), ".3f")
    report(call, {"set": "", "at once": ".0%", "labels": "", "trainings": "d", **figures, "CPU s": ".0f"}, rows)


def one(call: argparse.Namespace, data: Path, labels: str, seed: int) -> list[float]:
    """Figures of one training, and its CPU seconds."""
    began = time.process_time()
    result = train(
        data, name=f"{data.name}-{labels}-{seed}", head="temporal", labels=labels, kinds=call.kinds, seed=seed,
        task="tal", jobs=1, epochs=call.epochs, val_every=call.epochs, runs=call.work / "runs",
        features=call.work / "features", overwrite=True,
    )  # fmt: skip
    return [*(result.figures[figure] for figure in FIGURES), time.process_time() - began]


def overlapping(dataset: Dataset) -> float:
    """Share of the segments that overlap another of their video."""
    hits, count = 0, 0
    for recording in dataset.recordings:
        assert recording.segments is not None
        times = recording.segments[["start", "end"]].to_numpy()
        for i, (start, end) in enumerate(times):
            others = np.delete(times, i, axis=0)
            hits += bool(((others[:, 0] < end) & (others[:, 1] > start)).any())
        count += len(times)
    return hits / max(1, count)


def compose(dataset: Dataset, folder: Path) -> Path:
    """Pairs of videos of one subset side by side, in the 360+x layout; every video stands once on the left."""
    if (folder / "index.json").exists():
        return folder
    entries = []
    for subset in (Subset.TRAIN, Subset.VAL):
        recordings = [r for r in dataset.of_subset(subset).recordings if r.videos and r.segments is not None]
        for number, pair in enumerate(pairwise([*recordings, recordings[0]])):
            name = f"{subset}-{number}"
            _write_pair(pair, folder / "panoramic" / f"{name}.mp4")
            table = segments.concat([r.segments for r in pair if r.segments is not None], scored=False)
            target = folder / "TAL_annotations" / f"{name}.json"
            target.parent.mkdir(exist_ok=True)
            write_annotations(table.assign(video_id=name), target)
            performers = "+".join(sorted(str(r.attributes.get("performer")) for r in pair))
            entries.append({"uuid": name, "subset": str(subset), "performer": performers})
    (folder / "index.json").write_bytes(orjson.dumps(entries))
    return folder


def _write_pair(pair: tuple[Recording, Recording], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(RATE), options={"preset": "veryfast", "crf": "20"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 2 * SIDE, SIDE, "yuv420p"
        black = np.zeros((SIDE, SIDE, 3), np.uint8)
        for left, right in zip_longest(*map(_pictures, pair), fillvalue=black):
            frame = av.VideoFrame.from_ndarray(np.hstack([left, right]), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _pictures(recording: Recording) -> list[Pixels]:
    """The frames on screen at RATE a second."""
    (path,) = recording.videos.values()
    reader = VideoReader(path, FrameOptions(size=SIDE))
    moments = np.arange(int(reader.duration * RATE)) / RATE
    wanted = np.searchsorted(reader.times, moments + 1e-6, side="right") - 1
    known = {frame.position: frame.picture for frame in reader.read(np.unique(wanted))}
    return [known[index] for index in wanted.tolist()]


if __name__ == "__main__":
    main()
