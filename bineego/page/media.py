"""Video files as the page knows them: where they lie, how long they are, small pictures of them."""

from __future__ import annotations

import base64
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import simplejpeg

from bineego.errors import BineegoError
from bineego.types import Pixels
from bineego.video.probe import probe
from bineego.video.thumbnails import thumbnails

HEIGHT = 54
"""Pixels of a thumbnail."""

QUALITIES = (70, 50, 30)
"""Of the JPEG: the first with which the pictures have room."""

BYTES = 2_500
"""About what a thumbnail takes."""

FEWEST = 4

MOST = 60
"""Thumbnails of one video."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class MediaDescriber:
    """Describes video files.

    Attributes:
        page: the page's own file, from which a browser finds the video.
        room: bytes that the thumbnails of one video may take.
    """

    page: Path
    room: int

    def of(self, video: Path) -> dict[str, Any]:
        """Address, name, length in seconds and thumbnails of a video; a file that cannot be read has no pictures."""
        where = os.path.relpath(video.resolve(), self.page.resolve().parent)
        told: dict[str, Any] = {"src": quote(where.replace(os.sep, "/")), "file": video.name}
        try:
            length = probe(video).duration
            if length:
                told |= {"length": length, "thumbs": self._sheet(video, length)}
        except BineegoError as error:
            log.warning("%s: no thumbnails for it on the page (%s)", video, error.message)
        return told

    def _sheet(self, video: Path, length: float) -> dict[str, Any] | None:
        """Pictures side by side, as a browser shows parts of one picture fastest."""
        count = int(np.clip(self.room // BYTES, FEWEST, MOST))
        pictures = list(thumbnails(video, (np.arange(count) + 0.5) * length / count, HEIGHT))
        if not pictures:
            return None
        jpeg = _fitting(pictures, self.room)
        while jpeg is None and len(pictures) > FEWEST:
            pictures = pictures[::2]
            jpeg = _fitting(pictures, self.room)
        if jpeg is None:
            return None
        return {
            "data": f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}",
            "width": pictures[0].shape[1],
            "height": pictures[0].shape[0],
            "count": len(pictures),
        }


def _fitting(pictures: list[Pixels], room: int) -> bytes | None:
    """Pictures side by side as a JPEG of at most `room` bytes; None if they are too much for it."""
    sheet = np.ascontiguousarray(np.concatenate(pictures, axis=1))
    for quality in QUALITIES:
        jpeg: bytes = simplejpeg.encode_jpeg(sheet, quality=quality, colorsubsampling="420")
        if len(jpeg) <= room:
            return jpeg
    return None
