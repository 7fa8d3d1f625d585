"""ActionFormer, or what is built like it (TriDet), beside ours: the same features, the same videos.

    python -m benchmarks.accuracy.peers SET... --work FOLDER --peer CLONE... [--python PYTHON] [--seeds 0 1 2]

CLONE is a peer's repository with its NMS compiled (`python setup.py build_ext --inplace` in its libs/utils); PYTHON has
what it needs (torch, h5py, tensorboard, joblib, pyyaml). None of its lines is changed: three things are set before its
train.py and eval.py start (`LAUNCH`), and its configuration is its own for THUMOS14 but for `configure`.

The peer reads what `extract_features` writes of a set. Ours is `train SET` with its defaults, of the cache that these
files are written from: `temporal_head`, whose trainings in FOLDER are taken; and the same with one member of the five,
since the peer's network is one. Subset val is scored by `evaluate`, and nothing was chosen by it. *CPU s* of a training
in one thread, start and reading included, features apart (ours also chooses kinds and fits calibration and decoder in
them). What is in FOLDER is not trained again.

--left-out trains the peer on four fifths of the training recordings and scores the others, which are other performers
where index.json names them: so is seen what --set and --projected (the features as our head reads them) change.
"""

from __future__ import annotations

import argparse
import functools
import json
import pickle
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.accuracy import temporal_head
from benchmarks.common import Cell, asked, parser, report, usage_of
from benchmarks.experiments import MEANS, means, synthetic
from bineego import evaluate, extract_features, segments
from bineego.datasets import Recording, Subset, open_dataset
from bineego.features import Projection, fit_projection
from bineego.features.cache import TrackFiles
from bineego.formats.annotations import Annotations

WIDTH = 128  # channels of the peer's network; its own 512 take several times as long
LEVELS = 32  # steps of the features in one of the coarsest level of the peer's pyramid
OURS = {"ours": None, "ours, one member": 1}

LAUNCH = """
import runpy, sys, torch
torch.cuda.synchronize = lambda *_: None
torch.UntypedStorage.cuda = lambda storage, *_: storage
sys.argv = sys.argv[1:]
from libs.utils import train_utils
train_utils.ModelEma.__init__.__defaults__ = (0.99, None)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""No GPU: its two calls do nothing. The mean of the weights that the peer keeps looks back 100 steps, not 1,000: a
training has only hundreds."""

READ = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))"


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """A set, its exported features, and who is trained on and who is scored."""

    path: Path
    features: Path
    tracks: TrackFiles
    train: Sequence[Recording]
    held: Sequence[Recording]

    @property
    def labels(self) -> list[str]:
        return sorted(set(_table(self.train)["label"]))

    @functools.cached_property
    def projection(self) -> Projection:
        """Of the training videos' features, as a head has it that leaves out no kind."""
        return fit_projection(_of(self.tracks, self.train), next(iter(self.tracks.values())).kinds)


def main() -> None:
    made = parser(__doc__)
    made.add_argument("sets", nargs="*", type=Path, help="with subsets train and val; a dry run makes its own")
    made.add_argument("--work", type=Path, required=True)
    made.add_argument("--peer", nargs="*", type=Path, default=[], metavar="CLONE")
    made.add_argument("--python", type=Path, default=Path(sys.executable), help="that runs the peer")
    made.add_argument("--seeds", nargs="+", type=int, default=[0])
    made.add_argument("--projected", action="store_true", help="give the peer the features as our head reads them")
    made.add_argument("--left-out", action="store_true", help="score a part of subset train; the peer alone")
    made.add_argument("--set", nargs="*", default=[], metavar="SECTION.KEY=VALUE", help="in the peer's configuration")
    call = asked(made)
    call.work, call.python = call.work.resolve(), str(call.python.absolute())
    rows: list[list[Cell]] = []
    for path in [synthetic(call, "dry", 4)] if call.dry else call.sets:
        task = prepare(path.resolve(), call)
        found = {clone.name: [peer(task, clone.resolve(), seed, call) for seed in call.seeds] for clone in call.peer}
        for name, members in () if call.left_out else OURS.items():
            ours = [temporal_head.one(task.path, seed, call, members=members) for seed in call.seeds]
            found[name] = [[*row[:4], row[5]] for row in ours]
        for name, each in found.items():
            seconds = float(np.mean([row[-1] for row in each]))
            rows.append([path.name, name, len(each), *means([row[:-1] for row in each]), seconds])
    report(call, {"set": "", "trained": "", "seeds": "d", **MEANS, "CPU s": ".0f"}, rows)


