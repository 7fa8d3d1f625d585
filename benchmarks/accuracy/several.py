"""Several actions at once: a temporal head with one label a step (softmax) against several (sigmoids).

    python -m benchmarks.accuracy.several [SET] --work FOLDER [--seeds 0 1 2] [--kinds final,motion,direction]

Two sets in which actions overlap: the synthetic one, where drinks happen inside speeches and a second figure acts at
the same time, and, of SET (one performer a video, with subsets), pairs of videos of one subset side by side.
*at once* is the share of the held-out segments that overlap another; mAP of the held-out videos, with what is fitted.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, zip_longest
from pathlib import Path

import av
import numpy as np
import orjson
from av.video.stream import VideoStream

from benchmarks.common import Cell, report
from benchmarks.experiments import MEANS, asked, experiment, means, of_run, synthetic, trained
from bineego import segments
from bineego.datasets import Dataset, Subset, open_dataset
from bineego.datasets.recording import Recording
from bineego.formats.x360 import write_annotations
from bineego.types import Pixels
from bineego.video.frames import FrameOptions, on_screen
from bineego.video.reader import VideoReader

SIDE, RATE = 128, 12.5


def main() -> None:
    made = experiment(__doc__)
    made.add_argument("set", nargs="?", type=Path)
    call = asked(made)
    sets = {"synthetic": synthetic(call, "several", 16, nested=1.0, overlap=0.5)}
    if call.set is not None:
        name = f"{call.set.name}, side by side"
        sets[name] = compose(open_dataset(call.set), call.work / f"{call.set.name}-composed")
    rows: list[list[Cell]] = []
    for name, data in sets.items():
        at_once = overlapping(open_dataset(data).of_subset(Subset.VAL))
        for labels in ("single", "several"):
            runs = [trained(call, data, labels, seed, labels=labels, task="tal") for seed in call.seeds]
            rows.append([name, at_once, labels, len(runs), *means([of_run(run) for run in runs])])
    columns = {"set": "", "at once": ".0%", "labels": "", "trainings": "d", **MEANS}
    report(call, columns, rows, note=f"{call.epochs} epochs.")


def overlapping(dataset: Dataset) -> float:
    """Share of the segments that overlap another of their video."""
    told: list[bool] = []
    for recording in dataset.recordings:
        assert recording.segments is not None
        starts, ends = recording.segments[["start", "end"]].to_numpy().T
        told.extend(((starts < ends[:, None]) & (ends > starts[:, None])).sum(1) > 1)  # each overlaps itself
    return float(np.mean(told))


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
    wanted = on_screen(reader.times, moments)
    known = {frame.position: frame.picture for frame in reader.read(np.unique(wanted))}
    return [known[index] for index in wanted.tolist()]


if __name__ == "__main__":
    main()
