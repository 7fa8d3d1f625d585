"""Small data sets of empty files: nothing here decodes a video."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

MakeFolder = Callable[..., Path]


@pytest.fixture
def x360(tmp_path: Path) -> MakeFolder:
    """Writes a 360+x folder: `x360(videos=("a",), annotated={"a": [("x", 0, 1)]}, index=[{"uuid": "a"}])`."""

    def make(
        *,
        videos: Sequence[str] = (),
        annotated: dict[str, list[tuple[str, float, float]]] | None = None,
        index: object = None,
        clips: Sequence[tuple[str, str]] = (),
        name: str = "set",
    ) -> Path:
        folder = tmp_path / name
        for uuid in videos:
            touch(folder / "panoramic" / f"{uuid}.mp4")
        for uuid, clip in clips:
            touch(folder / "monocular" / uuid / f"{clip}.mp4")
        for uuid, rows in (annotated or {}).items():
            metadata = {str(i): {"duration": [s, e], "action": {"1": a}} for i, (a, s, e) in enumerate(rows)}
            path = touch(folder / "TAL_annotations" / f"{uuid}.json")
            path.write_text(json.dumps({"metadata": metadata}))
        if index is not None:
            touch(folder / "index.json").write_text(index if isinstance(index, str) else json.dumps(index))
        return folder

    return make


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path
