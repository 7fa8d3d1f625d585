"""What a format may have to know of a video: tools count frames, and name the file that they show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from bineego.errors import InputInvalid


@dataclass(frozen=True, kw_only=True)
class Media:
    """A video file as annotation tools see it. Made by `datasets.media`, without decoding.

    Attributes:
        path: the file.
        length: seconds: the last frame's time plus its duration.
        rate: mean frames per second.
        steady: whether every frame is on screen equally long, so that frame numbers and times agree.
    """

    path: Path
    length: float
    rate: float
    steady: bool


Medias = Mapping[str, Media]
"""The files of videos by id. May be lazy: a file is looked at when it is asked for."""

NO_MEDIA: Medias = {}
"""Nothing known of any video."""


def video_of(name: str) -> str:
    """The video id of a path as a tool wrote it down, on any system: the file's name without folders and ending."""
    return PurePosixPath(name.replace("\\", "/")).stem


def video_of_address(address: str) -> str:
    """The video id of an address (`file:///C:/my%20clip.mp4`): the same of its unescaped path."""
    return video_of(unquote(address.split("#", 1)[0].split("?", 1)[0]))


def file_name(video: str) -> str:
    """A name for the file of a video that is not at hand, from which `video_of` gets the id again.

    Raises:
        InputInvalid: there is none: the id holds a slash.
    """
    name = video if video_of(video) == video else f"{video}.mp4"
    if video_of(name) != video:
        raise InputInvalid(
            f"the video id {video!r} cannot be the name of a file", remedy="a table (.csv) or JSON takes any id"
        )
    return name
