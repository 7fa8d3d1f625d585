"""The table of scenes that `localize` writes: `video_id,scene[,score]`. It holds no segments."""

from __future__ import annotations

from bineego import segments
from bineego.formats import csv
from bineego.formats.annotations import Annotations
from bineego.formats.format import Format, LabelFile
from bineego.formats.options import LabelOptions


def _is_scenes(source: LabelFile) -> bool:
    header = "" if source.is_json else source.text.split("\n", 1)[0]
    return tuple(header.strip().split(",")) in (csv.SCENE_COLUMNS, csv.SCORED_SCENE_COLUMNS)


def _annotations(source: LabelFile, _how: LabelOptions) -> Annotations:
    return Annotations(segments=segments.empty(scored=False), videos=(), scenes=csv.read_scenes(source.path))


FORMAT = Format(
    name="scenes",
    title="a table of scenes (video_id,scene,score)",
    suffixes=(".csv",),
    recognises=_is_scenes,
    annotations=_annotations,
)
