"""A run of the interval head, which is the report's network: a data set in, a run folder with a trained model out."""

from __future__ import annotations

import contextlib
from pathlib import Path

from lightning_fabric import Fabric

from bineego.datasets.recording import Dataset
from bineego.toml import to_toml
from bineego.training import tensorboard
from bineego.training.clips import Clips
from bineego.training.device import first_then_all, launched, on_first
from bineego.training.finish import fit_and_finish
from bineego.training.guard import lost_readers
from bineego.training.head_choice import check_trunk
from bineego.training.log import RunLog
from bineego.training.loop import Loop, loss_columns
from bineego.training.memory import check_memory
from bineego.training.optimiser import freeze
from bineego.training.options import RunOptions
from bineego.training.prepare import TrainingPlan, gather, plan
from bineego.training.recipe import Head, Recipe
from bineego.training.result import RunResult
from bineego.training.resume import check_data, saved_state
from bineego.training.run_folder import choose_folder, keep_best, keep_latest, open_folder, write_init
from bineego.training.sampling import Sampler
from bineego.training.start import first_state, in_use, model_card, new_network
from bineego.training.validation import HeldOut, validate
from bineego.tsm.card import ModelCard
from bineego.tsm.weights import init_trunk
from bineego.types import OnProgress


def train_interval(
    dataset: Dataset | Path | str,
    *,
    name: str | None,
    recipe: Recipe,
    options: RunOptions,
    planned: TrainingPlan | None = None,
    on_progress: OnProgress | None = None,
    on_frames: OnProgress | None = None,
) -> RunResult:
    """Train the report's network; see `bineego.training.train`, whose parameters these are.

    Args:
        planned: what `plan` said, if it was asked.
    """
    check_trunk(recipe.trunk)
    if options.tensorboard:
        tensorboard.check_installed()
    with launched(options, recipe.precision) as fabric:
        chosen = planned or first_then_all(fabric, plan, dataset, recipe, options)
        default = f"{chosen.dataset.name}-{recipe.trunk}-t{recipe.interval:g}"
        folder = on_first(fabric, choose_folder, options, name, default)
        saved = first_then_all(fabric, saved_state, folder, to_toml(recipe), options)
        network = new_network(chosen, recipe)
        init = on_first(fabric, init_trunk, network, recipe.init, labels=chosen.labels) if saved is None else None
        state = saved or first_state(network, recipe, chosen.task, init)
        recipe = in_use(recipe, chosen.task, state)
        freeze(network, recipe)
        on_first(fabric, check_memory, network.config, recipe, fabric.device, fabric.world_size)
        told = on_frames if fabric.is_global_zero else None
        material = first_then_all(fabric, gather, chosen, recipe, options, told)
        on_first(fabric, check_data, state, material.fingerprint, folder)
        learnt = {"head": str(Head.INTERVAL), **to_toml(recipe)}
        on_first(fabric, open_folder, folder, dataset, chosen.split, options, learnt, state.origin)
        if init is not None:
            on_first(fabric, write_init, folder, init)
        loop = Loop(
            fabric=fabric,
            network=network,
            recipe=recipe,
            task=chosen.task,
            clips=Clips(material.samples, material.cache, recipe, material.panoramas),
            sampler=Sampler.of(material.samples.keys(chosen.task), recipe),
            folder=folder,
            state=state,
            on_progress=on_progress,
        )
        log = RunLog(folder, state, loss_columns(chosen.task), chosen.task, recipe, events=options.tensorboard)
        card = model_card(folder.name, chosen, material, recipe, options, state.origin, fabric)
        _learn(fabric, loop, log, card, material.held)
        figures = fit_and_finish(fabric, folder, card, material.held, held_out=chosen.held_out)
        return RunResult(
            folder=folder.path,
            model=folder.model,
            best_epoch=state.best_epoch,
            figures=figures,
            recipe=recipe,
            is_first=fabric.is_global_zero,
        )


def _learn(fabric: Fabric, loop: Loop, log: RunLog, card: ModelCard, held: HeldOut) -> None:
    """All epochs that are left: validate, keep, log; then the loop saves its state. In this order, so that a crash
    between any two repeats them."""
    with lost_readers(), contextlib.closing(loop.epochs()) as epochs:
        for epoch in epochs:
            result = validate(epoch.network, card, held, fabric.device) if epoch.due else None
            if not fabric.is_global_zero:
                continue
            if result is not None and loop.is_best(result):
                keep_best(loop.folder, epoch, card, result, held)
            log.add(epoch, result)
            keep_latest(loop.folder, epoch.network, card, log.latest())
