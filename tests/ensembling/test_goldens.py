"""Cases with known answers, all through the command line: the shared ones, and some that live here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bineego.formats import csv

HEADER = "video_id,label,start,end,score\n"

OWN = {
    # name: (models, weights, iou, rows under zero, rows under present); worked out by hand
    "three of four weights": (
        ["v,a,0,10,0.9\n", "v,a,0,10,0.6\n", "v,b,0,10,0.8\n"],
        "0.5,0.3,0.2",
        "0.5",
        "v,a,0,10,0.63\nv,b,0,10,0.16\n",
        "v,a,0,10,0.7875\nv,b,0,10,0.8\n",
    ),
    "the union of two reaches the best of all": (
        ["v,a,0,10,0.9\nv,a,0,5,0.8\nv,a,1.5,6.5,0.7\n"],
        "1",
        "0.5",
        "v,a,0,10,0.9\n",
        "v,a,0,10,0.9\n",
    ),
    "averaged below another, then merged with it": (
        ["v,a,0,10,0.8\n", "v,a,0,9,0.5\nv,a,0,10,0.2\n"],
        "1,1",
        "0.8",
        "v,a,0,10,0.5\n",
        "v,a,0,10,0.5\n",
    ),
    "negative times, quoted names": (
        ['"v,1",a b,-2.5,1e1,0.5\n', '"v,1",a b,-2.5,10,1\n'],
        "3,1",
        "0.5",
        '"v,1",a b,-2.5,10,0.625\n',
        '"v,1",a b,-2.5,10,0.625\n',
    ),
    "half a millisecond either side of a key": (
        ["v,a,1.0014,2,0.4\nv,a,5,6,0.3\n", "v,a,1.0006,2,0.8\nv,a,5.0006,6,0.5\n"],
        "1,1",
        "1",
        "v,a,1.0014,2,0.6\nv,a,5,6,0.15\nv,a,5.0006,6,0.25\n",
        "v,a,1.0014,2,0.6\nv,a,5,6,0.3\nv,a,5.0006,6,0.5\n",
    ),
}


def same_rows(found: Path, expected: Path) -> bool:
    """The same rows in any order: names equal, times to 1e-6, scores to 1e-9."""

    def rows(path: Path) -> list[tuple[object, ...]]:
        table = csv.read_predictions(path)
        return sorted(table.itertuples(index=False, name=None), key=lambda r: (*r[:2], *(round(x, 5) for x in r[2:])))

    one, two = rows(found), rows(expected)
    return len(one) == len(two) and all(
        a[:2] == b[:2] and np.allclose(a[2:4], b[2:4], rtol=0, atol=1e-6) and abs(float(a[4]) - float(b[4])) <= 1e-9  # type: ignore[arg-type]
        for a, b in zip(one, two, strict=True)
    )


def test_shared_goldens(shared: Path, bineego: Callable[..., int], tmp_path: Path) -> None:
    folder = shared / "goldens" / "ensemble"
    cases = [case["id"] for case in json.loads((folder / "index.json").read_text())]
    assert len(cases) >= 30
    wrong = []
    for case in cases:
        config = json.loads((folder / case / "config.json").read_text())
        refused = json.loads((folder / case / "expected.json").read_text())["expect_error"]
        weights = ",".join(map(repr, config["weights"]))
        for missing, expected in (("zero", "expected_zero.csv"), ("present", "expected_skip.csv")):
            output = tmp_path / f"{case}_{missing}.csv"
            files = [folder / case / name for name in config["files"]]
            flags = ["--weights", weights, "--iou", config["iou_threshold"], "--missing", missing, "-o", output]
            code = bineego("ensemble", *files, *flags)
            if refused:
                right = code == 2 and not output.exists()
            else:
                right = code == 0 and same_rows(output, folder / case / expected)
            if not right:
                wrong.append((case, missing, code))
    assert not wrong


@pytest.mark.parametrize("missing", ["zero", "present"])
@pytest.mark.parametrize("name", list(OWN))
def test_own_cases(name: str, missing: str, bineego: Callable[..., int], tmp_path: Path) -> None:
    models, weights, iou, zero, present = OWN[name]
    files = []
    for i, text in enumerate(models):
        files.append(tmp_path / f"model_{i}.csv")
        files[-1].write_text(HEADER + text)
    expected, output = tmp_path / "expected.csv", tmp_path / "out.csv"
    expected.write_text(HEADER + (zero if missing == "zero" else present))
    assert bineego("ensemble", *files, "--weights", weights, "--iou", iou, "--missing", missing, "-o", output) == 0
    assert same_rows(output, expected)
