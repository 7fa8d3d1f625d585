"""A recording: one event filmed from one or more views, with its labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line offers views and subsets without loading pandas
    import pandas as pd


class View(StrEnum):
    """Camera of a recording. Panoramic and third-person share the annotated timeline; egocentric clips have none."""

    PANORAMIC = "panoramic"
    THIRD_PERSON = "third_person"
    MONOCULAR = "monocular"
    BINOCULAR = "binocular"

    @property
    def has_timeline(self) -> bool:
        return self in (View.PANORAMIC, View.THIRD_PERSON)


class Subset(StrEnum):
    TRAIN = "train"
    VAL = "val"
    TEST = "test"


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """One recording.

    Attributes:
        recording_id: what splits are made by; all views and clips of it stay on one side.
        videos: video id -> file, for one view; empty where the file is missing. Timeline views have one, whose id is
            the recording's; egocentric views have `<uuid>_<clip>` ids.
        view: the view of `videos`.
        segments: unscored segments table of the video; None = not annotated (masked out of the action loss); no rows =
            all background.
        scene: scene name, or None.
        subset: where the data set itself puts it, or None.
        attributes: further plain values of its index.json entry ("weather", "performer" ...), nulls left out.
        length: seconds of its video, as the annotations tell it; None = they do not.
        frame_rate: frames per second, in the same way.
    """

    recording_id: str
    videos: Mapping[str, Path] = field(default_factory=dict)
    view: View = View.PANORAMIC
    segments: pd.DataFrame | None = None
    scene: str | None = None
    subset: Subset | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    length: float | None = None
    frame_rate: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Recordings of one data set, and the names its labels use.

    Attributes:
        name: for people: the folder's or file's name.
        recordings: in a stable order.
        actions: action names found in the annotations, sorted.
        scenes: scene names found, sorted.
    """

    name: str
    recordings: Sequence[Recording]
    actions: tuple[str, ...]
    scenes: tuple[str, ...]

    def with_recordings(self, recordings: Sequence[Recording]) -> Dataset:
        """Other recordings under the same name and label names."""
        return Dataset(name=self.name, recordings=recordings, actions=self.actions, scenes=self.scenes)

    def of_subset(self, subset: Subset | None) -> Dataset:
        """The recordings of one subset (all for None), under the same label names."""
        return self.with_recordings([r for r in self.recordings if subset is None or r.subset is subset])

    def of_ids(self, recording_ids: Iterable[str]) -> Dataset:
        """The named recordings, in the data set's own order, under the same label names."""
        wanted = set(recording_ids)
        return self.with_recordings([r for r in self.recordings if r.recording_id in wanted])

    @property
    def videos(self) -> dict[str, Path]:
        """File of every video that has one, by id."""
        return {video: path for r in self.recordings for video, path in r.videos.items()}
