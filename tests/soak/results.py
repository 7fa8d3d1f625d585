"""What the soak has found, row by row, in benchmarks/results/soak.json, from which docs/reliability.md is made."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

from benchmarks.common import machine, to_json, versions

RESULT = Path(__file__).parents[2] / "benchmarks" / "results" / "soak.json"
COLUMNS = {"done": "", "times": ",", "failed": ",", "remarks": ""}


def note(done: str, times: int, failed: int, remarks: str = "") -> None:
    """Put one row into the result, in the place of an earlier one of the same."""
    rows = json.loads(RESULT.read_text())["rows"] if RESULT.exists() else []
    rows = [row for row in rows if row[0] != done] + [[done, times, failed, remarks]]
    result = {
        "command": "python -m pytest -m soak",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(),
        "versions": versions(),
        "recorded": "by the script",
        "note": "",
        "columns": COLUMNS,
        "rows": sorted(rows),
    }
    RESULT.write_text(to_json(result), encoding="utf-8")
