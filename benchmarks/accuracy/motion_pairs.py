"""Actions that only the direction of a movement tells apart, by several routes, on the synthetic set (chance: .5).

    python -m benchmarks.accuracy.motion_pairs [--work FOLDER --seeds 2]         # temporal heads on frozen features
    python -m benchmarks.accuracy.motion_pairs --trunks [--epochs 8 --size 128]  # and trunks with and without the shift

The set is that of `bineego demo`: 18 recordings to train on, 6 held out, two pairs of actions that run through one path
of poses in opposite directions. Of the held-out steps (or intervals) that lie in an action of a pair: the share whose
logit of the right one is the larger. A single frame of either action is a draw of one distribution, so what looks at
frames one by one stays at chance.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.common import Cell, parser, report
from bineego import tracks
from bineego.datasets import Dataset, Recording, Subset, open_dataset
from bineego.features import FeatureOptions, FeatureTrack, Kind, extract, fit_projection, screen
from bineego.heads.config import HeadConfig
from bineego.heads.options import HeadRecipe
from bineego.inference import localize
from bineego.labels import LabelSet
from bineego.synth import MOTION_PAIRS, write_dataset
from bineego.training import train
from bineego.training.samples import timelines
from bineego.training.temporal.fit import HeadFit
from bineego.training.temporal.material import example_of
from bineego.tsm.config import Trunk
from bineego.types import Floats

FIVE = (Kind.FINAL, Kind.MID, Kind.FINAL_CHANGE, Kind.MID_CHANGE, Kind.MOTION)
SEEN = (*FIVE, Kind.DIRECTION)
SIGNED = ("final-signed", "mid-signed")
EACH_WAY = 2  # steps
Answer = tuple[Floats, NDArray[np.float32]]
"""Edges (T + 1,) and logits (T, C + 1) of one video."""


def pair_shares(answers: Mapping[str, Answer], recordings: Iterable[Recording], labels: LabelSet) -> list[float]:
    """For each pair, the share of its steps that are told right."""
    right, count = np.zeros(len(MOTION_PAIRS)), np.zeros(len(MOTION_PAIRS))
    for recording in recordings:
        assert recording.segments is not None
        edges, logits = answers[recording.recording_id]
        centres = (edges[:-1] + edges[1:]) / 2
        for number, pair in enumerate(MOTION_PAIRS):
            ids = labels.action_ids(list(pair))
            for mine, other in (ids, ids[::-1]):
                table = recording.segments[recording.segments["label"] == labels.actions[mine - 1]]
                for start, end in zip(table["start"], table["end"], strict=True):
                    inside = (centres >= start) & (centres < end)
                    right[number] += (logits[inside, mine] > logits[inside, other]).sum()
                    count[number] += inside.sum()
    return [float(share) for share in right / np.maximum(count, 1)]


def with_signed(track: FeatureTrack) -> FeatureTrack:
    """The track with the changes of its features, their signs kept."""
    last = len(track) - 1
    more = {}
    for kind in (Kind.FINAL, Kind.MID):
        values = track.kinds[kind].astype(np.float32)
        after, before = (np.clip(np.arange(len(track)) + way, 0, last) for way in (EACH_WAY, -EACH_WAY))
        more[f"{kind}-signed"] = (values[after] - values[before]).astype(np.float16)
    return dataclasses.replace(track, kinds={**track.kinds, **more})


def temporal_head(
    known: Mapping[str, FeatureTrack], data: Dataset, labels: LabelSet, kinds: Sequence[str], seed: int
) -> list[float]:
    """A temporal head on some kinds of frozen features."""
    training, held_out = data.of_subset(Subset.TRAIN), data.of_subset(Subset.VAL)
    projection = fit_projection({name: known[name] for name in training.videos}, kinds)
    lines = timelines(training.recordings, {name: track.duration for name, track in known.items()}, labels)
    examples = [example_of(line, known[line.video_id], projection) for line in lines]
    recipe = HeadRecipe(seed=seed)
    config = HeadConfig(n_features=projection.n_features, n_classes=labels.n_classes)
    fit = HeadFit(config, examples, np.full(len(examples), -1), recipe)
    for _ in range(recipe.epochs):
        fit.run_epoch()
    head = fit.ensemble()
    answers = {}
    for name in held_out.videos:
        with torch.inference_mode():
            logits = head(torch.from_numpy(projection.apply(known[name]))).actions
        assert logits is not None
        answers[name] = known[name].edges, logits.numpy()
    return pair_shares(answers, held_out.recordings, labels)


def trained_trunk(folder: Path, data: Path, *, shift: bool, epochs: int, size: int, seed: int) -> Path:
    """A TSM on EfficientNet-Lite0 from ImageNet's weights; the folder of its run."""
    name = f"{'shift' if shift else 'plain'}-{size}-{epochs}-{seed}"
    if not (folder / "runs" / name / "model.safetensors").is_file():
        train(
            data, name=name, runs=folder / "runs", cache=folder / "frames", trunk=Trunk.EFFICIENTNET_LITE0,
            init="imagenet", shift=shift, interval=0.5, frames=4, size=size, epochs=epochs, val_every=epochs,
            optimizer="adamw", lr=5e-4, head_lr=1.0, schedule="cosine", warmup=0.5, batch_size=16, base_batch=16,
            seed=seed, overwrite=True, task="tal",
        )  # fmt: skip
    return folder / "runs" / name


