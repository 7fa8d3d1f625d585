"""What is to be localized: videos, recordings of several views, features and score tracks, by id."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bineego import tracks
from bineego.datasets.inputs import resolve_videos, resolve_views
from bineego.datasets.recording import Subset, View
from bineego.datasets.sources import expand, remote_videos, source_id
from bineego.datasets.videos import resolved
from bineego.errors import UsageError
from bineego.features import npy
from bineego.features.timing import json_beside
from bineego.files import missing
from bineego.kept import Kept
from bineego.remote.address import Address, RemoteFile, Source
from bineego.remote.scratch import brought
from bineego.video.damage import Damage

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One video, one recording of several views, or the features or the score track of one.

    Attributes:
        video_id: names its rows and its files.
        views: its file in each view asked for, None where it lacks one. A score track is one file, and so is what lies
            at an address.
        cameras: those views, in the same order.
        kept: keeps what is done of a long video; None = it cannot be continued.
        damage: what was noticed of it when it was scored: of each of its files that is damaged.
        lacking: likewise, what it lacks that its model was trained with: views or kinds of features.
    """

    video_id: str
    views: tuple[Source | None, ...]
    cameras: tuple[View, ...] = (View.PANORAMIC,)
    kept: Kept | None = field(default=None, compare=False)
    damage: tuple[Damage, ...] = field(default=(), compare=False)
    lacking: tuple[str, ...] = field(default=(), compare=False)

    @property
    def files(self) -> tuple[Source, ...]:
        """Those that it has."""
        return tuple(source for source in self.views if source is not None)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Those that lie on this machine."""
        return tuple(source for source in self.views if isinstance(source, Path))

    @property
    def is_track(self) -> bool:
        return self.files[0].name.endswith(tracks.SUFFIX)

    @property
    def is_features(self) -> bool:
        return isinstance(self.files[0], Path) and npy.is_feature_file(self.files[0])

    @property
    def is_video(self) -> bool:
        return not self.is_track and not self.is_features

    @property
    def is_video_here(self) -> bool:
        """Whether it is a video on this machine."""
        return self.is_video and bool(self.paths)

    @property
    def sources(self) -> tuple[Source, ...]:
        """All files that the result depends on: the JSON beside features says when their steps are."""
        return (*self.files, *(json_beside(self.paths[0]) if self.is_features else ()))


@contextlib.contextmanager
def on_this_machine(item: Item, scratch: Path | None) -> Iterator[Item]:
    """The item with all its files on this machine, for as long as the block lasts; see `remote.scratch.brought`."""
    with contextlib.ExitStack() as stack:
        views = tuple(view and stack.enter_context(brought(view, scratch)) for view in item.views)
        yield replace(item, views=views)


def find_items(
    inputs: Sequence[Path | str],
    *,
    views: Sequence[View] = (View.PANORAMIC,),
    subset: Subset | None = None,
    videos: Path | str | None = None,
) -> list[Item]:
    """The videos, features and score tracks that `inputs` name, on this machine or at addresses, in their order.

    A folder that holds score tracks, or features, and no videos gives those. For the rest see `datasets.inputs`.
    A recording that lacks one of several views is still an item; a note counts them.

    Raises:
        InputMissing: an input is not there.
        UsageError: nothing to work on, two inputs with one id, or several views asked of an input that has one.
        InputInvalid: a data set whose files are wrong.
    """
    if not inputs:
        raise UsageError("no input", remedy="name a video, a folder of videos, a data set or a score track")
    items: list[Item] = []
    for path in expand(inputs):
        if isinstance(path, Address):
            items += _at(path, views, subset)
            continue
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
            one_view = resolve_videos([path], view=views[0], subset=subset, videos=videos)
            items += [Item(video_id=video_id, views=(file,)) for video_id, file in one_view.items()]
    items = [replace(item, cameras=tuple(views)) for item in items]
    nameless = [item for item in items if not item.video_id]
    if nameless:
        raise UsageError("its name is only an extension", where=nameless[0].files[0], remedy="rename it")
    seen: dict[str, Item] = {}
    for item in items:
        other = seen.setdefault(item.video_id, item)
        if [resolved(source) for source in other.files] != [resolved(source) for source in item.files]:
            raise UsageError(
                f"two inputs with the id {item.video_id!r}: {other.files[0]} and {item.files[0]}",
                remedy="rename one, or use two calls",
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


def _at(address: Address, views: Sequence[View], subset: Subset | None) -> list[Item]:
    """The videos and score tracks at an address."""
    if subset is not None or len(views) > 1:
        option = f"--subset {subset}" if subset is not None else f"--view {','.join(views)}"
        raise UsageError(f"{option} needs a data set, these are videos", where=address, remedy="leave it out")
    files = remote_videos(address, endings=(tracks.SUFFIX,))
    return [Item(video_id=_id_of(file), views=(file,)) for file in files]


def _id_of(file: RemoteFile) -> str:
    return file.name.removesuffix(tracks.SUFFIX) if file.name.endswith(tracks.SUFFIX) else source_id(file)


def _count_lacking(items: Sequence[Item], views: Sequence[View]) -> None:
    recordings = [item for item in items if item.is_video]
    for place, view in enumerate(views):
        lacking = sum(item.views[place] is None for item in recordings)
        if lacking:
            log.info(
                "%d of %d recordings have no %s video: localized without that view", lacking, len(recordings), view
            )


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
