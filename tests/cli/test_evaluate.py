from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from bineego.cli import console

TRUTH = "video_id,label,start,end,subset,scene\nu,a,0,10,train,Kitchen\nv,a,0,10,val,Nature\nv,b,20,21.2,val,Nature\n"
FOUND = "video_id,label,start,end,score\nu,a,50,60,0.9\nv,a,0,10,0.8\n"


@pytest.fixture
def run(capsys):
    from bineego.cli.app import app

    def call(*arguments):
        console.set_up_logging()
        try:
            code = console.run(lambda: app(["evaluate", *map(str, arguments)]))
        except SystemExit as exit_:
            code = exit_.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "truth.csv").write_text(TRUTH)
    (tmp_path / "found.csv").write_text(FOUND)
    return tmp_path


def test_json_holds_the_contract_and_no_more(here, run):
    code, out, err = run("truth.csv", "found.csv", "--json")
    assert code == 0
    assert json.loads(out) == {
        "tiou": [0.5, 0.75, 0.95], "mAP": [0.125] * 3, "final": 0.125, "ap": {"a": [0.25] * 3, "b": [0.0] * 3},
        "scene_top1": None,
    }  # fmt: skip
    assert err == ""


def test_subset(here, run):
    code, out, err = run("truth.csv", "found.csv", "--json", "--subset", "validation")
    assert (code, json.loads(out)["final"]) == (0, 0.5)
    assert "left out 1 of 2 predictions" in err
    assert not err.startswith("warning")


def test_the_table_names_classes_and_scores(here, run):
    (here / "truth.csv").write_text("video_id,label,start,end\nv,[bold]a,0,10\nv,a,0,10\n")
    code, out, _ = run("truth.csv", "found.csv")
    assert code == 0
    assert "[bold]a" in out
    assert "mAP, final" in out


def test_extras(here, run):
    arguments = ("--diagnose", "--bootstrap", 20, "--recall-at", "1,5", "--ceiling", "0.5,1.0", "--tiou", "0.5:0.7:0.1")
    code, out, _ = run("truth.csv", "found.csv", *arguments, "--curves", "curves.json", "--json")
    assert code == 0
    content = json.loads(out)
    assert content["tiou"] == [0.5, 0.6, 0.7]
    assert {"diagnosis", "bootstrap", "average_recall", "ceiling", "curves"} < set(content)
    assert json.loads((here / "curves.json").read_text()) == content["curves"]
    code, out, _ = run("truth.csv", "found.csv", *arguments, "--curves", "curves.png")
    assert code == 0
    assert (here / "curves.png").read_bytes().startswith(b"\x89PNG")
    for text in ("95% from", "duplicate", "Ceiling", "Recall"):
        assert text in out


def test_in_a_file_no_number_is_folded(here, run):
    code, out, _ = run("truth.csv", "found.csv", "--tiou", "0.5:0.95:0.05", "--diagnose", "--bootstrap", 5)
    assert code == 0
    cells = [cell.strip() for line in out.splitlines() if line.startswith("│") for cell in line.split("│")[2:-1]]
    assert cells
    assert all(re.fullmatch(r"\d+|\d\.\d{4}|-|", cell) for cell in cells)


