"""The files of `localize`: each video's own as it is finished, and the tables of all that are done in a folder."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bineego import records, segments, tracks
from bineego.errors import BineegoError, UsageError
from bineego.files import LONGEST_NAME, check_writable
from bineego.formats import csv
from bineego.formats.kinds import FileFormat
from bineego.formats.write import ENDINGS
from bineego.inference import tables
from bineego.inference.items import Item
from bineego.kept import Kept
from bineego.store import Made, Record, Store
from bineego.video.cache import content_stamp

SCENES = "scenes.csv"

Scene = tuple[str, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What is known of one video: its segments (None = only its scene was asked for), its scene, and its damage."""

    table: pd.DataFrame | None
    scene: Scene | None
    damage: Sequence[Mapping[str, Any]] = ()


def is_file(output: Path) -> bool:
    """Whether `-o` names the table of one video, and not a folder."""
    return output.suffix.casefold() in ENDINGS and not output.is_dir()


class Output:
    """A folder of results; see `store.Store` for how several processes share it.

    Attributes:
        folder: where everything goes.
        joint: whether there are tables of all videos (predictions.csv) beside that of each.
        formats: of the tables; a CSV of each video is always there.
        save_scores: whether score tracks are kept.
        by: what results are made with (options, models), plain values.
        overwrite: whether files of others are replaced, and what is done already is done again.
    """

    def __init__(
        self,
        folder: Path,
        *,
        joint: bool,
        formats: Collection[FileFormat],
        save_scores: bool,
        by: Mapping[str, Any],
        overwrite: bool,
    ) -> None:
        self.folder, self.joint, self.formats, self.save_scores = Path(folder), joint, set(formats), save_scores
        self.by, self.overwrite = by, overwrite
        self._store = Store(self.folder)
        self._own: dict[str, Item] = {}

    def check(self, items: Sequence[Item], *, actions: bool, scenes: bool) -> None:
        """Fail before any work if the folder cannot be written to, or a file there is not ours to replace.

        Raises:
            UsageError: one of these.
        """
        check_writable(self.folder)
        self._own = {item.video_id: item for item in items}
        if actions:
            tables.check_formats(self.formats, scenes=scenes, tracks=(i.video_id for i in items if not i.is_video))
        own = list(self._own)
        later = self._later(all_done=own, actions=actions, scenes=scenes)
        taken = [name for name in later if name.startswith(f"{tables.JOINT}.") or name == SCENES]
        for item in items:
            names = self._names(item, actions=actions)
            for name in names or [f"{item.video_id}.csv"]:
                check_name(name, item.files[0])
                if name in taken:
                    raise UsageError(
                        f"a video with the id {item.video_id!r}: its table and that of all videos would be one file",
                        remedy="rename the video",
                    )
            # A score track that is decoded again where it lies is not written.
            kept = [name for name in names if not self._is_input(name, item)]
            self._store.check(item.video_id, kept, overwrite=self.overwrite)
        for name in later:
            check_name(Path(name).name, self.folder / name)
            records.check_free(self.folder / name, overwrite=self.overwrite)

    def earlier(self, item: Item, *, actions: bool) -> Found | BineegoError | None:
        """What an earlier call with the same model and options found in these very files, or why it could not."""
        if self.overwrite:
            return None
        made, names = self._made(item), self._names(item, actions=actions)
        record = self._store.done(item.video_id, made, [name for name in names if not self._is_input(name, item)])
        if record is not None and (record.content["rows"] is not None or not actions):
            return _found(record)
        return self._store.failure(item.video_id, made)

    def add(self, item: Item, track: tracks.ScoreTrack, table: pd.DataFrame | None) -> tuple[Found, list[Path]]:
        """Write the files of one video; what is there now, and their paths."""

        def write(drafts: Path) -> None:
            name = f"{item.video_id}{tracks.SUFFIX}"
            if self.save_scores and not self._is_input(name, item):
                tracks.save(track, drafts / name)
            if table is not None:
                csv.write_segments(table, drafts / f"{item.video_id}.csv")

        rows = None if table is None else table[list(segments.SCORED_COLUMNS[1:])].to_numpy(object).tolist()
        content = {
            "rows": rows,
            "scene": track.scene,
            "video": None if item.is_features else str(item.files[0].absolute()),
            "damage": [damage.plain() for damage in item.damage],
        }
        record = self._store.put(item.video_id, self._made(item), write, content, replace=self.overwrite)
        return _found(record), [self.folder / name for name in record.files]

    def keeper(self, item: Item) -> Kept:
        """Keeps what is done of a video that takes long."""
        return self._store.keeper(item.video_id, self._made(item))

    def fail(self, item: Item, error: BineegoError) -> None:
        """Remember why a video could not be done."""
        self._store.fail(item.video_id, self._made(item), error)

    def write_joint(self) -> list[Path]:
        """The tables of all videos that are done in this folder, by this call or others; their paths."""
        with self._store.moment():
            known = {record.video_id: record for record in self._store.all()}
            found = {video: _found(record) for video, record in known.items()}
            parts = {video: each.table for video, each in found.items() if each.table is not None}
            scenes = {video: each.scene for video, each in found.items() if each.scene is not None}
            table = segments.order_by_time(segments.concat(list(parts.values()), scored=True))
            files = {video: Path(file) for video in parts if (file := known[video].content.get("video"))}
            damage = {video: each.damage for video, each in found.items() if each.damage}
            later = self._later(all_done=list(parts), actions=bool(parts), scenes=bool(scenes))
            for name, target in later.items():
                with records.recorded(self.folder / name) as draft:
                    if target is None:
                        csv.write_scenes(scenes, draft)
                    else:
                        named = {video: scene for video, (scene, _) in scenes.items()}
                        tables.write(target, draft, table, named, files, damage)
        return [self.folder / name for name in later]

    def _later(self, *, all_done: Sequence[str], actions: bool, scenes: bool) -> dict[str, tables.Target | None]:
        """What is written once the videos are done, by name; None stands for the table of scenes."""
        own = [video for video in all_done if video in self._own]
        formats = self.formats if scenes else self.formats - {FileFormat.CHALLENGE_SCENES}
        found: dict[str, tables.Target | None] = {}
        if actions:
            several = tables.targets(formats, all_done=all_done, own=own, joint=self.joint)
            found |= {target.name: target for target in several}
            if len(found) < len(several):
                raise UsageError(
                    "two of these formats would make one file", where="--format", remedy="name a folder: -o"
                )
        return found | ({SCENES: None} if scenes else {})

    def _names(self, item: Item, *, actions: bool) -> list[str]:
        scores = [f"{item.video_id}{tracks.SUFFIX}"] if self.save_scores else []
        return [*scores, f"{item.video_id}.csv"] if actions else scores

    def _is_input(self, name: str, item: Item) -> bool:
        return (self.folder / name).resolve() == item.files[0].resolve()

    def _made(self, item: Item) -> Made:
        return Made(source=[content_stamp(path) for path in item.sources], by=self.by)


