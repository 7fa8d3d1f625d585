"""Two actions that only sound tells apart, with and without the sound (chance: .5), on the synthetic set.

    python -m benchmarks.accuracy.sound --work FOLDER [--seeds 0 1 2] [--kinds final,motion,direction]

12 recordings of 16 s, 3 held out; "singing" and "playing drums" are the same movement. *pair* is the share of the
held-out steps that lie in one of the two and whose logit of the right one is the larger; mAP is of all actions.
"""

from __future__ import annotations

import numpy as np

from benchmarks.common import Cell, report
from benchmarks.experiments import answers, asked, experiment, of_run, pair_share, spread, synthetic, tracks_in, trained
from bineego.datasets import Subset, open_dataset
from bineego.synth import SOUND_PAIR


def main() -> None:
    call = asked(experiment(__doc__))
    actions = SOUND_PAIR if call.dry else (*SOUND_PAIR, "speaking", "workout")
    data = synthetic(call, "sound", 12, actions=actions, sound=True)
    held_out = open_dataset(data).of_subset(Subset.VAL)
    rows: list[list[Cell]] = []
    for name, kinds in {f"pictures ({call.kinds})": call.kinds, "and sound": f"{call.kinds},sound"}.items():
        runs = [trained(call, data, "temporal", seed, kinds=kinds) for seed in call.seeds]
        shares = [pair_share(tracks_in(answers(call, data, run)), held_out, SOUND_PAIR) for run in runs]
        mean = float(np.mean([of_run(run)[-1] for run in runs]))
        rows.append([name, len(runs), float(np.mean(shares)), spread(shares), mean])
    columns = {"features": "", "trainings": "d", "pair": ".2f", "spread": ".2f", "mean mAP": ".3f"}
    report(call, columns, rows, note=f"{call.epochs} epochs.")


if __name__ == "__main__":
    main()
