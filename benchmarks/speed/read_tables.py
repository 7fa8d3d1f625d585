"""How fast tables of 500,000 rows are read, beside the checkout of another commit.

    git worktree add ../before COMMIT
    python -m benchmarks.speed.read_tables --against ../before

Both are timed in turns, each in a process of its own, so that what else the machine does falls on both alike.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

READ = """
import sys, time
from pathlib import Path
from bineego.formats.read import read_annotations, read_predictions
reader = read_predictions if sys.argv[2] == "predictions" else read_annotations
reader(Path(sys.argv[3]))  # imports, and the file in memory
start = time.process_time()
reader(Path(sys.argv[1]))
print(time.process_time() - start)
"""


def write(folder: Path, rows: int, seed: int) -> dict[str, Path]:
    """Tables of predictions and of labels, plain and with a label that needs quotes, and a small one to warm up on."""
    rng = np.random.default_rng(seed)
    starts = rng.uniform(0, 600, rows)
    ends, scores = starts + rng.uniform(0.5, 20, rows), rng.uniform(0, 1, rows)
    videos, labels = rng.integers(0, 2000, rows), rng.integers(0, 100, rows)
    files = {name: folder / f"{name}.csv" for name in ("predictions", "labels", "quoted", "small")}
    texts: dict[str, list[str]] = {name: [] for name in files}
    for i, (video, label, start, end, score) in enumerate(
        zip(videos.tolist(), labels.tolist(), starts.tolist(), ends.tolist(), scores.tolist(), strict=True)
    ):
        row = f"video {video:05d},class {label},{start!r},{end!r}"
        texts["predictions"].append(f"{row},{score!r}\n")
        texts["labels"].append(f"{row}\n")
        texts["quoted"].append(f'video {video:05d},"class, {label}",{start!r},{end!r},{score!r}\n')
        if i < 100:
            texts["small"].append(texts["predictions"][-1])
    for name, path in files.items():
        header = "video_id,label,start,end" + ("" if name == "labels" else ",score")
        path.write_text(header + "\n" + "".join(texts[name]), encoding="utf-8")
    return files


def seconds(checkout: Path, table: Path, kind: str, small: Path) -> float:
    """Processor seconds of reading a table once, warm."""
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    call = [sys.executable, "-c", READ, str(table), kind, str(small)]
    return float(subprocess.run(call, env=environment, cwd=checkout, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--repeats", type=int, default=5)
    call = parser.parse_args()
    here = Path(__file__).resolve().parents[2]
    with tempfile.TemporaryDirectory() as place:
        files = write(Path(place), call.rows, seed=0)
        for name, kind in (("predictions", "predictions"), ("labels", "labels"), ("quoted", "predictions")):
            small = files["labels"] if kind == "labels" else files["small"]
            mine, other = [], []
            for _ in range(call.repeats):
                mine.append(seconds(here, files[name], kind, small))
                if call.against:
                    other.append(seconds(call.against.resolve(), files[name], kind, small))
            text = f"{name}: {np.median(mine):.2f} s for {call.rows:,} rows"
            print(
                f"{text}, before {np.median(other):.2f} s, ratio {np.median(mine) / np.median(other):.2f}"
                if other
                else text
            )


if __name__ == "__main__":
    main()
