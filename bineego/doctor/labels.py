"""What is odd about a data set, and what it would teach: videos, classes, intervals, split, needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bineego import grid, segments
from bineego.datasets.lengths import SLACK, check_units, header
from bineego.datasets.recording import Dataset, Recording, Subset
from bineego.datasets.split import split_recordings
from bineego.datasets.summary import class_counts, near_equal, table_of, taught
from bineego.doctor.findings import CheckReport, Severity
from bineego.doctor.predictions import rows
from bineego.errors import UsageError
from bineego.evaluation import ceiling
from bineego.video.build import BYTES_PER_FRAME, BYTES_PER_PIXEL
from bineego.video.frames import MAX_RATE
from bineego.words import listed, many

INTERVALS = (0.25, 0.5, 1.0)
"""Interval lengths that are tried, seconds."""

USUAL_INTERVAL = 0.5

MULTI_FROM = 0.1
"""Share of the segments that meet one of another label, from which `--labels several (multi-label)` is called for."""

FLOAT_BYTES = 4


class ClipDefaults(NamedTuple):
    """What `train` takes of a clip and a batch by default."""

    size: int = 160
    frames: int = 8
    batch_size: int = 32


Headers = Mapping[str, tuple[float | None, float | None]]


def look(dataset: Dataset, report: CheckReport, *, told: bool) -> None:
    """Facts and findings of a data set.

    Args:
        dataset: as opened.
        report: what is known so far; this adds to it.
        told: whether the folder of the videos was named; else labels without videos are nothing odd.
    """
    if not told and not dataset.videos:
        report.findings[:] = [replace(finding, severity=Severity.NOTE) for finding in report.findings]
    headers = {r.recording_id: header(path) for r in dataset.recordings for path in r.videos.values()}
    annotated = [r for r in dataset.recordings if r.segments is not None]
    table = table_of(annotated)
    counts = class_counts(table)
    report.facts |= {"segments": len(table), "classes": [count.to_json() for count in counts]}
    _videos(dataset, headers, report, told=told)
    if scenes := _scenes(dataset.recordings):
        report.facts["scenes"] = scenes
    if not annotated and scenes:
        report.add(Severity.NOTE, "no actions are annotated: scenes alone can be learnt and scored")
        return
    if not annotated:
        report.add(Severity.ERROR, "no video is annotated")
        return
    check_units(annotated)
    rows(table, report)
    _outside(annotated, headers, report)
    for first, second in near_equal([*dataset.actions]):
        if first.casefold() != second.casefold():  # case alone was told when they were read
            report.add(Severity.WARNING, f"labels {first!r} and {second!r} are nearly equal")
    if len(table):
        _intervals(annotated, table, headers, report)
    _split(dataset, report)
    if headers:
        _needs(headers, report)


def _videos(dataset: Dataset, headers: Headers, report: CheckReport, *, told: bool) -> None:
    annotated = [r for r in dataset.recordings if r.segments is not None]
    lengths = [length for length, _ in headers.values() if length is not None]
    rates = sorted({round(rate, 2) for _, rate in headers.values() if rate is not None})
    missing = [r.recording_id for r in annotated if not r.videos]
    unreadable = [name for name, (length, rate) in headers.items() if length is None and rate is None]
    report.facts["videos"] = {
        "annotated": len(annotated),
        "found": len(headers),
        "missing": missing,
        "not_annotated": [r.recording_id for r in dataset.recordings if r.segments is None],
        "seconds": float(sum(lengths)),
        "shortest": min(lengths, default=None),
        "longest": max(lengths, default=None),
        "frame_rates": rates,
    }
    if told and missing and len(missing) == len(annotated):
        report.add(Severity.ERROR, "no annotated video has a file, so nothing can be trained", "--videos FOLDER")
    if unreadable:
        report.add(
            Severity.WARNING, f"{listed(unreadable, 'file')} do not state a duration; they are damaged or not videos"
        )
    if len(rates) > 1:
        report.add(Severity.NOTE, f"frame rates differ: {', '.join(f'{rate:g}' for rate in rates)}")


def _outside(annotated: Sequence[Recording], headers: Headers, report: CheckReport) -> None:
    """Segments that lie behind the end of their video, or reach over it."""
    n, first = 0, ""
    for recording in annotated:
        length = headers.get(recording.recording_id, (None, None))[0]
        if length is None or recording.segments is None:
            continue
        beyond = int((recording.segments["end"] > length + SLACK).sum())
        if beyond and not n:
            first = f"the first in {recording.recording_id!r}, {length:.2f} s long"
        n += beyond
    if n:
        report.add(Severity.WARNING, f"{many(n, 'segment')} end after the end of their video ({first})")


def _intervals(annotated: Sequence[Recording], table: pd.DataFrame, headers: Headers, report: CheckReport) -> None:
    """What intervals of several lengths would teach, and what perfect ones would score."""
    lengths = {name: length for name, (length, _) in headers.items() if length is not None}
    usable = table[~segments.degenerate(table)]
    if len(usable) == 0:
        return
    found: list[dict[str, Any]] = []
    for t, limit in zip(INTERVALS, ceiling(usable, INTERVALS), strict=True):
        counts = taught(annotated, lengths, t)
        untaught = [label for label, n in counts.items() if n == 0]
        found.append({
            "t": t, "intervals_by_class": counts, "not_taught": untaught, "ceiling": limit.final, "lost": limit.lost,
        })  # fmt: skip
        if untaught:
            severity = Severity.WARNING if t == USUAL_INTERVAL else Severity.NOTE
            report.add(
                severity, f"--interval {t:g} would have no example of {listed(untaught, 'action')}",
                "a shorter --interval, --labels several (multi-label) where actions overlap, or the temporal head",
            )  # fmt: skip
    report.facts["intervals"] = found
    overlapped = _overlapped(usable)
    report.facts["overlapped"] = overlapped
    if overlapped >= MULTI_FROM:
        report.add(
            Severity.NOTE, f"{100 * overlapped:.0f} % of the segments overlap a segment of another label",
            "--labels several (multi-label) learns several at once",
        )  # fmt: skip


def _overlapped(table: pd.DataFrame) -> float:
    """Share of the segments that share time with a segment of another label in the same video."""
    n = 0
    for of_video in table.groupby("video_id", sort=False).indices.values():
        start, end = (table[name].to_numpy(np.float64)[of_video] for name in segments.TIMES)
        labels = table["label"].to_numpy(object)[of_video]
        every = grid.n_touching(start, end, start, end)
        for label in np.unique(labels.astype(str)):
            mine = labels == label
            n += int((every[mine] > grid.n_touching(start[mine], end[mine], start[mine], end[mine])).sum())
    return n / len(table)


def _split(dataset: Dataset, report: CheckReport) -> None:
    """Balance of classes and scenes over the two sides: the data set's own, or those that `train` would draw."""
    usable = dataset.with_recordings([r for r in dataset.recordings if r.segments is not None])
    train, val = usable.of_subset(Subset.TRAIN), usable.of_subset(Subset.VAL)
    if not (train.recordings and val.recordings):
        try:
            drawn = split_recordings(usable)
        except UsageError as error:
            report.add(Severity.NOTE, error.message, error.remedy)
            return
        train, val = usable.of_ids(drawn.train), usable.of_ids(drawn.val)
    sides = {"train": train.recordings, "val": val.recordings}
    report.facts["split"] = {
        side: {
            "recordings": len(recordings),
            "segments_by_class": {count.label: count.segments for count in class_counts(table_of(recordings))},
            "recordings_by_scene": _scenes(recordings),
        }
        for side, recordings in sides.items()
    }
    there = {side: set(part["segments_by_class"]) for side, part in report.facts["split"].items()}
    if only := sorted(there["val"] - there["train"]):
        report.add(Severity.WARNING, f"only in the validation recordings, so never learnt: {listed(only, 'action')}")
    if only := sorted(there["train"] - there["val"]):
        report.add(Severity.NOTE, f"only in the training recordings, so never validated: {listed(only, 'action')}")


def _scenes(recordings: Sequence[Recording]) -> dict[str, int]:
    """How many recordings each scene has."""
    names = [r.scene for r in recordings if r.scene is not None]
    return {name: names.count(name) for name in sorted(set(names))}


def _needs(headers: Headers, report: CheckReport) -> None:
    """Disk that the frame cache takes, and memory of a batch, about."""
    recipe = ClipDefaults()
    frames = sum(length * min(rate or MAX_RATE, MAX_RATE) for length, rate in headers.values() if length is not None)
    pixels = recipe.size**2
    report.facts["needs"] = {
        "frames": round(frames),
        "disk_bytes": round(frames * (BYTES_PER_FRAME + BYTES_PER_PIXEL * pixels)),
        "memory_bytes": recipe.batch_size * recipe.frames * pixels * 3 * FLOAT_BYTES,
    }
