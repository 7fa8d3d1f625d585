"""Prediction against ground truth: for every video a lane of what is there over a lane of what was found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from bineego import segments
from bineego.pictures.canvas import Colour, label_colours, png

MAX_VIDEOS = 12
LANE_HEIGHT = 0.8
MIN_SCORE = 0.05
"""Predictions below it are not drawn: candidates kept for recall would hide the rest."""


def write_timeline(
    ground_truth: pd.DataFrame, predictions: pd.DataFrame, path: Path, *, videos: Sequence[str] | None = None
) -> None:
    """Draw truth and predictions of some videos to the PNG file `path`.

    Args:
        ground_truth: segments table.
        predictions: scored segments table; the stronger the colour, the higher the score.
        path: PNG file to write.
        videos: ids to draw; default: the first `MAX_VIDEOS` of the ground truth.
    """
    ids = list(videos if videos is not None else dict.fromkeys(ground_truth["video_id"]))[:MAX_VIDEOS]
    truth = ground_truth[ground_truth["video_id"].isin(ids)]
    found = predictions[predictions["video_id"].isin(ids) & (predictions[segments.SCORE] >= MIN_SCORE)]
    labels = sorted({*truth["label"], *found["label"]})
    colours = label_colours(labels)
    with png(path, width=12, height=1.1 + 0.75 * max(1, len(ids))) as figure:
        axes = figure.subplots()
        for row, video in enumerate(ids):
            _draw_lane(axes, truth[truth["video_id"] == video], 2.5 * row, colours)
            _draw_lane(axes, found[found["video_id"] == video], 2.5 * row + 1, colours)
        axes.set_yticks(
            [y for row in range(len(ids)) for y in (2.5 * row, 2.5 * row + 1)],
            [text for video in ids for text in (f"{_short(video)}  truth", "found")],
            fontsize=8,
        )
        axes.set_ylim(2.5 * max(1, len(ids)) - 0.8, -0.7)
        axes.set_xlim(left=0)
        axes.set_xlabel("seconds")
        handles = [Patch(color=colours[label], label=label) for label in labels]
        if handles:
            figure.legend(handles=handles, loc="outside upper center", ncols=min(6, len(handles)), fontsize=8)


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
