"""The result of `localize`: to use, to save, and to show in a notebook."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bineego.formats.write import write_segments
from bineego.postprocess.candidates import RANK
from bineego.remote.address import Place
from bineego.words import many

if TYPE_CHECKING:  # matplotlib is slow to load, and seldom asked for
    from bineego.pictures.canvas import Picture

MOST_ROWS = 50
"""Segments that a notebook shows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Localized:
    """What `localize` found.

    Attributes:
        videos: ids of those that are done, in the order of the inputs.
        predictions: their scored segments, in that order.
        scenes: the likeliest scene of each video and its probability; empty without a scene head.
        paths: the files written by this call, the joint tables first.
        results: those of them that answer the call: the predictions of all videos, or of each, or the scenes.
        skipped: ids of videos that an earlier run had done.
        damage: of each video that is damaged, of each of its damaged files: see `video.damage.Damage.plain`.
        files: file of each video by id (of its first view); score tracks, and videos at addresses, have none.
    """

    videos: tuple[str, ...]
    predictions: pd.DataFrame
    scenes: Mapping[str, tuple[str, float]]
    paths: tuple[Place, ...]
    results: tuple[Place, ...]
    skipped: tuple[str, ...]
    files: Mapping[str, Path]
    damage: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    def save(self, path: Path | str, format: str | None = None) -> list[Path]:
        """Write the segments in any format that `localize --format` knows, by the ending of `path` or by name.

        Returns:
            The files written.

        Raises:
            UsageError, InputInvalid: see `formats.write.write_segments`.
        """
        return write_segments(self.predictions, Path(path), format, dict.fromkeys(self.videos))

    def plot(self) -> Picture:
        """The segments of the first videos as a picture, which a notebook shows; `.save(path)` writes a PNG."""
        from bineego.pictures.timeline import draw_timeline

        return draw_timeline(self._sure(), videos=self.videos)

    def _sure(self) -> pd.DataFrame:
        """The segments without candidates, which a fitted decoder adds for recall."""
        return self.predictions[self.predictions["score"] >= RANK]

    def _repr_html_(self) -> str:
        sure = self._sure()
        table = sure.head(MOST_ROWS).to_html(index=False, float_format="{:.2f}".format)  # pandas escapes the names
        rest = len(sure) - MOST_ROWS
        scenes = "".join(
            f"<p>{html.escape(video)}: scene {html.escape(scene)} {score:.2f}</p>"
            for video, (scene, score) in list(self.scenes.items())[:MOST_ROWS]
        )
        more = f"<p>and {many(rest, 'more row')}</p>" if rest > 0 else ""
        low = len(self.predictions) - len(sure)
        head = f"{many(len(sure), 'action')} in {many(len(self.videos), 'video')}"
        head += f", {low} more below {RANK:g}" if low else ""
        return f"<p>{head}</p>{table}{more}{scenes}"
