"""Label Studio: its JSON and JSON-MIN exports, and tasks with pre-annotations to import.

    [{"data": {"video": "/data/upload/1/1a2b3c4d-kitchen.mp4", "fps": 25},
      "annotations": [{"result": [{"type": "timelinelabels", "from_name": "actions", "to_name": "video",
                                   "value": {"ranges": [{"start": 1, "end": 50}], "timelinelabels": ["walk"]}}]}],
      "predictions": [{"result": [{..., "score": 0.9}]}]}]

A timeline counts frames from 1, both ends included, at the frame rate of the labelling set-up; time series and audio
labels have times. Frames become seconds at the rate that the task names, else at the real rate of the video.
Source: Label Studio's documentation of TimelineLabels, TimeSeriesLabels and its task format.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

import pandas as pd

from bineego import segments
from bineego.errors import InputInvalid
from bineego.formats import json, overlaps
from bineego.formats.annotations import Annotations, NotPredictions
from bineego.formats.format import Format, LabelFile, Videos
from bineego.formats.media import Media, video_of, video_of_address
from bineego.formats.options import LabelOptions, TimeUnit
from bineego.formats.rows import RowCollector
from bineego.words import listed, many

FRAMES = "timelinelabels"
TIMES = ("timeserieslabels", "labels")
"""Kinds of results that name labels: by frames, by times."""

RATES = ("fps", "framerate", "frameRate", "frame_rate")
"""Fields of a task's data that set-ups take the frame rate from (`frameRate="$fps"`)."""

PREFIX = re.compile(r"^[0-9a-f]{8}-")
"""Put before the name of an uploaded file."""

CONTROL, OBJECT = "actions", "video"
"""`from_name` and `to_name` of what is written; the set-up in the documentation has the same."""

log = logging.getLogger(__name__)


def is_export(value: object) -> bool:
    """Whether a parsed JSON file is a list of tasks, or one task."""
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        return False
    whole = isinstance(first.get("data"), dict) and ("annotations" in first or "predictions" in first)
    return whole or any(_is_short(result) for results in first.values() for result in _list(results))


def _is_short(result: object) -> bool:
    """Whether it is a label as JSON-MIN has it."""
    return isinstance(result, dict) and (FRAMES in result or TIMES[0] in result)


def _annotations(source: LabelFile, how: LabelOptions) -> Annotations:
    reader = _Reader(source, how)
    tasks = _tasks(source)
    answers = [_answers(task, f"{source.path}, task {task.get('id', number + 1)}") for number, task in enumerate(tasks)]
    guessed = not any(answers)
    if guessed:
        answers = [_last_prediction(task) for task in tasks]
    for number, task in enumerate(tasks):
        for answer in answers[number]:
            reader.add(task, answer, number)
    table = reader.rows.table()
    if guessed and any(answers):
        if any(score is not None for score in reader.rows.scores):
            raise InputInvalid("these are predictions, not annotations: no task has been annotated", where=source.path)
        log.warning("%s: no task has been annotated; pre-annotations without scores are read as labels", source.path)
    whole = overlaps.joined(table) if reader.several else table
    if reader.several:
        log.warning(
            "%s: %s annotated more than once; equal labels that overlap are joined",
            source.path, listed(reader.several, "video"),
        )  # fmt: skip
    return Annotations(segments=whole, videos=reader.videos())


def _predictions(source: LabelFile, how: LabelOptions) -> Annotations:
    reader = _Reader(source, how)
    several = 0
    for number, task in enumerate(_tasks(source)):
        several += len(_list(task.get("predictions"))) > 1
        for answer in _last_prediction(task):
            reader.add(task, answer, number)
    if several:
        log.warning("%s: %s with several predictions; the last one is read", source.path, many(several, "task"))
    if not reader.seen:
        raise NotPredictions("these are annotations, not predictions (no 'predictions')", where=source.path)
    return Annotations(segments=reader.rows.scored_table(), videos=reader.videos())


def _tasks(source: LabelFile) -> list[dict[str, Any]]:
    source.document.refuse_double_keys()
    value = source.document.value
    tasks = value if isinstance(value, list) else [value]
    for number, task in enumerate(tasks):
        if not isinstance(task, dict):
            raise InputInvalid(f"expected a task, found {json.short(task)}", where=f"{source.path}, task {number + 1}")
    return tasks


