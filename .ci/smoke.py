"""The commands of an installed bineego on something tiny, in the current folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bineego.synth import write_dataset

TRAIN = (
    "--trunk", "mobilenet_v2", "--init", "random", "--size", "16", "--frames", "2", "--interval", "1",
    "--epochs", "1", "--batch-size", "8", "--workers", "0", "--jobs", "1", "--device", "cpu",
)  # fmt: skip


def bineego(*arguments: str) -> str:
    """What a command writes to standard output; an exit code other than 0 ends the script."""
    return subprocess.run(
        [sys.executable, "-m", "bineego", *arguments], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


Path("truth.csv").write_text("video_id,label,start,end\nv,run,0,10\nv,run,20,30\n")
Path("found.csv").write_text("video_id,label,start,end,score\nv,run,0,10,0.9\nv,run,40,50,0.8\nv,run,20,28,0.7\n")
# By hand: hit, miss, hit. At 0.5 and 0.75 the second recall step has precision 2/3, at 0.95 there is only the first.
final = json.loads(bineego("evaluate", "truth.csv", "found.csv", "--json"))["final"]
assert abs(final - (5 / 6 + 5 / 6 + 1 / 2) / 3) < 1e-9, final

write_dataset(Path("data"), recordings=4, seconds=8.0, size=(128, 64), jobs=1)
run = bineego("train", "data", "--name", "tiny", *TRAIN).strip()
table = bineego("localize", "data", "--subset", "val", "--model", run, "-o", "out").strip()
assert Path(table).read_text().startswith("video_id,label,start,end,score"), table
