"""index.json of a 360+x folder: scene, subset and whatever else is known of each recording.

    [{"uuid": "...", "category": "Kitchen", "capture_time": null, "weather": null, "subset": "train"}, ...]

`subset` is an addition of bineego. Scene names are data; those that mean a scene of 360+x (case, punctuation or a
left-out word aside) are brought to its spelling, so that labels and predictions agree.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bineego.errors import InputInvalid
from bineego.formats import json
from bineego.formats.annotations import Subsets
from bineego.labels import match_scene
from bineego.words import listed

NAME = "index.json"

log = logging.getLogger(__name__)

Scalar = str | int | float | bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Index:
    """What index.json says, by recording id.

    Attributes:
        ids: all recordings, in file order.
        scenes: those with a scene.
        subsets: those with a subset (train, val, test).
        attributes: further plain values of each.
    """

    ids: tuple[str, ...] = ()
    scenes: Mapping[str, str] = field(default_factory=dict)
    subsets: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def read(path: Path) -> Index:
    """Read index.json.

    Raises:
        InputMissing: it cannot be read.
        InputInvalid: it is not a list of objects with a "uuid" each, or a value has the wrong type.
    """
    document = json.read(path)
    document.refuse_double_keys()
    if not isinstance(document.value, list):
        raise InputInvalid("expected a list of recordings", where=path)
    scenes: dict[str, str] = {}
    attributes: dict[str, dict[str, object]] = {}
    subsets = Subsets(Path(path))
    for number, entry in enumerate(document.value, start=1):
        where = f"{path}, entry {number}"
        if not isinstance(entry, dict):
            raise InputInvalid(f"expected an object, found {json.short(entry)}", where=where)
        recording = entry.get("uuid")
        if not isinstance(recording, str) or not recording:
            raise InputInvalid("no 'uuid', or one that is not a text", where=where)
        if recording in attributes:
            raise InputInvalid(f"duplicate 'uuid' {recording!r}", where=where)
        category = entry.get("category")
        if category is not None and not isinstance(category, str):
            raise InputInvalid(f"'category' is not a text: {json.short(category)}", where=where)
        if category and category.strip():
            scenes[recording] = category.strip()
        if entry.get("subset") is not None:
            subsets.add(recording, entry["subset"])
        attributes[recording] = {
            key: value for key, value in entry.items()
            if key not in ("uuid", "category", "subset") and isinstance(value, Scalar)
        }  # fmt: skip
    return Index(
        ids=tuple(attributes), scenes=canonical_scenes(scenes, path), subsets=subsets.known(), attributes=attributes
    )


def canonical_scenes(scenes: Mapping[str, str], where: Path) -> dict[str, str]:
    """Scene names in the spelling of 360+x where they mean one of its scenes; others stay, and a warning names them."""
    spelling = {name: match_scene(name) for name in dict.fromkeys(scenes.values())}
    unknown = [name for name, known in spelling.items() if known is None]
    if unknown:
        log.warning("%s: %s not in the list of 360+x; kept as written", where, listed(map(repr, unknown), "scene name"))
    return {recording: spelling[name] or name for recording, name in scenes.items()}
