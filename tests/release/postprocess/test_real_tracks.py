"""Decoding that is never worse than the paper's: real score tracks of other programs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.accuracy import real_tracks


def test_a_fit_is_nowhere_below_the_published_decoder(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = ["real_tracks", str(shared / "goldens" / "tracks"), "--json", str(tmp_path / "result.json")]
    monkeypatch.setattr(sys, "argv", call)
    real_tracks.main()
    rows = {name: cells for name, *cells in json.loads((tmp_path / "result.json").read_text())["rows"]}
    paper, fitted = rows["paper"][::2], rows["fitted on the other folds"][::2]
    assert paper == pytest.approx([0.088, 0.292, 0.104, 0.231, 0.135], abs=5e-4)
    assert all(mine >= theirs for mine, theirs in zip(fitted, paper, strict=True))
