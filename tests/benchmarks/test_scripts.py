"""Every benchmark can be called; a quick one is run at tiny sizes (tests/release/benchmarks runs the others)."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from pathlib import Path

import pytest

from benchmarks import accuracy, speed

SCRIPTS = [
    f"{package.__name__}.{module.name}"
    for package in (accuracy, speed)
    for module in pkgutil.iter_modules(package.__path__)
]
QUICK = ("benchmarks.speed.ensemble",)


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_says_how_to_call_it(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(name).main()
    assert not ended.value.code
    text = capsys.readouterr().out
    assert f"python -m {name}" in text
    assert "--dry" in text
    assert "--json" in text


@pytest.mark.parametrize("name", QUICK)
def test_a_dry_run_writes_its_result(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [name, "--dry", "--json", str(tmp_path / "result.json")])
    importlib.import_module(name).main()
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["recorded"] == "dry run"
    assert result["rows"]
