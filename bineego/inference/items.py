"""What is to be localized: videos, recordings of several views, features and score tracks, by id."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bineego import tracks
from bineego.datasets.inputs import resolve_videos, resolve_views
from bineego.datasets.recording import Subset, View
from bineego.errors import UsageError
from bineego.features import npy
from bineego.features.timing import json_beside
from bineego.files import missing
from bineego.kept import Kept
from bineego.video.damage import Damage

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One video, one recording of several views, or the features or the score track of one.

    Attributes:
        video_id: names its rows and its files.
        views: its file in each view asked for, None where it lacks one. A score track is one file.
        kept: keeps what is done of a long video; None = nobody goes on with it.
        damage: what was noticed of it when it was scored: of each of its files that is damaged.
    """

    video_id: str
    views: tuple[Path | None, ...]
    kept: Kept | None = field(default=None, compare=False)
    damage: tuple[Damage, ...] = field(default=(), compare=False)

    @property
    def files(self) -> tuple[Path, ...]:
        """Those that it has."""
        return tuple(path for path in self.views if path is not None)

    @property
    def is_track(self) -> bool:
        return tracks.is_track(self.files[0])

    @property
    def is_features(self) -> bool:
        return npy.is_feature_file(self.files[0])

    @property
    def is_video(self) -> bool:
        return not self.is_track and not self.is_features

    @property
    def sources(self) -> tuple[Path, ...]:
        """All files that the result hangs on: the JSON beside features says when their steps are."""
        return (*self.files, *(json_beside(self.files[0]) if self.is_features else ()))


def find_items(
    inputs: Sequence[Path | str],
    *,
    views: Sequence[View] = (View.PANORAMIC,),
    subset: Subset | None = None,
    videos: Path | str | None = None,
) -> list[Item]:
    """The videos, features and score tracks that `inputs` name, in their order.

    A folder that holds score tracks, or features, and no videos gives those. For the rest see `datasets.inputs`.
    A recording that lacks one of several views is an item all the same; a note counts them.

    Raises:
        InputMissing: an input is not there.
        UsageError: nothing to work on, two inputs with one id, or several views asked of an input that has one.
        InputInvalid: a data set whose files are wrong.
    """
    if not inputs:
        raise UsageError("no input", remedy="name a video, a folder of videos, a data set or a score track")
    items: list[Item] = []
    for given in inputs:
        path = Path(given)
        if not path.exists():
            raise missing(path)
        found = [path] if tracks.is_track(path) else _tracks_in(path)
        features = {} if found else _features(path)
        if found:
            items += [Item(video_id=file.name.removesuffix(tracks.SUFFIX), views=(file,)) for file in found]
        elif features:
            _check_alone(path, views, subset)
            items += [Item(video_id=video_id, views=(file,)) for video_id, file in features.items()]
        elif len(views) > 1:
            several = resolve_views(path, views, subset=subset, videos=videos)
            items += [Item(video_id=video_id, views=files) for video_id, files in several.items()]
        else:
            resolved = resolve_videos([path], view=views[0], subset=subset, videos=videos)
            items += [Item(video_id=video_id, views=(file,)) for video_id, file in resolved.items()]
    nameless = [item for item in items if not item.video_id]
    if nameless:
        raise UsageError("its name is an ending and no more", where=nameless[0].files[0], remedy="rename it")
    seen: dict[str, Item] = {}
    for item in items:
        other = seen.setdefault(item.video_id, item)
        if [path.resolve() for path in other.files] != [path.resolve() for path in item.files]:
            raise UsageError(
                f"two inputs with the id {item.video_id!r}: {other.files[0]} and {item.files[0]}",
                remedy="rename one, or give them in two calls",
            )
    _count_lacking(list(seen.values()), views)
    return list(seen.values())


def _features(path: Path) -> dict[str, Path]:
    """The feature files that an input is or holds, by video id; none where a folder holds videos."""
    if path.is_dir():
        return npy.feature_files(path) if npy.is_folder_of_features(path) else {}
    return {path.stem: path} if npy.is_feature_file(path) else {}


def _check_alone(path: Path, views: Sequence[View], subset: Subset | None) -> None:
    if len(views) > 1 or subset is not None:
        option = f"--subset {subset}" if subset is not None else f"--view {','.join(views)}"
        raise UsageError(
            f"{option} needs a data set, these are features",
            where=path,
            remedy="leave it out; evaluate has --subset, too",
        )


def _count_lacking(items: Sequence[Item], views: Sequence[View]) -> None:
    recordings = [item for item in items if item.is_video]
    for place, view in enumerate(views):
        lacking = sum(item.views[place] is None for item in recordings)
        if lacking:
            log.info("%d of %d recordings have no %s video: localized without it", lacking, len(recordings), view)


def _tracks_in(path: Path) -> list[Path]:
    """The score tracks of a folder that is nothing else."""
    if not path.is_dir():
        return []
    shown = [entry for entry in sorted(path.iterdir()) if not entry.name.startswith(".")]
    files = [entry for entry in shown if entry.is_file()]
    found = [file for file in files if tracks.is_track(file)]
    # The folder of an earlier `localize -o` also holds tables; a data set or a folder of videos holds more than that.
    others = [file for file in files if not tracks.is_track(file) and file.suffix not in (".csv", ".json")]
    return [] if others or any(entry.is_dir() for entry in shown) else found
