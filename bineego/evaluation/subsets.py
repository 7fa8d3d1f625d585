"""The final score on many subsets of the videos at once: what fits over folds need."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bineego.evaluation.bootstrap import resampled_ap
from bineego.evaluation.matching import match
from bineego.evaluation.options import CHALLENGE_TIOU
from bineego.evaluation.scoring_table import arrange
from bineego.types import Floats


def final_scores(
    truth: pd.DataFrame,
    predictions: pd.DataFrame,
    videos: Sequence[str],
    drawn_BV: NDArray[np.int32],
    tiou: tuple[float, ...] = CHALLENGE_TIOU,
) -> Floats:
    """Final score (B,) when each video counts as often as it is drawn: mean over thresholds of the mean AP.

    A class is left out where no drawn video has it; without any class the score is nan. Odd rows are not reported.

    Args:
        truth: segments table.
        predictions: scored segments table; rows of other videos or labels are left out.
        videos: the V annotated videos, those of `truth` among them.
        drawn_BV: how often each video counts, (B, V).
        tiou: the thresholds.
    """
    inside = predictions["label"].isin(truth["label"].unique()) & predictions["video_id"].isin(videos)
    arranged = arrange(truth, predictions[inside.to_numpy()], videos=tuple(videos), warn=False)
    ap_KBC = resampled_ap(arranged, match(arranged, tiou), drawn_BV)
    known = ~np.isnan(ap_KBC)
    sums, counts = np.where(known, ap_KBC, 0.0).sum(axis=2), known.sum(axis=2)
    finals: Floats = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0).mean(axis=0)
    return finals
