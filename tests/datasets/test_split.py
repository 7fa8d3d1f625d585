from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bineego import segments
from bineego.datasets.recording import Dataset, Recording
from bineego.datasets.split import Split, kfold, read_split, split_recordings, write_split
from bineego.errors import InputInvalid, UsageError

ACTIONS, SCENES = ("x", "y", "z"), ("Kitchen", "Nature")
labels = st.lists(st.tuples(st.sets(st.sampled_from(ACTIONS)), st.sampled_from(SCENES), st.integers(0, 4)), max_size=24)


def dataset(rows: list[tuple[set[str], str, int]]) -> Dataset:
    recordings = [
        Recording(
            recording_id=f"r{i}",
            segments=segments.make([f"r{i}"] * len(names), sorted(names), [0] * len(names), [1] * len(names)),
            scene=scene,
            attributes={"performer": performer},
        )
        for i, (names, scene, performer) in enumerate(rows)
    ]
    return Dataset(name="d", recordings=recordings, actions=ACTIONS, scenes=SCENES)


@given(labels, st.floats(0.05, 0.95), st.integers(0, 5))
def test_every_recording_is_on_one_side(rows: list, share: float, seed: int) -> None:
    assume(len(rows) >= 2)
    data = dataset(rows)
    split = split_recordings(data, val_share=share, seed=seed)
    assert sorted(split.train + split.val) == sorted(r.recording_id for r in data.recordings)
    assert split.train
    assert split.val
    assert abs(len(split.val) - share * len(rows)) <= 1
    assert split == split_recordings(data, val_share=share, seed=seed)


@given(labels, st.integers(2, 5), st.integers(0, 3), st.sampled_from([None, "performer"]))
def test_folds_hold_out_every_recording_once(rows: list, k: int, seed: int, group_by: str | None) -> None:
    data = dataset(rows)
    groups = {performer for _, _, performer in rows} if group_by else rows
    if len(groups) < k:
        with pytest.raises(UsageError, match=r"cannot be split|no recording has"):
            kfold(data, k=k, seed=seed, group_by=group_by)
        return
    folds = kfold(data, k=k, seed=seed, group_by=group_by)
    assert sorted(name for fold in folds for name in fold.val) == sorted(r.recording_id for r in data.recordings)
    assert all(fold.train and fold.val for fold in folds)
    for fold in folds:
        if group_by:
            performer = {r.recording_id: r.attributes["performer"] for r in data.recordings}
            assert not {performer[n] for n in fold.train} & {performer[n] for n in fold.val}


@pytest.mark.parametrize("seed", range(5))
def test_actions_and_scenes_are_balanced(seed: int) -> None:
    rows = [({"x"} | ({"y"} if i % 4 == 0 else set()), SCENES[i % 2], 0) for i in range(40)]
    data = dataset(rows)
    split = split_recordings(data, val_share=0.25, seed=seed)
    held = [data.recordings[int(name[1:])] for name in split.val]
    assert len(held) == 10
    assert sum("y" in set(r.segments["label"]) for r in held) in (2, 3)
    assert sum(r.scene == "Kitchen" for r in held) == 5


def test_seeds_differ() -> None:
    data = dataset([({"x"}, "Kitchen", 0)] * 20)
    assert len({split_recordings(data, seed=seed).val for seed in range(5)}) > 1


def test_an_unknown_attribute_is_named() -> None:
    with pytest.raises(UsageError, match="did you mean 'performer'"):
        split_recordings(dataset([({"x"}, "Kitchen", 0)] * 4), group_by="preformer")


@pytest.mark.parametrize("share", [0.0, 1.0, -1, 2])
def test_shares_outside_the_range_are_refused(share: float) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        split_recordings(dataset([({"x"}, "Kitchen", 0)] * 4), val_share=share)


def test_a_split_file_is_read_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    data = dataset([({"x"}, "Kitchen", 0)] * 4)
    split = Split(train=("r2", "r0"), val=("r1",))
    write_split(split, tmp_path / "split.json")
    assert read_split(tmp_path / "split.json", data) == split
    assert "1 recording (r3) in neither train nor val" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"train": ["r0", "r1"], "val": ["r1"]}, "leak: 1 recording \\(r1\\) in both train and val"),
        ({"train": ["r0", "r0"], "val": ["r1"]}, "train names 1 recording \\(r0\\) twice"),
        ({"train": ["r0"], "val": ["r9"]}, "1 recording \\(r9\\) not in data set 'd'"),
        ({"train": ["r0"]}, "expected"),
        ({"train": ["r0"], "val": [1]}, "'val' is not a list"),
        ({"train": ["r0"], "val": "r1"}, "'val' is not a list"),
        ([], "expected"),
    ],
)
def test_leaky_and_wrong_split_files_are_refused(tmp_path: Path, content: object, message: str) -> None:
    path = tmp_path / "split.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputInvalid, match=rf"split\.json: {message}"):
        read_split(path, dataset([({"x"}, "Kitchen", 0)] * 4))
