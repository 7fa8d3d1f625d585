"""What is found in one video, and its files: written where it is scored, by whichever process of whichever machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from bineego import segments, tracks
from bineego.errors import BineegoError
from bineego.formats import csv
from bineego.formats.kinds import FileFormat
from bineego.inference import tables, telling
from bineego.inference.items import Item
from bineego.inference.options import LocalizeOptions
from bineego.kept import Kept
from bineego.postprocess import decode
from bineego.postprocess.candidates import RANK
from bineego.remote.address import Address, Place, RemoteFile
from bineego.remote.store import open_store
from bineego.store import Made, Record, Store
from bineego.tracks import ScoreTrack
from bineego.video.cache import source_stamp

Scene = tuple[str, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What is known of one video.

    Attributes:
        table: its segments; None = only its scene was asked for.
        scene: the likeliest, with its probability.
        damage: see `video.damage.Damage.plain`.
        best: where there are no actions, the likeliest of those that were not enough, in words.
        paths: its files.
    """

    table: pd.DataFrame | None
    scene: Scene | None
    damage: Sequence[Mapping[str, Any]] = ()
    best: str = ""
    paths: Sequence[Place] = ()


class Sink(Protocol):
    """Where the files of a video go."""

    def add(self, item: Item, track: ScoreTrack, table: pd.DataFrame | None) -> Found:
        """Write them; what is there now."""
        ...


@dataclass(frozen=True)
class Finish:
    """What becomes of a score track: segments, and files.

    Attributes:
        options: how segments are made.
        actions: whether there are any; else only the scene is told.
        sink: where files go; None = nothing is written.
    """

    options: LocalizeOptions
    actions: bool
    sink: Sink | None

    def __call__(self, item: Item, track: ScoreTrack) -> Found:
        """
        Raises:
            BineegoError: nothing more can be written.
        """
        table = decode(track, self.options).assign(video_id=item.video_id) if self.actions else None
        if self.options.start and not item.is_track:
            track = track.placed(self.options.start)
            if table is not None:
                table[list(segments.TIMES)] += self.options.start
        best = telling.best_of(track) if table is not None and not (table["score"] >= RANK).any() else ""
        found = Found(table=table, scene=track.scene, damage=[each.plain() for each in item.damage])
        if self.sink is not None and (table is not None or isinstance(self.sink, Results)):
            found = self.sink.add(item, track, table)
        return replace(found, best=best)


@dataclass(frozen=True, kw_only=True)
class Results:
    """The results of single videos in a folder, one record each.

    Attributes:
        folder: where everything goes.
        save_scores: whether score tracks are kept.
        by: what results are made with (options, models), plain values.
        overwrite: whether files of others are replaced, and what is done already is done again.
        scratch: see `remote.store.open_store`.
    """

    folder: Place
    save_scores: bool
    by: Mapping[str, Any]
    overwrite: bool
    scratch: Path | None = None
    store: Store = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "store", open_store(self.folder, self.scratch))

    def earlier(self, item: Item, *, actions: bool) -> Found | BineegoError | None:
        """What an earlier call with the same model and options found in these very files, or why it could not."""
        if self.overwrite:
            return None
        made = self._made(item)
        record = self.store.done(item.video_id, made, self.names(item, actions=actions))
        if record is not None and (record.content["rows"] is not None or not actions):
            return found_in(record)
        return self.store.failure(item.video_id, made)

    def add(self, item: Item, track: ScoreTrack, table: pd.DataFrame | None) -> Found:
        """Write the files of one video; what is there now."""

        def write(drafts: Path) -> None:
            name = f"{item.video_id}{tracks.SUFFIX}"
            if self.save_scores and not self._is_input(name, item):
                tracks.save(track, drafts / name)
            if table is not None:
                csv.write_segments(table, drafts / f"{item.video_id}.csv")

        source = item.files[0]
        content = {
            "rows": None if table is None else table[list(segments.SCORED_COLUMNS[1:])].to_numpy(object).tolist(),
            "scene": track.scene,
            "video": None if item.is_features else str(source.absolute() if isinstance(source, Path) else source),
            "damage": [damage.plain() for damage in item.damage],
        }
        record = self.store.put(item.video_id, self._made(item), write, content, replace=self.overwrite)
        return replace(found_in(record), paths=[self.folder / name for name in record.files])

    def keeper(self, item: Item) -> Kept | None:
        """Keeps what is done of a video that takes long."""
        return self.store.keeper(item.video_id, self._made(item))

    def fail(self, item: Item, error: BineegoError) -> None:
        """Remember why a video could not be done."""
        self.store.fail(item.video_id, self._made(item), error)

    def names(self, item: Item, *, actions: bool) -> list[str]:
        """The files of a video; a score track that is decoded again where it lies is not written."""
        scores = f"{item.video_id}{tracks.SUFFIX}"
        kept = [scores] if self.save_scores and not self._is_input(scores, item) else []
        return [*kept, f"{item.video_id}.csv"] if actions else kept

    def _is_input(self, name: str, item: Item) -> bool:
        source, there = item.files[0], self.folder / name
        if isinstance(source, RemoteFile) or isinstance(there, Address):
            return isinstance(source, RemoteFile) and source.address == there
        return there.resolve() == source.resolve()

    def _made(self, item: Item) -> Made:
        return Made(source=[source_stamp(source) for source in item.sources], by=self.by)


class OneFile:
    """The table of one video under a given name (`-o result.csv`); its score track goes beside it."""

    def __init__(
        self,
        place: Place,
        item: Item,
        *,
        form: FileFormat,
        save_scores: bool,
        overwrite: bool,
        scratch: Path | None = None,
    ) -> None:
        self.place, self.item, self.form = place, item, form
        self.save_scores, self.overwrite = save_scores, overwrite
        self._names = [place.name, f"{place.name.removesuffix(place.suffix)}{tracks.SUFFIX}"][: 1 + save_scores]
        self._store = open_store(place.parent, scratch)

    def check(self) -> None:
        """As `Output.check`."""
        bare = [] if self.item.is_video_here else [self.item.video_id]
        tables.check_formats((self.form,), scenes=False, bare=bare)
        for name in self._names:
            self._store.check_joint(name, overwrite=self.overwrite, inputs=self.item.paths)

    def add(self, item: Item, track: ScoreTrack, table: pd.DataFrame | None) -> Found:
        """Write the files."""
        assert table is not None
        damage = [each.plain() for each in item.damage]
        with self._store.joint(self._names[0]) as draft:
            tables.write_one(table, draft, self.form, item.video_id, next(iter(item.paths), None), damage)
        for name in self._names[1:]:
            with self._store.joint(name) as draft:
                tracks.save(track, draft)
        paths = [self.place.parent / name for name in self._names]
        return Found(table=table, scene=track.scene, damage=damage, paths=paths)


def found_in(record: Record) -> Found:
    """What a record says."""
    rows, scene = record.content["rows"], record.content["scene"]
    table = None
    if rows is not None:
        columns = list(zip(*rows, strict=True)) if rows else [()] * (len(segments.SCORED_COLUMNS) - 1)
        table = segments.make([record.video_id] * len(rows), *columns)
    return Found(
        table=table,
        scene=None if scene is None else (str(scene[0]), float(scene[1])),
        damage=record.content.get("damage", ()),
    )
