from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bineego import tracks
from bineego.cli import console
from bineego.cli.app import app
from bineego.formats import csv
from bineego.inference.localized import Localized
from bineego.inference.options import LocalizeCommand
from bineego.words import clock

Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line in an empty folder; its exit code."""
    monkeypatch.chdir(tmp_path)
    console.set_up_logging()

    def call(*args: object) -> int:
        try:
            return console.run(lambda: app(["localize", *map(str, args)]))
        except SystemExit as ended:  # Typer's way out of a command that went well
            return int(ended.code or 0)

    return call


@pytest.fixture
def track(tmp_path: Path) -> Path:
    """Six cells of 0.5 s: background, four of "jump" with a flicker, background."""
    p = np.array([[0.8, 0.1, 0.1], *[[0.1, 0.8, 0.1]] * 2, [0.1, 0.4, 0.5], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1]])
    path = tmp_path / "in" / "v1.scores.npz"
    path.parent.mkdir()
    tracks.save(
        tracks.ScoreTrack(
            video_id="v1",
            edges=np.arange(7) * 0.5,
            logits=np.log(p).astype(np.float32),
            actions=("jump", "run"),
            t=0.5,
            scene_probs=np.array([0.3, 0.7]),
            scenes=("indoors", "outdoors"),
        ),
        path,
    )
    return path


def test_without_output_the_table_lies_here(run: Run, track: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(track) == 0
    assert capsys.readouterr().out == "v1.csv\n"
    assert csv.read_predictions(Path("v1.csv"))["label"].tolist() == ["jump"]
    assert csv.read_scenes(Path("scenes.csv")) == {"v1": "outdoors"}
    assert not Path("predictions.csv").exists()


def test_with_output(run: Run, track: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(track, "-o", "out", "--postprocess", "viterbi", "--format", "csv,json", "--save-scores") == 0
    assert capsys.readouterr().out == "out/predictions.csv\nout/predictions.json\n"
    assert csv.read_predictions(Path("out/predictions.csv"))["label"].tolist() == ["jump"]
    assert Path("out/v1.scores.npz").exists()


def test_the_page_of_what_was_found(run: Run, track: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(track, "-o", "out", "--save-scores", "--report") == 0
    found = capsys.readouterr()
    assert found.out == "out/predictions.csv\n"
    assert "page: out/report.html" in found.err
    assert '"strips"' in Path("out/report.html").read_text()
    assert run(track, "-o", "one.csv", "--report") == 0
    assert Path("report.html").exists()
    Path("report.html").write_text("mine")
    assert run(track, "-o", "two.csv", "--report") == 2
    assert not Path("two.csv").exists()


def test_flag_over_file_over_default(run: Run, track: Path) -> None:
    Path("bineego.toml").write_text('[localize]\npostprocess = "paper"\n[localize.class_thresholds]\nrun = 0.6\n')
    assert run(track) == 0
    assert len(csv.read_predictions(Path("v1.csv"))) == 1
    assert run(track, "--postprocess", "viterbi") == 0
    assert csv.read_predictions(Path("v1.csv"))["score"].max() < 0.8  # the length counts


@pytest.mark.parametrize(
    ("flags", "table", "view", "model"),
    [
        (["--model", "a,b"], "", ("panoramic",), "a,b"),  # one view: a name with a comma
        (["--view", "panoramic,third_person", "--model", "a,b"], "", ("panoramic", "third_person"), ("a", "b")),
        (["--view", "panoramic,third_person", "--model", "a"], "", ("panoramic", "third_person"), ("a",)),
        (["--model", "a,b"], 'view = "panoramic,third_person"', ("panoramic", "third_person"), ("a", "b")),
        ([], 'view = ["third_person"]\nmodel = ["a"]', ("third_person",), ("a",)),
        (["--view", "panoramic"], 'view = ["third_person", "panoramic"]', ("panoramic",), None),
    ],
)
def test_views_and_models_by_commas(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    flags: list[str],
    table: str,
    view: tuple[str, ...],
    model: object,
) -> None:
    seen: dict[str, object] = {}

    def localize(inputs: list[str], **call: object) -> Localized:
        seen.update(call)
        return Localized(videos=(), predictions=pd.DataFrame(), scenes={}, paths=(), results=(), skipped=(), files={})

    monkeypatch.setattr("bineego.inference.batch.localize", localize)
    Path("bineego.toml").write_text(f"[localize]\n{table}\n")
    assert run("data", *flags) == 0
    call = seen["options"]
    assert isinstance(call, LocalizeCommand)
    assert (call.view, seen["model"]) == (view, model)


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["nothing.mp4"], 3, "no such file"),
        (["TRACK", "--min-duration", "-1"], 2, "error: --min-duration: must be 0 or more, not -1"),
        (["TRACK", "--format", "xml"], 2, "error: --format: must be one of"),
        (["TRACK", "--device", "abacus"], 2, "no device"),
        (["VIDEO"], 6, "no model"),
        (["VIDEO", "--model", "missing"], 6, "no such run"),
        (["EMPTY"], 2, "no video"),
        (["TRACK", "--view", "above"], 2, "--view: must be one of"),
        (["TRACK", "--view", "panoramic,above"], 2, "--view: must be one of"),
        (["VIDEO", "--view", "panoramic,binocular"], 2, "binocular clips have their own timeline"),
        (["VIDEO", "--view", "panoramic,third_person"], 2, "this input has one view"),
    ],
)
def test_errors(
    run: Run, track: Path, args: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty").mkdir()
    Path("v2.mp4").write_bytes(b"x")
    places = {"TRACK": str(track), "VIDEO": "v2.mp4", "EMPTY": "empty"}
    assert run(*(places.get(arg, arg) for arg in args)) == code
    out, err = capsys.readouterr()
    assert message in err
    assert out == ""
    assert "Traceback" not in err


def test_a_wrong_file_is_named(run: Run, track: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bineego.toml").write_text("[localize]\nmin_duratoin = 1\n")
    assert run(track) == 4
    assert "min_duration" in capsys.readouterr().err


def test_on_a_terminal_the_segments_of_one_video_are_shown(track: Path) -> None:
    """And stdout stays the path."""
    parent, child = os.openpty()
    command = [sys.executable, "-m", "bineego", "localize", str(track), "-o", str(track.parent / "r.csv")]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=child, text=True, check=True)
    os.close(child)
    shown = b""
    with contextlib.suppress(OSError):
        while part := os.read(parent, 4096):
            shown += part
    assert done.stdout == f"{track.parent / 'r.csv'}\n"
    assert "v1: 1 action (jump 1)" in shown.decode()
    first = csv.read_predictions(track.parent / "r.csv").iloc[0]
    assert f"{clock(first['start'])} - {clock(first['end'])}" in shown.decode()
