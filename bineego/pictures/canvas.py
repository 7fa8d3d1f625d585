"""A figure that is written whole or not at all, without touching matplotlib's global state."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bineego.files import atomic_path

DPI = 120

Colour = tuple[float, float, float, float]


@contextlib.contextmanager
def png(path: Path, *, width: float, height: float) -> Iterator[Figure]:
    """A figure of `width` x `height` inches that becomes the PNG file `path` when the block ends well."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    yield figure
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})


def label_colours(labels: Sequence[str]) -> dict[str, Colour]:
    """One colour a label, the same for the same list of labels; more than 20 labels share a continuous map."""
    names = sorted(set(labels))
    cycle = mpl.colormaps["tab10" if len(names) <= 10 else "tab20" if len(names) <= 20 else "turbo"]
    if len(names) <= 20:
        return {name: cycle(i) for i, name in enumerate(names)}
    return {name: cycle((i + 0.5) / len(names)) for i, name in enumerate(names)}
