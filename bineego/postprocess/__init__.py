"""Score tracks fused, and decoded to segments: merging as the paper does it, or exact Viterbi decoding with refined
boundaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bineego.lazy import attach

if TYPE_CHECKING:
    from bineego.postprocess.decoder import decode
    from bineego.postprocess.options import DecodeOptions, Postprocess, ScoreRule

__all__ = ["DecodeOptions", "Postprocess", "ScoreRule", "decode"]

_HOMES = {"decode": "decoder", "DecodeOptions": "options", "Postprocess": "options", "ScoreRule": "options"}

__getattr__ = attach(__name__, _HOMES)
