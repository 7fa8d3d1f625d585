from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bineego import segments
from bineego.datasets.recording import Dataset, Recording, Subset
from bineego.errors import InputInvalid, UsageError
from bineego.labels import LabelSet
from bineego.training.recipe import Recipe, Task
from bineego.training.samples import (
    LabelledVideo,
    check_times,
    choose_task,
    cut_line,
    intervals,
    quiet_moment,
    timelines,
)
from bineego.training.sampling import UNKNOWN
from bineego.training.splits import choose_split

LABELS = LabelSet(actions=("a", "b"), scenes=("S",))


def recording(name: str, rows=(), *, annotated: bool = True, scene: str | None = None, subset=None) -> Recording:
    columns = list(zip(*rows, strict=True)) if rows else ([], [], [])
    table = segments.make([name] * len(rows), *columns) if annotated else None
    return Recording(recording_id=name, videos={name: Path(f"{name}.mp4")}, segments=table, scene=scene, subset=subset)


def lines(*recordings: Recording, duration: float = 2.2):
    return timelines(recordings, {r.recording_id: duration for r in recordings}, LABELS, keep_direction=("b",))


def test_intervals_and_their_labels() -> None:
    found = intervals(lines(recording("x", [("a", 0.4, 1.1), ("b", 1.5, 2.0)])), Recipe(interval=0.5), Task.TAL)
    assert found.low.tolist() == [0.0, 0.5, 1.0, 1.5]  # the tail of 0.2 s is no whole interval
    assert found.action.tolist() == [0, 1, 0, 2]
    assert (found.scene == UNKNOWN).all()
    line = found.timelines[0]
    assert line.may_flip(0.5, 1.0)
    assert not line.may_flip(1.6, 2.1)


def test_a_video_shorter_than_t_is_one_interval() -> None:
    found = intervals(lines(recording("x", [("a", 0, 2.2)])), Recipe(interval=4.0), Task.TAL)
    assert (found.low.tolist(), found.high.tolist(), found.action.tolist()) == ([0.0], [2.2], [1])


def test_what_is_not_known_is_masked_or_left_out() -> None:
    known, scene_only = recording("x", [("a", 0, 1)]), recording("y", annotated=False, scene="S")
    both = intervals(lines(known, scene_only), Recipe(interval=1.0), Task.MULTI)
    assert both.action.tolist() == [1, 0, UNKNOWN, UNKNOWN]
    assert both.scene.tolist() == [UNKNOWN, UNKNOWN, 0, 0]
    assert both.keys(Task.SCENE).tolist() == [UNKNOWN, UNKNOWN, 1, 1]
    assert intervals(lines(known, scene_only), Recipe(interval=1.0), Task.TAL).video.tolist() == [0, 0]
    with pytest.raises(InputInvalid, match="no interval"):
        intervals(lines(known), Recipe(), Task.SCENE)


def test_empty_annotations_are_all_background() -> None:
    assert intervals(lines(recording("x")), Recipe(interval=1.0), Task.TAL).action.tolist() == [0, 0]


def test_backward_segments_are_left_out_with_a_warning(notes: pytest.LogCaptureFixture) -> None:
    found = lines(recording("x", [("a", 1.0, 0.5), ("b", 0.0, 2.0)]))
    assert found[0].class_ids.tolist() == [2]
    assert "1 annotated segment" in notes.text


def test_segments_outside_their_video_are_told(notes: pytest.LogCaptureFixture) -> None:
    beyond = [("a", 0.4, 1.1), ("a", 1.0, 3.3), ("b", 2.2, 3.0), ("a", -2.0, -1.0)]
    found = lines(recording("w", [("b", 1.0, 3.2)]), recording("x", beyond), recording("y", [("a", 500, 900)]))
    check_times(found, found)
    (message,) = [record.getMessage() for record in notes.records]
    assert message.startswith("4 of 6 annotated segment(s) lie outside their video")
    assert "'x' (2.20 s long)" in message


def test_times_in_milliseconds_are_refused() -> None:
    inside, in_ms = lines(recording("x", [("a", 0.4, 1.1)])), lines(recording("y", [("a", 400, 1100)]))
    with pytest.raises(InputInvalid, match=r"no annotated segment lies inside its video.* 'y'") as caught:
        check_times(in_ms, inside)
    assert "seconds" in str(caught.value)