def interval_head(folder: Path, data: Path, dataset: Dataset, run: Path, labels: LabelSet) -> list[float]:
    """What a trained TSM says of the held-out intervals."""
    out = folder / "scores" / run.name
    localize(data, model=run, output=out, subset=Subset.VAL, save_scores=True, overwrite=True)
    held_out = dataset.of_subset(Subset.VAL)
    answers = {}
    for name in held_out.videos:
        found = tracks.load(out / f"{name}{tracks.SUFFIX}")
        answers[name] = found.edges, found.logits
    return pair_shares(answers, held_out.recordings, labels)


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--work", type=Path, default=Path("motion-pairs"))
    made.add_argument("--seeds", type=int, default=2)
    made.add_argument("--trunks", action="store_true")
    made.add_argument("--epochs", type=int, default=8)
    made.add_argument("--size", type=int, default=128)
    call = made.parse_args()
    recordings, picture = (4, (64, 32)) if call.dry else (24, (256, 128))
    torch.set_num_threads(1)
    folder, cache, seeds = call.work / "set", call.work / "features", range(1 if call.dry else call.seeds)
    if not folder.exists():
        write_dataset(folder, recordings=recordings, seconds=24.0, seed=0, size=picture, fps=15)
    data = open_dataset(folder)
    labels = LabelSet(actions=data.actions)
    frozen = {name: with_signed(track) for name, track in extract(data.videos, kinds=SEEN, cache=cache).items()}
    chosen = screen(frozen, data.of_subset(Subset.TRAIN).recordings, labels, kinds=SEEN).kinds
    routes: dict[str, Sequence[str]] = {
        "frozen features of ImageNet, frame by frame (final, mid)": (Kind.FINAL, Kind.MID),
        "and absolute changes and motion energy": FIVE,
        "signed changes alone": SIGNED,
        "directed motion alone": (Kind.DIRECTION,),
        f"the screen's choice ({', '.join(chosen)})": chosen,
    }
    shares = {
        f"temporal head, {name}": [temporal_head(frozen, data, labels, kinds, seed) for seed in seeds]
        for name, kinds in list(routes.items())[: 1 if call.dry else None]
    }
    for shift in (True, False) if call.trunks else ():
        name = f"trunk trained {'with' if shift else 'without'} the shift"
        run = trained_trunk(call.work, folder, shift=shift, epochs=call.epochs, size=call.size, seed=0)
        answers = [interval_head(call.work, folder, data, run, labels)]
        shares[f"{name}, interval head (t = 0.5, 4 frames)"] = answers
        kinds = (Kind.FINAL, Kind.MID)
        own = dict(extract(data.videos, FeatureOptions(trunk=str(run), size=call.size), kinds=kinds, cache=cache))
        shares[f"{name}, temporal head on its final, mid"] = [
            temporal_head(own, data, labels, kinds, seed) for seed in seeds
        ]
    rows: list[list[Cell]] = [[name, *map(float, np.mean(each, axis=0))] for name, each in shares.items()]
    columns = {"route": "", **{", ".join(pair): ".2f" for pair in MOTION_PAIRS}}
    report(call, columns, rows, note=f"{len(seeds)} seeds.")


if __name__ == "__main__":
    main()
