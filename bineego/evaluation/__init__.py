"""How good predictions are: mAP, what went wrong, and what an interval grid can reach at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bineego.lazy import attach

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

__getattr__ = attach(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)
