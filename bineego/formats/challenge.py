"""The two CSV files of the BinEgo-360 challenge's Kaggle tasks.

    id,prediction                                        id,0,1,...,27
    9331..._10_20,"[[12, 10.0, 20.0, 0.93], ...]"        9331...,0,0,1,...

In the first, a row is a 10 s window of a video and its pieces: class id (1-34 of the challenge's list, 0 is no
action), start and end in seconds of the WHOLE video, score. Pieces that meet at the edge of a window become one segment
again. The second names the scene (0-27) of each video. Source: the challenge's page; see `labels`.
"""

from __future__ import annotations

import logging
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from bineego import segments
from bineego.errors import InputInvalid
from bineego.files import atomic_text
from bineego.formats import challenge_web, json, tool_csv, windows
from bineego.formats.annotations import Annotations, NotPredictions
from bineego.formats.format import Format, LabelFile, Videos
from bineego.formats.options import LabelOptions
from bineego.formats.table import csv_line
from bineego.labels import BACKGROUND, CHALLENGE_ACTIONS, SCENES, match_scene
from bineego.words import listed, many

WINDOW_COLUMNS = ("id", "prediction")
SCENE_COLUMNS = ("id", *map(str, range(len(SCENES))))
WINDOW_ID = re.compile(r"(.+)_(-?\d+)_(-?\d+)", re.DOTALL)
TOLERANCE = 0.051
"""Seconds that a piece may reach over the edge of its window: times are rounded to 0.1 s."""

log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class Submission:
    """A CSV of windows, and what is wrong with it.

    Attributes:
        pieces: rows of the pieces that are right; `video_id` holds window ids.
        windows: ids of all windows, in file order.
        problems: one text for each thing that is wrong, with its line.
        backgrounds: pieces of class 0, which are not segments.
        scored: whether pieces have scores (else it is ground truth).
    """

    pieces: list[tuple[str, str, float, float, float]] = field(default_factory=list)
    windows: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    backgrounds: int = 0
    scored: bool = True


def problems_of(path: Path) -> list[str]:
    """Everything that is wrong with a file of the challenge, each with its line or row; empty for a good one.

    Raises:
        InputMissing: it cannot be read.
        InputInvalid: it is not one of the three.
    """
    source = LabelFile(path)
    if challenge_web.recognises(source):
        return challenge_web.problems_of(source)
    if _is_windows(source):
        return parse_windows(path).problems
    if _is_scenes(source):
        return _parse_scenes(path)[1]
    raise InputInvalid(
        "not a challenge file",
        where=path,
        remedy="expected the columns id,prediction or id,0,1,...,27, or a JSON list of video_id, t_start, t_end, label",
    )


def parse_windows(path: Path) -> Submission:
    """The CSV of windows; what is wrong is collected, not raised.

    Raises:
        InputMissing, InputInvalid: it cannot be read, or is not a CSV file with these columns.
    """
    found = Submission()
    lengths: Counter[int] = Counter()
    relative = 0
    for line, (window, cell) in _rows(path, WINDOW_COLUMNS):
        where = f"line {line}"
        edges = _edges(window)
        if edges is None:
            found.problems.append(
                f"{where}: id {window!r} is not <video>_<start>_<end> with 10 s from a multiple of 10"
            )
            continue
        found.windows.append(window)
        pieces = _pieces(cell)
        if pieces is None:
            found.problems.append(f"{where}: not a list of [class_id, start, end, score]: {cell[:60]!r}")
            continue
        for piece in pieces:
            problem = _problem(piece, edges)
            lengths[len(piece)] += 1
            if problem is None and piece[0] == BACKGROUND:
                found.backgrounds += 1
            elif problem is None:
                score = piece[3] if len(piece) > 3 else math.nan
                found.pieces.append((window, CHALLENGE_ACTIONS[int(piece[0]) - 1], piece[1], piece[2], score))
            else:
                relative += edges[0] >= windows.WINDOW and 0 <= piece[1] < piece[2] <= windows.WINDOW
                found.problems.append(f"{where}: {problem}")
    found.scored = 3 not in lengths
    twice = [window for window, count in Counter(found.windows).items() if count > 1]
    if twice:
        found.problems.append(f"{listed(twice, 'window')} in several rows")
    if len(lengths) > 1:
        found.problems.append("some pieces have a score and some have none")
    if relative and relative == sum("outside its window" in problem for problem in found.problems):
        found.problems.insert(
            0, "times are counted from the start of the window; they must be those of the whole video"
        )
    return found


