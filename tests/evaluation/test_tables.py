from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from bineego import segments
from bineego.evaluation import ceiling, evaluate
from bineego.evaluation.tables import ceiling_table, fitted, tables

LABELS = ["a", "[bold]b", "operating_a_machine_with_a_very_long_name", "operating_a_machine_with_a_very_long_nama"]
MANY = tuple(k / 100 for k in range(50, 100, 5))


@pytest.fixture
def drawn():
    """Every table, as it is printed at a width."""
    n = len(LABELS)
    truth = segments.make(["v"] * n, LABELS, [10.0 * i for i in range(n)], [10.0 * i + 9 for i in range(n)])
    found = segments.make(
        ["v"] * n, LABELS, [10.0 * i + i for i in range(n)], [10.0 * i + 9 for i in range(n)], [0.9, 0.8, 0.7, 0.6]
    )

    def draw(tiou, width):
        result = evaluate(truth, found, tiou=tiou, diagnose=True, bootstrap=5, recall_at=(1, 100))
        stream = io.StringIO()
        console = Console(file=stream, width=width)
        for table in [*tables(result), ceiling_table(ceiling(truth, (0.25, 4.0), tiou=tiou))]:
            for part in fitted(table, width):
                console.print(part)
        return result, stream.getvalue()

    return draw


def cells(text):
    """The cells of all columns but the first."""
    return [cell.strip() for line in text.splitlines() if line.startswith("│") for cell in line.split("│")[2:-1]]


@pytest.mark.parametrize("tiou", [(0.5, 0.75, 0.95), MANY])
@pytest.mark.parametrize("width", [60, 80, 120, 160])
def test_numbers_are_whole_at_any_width(drawn, tiou, width):
    whole = sorted(filter(None, cells(drawn(tiou, 100_000)[1])))
    text = drawn(tiou, width)[1]
    assert max(map(len, text.splitlines())) <= width
    assert all(re.fullmatch(r"\d+|\d\.\d{4}|\d+\.\d%|-|", cell) for cell in cells(text))
    assert sorted(filter(None, cells(text))) == whole


def test_the_usual_thresholds_fit_a_terminal_of_80(drawn):
    assert "continued" not in drawn((0.5, 0.75, 0.95), 80)[1]


def test_in_a_file_every_table_is_whole(drawn):
    text = drawn(MANY, 100_000)[1]
    assert "continued" not in text
    assert all(label in text for label in LABELS)


def test_names_are_folded_not_cut(drawn):
    text = drawn(MANY, 80)[1]
    names = "".join(line.split("│")[1].strip() for line in text.splitlines() if line.startswith("│"))
    assert all(names.count(label) == 2 for label in LABELS[2:])  # in both parts of the scores


def test_every_part_has_the_names_and_keeps_the_look(drawn):
    result, _ = drawn(MANY, 80)
    parts = fitted(tables(result)[0], 80)
    assert [part.title for part in parts] == ["Average precision", "Average precision, continued"]
    for part in parts:
        assert [str(name) for name in part.columns[0].cells][:2] == ["[bold]b", "a"]
        assert [row.style for row in part.rows] == [row.style for row in parts[0].rows]
        assert [row.end_section for row in part.rows] == [row.end_section for row in parts[0].rows]


def test_errors_have_a_row_for_each_threshold(drawn):
    _, text = drawn(MANY, 80)
    for what in ("FP", "miss", "gain"):
        assert all(f"{what} @{threshold:g} " in text for threshold in MANY)
    assert "gain, final" in text
