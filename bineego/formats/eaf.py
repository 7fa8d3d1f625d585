"""Files of ELAN (`.eaf`): XML with tiers of annotations on the timeline of one video; times in whole milliseconds.

An annotation's text is the label; where a whole tier has no texts, the tier's name is. Read are the tiers called
"action" (or "label", "activity", "class"; also "action 2" ...), else all that no other tier is above of. What
`--columns label=TIER` names is read instead; `label=verb+noun` joins the annotations of two tiers with equal times.
Written are tiers "action", "action 2" ... (annotations of one tier cannot overlap), and scores as a dependent tier.
"""

from __future__ import annotations

import logging
import mimetypes
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

import pandas as pd
from pympi.Elan import Eaf, to_string

from bineego import segments
from bineego.errors import InputInvalid
from bineego.files import read_bytes, write_bytes
from bineego.formats import json, overlaps
from bineego.formats.annotations import Annotations, NotPredictions
from bineego.formats.format import Format, LabelFile, Videos
from bineego.formats.media import Media, video_of_address
from bineego.formats.options import LabelOptions
from bineego.formats.rows import RowCollector
from bineego.formats.via import LABEL_ATTRIBUTES
from bineego.words import listed, many

TIER = "action"
SCORE_TIER = "score"
WRITTEN = "2000-01-01T00:00:00+00:00"
"""A file that says the same is the same file, whenever it is written."""

ROOT = "ANNOTATION_DOCUMENT"
EXPECTED = {"{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation": "", "VERSION": "2.8"}
"""Attributes of the root that pympi looks for."""

NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML cannot hold."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Annotation:
    """Times in seconds on the timeline of the file."""

    name: str
    start: float
    end: float
    text: str
    score: float | None


def _annotations(source: LabelFile, how: LabelOptions) -> Annotations:
    rows, video = _read(source, how)
    return Annotations(segments=rows.table(), videos=(video,))


def _predictions(source: LabelFile, how: LabelOptions) -> Annotations:
    rows, video = _read(source, how, scored=True)
    return Annotations(segments=rows.scored_table(), videos=(video,))


def _read(source: LabelFile, how: LabelOptions, *, scored: bool = False) -> tuple[RowCollector, str]:
    eaf = _parse(source.path)
    if scored and not any(map(_is_score, eaf.tiers)):
        raise NotPredictions("these are annotations, not predictions (no tier of scores)", where=source.path)
    media = _media(eaf, source.path)
    video = source.path.stem if media is None else video_of_address(_address(media))
    origin = (json.number((media or {}).get("TIME_ORIGIN")) or 0.0) / 1000
    rows = RowCollector(path=source.path)
    named = how.named_columns.get("label")
    for found in _joined(eaf, named, source.path) if named else _of_tiers(eaf, source.path):
        rows.add(video, (found.text,), (_plus(found.start, origin), _plus(found.end, origin)), found.score)
    return rows, video


def _plus(time: float, origin: float) -> float:
    return round(time + origin, 3) if origin else time


def _parse(path: Path) -> Any:
    """The file as pympi reads it, after a look for what no such file needs: a document type, and with it entities.

    Raises:
        InputMissing: it cannot be read.
        InputInvalid: it is not such a file; where it is not XML, with line and column.
    """
    parser = expat.ParserCreate(namespace_separator=" ")

    def refuse(*_: object) -> None:
        raise InputInvalid(
            "has a document type (DOCTYPE), which no ELAN file has; refused because it may define entities",
            where=f"{path}, line {parser.CurrentLineNumber}",
        )

    content = read_bytes(path)
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        where = f"{path}, line {error.lineno}, column {error.offset + 1}"
        raise InputInvalid(f"not valid XML: {expat.ErrorString(error.code)}", where=where) from error
    except (LookupError, ValueError) as error:  # its first line names an encoding that is none, or of several bytes
        raise InputInvalid(f"not valid XML: {error}", where=path, remedy="save it as UTF-8") from error
    try:
        return _opened(path, content)
    except Exception as error:  # of any class: it looks into whatever is there
        raise InputInvalid(
            f"not an ELAN file that can be read ({type(error).__name__}: {error})",
            where=path,
            remedy="open it in ELAN and save it again",
        ) from error


def _opened(path: Path, content: bytes) -> Any:
    """The file by pympi, which insists on attributes that only ELAN itself writes."""
    root = ElementTree.fromstring(content)
    if root.tag != ROOT:
        raise ValueError(f"{root.tag} is not {ROOT}")
    missing = {name: value for name, value in EXPECTED.items() if name not in root.attrib}
    if not missing:
        return Eaf(path, suppress_version_warning=True)
    root.attrib.update(missing)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.eaf"
        ElementTree.ElementTree(root).write(copy, encoding="UTF-8", xml_declaration=True)
        return Eaf(copy, suppress_version_warning=True)


