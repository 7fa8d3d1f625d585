from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bineego.errors import InputInvalid
from bineego.training import Recipe, RunOptions
from bineego.training.prepare import gather, plan


def test_annotations_in_milliseconds_are_refused(
    make_dataset: Callable[..., Path], recipe: Recipe, options: RunOptions
) -> None:
    folder = make_dataset(2)
    for path in (folder / "TAL_annotations").iterdir():
        document = json.loads(path.read_text())
        for row in document["metadata"].values():
            row["duration"] = [1000 * second for second in row["duration"]]
        path.write_text(json.dumps(document))
    with pytest.raises(InputInvalid, match=r"no annotated segment lies inside its video.*4\.00 s long"):
        gather(plan(folder, recipe, options), recipe, options)
