"""Decoders on real score tracks of other programs: GTEA and 50 Salads, a frame-wise SVM and ED-TCN for each.

    python -m benchmarks.accuracy.real_tracks [FOLDER] [--json FILE]

FOLDER holds the tracks of the public repository colincsl/TemporalConvolutionalNetworks as .npz files (scores and truth
of every step). Each fold of videos is decoded with temperature, lengths of actions and decoder from the other folds.
Mean mAP at tIoU 0.5, 0.75 and 0.95 over all videos, and @0.95. The row "default chosen on the others" says what the
defaults would be if the track had not been there. Ends with 1 if the default, that row or the fit is below the decoder
of the paper on any track.
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

from benchmarks.common import Cell, asked, parser, report
from bineego import decoding, segments
from bineego.datasets import Recording
from bineego.datasets.priors import measure
from bineego.decoding import Decoding, ScoreRule
from bineego.evaluation import evaluate
from bineego.formats.annotations import Annotations
from bineego.labels import LabelSet
from bineego.postprocess import decode, fit_decoder
from bineego.postprocess.calibration import fit_temperature
from bineego.postprocess.decoder import default_of, least_smoothing
from bineego.spans import merge_runs
from bineego.tracks import ScoreTrack
from bineego.types import Floats

TRACKS = ("gtea-svm", "gtea-edtcn", "salads-mid-svm", "salads-mid-edtcn", "salads-eval-svm")
FOLDER = Path(__file__).parents[3] / "shared" / "goldens" / "tracks"
CELLS = (1 / 2, 1.0)
EXCESS = (None, 1.0, 1.25, 1.5)
CHOSEN, FITTED = "default chosen on the others", "fitted on the other folds"

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

    def score(self, ways: Sequence[Way]) -> Floats:
        """Final score and mAP@0.95 with a way of decoding for each fold."""
        pairs = zip(self.folds, ways, strict=True)
        found = [decode(replace(track, decoding=way(track))) for fold, way in pairs for track in fold.tracks]
        result = evaluate(self.truth, segments.concat(found, scored=True))
        return np.array([result.final, result.mAP[-1]])

    def fits(self) -> list[Way]:
        """For each fold, what decodes the others best."""
        found = [fit_decoder(fold.others, self.truth) for fold in self.folds]
        ways = [fit.decoding for fit in found if fit is not None]
        print("\n".join(f"  {self.name}: {way}" for way in ways), file=sys.stderr)
        return [always(way) for way in ways]


def read(folder: Path, name: str) -> RealTracks:
    with np.load(folder / f"{name}.npz") as file:
        meta = json.loads(str(file["meta"]))
        truth = {key.removeprefix("truth_"): file[key].astype(np.int64) for key in file if key.startswith("truth_")}
        scores = {key: file[f"scores_{key}"].astype(np.float64) for key in truth}
    if meta["scores"] == "probabilities":
        scores = {key: np.log(np.maximum(values, 1e-12)) for key, values in scores.items()}
    step, n_classes = float(meta["seconds_per_step"]), next(iter(scores.values())).shape[1]
    labels = LabelSet(actions=tuple(map(str, range(1, n_classes))))
    tracks: dict[str, ScoreTrack] = {}
    recordings: dict[str, Recording] = {}
    for key, ids in truth.items():
        edges = np.arange(len(ids) + 1, dtype=np.float64) * step
        logits, none = scores[key].astype(np.float32), np.zeros(0)
        tracks[key] = ScoreTrack(
            video_id=key, edges=edges, logits=logits, actions=labels.actions, t=step, scene_probs=none
        )
        runs = merge_runs(ids, np.ones(len(ids)), edges)
        table = segments.make([key] * len(runs), list(map(str, runs.labels)), runs.starts, runs.ends)
        recordings[key] = Recording(recording_id=key, segments=table)
    folds = []
    for fold in sorted({key.split("_")[0] for key in truth}):
        known = [key for key in truth if not key.startswith(fold)]
        logits, classes = (np.concatenate([table[key] for key in known]) for table in (scores, truth))
        temperature = fit_temperature(logits, classes)
        priors = measure([recordings[key] for key in known], {key: tracks[key].duration for key in known}, labels)
        made = {key: replace(track, temperature=temperature, priors=priors) for key, track in tracks.items()}
        others = [made.pop(key) for key in known]
        folds.append(Fold(tracks=list(made.values()), others=others))
    whole = segments.concat([r.segments for r in recordings.values() if r.segments is not None], scored=False)
    return RealTracks(name=name, truth=Annotations(segments=whole, videos=tuple(truth)), folds=folds)


def always(way: Decoding) -> Way:
    return lambda _: way


WAYS: dict[str, Way] = {
    "paper": always(decoding.PAPER),
    "default of version 0.1": lambda track: replace(decoding.default(track.t), refine=True, independent_seconds=0.2),
    "default": default_of,
    "default, candidates": lambda track: replace(default_of(track), candidates=True),
}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One default that is thinkable; see `Decoding`."""

    cells: float  # most independent seconds, in cells
    excess: float | None  # how many times the promised stays are not too many; None = the most smoothing for all
    score: ScoreRule
    refine: bool

    def __call__(self, track: ScoreTrack) -> Decoding:
        seconds = self.cells * track.t
        how = replace(decoding.default(track.t), independent_seconds=seconds, score=self.score, refine=self.refine)
        if self.excess is None:
            return how
        return replace(how, independent_seconds=least_smoothing(track, how, self.excess))


