"""From a video to its score track, against OpenCV read-all + the official TSM, one interval at a time in float32.

    git clone https://github.com/mit-han-lab/temporal-shift-module /some/where
    python -m benchmarks.speed.localize --official-tsm /some/where [--seconds 120] [--only 640x320] [--rounds 3]

The peer reads every frame with `cv2.VideoCapture`, resizes it to 256 x 256 and feeds the eight frames of each interval
to the official network. t = 0.5, resnet50, random weights (time does not depend on them). Each side runs in a process
of its own (the official one under the C library's default allocator, ours with the setting it makes for itself); the
sides take turns. Set-up (imports, the network, ours from its file, one warm-up clip) is left out of the ratio and
printed.
"decode" and "network" are ours, each run alone: the whole should cost hardly more than both (docs/facts.md: on two
cores both fill the machine).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

START = time.perf_counter()

SIZE, T, N_FRAMES, N_CLASSES, RATE = 256, 0.5, 8, 39, 30
SIZES = {"640x320": (640, 320), "3840x1920": (3840, 1920)}
TARGETS = {("640x320", "bf16"): 3.0, ("640x320", "fp32"): 1.6, ("3840x1920", "bf16"): 2.3, ("3840x1920", "fp32"): 1.5}
MAX_OVERHEAD, MAX_SET_UP, MAX_GROWTH = 1.1, 3.0, 1.1


def write_video(path: Path, width: int, height: int, seconds: float) -> None:
    """Moving texture with sensor noise, H.264 with B-frames."""
    import av
    import numpy as np

    rng = np.random.default_rng(0)
    texture = np.kron(rng.integers(0, 255, (height // 16, width // 8, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    noise = rng.integers(0, 12, (4, height, width, 3), np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "23", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for i in range(round(seconds * RATE)):
            shift = (3 * i) % width
            picture = texture[:, shift : shift + width] // 2 + noise[i % 4]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def official_side(folder: Path):  # type: ignore[no-untyped-def]
    """The peer as a function of a video's path."""
    import cv2
    import torch

    from benchmarks.accuracy.official_tsm import official_network
    from bineego.tsm.config import Trunk
    from bineego.tsm.preprocess import normalise

    torch.manual_seed(0)
    network = official_network(folder, Trunk.RESNET50, N_FRAMES, N_CLASSES)  # in evaluation mode

    def run(path: Path) -> int:
        import numpy as np

        capture = cv2.VideoCapture(str(path))
        frames = []
        while True:
            ok, picture = capture.read()
            if not ok:
                break
            frames.append(cv2.resize(picture, (SIZE, SIZE))[:, :, ::-1])
        n = int(len(frames) / RATE / T + 1e-6)
        with torch.inference_mode():
            for i in range(n):
                at = ((i + (np.arange(N_FRAMES) + 0.5) / N_FRAMES) * T * RATE).astype(int)
                clip = torch.from_numpy(np.stack([frames[k] for k in at]))[None]
                network(normalise(clip).flatten(1, 2))
        return n

    with torch.inference_mode():
        network(torch.zeros(1, N_FRAMES * 3, SIZE, SIZE))
    return {"whole": run}


def write_model(path: Path) -> None:
    """A file such as training leaves."""
    import torch

    from bineego.labels import LabelSet
    from bineego.tsm.card import ModelCard
    from bineego.tsm.config import NetworkConfig, Trunk
    from bineego.tsm.model_file import save_model
    from bineego.tsm.network import TSM

    torch.manual_seed(0)
    config = NetworkConfig(trunk=Trunk.RESNET50, n_classes=N_CLASSES)
    labels = LabelSet(actions=tuple(f"action {i}" for i in range(1, N_CLASSES)))
    save_model(path, TSM(config), ModelCard(name="speed", network=config, labels=labels, interval=T))


def our_side(model_file: Path, precision: str):  # type: ignore[no-untyped-def]
    """Ours, whole and in parts."""
    import numpy as np
    import torch

    from bineego.grid import clip_times, interval_edges
    from bineego.inference.score import BATCH_CPU, ClipScorer
    from bineego.tsm.allocator import keep_memory
    from bineego.tsm.config import Precision
    from bineego.tsm.inference_network import compile_for_inference
    from bineego.tsm.model_file import load_model
    from bineego.video.frames import on_screen
    from bineego.video.reader import VideoReader

    keep_memory()
    model = load_model(model_file)
    card = model.card
    network = compile_for_inference(model, precision=Precision(precision))
    scorer = ClipScorer(network, card)
    clips = torch.zeros(BATCH_CPU, N_FRAMES, SIZE, SIZE, 3, dtype=torch.uint8)
    network(clips[:1])

    def decode(path: Path) -> int:
        reader = VideoReader(path, card.frames)
        edges = interval_edges(reader.duration, T)
        wanted = np.unique(on_screen(reader.times, clip_times(edges[:-1], edges[1:], N_FRAMES)))
        return sum(1 for _ in reader.read(wanted))

    def forward(path: Path) -> int:
        n = len(interval_edges(VideoReader(path, card.frames).duration, T)) - 1
        for first in range(0, n, BATCH_CPU):
            network(clips[: min(BATCH_CPU, n - first)])
        return n

    return {
        "whole": lambda path: len(scorer.score(path, path.stem)),
        "decode": decode,
        "network": forward,
    }


