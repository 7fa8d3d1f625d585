"""Commands that are killed at random moments, or told to stop in every phase: the same command completes the work."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from release.faults.commands import Server, Started, kept

TRAIN = (
    "--trunk", "mobilenet_v2", "--init", "random", "--size", "16", "--frames", "2", "--epochs", "3",
    "--batch-size", "4", "--workers", "0", "--cache", "frames", "--device", "cpu", "--ema", "0.9",
)  # fmt: skip
COMMANDS: Mapping[str, list[str]] = {
    "train": ["train", "DATA", "--name", "r", *TRAIN, "--jobs", "1"],
    "train, two jobs": ["train", "DATA", "--name", "r", *TRAIN, "--jobs", "2"],
    "extract-frames": ["extract-frames", "VIDEOS", "-o", "out", "--size", "32", "--jobs", "1"],
    "extract-frames, two jobs": ["extract-frames", "VIDEOS", "-o", "out", "--size", "32", "--jobs", "2"],
    "localize": ["localize", "VIDEOS/0.mp4", "--model", "MODEL", "-o", "out", "--save-scores", "--format", "csv,json"],
    "localize, two jobs": ["localize", "VIDEOS", "--model", "MODEL", "-o", "out", "--save-scores", "--jobs", "2"],
    "ensemble": ["ensemble", "TRACKS", "TRACKS", "-o", "out/e.csv"],
}

GROWS = ("predictions.csv", "predictions.json", "scenes.csv")
"""Tables of all videos that are done: they differ until all are."""


@dataclass
class Victim:
    """A command, what it leaves undisturbed, and how long that takes.

    Attributes:
        line: the words of the command.
        expected: the files that it leaves, by name.
        seconds: how long it takes; only for moments to disturb it at.
    """

    name: str
    line: list[str]
    server: Server
    work: Path
    expected: dict[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0

    def measure(self) -> None:
        folder = self.work / "whole"
        folder.mkdir(parents=True)
        began = time.monotonic()
        done = self.server.run(*self.line, folder=folder)
        self.seconds = time.monotonic() - began
        assert done.wait() == 0, done.stderr
        self.expected = kept(folder)

    def start(self, folder: Path) -> Started:
        folder.mkdir(exist_ok=True)
        resumed = self.line[0] == "train" and (folder / "runs" / "r").exists()
        return self.server.start(*self.line, *(["--resume"] if resumed else []), folder=folder)

    def check(self, folder: Path) -> None:
        """What is there is whole, and what an undisturbed command leaves."""
        for name, found in kept(folder).items():
            if self.line[0] != "train" and Path(name).name not in GROWS:
                assert found == self.expected[name], f"{self.name}: {name} differs"

    def complete(self, folder: Path) -> None:
        """Run it to its end: all is as if it had never been disturbed."""
        last = self.start(folder)
        assert last.wait() == 0, f"{self.name}: {last.stderr}"
        self.compare(folder)

    def compare(self, folder: Path) -> None:
        """What is there is what an undisturbed command leaves."""
        found = kept(folder)
        assert found.keys() == self.expected.keys(), f"{self.name}: {found.keys() ^ self.expected.keys()}"
        differing = [name for name in found if found[name] != self.expected[name]]
        assert not differing, f"{self.name}: {differing} differ"


def kill(victim: Victim, count: int, rng: np.random.Generator) -> int:
    """SIGKILL at random moments until `count` of them have hit it at work; how many came after its end."""
    folder, hits, late = victim.work / "killed", 0, 0
    while hits < count:
        started = victim.start(folder)
        time.sleep(float(rng.uniform(0, victim.seconds)))
        started.kill(signal.SIGKILL)
        code = started.wait()
        assert code in (0, -signal.SIGKILL), started.stderr
        victim.check(folder)
        if code:
            hits += 1
            continue
        late += 1  # it was faster: again from the beginning
        assert late <= 5 * count, f"{victim.name} ends before it can be killed"
        victim.compare(folder)
        shutil.rmtree(folder)
    victim.complete(folder)
    return late


def stop(victim: Victim, number: signal.Signals, moments: int) -> tuple[int, float]:
    """A signal at evenly spaced moments, from the first to the last phase; how many hit, and the longest that any took
    to end."""
    folder, hits, longest = victim.work / f"stopped-{number}", 0, 0.0
    for moment in range(moments):
        started = victim.start(folder)
        time.sleep((moment + 0.5) / moments * victim.seconds)
        began = time.monotonic()
        started.kill(number)
        code = started.wait()
        longest = max(longest, time.monotonic() - began)
        assert code in (0, 128 + number, -number), f"{victim.name}, {number.name}: {code} {started.stderr}"
        assert "Traceback" not in started.stderr, started.stderr
        assert "a bug in bineego" not in started.stderr, started.stderr
        hits += code != 0
        victim.check(folder)
        if code == 0:
            victim.compare(folder)
            shutil.rmtree(folder)
    victim.complete(folder)
    return hits, longest
