"""The files of `localize` in a folder: what must be true before work, and the tables of all videos that are done there.

Each video's own files are written as it is finished: see `results.Results`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from bineego import segments
from bineego.errors import UsageError
from bineego.files import LONGEST_NAME
from bineego.formats import csv
from bineego.formats.kinds import FileFormat
from bineego.formats.write import ENDINGS
from bineego.inference import tables
from bineego.inference.items import Item
from bineego.inference.results import Results, found_in
from bineego.remote.address import Place
from bineego.store import Record

SCENES = "scenes.csv"


def is_file(output: Place) -> bool:
    """Whether `-o` names the table of one video, and not a folder."""
    return output.suffix.casefold() in ENDINGS and not (isinstance(output, Path) and output.is_dir())


class Output:
    """A folder of results; see `store.Store` for how several processes share it.

    Attributes:
        results: those of each video.
        joint: whether there are tables of all videos (predictions.csv) beside that of each.
        formats: of the tables; a CSV of each video is always there.
    """

    def __init__(self, results: Results, *, joint: bool, formats: Collection[FileFormat]) -> None:
        self.results, self.joint, self.formats = results, joint, set(formats)
        self._own: dict[str, Item] = {}

    def check(self, items: Sequence[Item], *, actions: bool, scenes: bool) -> None:
        """Fail before any work if the folder cannot be written to, or a file there is not ours to replace.

        Raises:
            UsageError: one of these.
        """
        store, overwrite = self.results.store, self.results.overwrite
        store.check_writable()
        self._own = {item.video_id: item for item in items}
        if actions:
            tables.check_formats(self.formats, scenes=scenes, bare=(i.video_id for i in items if not i.is_video_here))
        own = list(self._own)
        later = self._later(all_done=own, actions=actions, scenes=scenes)
        taken = [name for name in later if name.startswith(f"{tables.JOINT}.") or name == SCENES]
        for item in items:
            names = self.results.names(item, actions=actions)
            for name in names or [f"{item.video_id}.csv"]:
                check_name(name, str(item.files[0]))
                if name in taken:
                    raise UsageError(
                        f"the table of the video {item.video_id!r} would have the same name as the table of all videos",
                        remedy="rename the video",
                    )
            store.check(item.video_id, names, overwrite=overwrite)
        for name in later:
            check_name(Path(name).name, name)
            store.check_joint(name, overwrite=overwrite)

    def write_joint(self) -> list[Place]:
        """The tables of all videos that are done in this folder, by this call or others; their paths."""
        store = self.results.store
        with store.moment():
            known = store.all()
            names = self._write_tables(known)
            while not store.locks and (now := store.all()) != known:  # another process has added some meanwhile
                known = now
                names = self._write_tables(known)
        return [self.results.folder / name for name in names]

    def _write_tables(self, records: Sequence[Record]) -> list[str]:
        known = {record.video_id: record for record in records}
        found = {video: found_in(record) for video, record in known.items()}
        parts = {video: each.table for video, each in found.items() if each.table is not None}
        scenes = {video: each.scene for video, each in found.items() if each.scene is not None}
        table = segments.order_by_time(segments.concat(list(parts.values()), scored=True))
        files = {video: Path(file) for video in parts if (file := known[video].content.get("video"))}
        damage = {video: each.damage for video, each in found.items() if each.damage}
        later = self._later(all_done=list(parts), actions=bool(parts), scenes=bool(scenes))
        for name, target in later.items():
            with self.results.store.joint(name) as draft:
                if target is None:
                    csv.write_scenes(scenes, draft)
                else:
                    named = {video: scene for video, (scene, _) in scenes.items()}
                    tables.write(target, draft, table, named, files, damage)
        return list(later)

    def _later(self, *, all_done: Sequence[str], actions: bool, scenes: bool) -> dict[str, tables.Target | None]:
        """What is written once the videos are done, by name; None = the table of scenes."""
        own = [video for video in all_done if video in self._own]
        formats = self.formats if scenes else self.formats - {FileFormat.CHALLENGE_SCENES}
        found: dict[str, tables.Target | None] = {}
        if actions:
            several = tables.targets(formats, all_done=all_done, own=own, joint=self.joint)
            found |= {target.name: target for target in several}
            if len(found) < len(several):
                raise UsageError(
                    "two of these formats would write the same file", where="--format", remedy="name a folder: -o"
                )
        return found | ({SCENES: None} if scenes else {})


def check_name(name: str, source: object) -> None:
    """Refuse a file name that no file system takes, or that no table could hold."""
    try:
        too_long = len(name.encode()) > LONGEST_NAME
    except UnicodeEncodeError:
        raise UsageError("the file name is not UTF-8", where=ascii(str(source)), remedy="rename it") from None
    if too_long:
        raise UsageError(f"the file name is too long for {name[-12:]!r} to be added", where=source, remedy="rename it")
