"""What the training annotations say about time and place, measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from bineego.datasets.recording import Recording
from bineego.labels import BACKGROUND, LabelSet
from bineego.priors import Priors
from bineego.types import Floats


def measure(recordings: Iterable[Recording], durations: Mapping[str, float], labels: LabelSet) -> Priors:
    """Dwell, share and share by scene over the annotated recordings.

    One stay is one annotated segment (cut to the video), or for the background a longest stretch without any. Time
    under several actions counts for each of them; the shares are of the sum. A scene without annotated time has the
    shares of the whole.

    Args:
        recordings: those without `segments` are left out.
        durations: length in seconds of each annotated recording, by id.
        labels: class and scene order. Segments of other labels count as background.
    """
    n_classes = labels.n_classes
    stays: list[tuple[int, float]] = []
    time_SC = np.zeros((len(labels.scenes) + 1, n_classes))  # last row: recordings without a (known) scene
    rows = {scene: i for i, scene in enumerate(labels.scenes)}
    for recording in recordings:
        if recording.segments is None:
            continue
        found = _stays(recording.segments, durations[recording.recording_id], labels)
        stays += found
        for class_id, seconds in found:
            time_SC[rows.get(recording.scene or "", -1), class_id] += seconds
    ids = np.array([class_id for class_id, _ in stays], np.int64)
    seconds_N = np.array([seconds for _, seconds in stays])
    counts_C = np.bincount(ids, minlength=n_classes)
    sums_C = np.bincount(ids, weights=seconds_N, minlength=n_classes)
    dwell = np.divide(sums_C, counts_C, out=np.full(n_classes, np.nan), where=counts_C > 0)
    uniform = np.full(n_classes, 1 / n_classes)
    share = _share(time_SC.sum(axis=0), uniform)
    scene_share = [_share(time_C, share) for time_C in time_SC[: len(labels.scenes)]]
    return Priors(dwell=dwell, share=share, scene_share=np.array(scene_share).reshape(-1, n_classes))


def _share(time_C: Floats, otherwise: Floats) -> Floats:
    total = time_C.sum()
    return time_C / total if total > 0 else otherwise


def _stays(table: pd.DataFrame, duration: float, labels: LabelSet) -> list[tuple[int, float]]:
    """(class id, seconds) of each segment inside the video and of each stretch without one."""
    known = table["label"].isin(labels.actions).to_numpy()
    starts = np.clip(table["start"].to_numpy()[known], 0, duration)
    ends = np.clip(table["end"].to_numpy()[known], 0, duration)
    names = table["label"].to_numpy()[known]
    keep = ends > starts
    starts, ends = starts[keep], ends[keep]
    lengths = (ends - starts).tolist()
    stays = list(zip(labels.action_ids(names[keep].tolist()), lengths, strict=True))
    order = np.argsort(starts, kind="stable")
    # Where the next segment starts, against how far the ones before it reach.
    reach = np.maximum.accumulate(np.append(0.0, ends[order]))
    gaps = np.append(starts[order], duration) - reach
    return stays + [(BACKGROUND, gap) for gap in gaps[gaps > 0].tolist()]
