"""Prediction against ground truth: for every video a lane of what is there over a lane of what was found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from bineego import segments
from bineego.pictures.canvas import Colour, Picture, blank, label_colours

MAX_VIDEOS = 12
LANE_HEIGHT = 0.8
MIN_SCORE = 0.05
"""Predictions below it are not drawn: candidates kept for recall would hide the rest."""


def write_timeline(
    ground_truth: pd.DataFrame, predictions: pd.DataFrame, path: Path, *, videos: Sequence[str] | None = None
) -> None:
    """`draw_timeline`, as the PNG file `path`."""
    draw_timeline(predictions, ground_truth, videos=videos).save(path)


def draw_timeline(
    predictions: pd.DataFrame, ground_truth: pd.DataFrame | None = None, *, videos: Sequence[str] | None = None
) -> Picture:
    """A lane of what was found for each video, and above it, where it is known, one of what is there.

    Args:
        predictions: scored segments table; the stronger the colour, the higher the score.
        ground_truth: segments table.
        videos: ids to draw; default: the first `MAX_VIDEOS` of the ground truth, or else of the predictions.
    """
    tables = [predictions] if ground_truth is None else [ground_truth, predictions]
    ids = list(videos if videos is not None else dict.fromkeys(tables[0]["video_id"]))[:MAX_VIDEOS]
    shown = [table[table["video_id"].isin(ids)] for table in tables]
    shown[-1] = shown[-1][shown[-1][segments.SCORE] >= MIN_SCORE]
    labels = sorted({label for table in shown for label in table["label"]})
    colours = label_colours(labels)
    lanes = len(shown)
    figure = blank(width=12, height=1.1 + (0.15 + 0.3 * lanes) * max(1, len(ids)))
    axes = figure.subplots()
    rows = [(video, lane, (lanes + 0.5) * row + lane) for row, video in enumerate(ids) for lane in range(lanes)]
    for video, lane, y in rows:
        _draw_lane(axes, shown[lane][shown[lane]["video_id"] == video], y, colours)
    names = [f"{_short(video)}  truth" if lanes == 2 and lane == 0 else "found" if lanes == 2 else _short(video)
             for video, lane, _ in rows]  # fmt: skip
    axes.set_yticks([y for _, _, y in rows], names, fontsize=8)
    axes.set_ylim((lanes + 0.5) * max(1, len(ids)) - 0.8, -0.7)
    axes.set_xlim(left=0)
    axes.set_xlabel("seconds")
    handles = [Patch(color=colours[label], label=label) for label in labels]
    if handles:
        figure.legend(handles=handles, loc="outside upper center", ncols=min(6, len(handles)), fontsize=8)
    return Picture(figure)


def _draw_lane(axes: Axes, rows: pd.DataFrame, y: float, colours: dict[str, Colour]) -> None:
    """Bars of one lane; segments that overlap earlier ones are drawn thinner, so that nested actions stay visible."""
    rows = rows.sort_values(["start", "end"], ascending=[True, False])
    scores = rows[segments.SCORE] if segments.SCORE in rows else [1.0] * len(rows)
    last_end, depth = float("-inf"), 0
    for label, start, end, score in zip(
        rows["label"].tolist(), rows["start"].tolist(), rows["end"].tolist(), scores, strict=True
    ):
        depth = depth + 1 if start < last_end - 1e-9 else 0
        last_end = max(last_end, end)
        axes.barh(
            y,
            end - start,
            left=start,
            height=LANE_HEIGHT / (1 + 0.6 * depth),
            color=colours[label],
            alpha=0.25 + 0.75 * min(1.0, max(0.0, score)),
            edgecolor="white",
        )


def _short(video: str) -> str:
    return video if len(video) <= 16 else f"{video[:8]}…{video[-4:]}"
