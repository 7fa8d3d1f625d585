"""A VIA 3 project made from segments: one file and view for each video, an attribute `action` with all labels."""

from __future__ import annotations

from typing import Any

from bineego import segments
from bineego.formats.annotations import Annotations
from bineego.formats.format import Videos
from bineego.formats.media import file_name

LOCAL, VIDEO = 1, 4
"""VIA's numbers: a file that the user picks, a film."""

TEXT, SELECT = 1, 4
"""VIA's numbers of attribute types."""

ANCHOR = "FILE1_Z2_XY0"
LABEL_ID, SCORE_ID = "1", "2"


def project(found: Annotations, videos: Videos) -> dict[str, Any]:
    """The project as JSON holds it; scores are in a text attribute `score`."""
    table = found.segments
    names = list(dict.fromkeys((*found.videos, *table["video_id"].tolist())))
    number = {video: str(i) for i, video in enumerate(names, 1)}
    options = {label: str(i) for i, label in enumerate(dict.fromkeys(table["label"]))}
    scores = table[segments.SCORE].tolist() if segments.SCORE in table else None
    columns = (table[name].tolist() for name in segments.COLUMNS)
    metadata = {}
    for i, (video, label, start, end) in enumerate(zip(*columns, strict=True)):
        values = {LABEL_ID: options[label]}
        if scores is not None:
            values[SCORE_ID] = segments.number_text(scores[i])
        metadata[f"{number[video]}_{i}"] = {"vid": number[video], "flg": 0, "z": [start, end], "xy": [], "av": values}
    attributes = {LABEL_ID: _attribute("action", SELECT, {i: label for label, i in options.items()})}
    if scores is not None:
        attributes[SCORE_ID] = _attribute(segments.SCORE, TEXT, {})
    return {
        "project": {
            "pid": "__VIA_PROJECT_ID__",
            "rev": "__VIA_PROJECT_REV_ID__",
            "rev_timestamp": "__VIA_PROJECT_REV_TIMESTAMP__",
            "pname": "bineego",
            "creator": "bineego",
            "created": 0,
            "vid_list": list(number.values()),
        },
        "config": {
            "file": {"loc_prefix": {"1": "", "2": "", "3": "", "4": ""}},
            "ui": {
                "file_content_align": "center",
                "file_metadata_editor_visible": True,
                "spatial_metadata_editor_visible": True,
                "temporal_segment_metadata_editor_visible": True,
                "spatial_region_label_attribute_id": "",
                "gtimeline_visible_row_count": "4",
            },
        },
        "attribute": attributes,
        "file": {i: _file(video, i, videos) for video, i in number.items()},
        "metadata": metadata,
        "view": {i: {"fid_list": [i]} for i in number.values()},
    }


def _attribute(name: str, kind: int, options: dict[str, str]) -> dict[str, Any]:
    return {
        "aname": name, "anchor_id": ANCHOR, "type": kind, "desc": "", "options": options, "default_option_id": "",
    }  # fmt: skip


def _file(video: str, number: str, videos: Videos) -> dict[str, Any]:
    media = videos.get(video)
    name = file_name(video) if media is None else media.path.name
    return {"fid": number, "fname": name, "type": VIDEO, "loc": LOCAL, "src": ""}