class OneFile:
    """The table of one video under a name of its own (`-o result.csv`); its score track goes beside it."""

    def __init__(self, path: Path, item: Item, *, form: FileFormat, save_scores: bool, overwrite: bool) -> None:
        self.path, self.item, self.form = Path(path), item, form
        self.save_scores, self.overwrite = save_scores, overwrite
        self.scores = self.path.with_suffix(tracks.SUFFIX)

    def check(self) -> None:
        """As `Output.check`."""
        tables.check_formats((self.form,), scenes=False, tracks=[] if self.item.is_video else [self.item.video_id])
        for path in (self.path, self.scores)[: 1 + self.save_scores]:
            records.check_free(path, overwrite=self.overwrite, inputs=self.item.files)

    def add(self, item: Item, track: tracks.ScoreTrack, table: pd.DataFrame) -> list[Path]:
        """Write the files; their paths."""
        damage = [each.plain() for each in item.damage]
        with records.recorded(self.path) as draft:
            tables.write_one(table, draft, self.form, self.item.video_id, self.item.files[0], damage)
        if not self.save_scores:
            return [self.path]
        with records.recorded(self.scores) as draft:
            tracks.save(track, draft)
        return [self.path, self.scores]


def _found(record: Record) -> Found:
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


def check_name(name: str, source: Path) -> None:
    """Refuse a file name that no file system takes, or that no table could hold."""
    try:
        too_long = len(name.encode()) > LONGEST_NAME
    except UnicodeEncodeError:
        raise UsageError("the file name is not UTF-8", where=ascii(str(source)), remedy="rename it") from None
    if too_long:
        raise UsageError(f"the file name is too long for {name[-12:]!r} to be added", where=source, remedy="rename it")
