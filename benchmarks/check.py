"""A guard against growing slower: what is fast here must stay so many times faster than the plain way to do it.

    python benchmarks/check.py [--rounds 3] [--only NAME]

The peers (plain.py, and PyTorch's own network in evaluation mode) are part of this repository: the ratios say nothing
about other programs, which the other scripts measure. Each floor is about half of what two cores of a Zen 3 processor
gave. A ratio is that of the CPU seconds of one process, median of the rounds; where both sides compute the same, their
results are compared first. Ends with 1 if a ratio is below its floor. About a minute.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Before numpy and torch are loaded: what is timed is one thread.
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import plain
import torch
from decode_speed import Clip, write_clip
from decoding_speed import ACTIONS, make_track, score
from ensemble_speed import write_models
from evaluate_speed import TIOU, make_set
from timing import Side, Spread, ratio, take_turns

from bineego.ensembling import ensemble
from bineego.evaluation import evaluate
from bineego.formats import csv
from bineego.postprocess.viterbi import decode_path
from bineego.tsm.allocator import keep_memory
from bineego.tsm.config import NetworkConfig, Precision, Trunk
from bineego.tsm.fuse import fuse
from bineego.tsm.network import TSM
from bineego.tsm.preprocess import normalise
from bineego.video.build import build_cache
from bineego.video.cache import FrameCache
from bineego.video.frames import FrameOptions, on_screen
from bineego.video.reader import VideoReader

PREDICTIONS, MODEL_ROWS, WEIGHTS, IOU = 3_000, 1_500, (0.6, 0.5, 0.5, 0.4, 0.4), 0.5
VIDEO = Clip(name="", width=640, height=320, codec="libx264", seconds=10)
SIZE, RATE, N_FRAMES = 256, 16, 8
CLIPS, LIVE_CLIPS = 40, 4
BATCH, NETWORK_SIZE = 4, 112
T, DWELL = 0.5, 10.0


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two ways to the same result.

    Attributes:
        plain, ours: each does it once.
        times: how much more one call of ours does than one of the plain way.
    """

    plain: Side
    ours: Side
    times: float = 1.0


def matching(_: Path) -> Pair:
    """mAP of a few thousand predictions."""
    truth, found = make_set(PREDICTIONS, 100, 20)
    same("mAP", evaluate(truth, found, tiou=TIOU).mAP, plain.mean_ap(truth, found, TIOU), 1e-9)
    return Pair(plain=lambda: plain.mean_ap(truth, found, TIOU), ours=lambda: evaluate(truth, found, tiou=TIOU))


def ensembling(folder: Path) -> Pair:
    """The paper's ensemble of five models."""
    # Few videos, so that many candidates meet.
    tables = [csv.read_predictions(path) for path in write_models(folder, MODEL_ROWS)]
    tables = [table.assign(video_id=table["video_id"].str[-1], label=table["label"].str[-1]) for table in tables]
    rows = [list(table.itertuples(index=False, name=None)) for table in tables]
    ours, theirs = ensemble(tables, weights=WEIGHTS, iou=IOU), plain.paper_ensemble(rows, WEIGHTS, IOU)
    numbers = np.array(sorted(ours.itertuples(index=False, name=None)), object)[:, 2:].astype(float)
    same("ensemble", numbers, [row[2:] for row in theirs], 1e-9)
    return Pair(
        plain=lambda: plain.paper_ensemble(rows, WEIGHTS, IOU),
        ours=lambda: ensemble(tables, weights=WEIGHTS, iou=IOU),
    )


def decoding(folder: Path) -> Pair:
    """The frames of all clips of a video, 16 a second, against all frames through OpenCV."""
    path = video(folder)

    def ours() -> None:
        reader = VideoReader(path, FrameOptions(size=SIZE))
        for _ in reader.read(np.unique(on_screen(reader.times, np.arange(0, reader.duration, 1 / RATE)))):
            pass

    return Pair(plain=lambda: plain.all_frames(path, SIZE), ours=ours)


