"""What all benchmarks share: their call, sides that take turns, processes of their own, results as JSON, test videos.

    python -m benchmarks.speed.NAME --dry                                        # tiny sizes: does it run?
    python -m benchmarks.speed.NAME --json benchmarks/results/NAME.json          # what `benchmarks.tables` reads

A result is one table: `columns` (name -> number format, "" for words) and `rows` of words, numbers, null, or
[median, smallest, largest] of several rounds; beside them what was called, when, on which machine, with which versions.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import importlib.metadata
import itertools
import json
import logging
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import av
import cv2
import numpy as np

import bineego

Side = Callable[[], float]
"""What is measured: called for one round, it tells the seconds of it."""
Runs = Mapping[str, Callable[..., object]]
Name = TypeVar("Name")
Cell = str | float | None | Sequence[float]

FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "bf16", "sve")
"""Of the processor, as far as they decide how fast networks are."""
PACKAGES = ("torch", "numpy", "pandas", "av", "opencv-python-headless")


def parser(doc: str | None, *, rounds: int | None = None) -> argparse.ArgumentParser:
    """The parser of a script whose docstring is `doc`; `rounds` is the default where sides take turns."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--dry", action="store_true", help="tiny sizes, whose figures mean nothing: does it run?")
    made.add_argument("--json", type=Path, help="also write the result here")
    if rounds is not None:
        made.add_argument("--rounds", type=int, default=rounds)
    return made


def asked(made: argparse.ArgumentParser, *, level: int = logging.WARNING, **dry: Any) -> argparse.Namespace:
    """The call; a dry run is of one round, and of what `dry` says. `level` is of the package's log."""
    call = made.parse_args()
    vars(call).update({"rounds": 1, **dry} if call.dry else {})
    logging.getLogger("bineego").setLevel(level)
    return call


def timed(clock: Callable[[], float], run: Callable[..., object], *arguments: object) -> Side:
    """A side that runs something.

    Args:
        clock: `time.process_time` counts the CPU seconds of this process (all its threads), which other programs
            hardly disturb; `time.perf_counter` the seconds that pass.
    """

    def seconds() -> float:
        start = clock()
        run(*arguments)
        return clock() - start

    return seconds


def in_turn(sides: Mapping[Name, Side], rounds: int, *, warm_up: int = 0) -> dict[Name, list[float]]:
    """Seconds of every side in every round, after `warm_up` rounds that do not count.

    What slows the machine for a while slows all sides of a round.
    """
    for side in [*sides.values()] * warm_up:
        side()
    found = [{name: side() for name, side in sides.items()} for _ in range(rounds)]
    return {name: [each[name] for each in found] for name in sides}


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Median, smallest and largest of the rounds, for a cell of the table."""
    return statistics.median(values), min(values), max(values)


def ratio(peer: Sequence[float], ours: Sequence[float]) -> tuple[float, float, float]:
    """How many times as long the peer takes as ours, round by round."""
    return spread([theirs / mine for theirs, mine in zip(peer, ours, strict=True)])


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a process took: CPU seconds, user and system, of all threads; `peak` MiB resident."""

    cpu: float
    peak: float


