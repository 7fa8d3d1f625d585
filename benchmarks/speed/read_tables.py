"""How fast tables of 500,000 rows are read, beside the checkout of another commit.

    git worktree add ../before COMMIT
    python -m benchmarks.speed.read_tables --against ../before

Processor seconds of processes of their own, in turns, so that what else the machine does falls on both alike.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.common import Cell, Spread, ask_in_turn, parser, ratio, report, usage_of

HOME = Path(__file__).parents[2]
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
    """Of reading a table once, warm."""
    call = [sys.executable, "-c", READ, str(table), kind, str(small)]
    return float(usage_of(call, cwd=checkout, env={"PYTHONPATH": str(checkout)}).out)


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--against", type=Path, help="another checkout")
    made.add_argument("--rows", type=int, default=500_000)
    made.add_argument("--rounds", type=int, default=5)
    call = made.parse_args()
    if call.dry:
        call.rows, call.rounds = 1_000, 1
    rows: list[list[Cell]] = []
    checkouts = {"here": HOME} | ({"before": call.against.resolve()} if call.against else {})
    with tempfile.TemporaryDirectory() as scratch:
        files = write(Path(scratch), call.rows, seed=0)
        for name, kind in (("predictions", "predictions"), ("labels", "labels"), ("quoted", "predictions")):
            small = files["labels"] if kind == "labels" else files["small"]
            sides = {side: partial(seconds, place, files[name], kind, small) for side, place in checkouts.items()}
            times = ask_in_turn(sides, call.rounds)
            before = times.get("before")
            rows.append([name, Spread.of(times["here"]).median, before and ratio(times["here"], before).cell])
    columns = {"table": "", "CPU s": ".2f", "times the other checkout": ".2f"}
    report(call, columns, rows, note=f"{call.rows:,} rows.")


if __name__ == "__main__":
    main()
