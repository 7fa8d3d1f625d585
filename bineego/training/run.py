"""The public verb: a data set in, a run folder with a trained model out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bineego.config import build, takes
from bineego.datasets.recording import Dataset
from bineego.errors import UsageError
from bineego.features.npy import feature_files
from bineego.heads.options import TemporalPart
from bineego.progress import shown
from bineego.training.head_choice import asked_head, default_head
from bineego.training.interval import train_interval
from bineego.training.options import RunOptions, TrainCall, train_call
from bineego.training.prepare import plan
from bineego.training.recipe import Head, Recipe
from bineego.training.result import RunResult
from bineego.training.run_lock import runs_freed
from bineego.training.temporal.choice import FeatureChoice
from bineego.training.temporal.run import train_temporal
from bineego.types import OnProgress


@takes(TrainCall)
@runs_freed()
def train(
    dataset: Dataset | Path | str,
    *,
    recipe: Recipe | Path | str | None = None,
    options: RunOptions | None = None,
    on_progress: OnProgress | None = None,
    on_frames: OnProgress | None = None,
    **given: Any,
) -> RunResult:
    """Train a model.

    Args:
        dataset: a DATASET path in any form, or an opened one.
        recipe: what and how to learn, at once: a recipe, or the name or file of one; keywords win.
        options: where it takes place, at once; keywords win.
        on_progress: called with (steps done, steps of all epochs); a notebook shows a bar where it is left out.
        on_frames: called while the frame cache is built, or features are made; likewise.
        given: see `TrainCall`: `name`, `trunk`, `frames`, `epochs`, `device`, `resume` ...

    Raises:
        UsageError: a wrong option, or the run exists.
        InputMissing, InputInvalid: the data set; also a training that diverges.
        ModelError: weights to start from, or a state to resume, that cannot be used.
        ResourceExhausted: memory or disk.
    """
    call = train_call(given, recipe, options)
    recipe, options = build(Recipe, call), build(RunOptions, call)
    on_progress, on_frames = shown("training", on_progress), shown("reading videos", on_frames)
    head, planned = asked_head(call), None
    given_features = feature_files(call.features) if head is not Head.INTERVAL else {}
    if given_features:
        _check_given(call)
        head, planned = Head.TEMPORAL, plan(dataset, recipe, options, given_features)
    if head is None:
        planned = plan(dataset, recipe, options)
        head = default_head(planned.train_seconds)
    if head is Head.TEMPORAL:
        return train_temporal(
            dataset,
            name=call.name,
            recipe=recipe,
            choice=FeatureChoice(trunk=call.trunk, kinds=call.kinds, folder=call.features, given=bool(given_features)),
            options=options,
            own=build(TemporalPart, call),
            planned=planned,
            on_progress=on_progress,
            on_features=on_frames,
        )
    if len(options.view) > 1:
        raise UsageError("an interval head is trained on one view", where="--view", remedy="add --head temporal")
    return train_interval(
        dataset,
        name=call.name,
        recipe=recipe,
        options=options,
        planned=planned,
        on_progress=on_progress,
        on_frames=on_frames,
    )


def _check_given(call: TrainCall) -> None:
    """
    Raises:
        UsageError: an option about how features are made, and they are given.
    """
    trunk = call.given.get("trunk")
    if trunk is not None and trunk.file is None:
        raise UsageError(
            f"the features in {call.features} are made already, by whatever network",
            where="--trunk",
            remedy="leave it out, or name an empty folder with --features",
        )