@pytest.mark.parametrize("rows", [[("a", 0.0, 2.2), ("b", 1.0, 3.2)], []])
def test_times_up_to_the_end_are_no_news(rows, notes: pytest.LogCaptureFixture) -> None:
    found = lines(recording("x", rows), recording("y", annotated=False))
    check_times(found, found)
    assert not notes.records


def test_targets_of_overlapping_actions() -> None:
    line = lines(recording("x", [("a", 0, 2), ("b", 1, 2)]))[0]
    assert line.targets(np.array([0.0, 1.0]), np.array([1.0, 2.0])).tolist() == [[0, 1, 0], [0, 1, 1]]


def test_task_follows_the_labels(notes: pytest.LogCaptureFixture) -> None:
    tal, scene = recording("x", [("a", 0, 1)]), recording("y", annotated=False, scene="S")
    assert choose_task(Task.AUTO, [tal]) is Task.TAL
    assert choose_task(Task.AUTO, [scene]) is Task.SCENE
    assert choose_task(Task.AUTO, [tal, scene]) is Task.MULTI
    assert "task multi" in notes.text
    with pytest.raises(InputInvalid, match="needs annotated actions"):
        choose_task(Task.MULTI, [scene])
    with pytest.raises(InputInvalid, match="needs scene labels"):
        choose_task(Task.SCENE, [tal])
    with pytest.raises(InputInvalid, match="neither"):
        choose_task(Task.AUTO, [recording("z", annotated=False)])


def dataset(subsets: str) -> Dataset:
    names = {"t": Subset.TRAIN, "v": Subset.VAL, "e": Subset.TEST, "-": None}
    found = [recording(f"r{i}", [("a", 0, 1)], subset=names[s]) for i, s in enumerate(subsets)]
    return Dataset(name="d", recordings=found, actions=("a",), scenes=())


@pytest.mark.parametrize("split", ["auto", "dataset"])
def test_the_subsets_of_the_data_set(split: str) -> None:
    found = choose_split(dataset("ttvte"), Recipe(split=split))
    assert found.train == ("r0", "r1", "r3")
    assert found.val == ("r2",)


def test_inner_never_touches_val() -> None:
    found = choose_split(dataset("tttttvv"), Recipe(split="inner"))
    assert set(found.train) | set(found.val) == {f"r{i}" for i in range(5)}
    assert len(found.val) == 1
    assert choose_split(dataset("tttttvv"), Recipe(split="inner", split_seed=0, seed=5)) == found
    held = [choose_split(dataset("tttttvv"), Recipe(fold=f"{i}/5")).val for i in range(1, 6)]
    assert sorted(name for part in held for name in part) == [f"r{i}" for i in range(5)]


def test_the_note_of_a_random_split_has_its_numbers(notes: pytest.LogCaptureFixture) -> None:
    choose_split(dataset("-----"), Recipe(split_seed=7))
    assert "split: random (seed 7), 4 recordings to train and 1 to validate on" in notes.text


def test_without_subsets_a_seeded_split() -> None:
    found = choose_split(dataset("-----"), Recipe())
    assert len(found.train) == 4
    assert len(found.val) == 1
    # A test subset is no material, whatever the rest is.
    assert "r2" not in (lambda s: s.train + s.val)(choose_split(dataset("ttett"), Recipe()))
    # Nor where no recording has a subset train.
    for recipe in (Recipe(), Recipe(split="none"), Recipe(fold="1/2")):
        found = choose_split(dataset("--e-"), recipe)
        assert "r2" not in found.train + found.val


def test_split_none_and_files(tmp_path: Path, notes: pytest.LogCaptureFixture) -> None:
    assert choose_split(dataset("--"), Recipe(split="none")).val == ()
    assert "say nothing" in notes.text
    path = tmp_path / "s.json"
    path.write_text('{"train": ["r0"], "val": ["r0"]}')
    with pytest.raises(InputInvalid, match="leak"):
        choose_split(dataset("--"), Recipe(split=str(path)))


