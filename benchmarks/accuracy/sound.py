"""Two actions that only sound tells apart, with and without the sound (chance: .5), on the synthetic set.

    python -m benchmarks.accuracy.sound --work FOLDER [--seeds 0 1 2] [--pictures final,motion,direction]

12 recordings of 16 s, 3 held out; "singing" and "playing drums" are the same movement. *pair* is the share of the
held-out steps that lie in one of the two and whose logit of the right one is the larger; mAP is of all actions.
Trainings that are in FOLDER already are taken as they are.
"""

from __future__ import annotations

import argparse
import logging
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import Cell, parser, report
from bineego import evaluate, localize, tracks, train
from bineego.datasets import Dataset, Subset, open_dataset
from bineego.runs import RunFolder
from bineego.synth import SOUND_PAIR, write_dataset
from bineego.tracks import ScoreTrack

ACTIONS = (*SOUND_PAIR, "speaking", "workout")


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--work", type=Path, required=True)
    made.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    made.add_argument("--epochs", type=int, default=8)
    made.add_argument("--pictures", default="motion,direction", help="kinds of features that are seen")
    call = made.parse_args()
    logging.getLogger("bineego").setLevel(logging.WARNING)
    size: dict[str, Any] = {"recordings": 12, "seconds": 16.0, "size": (256, 128), "fps": 15}
    if call.dry:
        size, call.seeds, call.epochs = {"recordings": 4, "seconds": 12.0, "size": (64, 32), "fps": 8}, [0], 1
    data = call.work / ("dry" if call.dry else "set")
    if not data.exists():
        write_dataset(data, seed=0, actions=SOUND_PAIR if call.dry else ACTIONS, sound=True, **size)
    rows: list[list[Cell]] = []
    ways = {f"pictures ({call.pictures})": call.pictures, "and sound": f"{call.pictures},sound"}
    for name, kinds in ways.items():
        found = [one(call, data, kinds, seed) for seed in call.seeds]
        spread = statistics.stdev(row[0] for row in found) if len(found) > 1 else None
        pair, final = (float(value) for value in np.mean(found, axis=0))
        rows.append([name, len(found), pair, spread, final])
    report(call, {"features": "", "trainings": "d", "pair": ".2f", "spread": ".2f", "mean mAP": ".3f"}, rows)


def one(call: argparse.Namespace, data: Path, kinds: str, seed: int) -> tuple[float, float]:
    """Share of the pair's steps, and mean mAP, of one training."""
    name = f"{kinds.replace(',', '-')}-{seed}"
    run, out = RunFolder(call.work / "runs" / name), call.work / "scores" / name
    if not run.figures.is_file():
        train(
            data, name=name, head="temporal", kinds=kinds, seed=seed, epochs=call.epochs, val_every=call.epochs, jobs=1,
            runs=call.work / "runs", features=call.work / "features", overwrite=True,
        )  # fmt: skip
    found = localize(
        data, model=run.path, output=out, subset=Subset.VAL, save_scores=True, features=call.work / "features",
        overwrite=True,
    )  # fmt: skip
    dataset = open_dataset(data).of_subset(Subset.VAL)
    answers = [tracks.load(out / f"{video}{tracks.SUFFIX}") for video in dataset.videos]
    return pair_share(answers, dataset), evaluate(data, found.predictions, subset=Subset.VAL).final


def pair_share(answers: Sequence[ScoreTrack], dataset: Dataset) -> float:
    """Of the steps in an action of the pair, the share that are told right."""
    right, count = 0, 0
    known = {recording.recording_id: recording for recording in dataset.recordings}
    for track in answers:
        table = known[track.video_id].segments
        assert table is not None
        centres = (track.edges[:-1] + track.edges[1:]) / 2
        columns = [track.actions.index(name) + 1 for name in SOUND_PAIR]
        for (mine, other), name in zip((columns, columns[::-1]), SOUND_PAIR, strict=True):
            for start, end in table.loc[table["label"] == name, ["start", "end"]].to_numpy():
                inside = (centres >= start) & (centres < end)
                right += int((track.logits[inside, mine] > track.logits[inside, other]).sum())
                count += int(inside.sum())
    return right / max(1, count)


if __name__ == "__main__":
    main()
