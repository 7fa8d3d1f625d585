"""How good predictions are: mAP, what went wrong, and what an interval grid can reach at all."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bineego.evaluation.grid_ceiling import ceiling
    from bineego.evaluation.options import EvaluateOptions, Protocol
    from bineego.evaluation.result import Evaluation
    from bineego.evaluation.scoring import evaluate

__all__ = ["EvaluateOptions", "Evaluation", "Protocol", "ceiling", "evaluate"]

_HOMES = {
    "EvaluateOptions": "options",
    "Evaluation": "result",
    "Protocol": "options",
    "ceiling": "grid_ceiling",
    "evaluate": "scoring",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
