"""One head on two views of a recording; a view that is not there is masked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from features.tracks_at_hand import make_track
from training.squares import make_dataset, write_video  # noqa: F401 - a fixture

import bineego
from bineego.datasets import open_dataset
from bineego.errors import InputInvalid, UsageError
from bineego.features.kinds import base_of, may_lack, views_of
from bineego.features.views import join_views
from bineego.training.temporal import member
from bineego.tsm.card_file import read_card

BOTH = ("panoramic", "third_person")


@pytest.fixture
def data(make_dataset: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:  # noqa: F811
    """Of four recordings the first lacks the panoramic view, the last the third person's."""
    monkeypatch.setattr(member, "LEAST_DRAWS", 4)
    monkeypatch.chdir(tmp_path)
    folder = Path(shutil.copytree(make_dataset(4), tmp_path / "data"))
    for number in range(3):
        write_video(folder / "third_person" / f"r{number}.mp4", number + 2)
    (folder / "panoramic" / "r0.mp4").unlink()
    return folder


def test_two_views_are_one_track_and_the_second_is_as_long_as_the_first() -> None:
    first, second = make_track(4.0, widths={"final": 3}), make_track(3.9, widths={"final": 3}, seed=1)
    joined = join_views({"panoramic": first, "third_person": second})
    assert list(joined.kinds) == ["panoramic/final", "third_person/final"]
    assert (len(joined), joined.duration) == (50, 4.0)
    np.testing.assert_array_equal(joined.kinds["third_person/final"][:49], second.kinds["final"])
    assert joined.has("third_person/final-change")
    assert views_of(joined.kinds) == BOTH
    assert (base_of("panoramic/final"), base_of("final")) == ("final", "final")
    assert (may_lack("panoramic/final"), may_lack("final")) == (True, False)
    wanted = [f"{view}/{kind}" for view in BOTH for kind in ("final", "final-change", "sound")]
    assert joined.lacks(wanted) == ("panoramic/sound", "third_person/sound")
    assert join_views({"panoramic": first}).lacks(wanted) == ("panoramic/sound", "third_person")
    assert first.lacks(["final", "motion", "sound"]) == ("sound",)  # without motion it cannot be read
    with pytest.raises(InputInvalid, match=r"different steps a second: panoramic 12\.5, third_person 5"):
        join_views({"panoramic": first, "third_person": make_track(4.0, rate=5, widths={"final": 3})})


def test_one_head_on_two_views(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="bineego")
    how = {"name": "both", "head": "temporal", "kinds": "motion", "view": BOTH, "epochs": 3, "split": "none", "jobs": 1}
    run = bineego.train(data, device="cpu", **how).folder
    card = read_card(run / "model.safetensors")
    assert card.network.kinds == ("panoramic/motion", "third_person/motion")
    assert card.data["train_recordings"] == 4  # a recording is there with whatever view it has
    notes = [record.getMessage() for record in caplog.records]
    assert [note for note in notes if "masked" in note] == [
        "no panoramic in 1 video (r0): masked there", "no third_person in 1 video (r3): masked there",
    ]  # fmt: skip
    caplog.clear()
    both = bineego.localize(data, model=run, view=BOTH, output="out").predictions
    assert sorted(both["video_id"].unique()) == ["r0", "r1", "r2", "r3"]
    assert caplog.text.count("1 of 4 recordings have no third_person video: localized without that view") == 1
    assert "trained with" not in caplog.text
    kept = pd.read_csv(run / "val" / "predictions.csv")
    assert sorted(kept["start"].round(3)) == sorted(both["start"].round(3))
    alone = bineego.localize(data / "panoramic" / "r3.mp4", model=run).predictions
    np.testing.assert_allclose(alone["score"], both.loc[both["video_id"] == "r3", "score"])  # it has no other view
    half = bineego.localize(data / "panoramic" / "r1.mp4", model=run).predictions
    caplog.clear()
    bineego.localize(data / "panoramic", model=run)
    assert caplog.text.count("no third_person, which the model was trained with, in 3 videos (r1, r2, r3)") == 1
    assert caplog.text.count("trained with") == 1
    whole = both[both["video_id"] == "r1"]
    assert len(half) != len(whole) or not np.allclose(half["score"], whole["score"])
    again = bineego.train(data, device="cpu", resume=True, **how)
    assert again.folder == run


def test_what_has_one_view_is_refused(data: Path) -> None:
    with pytest.raises(UsageError, match="an interval head is trained on one view"):
        bineego.train(data, head="interval", view=BOTH)
    with pytest.raises(UsageError, match="cannot be fused"):
        bineego.train(data, view=("panoramic", "monocular"))
    with pytest.raises(UsageError, match="an opened data set is of one view"):
        bineego.train(open_dataset(data), head="temporal", view=BOTH)
