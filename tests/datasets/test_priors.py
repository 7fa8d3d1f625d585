from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego import segments
from bineego.datasets.priors import measure
from bineego.datasets.recording import Recording
from bineego.labels import LabelSet

LABELS = LabelSet(actions=("x", "y"), scenes=("Kitchen", "Nature"))
ticks = st.integers(-8, 90).map(lambda n: n / 8)


def recording(name: str, rows: list[tuple[str, float, float]] | None, scene: str | None = None) -> Recording:
    table = None if rows is None else segments.make([name] * len(rows), *([row[k] for row in rows] for k in range(3)))
    return Recording(recording_id=name, segments=table, scene=scene)


def test_by_hand() -> None:
    recordings = [
        recording("a", [("x", 1, 3), ("y", 2, 3), ("x", 5, 6)], "Kitchen"),
        recording("b", [], "Nature"),
        recording("c", None, "Nature"),
    ]
    priors = measure(recordings, {"a": 8.0, "b": 2.0}, LABELS)
    assert priors.dwell.tolist() == [(1 + 2 + 2 + 2) / 4, 1.5, 1.0]
    assert priors.share == pytest.approx(np.array([7, 3, 1]) / 11)
    assert priors.scene_share == pytest.approx(np.array([[5 / 9, 3 / 9, 1 / 9], [1, 0, 0]]))


def test_nothing_annotated() -> None:
    priors = measure([recording("c", None)], {}, LABELS)
    assert np.isnan(priors.dwell).all()
    assert priors.share == pytest.approx(1 / 3)
    assert priors.scene_share.shape == (2, 3)


@given(st.lists(st.tuples(st.sampled_from("xyz"), ticks, ticks), max_size=6), st.sampled_from([4.0, 10.0]))
def test_background_is_the_time_under_no_action(rows: list[tuple[str, float, float]], duration: float) -> None:
    priors = measure([recording("a", rows, "Kitchen")], {"a": duration}, LABELS)
    cells = (np.arange(int(duration * 8)) + 0.5) / 8
    covered = np.zeros(len(cells), bool)
    sums = np.zeros(3)
    for label, start, end in rows:
        if label != "z":  # a label the model does not know
            covered |= (start <= cells) & (cells < end)
            sums["_xy".index(label)] += max(0.0, min(end, duration) - max(start, 0.0))
    sums[0] = (~covered).sum() / 8
    assert priors.share == pytest.approx(sums / sums.sum())
    assert priors.scene_share[0] == pytest.approx(priors.share)
    assert priors.scene_share[1] == pytest.approx(priors.share)  # nothing known of it: as everywhere
