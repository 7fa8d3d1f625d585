from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import bineego
from bineego.doctor import CheckReport, Severity

HEADER = "video_id,label,start,end\n"
GOOD = HEADER + "".join(f"v{i},walk,1,4\nv{i},run,5,9\n" for i in range(5))


@pytest.fixture
def lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds and 25 frames a second, whatever the (empty) file."""
    monkeypatch.setattr("bineego.datasets.lengths.header", lambda path: (10.0, 25.0))
    monkeypatch.setattr("bineego.doctor.labels.header", lambda path: (10.0, 25.0))


def write(folder: Path, text: str, videos: int = 5, name: str = "labels.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    for i in range(videos):
        (folder / f"v{i}.mp4").touch()
    return path


def texts(report: CheckReport, severity: Severity) -> str:
    return "\n".join(finding.text + finding.remedy for finding in report.findings if finding.severity is severity)


def test_a_good_data_set_has_nothing_odd(tmp_path: Path, lengths: None) -> None:
    report = bineego.check(write(tmp_path, GOOD))
    assert (report.kind, report.exit_code, report.findings) == ("labels", 0, [])
    facts = report.to_json()
    assert facts["videos"]["annotated"] == facts["videos"]["found"] == 5
    assert [(c["label"], c["segments"], c["total_seconds"]) for c in facts["classes"]] == [
        ("run", 5, 20),
        ("walk", 5, 15),
    ]
    assert [i["t"] for i in facts["intervals"]] == [0.25, 0.5, 1.0]
    assert facts["intervals"][2]["intervals_by_class"] == {"run": 20, "walk": 15}
    assert facts["intervals"][2]["ceiling"] == 1
    assert {side: part["recordings"] for side, part in facts["split"].items()} == {"train": 4, "val": 1}
    assert facts["needs"]["disk_bytes"] > 0


@pytest.mark.parametrize(
    ("text", "severity", "message"),
    [
        (GOOD + "v0,walk,12,14\n", Severity.WARNING, "1 segment end after the end of their video"),
        (GOOD + "v0,Walk,6,7\n", Severity.WARNING, "differ only in case"),
        (GOOD + "v0,open_door,6,7\nv1,open door,6,7\n", Severity.WARNING, "nearly equal"),
        (GOOD + "v0,blink,6,6\n", Severity.WARNING, "without a duration"),
        (GOOD + "v0,walk,7,6\n", Severity.WARNING, "the end before the start"),
        (GOOD + "v0,none,6,7\n", Severity.WARNING, "--background none"),
        (GOOD + "v0,twitch,6,6.1\n", Severity.WARNING, "would have no example of 1 action (twitch)"),
        (GOOD + "v9,walk,6,7\n", Severity.WARNING, "without a file"),
        (GOOD + "v0,walk,1,4\n", Severity.NOTE, "1 row twice"),
        (GOOD.replace("walk,1,4", "walk,3,6"), Severity.NOTE, "--labels several"),
        (GOOD.replace(",1,4", ",1000,4000").replace(",5,9", ",5000,9000"), Severity.ERROR, "--time-unit ms"),
        (GOOD.replace(",1,4", ",25,100").replace(",5,9", ",125,225"), Severity.ERROR, "--time-unit frames"),
        (GOOD.replace("label", "lable"), Severity.ERROR, "unknown column"),
        (GOOD + "v0,walk,1\n", Severity.ERROR, "line 12: 3 fields"),
    ],
)
def test_what_is_odd_is_found(tmp_path: Path, lengths: None, text: str, severity: Severity, message: str) -> None:
    report = bineego.check(write(tmp_path, text))
    assert message in texts(report, severity)
    assert report.exit_code == {Severity.NOTE: 0, Severity.WARNING: 5, Severity.ERROR: 4}[severity]


def test_labels_alone_are_nothing_odd_and_a_wrong_folder_is(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD, videos=0)
    assert bineego.check(path).exit_code == 0
    (tmp_path / "empty").mkdir()
    assert bineego.check(path, videos=tmp_path / "empty").exit_code == 4
    assert bineego.check(tmp_path / "none.csv").exit_code == 3


def test_predictions(tmp_path: Path) -> None:
    header = "video_id,label,start,end,score\n"
    report = bineego.check(write(tmp_path, header + "a,x,1,2,0.5\na,y,-1,2,0.25\n"))
    assert (report.kind, report.exit_code) == ("predictions", 5)
    assert "start before 0" in texts(report, Severity.WARNING)
    assert report.facts["scores"] == [0.25, 0.5]
    assert bineego.check(write(tmp_path, header + "a,x,1,2,7\n")).exit_code == 0


def test_a_submission_of_somebody_else(tmp_path: Path) -> None:
    good = 'id,prediction\na_0_10,"[[12, 1.0, 5.0, 0.9]]"\n'
    report = bineego.check(write(tmp_path, good))
    assert (report.kind, report.exit_code) == ("submission", 0)
    report = bineego.check(write(tmp_path, good.replace("[12", "[99")))
    assert (report.kind, report.exit_code) == ("submission", 4)


def test_the_command(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("walk", "[bold]walk"), videos=0)
    call = [sys.executable, "-m", "bineego", "check", str(path)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[bold]walk" in done.stdout
    done = subprocess.run([*call, "--json", "--columns", "label=labl"], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "no column 'labl'" in json.loads(done.stdout)["findings"][0]["text"]


def test_scenes_alone_are_no_error(tmp_path: Path) -> None:
    """A submission of scenes, and a 360+x folder without annotations."""
    columns = ",".join(str(i) for i in range(28))
    (tmp_path / "scenes.csv").write_text(f"id,{columns}\nv1,1{',0' * 27}\nv2{',0' * 27},1\n")
    (tmp_path / "set" / "panoramic").mkdir(parents=True)
    (tmp_path / "set" / "index.json").write_text(json.dumps([{"uuid": "v1", "category": "Kitchen"}]))
    for file, kind, code in ((tmp_path / "scenes.csv", "submission", 0), (tmp_path / "set", "labels", 5)):
        report = bineego.check(file)
        assert (report.kind, report.exit_code) == (kind, code)  # 5: the set has no video yet
        assert "scenes alone" in texts(report, Severity.NOTE)
        assert sum(report.facts["scenes"].values()) >= 1
