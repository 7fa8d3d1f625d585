"""What all benchmarks share: their call, sides that take turns, peers in processes of their own, results as JSON.

    python -m benchmarks.speed.NAME --dry                                        # tiny sizes: does it run?
    python -m benchmarks.speed.NAME --json benchmarks/results/NAME.json          # what `benchmarks.tables` reads

A result is one table: `columns` (name -> number format, "" for words) and `rows` of words, numbers, null, or
[median, smallest, largest] of several rounds; beside them what was called, when, on which machine, with which versions.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, cast

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

import bineego

Side = Callable[[], object]
Cell = str | float | None | Sequence[float]

FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "bf16", "sve")
"""Of the processor, as far as they decide how fast networks are."""
PACKAGES = ("torch", "numpy", "pandas", "av", "opencv-python-headless")


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Median, smallest and largest of the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median=statistics.median(values), low=min(values), high=max(values))

    @property
    def cell(self) -> tuple[float, float, float]:
        return self.median, self.low, self.high

    def __str__(self) -> str:
        return cell_text(self.cell, ".2f")


def take_turns(
    sides: Mapping[str, Side], rounds: int, *, warm_up: int = 1, clock: Callable[[], float] = time.process_time
) -> dict[str, list[float]]:
    """Seconds of every side in every round, after `warm_up` rounds that do not count.

    What slows the machine for a while slows all sides of a round.

    Args:
        clock: CPU seconds of this process (all its threads) by default, which other programs hardly disturb.
    """

    def timed(run: Side) -> float:
        start = clock()
        run()
        return clock() - start

    return ask_in_turn({name: partial(timed, run) for name, run in sides.items()}, rounds, warm_up=warm_up)


def ask_in_turn(sides: Mapping[str, Callable[[], float]], rounds: int, *, warm_up: int = 0) -> dict[str, list[float]]:
    """`take_turns` for sides that tell their seconds themselves, such as processes of their own."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(warm_up + rounds):
        for name, run in sides.items():
            seconds = run()
            if number >= warm_up:
                times[name].append(seconds)
    return times


def ratio(peer: Sequence[float], ours: Sequence[float]) -> Spread:
    """How many times as long the peer takes as ours, round by round."""
    return Spread.of([theirs / mine for theirs, mine in zip(peer, ours, strict=True)])


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a process took.

    Attributes:
        cpu: seconds, user and system, of all threads.
        peak: MiB resident.
        out: its standard output.
    """

    cpu: float
    peak: float
    out: str


def usage_of(command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Usage:
    """Run a command to its end in a process of its own."""
    everything = os.environ | (env or {})
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=everything, cwd=cwd) as run:
        assert run.stdout is not None
        out = run.stdout.read()
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    return Usage(cpu=usage.ru_utime + usage.ru_stime, peak=usage.ru_maxrss / 1024, out=out)


def peak_memory() -> float:
    """MiB of this program alone: `getrusage` counts the process that started it where that was larger (Linux)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024


class Worker:
    """A process of its own that answers in JSON, a line for a line: sides whose settings exclude each other.

    Args:
        module: name of the script; it calls `serve` when it is given `--worker`.
    """

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        command = [sys.executable, "-m", module, *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ready = self._read()

    def ask(self, *words: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        return self._read()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("a worker process failed; its message is above")
        found: dict[str, Any] = json.loads(line)
        return found


def serve(ready: Mapping[str, Any], answer: Callable[..., Mapping[str, Any]]) -> None:
    """The worker's side: say what it is, then answer every question until there are no more."""
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(*json.loads(line))), flush=True)


def parser(doc: str | None) -> argparse.ArgumentParser:
    """The parser of a script whose docstring is `doc`, with what every script takes."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--dry", action="store_true", help="tiny sizes, whose figures mean nothing: does it run?")
    made.add_argument("--json", type=Path, help="also write the result here")
    return made


def report(
    call: argparse.Namespace,
    columns: Mapping[str, str],
    rows: Sequence[Sequence[Cell]],
    *,
    note: str = "",
    suffix: str = "",
) -> None:
    """Print the table as Markdown and, with `--json FILE`, write the result.

    Args:
        columns: names, each with the format of its numbers.
        note: one sentence about how it was measured.
        suffix: of the file's name, for a script with several tables: decode.json, decode_SUFFIX.json.
    """
    for row in rows:
        assert len(row) == len(columns), (columns, row)
    result = {
        "command": command_line(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(),
        "versions": versions(),
        "recorded": "dry run" if call.dry else "by the script",
        "note": note,
        "columns": dict(columns),
        "rows": [list(row) for row in rows],
    }
    print("\n".join(markdown(result)), flush=True)
    if call.json:
        path = call.json.with_stem(f"{call.json.stem}_{suffix}") if suffix else call.json
        path.write_text(to_json(result), encoding="utf-8")


def to_json(result: Mapping[str, Any]) -> str:
    """As text, one row of the table a line."""
    head = {key: value for key, value in result.items() if key != "rows"}
    rows = ",\n".join("  " + json.dumps([_short(cell) for cell in row], ensure_ascii=False) for row in result["rows"])
    return json.dumps(head, indent=1, ensure_ascii=False)[:-2] + f',\n "rows": [\n{rows}\n ]\n}}\n'


def _short(cell: Cell) -> Cell:
    if isinstance(cell, float):
        return float(f"{cell:.6g}")
    return cell if cell is None or isinstance(cell, str | int) else [float(f"{value:.6g}") for value in cell]


def markdown(result: Mapping[str, Any]) -> list[str]:
    """Lines of the table."""
    columns: Mapping[str, str] = result["columns"]
    head = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return head + [
        f"| {' | '.join(cell_text(cell, form) for cell, form in zip(row, columns.values(), strict=True))} |"
        for row in result["rows"]
    ]


def cell_text(cell: Cell, form: str) -> str:
    """A cell as people read it."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int | float):
        return format(cell, form)
    median, low, high = (format(value, form) for value in cell)
    return median if low == high else f"{median} ({low}-{high})"


