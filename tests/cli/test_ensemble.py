"""The command line of `ensemble`: forms of --weights, refusals, outputs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bineego import tracks
from bineego.cli import console
from bineego.cli.app import app
from bineego.formats import csv
from bineego.tracks import ScoreTrack

HEADER = "video_id,label,start,end,score\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs the command line in this process, in a folder with a.csv and b.csv: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(HEADER + "v,x,0,10,0.9\n")
    Path("b.csv").write_text(HEADER + "v,x,0,10,0.3\nv,y,2,3,0.5\n")

    def command(*args: object) -> tuple[int, str, str]:
        console.set_up_logging()
        code = console.run(lambda: app(["ensemble", *map(str, args)], standalone_mode=False))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def score_of_x(path: str = "out.csv") -> float:
    table = csv.read_predictions(Path(path))
    return float(table["score"][table["label"] == "x"].iloc[0])


@pytest.mark.parametrize(
    "weights",
    [
        ["--weights", "2,1"],
        ["--weights", "2", "--weights", "1"],
        ["--weights", "2", "1"],
        ["--weights", " 2 , 1e0"],
        ["2", "1"],
    ],
)
def test_forms_of_weights(run, weights: list[str]) -> None:
    code, out, err = run("a.csv", "b.csv", *weights, "-o", "out.csv")
    assert (code, out) == (0, "out.csv\n")
    assert err == "warning: 1 label (y) is missing from some inputs; those models have no candidate for it\n"
    assert score_of_x() == pytest.approx(0.7)


def test_weights_first_and_numbers_that_are_files(run) -> None:
    assert run("--weights", "2", "1", "a.csv", "b.csv", "-o", "out.csv")[0] == 0
    assert score_of_x() == pytest.approx(0.7)
    Path("1").write_text(Path("b.csv").read_text())
    assert run("a.csv", "1", "-o", "out.csv")[0] == 0
    assert score_of_x() == pytest.approx(0.6)


def test_omitted_weights_are_equal_and_the_default_output(run) -> None:
    code, out, _ = run("a.csv", "b.csv")
    assert (code, out) == (0, "ensemble.csv\n")
    assert score_of_x("ensemble.csv") == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        ([], 2, "error: INPUT is missing\n  -> bineego ensemble --help"),
        (["a.csv", "b.csv", "--weights"], 2, "error: --weights: needs a value"),
        (["a.csv", "b.csv", "--weights", "1"], 2, "1 weight for 2 inputs"),
        (["a.csv", "b.csv", "--weights", "1,1,1"], 2, "3 weights"),
        (["a.csv", "b.csv", "--weights", "0,0"], 2, "all weights are 0"),
        (["a.csv", "b.csv", "--weights", "-1,1"], 2, "-1.0"),
        (["a.csv", "b.csv", "--weights", "nan,1"], 2, "nan"),
        (["a.csv", "b.csv", "--weights", "1,"], 2, "error: --weights: not a number or a file: ''"),
        (["a.csv", "b.csv", "--weights", "nix.toml"], 2, "nix.toml"),
        (["a.csv", "b.csv", "--iou", "1.5"], 2, "--iou"),
        (["a.csv", "b.csv", "--bridge", "-1"], 2, "--bridge"),
        (["a.csv", "b.csv", "--missing", "maybe"], 2, "--missing"),
        (["a.csv", "b.csv", "--method", "tracks"], 2, ".scores.npz"),
        (["a.csv", "b.csv", "--postprocess", "viterbi"], 2, ".scores.npz"),
        (["a.csv", "b.csv", "--subset", "val"], 2, "--fit"),
        (["a.csv", "b.csv", "-o", "a.csv"], 2, "one of the inputs"),
        (["a.csv", "b.csv", "-o", "."], 2, "folder"),
        (["a.csv", "nix.csv"], 3, "nix.csv"),
        (["1", "2"], 2, "to combine"),
        (["a.csv", "b.csv", "--fit", "nix.csv"], 3, "nix.csv"),
        (["a.csv", "b.csv", "--fit", "b.csv", "-o", "out.csv"], 2, ".toml"),
    ],
)
def test_refusals(run, args: list[str], code: int, says: str) -> None:
    before = {path: path.read_bytes() for path in Path().iterdir()}
    found, out, err = run(*args)
    assert (found, out) == (code, "")
    assert says in err
    assert "Traceback" not in err
    assert {path: path.read_bytes() for path in Path().iterdir()} == before


def test_wrong_content_names_file_and_place(run) -> None:
    Path("bad.csv").write_text(HEADER + "v,x,0,10,0.5\nv,x,0,ten,0.5\n")
    code, _, err = run("a.csv", "bad.csv", "-o", "out.csv")
    assert code == 4
    assert "bad.csv" in err
    assert "3" in err
    assert "end" in err
    assert not Path("out.csv").exists()


def test_degenerate_rows_are_counted(run) -> None:
    Path("c.csv").write_text(HEADER + "v,x,5,5,0.5\n")
    code, _, err = run("a.csv", "c.csv", "-o", "out.csv")
    assert code == 0
    assert "warning: 1 of 2 rows" in err


def test_json_in_and_out(run) -> None:
    results = {"version": "1", "results": {"v": [{"segment": [0, 10], "label": "x", "score": 0.3}]}}
    Path("b.json").write_text(json.dumps(results))
    assert run("a.csv", "b.json", "-o", "out.json")[0] == 0
    row = json.loads(Path("out.json").read_text())["results"]["v"][0]
    assert (row["segment"], row["label"], row["score"]) == ([0.0, 10.0], "x", pytest.approx(0.6))


def test_configuration_file(run) -> None:
    Path("bineego.toml").write_text('[ensemble]\nweights = [2, 1]\nmissing = "present"\n')
    assert run("a.csv", "b.csv", "-o", "out.csv")[0] == 0
    assert score_of_x() == pytest.approx(0.7)
    assert csv.read_predictions(Path("out.csv"))["score"].max() == pytest.approx(0.7)
    assert run("a.csv", "b.csv", "--weights", "1,1", "-o", "out.csv")[0] == 0
    assert score_of_x() == pytest.approx(0.6)
    Path("bineego.toml").write_text('[ensemble]\nmisssing = "present"\n')
    code, _, err = run("a.csv", "b.csv")
    assert code == 4
    assert "missing" in err


def write_track(folder: Path, best: int, scene: float) -> None:
    logits = np.full((4, 3), -2.0, np.float32)
    logits[:, 0], logits[1:3, best] = 0.0, 3.0
    track = ScoreTrack(
        video_id="v", edges=np.arange(5.0), logits=logits, actions=("x", "y"), t=1.0,
        scene_probs=np.array([scene, 1 - scene]), scenes=("Kitchen", "Nature"), model=folder.name,
    )  # fmt: skip
    tracks.save(track, folder / "v.scores.npz")


def test_score_tracks_by_folder_and_by_file(run) -> None:
    write_track(Path("one"), 1, 0.9)
    write_track(Path("two"), 1, 0.4)
    assert run("one", "two", "--postprocess", "paper", "-o", "out/fused.csv")[0] == 0
    table = csv.read_predictions(Path("out/fused.csv"))
    assert table[["label", "start", "end"]].to_numpy().tolist() == [["x", 1.0, 3.0]]
    assert csv.read_scenes(Path("out/scenes.csv")) == {"v": "Kitchen"}
    code, _, _ = run("one/v.scores.npz", "two/v.scores.npz", "--postprocess", "viterbi", "-o", "out/again.csv")
    assert code == 0
    assert len(csv.read_predictions(Path("out/again.csv"))) == 1
    code, _, err = run("one", "a.csv")
    assert code == 2
    assert ".scores.npz" in err


def test_scenes_of_a_model_are_not_overwritten(run) -> None:
    write_track(Path("one"), 1, 0.9)
    Path("one/scenes.csv").write_text("video_id,scene\nv,Nature\n")
    code, _, err = run("one", "-o", "one/fused.csv")
    assert code == 0
    assert "warning" in err
    assert csv.read_scenes(Path("one/scenes.csv")) == {"v": "Nature"}


def test_tables_of_others_are_not_overwritten(run) -> None:
    write_track(Path("one"), 1, 0.9)
    Path("scenes.csv").write_text("video_id,place\nv,here\n")
    code, _, err = run("one", "-o", "fused.csv")
    assert code == 2
    assert "scenes.csv: exists: it would be overwritten" in err
    assert not Path("fused.csv").exists()
    Path("folder").mkdir()
    Path("folder/predictions.csv").write_text(HEADER + "v,x,0,10,0.9\n")
    assert run("folder", "a.csv", "-o", "folder/predictions.csv")[0] == 2


def test_a_result_that_was_corrected_is_kept(run) -> None:
    assert run("a.csv", "b.csv", "-o", "out.csv")[0] == 0
    assert run("a.csv", "b.csv", "-o", "out.csv", "--iou", "0.7")[0] == 0  # it is ours
    ours = Path("out.csv").read_text()
    Path("out.csv").write_text(ours.replace("v,x,0.0", "v,x,0.5"))
    code, out, err = run("a.csv", "b.csv", "-o", "out.csv")
    assert (code, out) == (2, "")
    assert "out.csv: has changed since bineego wrote it" in err
    assert Path("out.csv").read_text() != ours
    assert run("a.csv", "b.csv", "-o", "out.csv", "--overwrite")[0] == 0
    assert Path("out.csv").read_text() == ours
    Path("mine.toml").write_text("")
    assert run("a.csv", "b.csv", "--fit", "a.csv", "-o", "mine.toml")[0] == 2


def test_what_has_no_part_is_said(run) -> None:
    write_track(Path("one"), 1, 0.9)
    assert "--iou is ignored" in run("one", "--iou", "0.9", "-o", "out/a.csv")[2]
    assert "--pooling is ignored" in run("a.csv", "b.csv", "--pooling", "log")[2]
    Path("truth.csv").write_text("video_id,label,start,end\nv,x,0,10\nw,x,0,10\n")
    code, _, err = run("a.csv", "b.csv", "--fit", "truth.csv", "--postprocess", "viterbi")
    assert code == 2
    assert "score tracks" in err


def test_other_spellings_are_named(run) -> None:
    Path("c.csv").write_text(HEADER + "v.mp4,X,0,10,0.9\n")
    err = run("a.csv", "c.csv")[2]
    assert "1 video id matched after ignoring extension, folder or blanks ('v.mp4' is 'v')" in err
    assert "2 labels (x, X) are missing from some inputs" in err
    assert "missing from some inputs" not in run("a.csv", "c.csv", "--weights", "1,0")[2]


def test_fit_then_use(run) -> None:
    truth = "video_id,label,start,end\n" + "".join(f"v{i},x,{i},{i + 10}\n" for i in range(6))
    Path("truth.csv").write_text(truth)
    Path("good.csv").write_text(HEADER + "".join(f"v{i},x,{i},{i + 10},0.{i + 1}\n" for i in range(6)))
    Path("bad.csv").write_text(HEADER + "".join(f"v{i},x,{i + 6},{i + 30},0.9\n" for i in range(6)))
    code, out, err = run("bad.csv", "good.csv", "--fit", "truth.csv", "-o", "w.toml")
    assert (code, out) == (0, "w.toml\n")
    assert "over the best single model (good.csv)" in err
    assert "95% interval" in err
    code, out, err = run("bad.csv", "good.csv", "--weights", "w.toml", "-o", "out.csv")
    assert (code, err) == (0, "")
    assert "applied in order" in run("good.csv", "bad.csv", "--weights", "w.toml", "-o", "out.csv")[2]
    assert run("good.csv", "--weights", "w.toml", "-o", "out.csv")[0] == 2


def test_as_a_program(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + "v,x,0,10,0.9\n")
    command = [sys.executable, "-m", "bineego", "ensemble", "a.csv", "-o", "out.csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "out.csv\n")
    assert (tmp_path / "out.csv").read_text() == HEADER + "v,x,0.0,10.0,0.9\n"
