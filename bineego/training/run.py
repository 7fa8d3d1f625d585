"""The public verb: a data set in, a run folder with a trained model out."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from bineego import files
from bineego.config import part, takes, to_toml
from bineego.datasets.recording import Dataset
from bineego.datasets.split import write_split
from bineego.errors import UsageError
from bineego.inference.options import ScoreOptions
from bineego.pictures.curves import write_curves
from bineego.postprocess import fit_decoder
from bineego.runs import RunFolder
from bineego.tracks import Activation
from bineego.training import run_folder, tensorboard
from bineego.training.bf16_check import validate_both
from bineego.training.checkpoint import RunState
from bineego.training.clips import Clips
from bineego.training.device import build_fabric, environment, repeatable
from bineego.training.head_choice import asked_head, check_trunk, default_head
from bineego.training.loop import Judge, Loop
from bineego.training.memory import check_memory
from bineego.training.optimiser import freeze
from bineego.training.options import RunOptions, TrainCall, train_call
from bineego.training.prepare import Material, Plan, gather, plan
from bineego.training.processes import first_then_all, launched, on_first
from bineego.training.randomness import Purpose, torch_seed
from bineego.training.recipe import Head, Labels, Recipe, default_lr, effective
from bineego.training.result import RunResult
from bineego.training.resume import check_data, saved_state
from bineego.training.run_folder import choose_folder
from bineego.training.run_lock import runs_freed
from bineego.training.sampling import Sampler, expected_draws
from bineego.training.temporal.run import FeatureChoice, train_head
from bineego.training.validation import (
    TIOU,
    Calibration,
    Validation,
    calibrate,
    judge,
    score_held_out,
    validate,
)
from bineego.tsm.allocator import keep_memory
from bineego.tsm.card import ModelCard
from bineego.tsm.device import choose_device
from bineego.tsm.model_file import load_model, save_model
from bineego.tsm.network import TSM
from bineego.tsm.precision import checked_precision, training_precision
from bineego.tsm.weights import InitReport, init_trunk
from bineego.types import OnProgress
from bineego.video.frames import FrameOptions

log = logging.getLogger(__name__)

FINER = 4
"""The decoder is fitted on intervals that start so many times a t: what an overlap repeats shows only there."""

TRAINED_HEAD_LR = 5.0
"""Rate of new heads against that of trained trunks (TSM)."""


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
    check_trunk(recipe.trunk)
    if options.tensorboard:
        tensorboard.check_installed()
    with repeatable():
        device = choose_device(options.device)
        if device.type == "cpu":
            keep_memory()
        fabric = build_fabric(options, recipe.precision)
        with launched(fabric):
            if not fabric.is_global_zero:
                logging.getLogger("bineego").setLevel(logging.ERROR)
            chosen = planned or first_then_all(fabric, lambda: plan(dataset, recipe, options))
            default = f"{chosen.dataset.name}-{recipe.trunk}-t{recipe.interval:g}"
            folder = RunFolder(on_first(fabric, lambda: _choose_path(options, name, default)))
            state = saved_state(fabric, folder, recipe, options)
            start = _start(fabric, chosen, recipe, state)
            network, resolved, begun = start.network, start.recipe, start.begun
            on_first(fabric, lambda: check_memory(network.config, resolved, fabric.device, fabric.world_size))
            material = first_then_all(
                fabric, lambda: gather(chosen, resolved, options, on_frames if fabric.is_global_zero else None)
            )
            if state is not None:
                on_first(fabric, functools.partial(check_data, state, material.fingerprint, folder))
            card = dataclasses.replace(
                _card(folder.name, chosen, material, resolved, options, begun),
                environment=environment(
                    fabric.device, fabric.world_size, training_precision(resolved.precision, device)
                ),
            )
            on_first(fabric, lambda: _open_folder(folder, dataset, chosen, options, start))
            state = state or RunState(
                recipe=to_toml(recipe),
                resolved=to_toml(resolved),
                data=material.fingerprint,
                network=network.state_dict(),
                optimiser={},
                begun=begun,
            )
            run = _Run(
                folder=folder,
                card=card,
                material=material,
                recipe=resolved,
                fabric=fabric,
                state=state,
                tensorboard=options.tensorboard,
            )
            run.loop(network, chosen, on_progress)
            return run.finish(chosen)


def _choose_path(options: RunOptions, name: str | None, default: str) -> Path:
    """The run's folder, checked: free (or to be resumed or replaced), in a place that can be written to."""
    folder = choose_folder(options.runs, name, default, resume=options.resume, overwrite=options.overwrite)
    files.check_writable(options.runs)
    return folder.path