def usage_of(command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Usage:
    """Run a command to its end; its standard output is dropped."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | (env or {}), cwd=cwd) as run:
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    return Usage(cpu=usage.ru_utime + usage.ru_stime, peak=usage.ru_maxrss / 1024)


_RUNS: dict[str, Callable[..., object]] = {}
"""What this process is there to run."""


def own_process(build: Callable[..., Runs] = dict, *arguments: object) -> ProcessPoolExecutor:
    """A process of its own, whose imports, settings and memory no other side shares: `build` makes there what
    `elsewhere` times."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=spawn, initializer=_begin, initargs=(build, arguments))


def elsewhere(own: ProcessPoolExecutor, name: str, *arguments: object) -> Side:
    """A side that runs in such a process: the seconds that pass there."""
    return lambda: own.submit(_run, name, arguments).result()


def _begin(build: Callable[..., Runs], arguments: Sequence[object]) -> None:
    _RUNS.update(build(*arguments))


def _run(name: str, arguments: Sequence[object]) -> float:
    return timed(time.perf_counter, _RUNS[name], *arguments)()


def apart(function: Callable[..., Any], *arguments: object, own: ProcessPoolExecutor | None = None) -> Any:
    """What a function returns in a process of its own: in this one, else in a new one."""
    with contextlib.nullcontext(own) if own else own_process() as process:
        return process.submit(function, *arguments).result()


def peak_memory() -> float:
    """MiB of this program alone: `getrusage` counts the process that started it where that was larger (Linux)."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


def report(
    call: argparse.Namespace, columns: Mapping[str, str], rows: Sequence[Sequence[Cell]], *, note: str = ""
) -> None:
    """Print the table as Markdown and, with `--json FILE`, write the result.

    Args:
        columns: names, each with the format of its numbers.
        note: one sentence about how it was measured.
    """
    result = described(command_line(), columns, rows, recorded="dry run" if call.dry else "by the script", note=note)
    print("\n".join(markdown(result)), flush=True)
    if call.json:
        call.json.write_text(to_json(result), encoding="utf-8")


def described(
    command: str, columns: Mapping[str, str], rows: Sequence[Sequence[Cell]], *, recorded: str, note: str = ""
) -> dict[str, Any]:
    """A result: a table, and where it comes from."""
    return {
        "command": command,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(),
        "versions": versions(),
        "recorded": recorded,
        "note": note,
        "columns": dict(columns),
        "rows": [list(row) for row in rows],
    }


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
    forms = columns.values()
    texts = [[cell_text(cell, form) for cell, form in zip(row, forms, strict=True)] for row in result["rows"]]
    return [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns), *(f"| {' | '.join(row)} |" for row in texts)]


def cell_text(cell: Cell, form: str) -> str:
    """A cell as people read it."""
    if cell is None or isinstance(cell, str):
        return cell or ""
    if isinstance(cell, int | float):
        return format(cell, form)
    median, low, high = (format(value, form) for value in cell)
    return median if low == high else f"{median} ({low}-{high})"


def machine() -> dict[str, Any]:
    """Processor, cores, the flags that matter, GPU, and how much else was running."""
    lines = (line.partition(":") for line in Path("/proc/cpuinfo").read_text().splitlines())
    fields = {key.strip(): value.strip() for key, _, value in lines}
    flags = fields.get("flags", fields.get("Features", "")).split()
    torch = sys.modules.get("torch")
    return {
        "processor": fields.get("model name", platform.machine()),
        "cores": os.cpu_count(),
        "flags": [flag for flag in FLAGS if flag in flags],
        "gpu": torch.cuda.get_device_name() if torch is not None and torch.cuda.is_available() else None,
        "load": round(os.getloadavg()[0], 1),
    }


def versions() -> dict[str, str]:
    """Of Python and of the packages that the figures depend on."""
    found = {"python": platform.python_version(), "bineego": bineego.__version__}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
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


RATE = 30


def write_clip(
    path: Path, width: int, height: int, seconds: int, *, hevc: bool = False, variable: bool = False
) -> Path:
    """Encode a test video with B-frames, H.264 or `hevc`: 30 frames a second, or at times that vary."""
    options = {"preset": "veryfast", "crf": "23", "x264-params": "bframes=3"}
    if hevc:
        options = {"preset": "superfast", "crf": "25", "x265-params": "log-level=none:bframes=4"}
    ticks = np.arange(seconds * RATE) * 1000 // RATE
    if variable:
        ticks = np.cumsum(np.random.default_rng(1).integers(10, 57, len(ticks)))
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx265" if hevc else "libx264", rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for tick, planes in zip(ticks.tolist(), _pictures(width, height), strict=False):
            frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
            frame.pts, frame.time_base = tick, Fraction(1, 1000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def _pictures(width: int, height: int) -> Iterator[np.ndarray]:
    """Planes of a panning texture (noise at many scales, the finer the weaker) under a sensor's noise, without end."""
    rng, margin = np.random.default_rng(0), 256
    wide = np.zeros((height + margin, width + margin), np.float32)
    for step in (128, 64, 32, 16, 8, 4, 2):
        coarse = rng.normal(0, step**0.7, (len(wide) // step + 2, wide.shape[1] // step + 2)).astype(np.float32)
        wide += cv2.resize(coarse, None, fx=step, fy=step)[: len(wide), : wide.shape[1]]
    texture = np.clip(127 + 50 * wide / wide.std(), 16, 235).astype(np.uint8)
    noise = np.clip(rng.normal(0, 2.0, (height + 64, width + 64)), -8, 8).astype(np.int8)
    for number in itertools.count():
        x, y = (int(margin / 2 * (1 + f(number / 60))) for f in (np.sin, np.cos))
        luma = texture[y : y + height, x : x + width].copy()
        dy, dx = rng.integers(0, 64, 2)
        np.add(luma, noise[dy : dy + height, dx : dx + width], out=luma, casting="unsafe")
        u = luma[::2, ::2]
        yield np.concatenate([luma.ravel(), u.ravel(), (255 - u).ravel()]).reshape(height * 3 // 2, width)
