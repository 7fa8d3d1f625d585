"""Two nodes, as torchrun starts them, on this machine: one is killed, the other ends, and the run is taken up again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from release.fleet.killing import descendants
from release.training.test_distributed import FLAGS, assert_close

COUNT = 16
EPOCHS = ("--epochs", str(COUNT), "--val-every", str(COUNT))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(folder: Path, tiny: Path, name: str, *more: str) -> list[subprocess.Popen[str]]:
    """A process for each node; each has one worker, and sees the same folder as the other."""
    port = free_port()
    return [
        subprocess.Popen(
            [
                sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--node-rank", str(rank),
                "--master-addr", "127.0.0.1", "--master-port", str(port), "--nproc-per-node", "1",
                "-m", "bineego", "train", str(tiny), "--name", name, *FLAGS, *EPOCHS, *more,
            ],
            cwd=folder, env=os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )
        for rank in (0, 1)
    ]  # fmt: skip


def ended(nodes: list[subprocess.Popen[str]]) -> list[str]:
    """What both said, once they have ended."""
    return ["".join(node.communicate(timeout=600)) for node in nodes]


@pytest.fixture(scope="module")
def folder(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("nodes")
    nodes = start(folder, tiny, "whole")
    said = ended(nodes)
    assert [node.returncode for node in nodes] == [0, 0], said
    assert "runs/whole" in said[0]
    assert "runs/whole" not in said[1]  # only the first process prints
    return folder


def test_one_node_is_killed_and_the_run_taken_up_again(folder: Path, tiny: Path) -> None:
    run = folder / "runs" / "killed"
    nodes = start(folder, tiny, "killed")
    until = time.monotonic() + 300
    while not (run / "log.csv").exists() or (run / "log.csv").read_text().count("\n") < 3:
        assert all(node.poll() is None for node in nodes), ended(nodes)
        assert time.monotonic() < until
        victims = [*descendants(nodes[1].pid), nodes[1].pid]  # the whole node: its worker and its agent
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    until = time.monotonic() + 120
    while list(descendants(nodes[0].pid)):  # the other worker ends, too
        assert time.monotonic() < until
        time.sleep(0.1)
    nodes[0].kill()  # its agent would wait five minutes for the other's
    ended(nodes)
    epoch = torch.load(run / "last" / "state.pt", weights_only=True)["epoch"]
    assert 0 < epoch < COUNT
    nodes = start(folder, tiny, "killed", "--resume")
    said = ended(nodes)
    assert [node.returncode for node in nodes] == [0, 0], said
    assert_close(folder / "runs" / "whole", run)
    assert (run / "log.csv").read_text().count("\n") == COUNT + 1
