"""After the last epoch: what is fitted on the held-out recordings, and the chosen checkpoint scored once more under it.

The figure of that, `mAP`, is the one that a model has: on its card, in the last line of the training, in val/. It is
computed as `localize` and `evaluate` compute it: same decoder, same fitted values, same number format. The frames are
those of the cache; what JPEG does to them is all that a fresh decoding may differ by.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from lightning_fabric import Fabric

from bineego.decoding import Decoding
from bineego.errors import UsageError
from bineego.inference.options import ScoreOptions
from bineego.postprocess import fit_decoder
from bineego.postprocess.calibration import expected_calibration_error, fit_temperature
from bineego.runs import RunFolder
from bineego.tracks import Activation, ScoreTrack
from bineego.training.bf16_check import validate_both
from bineego.training.run_folder import write_figures, write_validation
from bineego.training.validation import (
    TIOU,
    HeldOut,
    annotated_tracks,
    interval_truth,
    judge,
    score_held_out,
    whole_intervals,
)
from bineego.tsm.card import ModelCard
from bineego.tsm.model_file import load_model, save_model
from bineego.tsm.precision import checked_precision
from bineego.words import many

log = logging.getLogger(__name__)

FIT_STRIDES = 4
"""The decoder is fitted on intervals that start so many times a t: what an overlap repeats shows only there."""


def fit_and_finish(
    fabric: Fabric, folder: RunFolder, card: ModelCard, held: HeldOut, *, held_out: bool
) -> Mapping[str, float]:
    """Fit temperature and decoder, score the best checkpoint under them, complete its card and val/.

    Args:
        card: of the run, nothing fitted.
        held_out: whether the recordings are others than those trained on; else nothing is fitted on them.

    Returns:
        the figures, in the first process; the others get none.

    Raises:
        UsageError: no epoch was validated.
    """
    fabric.barrier()
    if not folder.has_model():
        raise UsageError("the run has no validated epoch", where=folder.path)
    best = load_model(folder.model, device="cpu")
    network = best.clip_network.to(fabric.device)
    result, check = validate_both(network, card, held, fabric.device, held_out=held_out)
    precision = fabric.broadcast(checked_precision(held.recipe.precision, fabric.device, check))
    found = calibrate(result.tracks, held) if result is not None and held_out else None
    temperature = fabric.broadcast(1.0 if found is None else found.temperature)
    fine = None
    if held_out and held.task.has_actions:
        finer = ScoreOptions(stride=card.interval / FIT_STRIDES)
        calibrated = dataclasses.replace(card, temperature=temperature)
        fine = score_held_out(network, calibrated, held, fabric.device, precision, finer)
    figures: Mapping[str, float] = {}
    if result is not None:
        decoder = fit_decoder(fine, held.truth, [track.video_id for track in fine]) if fine else None
        decoding = None if decoder is None else decoder.decoding
        fitted = [dataclasses.replace(t, temperature=temperature, decoding=decoding) for t in result.tracks]
        final = judge(fitted, held)
        epoch = int(best.card.metrics.get("epoch", 0))
        metrics = {"epoch": epoch, **final.figures, **({} if decoder is None else decoder.figures)}
        metrics |= {} if found is None else {"ece_before": found.ece_before, "ece_after": found.ece_after}
        finished = dataclasses.replace(
            best.card, bf16=check, temperature=temperature, decoding=decoding, metrics=metrics
        )
        save_model(folder.model, network, finished)
        write_validation(folder, final, held)
        write_figures(folder, final.figures)
        _say(found, decoding, held_out=held_out)
        figures = final.figures
        log.info("%s", last_line(epoch, figures, held, held_out=held_out))
    fabric.barrier()
    return figures


def last_line(epoch: int, figures: Mapping[str, float], held: HeldOut, *, held_out: bool) -> str:
    """What a finished training says of its model."""
    words = {"mAP": "mAP", f"mAP@{TIOU[0]:g}": f"mAP@{TIOU[0]:g}", "scene_top1": "scene top-1"}
    parts = [f"{word} {figures[name]:.4f}" for name, word in words.items() if name in figures]
    videos = many(len(held.timelines), "held-out video" if held_out else "training video")
    return f"best epoch {epoch}: {', '.join(parts) or 'no score'} on {videos}"


def _say(found: Calibration | None, decoding: Decoding | None, *, held_out: bool) -> None:
    if not held_out:
        log.info("no temperature is fitted: no recording is held out")
    if found is not None:
        log.info(
            "calibration: temperature %.3f; expected calibration error %.4f before, %.4f after",
            found.temperature, found.ece_before, found.ece_after,
        )  # fmt: skip
    if decoding is not None:
        log.info("decoding: %s", decoding)


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A temperature and what it does.

    Attributes:
        temperature: see `fit_temperature`.
        ece_before, ece_after: expected calibration error over the held-out intervals, without and with it.
    """

    temperature: float
    ece_before: float
    ece_after: float


def calibrate(tracks: Sequence[ScoreTrack], held: HeldOut) -> Calibration | None:
    """The temperature under which the held-out labels are likeliest; None without annotated intervals."""
    logits_NC, labels_N, targets_NC = interval_truth(tracks, held)
    if len(logits_NC) == 0:
        return None
    activation = tracks[0].activation
    sigmoid = activation is Activation.SIGMOID
    temperature = fit_temperature(logits_NC, targets_NC if sigmoid else labels_N, activation)
    known = annotated_tracks(tracks, held)
    errors = []
    for value in (1.0, temperature):
        parts = [track.with_temperature(value).probabilities()[: whole_intervals(track)] for track in known]
        errors.append(expected_calibration_error(np.concatenate(parts), labels_N))
    return Calibration(temperature=temperature, ece_before=errors[0], ece_after=errors[1])
