from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bineego import segments
from bineego.evaluation import bootstrap, evaluate
from bineego.evaluation.matching import match
from bineego.evaluation.scoring_table import arrange

TIOU = (0.5, 0.75)


def _copied(table: pd.DataFrame, times_drawn: dict[str, int]) -> pd.DataFrame:
    """Every row once for each time that its video was drawn, copies beside each other, as videos of their own."""
    n = [times_drawn[video] for video in table.video_id]
    rows = table.iloc[np.repeat(np.arange(len(table)), n)].reset_index(drop=True)
    copy = np.concatenate([np.arange(k) for k in n]) if n else []
    rows["video_id"] = [f"{video}#{c}" for video, c in zip(rows.video_id, copy, strict=True)]
    return rows


def test_weighting_is_evaluating_the_drawn_videos(monkeypatch, random_set):
    monkeypatch.setattr(bootstrap, "BLOCK_NUMBERS", 40)
    for seed in range(25):
        truth, found = random_set(seed)
        arranged = arrange(truth, found)
        drawn_BV = bootstrap.draw(len(arranged.videos), 7, seed)
        assert (drawn_BV.sum(axis=1) == len(arranged.videos)).all()
        ap_KBC = bootstrap.resampled_ap(arranged, match(arranged, TIOU), drawn_BV)
        for b, drawn in enumerate(drawn_BV.tolist()):
            times = dict(zip(arranged.videos, drawn, strict=True))
            some_truth, some_found = _copied(truth, times), _copied(found, times)
            expected = evaluate(some_truth, some_found, tiou=TIOU).ap if len(some_truth) else {}
            for c, label in enumerate(arranged.labels):
                if label in expected:
                    assert ap_KBC[:, b, c] == pytest.approx(expected[label], abs=1e-12)
                else:
                    assert np.isnan(ap_KBC[:, b, c]).all()


def test_intervals_hold_the_score_and_repeat(random_set):
    truth = segments.make([f"v{i}" for i in range(40)], ["a"] * 40, [0] * 40, [10] * 40)
    found = truth.assign(score=np.arange(40.0))
    found.loc[found.index[::3], "end"] = 1.0
    first = evaluate(truth, found, bootstrap=200, seed=3)
    again = evaluate(truth, found, bootstrap=200, seed=3)
    other = evaluate(truth, found, bootstrap=200, seed=4)
    assert first.intervals is not None
    low, high = first.intervals.final
    assert low < first.final < high
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt((2 / 3) * (1 / 3) / 40), rel=0.5)
    assert first.to_json() == again.to_json()
    assert first.to_json() != other.to_json()


def test_windows_are_drawn_with_their_video():
    """One long video: every resampling is the same video, so the score cannot move."""
    truth = segments.make(["v"] * 6, ["a"] * 6, np.arange(6) * 10.0, np.arange(6) * 10.0 + 8)
    found = truth.iloc[:3].assign(score=1.0)
    result = evaluate(truth, found, protocol="windows", bootstrap=20)
    assert result.intervals is not None
    assert result.intervals.final == (result.final, result.final) == (0.5, 0.5)