@dataclass(frozen=True, kw_only=True, eq=False)
class _Start:
    """The network to begin with, the recipe with everything decided, what there is to say about them, and what became
    of the weights (None for a run that goes on)."""

    network: TSM
    recipe: Recipe
    begun: dict[str, Any]
    report: InitReport | None = None


def _start(fabric: Fabric, chosen: Plan, recipe: Recipe, state: RunState | None) -> _Start:
    """What a run begins with; the weights that come in are those of the first process."""
    torch.manual_seed(torch_seed(Purpose.INIT, recipe.seed))
    network = TSM(chosen.network_config(recipe))
    if state is not None:
        freeze(network, recipe)
        values = {f.name: state.resolved.get(f.name) for f in dataclasses.fields(recipe)}
        resolved = dataclasses.replace(recipe, task=chosen.task, lr=values["lr"], head_lr=values["head_lr"])
        return _Start(network=network, recipe=resolved, begun=state.begun)
    report = on_first(fabric, lambda: init_trunk(network, recipe.init, labels=chosen.labels))
    pretrained, summary = report.kind != "random", report.summary()
    freeze(network, recipe)
    lr = recipe.lr if recipe.lr is not None else default_lr(recipe.optimizer, pretrained=pretrained)
    head_lr = recipe.head_lr if recipe.head_lr is not None else TRAINED_HEAD_LR if pretrained else 1.0
    resolved = dataclasses.replace(recipe, task=chosen.task, lr=lr, head_lr=head_lr)
    if not pretrained and recipe.init == "random":
        log.info("weights: random, as asked for; small data sets learn much better with --init imagenet")
    elif pretrained:
        log.info("weights: %s", summary)
    log.info("%s", effective(resolved))
    begun: dict[str, Any] = {"init": summary, "effective_lr": resolved.effective_lr}
    if report.sha256 is not None:
        begun["init_sha256"] = report.sha256
    return _Start(network=network, recipe=resolved, begun=begun, report=report)


def _card(
    name: str, chosen: Plan, material: Material, recipe: Recipe, options: RunOptions, begun: Mapping[str, Any]
) -> ModelCard:
    multi = recipe.labels is Labels.SEVERAL
    return ModelCard(
        name=name,
        network=chosen.network_config(recipe),
        labels=chosen.labels,
        interval=recipe.interval,
        clip_duration=recipe.clip_duration,
        frames=FrameOptions(size=recipe.size, keep_aspect=recipe.keep_aspect),
        view=str(options.view),
        activation=Activation.SIGMOID if multi else Activation.SOFTMAX,
        priors=material.priors,
        training=to_toml(recipe) | {"begun": dict(begun)},
        data=material.facts,
    )


