"""Two processes learn what one learns."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from bineego.tsm import load_model

FLAGS = (
    "--trunk", "resnet18", "--init", "random", "--size", "32", "--frames", "4", "--epochs", "2", "--batch-size", "6",
    "--batch-norm", "frozen", "--dropout", "0", "--precision", "fp32", "--lr", "0.001", "--base-batch", "6",
    "--device", "cpu", "--jobs", "1", "--split", "none", "--workers", "0",
)  # fmt: skip


def run(folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_model(folder / "last" / "model.safetensors").network.state_dict())


def assert_close(a: Path, b: Path) -> None:
    x, y = weights(a), weights(b)
    assert max(float((x[name] - y[name]).abs().max()) for name in x if x[name].is_floating_point()) < 1e-5


@pytest.fixture(scope="module")
def alone(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in one process: 2 epochs of 6 steps of 5 or 6 clips, which two processes cannot share evenly."""
    folder = tmp_path_factory.mktemp("work")
    done = run(folder, [sys.executable, "-m", "bineego", "train", str(tiny), "--name", "one", *FLAGS])
    assert done.stdout.strip() == "runs/one"
    return folder


def test_the_run_took_twelve_steps(alone: Path) -> None:
    state = torch.load(alone / "runs" / "one" / "last" / "state.pt", weights_only=True)
    assert len(state["rows"]) == 2
    card = load_model(alone / "runs" / "one").card
    assert card.data["train_intervals"] == 32


@pytest.mark.parametrize("accumulate", ["1", "2"])
def test_two_processes_equal_one(alone: Path, tiny: Path, accumulate: str) -> None:
    name = f"two{accumulate}"
    done = run(
        alone,
        [
            sys.executable, "-m", "bineego", "train", str(tiny), "--name", name, *FLAGS,
            "--devices", "2", "--accumulate", accumulate,
        ],
    )  # fmt: skip
    assert done.stdout.strip() == f"runs/{name}"  # only the first process prints
    assert_close(alone / "runs" / "one", alone / "runs" / name)
    split = json.loads((alone / "runs" / name / "split.json").read_text())
    assert len(split["train"]) == 4


def test_torchrun(alone: Path, tiny: Path) -> None:
    run(
        alone,
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
            "-m", "bineego", "train", str(tiny), "--name", "elastic", *FLAGS,
        ],
    )  # fmt: skip
    assert_close(alone / "runs" / "one", alone / "runs" / "elastic")


def test_an_error_is_told_once(alone: Path, tiny: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bineego", "train", str(tiny), "--name", "one", *FLAGS, "--devices", "2"],
        cwd=alone, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("error:") == 1
    assert "Traceback" not in done.stderr


def test_validating_now_and_then(alone: Path, tiny: Path) -> None:
    run(
        alone,
        [
            sys.executable, "-m", "bineego", "train", str(tiny), "--name", "rarely", *FLAGS,
            "--devices", "2", "--val-every", "2", "--batch-norm", "train", "--ema", "0.9",
        ],
    )  # fmt: skip
    with (alone / "runs" / "rarely" / "log.csv").open() as file:
        assert [bool(row["val_loss"]) for row in csv.DictReader(file)] == [False, True]


def test_a_signal_to_one_process_stops_all(alone: Path, tiny: Path) -> None:
    """Also with fewer steps an epoch than lie between two agreements."""
    command = [
        sys.executable, "-m", "bineego", "train", str(tiny), "--name", "stopped", *FLAGS,
        "--devices", "2", "--epochs", "1000", "--val-every", "1000",
    ]  # fmt: skip
    folder = alone / "runs" / "stopped"
    with subprocess.Popen(
        command, cwd=alone, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE
    ) as process:
        until = time.monotonic() + 600
        while not (folder / "log.csv").exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=600)
    assert process.returncode in (143, -signal.SIGTERM), errors.decode()
    assert errors.count(b"the checkpoint is saved") == 1
    assert errors.count(b"terminated") == 1
    assert 0 < torch.load(folder / "last" / "state.pt", weights_only=True)["epoch"] < 1000


def started(folder: Path, data: Path, name: str) -> subprocess.Popen[bytes]:
    command = [
        sys.executable, "-m", "bineego", "train", str(data), "--name", name, *FLAGS,
        "--devices", "2", "--epochs", "1000", "--val-every", "1000",
    ]  # fmt: skip
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE)


def children(process: int) -> list[int]:
    return list(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_a_process_that_is_killed_ends_all_and_is_told(alone: Path, tiny: Path) -> None:
    with started(alone, tiny, "killed") as process:
        until = time.monotonic() + 120
        while not (alone / "runs" / "killed" / "log.csv").exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.2)
        os.kill(children(process.pid)[0], signal.SIGKILL)
        _, errors = process.communicate(timeout=120)
    # Lightning kills the first process where it is the first to see it.
    assert process.returncode in (7, -signal.SIGKILL), errors.decode()
    assert b"a bug in bineego" not in errors
    assert b"Traceback" not in errors


@pytest.mark.parametrize("seconds", [2.0, 6.0])
def test_sigterm_while_processes_come_up(alone: Path, tiny: Path, seconds: float) -> None:
    with started(alone, tiny, f"early{seconds}") as process:
        time.sleep(seconds)  # anywhere in imports, the meeting of the processes, or the first steps
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode in (143, -signal.SIGTERM), errors.decode()
    assert b"a bug in bineego" not in errors, errors.decode()
    assert b"Traceback" not in errors, errors.decode()