def _edges(window: str) -> tuple[int, int] | None:
    match = WINDOW_ID.fullmatch(window)
    if match is None:
        return None
    start, end = int(match[2]), int(match[3])
    return (start, end) if start % windows.WINDOW == 0 and end == start + windows.WINDOW else None


def _pieces(cell: str) -> list[list[float]] | None:
    """The pieces of a window; numbers may be texts."""
    if not cell.strip():
        return []
    try:
        value = json.parse(cell)
    except ValueError:
        return None
    if not isinstance(value, list):
        return None
    pieces = []
    for piece in value:
        numbers = [json.number(number) for number in piece] if isinstance(piece, list) else []
        if len(numbers) not in (3, 4) or None in numbers:
            return None
        pieces.append([number for number in numbers if number is not None])
    return pieces


def _problem(piece: list[float], edges: tuple[int, int]) -> str | None:
    number, start, end = piece[:3]
    if number != int(number) or not 0 <= number <= len(CHALLENGE_ACTIONS):
        return f"class id {number:g} is not from 0 (no action) to {len(CHALLENGE_ACTIONS)}"
    if end <= start:
        return f"a piece from {start:g} to {end:g} s has no length"
    if start < edges[0] - TOLERANCE or end > edges[1] + TOLERANCE:
        return f"a piece from {start:g} to {end:g} s lies outside its window of {edges[0]} to {edges[1]} s"
    return None


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tool_csv.Row]:
    """Rows of a CSV with exactly these columns, with their lines."""
    header, rows = tool_csv.read(path)
    if header != columns:
        raise InputInvalid(f"expected the columns {','.join(columns)[:40]}", where=f"{path}, line 1")
    return rows


def _read_windows(source: LabelFile) -> tuple[pd.DataFrame, tuple[str, ...], bool]:
    """Whole segments, the videos, and whether there are scores.

    Raises:
        InputInvalid: something is wrong; the first thing is named.
    """
    found = parse_windows(source.path)
    _refuse(found.problems, source.path)
    if found.backgrounds:
        log.info("%s: %s of class 0 (no action) left out", source.path, many(found.backgrounds, "piece"))
    ids, labels, starts, ends, scores = zip(*found.pieces, strict=True) if found.pieces else ((),) * 5
    table = windows.joined(segments.make(ids, labels, starts, ends, scores if found.scored else None))
    return table, tuple(dict.fromkeys(map(windows.original, found.windows))), found.scored


def _refuse(problems: list[str], path: Path) -> None:
    if problems:
        more = f" (and {len(problems) - 1} more: bineego check {path})" if len(problems) > 1 else ""
        raise InputInvalid(f"{problems[0]}{more}", where=path)


def _window_annotations(source: LabelFile, _how: LabelOptions) -> Annotations:
    table, videos, _ = _read_windows(source)
    return Annotations(segments=table[list(segments.COLUMNS)], videos=videos)


def _window_predictions(source: LabelFile, _how: LabelOptions) -> Annotations:
    table, videos, scored = _read_windows(source)
    if not scored:
        raise NotPredictions("these are annotations, not predictions: no scores", where=source.path)
    return Annotations(segments=table, videos=videos)


