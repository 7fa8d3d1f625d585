from __future__ import annotations

from pathlib import Path

from bineego import segments
from bineego.datasets.recording import Dataset, Recording
from bineego.datasets.summary import class_counts, near_equal, taught, with_moments


def recording(*rows: tuple[str, float, float]) -> Recording:
    columns = list(zip(*rows, strict=True))
    return Recording(recording_id="a", videos={"a": Path("a.mp4")}, segments=segments.make(["a"] * len(rows), *columns))


def test_classes_in_numbers() -> None:
    table = recording(("x", 0, 2), ("y", 0, 1), ("x", 3, 4)).segments
    assert table is not None
    x, y = class_counts(table)
    assert (x.label, x.segments, x.videos, x.total, x.median, x.shortest) == ("x", 2, 1, 3.0, 1.5, 1.0)
    assert (y.label, y.segments) == ("y", 1)


def test_which_classes_an_interval_length_teaches() -> None:
    found = [recording(("x", 0, 3), ("y", 0, 3), ("z", 4.4, 4.6))]
    assert taught(found, {"a": 6.0}, 1.0) == {"x": 3, "y": 0, "z": 0}
    assert taught(found, {"a": 6.0}, 0.2)["z"] == 1


def test_names_that_are_nearly_equal() -> None:
    assert near_equal(["Open door", "open_door", "walk", "run"]) == [("Open door", "open_door")]


def test_moments_get_a_length() -> None:
    data = Dataset(name="d", recordings=[recording(("x", 0.2, 0.2), ("x", 1, 2))], actions=("x",), scenes=())
    (only,) = with_moments(data, 0.5).recordings
    assert only.segments is not None
    assert only.segments[["start", "end"]].to_numpy().tolist() == [[0.0, 0.7], [1.0, 2.0]]
    assert with_moments(data, 0) is data
