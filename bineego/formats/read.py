"""Files of segments in whatever format they are, told by their content."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bineego.errors import InputInvalid, InputMissing
from bineego.formats import activitynet, csv, json, via, x360
from bineego.formats.annotations import Annotations, merge

EXTENSIONS = (".csv", ".json")
"""Of annotation files in a folder."""


@json.no_garbage_collection()
def read_predictions(path: Path) -> pd.DataFrame:
    """A scored segments table from CSV or an ActivityNet results file.

    Raises:
        InputMissing: the file cannot be read.
        InputInvalid: it is in neither format, or a row is wrong.
    """
    if not json.looks_like_json(path):
        return csv.read_predictions(path)
    document = json.read(path)
    if isinstance(document.value, dict) and activitynet.RESULTS_KEY in document.value:
        return activitynet.parse_predictions(document)
    if _is_ground_truth(document):
        raise InputInvalid("these are annotations, not predictions (no scores)", where=path)
    raise InputInvalid(
        "JSON that holds no predictions", where=path, remedy="expected CSV or ActivityNet results with a key 'results'"
    )


@json.no_garbage_collection()
def read_annotations(path: Path) -> Annotations:
    """Ground truth from CSV, ActivityNet JSON, a VIA 3 project, a released 360+x file, or a folder of these.

    Raises:
        InputMissing: the file cannot be read, or a folder holds none.
        InputInvalid: it is in none of these formats, or a row is wrong.
    """
    path = Path(path)
    if path.is_dir():
        files = annotation_files(path)
        if not files:
            raise InputMissing("no annotation file (.csv, .json) in this folder", where=path)
        return merge([read_annotations(file) for file in files])
    if not json.looks_like_json(path):
        return csv.read_annotations(path)
    document = json.read(path)
    value = document.value
    if isinstance(value, dict):
        if activitynet.GROUND_TRUTH_KEY in value:
            return activitynet.parse_annotations(document)
        if via.is_project(value):
            return via.parse_annotations(document)
        if "metadata" in value:
            return x360.parse_annotations(document)
        if activitynet.RESULTS_KEY in value:
            raise InputInvalid("these are predictions, not annotations", where=path)
    raise InputInvalid(
        "JSON that holds no annotations",
        where=path,
        remedy="expected ActivityNet ('database'), a VIA 3 project ('metadata', 'file') or 360+x ('metadata')",
    )


def annotation_files(folder: Path) -> list[Path]:
    """The files of a folder that may hold annotations, by name; hidden ones are left out."""
    return sorted(
        path
        for path in Path(folder).iterdir()
        if path.suffix.casefold() in EXTENSIONS and not path.name.startswith(".") and path.is_file()
    )


def _is_ground_truth(document: json.Document) -> bool:
    value = document.value
    return isinstance(value, dict) and (activitynet.GROUND_TRUTH_KEY in value or "metadata" in value)
