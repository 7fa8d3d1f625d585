"""Decoding that is never worse than the paper's: real score tracks of other programs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.accuracy import real_tracks


def test_default_and_fit_are_nowhere_below_the_published_decoder(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = ["real_tracks", str(shared / "goldens" / "tracks"), "--json", str(tmp_path / "result.json")]
    monkeypatch.setattr(sys, "argv", call)
    real_tracks.main()  # ends with an error if any is below
    rows = {name: cells for name, *cells in json.loads((tmp_path / "result.json").read_text())["rows"]}
    paper = rows["paper"][::2]
    assert paper == pytest.approx([0.088, 0.292, 0.104, 0.231, 0.135], abs=5e-4)
    for name in ("default", "default chosen on the others", "fitted on the other folds"):
        assert all(mine >= theirs for mine, theirs in zip(rows[name][::2], paper, strict=True)), name
