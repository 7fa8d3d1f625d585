"""A run of the temporal head: a data set in, a run folder with a trained model out."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from pathlib import Path
from typing import Any

from bineego.datasets.recording import Dataset
from bineego.heads.options import HeadRecipe, TemporalPart
from bineego.heads.temporal import HeadEnsemble
from bineego.training import tensorboard
from bineego.training.checkpoint import RunState
from bineego.training.device import one_device
from bineego.training.finish import finish
from bineego.training.log import RunLog
from bineego.training.options import RunOptions
from bineego.training.prepare import TrainingPlan, at_hand, plan
from bineego.training.recipe import Recipe
from bineego.training.repeatable import one_thread, repeatable
from bineego.training.result import RunResult
from bineego.training.resume import check_data, saved_state
from bineego.training.run_folder import choose_folder, keep_latest, open_folder
from bineego.training.temporal.answers import answer
from bineego.training.temporal.choice import FeatureChoice
from bineego.training.temporal.finish import fit_head
from bineego.training.temporal.fit import HeadFit
from bineego.training.temporal.loop import HeadLoop, loss_columns
from bineego.training.temporal.material import HeadMaterial, gather
from bineego.training.temporal.model import head_card, head_config, network_config, whole_network
from bineego.training.temporal.supply import supply
from bineego.training.untaught import report_covered
from bineego.training.validation import Validation, judge
from bineego.tsm.card import ModelCard
from bineego.tsm.feature_network import FeatureSource
from bineego.types import OnProgress


def train_temporal(
    dataset: Dataset | Path | str,
    *,
    name: str | None,
    recipe: Recipe,
    choice: FeatureChoice,
    options: RunOptions,
    own: TemporalPart,
    planned: TrainingPlan | None = None,
    on_progress: OnProgress | None = None,
    on_features: OnProgress | None = None,
) -> RunResult:
    """Train a temporal head; see `bineego.training.train`, whose parameters these are.

    Args:
        choice: the features that it is trained on.
        own: the options of this head alone.
        planned: what `plan` said, if it was asked.
        on_features: called while features are made.
    """
    device = one_device(options)
    if options.tensorboard:
        tensorboard.check_installed()
    with repeatable():
        chosen = planned or plan(dataset, recipe, options)
        report_covered(chosen.train, recipe.labels)
        folder = choose_folder(options, name, f"{chosen.dataset.name}-temporal")
        learnt = choice.learnt(recipe, own)
        saved = saved_state(folder, learnt, options)
        if saved is not None and choice.kinds is None:
            choice = dataclasses.replace(choice, kinds=tuple(saved.origin["kinds"]))
        supplied = supply(choice, chosen, options, device, at_hand(dataset, options), on_features)
        shared: dict[str, Any] = {"epochs": recipe.epochs, "scene_weight": recipe.scene_weight, "seed": recipe.seed}
        head = HeadRecipe(**shared, **dataclasses.asdict(own))
        material = gather(chosen, supplied, recipe, head.members)
        kinds = list(material.projection.kinds)
        state = saved or RunState(recipe=learnt, resolved=learnt, network={}, optimiser={}, origin={"kinds": kinds})
        check_data(state, material.fingerprint, folder)
        network = network_config(material, head_config(chosen, material, recipe), supplied.rate, supplied.source)
        card = head_card(folder.name, chosen, material, network, supplied.made, options, learnt, device)
        folds, jobs = material.folds, options.jobs or os.cpu_count() or 1
        fit = HeadFit(network.head, folds.examples, folds.of, head, device, network.directions, jobs)
        if saved is None:
            facts = {"init": supplied.origin, "kinds": kinds}
            open_folder(folder, dataset, chosen.split, options, {"features": choice.folder, **learnt}, facts)
        with one_thread():
            loop = HeadLoop(fit, recipe, folder, state, on_progress)
            log = RunLog(folder, state, loss_columns(chosen.task), chosen.task, recipe, events=options.tensorboard)
            _learn(loop, log, card, material, supplied.source)
            ensemble = fit.ensemble()
            fitted = fit_head(ensemble, chosen, material, card)
            final = _judge(ensemble, fitted.on(card), material)
            whole, held_out = whole_network(ensemble, card, material, supplied.source), chosen.held_out
            figures = finish(folder, whole, card, fitted, final, material.held, epoch=fit.epoch, held_out=held_out)
        return RunResult(
            folder=folder.path, model=folder.model, best_epoch=fit.epoch, figures=dict(figures), recipe=recipe
        )


def _learn(loop: HeadLoop, log: RunLog, card: ModelCard, material: HeadMaterial, source: FeatureSource | None) -> None:
    """All epochs that are left: validate, log, keep; then the loop saves its state. In this order, so that a crash
    between any two repeats them."""
    with contextlib.closing(loop.epochs()) as epochs:
        for epoch in epochs:
            log.add(epoch, _judge(epoch.network, card, material) if epoch.due else None)
            network = whole_network(epoch.network, card, material, source)
            keep_latest(loop.folder, network, card, log.latest())


def _judge(head: HeadEnsemble, card: ModelCard, material: HeadMaterial) -> Validation:
    return judge([answer(head, example, card) for example in material.val], material.held)