CHOICES = tuple(
    Choice(cells=cells, excess=excess, score=rule, refine=refine)
    for cells, excess, rule, refine in product(CELLS, EXCESS, ScoreRule, (False, True))
)


def everywhere(sets: Sequence[RealTracks], way: Way) -> Floats:
    """Scores (sets, 2) of one way of decoding for all."""
    return np.array([real.score([way] * len(real.folds)) for real in sets])


def chosen_on_others(sets: Sequence[RealTracks], paper: Floats) -> Floats:
    """For every set, scores of the default that gains most on the others over the paper's decoder, relative to it."""
    tried = np.array([everywhere(sets, choice) for choice in CHOICES])
    gains = np.log(tried[:, :, 0] / paper[:, 0])
    best = [int(np.delete(gains, i, axis=1).mean(1).argmax()) for i in range(len(sets))]
    for real, choice in zip(sets, best, strict=True):
        print(f"  chosen without {real.name}: {CHOICES[choice]}", file=sys.stderr)
    print(f"  on all: {CHOICES[int(gains.mean(1).argmax())]}", file=sys.stderr)
    return tried[best, range(len(sets))]


def main() -> None:
    made = parser(__doc__)
    made.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    made.set_defaults(names=TRACKS)
    call = asked(made, level=logging.ERROR, names=TRACKS[:1])
    sets = [read(call.folder, name) for name in call.names]
    found = {name: everywhere(sets, way) for name, way in WAYS.items()}
    paper = found["paper"]
    if not call.dry:
        found[CHOSEN] = chosen_on_others(sets, paper)
    found[FITTED] = np.array([real.score(real.fits()) for real in sets])
    rows: list[list[Cell]] = [[name, *scores.ravel().tolist()] for name, scores in found.items()]
    report(call, {"": "", **{name: ".3f" for track in call.names for name in (track, f"{track} @.95")}}, rows)
    worse = [
        f"{way}, {name}"
        for way in ("default", CHOSEN, FITTED)
        for name, mine, theirs in zip(call.names, found.get(way, paper), paper, strict=True)
        if mine[0] < theirs[0]
    ]
    if worse:
        raise SystemExit(f"below the decoder of the paper: {'; '.join(worse)}")


if __name__ == "__main__":
    main()