def network(folder: Path) -> Pair:
    """ResNet-18 in float32, ready for inference, against the network in evaluation mode."""
    keep_memory()
    torch.manual_seed(0)
    tsm = TSM(NetworkConfig(trunk=Trunk.RESNET18, n_classes=ACTIONS + 1)).eval()
    ready = fuse(tsm, precision=Precision.FP32)
    frames = torch.randint(0, 256, (BATCH, N_FRAMES, NETWORK_SIZE, NETWORK_SIZE, 3), dtype=torch.uint8)
    pictures = normalise(frames).contiguous()

    @torch.inference_mode()
    def theirs() -> torch.Tensor:
        logits: torch.Tensor = tsm(pictures).actions
        return logits

    wanted = theirs()
    for _ in range(2):  # weights are laid out anew at the second call
        got = ready(frames).actions
    assert got is not None
    same("logits", got / wanted.abs().max(), wanted / wanted.abs().max(), 1e-4)
    return Pair(plain=theirs, ours=lambda: ready(frames))


def frame_cache(folder: Path) -> Pair:
    """Random clips out of the frame cache, against decoding them when they are wanted."""
    path = video(folder)
    cache = FrameCache(folder / "cache", FrameOptions(size=SIZE))
    build_cache(cache, {"v": path}, jobs=1)
    cached = cache.open("v", path)
    random = np.random.default_rng(0)
    clips = [start + np.arange(N_FRAMES) for start in random.integers(0, len(cached) - N_FRAMES, CLIPS)]
    return Pair(
        plain=lambda: [plain.some_frames(path, clip.tolist(), SIZE) for clip in clips[:LIVE_CLIPS]],
        ours=lambda: [cached.frames(clip) for clip in clips],
        times=CLIPS / LIVE_CLIPS,
    )


def viterbi(_: Path) -> Pair:
    """The likeliest path through six minutes, against all pairs of classes in plain Python."""
    track = make_track(T)
    call = np.log(track.probabilities() + 1e-4), np.diff(track.edges), np.full(ACTIONS + 1, DWELL), T
    same("path", score(decode_path(*call), *call), score(plain.likeliest_path(*call), *call), 1e-6)
    return Pair(plain=lambda: plain.likeliest_path(*call), ours=lambda: decode_path(*call))


CHECKS: dict[str, tuple[Callable[[Path], Pair], float]] = {
    "mAP matching": (matching, 1.0),
    "paper ensemble": (ensembling, 1.0),
    "decoding wanted frames": (decoding, 1.0),
    "network forward, fp32": (network, 1.0),
    "clips from the cache": (frame_cache, 1.0),
    "viterbi, six minutes": (viterbi, 1.0),
}
"""What is measured, and the least ratio."""


def video(folder: Path) -> Path:
    """The generated test video; made once."""
    path = folder / "video.mp4"
    if not path.exists():
        write_clip(VIDEO, path)
    return path


def same(what: str, ours: object, theirs: object, tolerance: float) -> None:
    """A ratio of two ways to different results would mean nothing."""
    one, other = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if one.shape != other.shape or not np.allclose(one, other, rtol=0, atol=tolerance):
        raise SystemExit(f"{what}: the plain way gives another result")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="part of the names of what is measured")
    args = parser.parse_args()
    torch.set_num_threads(1)
    below = []
    print(f"{'':24} {'plain ms':>9} {'ours ms':>9}  {'ratio (spread)':24} floor")
    with tempfile.TemporaryDirectory() as scratch:
        for name, (make, floor) in CHECKS.items():
            if args.only not in name:
                continue
            pair = make(Path(scratch))
            taken = take_turns({"plain": pair.plain, "ours": pair.ours}, args.rounds)
            ours = [seconds / pair.times for seconds in taken["ours"]]
            found = ratio(taken["plain"], ours)
            medians = (Spread.of(each).median * 1e3 for each in (taken["plain"], ours))
            slow = found.median < floor
            below += [name] * slow
            columns = " ".join(f"{ms:9.2f}" for ms in medians)
            print(f"{name:24} {columns}  {found!s:24} {floor:g}{'  BELOW' if slow else ''}", flush=True)
    print(f"below the floor: {', '.join(below)}" if below else "all at or above their floors")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
