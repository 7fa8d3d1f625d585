"""Tables and JSON files that are wrong, each in one way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from cli.conftest import Done

HEADER = ["video_id", "label", "start", "end", "score"]
GOOD = [["a", "x", "0", "1", "0.5"], ["b", "y", "1", "2", "0.25"]]
NO_NUMBERS = ["", "x", "nan", "inf", "-inf", "1e999", "1,2,3", "0x10", "--1", "1 2", "NULL", "１x", "1_0", "\0"]
WRONG_VALUES: list[Any] = [None, "x", True, [], {}, [1], "", {"a": 1}]

Bad = tuple[str, str, bytes, bool]
"""Name, ending, content, and whether it must be refused (else it may also be read, with a note)."""


def _table(rows: list[list[str]]) -> bytes:
    def cell(text: str) -> str:
        return f'"{text}"' if "," in text else text

    return "".join(",".join(map(cell, row)) + "\n" for row in rows).encode()


def bad_tables() -> Iterator[Bad]:
    """Predictions in CSV files."""
    for column in (2, 3, 4):
        for text in NO_NUMBERS:
            row = [*GOOD[1]]
            row[column] = text
            yield f"{HEADER[column]} is {text!r}", ".csv", _table([HEADER, GOOD[0], row]), True
    for column in (0, 1):
        row = [*GOOD[1]]
        row[column] = ""
        yield f"no {HEADER[column]}", ".csv", _table([HEADER, GOOD[0], row]), True
    for column, name in enumerate(HEADER):
        without = [row[:column] + row[column + 1 :] for row in (HEADER, *GOOD)]
        yield f"no column {name}", ".csv", _table(without), True
        yield f"two columns {name}", ".csv", _table([[*row, row[column]] for row in (HEADER, *GOOD)]), True
    whole = _table([HEADER, *GOOD])
    yield "a short row", ".csv", whole + b"c,z,3\n", True
    yield "a long row", ".csv", whole + b"c,z,3,4,0.5,6,7\n", True
    yield "an open quote", ".csv", whole + b'"c,z,3,4,0.5\n', True
    yield "text after a quote", ".csv", whole + b'"c"d,z,3,4,0.5\n', True
    yield "nothing", ".csv", b"", True
    yield "blanks", ".csv", b" \n \n", True
    yield "a separator alone", ".csv", b"sep=;\n", True
    yield "empty cells alone", ".csv", b",,,,\n,,,,\n", True
    yield "zeros", ".csv", bytes(1000), True
    yield "a picture", ".csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), True
    yield "packed", ".csv", b"\x1f\x8b\x08" + bytes(range(256)), True
    yield "a zip that is no workbook", ".csv", b"PK\x03\x04" + bytes(300), True
    yield "UTF-16 cut off", ".csv", whole.decode().encode("utf-16")[:-1], False
    yield "an endless cell", ".csv", whole + b"c," + b"z" * 300_000 + b",3,4,0.5\n", False
    yield "an endless number", ".csv", whole + b"c,z,3," + b"4" * 5000 + b",0.5\n", True
    yield "many columns", ".csv", _table([[*HEADER, *(f"c{i}" for i in range(20_000))]]), False
    yield "escape sequences", ".csv", whole + b"c\x1b[2J,z,\x1b]0;x\x07,4,0.5\n", True


def bad_documents() -> Iterator[Bad]:
    """Predictions in ActivityNet JSON, and projects of tools."""

    def results(**changes: Any) -> bytes:
        row = {"segment": [0, 1], "label": "x", "score": 0.5}
        return json.dumps({"results": {"a": [row, row | changes]}}).encode()

    for value in [*WRONG_VALUES, [1, 2, 3], [None, 1], ["x", 1], [True, 1], [float("nan"), 1]]:
        yield f"segment {value}", ".json", results(segment=value), True
    for value in [None, True, [], {}, 5, ""]:
        yield f"label {value}", ".json", results(label=value), True
    for value in [*WRONG_VALUES, float("nan"), float("inf")]:
        yield f"score {value}", ".json", results(score=value), True
    for value in [None, 5, "x", [5], [None], {"a": 1}]:
        yield f"rows {value}", ".json", json.dumps({"results": {"a": value}}).encode(), True
    for value in [None, 5, "x", []]:
        yield f"results {value}", ".json", json.dumps({"results": value}).encode(), True
    whole = results()
    for content in (
        b"[]",
        b"5",
        b'"x"',
        b"null",
        b"{}",
        b"{",
        b"[[",
        whole[:-1],
        whole[: len(whole) // 2],
        whole + b"x",
    ):
        yield f"document {content[:20]!r}", ".json", content, True
    yield "a video twice", ".json", b'{"results": {"a": [], "a": []}}', True
    yield "a label twice", ".json", whole.replace(b'"label": "x"', b'"label": "x", "label": "y"'), True
    yield "an empty id", ".json", whole.replace(b'"a"', b'""'), True
    yield "too deep", ".json", b'{"results":' + b"[" * 100_000 + b"]" * 100_000 + b"}", True
    yield "half a character", ".json", whole.replace(b'"x"', b'"\\ud800"'), True
    yield "not UTF-8", ".json", whole.replace(b'"x"', b'"\xff"'), True
    yield "an endless number", ".json", whole.replace(b"0.5", b"1" * 5000), True
    for name, document in PROJECTS.items():
        for key in document:
            for value in (None, 5, [], {}):
                yield f"{name}: {key} is {value}", ".json", json.dumps({**document, key: value}).encode(), False


PROJECTS: dict[str, dict[str, Any]] = {
    "360+x": {"metadata": {"1": {"duration": [0, 1], "action": {"1": "x"}}}},
    "VIA": {
        "project": {"pid": "1", "data_format_version": "3.1.2"},
        "config": {},
        "attribute": {"1": {"aname": "label", "anchor_id": "FILE1_Z2_XY0", "type": 4, "options": {"0": "x"}}},
        "file": {"1": {"fid": "1", "fname": "a.mp4", "type": 4, "loc": 1, "src": "a.mp4"}},
        "view": {"1": {"fid_list": ["1"]}},
        "metadata": {"1_a": {"vid": "1", "z": [0, 1], "xy": [], "av": {"1": "0"}}},
    },
    "BORIS": {
        "project_format_version": "7.0",
        "project_name": "p",
        "behaviors_conf": {"0": {"type": "State event", "code": "x", "key": "a"}},
        "observations": {
            "o": {"file": {"1": ["a.mp4"]}, "type": "MEDIA", "events": [[0, "", "x", "", ""], [1, "", "x", "", ""]]}
        },
    },
}


def problems(run: Callable[..., Done], folder: Path, files: Iterable[Bad]) -> list[str]:
    """What is wrong with how `evaluate` takes them."""
    found = []
    (folder / "truth.csv").write_text("video_id,label,start,end\na,x,0,1\nb,y,1,2\n")
    for number, (name, ending, content, refused) in enumerate(files):
        path = folder / f"bad-{number}{ending}"
        path.write_bytes(content)
        done = run("evaluate", "truth.csv", path, cwd=folder)
        said = done.stderr
        wrong = done.returncode != 4 if refused else done.returncode not in (0, 4)
        if wrong or "Traceback" in said or "a bug in" in said or "\x1b" in said or (refused and path.name not in said):
            found.append(f"{name}: code {done.returncode}: {said[:300]}")
    return found
