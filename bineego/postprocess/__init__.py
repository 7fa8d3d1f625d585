"""Score track to segments: merging as the paper does it, or exact Viterbi decoding with refined boundaries."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bineego.postprocess.decoder import decode
    from bineego.postprocess.options import DecodeOptions, Postprocess, ScoreRule

__all__ = ["DecodeOptions", "Postprocess", "ScoreRule", "decode"]

_HOMES = {"decode": "decoder", "DecodeOptions": "options", "Postprocess": "options", "ScoreRule": "options"}


def __getattr__(name: str) -> Any:
    # Lazy: the command line reads the options, and must not load pandas for it.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