def machine() -> dict[str, Any]:
    """Processor, cores, the flags that matter, GPU, and how much else was running."""
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text() if cpuinfo.exists() else ""
    fields = dict(line.split(":", 1) for line in text.split("\n\n")[0].splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    flags = fields.get("flags", fields.get("Features", "")).split()
    torch = sys.modules.get("torch")
    gpu = torch.cuda.get_device_name() if torch is not None and torch.cuda.is_available() else None
    return {
        "processor": fields.get("model name", platform.processor() or platform.machine()),
        "cores": os.cpu_count(),
        "flags": [flag for flag in FLAGS if flag in flags],
        "gpu": gpu,
        "load": round(os.getloadavg()[0], 1),
    }


def versions() -> dict[str, str]:
    """Of Python and of the packages that the figures depend on."""
    found = {"python": platform.python_version(), "bineego": bineego.__version__}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def command_line() -> str:
    """The call, without folders that only this machine has."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    words = [spec.name if spec is not None else Path(sys.argv[0]).name]
    given = iter(sys.argv[1:])
    for word in given:
        if word == "--json":
            next(given, None)
        else:
            words.append(Path(word).name if Path(word).is_absolute() else word)
    return " ".join(["python -m", *words])


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A test video of 30 frames a second."""

    name: str
    width: int
    height: int
    codec: str = "libx264"
    seconds: int
    variable: bool = False


RATE = 30


def write_clip(clip: Clip, path: Path, *, keyint: int = 250) -> Path:
    """Encode a test video, with B-frames and key frames up to `keyint` frames apart."""
    options = {"preset": "veryfast", "crf": "23"}
    if clip.codec == "libx265":
        options = {"preset": "superfast", "crf": "25", "x265-params": f"log-level=none:bframes=4:keyint={keyint}"}
    else:
        options["x264-params"] = f"bframes=3:keyint={keyint}"
    ticks = np.arange(clip.seconds * RATE) * 1000 // RATE
    if clip.variable:
        ticks = np.cumsum(np.random.default_rng(1).integers(10, 57, len(ticks)))
    with av.open(str(path), "w") as output:
        stream = cast(VideoStream, output.add_stream(clip.codec, rate=RATE, options=options))
        stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for planes, tick in zip(_pictures(clip), ticks.tolist(), strict=True):
            frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
            frame.pts, frame.time_base = tick, Fraction(1, 1000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def _pictures(clip: Clip, seed: int = 0) -> Iterator[np.ndarray]:
    """Planes of a panning texture (noise at many scales, the finer the weaker) under the noise of a sensor."""
    rng = np.random.default_rng(seed)
    height, width, margin = clip.height, clip.width, 256
    wide = np.zeros((height + margin, width + margin), np.float32)
    for step in (128, 64, 32, 16, 8, 4, 2):
        coarse = rng.normal(0, step**0.7, (len(wide) // step + 2, wide.shape[1] // step + 2)).astype(np.float32)
        wide += cv2.resize(coarse, None, fx=step, fy=step)[: len(wide), : wide.shape[1]]
    texture = np.clip(127 + 50 * wide / wide.std(), 16, 235).astype(np.uint8)
    noise = np.clip(rng.normal(0, 2.0, (height + 64, width + 64)), -8, 8).astype(np.int8)
    for number in range(clip.seconds * RATE):
        x, y = (int(margin / 2 * (1 + f(number / 60))) for f in (np.sin, np.cos))
        luma = texture[y : y + height, x : x + width].copy()
        dy, dx = rng.integers(0, 64, 2)
        np.add(luma, noise[dy : dy + height, dx : dx + width], out=luma, casting="unsafe")
        u = luma[::2, ::2]
        yield np.concatenate([luma.ravel(), u.ravel(), (255 - u).ravel()]).reshape(height * 3 // 2, width)
