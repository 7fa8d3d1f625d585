"""What the soak has found, row by row, in benchmarks/results/soak.json, from which docs/reliability.md is made."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.common import described, to_json

RESULT = Path(__file__).parents[2] / "benchmarks" / "results" / "soak.json"
COLUMNS = {"done": "", "times": ",", "failed": ",", "remarks": ""}


def note(done: str, times: int, failed: int, remarks: str = "") -> None:
    """Put one row into the result, in the place of an earlier one of the same."""
    rows = json.loads(RESULT.read_text())["rows"] if RESULT.exists() else []
    rows = [row for row in rows if row[0] != done] + [[done, times, failed, remarks]]
    result = described("python -m pytest -m soak", COLUMNS, sorted(rows), recorded="by the script")
    RESULT.write_text(to_json(result), encoding="utf-8")
