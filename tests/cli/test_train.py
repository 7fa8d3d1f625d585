from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bineego.cli import console
from bineego.cli.app import app

QUICK = (
    "--trunk", "mobilenet_v2", "--init", "random", "--size", "16", "--frames", "2", "--epochs", "1",
    "--batch-size", "8", "--workers", "0", "--device", "cpu", "--jobs", "1", "--interval", "0.5", "--seed", "0",
)  # fmt: skip


def run(*arguments: str) -> int:
    return console.run(lambda: app(list(arguments), standalone_mode=False))


def test_train_prints_the_folder(tiny: Path, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("train", str(tiny), "--name", "a", *QUICK) == 0
    out = capsys.readouterr()
    assert out.out == "runs/a\n"
    assert "task multi" in out.err
    assert "recipe: mobilenet_v2" in out.err
    assert "epoch 1/1" in out.err
    assert (tmp_path / ".bineego" / "frames").is_dir()
    assert run("train", str(tiny), "--name", "a", *QUICK) == 2
    assert "a run named 'a' exists" in capsys.readouterr().err
    # A finished run that is resumed, with the same flags or none, has nothing left to do.
    assert run("train", str(tiny), "--name", "a", "--resume", *QUICK) == 0
    assert run("train", "--name", "a", "--resume") == 0
    assert run("train", str(tiny), "--name", "a", "--resume", "--epochs", "3") == 2
    assert "epochs was 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "no data set to train on"),
        (("nowhere",), 3, "no such file"),
        (("DATA", "--trunk", "resnet18", "--init", "weights.pth"), 6, "no such file"),
        (("DATA", "--view", "monocular", "--task", "tal"), 4, "no annotated timeline"),
        (("DATA", "--epochs", "0"), 2, "error: --epochs: must be 1 or more, not 0"),
        (("DATA", "--name", "../a"), 2, "cannot be the name"),
        (("DATA", "--name", "b", "--resume"), 2, "no run 'b'"),
        (("DATA", "--no-flip", "--keep-direction", "nothing"), 4, "nothing"),
    ],
)
def test_what_is_wrong_is_said_before_work(
    tiny: Path, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str], arguments, code: int, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [str(tiny) if a == "DATA" else a for a in arguments]
    extra = () if "--init" in given else ("--init", "random")
    assert (
        run("train", *given, *(extra if given else ()), *(("--device", "cpu", "--size", "16") if given else ())) == code
    )
    assert words in capsys.readouterr().err
    assert not list(tmp_path.glob("runs/[!.]*"))  # the lock of a run may stay, hidden


def test_help_does_not_load_torch() -> None:
    code = "import sys; import bineego.cli.train; sys.exit('torch' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
