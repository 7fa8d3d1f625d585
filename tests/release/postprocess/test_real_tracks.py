"""Decoding that is never worse than the paper's: real score tracks of other programs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).parents[3]


def test_a_fit_is_nowhere_below_the_published_decoder(shared: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.accuracy.real_tracks", str(shared / "goldens" / "tracks")],
        cwd=HOME, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    paper, fitted = (
        [float(cell.split()[0]) for cell in line.split("|")[2:-1]]
        for name in ("paper", "fitted on the other folds")
        for line in done.stdout.splitlines()
        if line.startswith(f"| {name} |")
    )
    assert paper == [0.088, 0.292, 0.104, 0.231, 0.135]
    assert all(mine >= theirs for mine, theirs in zip(fitted, paper, strict=True))
