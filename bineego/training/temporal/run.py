"""A run of the temporal head: a data set in, a run folder with a trained model out."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import time
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bineego import features, files, words
from bineego.config import to_toml
from bineego.datasets.recording import Dataset
from bineego.datasets.split import write_split
from bineego.errors import UsageError
from bineego.heads.config import HeadConfig
from bineego.heads.options import HeadRecipe
from bineego.heads.temporal import HeadEnsemble
from bineego.inference.temporal import projection_layers
from bineego.postprocess import fit_decoder
from bineego.runs import RunFolder, find_model
from bineego.tracks import Activation
from bineego.training import checkpoint, run_folder, tensorboard
from bineego.training.checkpoint import RunState
from bineego.training.device import environment, repeatable
from bineego.training.fit import calibrate, last_line
from bineego.training.head_choice import OF_BOTH
from bineego.training.interrupt import Interrupt
from bineego.training.log import RunLog, unfitted
from bineego.training.options import RunOptions
from bineego.training.prepare import TrainingPlan, plan
from bineego.training.recipe import Head, Labels, Recipe
from bineego.training.result import RunResult
from bineego.training.resume import check_data, read_state
from bineego.training.run_folder import choose_folder
from bineego.training.temporal.answers import answer, truth_of_lines, unseen, unseen_lines
from bineego.training.temporal.fit import HeadFit
from bineego.training.temporal.material import HeadMaterial, gather, temporal_config
from bineego.training.untaught import report_covered
from bineego.training.validation import judge
from bineego.tsm.allocator import keep_memory
from bineego.tsm.card import ModelCard
from bineego.tsm.config import Precision, Trunk
from bineego.tsm.device import choose_device
from bineego.tsm.feature_network import FeatureSource, imagenet_source, trained_source
from bineego.tsm.model_file import save_model
from bineego.tsm.temporal_network import TemporalNetwork
from bineego.types import OnProgress

log = logging.getLogger(__name__)

SIZE = 128
"""Pixels of the frames whose features are taken, unless a trained run says otherwise."""

LOSSES = {
    "action_loss": "actions", "smoothing_loss": "smoothing", "boundary_loss": "boundaries",
    "proposal_loss": "proposals", "distance_loss": "distances", "scene_loss": "scenes",
}  # fmt: skip
"""Columns of log.csv and the parts of the loss that they hold."""


@dataclass(frozen=True, kw_only=True)
class FeatureChoice:
    """Which features a head is trained on.

    Attributes:
        trunk: whose: an image network with ImageNet's weights, or a trained run.
        kinds: which; None = a screen chooses.
        folder: where feature tracks are kept.
    """

    trunk: str = features.FeatureOptions().trunk
    kinds: tuple[str, ...] | None = None
    folder: Path = Path(".bineego/features")

    @property
    def asked(self) -> tuple[str, ...]:
        """The kinds that may be needed."""
        return self.kinds or tuple(str(kind) for kind in features.Kind)


def train_head(
    dataset: Dataset | Path | str,
    *,
    name: str | None,
    recipe: Recipe,
    choice: FeatureChoice,
    options: RunOptions,
    planned: TrainingPlan | None = None,
    on_progress: OnProgress | None = None,
    on_features: OnProgress | None = None,
) -> RunResult:
    """Train a temporal head; see `bineego.training.train`, whose parameters these are.

    Args:
        choice: the features that it is trained on.
        planned: what `plan` said, if it was asked.
        on_features: called while features are made.
    """
    check_one_process(options)
    if options.tensorboard:
        tensorboard.check_installed()
    with repeatable():
        device = choose_device(options.device)
        if device.type == "cpu":
            keep_memory()
        chosen = planned or plan(dataset, recipe, options)
        report_covered(chosen.train, recipe.labels)
        default = f"{chosen.dataset.name}-temporal"
        folder = choose_folder(options, name, default)
        table = _table(recipe, choice)
        state = read_state(folder, table) if options.resume else None
        kinds = choice.kinds or (tuple(state.origin["kinds"]) if state is not None else None)
        source, frames = _source(choice)
        tracks = features.extract(
            {video: path for r in (*chosen.train, *chosen.val) for video, path in r.videos.items()},
            frames,
            kinds=kinds or choice.asked,
            cache=choice.folder,
            jobs=options.jobs,
            device=device.type,
            on_progress=on_features,
        )
        head = _head_recipe(recipe)
        material = gather(chosen, tracks, kinds, recipe, head.folds)
        if state is not None:
            check_data(state, material.fingerprint, folder)
        run = _Run(
            folder=folder,
            card=_card(folder.name, chosen, material, recipe, frames, source, device, options, table),
            chosen=chosen,
            material=material,
            recipe=recipe,
            source=source,
            events=options.tensorboard,
        )
        fit = HeadFit(run.config.head, material.folds.examples, material.folds.of, head, device)
        if state is None:
            _open_folder(run, dataset, choice, options, table)
            state = RunState(
                recipe=table,
                resolved=table,
                data=material.fingerprint,
                network={},
                optimiser=fit.state(),
                origin={"kinds": list(material.projection.kinds)},
            )
            checkpoint.save(state, folder.last)
        else:
            fit.load(state.optimiser)
        with one_thread():
            run.loop(fit, state, on_progress)
            return run.finish(fit)


def _table(recipe: Recipe, choice: FeatureChoice) -> dict[str, Any]:
    """What a run learns and how, as plain values."""
    kinds = {} if choice.kinds is None else {"kinds": [str(kind) for kind in choice.kinds]}
    shared = {name: value for name, value in to_toml(recipe).items() if name in OF_BOTH}
    return {"head": str(Head.TEMPORAL), "trunk": str(choice.trunk), **kinds, **shared}


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Within the block, PyTorch computes in one thread: a head's layers are so small that two threads wait for each
    other longer than they work, on a busy machine a hundred times as long."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def check_one_process(options: RunOptions) -> None:
    """Refuse several devices: a head takes minutes on one.

    Raises:
        UsageError: there are several.
    """
    if options.devices * options.nodes > 1 or int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UsageError(
            "the temporal head is trained by one process, which takes minutes",
            where="--devices",
            remedy="leave out --devices, --nodes and torchrun, or train the report's network with --head interval",
        )


def _head_recipe(recipe: Recipe) -> HeadRecipe:
    return HeadRecipe(epochs=recipe.epochs, scene_weight=recipe.scene_weight, seed=recipe.seed)


def _source(choice: FeatureChoice) -> tuple[FeatureSource | None, features.FeatureOptions]:
    """The trunk, if a kind needs one, and how features are made with it."""
    if choice.trunk in list(Trunk):
        frames = features.FeatureOptions(trunk=choice.trunk, size=SIZE)
        needed = any(features.Kind(kind).needs_network for kind in choice.asked)
        return (imagenet_source(Trunk(choice.trunk)) if needed else None), frames
    path = find_model(choice.trunk)
    source = trained_source(path)
    own = source.frames or features.FeatureOptions().frames
    return source, features.FeatureOptions(trunk=choice.trunk, size=own.size, keep_aspect=own.keep_aspect)


def _card(
    name: str,
    chosen: TrainingPlan,
    material: HeadMaterial,
    recipe: Recipe,
    frames: features.FeatureOptions,
    source: FeatureSource | None,
    device: torch.device,
    options: RunOptions,
    table: Mapping[str, Any],
) -> ModelCard:
    needs = any(features.Kind(kind).needs_network for kind in material.projection.kinds)
    multi = recipe.labels is Labels.SEVERAL
    head = HeadConfig(
        n_features=material.projection.n_features,
        n_classes=chosen.labels.n_classes if chosen.task.has_actions else 0,
        n_scenes=len(chosen.labels.scenes),
        multi=multi,
        members=material.folds.n,
    )
    network = temporal_config(
        material,
        head,
        frames.rate,
        source.network.config if source is not None and needs else None,
        source.weights if source is not None and needs else "",
    )
    return ModelCard(
        name=name,
        network=network,
        labels=chosen.labels,
        interval=1 / frames.rate,
        frames=frames.frames,
        view=str(options.view),
        activation=Activation.SIGMOID if multi else Activation.SOFTMAX,
        priors=material.priors,
        training=table,
        data=dict(material.facts),
        environment=environment(device, 1, Precision.FP32),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Run:
    """A run under way."""

    folder: RunFolder
    card: ModelCard
    chosen: TrainingPlan
    material: HeadMaterial
    recipe: Recipe
    source: FeatureSource | None
    events: bool

    @property
    def config(self) -> Any:
        return self.card.network

    def loop(self, fit: HeadFit, state: RunState, on_progress: OnProgress | None) -> None:
        """All epochs that are left; the state is saved after each of them. A signal ends the one under way."""
        epochs, n_steps = self.recipe.epochs, fit.n_steps
        run_log = RunLog(self.folder, state, self._losses(), self.chosen.task, epochs=epochs, events=self.events)
        began_at = time.monotonic()
        with Interrupt() as interrupt:
            while fit.epoch < epochs:
                epoch, began = fit.epoch, time.monotonic()

                def told(done: int, before: int = epoch) -> bool:
                    if on_progress is not None:
                        on_progress(before * n_steps + done, epochs * n_steps)
                    if before == state.epoch == 0 and done == 1:
                        _tell_time(time.monotonic() - began_at, epochs * n_steps)
                    return interrupt.signum is not None

                losses = fit.run_epoch(told)
                if losses is None:
                    log.warning("interrupted in epoch %d; go on from its beginning with --resume", epoch + 1)
                    interrupt.pass_on(interrupt.signum or 0)
                    return
                self._end_epoch(fit, state, run_log, losses, time.monotonic() - began)
                if interrupt.signum is not None:
                    log.warning("interrupted after epoch %d; the state is saved: go on with --resume", fit.epoch)
                    interrupt.pass_on(interrupt.signum)
                    return

    def _end_epoch(
        self, fit: HeadFit, state: RunState, run_log: RunLog, losses: Mapping[str, float], seconds: float
    ) -> None:
        """Validate, write log and latest model, save: in this order, so that a crash between any two repeats them."""
        began = time.monotonic()
        due = fit.epoch % self.recipe.val_every == 0 or fit.epoch == self.recipe.epochs
        head = fit.ensemble()
        result = judge([answer(head, e, self.card) for e in self.material.val], self.material.held) if due else None
        figures = {} if result is None else unfitted(result.figures)
        values = {"loss": losses["loss"], **{column: losses[part] for column, part in LOSSES.items()}}
        run_log.add(fit.epoch, fit.lr(), values, result, seconds=seconds, ended=began)
        state.epoch, state.optimiser = fit.epoch, fit.state()
        latest = dataclasses.replace(self.card, metrics={"epoch": fit.epoch, **figures})
        save_model(self.folder.last_model, self._network(head), latest)
        checkpoint.save(state, self.folder.last)

    def _losses(self) -> list[str]:
        """Columns of log.csv that hold losses."""
        actions, scenes = self.config.n_classes > 0, self.config.n_scenes > 0
        return ["loss", *(name for name in LOSSES if (scenes if name == "scene_loss" else actions))]

    def finish(self, fit: HeadFit) -> RunResult:
        """Calibrate on what the members have not seen, judge by the held-out recordings, and complete the folder."""
        head = fit.ensemble()
        card, metrics = self._calibrated(head)
        result = judge([answer(head, e, card) for e in self.material.val], self.material.held)
        card = dataclasses.replace(card, metrics={"epoch": fit.epoch, **result.figures, **metrics})
        save_model(self.folder.model, self._network(head), card)
        run_folder.write_validation(self.folder, result, self.material.held)
        run_folder.write_figures(self.folder, result.figures)
        held_out = self.chosen.held_out
        log.info("%s", last_line(fit.epoch, result.figures, self.material.held, held_out=held_out))
        return RunResult(
            folder=self.folder.path,
            model=self.folder.model,
            best_epoch=fit.epoch,
            figures=dict(result.figures),
            recipe=self.recipe,
        )

    def _network(self, head: HeadEnsemble) -> TemporalNetwork:
        """The whole model."""
        with torch.device("meta"):
            network = TemporalNetwork(self.config)
        network.trunk = None if network.trunk is None or self.source is None else self.source.network.trunk
        network.projection = projection_layers(self.material.projection)
        network.head = head
        return network.eval()

    def _calibrated(self, head: HeadEnsemble) -> tuple[ModelCard, dict[str, float]]:
        """Temperature and decoding that suit what the members say of the examples they have not seen (without folds:
        of the held-out recordings), and the figures of the fit."""
        material, card = self.material, self.card
        if not self.chosen.task.has_actions:
            return card, {}
        tracks = unseen(head, material.folds, card)
        lines = unseen_lines(material.folds, material.lines)
        held = dataclasses.replace(material.held, timelines=lines, truth=truth_of_lines(lines, card.labels))
        if not tracks:
            if not self.chosen.held_out:
                log.info("no temperature is fitted: no recording is held out")
                return card, {}
            held = material.held
            tracks = [answer(head, e, card) for e in material.val]
        found = calibrate(tracks, held)
        if found is None:
            return card, {}
        log.info(
            "calibration: temperature %.3f; expected calibration error %.4f before, %.4f after",
            found.temperature, found.ece_before, found.ece_after,
        )  # fmt: skip
        metrics = {"ece_before": found.ece_before, "ece_after": found.ece_after}
        groups: Sequence[Hashable] = material.folds.known() or [track.video_id for track in tracks]
        fitted = fit_decoder([track.with_temperature(found.temperature) for track in tracks], held.truth, groups)
        if fitted is not None:
            log.info("decoding: %s", fitted.decoding)
            metrics |= fitted.figures
        decoding = None if fitted is None else fitted.decoding
        return dataclasses.replace(card, temperature=found.temperature, decoding=decoding), metrics


def _open_folder(
    run: _Run, dataset: Dataset | Path | str, choice: FeatureChoice, options: RunOptions, table: Mapping[str, Any]
) -> None:
    """Make the run's folder and write down what was decided."""
    if options.overwrite:
        run_folder.clear(run.folder)
    files.check_writable(run.folder.path)
    source = dataset.name if isinstance(dataset, Dataset) else str(dataset)
    place = {"videos": options.videos, "view": options.view, "cache": options.cache, "features": choice.folder}
    facts = {"init": f"frozen {choice.trunk}", "kinds": list(run.material.projection.kinds)}
    run_folder.write_config(run.folder, {"dataset": source, "name": run.folder.name, **place, **table}, options, facts)
    write_split(run.chosen.split, run.folder.split)


def _tell_time(seconds: float, n_steps: int) -> None:
    log.info("%.2f s for the first step: about %s for all", seconds, words.duration(seconds * n_steps))
