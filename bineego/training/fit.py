"""What is fitted after the last epoch, on intervals that the network was not trained on: temperature and decoder."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from bineego.postprocess.calibration import expected_calibration_error, fit_temperature
from bineego.postprocess.fit import DecoderFit
from bineego.tracks import Activation, ScoreTrack
from bineego.training.validation import HeldOut, annotated_tracks, interval_truth, whole_intervals
from bineego.tsm.card import ModelCard

log = logging.getLogger(__name__)

F = TypeVar("F", ModelCard, ScoreTrack)


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


@dataclass(frozen=True)
class Fitted:
    """What was fitted after the last epoch; None where the recordings are too few."""

    calibration: Calibration | None = None
    decoder: DecoderFit | None = None

    def on(self, what: F) -> F:
        """A model card or a score track with temperature and decoding as fitted."""
        temperature = 1.0 if self.calibration is None else self.calibration.temperature
        decoding = None if self.decoder is None else self.decoder.decoding
        return dataclasses.replace(what, temperature=temperature, decoding=decoding)

    def figures(self) -> dict[str, float]:
        """What the fit is worth, for the card."""
        found = {} if self.decoder is None else dict(self.decoder.figures)
        if self.calibration is not None:
            found |= {"ece_before": self.calibration.ece_before, "ece_after": self.calibration.ece_after}
        return found

    def say(self) -> None:
        """Tell the user."""
        if self.calibration is not None:
            log.info(
                "calibration: temperature %.3f; expected calibration error %.4f before, %.4f after",
                self.calibration.temperature, self.calibration.ece_before, self.calibration.ece_after,
            )  # fmt: skip
        if self.decoder is not None:
            log.info("decoding: %s", self.decoder.decoding)


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