def _write_windows(found: Annotations, path: Path, videos: Videos) -> None:
    table = _with_known_labels(found.segments, path)
    pieces = windows.cut(table)
    numbers = {name: i for i, name in enumerate(CHALLENGE_ACTIONS, 1)}
    cells: dict[str, list[str]] = {}
    ends = table.groupby("video_id")["end"].max().to_dict()
    for video in dict.fromkeys((*found.videos, *table["video_id"].tolist())):
        media = videos.get(video)
        last = max(media.length if media is not None else 0.0, ends.get(video, 0.0))
        for start in range(0, math.ceil(last / windows.WINDOW) * windows.WINDOW, windows.WINDOW):
            cells[f"{video}_{start}_{start + windows.WINDOW}"] = []
    scored = segments.SCORE in pieces
    for window, label, start, end, *score in pieces.itertuples(index=False):
        values = [str(numbers[label]), repr(start), repr(end), *(map(repr, score) if scored else ())]
        cells.setdefault(window, []).append(f"[{', '.join(values)}]")
    with atomic_text(path) as stream:
        stream.write(csv_line(WINDOW_COLUMNS))
        stream.writelines(csv_line((window, f"[{', '.join(several)}]")) for window, several in cells.items())


def _with_known_labels(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The rows whose label the challenge has, with a warning about the others."""
    known = table["label"].isin(CHALLENGE_ACTIONS)
    if not known.all():
        others = sorted(set(table["label"][~known]))
        log.warning(
            "%s: %s left out: %s not in the challenge",
            path, many(int((~known).sum()), "segment"), listed(others, "label"),
        )  # fmt: skip
    return table[known].reset_index(drop=True)


def _is_windows(source: LabelFile) -> bool:
    return _header(source) == WINDOW_COLUMNS


def _is_scenes(source: LabelFile) -> bool:
    return _header(source) == SCENE_COLUMNS


def _header(source: LabelFile) -> tuple[str, ...]:
    line = "" if source.is_json else source.text.split("\n", 1)[0]
    return tuple(name.strip().strip('"') for name in line.split(","))


def _parse_scenes(path: Path) -> tuple[dict[str, str], list[str]]:
    """Scene by video, and what is wrong."""
    scenes: dict[str, str] = {}
    problems = []
    for line, (video, *cells) in _rows(path, SCENE_COLUMNS):
        numbers = [json.number(cell) for cell in cells]
        ones = [i for i, number in enumerate(numbers) if number == 1]
        if len(ones) != 1 or any(number not in (0, 1) for number in numbers):
            problems.append(f"line {line}: expected one 1 and {len(SCENES) - 1} zeros ({video!r})")
        elif scenes.setdefault(video, SCENES[ones[0]]) != SCENES[ones[0]]:
            problems.append(f"line {line}: video {video!r} has two scenes")
    return scenes, problems


def _scene_annotations(source: LabelFile, _how: LabelOptions) -> Annotations:
    scenes, problems = _parse_scenes(source.path)
    _refuse(problems, source.path)
    return Annotations(segments=segments.empty(scored=False), videos=(), scenes=scenes)


def _write_scenes(found: Annotations, path: Path, _videos: Videos) -> None:
    if not found.scenes:
        raise InputInvalid("no scenes to write", where=path, remedy="convert the scenes.csv that localize wrote")
    numbers: dict[str, int] = {}
    for video, scene in found.scenes.items():
        name = match_scene(scene)
        if name is None:
            raise InputInvalid(f"scene {scene!r} of {video!r} is not one of the challenge's", where=path)
        numbers[video] = SCENES.index(name)
    with atomic_text(path) as stream:
        stream.write(csv_line(SCENE_COLUMNS))
        stream.writelines(
            csv_line((video, *(str(int(i == k)) for i in range(len(SCENES))))) for video, k in numbers.items()
        )


WINDOWS = Format(
    name="challenge-csv",
    title="the challenge's CSV of windows (id,prediction)",
    suffixes=(".csv",),
    recognises=_is_windows,
    annotations=_window_annotations,
    predictions=_window_predictions,
    write=_write_windows,
    shows_videos=True,
    own_ending=".challenge.csv",
)

SCENE_ROWS = Format(
    name="challenge-scenes",
    title="the challenge's CSV of scenes (id,0,...,27)",
    suffixes=(".csv",),
    recognises=_is_scenes,
    annotations=_scene_annotations,
    write=_write_scenes,
    own_ending=".challenge-scenes.csv",
)
