"""The notebook of examples/, run from its first cell to its last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

TOUR = Path(__file__).parents[2] / "examples" / "tour.ipynb"


def outputs(notebook: Any, kind: str) -> list[str]:
    """What the cells show, of one kind."""
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return [output["data"][kind] for output in shown if kind in output.get("data", {})]


def test_the_tour_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", str(TOUR.parents[1]))
    notebook = nbformat.read(TOUR, as_version=4)
    nbclient.NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": str(tmp_path)}}).execute()
    html = outputs(notebook, "text/html")
    assert any("<progress" in text and "training: 100%" in text for text in html)
    assert any("<progress" in text and "localizing: 100%" in text for text in html)
    assert any("mAP" in text for text in html)
    assert len(outputs(notebook, "image/png")) == 2
    page = (tmp_path / "bineego-tour" / "report.html").read_text()
    assert "<title>out</title>" in page
