from __future__ import annotations

import pandas as pd

from bineego import segments
from bineego.inference import telling


def table(*scores: float) -> pd.DataFrame:
    n = len(scores)
    return segments.make(["v"] * n, ["run", "jump", "run"][:n], [0.0] * n, [1.0] * n, list(scores))


def test_a_line_for_a_video() -> None:
    assert telling.line("v", table(0.9, 0.5, 0.4), None) == "v: 3 actions (run 2, jump 1)"
    assert telling.line("v", table(0.9), ("Kitchen", 0.8)) == "v: 1 action (run 1); scene Kitchen .80"
    assert telling.line("v", None, ("Kitchen", 0.8)) == "v: scene Kitchen .80"


def test_candidates_are_no_actions() -> None:
    assert telling.line("v", table(0.9, 0.05, 0.01), None) == "v: 1 action (run 1), 2 more below .10"
    assert telling.line("v", table(0.05), None, "run .40") == "v: no actions (the best was run .40), 1 more below .10"
    assert telling.line("v", table(), None, "run .40") == "v: no actions (the best was run .40)"
