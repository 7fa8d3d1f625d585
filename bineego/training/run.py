"""The public verb: a data set in, a run folder with a trained model out."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

from bineego.config import part, takes, to_toml
from bineego.datasets.recording import Dataset
from bineego.training import run_folder, tensorboard
from bineego.training.checkpoint import RunState
from bineego.training.clips import Clips
from bineego.training.device import first_then_all, launched, on_first
from bineego.training.fit import fit_and_finish
from bineego.training.head_choice import asked_head, check_trunk, default_head
from bineego.training.log import RunLog, unfitted
from bineego.training.loop import Loop, loss_columns
from bineego.training.memory import check_memory
from bineego.training.optimiser import freeze
from bineego.training.options import RunOptions, TrainCall, train_call
from bineego.training.prepare import TrainingPlan, gather, plan
from bineego.training.recipe import Head, Recipe
from bineego.training.result import RunResult
from bineego.training.resume import check_data, saved_state
from bineego.training.run_lock import runs_freed
from bineego.training.sampling import Sampler, expected_draws
from bineego.training.start import decided, decided_before, model_card, new_network, origin_of
from bineego.training.temporal.run import FeatureChoice, train_head
from bineego.training.validation import validate
from bineego.tsm.model_file import save_model
from bineego.tsm.weights import init_trunk
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
        on_progress: called with (steps done, steps of all epochs).
        on_frames: called while the frame cache is built, or features are made.
        given: see `TrainCall`: `name`, `trunk`, `frames`, `epochs`, `device`, `resume` ...

    Raises:
        UsageError: a wrong option, or the run exists.
        InputMissing, InputInvalid: the data set; also a training that diverges.
        ModelError: weights to start from, or a state to resume, that cannot be used.
        ResourceExhausted: memory or disk.
    """
    call = train_call(given, recipe, options)
    name, recipe, options = call.name, part(Recipe, call), part(RunOptions, call)
    head, planned = asked_head(call), None
    if head is None:
        planned = plan(dataset, recipe, options)
        head = default_head(planned.train_seconds)
    if head is Head.TEMPORAL:
        return train_head(
            dataset,
            name=name,
            recipe=recipe,
            choice=FeatureChoice(trunk=call.trunk, kinds=call.kinds, folder=call.features),
            options=options,
            planned=planned,
            on_progress=on_progress,
            on_features=on_frames,
        )
    return train_network(
        dataset,
        name=name,
        recipe=recipe,
        options=options,
        planned=planned,
        on_progress=on_progress,
        on_frames=on_frames,
    )


def train_network(
    dataset: Dataset | Path | str,
    *,
    name: str | None,
    recipe: Recipe,
    options: RunOptions,
    planned: TrainingPlan | None = None,
    on_progress: OnProgress | None = None,
    on_frames: OnProgress | None = None,
) -> RunResult:
    """Train the report's network, clip by clip; see `train`, whose parameters these are.

    Args:
        planned: what `plan` said, if it was asked.
    """
    check_trunk(recipe.trunk)
    if options.tensorboard:
        tensorboard.check_installed()
    with launched(options, recipe.precision) as fabric:
        is_first = fabric.is_global_zero
        chosen = planned or first_then_all(fabric, plan, dataset, recipe, options)
        default = f"{chosen.dataset.name}-{recipe.trunk}-t{recipe.interval:g}"
        folder = on_first(fabric, run_folder.choose_folder, options, name, default)
        state = saved_state(fabric, folder, recipe, options)
        asked, network, report = to_toml(recipe), new_network(chosen, recipe), None
        if state is None:
            report = on_first(fabric, init_trunk, network, recipe.init, labels=chosen.labels)
            recipe = decided(recipe, chosen.task, report)
            origin = origin_of(report, recipe)
        else:
            recipe, origin = decided_before(recipe, chosen.task, state), state.origin
        freeze(network, recipe)
        on_first(fabric, check_memory, network.config, recipe, fabric.device, fabric.world_size)
        material = first_then_all(fabric, gather, chosen, recipe, options, on_frames if is_first else None)
        if state is not None:
            on_first(fabric, check_data, state, material.fingerprint, folder)
        card = model_card(folder.name, chosen, material, recipe, options, origin, fabric)
        on_first(fabric, run_folder.open_folder, folder, dataset, chosen, options, recipe, origin)
        if report is not None:
            on_first(fabric, run_folder.write_init, folder, report)
        state = state or RunState(
            recipe=asked,
            resolved=to_toml(recipe),
            data=material.fingerprint,
            network=network.state_dict(),
            optimiser={},
            origin=origin,
        )
        samples, held = material.samples, material.held
        expected = expected_draws(
            samples.keys(chosen.task), class_balance=recipe.class_balance, background_ratio=recipe.background_ratio
        )
        loop = Loop(
            fabric=fabric,
            network=network,
            recipe=recipe,
            task=chosen.task,
            clips=Clips(samples, material.cache, recipe, material.panoramas),
            sampler=Sampler(expected=expected, batch_size=recipe.batch_size, seed=recipe.seed),
            folder=folder,
            state=state,
            on_progress=on_progress,
        )
        log = RunLog(
            folder, state, loss_columns(chosen.task), chosen.task, epochs=recipe.epochs, events=options.tensorboard
        )
        with contextlib.closing(loop.epochs()) as epochs:
            for epoch in epochs:
                result = validate(epoch.network, card, held, fabric.device) if epoch.due else None
                if not is_first:
                    continue
                if result is not None and loop.is_best(result):
                    metrics = {**unfitted(result.figures), "epoch": epoch.number}
                    save_model(folder.model, epoch.network, dataclasses.replace(card, metrics=metrics))
                    run_folder.write_validation(folder, result, held)
                log.add(
                    epoch.number, epoch.lr, epoch.losses, result,
                    seconds=epoch.seconds, ended=epoch.ended, waited=epoch.waited,
                )  # fmt: skip
                save_model(folder.last_model, epoch.network, dataclasses.replace(card, metrics=log.latest()))
        figures = fit_and_finish(fabric, folder, card, held, held_out=chosen.held_out)
        return RunResult(
            folder=folder.path,
            model=folder.model,
            best_epoch=state.best_epoch,
            figures=figures,
            recipe=recipe,
            is_first=is_first,
        )
