"""Score tracks fused, and decoded to segments: merging as the paper does it, or exact Viterbi decoding with refined
boundaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bineego.decoding import Decoding, Postprocess, ScoreRule
from bineego.lazy import attach

if TYPE_CHECKING:
    from bineego.postprocess.decoder import decode
    from bineego.postprocess.fit import fit_decoder
    from bineego.postprocess.options import DecodeOptions

__all__ = ["DecodeOptions", "Decoding", "Postprocess", "ScoreRule", "decode", "fit_decoder"]

_HOMES = {"decode": "decoder", "fit_decoder": "fit", "DecodeOptions": "options"}

__getattr__ = attach(__name__, _HOMES)