def _last_prediction(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [answer for answer in _list(task.get("predictions")) if isinstance(answer, dict)][-1:]


def _answers(task: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """The annotations of a task: those called ground truth if any is, else all; none if nobody has labelled it yet."""
    if "data" not in task:
        results = [
            {"type": FRAMES if FRAMES in result else TIMES[0], "value": result, "from_name": key}
            for key, several in task.items()
            for result in _list(several)
            if _is_short(result)
        ]
        return [{"result": results}]
    answers = task.get("annotations") or []
    if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
        raise InputInvalid(f"'annotations' is not a list of objects: {json.short(answers)}", where=where)
    done = [answer for answer in answers if not answer.get("was_cancelled")]
    return [answer for answer in done if answer.get("ground_truth")] or done


class _Reader:
    """Collects the labels of tasks.

    Attributes:
        rows: the segments so far.
        seen: how many answers each video has.
    """

    def __init__(self, source: LabelFile, how: LabelOptions) -> None:
        self.path, self.media = source.path, source.media
        self.unit, self.wanted = how.time_unit, how.named_columns.get("label")
        if self.wanted is not None and len(self.wanted) > 1:
            raise InputInvalid(
                "labels of several controls cannot be joined",
                where="--columns",
                remedy="--columns label=NAME, one control",
            )
        self.rows = RowCollector(path=source.path)
        self.seen: Counter[str] = Counter()
        self.others: Counter[str] = Counter()
        self.unsteady: list[str] = []

    @property
    def several(self) -> list[str]:
        """Videos with more than one answer."""
        return [video for video, count in self.seen.items() if count > 1]

    def videos(self) -> tuple[str, ...]:
        """Ids of all videos with an answer; says what was not read."""
        if self.others:
            kinds = ", ".join(f"{count} {kind}" for kind, count in self.others.items())
            log.info("%s: results that are not timed labels are ignored: %s", self.path, kinds)
        if self.unsteady:
            log.warning(
                "%s: %s with a variable frame rate: times of frame numbers follow the mean rate and are not exact",
                self.path, listed(self.unsteady, "video"),
            )  # fmt: skip
        return tuple(self.seen)

    def add(self, task: Mapping[str, Any], answer: Mapping[str, Any], number: int) -> None:
        """The labels of one answer to a task."""
        where = f"{self.path}, task {task.get('id', number + 1)}"
        video = _video(task, where)
        self.seen[video] += 1
        results = answer.get("result")
        if not isinstance(results, list):
            raise InputInvalid(f"'result' is not a list: {json.short(results)}", where=where)
        for i, result in enumerate(results):
            kind = result.get("type") if isinstance(result, dict) else None
            value = result.get("value") if isinstance(result, dict) else None
            if not isinstance(value, dict) or not isinstance(kind, str):
                raise InputInvalid(f"expected a result, found {json.short(result)}", where=f"{where}, result {i + 1}")
            if kind not in (FRAMES, *TIMES) or "sequence" in value:
                self.others[kind] += 1
            elif self.wanted is None or result.get("from_name") in self.wanted:
                score = json.number(result.get("score", answer.get("score")))
                self._add(video, task, kind, value, score, f"{where}, result {i + 1}")

    def _add(
        self, video: str, task: Mapping[str, Any], kind: str, value: Mapping[str, Any], score: float | None, where: str
    ) -> None:
        labels = value.get(kind)
        if not isinstance(labels, list) or not labels or not all(isinstance(x, str) and x.strip() for x in labels):
            raise InputInvalid(f"{kind!r} is not a list of labels: {json.short(labels)}", where=where)
        ranges = value.get("ranges") if kind == FRAMES else [value]
        if not isinstance(ranges, list) or not ranges:
            raise InputInvalid(f"'ranges' is not a list of ranges: {json.short(ranges)}", where=where)
        for each in ranges:
            pair = json.pair([each.get("start"), each.get("end")]) if isinstance(each, dict) else None
            if pair is None:
                raise InputInvalid(f"no range with two numbers 'start' and 'end': {json.short(each)}", where=where)
            start, end = pair
            if kind == FRAMES:
                rate = self._rate(video, task, where)
                start, end = (start - 1) / rate, end / rate
            elif self.unit is TimeUnit.MILLISECONDS:
                start, end = start / 1000, end / 1000
            self.rows.add(video, [label.strip() for label in labels], (start, end), score)

    def _rate(self, video: str, task: Mapping[str, Any], where: str) -> float:
        """Frames per second of the timeline of a task."""
        media = self.media.get(video)
        told = _told_rate(task)
        if media is not None and not media.steady and video not in self.unsteady:
            self.unsteady.append(video)
        if told is not None:
            if media is not None and abs(told - media.rate) > 0.005 * media.rate:
                log.warning(
                    "%s: the task counts %g frames per second, but the video has %.3f; times follow the task",
                    where, told, media.rate,
                )  # fmt: skip
            return told
        if media is None or media.rate <= 0:
            raise InputInvalid(
                f"labels are in frames, but the frame rate of {video!r} is unknown",
                where=where,
                remedy="name the folder of the videos: --videos FOLDER",
            )
        return media.rate


def _told_rate(task: Mapping[str, Any]) -> float | None:
    data = task.get("data", task)
    rates = [json.number(data.get(name)) for name in RATES] if isinstance(data, dict) else []
    return next((rate for rate in rates if rate is not None and rate > 0), None)


def _video(task: Mapping[str, Any], where: str) -> str:
    """The id of the video of a task."""
    data = task.get("data", task)
    if not isinstance(data, dict):
        raise InputInvalid(f"'data' is not an object: {json.short(data)}", where=where)
    texts = {key: value for key, value in data.items() if isinstance(value, str) and video_of_address(value)}
    names = [key for key in texts if "video" in key.casefold()] or [key for key in texts if _is_file(texts[key])]
    if len(names) > 1 and len({texts[name] for name in names}) > 1:
        names = [name for name in names if name.casefold() == "video"] or names
    if not names:
        raise InputInvalid(f"no video in its data: {json.short(data)}", where=where)
    return _name(texts[names[0]])


def _is_file(text: str) -> bool:
    return bool(re.search(r"\.\w{2,4}$", text)) and "\n" not in text


def _name(address: str) -> str:
    """The video id of `/data/upload/1/1a2b3c4d-kitchen.mp4`, `/data/local-files/?d=kitchen.mp4`, s3://... or a path."""
    if "local-files" in address:
        local = parse_qs(address.partition("?")[2]).get("d")
        if local and video_of(local[0]):
            return video_of(local[0])
    name = video_of_address(address)
    return PREFIX.sub("", name) if "/upload/" in address else name


def _write(found: Annotations, path: Path, videos: Videos) -> None:
    tables = dict(tuple(found.segments.groupby("video_id", sort=False)))
    tasks: list[dict[str, Any]] = []
    unsteady: list[str] = []
    for video in dict.fromkeys((*found.videos, *found.segments["video_id"].tolist())):
        media = videos.get(video)
        if media is None or media.rate <= 0:
            raise InputInvalid(
                f"Label Studio counts frames, but the frame rate of {video!r} is unknown",
                where=path,
                remedy="name the folder of the videos: --videos FOLDER",
            )
        if not media.steady:
            unsteady.append(video)
        tasks.append(_task(media, tables.get(video)))
    if unsteady:
        log.warning(
            "%s: %s with a variable frame rate: frame numbers follow the mean rate", path, listed(unsteady, "video")
        )
    json.write(tasks, path)


def _task(media: Media, table: pd.DataFrame | None) -> dict[str, Any]:
    rows = [] if table is None else [table[name].tolist() for name in ("label", "start", "end")]
    scores = table[segments.SCORE].tolist() if table is not None and segments.SCORE in table else None
    results = [
        _result(label, start, end, media.rate, None if scores is None else scores[i], i)
        for i, (label, start, end) in enumerate(zip(*rows, strict=True))
    ]
    data = {"video": f"/data/local-files/?d={quote(media.path.name)}", "fps": media.rate}
    return {"data": data, "predictions": [{"model_version": "bineego", "result": results}]}


def _result(label: str, start: float, end: float, rate: float, score: float | None, number: int) -> dict[str, Any]:
    first = max(1, round(start * rate) + 1)
    return {
        "id": f"segment{number + 1}",
        "from_name": CONTROL,
        "to_name": OBJECT,
        "type": FRAMES,
        "value": {"ranges": [{"start": first, "end": max(first, round(end * rate))}], FRAMES: [label]},
        **({} if score is None else {"score": score}),
    }


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


FORMAT = Format(
    name="labelstudio",
    title="Label Studio JSON",
    suffixes=(".json",),
    recognises=lambda source: source.is_json and is_export(source.document.value),
    annotations=_annotations,
    predictions=_predictions,
    write=_write,
    shows_videos=True,
    counts_frames=True,
    own_ending=".labelstudio.json",
)