def _media(eaf: Any, path: Path) -> dict[str, str] | None:
    """The video of the file: the first media file that is one, else the first."""
    media: list[dict[str, str]] = [entry for entry in eaf.media_descriptors if _address(entry)]
    first = next((entry for entry in media if entry.get("MIME_TYPE", "").startswith("video")), None)
    others = {video_of_address(_address(entry)) for entry in media}
    if len(others) > 1:
        log.info("%s: one timeline for %s; the id of the first one is used", path, listed(sorted(others), "media file"))
    return first or (media[0] if media else None)


def _address(media: dict[str, str]) -> str:
    return media.get("MEDIA_URL") or media.get("RELATIVE_MEDIA_URL") or ""


def _of_tiers(eaf: Any, path: Path) -> Iterator[_Annotation]:
    """Annotations of the tiers that hold labels, by tier."""
    free = [name for name, tier in eaf.tiers.items() if not tier[2].get("PARENT_REF")]
    chosen = [name for name in free if is_label_name(name)] or [name for name in free if eaf.tiers[name][0]]
    others = [name for name, tier in eaf.tiers.items() if name not in chosen and not _is_score(name) and any(tier[:2])]
    if others:
        log.warning(
            "%s: labels are taken from %s; ignored: %s (--columns label=TIER chooses another)",
            path, listed(map(repr, chosen), "tier"), listed(map(repr, others), "tier"),
        )  # fmt: skip
    elif len(chosen) > 1 and not all(map(is_label_name, chosen)):
        log.info("%s: labels are taken from %s", path, listed(map(repr, chosen), "tier"))
    for name in chosen:
        yield from _texts(eaf, name, path)


def is_label_name(tier: str) -> bool:
    """Whether a tier is called as those that hold labels are, such as "Action" or "action 2"."""
    return re.sub(r"[ _-]*\d+$", "", tier.strip()).casefold() in LABEL_ATTRIBUTES


def _is_score(tier: str) -> bool:
    return tier == SCORE_TIER or tier.endswith(f" {SCORE_TIER}")


def _texts(eaf: Any, tier: str, path: Path) -> Iterator[_Annotation]:
    """The annotations of one tier; if none of them has a text, the tier's name is the text of each."""
    found = list(_timed(eaf, tier, path))
    empty = [annotation for annotation in found if not annotation.text]
    if empty and len(empty) < len(found):
        raise InputInvalid(
            "an annotation without a text", where=f"{path}, tier {tier!r}, annotation {empty[0].name!r} "
            f"at {empty[0].start:g} s", remedy="give it its label, or remove it",
        )  # fmt: skip
    if empty:
        log.info("%s: tier %r has no texts; its name is the label", path, tier)
    for annotation in found:
        text = annotation.text or tier.strip()
        yield _Annotation(
            name=annotation.name, start=annotation.start, end=annotation.end, text=text, score=annotation.score
        )


def _timed(eaf: Any, tier: str, path: Path, below: tuple[str, ...] = ()) -> Iterator[_Annotation]:
    """The annotations of one tier with times of their own, or with those of the annotations that they belong to.

    Args:
        below: the tiers that depend on this one and have been visited.
    """
    if tier in below:
        raise InputInvalid("its tiers depend on each other in a circle", where=f"{path}, tier {tier!r}")
    aligned, references = eaf.tiers[tier][:2]
    scores = _scores(eaf, tier)
    for name, (first, second, text, _) in aligned.items():
        start, end = eaf.timeslots.get(first), eaf.timeslots.get(second)
        if start is None or end is None:
            raise InputInvalid("an annotation without a time", where=f"{path}, tier {tier!r}, annotation {name!r}")
        yield _Annotation(
            name=name, start=start / 1000, end=end / 1000, text=(text or "").strip(), score=scores.get(name)
        )
    parents: dict[str, _Annotation] = {}
    parent = eaf.tiers[tier][2].get("PARENT_REF")
    if references and parent in eaf.tiers:
        parents = {annotation.name: annotation for annotation in _timed(eaf, parent, path, (*below, tier))}
    for name, (reference, text, _, _) in references.items():
        if reference not in parents:
            raise InputInvalid(
                f"an annotation that refers to a missing one ({reference!r})", where=f"{path}, tier {tier!r}, {name!r}"
            )
        above = parents[reference]
        yield _Annotation(name=name, start=above.start, end=above.end, text=(text or "").strip(), score=None)


