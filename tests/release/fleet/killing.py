"""Processes that are killed at random moments of their work: those that were started here, and their descendants."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from release.faults.conftest import command, environment

WORKERS = ("bineego.workers", "ray::Actor")
"""What stands in the command line of a process that scores."""


@dataclass
class Tally:
    """What was done to the runs."""

    runs: int = 0
    kills: dict[str, int] = field(default_factory=lambda: {"driver": 0, "worker": 0})
    codes: list[int] = field(default_factory=list)
    seconds: float = 0.0


def kill_at_random(args: list[str], out: Path, kills: int, seed: int, *, pause: float = 3.0) -> Tally:
    """Run a command again and again until so many of its processes were killed (SIGKILL) while it worked."""
    rng, tally, start = np.random.default_rng(seed), Tally(), time.monotonic()
    driver: subprocess.Popen[bytes] | None = None
    while sum(tally.kills.values()) < kills:
        if driver is None:
            tally.runs += 1
            before = count(out)
            driver = subprocess.Popen(
                command(*args), cwd=out.parent, env=environment(HOME=str(out.parent)), stderr=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )  # fmt: skip
        # Once it has workers or results, it works; a driver is killed before, too.
        early = rng.random() < 0.2
        while driver.poll() is None and not early and count(out) == before and not workers_of(driver.pid):
            time.sleep(0.1)
        time.sleep(float(rng.uniform(0, pause)))
        if driver.poll() is None:
            workers = workers_of(driver.pid)
            kind = "worker" if workers and rng.random() < 0.75 else "driver"
            victim = int(rng.choice(workers)) if kind == "worker" else driver.pid
            try:
                subprocess.run(["kill", "-9", str(victim)], check=True, capture_output=True)
            except subprocess.CalledProcessError:
                continue  # it has just ended by itself
            tally.kills[kind] += 1
            before = count(out)
        if driver.poll() is not None or (workers and victim == driver.pid):
            tally.codes.append(driver.wait())
            driver = None
    if driver is not None:
        tally.codes.append(driver.wait())
    tally.seconds = time.monotonic() - start
    return tally


def count(out: Path) -> int:
    """Results that are there."""
    return len(list(out.glob(".bineego/results/*.json")))


def workers_of(pid: int) -> list[int]:
    """Descendants of a process that score."""
    return sorted(child for child in descendants(pid) if any(name in line_of(child) for name in WORKERS))


def descendants(pid: int) -> Iterator[int]:
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(path.parent.name))
    queue = [pid]
    while queue:
        children = parents.get(queue.pop(), [])
        yield from children
        queue += children


def line_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def last_run(args: list[str], out: Path) -> subprocess.CompletedProcess[str]:
    """The same command once more, undisturbed."""
    return subprocess.run(
        command(*args), cwd=out.parent, env=environment(HOME=str(out.parent)), capture_output=True, text=True,
        check=False, timeout=1200,
    )  # fmt: skip
