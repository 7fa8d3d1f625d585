"""Figures that are written whole or not at all, or shown by a notebook, without touching matplotlib's global state."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bineego.files import atomic_path

DPI = 120

Colour = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Picture:
    """A drawn figure. A notebook shows it as it is."""

    figure: Figure

    def save(self, path: Path | str) -> None:
        """Write it as PNG, whole or not at all."""
        with atomic_path(Path(path)) as temporary:
            self.figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})

    def _repr_png_(self) -> bytes:
        content = io.BytesIO()
        self.figure.savefig(content, format="png", dpi=DPI)
        return content.getvalue()


def blank(*, width: float, height: float) -> Figure:
    """An empty figure of `width` x `height` inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


@contextlib.contextmanager
def png(path: Path, *, width: float, height: float) -> Iterator[Figure]:
    """A figure that becomes the PNG file `path` when the block ends well."""
    figure = blank(width=width, height=height)
    yield figure
    Picture(figure).save(path)


def label_colours(labels: Sequence[str]) -> dict[str, Colour]:
    """One colour a label, the same for the same list of labels; more than 20 labels share a continuous map."""
    names = sorted(set(labels))
    cycle = mpl.colormaps["tab10" if len(names) <= 10 else "tab20" if len(names) <= 20 else "turbo"]
    if len(names) <= 20:
        return {name: cycle(i) for i, name in enumerate(names)}
    return {name: cycle((i + 0.5) / len(names)) for i, name in enumerate(names)}