def test_a_split_file_that_holds_nothing_out_is_told(tmp_path: Path, notes: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "s.json"
    path.write_text('{"train": ["r0", "r1"], "val": []}')
    assert choose_split(dataset("--"), Recipe(split=str(path))).val == ()
    assert f"{path}: its val list is empty" in notes.text
    assert "say nothing" in notes.text


def test_a_split_file_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text('{"train": ["r2", "r0"], "val": ["r1"]}')
    found = choose_split(dataset("ttte"), Recipe(split=str(path)))
    assert (found.train, found.val) == (("r2", "r0"), ("r1",))


def of_performers(subsets: str, performers: str) -> Dataset:
    found = dataset(subsets)
    pairs = zip(found.recordings, performers, strict=True)
    return found.with_recordings([replace(r, attributes={"performer": p}) for r, p in pairs])


def test_groups_on_both_sides_are_a_leak(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text('{"train": ["r0", "r2"], "val": ["r1"]}')
    by_file, own = Recipe(split=str(path), group_by="performer"), Recipe(group_by="performer")
    with pytest.raises(InputInvalid, match=r"leak: 1 performer \('x'\) in both train and val"):
        choose_split(of_performers("---", "xxy"), by_file)
    assert choose_split(of_performers("---", "xyx"), by_file).val == ("r1",)
    # So are those of the data set's own subsets, if it is asked for groups.
    with pytest.raises(InputInvalid, match="leak: 1 performer"):
        choose_split(of_performers("ttv", "xyy"), own)
    assert choose_split(of_performers("ttv", "xyy"), Recipe()).val == ("r2",)
    kept = choose_split(of_performers("tttv", "xyyz"), replace(own, split="inner"))
    assert {kept.train, kept.val} == {("r0",), ("r1", "r2")}


def test_one_file_on_both_sides_is_a_leak(tmp_path: Path) -> None:
    (tmp_path / "walk.mp4").write_bytes(b"a video")
    (tmp_path / "again.mp4").symlink_to(tmp_path / "walk.mp4")
    names = ("walk", "again")
    found = [replace(recording(name), videos={name: tmp_path / f"{name}.mp4"}) for name in names]
    twice = Dataset(name="d", recordings=found, actions=("a",), scenes=())
    with pytest.raises(InputInvalid, match=r"leak: 1 video file \(walk\.mp4\)"):
        choose_split(twice, Recipe())
    assert choose_split(twice, Recipe(split="none")).train == names


@pytest.mark.parametrize(("subsets", "split"), [("--", "dataset"), ("--", "inner"), ("-", "random"), ("v-", "auto")])
def test_splits_that_cannot_be(subsets: str, split: str) -> None:
    with pytest.raises(UsageError):
        choose_split(dataset(subsets), Recipe(split=split))


@pytest.mark.parametrize(
    ("rows", "moment"),
    [
        ([(0, 10), (70, 78), (80, 90)], 78),  # the pause nearest to three quarters
        ([(0, 10), (60, 95)], 60),
        ([(0, 100)], 75),  # no pause
        ([(0, 10)], 75),  # nothing begins later
        ([], 75),
    ],
)
def test_a_lone_video_is_cut_in_a_pause_before_an_action(rows: list[tuple[float, float]], moment: float) -> None:
    assert quiet_moment(_line(rows)) == moment


def test_a_cut_line_gives_each_side_its_part_in_its_own_time() -> None:
    before, after = cut_line(_line([(0, 10), (70, 80), (90, 95)]), 75)
    assert (before.duration, after.duration) == (75, 25)
    assert list(zip(before.starts, before.ends, strict=True)) == [(0, 10), (70, 75)]
    assert list(zip(after.starts, after.ends, strict=True)) == [(0, 5), (15, 20)]
    assert before.class_ids.tolist() == [1, 1]


def _line(rows: list[tuple[float, float]]) -> LabelledVideo:
    return LabelledVideo(
        video_id="a",
        path=Path("a.mp4"),
        duration=100.0,
        annotated=True,
        starts=np.array([start for start, _ in rows], np.float64),
        ends=np.array([end for _, end in rows], np.float64),
        class_ids=np.ones(len(rows), np.int64),
        scene=-1,
        flippable=np.ones(2, np.bool_),
    )
