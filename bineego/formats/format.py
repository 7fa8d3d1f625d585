"""What a file format is to the rest: how it is told, read and written. One module per format makes one `Format`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bineego.errors import InputMissing
from bineego.files import read_errors
from bineego.formats import json, text
from bineego.formats.annotations import Annotations
from bineego.formats.media import NO_MEDIA, Media, Medias
from bineego.formats.options import LabelOptions

HEAD_BYTES = 1 << 16
"""Read to tell the format of a file."""


class LabelFile:
    """A file that may hold labels; each part is read when it is first asked for, and kept.

    Attributes:
        path: the file.
        media: what is known of the videos by id, for formats that count frames.

    Raises:
        InputMissing: it cannot be read, or not again: what comes out of a pipe would be lost to the format's reader.
    """

    def __init__(self, path: Path, media: Medias = NO_MEDIA) -> None:
        self.path = Path(path)
        self.media = media
        with read_errors(path):
            if self.path.is_fifo() or self.path.is_char_device():
                raise InputMissing("not a regular file (a pipe?)", where=path, remedy="write it to a file first")
            with self.path.open("rb") as file:
                self.head = file.read(HEAD_BYTES)

    @cached_property
    def text(self) -> str:
        """The first `HEAD_BYTES` as text; empty for a binary file."""
        if self.head.startswith(BINARY_MARKS):
            return ""
        return text.decode(self.head, where=self.path, whole=len(self.head) < HEAD_BYTES)[0]

    @property
    def suffix(self) -> str:
        """The ending of its name, in small letters, with its point."""
        return self.path.suffix.casefold()

    @property
    def is_json(self) -> bool:
        """Whether its first character opens a JSON object or list."""
        return self.head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")

    @cached_property
    def document(self) -> json.Document:
        """The parsed JSON file.

        Raises:
            InputInvalid: it is not JSON.
        """
        return json.read(self.path)

    @property
    def object(self) -> Mapping[str, Any]:
        """The JSON object that the file is; empty for any other file."""
        value = self.document.value if self.is_json else None
        return value if isinstance(value, dict) else {}


Videos = Mapping[str, Media | None]
"""All videos that are spoken of, by id; None where the file is unknown."""

BINARY_MARKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG")


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file format.

    Attributes:
        name: as `--format` takes it.
        title: as messages call it.
        suffixes: endings of its files, the first for new ones.
        recognises: whether a file is in this format; must not raise for files of other formats.
        annotations: reads ground truth; None = the format holds none.
        predictions: reads scored segments (the table of the `Annotations` has scores); None = the format holds none.
        write: writes segments, with their scores where they have some and the format has a place for them, given the
            file of every video (None = unknown); a video without rows gets an empty entry where the format can say so.
            None = not written.
        ranked: predictions may have no scores, listed best first.
        one_video: a file holds a single video; several are written as a folder of files named by their ids.
        unnamed: a file does not say which video it is about: its name does.
        shows_videos: a file names the videos' files, or holds their lengths or rates.
        counts_frames: times are written as numbers of frames, which takes the video.
        own_ending: of the tables that `localize` writes, where another format has the first of `suffixes`.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    recognises: Callable[[LabelFile], bool]
    annotations: Callable[[LabelFile, LabelOptions], Annotations] | None = None
    predictions: Callable[[LabelFile, LabelOptions], Annotations] | None = None
    write: Callable[[Annotations, Path, Videos], None] | None = None
    ranked: bool = False
    one_video: bool = False
    unnamed: bool = False
    shows_videos: bool = False
    counts_frames: bool = False
    own_ending: str = ""

    @property
    def ending(self) -> str:
        """What is put behind the name of a table that `localize` writes."""
        return self.own_ending or self.suffixes[0]
