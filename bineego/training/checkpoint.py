"""The state of a run between two steps: everything that exact continuation needs, in one file that is never half.

There is no random state in it: all chance is a pure function of (seed, epoch, sample) (`bineego.training.randomness`).
The learning rate is a pure function of the step. The file is replaced by rename, so that the one before it is there
until the new one is whole.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bineego.config import Source
from bineego.errors import ModelError
from bineego.files import atomic_stream
from bineego.plain import plain
from bineego.runs import OLD_COLUMNS
from bineego.training.options import TrainCall

NAME = "state.pt"
FORMAT = 1


@dataclass(kw_only=True)
class RunState:
    """A run between two steps.

    Attributes:
        recipe: the recipe as it was asked for, plain values.
        resolved: the recipe in use, plain values.
        data: fingerprint of the training set; empty until it is known.
        network: state dict, as trained.
        optimiser: state dict; empty before the first save.
        origin: what the run started from, plain values.
        average: state of the moving average of the weights; empty without one.
        epoch: the epoch under way, from 0.
        step: steps of it that are done.
        sums: running sums of the epoch's log, in the loop's order.
        rows: rows of log.csv so far.
        best: best validation score so far; None before the first.
        best_epoch: its epoch.
        stale: validations since.
        seconds: time spent on the epoch under way so far.
    """

    recipe: dict[str, Any]
    resolved: dict[str, Any]
    data: str = ""
    network: dict[str, Tensor]
    optimiser: dict[str, Any]
    origin: dict[str, Any] = field(default_factory=dict)
    average: dict[str, Any] = field(default_factory=dict)
    epoch: int = 0
    step: int = 0
    sums: list[float] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    best: float | None = None
    best_epoch: int = 0
    stale: int = 0
    seconds: float = 0.0


def save(state: RunState, folder: Path) -> None:
    """Write `folder`/state.pt; killed at any moment, the one before it is still there.

    Raises:
        ResourceExhausted: the disk is full.
    """
    content = {"format": FORMAT} | {f.name: getattr(state, f.name) for f in fields(state)}
    with atomic_stream(folder / NAME) as stream:
        torch.save(content, stream)


def load(folder: Path) -> RunState:
    """Read `folder`/state.pt, on the CPU; nothing in the file is run.

    Raises:
        ModelError: it is not there, damaged, or of another version.
    """
    path = folder / NAME
    for left_over in folder.glob(f".{NAME}.*.tmp"):
        left_over.unlink(missing_ok=True)
    remedy = "start over with --overwrite"
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ModelError(
            "nothing to resume: the run has not saved a checkpoint yet", where=path, remedy=remedy
        ) from error
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError, zipfile.BadZipFile, ValueError) as error:
        raise ModelError(f"cannot be read ({type(error).__name__})", where=path, remedy=remedy) from error
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise ModelError("not a checkpoint of this version", where=path, remedy=remedy)
    if "begun" in content:  # of version 0.1
        content["origin"] = content.pop("begun")
    content["rows"] = [
        {OLD_COLUMNS.get(name, name): value for name, value in row.items()} for row in content.get("rows", [])
    ]
    try:
        state = RunState(**content)
    except TypeError as error:
        raise ModelError(f"not a checkpoint ({error})", where=path, remedy=remedy) from error
    return replace(state, recipe=_of_today(state.recipe), resolved=_of_today(state.resolved))


def _of_today(saved: Mapping[str, Any]) -> dict[str, Any]:
    """Options that an earlier version saved, under their present names and as they are written now."""
    return {name: plain(value) for name, value in Source(TrainCall, saved).values.items()}
