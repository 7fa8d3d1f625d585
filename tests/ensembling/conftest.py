"""Helpers of the ensembling tests."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pandas as pd
import pytest

from bineego import segments
from bineego.cli import app as cli

Row = tuple[str, str, float, float, float]


def make_table(rows: list[Row]) -> pd.DataFrame:
    return segments.make(*map(list, zip(*rows, strict=True))) if rows else segments.empty(scored=True)


@pytest.fixture(scope="session")
def table() -> Callable[[list[Row]], pd.DataFrame]:
    """A scored table from rows (video, label, start, end, score)."""
    return make_table


@pytest.fixture
def bineego(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs the command line in this process; its exit code."""

    def run(*args: object) -> int:
        monkeypatch.setattr(sys, "argv", ["bineego", *map(str, args)])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        code = exit_.value.code
        return code if isinstance(code, int) else 0

    return run
