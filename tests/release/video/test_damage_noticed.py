"""How much of the damage that changes pictures or times is noticed, of 300 mutations of files of six codecs.

    PYTHONPATH=.:tests python tests/video/mutating.py FOLDER benchmarks/results/damage.json

writes the shares that docs/localize.md tells.
"""

from __future__ import annotations

from pathlib import Path

from video.mutating import examined, measure, read, shares


def test_shares_noticed(tmp_path: Path) -> None:
    found = shares(measure(tmp_path, of_each=25, seed=2))
    assert found["alarms of clean files"] == 0
    assert found["shares"]["all"]["harmful"] > 0.6 * found["mutations"]
    assert found["shares"]["all"]["read"] >= 0.84, found
    assert found["shares"]["all"]["strict"] >= 0.92, found


def test_no_false_alarm(shared: Path) -> None:
    """The 60 smallest videos of many makes; two are known to be damaged."""
    endings, damaged = (".mp4", ".avi", ".mkv", ".webm", ".mov"), ("corrupted.mp4", "result.webm")
    files = [path for path in (shared / "data").rglob("*") if path.suffix in endings and path.name not in damaged]
    small = sorted(files, key=lambda path: path.stat().st_size)[:60]
    assert [path.name for path in small if read(path)[1] or examined(path)] == []
