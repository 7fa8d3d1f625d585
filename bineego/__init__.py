"""bineego: temporal action localization - raw video in, timed and labelled actions out.

The public API is the names in `__all__`; everything else may change. They load on first use, so that `import bineego`
costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bineego.lazy import attach
from bineego.version import __version__ as __version__

if TYPE_CHECKING:
    from bineego.datasets import convert, extract_frames, read_segments
    from bineego.doctor import check
    from bineego.drawing import overlay
    from bineego.ensembling import ensemble
    from bineego.evaluation import evaluate
    from bineego.features import extract_features
    from bineego.inference import localize
    from bineego.page import report
    from bineego.suggestions import suggest
    from bineego.training import train
    from bineego.tsm import load_model

__all__ = [
    "check", "convert", "ensemble", "evaluate", "extract_features", "extract_frames", "load_model", "localize",
    "overlay", "read_segments", "report", "suggest", "train",
]  # fmt: skip

_HOMES = {
    "train": "training",
    "localize": "inference",
    "ensemble": "ensembling",
    "evaluate": "evaluation",
    "check": "doctor",
    "convert": "datasets",
    "extract_features": "features",
    "extract_frames": "datasets",
    "load_model": "tsm",
    "overlay": "drawing",
    "read_segments": "datasets",
    "report": "page",
    "suggest": "suggestions",
}

__getattr__ = attach(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)
