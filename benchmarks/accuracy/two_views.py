"""Two views of the synthetic set: one head on both, against each alone and against the fusion of their tracks.

    python -m benchmarks.accuracy.two_views --work FOLDER [--seeds 0 1 2] [--kinds final,motion,direction]

12 recordings of 16 s, 3 held out, whose third person sees a part of the panorama. *masked*: the head on both is given
one of them. mAP of the held-out videos as `localize` decodes them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.common import report
from benchmarks.experiments import MEANS, Figures, Table, asked, experiment, over_seeds, scored, synthetic, trained
from bineego import localize
from bineego.datasets import Subset, View

ONE, OTHER = View.PANORAMIC, View.THIRD_PERSON


def main() -> None:
    call = asked(experiment(__doc__))
    data = synthetic(call, "two-views", 12, views=(ONE, OTHER))
    rows = over_seeds(call, "two-views", lambda call, seed: one_seed(call, data, seed))
    report(call, {"views": "", "trainings": "d", **MEANS}, rows, note=f"{call.epochs} epochs.")


def one_seed(call: argparse.Namespace, data: Path, seed: int) -> Table:
    """Figures of every way, with the heads of one seed."""

    def head(*views: View) -> Path:
        return trained(call, data, "+".join(views), seed, view=views).path

    def held_out(model: Path | list[Path], *views: View) -> Figures:
        how = {"view": views, "subset": Subset.VAL, "features": call.work / "features"}
        return scored(data, localize(data, model=model, **how).predictions)

    one, other, both = head(ONE), head(OTHER), head(ONE, OTHER)
    return {
        "panoramic": held_out(one, ONE),
        "third person": held_out(other, OTHER),
        "tracks fused": held_out([one, other], ONE, OTHER),
        "one head on both": held_out(both, ONE, OTHER),
        "one head on both, third person masked": held_out(both, ONE),
        "one head on both, panorama masked": held_out(both, OTHER),
    }


if __name__ == "__main__":
    main()