def _open_folder(
    folder: RunFolder,
    dataset: Dataset | Path | str,
    chosen: Plan,
    options: RunOptions,
    start: _Start,
) -> None:
    """Make the run's folder and write down what was decided."""
    if options.overwrite:
        run_folder.clear(folder)
    files.check_writable(folder.path)
    source = dataset.name if isinstance(dataset, Dataset) else str(dataset)
    place = {"videos": options.videos, "view": options.view, "cache": options.cache}
    run_folder.write_config(
        folder,
        {"dataset": source, "name": folder.name, **place, "head": str(Head.INTERVAL), **to_toml(start.recipe)},
        options,
        start.begun,
    )
    write_split(chosen.split, folder.split)
    if start.report is not None:
        run_folder.write_init(folder, start.report)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Run:
    """A run under way: what the loop needs at the end of an epoch, and what comes after the last."""

    folder: RunFolder
    card: ModelCard
    material: Material
    recipe: Recipe
    fabric: Fabric
    state: RunState
    tensorboard: bool

    def loop(self, network: TSM, chosen: Plan, on_progress: OnProgress | None) -> None:
        """All epochs."""
        samples, recipe = self.material.samples, self.recipe
        expected = expected_draws(
            samples.keys(chosen.task), class_balance=recipe.class_balance, background_ratio=recipe.background_ratio
        )
        Loop(
            fabric=self.fabric,
            network=network,
            recipe=recipe,
            task=chosen.task,
            clips=Clips(samples, self.material.cache, recipe, self.material.panoramas),
            sampler=Sampler(expected=expected, batch_size=recipe.batch_size, seed=recipe.seed),
            folder=self.folder,
            judge=Judge(validate=self._validate, keep=self._keep, latest=self._latest, logged=self._logged),
            state=self.state,
            on_progress=on_progress,
        ).run()

    def _validate(self, network: TSM) -> Validation | None:
        return validate(network, self.card, self.material.held, self.fabric.device)

    def _keep(self, network: TSM, result: Validation) -> None:
        card = dataclasses.replace(self.card, metrics={**result.figures, "epoch": self.state.best_epoch})
        save_model(self.folder.model, network, card)
        run_folder.write_validation(self.folder, result, self.material.held)

    def _latest(self, network: TSM) -> None:
        figures = {key: value for key, value in self.state.rows[-1].items() if not key.startswith("seconds")}
        save_model(self.folder.last_model, network, dataclasses.replace(self.card, metrics=figures))

    def _logged(self, rows: Sequence[dict[str, Any]]) -> None:
        run_folder.write_log(self.folder, rows, self._columns())
        write_curves(self.folder.log, self.folder.curves)
        if self.tensorboard:
            tensorboard.write_row(self.folder.tensorboard, rows[-1])

    def _columns(self) -> list[str]:
        """Columns of log.csv; the seconds, which no two runs share, come last."""
        actions, scenes = self.card.network.n_classes > 0, self.card.network.n_scenes > 0
        columns = ["epoch", "lr", "loss"]
        columns += ["action_loss", "train_accuracy"] if actions else []
        columns += ["scene_loss"] if scenes else []
        columns += ["val_loss", "interval_accuracy", *(f"mAP@{tiou:g}" for tiou in TIOU), "final"] if actions else []
        columns += ["scene_top1"] if scenes else []
        return [*columns, "seconds_train", "seconds_val", "seconds_waiting"]

    def finish(self, chosen: Plan) -> RunResult:
        """Calibrate the best checkpoint on the held-out recordings and complete the folder."""
        self.fabric.barrier()
        if not self.folder.model.exists():
            raise UsageError("the run has no validated epoch", where=self.folder.path)
        model = load_model(self.folder.model, device="cpu")
        network = model.clip_network.to(self.fabric.device)
        uncalibrated, held = dataclasses.replace(self.card, temperature=1.0), self.material.held
        result, check = validate_both(network, uncalibrated, held, self.fabric.device, held_out=chosen.held_out)
        precision = self.fabric.broadcast(checked_precision(self.recipe.precision, self.fabric.device, check))
        found = calibrate(result.tracks, held) if result is not None and chosen.held_out else None
        temperature = self.fabric.broadcast(1.0 if found is None else found.temperature)
        calibrated = dataclasses.replace(self.card, temperature=temperature)
        fine = None
        if chosen.held_out and held.task.has_actions:
            finer = ScoreOptions(stride=self.card.interval / FINER)
            fine = score_held_out(network, calibrated, held, self.fabric.device, precision, finer)
        figures: dict[str, float] = {}
        if result is not None:
            fitted = fit_decoder(fine, held.truth, [track.video_id for track in fine]) if fine else None
            decoding = None if fitted is None else fitted.decoding
            card = dataclasses.replace(model.card, bf16=check, temperature=temperature, decoding=decoding)
            worth = {} if fitted is None else fitted.figures
            figures = self._keep_calibrated(network, card, result, found, worth, held_out=chosen.held_out)
        self.fabric.barrier()
        return RunResult(
            folder=self.folder.path,
            model=self.folder.model,
            best_epoch=int(model.card.metrics.get("epoch", 0)),
            figures=figures,
            recipe=self.recipe,
            is_first=self.fabric.is_global_zero,
        )

    def _keep_calibrated(
        self,
        network: TSM,
        card: ModelCard,
        result: Validation,
        found: Calibration | None,
        worth: Mapping[str, float],
        *,
        held_out: bool,
    ) -> dict[str, float]:
        """Write the best model with what was fitted, and its validation files under it."""
        metrics = {"epoch": card.metrics.get("epoch", 0), **result.figures}
        if not held_out:
            log.info("no temperature is fitted: no recording is held out")
        if found is not None:
            log.info(
                "calibration: temperature %.3f; expected calibration error %.4f before, %.4f after",
                found.temperature, found.ece_before, found.ece_after,
            )  # fmt: skip
            result = judge([track.with_temperature(found.temperature) for track in result.tracks], self.material.held)
            metrics = {"epoch": metrics["epoch"], **result.figures}
            metrics |= {"ece_before": found.ece_before, "ece_after": found.ece_after}
        if card.decoding is not None:
            log.info("decoding: %s", card.decoding)
        save_model(self.folder.model, network, dataclasses.replace(card, metrics=metrics | dict(worth)))
        run_folder.write_validation(self.folder, result, self.material.held)
        return dict(result.figures)
