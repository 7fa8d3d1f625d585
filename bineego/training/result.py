"""What a training run gives back."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bineego.training.recipe import Recipe


@dataclass(frozen=True, kw_only=True, eq=False)
class RunResult:
    """A finished run.

    Attributes:
        folder: the run's folder.
        model: its best checkpoint.
        best_epoch: the epoch it is of.
        figures: its figures by name, as on its card.
        recipe: the recipe in use.
        is_first: False in the further processes of a distributed run.
    """

    folder: Path
    model: Path
    best_epoch: int
    figures: Mapping[str, float]
    recipe: Recipe
    is_first: bool = True

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><td>{html.escape(name)}</td><td>{x:.4f}</td></tr>" for name, x in self.figures.items())
        return f"<p>{html.escape(str(self.folder))}: best epoch {self.best_epoch}</p><table>{rows}</table>"
