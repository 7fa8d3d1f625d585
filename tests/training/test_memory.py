"""What a step needs is predicted, and what cannot fit is refused with numbers."""

from __future__ import annotations

import pytest
import torch

from bineego.errors import ResourceExhausted
from bineego.training import memory
from bineego.training.recipe import Recipe
from bineego.tsm.config import NetworkConfig, Trunk
from bineego.tsm.network import TSM

CPU = torch.device("cpu")
SMALL = Recipe(trunk="resnet18", size=32, frames=2)
CONFIG = NetworkConfig(trunk=Trunk.RESNET18, n_classes=3, n_frames=2)


def test_it_counts_what_the_way_back_keeps() -> None:
    network, kept = TSM(CONFIG).train(), {}
    weights = {id(p) for p in network.parameters()}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        if id(tensor) not in weights:
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        scores = network(torch.zeros(4, 2, 3, 32, 32))
    real = sum(tensor.untyped_storage().nbytes() for tensor in kept.values())
    fixed = 3 * sum(p.numel() * 4 for p in network.parameters())  # weights, gradients, momentum
    predicted = memory.step_bytes(CONFIG, SMALL, 4) / memory.ROOM - fixed
    assert scores.actions is not None
    assert predicted == pytest.approx(real, rel=0.1)


def test_it_grows_with_the_clips_and_the_optimizer() -> None:
    few, many = (memory.step_bytes(CONFIG, SMALL, clips) for clips in (2, 4))
    more = memory.step_bytes(CONFIG, SMALL, 6)
    assert more - many == pytest.approx(many - few, rel=0.01)
    adam = Recipe(trunk="resnet18", size=32, frames=2, optimizer="adamw")
    assert memory.step_bytes(CONFIG, adam, 2) > few


def test_the_reports_batch_would_need_far_more_than_24_gb_at_once() -> None:
    config = NetworkConfig(trunk=Trunk.RESNET50, n_classes=39)
    assert memory.step_bytes(config, Recipe(trunk="resnet50", size=256), 32) > 26e9


def test_what_cannot_fit_is_refused_with_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: 50_000_000)
    with pytest.raises(ResourceExhausted, match=r"a step of 8 clips of 2 frames of 32 px needs .* MB .* 50 MB is") as e:
        memory.check_memory(CONFIG, SMALL, CPU)
    assert e.value.exit_code == 7
    assert "--accumulate 8" in str(e.value.remedy)


def test_where_nobody_says_what_is_free_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: None)
    memory.check_memory(CONFIG, SMALL, CPU)


def test_the_limit_of_a_container_counts(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "max").write_text("3000\n")
    (tmp_path / "now").write_text("1000\n")
    (tmp_path / "info").write_text("MemTotal: 9 kB\nMemAvailable:       4 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "info")
    monkeypatch.setattr(memory, "CGROUPS", ((tmp_path / "max", tmp_path / "now"),))
    assert memory.free_bytes(CPU) == 2000
    (tmp_path / "max").write_text("max\n")
    assert memory.free_bytes(CPU) == 4096


@pytest.mark.parametrize(
    ("batch", "world", "parts"), [(32, 1, 4), (32, 2, 2), (32, 4, 1), (32, 8, 1), (8, 1, 1), (9, 1, 2), (1, 1, 1)]
)
def test_a_part_holds_eight_clips_however_many_devices_there_are(batch: int, world: int, parts: int) -> None:
    assert Recipe(batch_size=batch).parts(world) == parts
    assert Recipe(batch_size=batch, accumulate=1).parts(world) == 1
