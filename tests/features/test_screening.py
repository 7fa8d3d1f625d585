from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from features.tracks_at_hand import make_track

from bineego.datasets.groups import find_groups
from bineego.datasets.recording import Recording
from bineego.errors import UsageError
from bineego.features.screening import _clearly_better, screen
from bineego.features.track import FeatureTrack
from bineego.labels import LabelSet

LABELS = LabelSet(actions=("a", "b"))


def recording(name: str, **attributes: object) -> Recording:
    table = pd.DataFrame(
        {"video_id": name, "label": ["a", "b"], "start": [2.0, 10.0], "end": [6.0, 14.0]}
    )  # fmt: skip
    return Recording(recording_id=name, videos={name: Path(name)}, segments=table, attributes=attributes)


def track(name: str, seed: int, person: int) -> FeatureTrack:
    """`honest` tells the actions; `private` tells them clearer, but of half the people the wrong way round."""
    rng = np.random.default_rng(seed)
    plain = make_track(20.0)
    inside = [((plain.times >= low) & (plain.times < high)).astype(float) for low, high in ((2, 6), (10, 14))]
    action = np.stack(inside, 1)
    private = action[:, :: 1 if person < 2 else -1]
    kinds = {
        "noise": rng.normal(size=(len(plain), 4)),
        "private": private + rng.normal(size=private.shape) * 0.1,
        "honest": action + rng.normal(size=action.shape) * 1.5,
    }
    return make_track(20.0, video_id=name, kinds={key: values.astype(np.float16) for key, values in kinds.items()})


PEOPLE = {f"v{i}": i % 4 for i in range(8)}
TRACKS = {name: track(name, i, person) for i, (name, person) in enumerate(PEOPLE.items())}


def test_what_holds_for_other_people_is_chosen() -> None:
    recordings = [recording(name, performer=person) for name, person in PEOPLE.items()]
    found = screen(TRACKS, recordings, LABELS, kinds=("noise", "private", "honest"))
    assert found.group_by == "performer"
    assert "honest" in found.kinds
    assert "private" not in found.kinds
    assert found.score > 0.6
    assert found.score == found.scores[found.kinds]
    assert found.scores["noise", "private"] < found.score


def test_recordings_are_groups_where_nothing_else_is_known() -> None:
    recordings = [recording(name) for name in PEOPLE]
    found = screen(TRACKS, recordings, LABELS, kinds=("noise", "private"))
    assert found.group_by is None
    assert "private" in found.kinds


def test_one_kind_or_one_recording_needs_no_screen() -> None:
    assert screen(TRACKS, [recording("v0"), recording("v1")], LABELS, kinds=("noise",)).kinds == ("noise",)
    assert screen(TRACKS, [recording("v0")], LABELS, kinds=("noise", "honest")).kinds == ("noise", "honest")


def test_recordings_without_annotation_or_video_are_left_out() -> None:
    bare = Recording(recording_id="bare", videos={"v5": Path("v5")})
    absent = recording("elsewhere")
    found = screen(TRACKS, [recording("v0"), recording("v1"), bare, absent], LABELS, kinds=("noise", "honest"))
    assert "honest" in found.kinds


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ([{"performer": 1}, {"performer": 1}, {"performer": 2}], "performer"),
        ([{"Subject": "x"}, {"Subject": "y"}, {"Subject": "y"}], "Subject"),
        ([{"camera": 1, "performer": 1}, {"camera": 2, "performer": 1}, {"camera": 2, "performer": 1}], "camera"),
        ([{"performer": 1}, {"performer": 2}, {"performer": 3}], None),  # every recording by itself anyway
        ([{"performer": 1}, {"performer": 1}, {}], None),
        ([{"weather": "sun"}, {"weather": "rain"}, {"weather": "rain"}], None),
        ([], None),
    ],
)
def test_the_attribute_that_looks_like_a_group(attributes: list[dict[str, object]], wanted: str | None) -> None:
    recordings = [recording(str(i), **some) for i, some in enumerate(attributes)]
    assert find_groups(recordings).attribute == wanted


def test_the_attribute_named_is_taken_and_must_be_there() -> None:
    recordings = [recording(str(i), weather=i % 2, performer=i // 2) for i in range(4)]
    groups = find_groups(recordings, "weather")
    assert groups.attribute == "weather"
    assert groups.folds().tolist() == [0, 1, 0, 1]
    with pytest.raises(UsageError, match="'wether'"):
        find_groups(recordings, "wether")


def test_many_groups_share_folds() -> None:
    folds = find_groups([recording(str(i)) for i in range(25)]).folds()
    assert set(folds.tolist()) == set(range(10))


@pytest.mark.parametrize(
    ("gains", "clear"),
    [
        ([0.03, 0.02, 0.04, 0.03], True),
        ([0.30, -0.10, 0.05, -0.09, 0.1], False),  # as much is chance between folds that differ so
        ([0.004, 0.005, 0.004, 0.005], False),  # too little to leave out what may help a head
        ([-0.03, -0.02, -0.04], False),
        ([0.5], False),
    ],
)
def test_a_kind_is_left_out_for_a_clear_gain_only(gains: list[float], clear: bool) -> None:
    before = np.linspace(0.3, 0.8, len(gains))
    assert _clearly_better(before + gains, before) is clear
