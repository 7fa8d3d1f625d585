"""Decoders on real score tracks of other programs: GTEA and 50 Salads, a frame-wise SVM and ED-TCN for each.

    python -m benchmarks.accuracy.real_tracks [FOLDER] [--json FILE]

FOLDER holds the tracks of the public repository colincsl/TemporalConvolutionalNetworks as .npz files (scores and truth
of every step; by default ../shared/goldens/tracks). Each fold of videos is decoded with temperature, lengths of actions
and decoder from the other folds. Mean mAP at tIoU 0.5, 0.75 and 0.95 over all videos, and @0.95. The row
"default chosen on the others" says what the defaults would be if the track had not been there. Ends with 1 if the
default, that row or the fit is below the decoder of the paper on any track.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.common import Cell, parser, report
from bineego import decoding, segments
from bineego.decoding import Decoding, ScoreRule
from bineego.evaluation import evaluate
from bineego.formats.annotations import Annotations
from bineego.postprocess import decode, fit_decoder
from bineego.postprocess.calibration import fit_temperature
from bineego.postprocess.decoder import default_of, least_smoothing
from bineego.priors import Priors
from bineego.spans import merge_runs
from bineego.tracks import ScoreTrack
from bineego.types import Ints

TRACKS = ("gtea-svm", "gtea-edtcn", "salads-mid-svm", "salads-mid-edtcn", "salads-eval-svm")
FOLDER = Path(__file__).parents[3] / "shared" / "goldens" / "tracks"
CELLS = (1 / 2, 1.0)
EXCESS = (None, 1.0, 1.25, 1.5)

Way = Callable[[ScoreTrack], Decoding]


@dataclass(frozen=True, kw_only=True, eq=False)
class Fold:
    """Videos to decode, and those of the other folds, under the same temperature and lengths of actions."""

    tracks: list[ScoreTrack]
    others: list[ScoreTrack]


@dataclass(frozen=True, kw_only=True, eq=False)
class RealTracks:
    name: str
    truth: Annotations
    folds: list[Fold]


def read(folder: Path, name: str) -> RealTracks:
    with np.load(folder / f"{name}.npz") as file:
        meta = json.loads(str(file["meta"]))
        truth = {key.removeprefix("truth_"): file[key].astype(np.int64) for key in file if key.startswith("truth_")}
        scores = {key: file[f"scores_{key}"].astype(np.float64) for key in truth}
    if meta["scores"] == "probabilities":
        scores = {key: np.log(np.maximum(values, 1e-12)) for key, values in scores.items()}
    step, folds = float(meta["seconds_per_step"]), []
    for fold in sorted({key.split("_")[0] for key in truth}):
        known = [key for key in truth if not key.startswith(fold)]
        made = _tracks({key: scores[key] for key in truth}, known, truth, step)
        mine = [made[key] for key in truth if key.startswith(fold)]
        folds.append(Fold(tracks=mine, others=[made[key] for key in known]))
    tables = []
    for key, labels in truth.items():
        runs = merge_runs(labels, np.ones(len(labels)), np.arange(len(labels) + 1) * step)
        names = [str(label) for label in runs.labels]
        tables.append(segments.make([key] * len(runs), names, runs.starts, runs.ends))
    whole = Annotations(segments=segments.concat(tables, scored=False), videos=tuple(truth))
    return RealTracks(name=name, truth=whole, folds=folds)


def _tracks(
    scores: dict[str, np.ndarray], known: Sequence[str], truth: dict[str, Ints], step: float
) -> dict[str, ScoreTrack]:
    """Tracks of all videos, calibrated on the known ones."""
    temperature = fit_temperature(
        np.concatenate([scores[key] for key in known]), np.concatenate([truth[key] for key in known])
    )
    n_classes = next(iter(scores.values())).shape[1]
    priors = _priors([truth[key] for key in known], step, n_classes)
    return {
        key: ScoreTrack(
            video_id=key,
            edges=np.arange(len(values) + 1, dtype=np.float64) * step,
            logits=values.astype(np.float32),
            actions=tuple(map(str, range(1, n_classes))),
            t=step,
            temperature=temperature,
            scene_probs=np.zeros(0),
            priors=priors,
        )
        for key, values in scores.items()
    }


def _priors(labels: Sequence[Ints], step: float, n_classes: int) -> Priors:
    stays, seconds = np.zeros(n_classes), np.zeros(n_classes)
    for of_video in labels:
        first = np.flatnonzero(np.append(True, of_video[1:] != of_video[:-1]))
        np.add.at(stays, of_video[first], 1)
        np.add.at(seconds, of_video[first], np.diff(np.append(first, len(of_video))) * step)
    dwell = np.divide(seconds, stays, out=np.full(n_classes, np.nan), where=stays > 0)
    return Priors(dwell=dwell, share=seconds / seconds.sum(), scene_share=np.zeros((0, n_classes)))


def score(real: RealTracks, ways: Sequence[Way]) -> tuple[float, float]:
    """Final score and mAP@0.95 with a way of decoding for each fold."""
    found = [
        decode(replace(track, decoding=way(track)))
        for fold, way in zip(real.folds, ways, strict=True)
        for track in fold.tracks
    ]
    result = evaluate(real.truth, segments.concat(found, scored=True))
    return result.final, result.mAP[-1]


def of_version_1(track: ScoreTrack) -> Decoding:
    """The default of version 0.1: 0.2 s of video count as one observation, whatever the cells."""
    return replace(decoding.default(track.t), refine=True, independent_seconds=0.2)


def _always(way: Decoding) -> Way:
    return lambda _: way


def with_candidates(track: ScoreTrack) -> Decoding:
    return replace(default_of(track), candidates=True)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One default that is thinkable.

    Attributes:
        cells: most independent seconds, in cells.
        excess: how many times the promised stays are not too many; None = the most smoothing for every track.
        score, refine: see `Decoding`.
    """

    cells: float
    excess: float | None
    score: ScoreRule
    refine: bool

    def __call__(self, track: ScoreTrack) -> Decoding:
        seconds = self.cells * track.t
        how = replace(decoding.default(track.t), independent_seconds=seconds, score=self.score, refine=self.refine)
        if self.excess is None:
            return how
        return replace(how, independent_seconds=least_smoothing(track, how, self.excess))

    def __str__(self) -> str:
        less = "" if self.excess is None else f", less for at most {self.excess:g} times the promised stays"
        refined = ", refined" if self.refine else ""
        return f"{self.cells:g} cells{less}, {self.score}{refined}"


