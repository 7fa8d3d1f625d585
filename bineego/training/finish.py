"""After the last epoch: what is fitted on the held-out recordings, and the chosen checkpoint scored once more under it.

The figure of that, `mAP`, is the one that a model has: on its card, in the last line of the training, in val/. It is
computed as `localize` and `evaluate` compute it: same decoder, same fitted values, same number format. The frames are
those of the cache; what JPEG does to them is all that a fresh decoding may differ by.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping

from lightning_fabric import Fabric

from bineego.errors import UsageError
from bineego.inference.options import ScoreOptions
from bineego.postprocess import fit_decoder
from bineego.runs import RunFolder
from bineego.training.bf16_check import validate_both
from bineego.training.fit import Fitted, calibrate
from bineego.training.run_folder import write_figures, write_validation
from bineego.training.validation import TIOU, HeldOut, Validation, judge, score_held_out
from bineego.tsm.card import ModelCard
from bineego.tsm.model_file import load_model, save_model
from bineego.tsm.network import TSM
from bineego.tsm.precision import checked_precision
from bineego.tsm.temporal_network import TemporalNetwork
from bineego.words import many

log = logging.getLogger(__name__)

FIT_STRIDES = 4
"""The decoder is fitted on intervals that start this many times per t, because only there the effect of overlaps
shows.
"""


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
        fitted = Fitted(found, decoder)
        final = judge([fitted.on(track) for track in result.tracks], held)
        own = dataclasses.replace(best.card, bf16=check)
        epoch = int(best.card.metrics.get("epoch", 0))
        figures = finish(folder, network, own, fitted, final, held, epoch=epoch, held_out=held_out)
    fabric.barrier()
    return figures


def finish(
    folder: RunFolder,
    network: TSM | TemporalNetwork,
    card: ModelCard,
    fitted: Fitted,
    final: Validation,
    held: HeldOut,
    *,
    epoch: int,
    held_out: bool,
) -> Mapping[str, float]:
    """Write the finished model with its card, and val/; say what it reaches.

    Args:
        card: with nothing fitted.
        final: what the network says of the held-out recordings, as it was fitted.
        epoch: that the network is of.
        held_out: whether the recordings are others than those trained on.

    Returns:
        the figures.
    """
    metrics = {"epoch": epoch, **final.figures, **fitted.figures()}
    save_model(folder.model, network, dataclasses.replace(fitted.on(card), metrics=metrics))
    write_validation(folder, final, held)
    write_figures(folder, final.figures)
    if fitted.calibration is None and not held_out:
        log.info("temperature not fitted: no recording is held out")
    fitted.say()
    log.info("%s", _last_line(epoch, final.figures, held, held_out=held_out))
    return final.figures


def _last_line(epoch: int, figures: Mapping[str, float], held: HeldOut, *, held_out: bool) -> str:
    """What a finished training says of its model."""
    words = {"mAP": "mAP", f"mAP@{TIOU[0]:g}": f"mAP@{TIOU[0]:g}", "scene_top1": "scene top-1"}
    parts = [f"{word} {figures[name]:.4f}" for name, word in words.items() if name in figures]
    videos = many(len(held.timelines), "held-out video" if held_out else "training video")
    return f"best epoch {epoch}: {', '.join(parts) or 'no score'} on {videos}"
