"""Names of labels that a file gives by number (`label_id`), from the maps that come with such files.

A map is a list of names in the order of their numbers, an object `{name: number}` or `{number: name}`, or a list of
objects with both. It is in the file itself, or beside it; rows that have both a name and a number are one too.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bineego.errors import InputInvalid
from bineego.files import read_bytes
from bineego.formats import json, text

KEYS = ("label_map", "labels", "classes", "class_names", "categories", "label_names", "taxonomy")
"""Where a file may hold the map."""

FILES = ("label_map.json", "label_map.txt", "category_idx.txt", "classes.txt", "class_names.txt", "labels.txt")
"""Files of a map beside the file; in a text file the n-th line names number n, from 0."""

NUMBER_FIELDS = ("id", "label_id", "nodeId", "index", "class_id")
NAME_FIELDS = ("name", "label", "nodeName", "class_name")

log = logging.getLogger(__name__)


def fill_in(rows: Iterable[Any], document: json.Document) -> None:
    """Give each row that has `label_id` alone its `label`.

    Raises:
        InputInvalid: there is no map, or it lacks a number.
    """
    dicts = [row for row in rows if isinstance(row, dict) and "label_id" in row]
    unnamed = [row for row in dicts if "label" not in row]
    if not unnamed:
        return
    names = _from_rows(dicts) | _from_document(document) or _from_folder(document.path)
    if not names:
        raise InputInvalid(
            "labels are numbers ('label_id'), and there is no map of their names",
            where=document.path,
            remedy=f'put "{KEYS[0]}": {{"walk": 0, ...}} into the file, or {FILES[3]} (one name per line) beside it',
        )
    for row in unnamed:
        name = names.get(_key(row["label_id"]))
        if name is None:
            raise InputInvalid(
                f"'label_id' {row['label_id']!r} is not in the map of {len(names)} labels", where=document.path
            )
        row["label"] = name


def _key(number: object) -> str:
    value = json.number(number)
    return str(int(value)) if value is not None and value == int(value) else str(number)


def _from_rows(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {_key(row["label_id"]): row["label"] for row in rows if isinstance(row.get("label"), str)}


def _from_document(document: json.Document) -> dict[str, str]:
    value = document.value if isinstance(document.value, dict) else {}
    for key in KEYS:
        if names := _map(value.get(key)):
            return names
    return {}


def _from_folder(path: Path) -> dict[str, str]:
    for name in FILES:
        file = path.with_name(name)
        if not file.is_file() or file.samefile(path):
            continue
        if file.suffix == ".json":
            names = _map(json.read(file).value)
        else:
            lines = text.decode(read_bytes(file), where=file)[0].splitlines()
            names = {str(i): line.strip() for i, line in enumerate(lines) if line.strip()}
        if names:
            log.info("%s: label names are taken from %s", path, file.name)
            return names
    return {}


def _map(value: object) -> dict[str, str]:
    """Name by number, from a map in any of its shapes; empty for anything else."""
    if isinstance(value, dict):
        if all(isinstance(name, str) for name in value.values()):
            return {_key(number): name for number, name in value.items()}
        return {_key(number): name for name, number in value.items() if json.number(number) is not None}
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return {str(i): name for i, name in enumerate(value)}
    if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        pairs = [(_field(entry, NUMBER_FIELDS), _field(entry, NAME_FIELDS)) for entry in value]
        return {_key(number): name for number, name in pairs if number is not None and isinstance(name, str)}
    return {}


def _field(entry: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((entry[name] for name in names if name in entry), None)
