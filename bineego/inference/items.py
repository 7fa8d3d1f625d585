"""What is to be localized: videos and score tracks, by id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bineego import tracks
from bineego.datasets.inputs import resolve_videos
from bineego.datasets.recording import Subset, View
from bineego.errors import InputMissing, UsageError


@dataclass(frozen=True, kw_only=True)
class Item:
    """One video, or the score track of one.

    Attributes:
        video_id: names its rows and its files.
        path: the file.
    """

    video_id: str
    path: Path

    @property
    def is_track(self) -> bool:
        return tracks.is_track(self.path)


def find_items(
    inputs: Sequence[Path | str],
    *,
    view: View = View.PANORAMIC,
    subset: Subset | None = None,
    videos: Path | str | None = None,
) -> list[Item]:
    """The videos and score tracks that `inputs` name, in their order.

    A folder that holds score tracks and no videos gives its tracks. For the rest see `datasets.inputs`.

    Raises:
        InputMissing: an input is not there.
        UsageError: nothing to work on, or two inputs with one id.
        InputInvalid: a data set whose files are wrong.
    """
    if not inputs:
        raise UsageError("no input", remedy="name a video, a folder of videos, a data set or a score track")
    items: list[Item] = []
    for given in inputs:
        path = Path(given)
        if not path.exists():
            raise InputMissing("no such file or folder", where=path)
        found = [path] if tracks.is_track(path) else _tracks_in(path)
        if found:
            items += [Item(video_id=file.name.removesuffix(tracks.SUFFIX), path=file) for file in found]
        else:
            resolved = resolve_videos([path], view=view, subset=subset, videos=videos)
            items += [Item(video_id=video_id, path=file) for video_id, file in resolved.items()]
    seen: dict[str, Item] = {}
    for item in items:
        other = seen.setdefault(item.video_id, item)
        if other.path.resolve() != item.path.resolve():
            raise UsageError(
                f"two inputs with the id {item.video_id!r}: {other.path} and {item.path}",
                remedy="rename one, or give them in two calls",
            )
    return list(seen.values())


def _tracks_in(path: Path) -> list[Path]:
    """The score tracks of a folder that is nothing else."""
    if not path.is_dir():
        return []
    files = [file for file in sorted(path.iterdir()) if not file.name.startswith(".") and file.is_file()]
    found = [file for file in files if tracks.is_track(file)]
    # The folder of an earlier `localize -o` also holds tables; a data set or a folder of videos holds more than that.
    others = [file for file in files if not tracks.is_track(file) and file.suffix not in (".csv", ".json")]
    return [] if others or any(child.is_dir() for child in path.iterdir()) else found
