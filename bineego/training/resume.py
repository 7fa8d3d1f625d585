"""Going on with a run: the state to begin with, and whether recipe and data are still those of that run."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from bineego.errors import InputInvalid, UsageError
from bineego.runs import RunFolder
from bineego.toml import to_toml
from bineego.training import checkpoint
from bineego.training.checkpoint import RunState
from bineego.training.options import RunOptions, TrainCall
from bineego.training.recipe import Head

log = logging.getLogger(__name__)

CHANGEABLE = frozenset({"workers", "save_minutes"})
"""Fields of the recipe that may differ when a run is resumed: they do not change what is learnt."""


def saved_state(folder: RunFolder, given: Mapping[str, Any], options: RunOptions) -> RunState | None:
    """The state to resume from; None at the beginning.

    Args:
        given: the recipe to resume with, plain values.

    Raises:
        UsageError: the state is gone, or the run began under another recipe.
        ModelError: it cannot be read.
    """
    if not options.resume or not _has_state(folder):
        return None
    state = checkpoint.load(folder.last)
    _check_recipe(state, given, folder)
    step = f", step {state.step}" if state.step else ""
    log.info("resuming run %r: epoch %d%s", folder.name, state.epoch + 1, step)
    return state


def _has_state(folder: RunFolder) -> bool:
    if (folder.last / checkpoint.NAME).exists():
        return True
    if folder.model.exists():  # the state is written before any model
        raise UsageError(
            f"the checkpoint to resume from, last/{checkpoint.NAME}, is missing",
            where=folder.path,
            remedy="train under another --name, or with --overwrite",
        )
    log.info("run %r was interrupted before its first checkpoint: starting over", folder.name)
    return False


def _check_recipe(state: RunState, given: Mapping[str, Any], folder: RunFolder) -> None:
    """A run is resumed with the recipe it began with.

    Raises:
        UsageError: another one is given.
    """
    recipe = (
        to_toml(TrainCall()) | state.recipe
    )  # options that were not there yet when the run began have their defaults
    resolved = recipe | state.resolved
    for key in {**given, **state.recipe}:
        if key not in CHANGEABLE and given.get(key) not in (recipe.get(key), resolved.get(key)):
            raise UsageError(
                f"{key} was {resolved.get(key)} when this run began, but is now {given.get(key)}",
                where=folder.path,
                remedy=f"resume with the same flags (or none), or {_anew(given, folder)}",
            )


def _anew(given: Mapping[str, Any], folder: RunFolder) -> str:
    """How to train with other flags: an interval head can begin with the weights of the run."""
    name = f"--name {folder.name}2"
    if given.get("head") == Head.TEMPORAL:
        return f"train anew with {name}"
    return f"continue from its weights with --init {folder.path} {name}"


def check_data(state: RunState, fingerprint: str, folder: RunFolder) -> None:
    """A run goes on with the data it began with; one that begins, takes these.

    Raises:
        InputInvalid: they have changed.
    """
    state.data = state.data or fingerprint
    if state.data != fingerprint:
        raise InputInvalid(
            "the data set has changed since this run began: other videos or labels",
            where=folder.path,
            remedy="start over with --overwrite or another --name",
        )
