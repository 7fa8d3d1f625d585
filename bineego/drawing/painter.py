"""What is drawn on each frame: the actions of the moment with their scores, and a timeline with a cursor."""

from __future__ import annotations

import functools
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from bineego.pictures.canvas import label_colours
from bineego.types import Pixels

MOST_LANES = 8
"""Of the timeline; of more actions the most frequent are drawn."""

BAND = 0.035
"""Height of a lane, of the picture's."""

TEXT = 0.045
"""Height of the text, of the picture's."""

DARK, LIGHT, CURSOR = (18, 20, 24), (240, 242, 246), (255, 90, 90)

Rgb = tuple[int, int, int]


@functools.cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """A font that has most alphabets, wherever matplotlib is installed."""
    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size)


class Painter:
    """Draws predictions on the frames of one video.

    Args:
        table: the scored segments (M rows) of the video.
        duration: its length, seconds.
        width, height: of its frames, pixels.
    """

    def __init__(self, table: pd.DataFrame, duration: float, width: int, height: int) -> None:
        self.duration, self.width, self.height = max(duration, 1e-6), width, height
        self.starts, self.ends = table["start"].to_numpy(np.float64), table["end"].to_numpy(np.float64)
        self.labels = table["label"].tolist()
        self.scores = table["score"].tolist() if "score" in table else [None] * len(table)
        colours = label_colours(self.labels)
        self.colours: dict[str, Rgb] = {
            name: (round(255 * r), round(255 * g), round(255 * b)) for name, (r, g, b, _) in colours.items()
        }
        frequent = pd.Series(self.labels, dtype=object).value_counts().index[:MOST_LANES]
        self.lanes = {label: row for row, label in enumerate(sorted(frequent))}
        self.lane = max(6, round(BAND * height))
        self.size = max(10, round(TEXT * height))
        self.band = self._timeline()

    def draw(self, picture: Pixels, seconds: float) -> Pixels:
        """A frame (H, W, 3) with what is on at `seconds`."""
        image = Image.fromarray(picture)
        draw = ImageDraw.Draw(image, "RGBA")
        now = np.flatnonzero((self.starts <= seconds) & (seconds < self.ends))
        best = sorted(now.tolist(), key=lambda row: -(self.scores[row] or 0.0))[:MOST_LANES]
        y = self.size // 3
        for row in best:
            score = self.scores[row]
            self._text(draw, y, self.labels[row] + ("" if score is None else f"  {score:.2f}"), self.labels[row])
            y += round(1.5 * self.size)
        top = self.height - self.band.height
        image.paste(self.band, (0, top))
        x = min(self.width - 1, round(seconds / self.duration * self.width))
        draw.line([(x, top), (x, self.height)], fill=CURSOR, width=max(2, self.width // 400))
        return np.asarray(image)

    def _text(self, draw: ImageDraw.ImageDraw, y: int, text: str, label: str) -> None:
        x, pad = self.size // 2, self.size // 4
        _, _, right, _ = draw.textbbox((x, y), text, font=font(self.size))
        draw.rectangle([x - pad, y - pad // 2, right + pad, y + 1.25 * self.size], fill=(*DARK, 190))
        draw.rectangle([x - pad, y - pad // 2, x - pad + pad // 2 + 2, y + 1.25 * self.size], fill=self.colours[label])
        draw.text((x + pad, y), text, font=font(self.size), fill=LIGHT)

    def _timeline(self) -> Image.Image:
        """All segments, a lane for each action."""
        band = Image.new("RGB", (self.width, self.lane * max(1, len(self.lanes))), DARK)
        draw = ImageDraw.Draw(band)
        for label, start, end, score in zip(self.labels, self.starts, self.ends, self.scores, strict=True):
            if label not in self.lanes:
                continue
            y = self.lanes[label] * self.lane
            strength = 0.35 + 0.65 * (1.0 if score is None else min(1.0, max(0.0, score)))
            colour = tuple(
                round(strength * c + (1 - strength) * dark) for c, dark in zip(self.colours[label], DARK, strict=True)
            )
            left, right = (moment / self.duration * self.width for moment in (start, end))
            draw.rectangle([left, y + 1, max(left + 1, right), y + self.lane - 2], fill=colour)
        for label, row in self.lanes.items():
            draw.text((3, row * self.lane), label, font=font(max(6, self.lane - 4)), fill=LIGHT)
        return band