def prepare(path: Path, call: argparse.Namespace) -> Task:
    """Export the features of a set, and choose who is trained on."""
    features = call.work / "features" / path.name
    tracks = extract_features(path, features, cache=call.work / ".bineego" / "features")
    dataset = open_dataset(path)
    train, held = (dataset.of_subset(subset).recordings for subset in (Subset.TRAIN, Subset.VAL))
    if call.left_out:
        train = sorted(train, key=lambda recording: str(recording.attributes.get("performer", "")))
        cut = len(train) * 4 // 5
        train, held = train[:cut], train[cut:]
    return Task(path=path, features=features, tracks=tracks, train=train, held=held)


def peer(task: Task, clone: Path, seed: int, call: argparse.Namespace) -> list[float]:
    """Figures and CPU seconds of one training of the peer."""
    part = [name for name in ("projected", "left_out") if getattr(call, name)]
    folder = call.work / "peers" / "-".join([clone.name, task.path.name, *part, *call.set, str(seed)])
    took, results = folder / "cpu.json", folder / f"config_{seed}" / "eval_results.pkl"
    if not took.exists():
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "config.yaml"
        config.write_text(json.dumps(configure(task, clone, folder, seed, call)))  # JSON is YAML
        run = [call.python, "-c", LAUNCH]
        env = {"PYTHONPATH": str(clone / "libs" / "utils"), "OMP_NUM_THREADS": "1"}
        train = [*run, "train.py", str(config), "--output", str(seed), "-c", "0", "-p", "4"]
        seconds = usage_of(train, cwd=clone, env=env).cpu
        usage_of([*run, "eval.py", str(config), str(results.parent), "--saveonly"], cwd=clone, env=env)
        took.write_text(json.dumps(seconds))
    found = pickle.loads(results.read_bytes())  # the peer's own, from this machine
    labels = np.array(task.labels)[found["label"]]
    table = segments.make(found["video-id"], labels, found["t-start"], found["t-end"], found["score"])
    truth = Annotations(segments=_table(task.held), videos=tuple(_of(task.tracks, task.held)))
    result = evaluate(truth, table[table["end"] > table["start"]])
    return [*map(float, result.mAP), result.final, json.loads(took.read_text())]


def configure(task: Task, clone: Path, folder: Path, seed: int, call: argparse.Namespace) -> dict[str, Any]:
    """The peer's configuration for THUMOS14 with what differs here; its features and annotations are written."""
    database, longest, width = {}, 0, 0
    for subset, recordings in (("training", task.train), ("validation", task.held)):
        for video, track in _of(task.tracks, recordings).items():
            if call.projected:
                np.save(folder / f"{video}.npy", task.projection.apply(track))
            rows = _table(recordings).query("video_id == @video")
            notes = [
                {"segment": [start, end], "label": label, "label_id": task.labels.index(label)}
                for label, start, end in rows[["label", "start", "end"]].itertuples(index=False)
            ]
            database[video] = {"subset": subset, "duration": track.duration, "fps": track.rate, "annotations": notes}
            longest, width = max(longest, len(track)), sum(kind.shape[1] for kind in track.kinds.values())
    (folder / "annotations.json").write_text(json.dumps({"database": database}))
    config = json.loads(subprocess.check_output([call.python, "-c", READ, clone / "configs" / "thumos_i3d.yaml"]))
    multiple = LEVELS * max(1, config["model"].get("n_mha_win_size", 1) // 2 * 2)
    config["dataset"] |= {
        "json_file": str(folder / "annotations.json"),
        "feat_folder": str(folder if call.projected else task.features),
        "num_classes": len(task.labels),
        "input_dim": task.projection.n_features if call.projected else width,
        "feat_stride": 1,
        "num_frames": 1,
        "max_seq_len": max(1, round(longest / multiple)) * multiple,
    }
    config["model"] |= dict.fromkeys(("embd_dim", "fpn_dim", "head_dim"), WIDTH)
    config["loader"]["num_workers"] = 1
    for given in call.set:
        name, _, value = given.partition("=")
        section, _, key = name.partition(".")
        config[section][key] = json.loads(value)
    own = {"train_split": ["training"], "val_split": ["validation"], "output_folder": str(folder)}
    return {**config, **own, "devices": ["cpu"], "init_rand_seed": seed}


def _of(tracks: TrackFiles, recordings: Sequence[Recording]) -> TrackFiles:
    return TrackFiles({video: tracks.files[video] for recording in recordings for video in recording.videos})


def _table(recordings: Sequence[Recording]) -> pd.DataFrame:
    return segments.concat([r.segments for r in recordings if r.segments is not None], scored=False)


if __name__ == "__main__":
    main()
