"""Actions that only the direction of a movement tells apart, by several routes, on the synthetic set (chance: .5).

    python -m benchmarks.accuracy.motion_pairs [--work FOLDER --seeds 2]         # temporal heads on frozen features
    python -m benchmarks.accuracy.motion_pairs --trunks [--epochs 8 --size 128]  # and trunks with and without the shift

The set is that of `bineego demo`: 18 recordings to train on, 6 held out, two pairs of actions that run through one path
of poses in opposite directions. Of the held-out steps (or intervals) that lie in an action of a pair: the share whose
logit of the right one is the larger. A single frame of either action is a draw of one distribution, so what looks at
frames one by one stays at chance.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks import common, experiments
from benchmarks.common import Cell
from benchmarks.experiments import TSM, answers, examples_of, learnt, pair_share, track_of, tracks_in, trained
from bineego.datasets import Dataset, Subset, open_dataset
from bineego.features import FeatureOptions, FeatureTrack, Kind, extract, screen
from bineego.heads.options import HeadRecipe
from bineego.labels import LabelSet
from bineego.synth import MOTION_PAIRS
from bineego.tracks import ScoreTrack
from bineego.tsm.config import Trunk

FIVE = (Kind.FINAL, Kind.MID, Kind.FINAL_CHANGE, Kind.MID_CHANGE, Kind.MOTION)
SEEN = (*FIVE, Kind.DIRECTION)
SIGNED = ("final-signed", "mid-signed")
EACH_WAY = 2  # steps


def with_signed(track: FeatureTrack) -> FeatureTrack:
    """The track with the changes of its features, their signs kept."""
    more = {}
    for kind, signed in zip((Kind.FINAL, Kind.MID), SIGNED, strict=True):
        values = np.pad(track.kinds[kind].astype(np.float32), ((EACH_WAY, EACH_WAY), (0, 0)), "edge")
        more[signed] = (values[2 * EACH_WAY :] - values[: -2 * EACH_WAY]).astype(np.float16)
    return dataclasses.replace(track, kinds={**track.kinds, **more})


def pair_shares(tracks: Mapping[str, ScoreTrack], data: Dataset) -> list[float]:
    """For each pair, the share of its held-out steps that are told right."""
    held_out = data.of_subset(Subset.VAL)
    return [pair_share(tracks, held_out, pair) for pair in MOTION_PAIRS]


def of_heads(
    data: Dataset, known: Mapping[str, FeatureTrack], kinds: Sequence[str], seeds: Sequence[int]
) -> list[list[float]]:
    """Shares of a temporal head on some kinds of frozen features, with every seed."""
    examples = examples_of(data, known, kinds)
    training = [examples[name] for name in data.of_subset(Subset.TRAIN).videos]
    found = []
    for seed in seeds:
        head = learnt(training, [-1] * len(training), data, HeadRecipe(seed=seed))
        tracks = {name: track_of(head, examples[name], data) for name in data.of_subset(Subset.VAL).videos}
        found.append(pair_shares(tracks, data))
    return found


def of_trunk(call: argparse.Namespace, folder: Path, *, shift: bool) -> dict[str, list[list[float]]]:
    """Shares of a TSM on EfficientNet-Lite0 from ImageNet's weights, and of a temporal head on its features."""
    name, data, kinds = "shift" if shift else "plain", open_dataset(folder), (Kind.FINAL, Kind.MID)
    run = trained(
        call, folder, f"{name}-{call.size}", 0, trunk=Trunk.EFFICIENTNET_LITE0, shift=shift, interval=0.5, frames=4,
        size=call.size, **TSM,
    )  # fmt: skip
    own = FeatureOptions(trunk=str(run.path), size=call.size)
    known = dict(extract(data.videos, own, kinds=kinds, cache=call.work / "features"))
    title = f"trunk trained {'with' if shift else 'without'} the shift"
    return {
        f"{title}, interval head (t = 0.5, 4 frames)": [pair_shares(tracks_in(answers(call, folder, run)), data)],
        f"{title}, temporal head on its final, mid": of_heads(data, known, kinds, range(call.seeds)),
    }


def main() -> None:
    made = common.parser(__doc__)
    made.add_argument("--work", type=Path, default=Path("motion-pairs"))
    made.add_argument("--seeds", type=int, default=2)
    made.add_argument("--trunks", action="store_true")
    made.add_argument("--epochs", type=int, default=8)
    made.add_argument("--size", type=int, default=128)
    made.set_defaults(kinds=None)
    call = common.asked(made, seeds=1)
    folder = experiments.synthetic(call, "set", 24, seconds=24.0)
    data = open_dataset(folder)
    tracks = extract(data.videos, kinds=SEEN, cache=call.work / "features")
    frozen = {name: with_signed(track) for name, track in tracks.items()}
    labels = LabelSet(actions=data.actions)
    chosen = screen(frozen, data.of_subset(Subset.TRAIN).recordings, labels, kinds=SEEN).kinds
    routes: dict[str, Sequence[str]] = {
        "frozen features of ImageNet, frame by frame (final, mid)": (Kind.FINAL, Kind.MID),
        "and absolute changes and motion energy": FIVE,
        "signed changes alone": SIGNED,
        "directed motion alone": (Kind.DIRECTION,),
        f"the screen's choice ({', '.join(chosen)})": chosen,
    }
    shares = {
        f"temporal head, {name}": of_heads(data, frozen, kinds, range(call.seeds))
        for name, kinds in list(routes.items())[: 1 if call.dry else None]
    }
    for shift in (True, False) if call.trunks else ():
        shares |= of_trunk(call, folder, shift=shift)
    rows: list[list[Cell]] = [[name, *map(float, np.mean(each, axis=0))] for name, each in shares.items()]
    columns = {"route": "", **{", ".join(pair): ".2f" for pair in MOTION_PAIRS}}
    common.report(call, columns, rows, note=f"Each trunk once, temporal heads with {call.seeds} seeds.")


if __name__ == "__main__":
    main()
