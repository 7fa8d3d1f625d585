"""How far it is from a command to the work."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

import bineego
from bineego.cli import app
from bineego.tsm.inference_network import InferenceNetwork

HOME = str(Path(bineego.__file__).parent)
MOST = 9
"""Frames of ours from the command to the network, both counted."""


def test_from_localize_to_the_network(
    make_video: Callable[..., Path], model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = make_video(tmp_path / "walk.mp4", seconds=1.0)
    seen: list[list[str]] = []
    call: Callable[..., object] = InferenceNetwork.__call__

    def watched(self: InferenceNetwork, *args: object) -> object:
        stack = [frame for frame in traceback.extract_stack() if frame.filename.startswith(HOME)]
        seen.append([f"{Path(frame.filename).relative_to(HOME)}: {frame.name}" for frame in stack])
        return call(self, *args)

    monkeypatch.setattr(InferenceNetwork, "__call__", watched)
    monkeypatch.setattr(
        sys, "argv", ["bineego", "localize", str(video), "--model", str(model_file), "-o", str(tmp_path / "out")]
    )
    with pytest.raises(SystemExit) as end:
        app.main()
    assert end.value.code in (0, None)
    assert seen
    assert len(seen[0]) + 1 <= MOST, "\n".join(seen[0])
