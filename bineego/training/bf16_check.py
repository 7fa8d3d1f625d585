"""Whether bf16 may stand in for fp32: both score the held-out recordings, and the model card keeps what differs.

Shape suffixes: N intervals, C + 1 action logits.
"""

from __future__ import annotations

import logging
import math

import numpy as np
import torch

from bineego.grid import n_whole
from bineego.tracks import Activation, ScoreTrack
from bineego.training.validation import HeldOut, Validation, validate
from bineego.tsm import precision
from bineego.tsm.card import Bf16Check, ModelCard
from bineego.tsm.config import Precision
from bineego.tsm.network import TSM
from bineego.types import Ints

log = logging.getLogger(__name__)


def validate_both(
    network: TSM, card: ModelCard, held: HeldOut, device: torch.device, *, held_out: bool
) -> tuple[Validation | None, Bf16Check | None]:
    """`validate` in fp32 and, where the device computes it fast, in bf16; what they differ in.

    Args:
        held_out: whether the recordings are others than those trained on; nothing is compared on the latter.

    Returns:
        the validation in the number format that the recipe forces or, for AUTO, that `localize` will choose; the check,
        or None where there is nothing to compare. Of several processes only the first one gets them.
    """
    wanted = held.recipe.precision
    if not (held_out and precision.bf16_is_fast(device)):
        return validate(network, card, held, device, Precision.FP32 if wanted is Precision.AUTO else wanted), None
    fp32, bf16 = (validate(network, card, held, device, each) for each in (Precision.FP32, Precision.BF16))
    check = None if fp32 is None or bf16 is None else compare(fp32, bf16)
    if check is not None:
        log.info("bf16: %s: localize %s", check, "will use it" if check.passed else "stays with fp32")
    return bf16 if precision.checked_precision(wanted, device, check) is Precision.BF16 else fp32, check


def compare(fp32: Validation, bf16: Validation) -> Bf16Check | None:
    """What bf16 changes; None if there are no whole intervals or no score to tell by."""
    same = [_answers(one) == _answers(other) for one, other in zip(fp32.tracks, bf16.tracks, strict=True)]
    agreement = np.concatenate([part.all(axis=1) for part in same]) if same else np.zeros(0)
    scores = [result.score for result in (fp32, bf16) if result.score is not None and math.isfinite(result.score)]
    if len(agreement) == 0 or len(scores) < 2:
        return None
    return Bf16Check(agreement=float(agreement.mean()), fp32=scores[0], bf16=scores[1])


def _answers(track: ScoreTrack) -> Ints:
    """What a track says: the likeliest class (N, 1) of its whole intervals; for independent classes, which of them are
    on (N, C + 1); without actions, the scene (1, 1)."""
    if not track.actions:
        return np.array([[track.scene_probs.argmax()]], np.int64)
    probabilities_NC = track.probabilities()[: n_whole(track.duration, track.t)]
    if track.activation is Activation.SIGMOID:
        return (probabilities_NC >= 0.5).astype(np.int64)
    best_N: Ints = probabilities_NC.argmax(axis=1)
    return best_N[:, None]
