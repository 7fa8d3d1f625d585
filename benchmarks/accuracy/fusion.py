"""Accuracy of the ways to fuse: single models, `paper`, `average` and track fusion, on one data set.

Each folder holds one model's score tracks (`bineego localize VIDEOS --model RUN --save-scores -o FOLDER`). Prints a
Markdown table with mAP at tIoU 0.5, 0.75 and 0.95 and their mean for every way and every decoder, equal weights and
defaults throughout; with `--fit` also the held-out score of `ensemble --fit`.

    python -m benchmarks.accuracy.fusion GROUND_TRUTH FOLDER FOLDER... [--subset val] [--name weizmann-tal] [--fit]
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import pandas as pd

from bineego import evaluation
from bineego.ensembling import EnsembleOptions, Method
from bineego.ensembling import fit as fitting
from bineego.ensembling.fusing import as_table, fuse_models
from bineego.ensembling.inputs import read_models
from bineego.evaluation.scoring import of_subset
from bineego.evaluation.sides import read_truth
from bineego.postprocess import DecodeOptions, Postprocess


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ground_truth", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--subset")
    parser.add_argument("--name", help="of the data set, for the table")
    parser.add_argument("--fit", action="store_true", help="also fit on these videos, scored on those left out")
    call = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    truth = read_truth(call.ground_truth)
    truth = truth if call.subset is None else of_subset(truth, call.subset)
    models = read_models(call.folders)
    if any(model.table is not None for model in models):
        parser.error("every folder must hold score tracks (*.scores.npz)")
    name = call.name or call.ground_truth.stem

    def row(decoder: str, what: str, table: pd.DataFrame) -> None:
        inside = table["video_id"].isin(truth.videos)
        found = evaluation.evaluate(truth, table[inside].reset_index(drop=True))
        numbers = " | ".join(f"{value:.3f}" for value in (*found.mAP, found.final))
        print(f"| {name} | {decoder} | {what} | {numbers} |", flush=True)

    print("| set | decoder | fusion | mAP@.5 | @.75 | @.95 | mean |\n|---|---|---|---|---|---|---|")
    for decoder in Postprocess:
        decode = DecodeOptions(postprocess=decoder)
        for model in models:
            row(decoder, f"{Path(model.name).name} alone", as_table(model, decode))
        for method in Method:
            row(decoder, method, fuse_models(models, None, EnsembleOptions(method=method), decode).table)
        if call.fit:
            found = fitting.fit([list(model.tracks.values()) for model in models], truth, decode=decode)
            chosen = f"{found.settings.method}, held out; {found.over_equal.gain:+.3f} over {found.over_equal.over}"
            interval = f"[{found.over_equal.low:+.3f}, {found.over_equal.high:+.3f}]"
            print(f"| {name} | {decoder} | fit: {chosen} {interval} | | | | {found.held_out:.3f} |", flush=True)


if __name__ == "__main__":
    main()
