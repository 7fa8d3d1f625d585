"""The files of `localize`: written video by video, so that an interrupted run goes on where it stood."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import pandas as pd

from bineego import segments, tracks
from bineego.errors import BineegoError, UsageError
from bineego.files import check_writable, write_bytes
from bineego.formats import activitynet, csv
from bineego.inference.items import Item

PREDICTIONS = "predictions"
SCENES = "scenes.csv"
STATE = ".localize.jsonl"
"""What is done: a line of the model and options, then a line for every video as it is finished."""

LONGEST_NAME = 255
"""Bytes that common file systems allow a file name."""


class Format(StrEnum):
    """Forms of the predictions table."""

    CSV = "csv"
    JSON = "json"  # ActivityNet results


class Output:
    """An output folder.

    Attributes:
        folder: where everything goes.
        joint: whether there are tables of all videos (predictions.csv) beside that of each.
        formats: of the joint table; each video's own is always CSV.
        save_scores: whether score tracks are kept.
    """

    def __init__(self, folder: Path, *, joint: bool, formats: Collection[Format], save_scores: bool) -> None:
        self.folder, self.joint, self.formats, self.save_scores = Path(folder), joint, set(formats), save_scores
        self._done: dict[str, Any] = {}

    def check(self, items: Sequence[Item], *, actions: bool, scenes: bool) -> None:
        """Fail before any work if the folder cannot be written to, or a file there is not ours to replace.

        Raises:
            UsageError: one of these.
        """
        check_writable(self.folder)
        for item in items:
            _check_name(f"{item.video_id}{tracks.SUFFIX if self.save_scores else '.csv'}", item.files[0])
        if scenes:
            csv.refuse_foreign(self.folder / SCENES, csv.SCORED_SCENE_COLUMNS)
        if not actions:
            return
        names = [f"{item.video_id}.csv" for item in items]
        taken = [f"{PREDICTIONS}.csv"] * self.joint + [SCENES] * scenes
        for name in taken:
            if name in names:
                raise UsageError(
                    f"a video with the id {Path(name).stem!r}: its table and that of all videos would be one file",
                    remedy="rename the video",
                )
        if self.joint and Format.CSV in self.formats:
            names.append(f"{PREDICTIONS}.csv")
        for name in names:
            csv.refuse_foreign(self.folder / name, segments.SCORED_COLUMNS)
        if Format.JSON in self.formats:
            _refuse_foreign_results(self.folder / f"{PREDICTIONS}.json")

    def resume(self, key: Mapping[str, Any], *, fresh: bool) -> None:
        """Take over what an earlier run with the same `key` (model, options) left; nothing if `fresh`.

        Call it at most once, after `check`.
        """
        if not self.joint:
            return
        path, first = self.folder / STATE, json.dumps(key, default=str)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() and not fresh else []
        if not lines or lines[0] != first:
            lines = []
        for line in lines[1:]:
            with contextlib.suppress(ValueError):  # the last line of an interrupted run may be a part of one
                self._done |= json.loads(line)
        entries = (json.dumps({video: entry}) for video, entry in self._done.items())
        write_bytes(path, "".join(f"{line}\n" for line in (first, *entries)).encode())

    def done(self, item: Item, *, actions: bool) -> bool:
        """Whether an earlier run with the same key has finished these very files."""
        entry = self._done.get(item.video_id)
        if entry is None or entry["source"] != _stamps(item.files):
            return False
        wanted = [self.folder / f"{item.video_id}.csv"] * actions
        wanted += [self.folder / f"{item.video_id}{tracks.SUFFIX}"] * self.save_scores
        # They may be gone, or another model, or a person, has written them since.
        now, then = _stamps(wanted), entry.get("written", ())
        return len(now) == len(wanted) and all(stamp in then for stamp in now)

    def earlier(self, item: Item, *, actions: bool) -> tuple[pd.DataFrame, tuple[str, float] | None]:
        """Segments and scene of a video that is done."""
        scene = self._done[item.video_id]["scene"]
        table = csv.read_predictions(self.folder / f"{item.video_id}.csv") if actions else segments.empty(scored=True)
        return table, None if scene is None else (str(scene[0]), float(scene[1]))

    def write_video(self, item: Item, track: tracks.ScoreTrack, table: pd.DataFrame | None) -> list[Path]:
        """The files of one video; its paths."""
        written: list[Path] = []
        if self.save_scores:
            written.append(self.folder / f"{item.video_id}{tracks.SUFFIX}")
            if written[0].resolve() != item.files[0].resolve():
                tracks.save(track, written[0])
        if table is not None:
            written.append(self.folder / f"{item.video_id}.csv")
            csv.write_segments(table, written[-1])
        if self.joint:
            entry = {item.video_id: {"source": _stamps(item.files), "written": _stamps(written), "scene": track.scene}}
            with (self.folder / STATE).open("a", encoding="utf-8") as stream:
                stream.write(f"{json.dumps(entry)}\n")
        return written

    def write_joint(
        self, table: pd.DataFrame | None, scenes: Mapping[str, tuple[str, float]], videos: Sequence[str]
    ) -> list[Path]:
        """The tables of all `videos`; their paths, predictions first."""
        written: list[Path] = []
        if table is not None and self.joint and Format.CSV in self.formats:
            written.append(self.folder / f"{PREDICTIONS}.csv")
            csv.write_segments(table, written[-1])
        if table is not None and Format.JSON in self.formats:
            written.append(self.folder / f"{PREDICTIONS}.json")
            activitynet.write_predictions(table, written[-1], videos=videos)
        if scenes:
            written.append(self.folder / SCENES)
            csv.write_scenes(scenes, written[-1])
        return written


def _stamps(paths: Iterable[Path]) -> list[Any]:
    """What tells a file from what it was when a video was done; nothing for one that is not there."""
    found = [(path, path.stat()) for path in paths if path.exists()]
    return [[str(path.resolve()), stat.st_size, stat.st_mtime_ns] for path, stat in found]


def _check_name(name: str, source: Path) -> None:
    """Refuse a file name that no file system takes, or that no table could hold."""
    try:
        too_long = len(name.encode()) > LONGEST_NAME
    except UnicodeEncodeError:
        raise UsageError("the file name is not UTF-8", where=ascii(str(source)), remedy="rename it") from None
    if too_long:
        raise UsageError(f"the file name is too long for {name[-12:]!r} to be added", where=source, remedy="rename it")


def _refuse_foreign_results(path: Path) -> None:
    """As `csv.refuse_foreign`, of ActivityNet results."""
    if not path.exists():
        return
    try:
        activitynet.read_predictions(path)
    except BineegoError as error:
        raise UsageError(
            "exists and holds no ActivityNet results: it would be overwritten",
            where=path,
            remedy="name another folder with -o",
        ) from error
