"""Writing in any format, and from each to each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from formats.tools import found, media, rows
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bineego import segments
from bineego.errors import InputInvalid, UsageError
from bineego.formats import read
from bineego.formats.annotations import Annotations
from bineego.formats.kinds import FileFormat
from bineego.formats.write import WRITERS, format_of, write, write_segments
from bineego.labels import CHALLENGE_ACTIONS

FORMATS = [str(name) for name in WRITERS if name != "challenge-scenes"]
SCORES_KEPT = {"csv", "json", "boris", "via", "eaf", "labelstudio", "vtrace", "challenge-csv"}
"""Formats that hold scores as they are."""


def test_the_ending_stands_for_the_format_or_it_is_named() -> None:
    assert format_of(Path("a.JSON")).name == "json"
    assert format_of(Path("a.boris")).name == "boris"
    assert format_of(Path("a.json"), "via").name == "via"
    with pytest.raises(UsageError, match=r"cannot write 'borsi' \(did you mean 'boris'\?\)"):
        format_of(Path("a"), "borsi")
    with pytest.raises(UsageError, match=r"not that of any format\n.*--format .*labelstudio"):
        format_of(Path("a.doc"))


def test_a_file_for_each_video(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    table = segments.make(["a", "b"], ["x", "y"], [0, 1], [1, 2])
    paths = write_segments(table, tmp_path / "out", "srt", {"a": None, "b": None, "c": None})
    assert [path.name for path in paths] == ["a.srt", "b.srt", "c.srt"]
    assert sorted(rows(read.read_annotations(tmp_path / "out").segments)) == [
        ("a", "x", 0.0, 1.0),
        ("b", "y", 1.0, 2.0),
    ]
    with pytest.raises(
        UsageError, match=r"holds a single video, but there are 2 videos \(a, b\)\n.*name a folder: .*out2"
    ):
        write_segments(table, tmp_path / "out2.srt", None, {})
    write_segments(table[:1], tmp_path / "other.srt", None, {})
    assert "belong to 'other', not 'a'" in caplog.text
    with pytest.raises(InputInvalid, match="'x/y' cannot be the name of a file"):
        write_segments(table.assign(video_id="x/y"), tmp_path / "out3", "srt", {})
    with pytest.raises(UsageError, match="is a folder"):
        write_segments(table, tmp_path, "boris", {})


@pytest.mark.parametrize(
    "name", ["csv", "json", "boris", "via", "eaf", "srt", "vtt", "vtrace", "360x", "challenge-json"]
)
@pytest.mark.parametrize("video", ["clip.v2", "a b", "0012", "NA", "é", "x.mp4", "a,b"])
def test_ids_come_back_as_they_are(tmp_path: Path, name: str, video: str) -> None:
    table = segments.make([video], ["walking"], [0.0], [1.0])
    path = (
        tmp_path / "out"
        if WRITERS[FileFormat(name)].one_video
        else tmp_path / f"f{WRITERS[FileFormat(name)].suffixes[0]}"
    )
    (written,) = write_segments(table, path, name, {})
    assert read.read_any(written).segments["video_id"].tolist() == [video]


def test_nothing_is_half_written(tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text("kept")
    with pytest.raises(InputInvalid):
        write_segments(segments.make(["a"], ["x"], [0], [1]), tmp_path / "out.json", "labelstudio", {"a": None})
    assert (tmp_path / "out.json").read_text() == "kept"


TICKS = st.integers(0, 500).map(lambda n: n / 5)  # whole frames at 25 a second, milliseconds, tenths of a second
LABELS = st.sampled_from(CHALLENGE_ACTIONS[:4])
SCORES = st.integers(1, 99).map(lambda n: n / 100)


def _apart(several: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows that every format can hold: at least a second long, equal labels of one video apart from each other, and no
    piece in a window of 10 s shorter than half a second."""
    kept: list[tuple[Any, ...]] = []
    for video, label, start, end, score in several:
        times = (min(start, end), max(start, end))
        pieces = [times[0] % 10 <= 9.5, times[1] % 10 >= 0.5 or times[1] % 10 == 0]
        free = all(row[:2] != (video, label) or row[3] < times[0] or times[1] < row[2] for row in kept)
        if times[1] - times[0] >= 1 and all(pieces) and free:
            kept.append((video, label, *times, score))
    return kept


ROWS = (
    st.lists(st.tuples(st.sampled_from(("a", "b c")), LABELS, TICKS, TICKS, SCORES), min_size=1, max_size=8)
    .map(_apart)
    .filter(bool)
)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here is about a power cut."""
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("first", FORMATS)
@settings(
    max_examples=2,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(several=ROWS, scored=st.booleans())
def test_from_each_format_to_each(tmp_path: Path, first: str, several: list[tuple[Any, ...]], scored: bool) -> None:
    given_rows = found(*several, videos=("a", "b c"))
    table = given_rows.segments if scored and several else given_rows.segments.drop(columns="score", errors="ignore")
    there = through(Annotations(segments=table, videos=given_rows.videos), first, tmp_path / "first")
    assert values(there.segments) == values(table[list(there.segments.columns)])
    for second in FORMATS:
        back = through(there, second, tmp_path / "second")
        assert values(back.segments) == values(table[list(back.segments.columns)])
        if first in SCORES_KEPT and second in SCORES_KEPT:
            assert list(back.segments.columns) == list(table.columns)


def through(given_rows: Annotations, name: str, folder: Path) -> Annotations:
    """Annotations written in a format and read again."""
    how, known = WRITERS[FileFormat(name)], media("a", "b c", length=100.0)
    path = folder / name if how.one_video else folder / f"{name}{how.suffixes[0]}"
    parts = [read.read_any(file, media=known) for file in write(given_rows, path, how, known)]
    scored = all(segments.SCORE in part.segments for part in parts if len(part.segments))
    scored &= any(len(part.segments) for part in parts)
    return Annotations(
        segments=segments.concat([part.segments for part in parts], scored=scored),
        videos=tuple(video for part in parts for video in part.videos),
    )


def values(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    return sorted(tuple(round(x, 9) if isinstance(x, float) else x for x in row) for row in rows(table))


def test_the_docs_name_every_format_that_is_written() -> None:
    page = (Path(__file__).parents[2] / "docs" / "file-formats.md").read_text(encoding="utf-8")
    assert [form for form in FileFormat if f"`{form}`" not in page] == []


@pytest.mark.parametrize(("name", "told"), [("360x", True), ("via", False), ("srt", False)])
def test_scores_without_a_place_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, told: bool
) -> None:
    table = segments.make(["a"], ["x"], [0.0], [1.0], [0.5])
    write_segments(table, tmp_path / "out", name, media("a"))
    assert ("no place for scores" in caplog.text) is told
