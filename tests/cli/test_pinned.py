"""Every flag, TOML key, Python keyword, default and exit code of version 0.1, pinned.

`data/pinned-0.1.json` was made from the code of version 0.1. What differs from it stands in `ANNOUNCED`, and nothing
else may; what is new is no difference.
"""

from __future__ import annotations

import functools
import inspect
import json
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import typer

import bineego
from bineego import config, errors
from bineego.cli.app import app
from bineego.datasets.options import ExtractCall
from bineego.ensembling.options import EnsembleCall
from bineego.evaluation.options import EvaluateCall
from bineego.inference.options import LocalizeCommand
from bineego.training.options import TrainCall

PINNED = json.loads((Path(__file__).parent / "data" / "pinned-0.1.json").read_text())

ANNOUNCED: dict[str, tuple[object, object]] = {
    # One spelling of switches everywhere: --no-keep-aspect.
    "extract-frames --square": ("switch", "gone"),
    # The default is the folder that `train` uses, and says so.
    "[extract-frames] output": (None, ".bineego/frames"),
    "bineego.extract_frames(output)": ("required", None),
    # Several views: one text is still one view.
    "[train] view": ("panoramic", ["panoramic"]),
    "[localize] view": ("panoramic", ["panoramic"]),
    "bineego.localize(view)": ("panoramic", ["panoramic"]),
    # Called `format`, like the flag; the old name still works.
    "bineego.localize(formats)": (["csv"], "gone"),
    # What --head interval trains without more: a network that fits everywhere.
    "[train] trunk": ("resnet50", "efficientnet_lite0"),
    "bineego.train(trunk)": ("resnet50", "efficientnet_lite0"),
    "[train] size": (256, 160),
    "bineego.train(size)": (256, 160),
    # Batches are computed in parts of a fixed size.
    "[train] accumulate": (1, None),
    "bineego.train(accumulate)": (1, None),
    # Fitted for the model in training, with the other choices of decoding; without a fit the same as before.
    "[localize] method": ("viterbi", None),
    "[localize] candidates": (False, None),
    # One as before; on a Ray cluster, as many as it has room for.
    "[localize] jobs": (1, None),
    "bineego.localize(jobs)": (1, None),
    # The defaults of the method, told.
    "bineego.ensemble(bridge)": (None, 0.0),
    "bineego.ensemble(pooling)": (None, "linear"),
}
"""What was announced: place -> (version 0.1, now)."""

CALLS: dict[str, type] = {
    "ensemble": EnsembleCall,
    "evaluate": EvaluateCall,
    "extract-frames": ExtractCall,
    "localize": LocalizeCommand,
    "train": TrainCall,
}


@functools.cache
def now() -> dict[str, object]:
    """Place -> what stands there: flat, so that a difference is one line."""
    found: dict[str, object] = {}
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name, command in sorted(commands.items()):
        for parameter in command.params:
            for spelling in (*parameter.opts, *parameter.secondary_opts):
                kind = parameter.param_type_name
                found[f"{name} {spelling}"] = "switch" if getattr(parameter, "is_flag", False) else kind
    for name, cls in CALLS.items():
        for option in config.options(cls).values():
            for key in (option.name, *option.was):
                found[f"[{name}] {key}"] = plain(option.default)
    for verb in bineego.__all__:
        for parameter in inspect.signature(getattr(bineego, verb)).parameters.values():
            required = parameter.default is inspect.Parameter.empty
            found[f"bineego.{verb}({parameter.name})"] = "required" if required else plain(parameter.default)
    for error in vars(errors).values():
        if inspect.isclass(error) and issubclass(error, errors.BineegoError):
            found[f"exit code of {error.__name__}"] = error.exit_code
    for name in ("EXIT_BUG", "EXIT_SIGINT", "EXIT_SIGTERM"):
        found[f"exit code {name}"] = getattr(errors, name)
    return found


def plain(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case Path():
            return str(value)
        case tuple() | list():
            return [plain(item) for item in value]
        case _:
            return value


@pytest.mark.parametrize("place", PINNED)
def test_nothing_of_version_0_1_changes_unannounced(place: str) -> None:
    before, after = ANNOUNCED.get(place, (PINNED[place], PINNED[place]))
    assert before == PINNED[place]
    assert now().get(place, "gone") == after


if __name__ == "__main__":
    print(json.dumps(now(), indent=0))