CHOICES = tuple(
    Choice(cells=cells, excess=excess, score=rule, refine=refine)
    for cells, excess, rule, refine in product(CELLS, EXCESS, ScoreRule, (False, True))
)


def main() -> int:
    arguments = parser(__doc__)
    arguments.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    call = arguments.parse_args()
    logging.getLogger("bineego").setLevel(logging.ERROR)
    names = TRACKS[:1] if call.dry else TRACKS
    sets = [read(call.folder, name) for name in names]

    def everywhere(way: Way) -> list[tuple[float, float]]:
        return [score(real, [way] * len(real.folds)) for real in sets]

    rows: dict[str, list[tuple[float, float]]] = {
        "paper": everywhere(_always(decoding.PAPER)),
        "default of version 0.1": everywhere(of_version_1),
        "default": everywhere(default_of),
        "default, candidates": everywhere(with_candidates),
    }
    if not call.dry:
        rows["default chosen on the others"] = _chosen_on_others(sets, rows["paper"])
    fits = [[_fit(real, fold) for fold in real.folds] for real in sets]
    rows["fitted on the other folds"] = [
        score(real, [_always(way) for way in ways]) for real, ways in zip(sets, fits, strict=True)
    ]
    for real, ways in zip(sets, fits, strict=True):
        print("\n".join(f"  {real.name}: {way}" for way in ways), file=sys.stderr)
    cells: list[list[Cell]] = [[name, *(x for pair in row for x in pair)] for name, row in rows.items()]
    report(call, {"": "", **{name: ".3f" for track in names for name in (track, f"{track} @.95")}}, cells)
    return _tell_worse(rows, names)


def _chosen_on_others(sets: Sequence[RealTracks], paper: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """For every set, the default that gains most on the others over the paper's decoder, relative to it."""
    tried = {choice: [score(real, [choice] * len(real.folds)) for real in sets] for choice in CHOICES}
    bar = np.array([final for final, _ in paper])
    gains = {choice: np.log(np.array([final for final, _ in found]) / bar) for choice, found in tried.items()}
    best = [max(CHOICES, key=lambda choice: np.delete(gains[choice], i).mean()) for i in range(len(sets))]
    for real, choice in zip(sets, best, strict=True):
        print(f"  chosen without {real.name}: {choice}", file=sys.stderr)
    print(f"  on all: {max(CHOICES, key=lambda choice: float(gains[choice].mean()))}", file=sys.stderr)
    return [tried[choice][i] for i, choice in enumerate(best)]


def _tell_worse(rows: dict[str, list[tuple[float, float]]], names: Sequence[str]) -> int:
    """1 if a fit or a default is below the decoder of the paper."""
    code = 0
    for row in ("default", "default chosen on the others", "fitted on the other folds"):
        pairs = zip(names, rows.get(row, rows["paper"]), rows["paper"], strict=True)
        if worse := [name for name, mine, paper in pairs if mine[0] < paper[0]]:
            print(f"{row}: below the decoder of the paper on {', '.join(worse)}", file=sys.stderr)
            code = 1
    return code


def _fit(real: RealTracks, fold: Fold) -> Decoding:
    fit = fit_decoder(fold.others, real.truth)
    assert fit is not None
    return fit.decoding


if __name__ == "__main__":
    sys.exit(main())
