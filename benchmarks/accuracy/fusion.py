"""Accuracy of the ways to fuse: single models, `paper`, `average` and track fusion, on one data set.

    python -m benchmarks.accuracy.fusion GROUND_TRUTH FOLDER FOLDER... [--subset val] [--fit]

Each folder holds one model's score tracks (`bineego localize VIDEOS --model RUN --save-scores -o FOLDER`). mAP at tIoU
0.5, 0.75 and 0.95 and their mean for every way and every decoder, equal weights and defaults throughout; with `--fit`
also the score of `ensemble --fit` on the videos that each fit left out.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.common import Cell, asked, parser, report
from bineego import evaluation
from bineego.ensembling import EnsembleOptions, Method
from bineego.ensembling import fit as fitting
from bineego.ensembling.fusing import as_table, fuse_models
from bineego.ensembling.inputs import read_models
from bineego.evaluation.scoring import of_subset
from bineego.evaluation.sides import read_truth
from bineego.postprocess import DecodeOptions, Postprocess


def main() -> None:
    made = parser(__doc__)
    made.add_argument("ground_truth", type=Path)
    made.add_argument("folders", type=Path, nargs="+")
    made.add_argument("--subset")
    made.add_argument("--fit", action="store_true", help="also fit on these videos, scored on those left out")
    call = asked(made)
    truth = read_truth(call.ground_truth)
    truth = truth if call.subset is None else of_subset(truth, call.subset)
    models = read_models(call.folders)
    if any(model.table is not None for model in models):
        made.error("every folder must hold score tracks (*.scores.npz)")

    def row(decoder: str, what: str, table: pd.DataFrame) -> list[Cell]:
        inside = table["video_id"].isin(truth.videos)
        found = evaluation.evaluate(truth, table[inside].reset_index(drop=True))
        return [decoder, what, *found.mAP, found.final]

    rows: list[list[Cell]] = []
    for decoder in (Postprocess.PAPER, Postprocess.VITERBI):
        decode = DecodeOptions(postprocess=decoder)
        rows += [row(decoder, f"{Path(model.name).name} alone", as_table(model, decode)) for model in models]
        for method in Method:
            rows.append(row(decoder, method, fuse_models(models, None, EnsembleOptions(method=method), decode).table))
        if call.fit:
            found = fitting.fit([list(model.tracks.values()) for model in models], truth, decode=decode)
            gain = found.over_equal
            what = f"fit: {found.settings.method}, left out; {gain.gain:+.3f} over {gain.over}"
            rows.append([decoder, f"{what} [{gain.low:+.3f}, {gain.high:+.3f}]", None, None, None, found.held_out])
    columns = {"decoder": "", "fusion": "", "mAP@.5": ".3f", "@.75": ".3f", "@.95": ".3f", "mean": ".3f"}
    report(call, columns, rows, note=f"{call.ground_truth.stem}.")


if __name__ == "__main__":
    main()
