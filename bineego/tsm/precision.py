"""The number format of the network's arithmetic: every rule by which it is chosen.

| who | `auto` means |
|---|---|
| training | bfloat16 on a GPU that computes it fast (`training_precision`) |
| validation after an epoch | bfloat16 wherever it is fast (`fast_precision`) |
| `localize`, figures on the card | bfloat16 where it is fast and changes no answer of note (`checked_precision`) |

A forced format stays in all of them.
"""

from __future__ import annotations

import logging

import torch

from bineego.tsm.card import Bf16Check, ModelCard
from bineego.tsm.config import Precision

log = logging.getLogger(__name__)


def bf16_is_fast(device: torch.device) -> bool:
    """Whether the device has arithmetic for bfloat16."""
    if device.type == "cuda":
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    # Private names of PyTorch: where they are gone, float32 is right and only slower.
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return device.type == "cpu" and any(bool(getattr(torch.cpu, name, bool)()) for name in checks)


def fast_precision(wanted: Precision, device: torch.device) -> Precision:
    """AUTO becomes what is fast on `device`; a forced one stays, with a warning where it is slow."""
    fast = bf16_is_fast(device)
    if wanted is Precision.AUTO:
        return Precision.BF16 if fast else Precision.FP32
    if wanted is Precision.BF16 and not fast:
        log.warning("bf16 is slow on this %s, which does not support it; fp32 is faster", device.type)
    return wanted


def training_precision(wanted: Precision, device: torch.device) -> Precision:
    """AUTO becomes bfloat16 on a GPU that computes it fast, and float32 elsewhere.

    Not on CPUs that have bfloat16 too: there, with PyTorch 2.14, the same step gave different gradients from run to run
    and now and then one that was not finite (seen on tiny networks; `tests/training`), and a run must be repeatable.
    """
    if wanted is not Precision.AUTO:
        return wanted
    return Precision.BF16 if device.type == "cuda" and bf16_is_fast(device) else Precision.FP32


def checked_precision(wanted: Precision, device: torch.device, check: Bf16Check | None) -> Precision:
    """AUTO becomes bfloat16 where it is fast and the check of the model says that it changes nothing."""
    if wanted is not Precision.AUTO:
        return wanted
    return Precision.BF16 if check is not None and check.passed and bf16_is_fast(device) else Precision.FP32


def safe_precision(wanted: Precision, device: torch.device, card: ModelCard) -> Precision:
    """`checked_precision` for a model; says why where a faster format is not used."""
    chosen = checked_precision(wanted, device, card.bf16)
    if wanted is Precision.AUTO and chosen is Precision.FP32 and bf16_is_fast(device):
        unchecked = card.bf16 is None
        why = "this model was not checked in bf16" if unchecked else f"bf16 changes this model: {card.bf16}"
        log.info("computing in fp32: %s (--precision bf16 forces it)", why)
    return chosen
