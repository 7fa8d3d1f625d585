"""The tables of the docs are those of the results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import tables
from benchmarks.common import markdown, to_json

MARKED = {name for page in tables.pages() for _, name, _ in tables.MARKED.findall(page.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("page", list(tables.pages()), ids=lambda page: page.name)
def test_the_tables_of_a_page_are_current(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert tables.with_tables(text) == text, "run `python -m benchmarks.tables`"


@pytest.mark.parametrize("name", sorted(MARKED))
def test_a_result_says_where_it_comes_from(name: str) -> None:
    result = json.loads((tables.RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    assert {"processor", "cores", "flags", "load"} <= set(result["machine"])
    assert "python" in result["versions"]
    assert result["recorded"] == "by the script" or result["recorded"].startswith("by hand")
    assert result["command"] or result["recorded"] != "by the script"
    for private in ("/work", "/opt", "/root", "/home", "/tmp"):
        assert private not in result["command"]


def test_a_result_is_written_as_it_is_read() -> None:
    rows = [["a", 1000, [1.5, 1.0, 2.0]], ["b", None, 0.125]]
    result = {"note": "é", "columns": {"what": "", "n": ",", "s": ".2f"}, "rows": rows}
    again = json.loads(to_json(result))
    assert again == result
    assert markdown(again) == [
        "| what | n | s |",
        "|---|---|---|",
        "| a | 1,000 | 1.50 (1.00-2.00) |",
        "| b |  | 0.12 |",
    ]