def test_on_a_terminal_a_wide_table_is_split(here, run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    code, out, _ = run("truth.csv", "found.csv", "--tiou", "0.5:0.95:0.05")
    assert code == 0
    assert "Average precision, continued" in out
    assert max(len(re.sub(r"\x1b\[\d*m", "", line)) for line in out.splitlines()) <= 80


def test_curves_of_scenes_alone_are_left_out_with_a_word(here, run):
    (here / "truth.csv").write_text("video_id,label,start,end,scene\nv,,,,Nature\n")
    (here / "scenes.csv").write_text("video_id,scene\nv,Nature\n")
    code, out, err = run("truth.csv", "found.csv", "--curves", "c.png", "--diagnose", "--json")
    assert (code, json.loads(out)["scene_top1"]) == (0, 1.0)
    assert "warning: the ground truth has only scenes and no segments; ignored: --diagnose, --curves" in err
    assert not (here / "c.png").exists()


@pytest.mark.parametrize("name", ["c.pdf", "folder.png", "truth.json", "found.csv/c.png"])
def test_a_wrong_place_for_curves_is_refused_before_any_work(here, run, monkeypatch, name):
    (here / "folder.png").mkdir()
    (here / "truth.csv").rename(here / "truth.json")
    monkeypatch.setattr("bineego.evaluation.scoring.score", lambda *_, **__: pytest.fail("scored"))
    code, out, err = run("truth.json", "found.csv", "--curves", name)
    assert (code, out) == (2, "")
    assert name.split("/")[0] in err
    assert (here / "truth.json").read_text() == TRUTH


def test_extras_in_bineego_toml_do_not_stop_a_ceiling(here, run):
    (here / "bineego.toml").write_text("[evaluate]\ndiagnose = true\nbootstrap = 5\n")
    assert run("truth.csv", "--ceiling", "0.5")[0] == 0


@pytest.mark.parametrize("names", [("pipe", "found.csv"), ("truth.csv", "pipe")])
def test_a_pipe_is_no_file(here, run, names):
    os.mkfifo(here / "pipe")
    code, _, err = run(*names)
    assert code == 3
    assert "pipe: not a regular file" in err
    assert "write it to a file first" in err


def test_ceiling_needs_no_predictions(here, run):
    code, out, _ = run("truth.csv", "--ceiling", "0.25,1.0", "--json")
    assert code == 0
    content = json.loads(out)
    assert set(content) == {"tiou", "ceiling"}
    assert [entry["t"] for entry in content["ceiling"]] == [0.25, 1.0]


def test_scenes_beside_the_predictions_or_named(here, run):
    (here / "other.csv").write_text("video_id,scene,score\nu,Kitchen,0.5\nv,nature,0.9\n")
    assert json.loads(run("truth.csv", "found.csv", "--json", "--scenes", "other.csv")[1])["scene_top1"] == 1.0
    (here / "scenes.csv").write_text("video_id,scene\nu,Campus\nv,Nature\n")
    assert json.loads(run("truth.csv", "found.csv", "--json")[1])["scene_top1"] == 0.5
    assert json.loads(run("truth.csv", "found.csv", "--json", "--subset", "val")[1])["scene_top1"] == 1.0


def test_bare_takes_the_newest_run(here, run):
    for age, name in enumerate(["new", "old"]):
        folder = here / "runs" / name / "val"
        folder.mkdir(parents=True)
        (folder / "ground_truth.csv").write_text(TRUTH)
        found = folder / "predictions.csv"
        found.write_text(FOUND if name == "old" else FOUND + "v,b,20,21.2,0.5\n")
        os.utime(found, (1e9 - age, 1e9 - age))
    code, out, err = run("--json")
    assert code == 0
    assert json.loads(out)["ap"]["b"] == [1.0] * 3
    assert "runs/new/val/predictions.csv" in err


def test_bare_takes_the_table_of_bineego_toml_first(here, run):
    (here / "bineego.toml").write_text(
        '[evaluate]\nground_truth = "truth.csv"\npredictions = "found.csv"\nsubset = "val"\n'
        "tiou = [0.5]\nrecall-at = 5\n"
    )
    content = json.loads(run("--json")[1])
    assert (content["tiou"], content["final"]) == ([0.5], 0.5)
    assert content["average_recall"]["5"]["mean"] == 0.5
    assert json.loads(run("--json", "--tiou", "0.75")[1])["tiou"] == [0.75]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ((), 2, "bineego evaluate GROUND_TRUTH PREDICTIONS"),
        (("truth.csv",), 2, "no predictions"),
        (("nowhere.csv", "found.csv"), 3, "nowhere.csv"),
        (("truth.csv", "nowhere.csv"), 3, "nowhere.csv"),
        (("found.csv", "truth.csv"), 4, ""),
        (("truth.csv", "found.csv", "--tiou", "2"), 2, "error: --tiou: must be more than 0 and at most 1, not 2"),
        (("truth.csv", "found.csv", "--tiou", "x"), 2, "0.3:0.7:0.1"),
        (("truth.csv", "found.csv", "--recall-at", "0"), 2, "error: --recall-at: must be whole numbers of 1 or more"),
        (("truth.csv", "found.csv", "--subset", "test"), 2, "train, val"),
        (("truth.csv", "found.csv", "--ceiling", "0"), 2, "seconds"),
        (("truth.csv", "found.csv", "--curves", "curves.txt"), 2, ".png or .json"),
        (("truth.csv", "found.csv", "--bootstrap", "-1"), 2, "bootstrap"),
        (("truth.csv", "found.csv", "--bootstrap", "10", "--seed", "-1"), 2, "--seed"),
        (("truth.csv", "found.csv", "--protocol", "clips"), 2, "protocol"),
        (
            ("truth.csv", "--ceiling", "0.5", "--curves", "c.png", "--diagnose"),
            2,
            "--diagnose, --curves need predictions",
        ),
        (("truth.csv", "--ceiling", "0.5", "--bootstrap", "9"), 2, "--bootstrap needs predictions"),
        (("truth.csv", "--ceiling", "0.5", "--recall-at", "9"), 2, "--recall-at needs predictions"),
        (("truth.csv", "--ceiling", "0.5", "--scenes", "scenes.csv"), 2, "--scenes needs predictions"),
        (("truth.csv", "--ceiling", "0.5", "--protocol", "windows"), 2, "not with windows"),
        (("truth.csv", "found.csv", "--ceiling", "0.5", "--dedup-ground-truth"), 2, "--dedup-ground-truth"),
        (("truth.csv", "found.csv", "--scenes", "nowhere.csv"), 3, "nowhere.csv"),
    ],
)
def test_what_is_wrong_is_said(here, run, arguments, code, text):
    found, out, err = run(*arguments)
    assert (found, out) == (code, "")
    assert text in err
    assert "Traceback" not in err


def test_a_wrong_number_is_named_with_its_place(here, run):
    (here / "found.csv").write_text(FOUND + "v,a,0,1,nan\n")
    code, _, err = run("truth.csv", "found.csv")
    assert code == 4
    assert "found.csv" in err
    assert "score" in err


def test_an_unknown_key_is_named(here, run):
    (here / "bineego.toml").write_text("[evaluate]\ntiuo = 0.5\n")
    code, _, err = run("truth.csv", "found.csv")
    assert code == 4
    assert "'tiou'" in err


def test_labels_that_steer_a_terminal_are_shown_harmless(here, run):
    (here / "odd.csv").write_text('video_id,label,start,end\nv,"a\x1b[31mred",0,1\n')
    (here / "found-odd.csv").write_text('video_id,label,start,end,score\nv,"a\x1b[31mred",0,1,0.5\n')
    code, out, err = run("odd.csv", "found-odd.csv")
    assert code == 0
    assert "\x1b" not in out + err
    assert "a\\x1b[31mred" in out
