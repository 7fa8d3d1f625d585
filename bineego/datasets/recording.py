"""A recording: one event filmed from one or more views, with its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

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
        videos: video id -> file, for one view. Timeline views have one, whose id is the recording's; egocentric views
            have `<uuid>_<clip>` ids.
        view: the view of `videos`.
        segments: unscored segments table of the video; None = not annotated (masked out of the action loss); no rows =
            all background.
        scene: scene name, or None.
        subset: where the data set itself puts it, or None.
    """

    recording_id: str
    videos: Mapping[str, Path] = field(default_factory=dict)
    view: View = View.PANORAMIC
    segments: pd.DataFrame | None = None
    scene: str | None = None
    subset: Subset | None = None


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

    def of_subset(self, subset: Subset | None) -> Dataset:
        """The recordings of one subset (all for None), under the same label names."""
        kept = [r for r in self.recordings if subset is None or r.subset is subset]
        return Dataset(name=self.name, recordings=kept, actions=self.actions, scenes=self.scenes)