def _scores(eaf: Any, tier: str) -> dict[str, float]:
    """Score by annotation, from the tier of scores below it."""
    below = next((t for name, t in eaf.tiers.items() if _is_score(name) and t[2].get("PARENT_REF") == tier), None)
    pairs = [(entry[0], json.number(entry[1])) for entry in below[1].values()] if below is not None else []
    return {name: score for name, score in pairs if score is not None}


def _joined(eaf: Any, tiers: Sequence[str], path: Path) -> Iterator[_Annotation]:
    """The annotations of the first tier, their texts joined with those of the other tiers at the same times."""
    unknown = [tier for tier in tiers if tier not in eaf.tiers]
    if unknown:
        raise InputInvalid(
            f"no tier {unknown[0]!r} (it has {', '.join(map(repr, eaf.tiers))})",
            where=path,
            remedy="--columns label=TIER",
        )
    others = [{(other.start, other.end): other.text for other in _texts(eaf, tier, path)} for tier in tiers[1:]]
    for first in _texts(eaf, tiers[0], path):
        texts = [first.text, *(other.get((first.start, first.end)) for other in others)]
        if None in texts:
            raise InputInvalid(
                f"tier {tiers[texts.index(None)]!r} has no annotation from {first.start:g} to {first.end:g} s",
                where=f"{path}, tier {tiers[0]!r}, annotation {first.name!r}",
            )
        yield _Annotation(
            name=first.name, start=first.start, end=first.end, text=" ".join(map(str, texts)), score=first.score
        )


def _write(found: Annotations, path: Path, videos: Videos) -> None:
    table = found.segments
    bad = next((label for label in table["label"].unique() if NO_XML.search(label)), None)
    if bad is not None:
        raise InputInvalid(f"label {bad!r} has a character that XML cannot hold", where=path, remedy="rename it")
    eaf = Eaf(author="bineego")
    eaf.remove_tier("default")
    eaf.adocument["DATE"] = WRITTEN
    for video in found.videos:
        if (media := videos.get(video)) is not None:
            _link(eaf, media, path)
    _add_tiers(eaf, table, path)
    write_bytes(path, b'<?xml version="1.0" encoding="UTF-8"?>\n' + to_string(eaf).encode())


def _link(eaf: Any, media: Media, path: Path) -> None:
    file, folder = media.path.resolve(), path.parent.resolve()
    relative = f"./{file.relative_to(folder).as_posix()}" if file.is_relative_to(folder) else None
    kind = mimetypes.guess_type(file.name)[0] or "video/mp4"
    eaf.add_linked_file(file.as_uri(), relpath=relative, mimetype=kind)


def _add_tiers(eaf: Any, table: pd.DataFrame, path: Path) -> None:
    milliseconds = [
        (max(0, round(1000 * start)), round(1000 * end))
        for start, end in zip(table["start"], table["end"], strict=True)
    ]
    times = [(start, max(end, start + 1)) for start, end in milliseconds]
    moved = sum(
        pair != (round(1000 * s), round(1000 * e))
        for pair, s, e in zip(times, table["start"], table["end"], strict=True)
    )
    if moved:
        log.warning("%s: %s lengthened to 1 ms or moved to 0:00, as ELAN requires", path, many(moved, "annotation"))
    rounded = table.assign(start=[start for start, _ in times], end=[end for _, end in times])
    layer = overlaps.layers(rounded, by_label=False)
    scores = table[segments.SCORE].tolist() if segments.SCORE in table else None
    if scores is not None:
        eaf.add_linguistic_type(SCORE_TIER, constraints="Symbolic_Association", timealignable=False)
    for number in range(max(layer, default=0) + 1):
        tier = TIER if number == 0 else f"{TIER} {number + 1}"
        eaf.add_tier(tier)
        if scores is not None:
            eaf.add_tier(f"{tier} {SCORE_TIER}", ling=SCORE_TIER, parent=tier)
    for row, (label, (start, end), number) in enumerate(zip(table["label"], times, layer, strict=True)):
        tier = TIER if number == 0 else f"{TIER} {number + 1}"
        eaf.add_annotation(tier, start, end, label)
        if scores is not None:
            # Not add_ref_annotation, which looks for the annotation by its time, through all of them.
            above = next(reversed(eaf.tiers[tier][0]))
            name = eaf.generate_annotation_id()
            eaf.annotations[name] = f"{tier} {SCORE_TIER}"
            eaf.tiers[f"{tier} {SCORE_TIER}"][1][name] = (above, segments.number_text(scores[row]), None, None)


FORMAT = Format(
    name="eaf",
    title="an ELAN file (.eaf)",
    suffixes=(".eaf",),
    recognises=lambda source: f"<{ROOT}" in source.text,
    annotations=_annotations,
    predictions=_predictions,
    write=_write,
    one_video=True,
    shows_videos=True,
)
