"""Whatever stands in a tool's file: it is read, or refused in words."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

import pytest
from formats.tools import media
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pympi.Elan import Eaf

from bineego.errors import BineegoError, InputInvalid
from bineego.formats import read
from bineego.formats.options import LabelOptions

BORIS = {
    "behaviors_conf": {"0": {"type": "State event", "code": "walk"}, "1": {"type": "Point event", "code": "blink"}},
    "observations": {"a": {
        "type": "MEDIA", "file": {"1": ["v.mp4", "w.mp4"], "2": ["x.mp4"]}, "time offset": 1.0,
        "media_info": {"length": {"v.mp4": 10.0, "w.mp4": 10.0}},
        "events": [[1, "", "walk", "", "score 0.5"], [12, "", "walk", "", ""], [2, "Anna", "blink", "fast", ""]],
    }},
}  # fmt: skip
LABEL_STUDIO = [{
    "id": 1, "data": {"video": "/data/local-files/?d=v.mp4", "fps": 25},
    "annotations": [{"result": [
        {"type": "timelinelabels", "value": {"ranges": [{"start": 1, "end": 5}], "timelinelabels": ["walk"]}},
        {"type": "labels", "value": {"start": 1, "end": 5, "labels": ["walk"]}},
    ]}],
    "predictions": [{"score": 0.5, "result": [{"type": "labels", "value": {"start": 1, "end": 5, "labels": ["x"]}}]}],
}]  # fmt: skip
WEB = [{"video_id": "a", "t_start": 1, "t_end": 2, "label": "walking", "score": 0.5}]
EPIC = {"results": {"P01_11": [{"verb": 0, "noun": 2, "action": "0,2", "score": 0.9, "segment": [0.5, 2.1]}]}}

ODD = st.sampled_from(
    [None, True, 0, -1, 1e308, float("nan"), "", " ", "x", "1", [], [1], [[]], {}, {"a": 1}, "http://["]
)


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of all values in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(spot for key, each in items for spot in spots(each, (*path, key)))] if path or items else [path]


def with_odd(document: Any, spot: tuple[Any, ...], odd: Any) -> Any:
    changed = copy.deepcopy(document)
    inside = changed
    for key in spot[:-1]:
        inside = inside[key]
    inside[spot[-1]] = odd
    return changed


@pytest.mark.parametrize("document", [BORIS, LABEL_STUDIO, WEB, EPIC], ids=["boris", "labelstudio", "web", "epic"])
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_anywhere_in_json(tmp_path: Path, document: Any, data: st.DataObject) -> None:
    spot = data.draw(st.sampled_from([spot for spot in spots(document) if spot]))
    path = tmp_path / "f.json"
    path.write_text(json.dumps(with_odd(document, spot, data.draw(ODD))))
    for reader in (read.read_annotations, read.read_predictions, read.read_any):
        with contextlib.suppress(BineegoError):
            reader(path, media=media("v"))


def small_eaf(path: Path) -> str:
    document = Eaf()
    document.add_linked_file("file:///v.mp4", mimetype="video/mp4", time_origin=5)
    document.add_annotation("default", 0, 1000, "x")
    document.add_linguistic_type("kind", "Symbolic_Association", timealignable=False)
    document.add_tier("below", ling="kind", parent="default")
    document.add_ref_annotation("below", "default", 500, "y")
    document.to_file(path)
    return path.read_text(encoding="utf-8")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_to_an_eaf(tmp_path: Path, data: st.DataObject) -> None:
    content = small_eaf(tmp_path / "whole.eaf")
    start = data.draw(st.integers(0, len(content) - 1))
    odd = data.draw(st.sampled_from(["", "<", ">", '"', "&", "\x00", "x:", "TIER", "<TIER/>", "é", "9" * 400]))
    end = start + data.draw(st.integers(0, 40))
    path = tmp_path / "f.eaf"
    path.write_text(content[:start] + odd + content[end:], encoding="utf-8")
    for reader in (read.read_annotations, read.read_predictions):
        with contextlib.suppress(BineegoError):
            reader(path)


def test_tiers_in_a_circle(tmp_path: Path) -> None:
    document = Eaf()
    for tier, parent, name, other in (("a", "b", "a1", "a2"), ("b", "a", "a2", "a1")):
        document.add_tier(tier, parent=parent)
        document.tiers[tier][1][name] = (other, "x", None, None)
    document.to_file(tmp_path / "f.eaf")
    with pytest.raises(InputInvalid, match="depend on each other in a circle"):
        read.read_annotations(tmp_path / "f.eaf", LabelOptions(columns="label=a"))


@pytest.mark.parametrize("line", ["[" * 100_000, '{"a":' * 100_000])
def test_deep_json_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "f.json").write_text(line)
    with pytest.raises(InputInvalid):
        read.read_annotations(tmp_path / "f.json")
