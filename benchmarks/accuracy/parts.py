"""What the parts of the temporal head are worth: each set aside, or alone, on people that no training has seen.

    python -m benchmarks.accuracy.parts SET --work FOLDER [--seeds 0 1 2] [--only head kinds]

SET is in the 360+x layout, with subsets train and val and a performer of each recording. *head*: `train` with its
defaults, the interval head on a TSM from ImageNet's weights (t = 1, 4 frames, localized with stride t/4), and their
score tracks fused by `ensemble`. *members*: the default's heads one by one, and all. *kinds* and *performers*: one
kind of features alone, fewer people to train on (other ones for every seed). *trunk*: features `final` and `mid` of
the frozen network, and of the interval head's. *scenes*: the scene task on a synthetic set. Rows of one part are
trained alike: those of the last four for `--epochs`, with all kinds (no screen) where none is named.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from benchmarks import experiments
from benchmarks.common import Cell, report
from benchmarks.experiments import MEANS, TSM, Figures, Table, answers, of_run, over_seeds, scored, synthetic, trained
from bineego import ensemble, localize
from bineego.datasets import Subset, open_dataset
from bineego.runs import RunFolder
from bineego.tsm.model_file import load_model
from bineego.tsm.temporal_network import TemporalNetwork

KINDS = "final,mid,final-change,mid-change,motion,direction"


def default(call: argparse.Namespace, seed: int) -> RunFolder:
    """`train` with its defaults."""
    return trained(call, call.set, "temporal", seed, kinds=None, epochs=1 if call.dry else 20)


def interval(call: argparse.Namespace, seed: int) -> RunFolder:
    """The interval head. Its decoder is fitted on a performer of subset train."""
    return trained(
        call, call.set, "interval", seed, kinds=None, epochs=call.interval_epochs, interval=1.0, frames=4,
        size=call.size, split="inner", group_by=None if call.dry else "performer",
        **TSM | ({"init": "random"} if call.dry else {}),
    )  # fmt: skip


def heads(call: argparse.Namespace, seed: int) -> Table:
    temporal = answers(call, call.set, default(call, seed))
    clips = answers(call, call.set, interval(call, seed), "quarter", stride=0.25)
    return {
        "temporal, the default": scored(call.set, temporal / "predictions.csv"),
        "interval": scored(call.set, clips / "predictions.csv"),
        "tracks of both fused": scored(call.set, ensemble([temporal, clips])),
    }


def members(call: argparse.Namespace, seed: int) -> Table:
    run = default(call, seed)
    return {"one": one_member(call, run), "five, the default": of_run(run)}


def one_member(call: argparse.Namespace, run: RunFolder) -> Figures:
    """Mean figures of the members of a model, each by itself."""
    model, each = load_model(run.model), []
    assert isinstance(model.network, TemporalNetwork)
    head = model.network.head
    for member in list(head.members):
        head.members = torch.nn.ModuleList([member])
        found = localize(call.set, model=model, subset=Subset.VAL, features=call.work / "features")
        each.append(scored(call.set, found.predictions))
    return [float(mean) for mean in np.mean(each, axis=0)]


def kinds(call: argparse.Namespace, seed: int) -> Table:
    ways = {"all": call.kinds} | {kind: kind for kind in call.kinds.split(",")}
    return {way: of_run(trained(call, call.set, "temporal", seed, kinds=chosen)) for way, chosen in ways.items()}


def trunks(call: argparse.Namespace, seed: int) -> Table:
    tuned = trained(call, call.set, "tuned", seed, kinds="final,mid", trunk=str(interval(call, seed).path))
    frozen = trained(call, call.set, "temporal", seed, kinds="final,mid")
    return {"frozen": of_run(frozen), "fine-tuned": of_run(tuned)}


def performers(call: argparse.Namespace, seed: int) -> Table:
    data = open_dataset(call.set)
    names = sorted({str(r.attributes["performer"]) for r in data.of_subset(Subset.TRAIN).recordings})
    found: Table = {}
    for count in dict.fromkeys((1, min(2, len(names)), len(names))):
        chosen = [names[(2 * seed + i) % len(names)] for i in range(count)]
        kept = [r for r in data.recordings if r.subset is not Subset.TRAIN or str(r.attributes["performer"]) in chosen]
        what = "temporal" if count == len(names) else f"{'+'.join(chosen)}-temporal"
        found[str(count)] = of_run(trained(call, data.with_recordings(kept), what, seed))
    return found


def scenes(call: argparse.Namespace, seed: int) -> Table:
    data = synthetic(call, "scenes", 16)
    ways = {"actions only": "tal", "actions and scenes": "multi"}
    return {way: of_run(trained(call, data, task, seed, task=task)) for way, task in ways.items()}


PARTS: Mapping[str, Callable[[argparse.Namespace, int], Table]] = {
    "head": heads, "members": members, "kinds": kinds, "trunk": trunks, "performers": performers, "scenes": scenes
}  # fmt: skip


def main() -> None:
    made = experiments.experiment(__doc__, kinds=KINDS)
    made.add_argument("set", nargs="?", type=Path, help="a dry run draws one")
    made.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    made.add_argument("--done", action="store_true", help="train nothing: the rows of what is done")
    made.add_argument("--interval-epochs", type=int, default=3)
    made.add_argument("--size", type=int, default=128, help="of the interval head's pictures, pixels")
    call = experiments.asked(made, interval_epochs=1, size=32, kinds="motion,direction")
    if call.dry:
        call.set = synthetic(call, "set", 4)
        call.only = [part for part in call.only if part not in ("performers", "trunk")]
    torch.set_num_threads(1)
    rows: list[list[Cell]] = []
    for part in call.only:
        rows += [[part, *row] for row in over_seeds(call, part, PARTS[part], done=call.done)]
    note = f"Interval head: {call.interval_epochs} epochs of {call.size} px; all but it and the default: {call.epochs}."
    report(call, {"part": "", "way": "", "trainings": "d", **MEANS}, rows, note=note)


if __name__ == "__main__":
    main()