def work(args: argparse.Namespace) -> None:
    """A worker process: set up, then one measurement for every line it reads."""
    import torch

    torch.set_num_threads(args.threads)
    sides = official_side(args.official_tsm) if args.worker == "official" else our_side(args.model, args.worker)
    print(json.dumps({"set_up": time.perf_counter() - START}), flush=True)
    for line in sys.stdin:
        what, path = line.strip().split(" ", 1)
        start = time.perf_counter()
        n = sides[what](Path(path))
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "n": n, "peak": peak_memory()}), flush=True)


def peak_memory() -> float:
    """MiB; of this program alone, where getrusage would count the process that started it (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


class Worker:
    """A process that times what it is told to."""

    def __init__(self, name: str, args: argparse.Namespace) -> None:
        command = [sys.executable, "-m", __spec__.name, "--worker", name, "--threads", str(args.threads)]
        command += ["--model", str(args.model)]
        if args.official_tsm is not None:
            command += ["--official-tsm", str(args.official_tsm)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.set_up = self._read()["set_up"]

    def _read(self) -> dict[str, float]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("a worker process failed; its message is above")
        found: dict[str, float] = json.loads(line)
        return found

    def measure(self, what: str, path: Path) -> dict[str, float]:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what} {path}\n")
        self.process.stdin.flush()
        return self._read()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def measure_size(args: argparse.Namespace, size: str, folder: Path) -> bool:
    """One table; True if the targets are met."""
    video = folder / f"{size}.mp4"
    write_video(video, *SIZES[size], args.seconds)
    names = [*(["official"] if args.official_tsm else []), "fp32", "bf16"]
    workers = {name: Worker(name, args) for name in names}
    times: dict[tuple[str, str], list[float]] = {}
    peaks: dict[str, float] = {}
    for _ in range(args.rounds):
        for name, worker in workers.items():
            for what in ("whole",) if name == "official" else ("whole", "decode", "network"):
                found = worker.measure(what, video)
                times.setdefault((name, what), []).append(found["seconds"])
                if what == "whole":
                    peaks.setdefault(name, found["peak"])
    met = True
    print(f"\n{size} H.264, {args.seconds:.0f} s, {args.seconds / T:.0f} intervals, {args.rounds} rounds")
    for name, worker in workers.items():
        whole = times[name, "whole"]
        line = f"  {name:9}{statistics.median(whole):8.1f} s ({min(whole):.1f}-{max(whole):.1f})"
        line += f"  set-up {worker.set_up:.1f} s  peak {peaks[name]:.0f} MiB"
        if name != "official":
            # Parts and whole of one round: what slows the machine slows both.
            parts = zip(whole, times[name, "decode"], times[name, "network"], strict=True)
            overhead = statistics.median(all_ / (decode + network) for all_, decode, network in parts)
            alone = [statistics.median(times[name, what]) for what in ("decode", "network")]
            line += f"  decode {alone[0]:.1f} + network {alone[1]:.1f} s, whole / both {overhead:.2f}"
            met &= overhead <= MAX_OVERHEAD and worker.set_up <= MAX_SET_UP
        if "official" in workers and name != "official":
            ratios = [peer / mine for peer, mine in zip(times["official", "whole"], whole, strict=True)]
            ratio, target = statistics.median(ratios), TARGETS[size, name]
            met &= ratio >= target
            line += f"  {ratio:.2f}x ({min(ratios):.2f}-{max(ratios):.2f})"
            line += f" target {target}: {'met' if ratio >= target else 'MISSED'}"
        print(line, flush=True)
        worker.close()
    return met


def measure_memory(args: argparse.Namespace, folder: Path) -> bool:
    """Peak memory of a long video against that of a tenth of it."""
    peaks = []
    for seconds in (args.seconds / 10, args.seconds):
        video = folder / f"memory{seconds:.0f}.mp4"
        write_video(video, 640, 320, seconds)
        worker = Worker("fp32", args)
        peaks.append(worker.measure("whole", video)["peak"])
        worker.close()
    met = peaks[1] <= MAX_GROWTH * peaks[0]
    lengths = args.seconds / 10, args.seconds
    print(
        f"\npeak memory, fp32, 640x320: {peaks[0]:.0f} MiB at {lengths[0]:.0f} s, {peaks[1]:.0f} at {lengths[1]:.0f} s"
    )
    return met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--official-tsm", type=Path, help="folder of the official code; without it only ours is timed")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--only", choices=SIZES, action="append")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--model", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        work(args)
        return 0
    print(f"{platform.machine()}, {args.threads} threads, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        args.model = Path(folder) / "model.safetensors"
        write_model(args.model)
        met = [measure_size(args, size, Path(folder)) for size in args.only or SIZES]
        met.append(measure_memory(args, Path(folder)))
    print("\nall targets met" if all(met) else "\nNOT all targets met")
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
