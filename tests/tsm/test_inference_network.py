"""The network made ready for inference against the plain one."""

from __future__ import annotations

import pytest
import torch
from tsm.references import check_fused, random_network

from bineego.errors import UsageError
from bineego.tsm import fused_conv, inference_network
from bineego.tsm import precision as precision_module
from bineego.tsm.allocator import keep_memory
from bineego.tsm.config import Precision, Trunk
from bineego.tsm.fused_conv import Act, Folded, OneDnnConv, PlainConv
from bineego.tsm.inference_network import compile_network
from bineego.tsm.precision import bf16_is_fast, fast_precision

CPU = torch.device("cpu")
TRUNKS = [Trunk.RESNET18, Trunk.RESNET50, Trunk.MOBILENET_V2, Trunk.EFFICIENTNET_LITE0]


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.BF16])
@pytest.mark.parametrize("trunk", TRUNKS)
def test_equals_the_plain_network(trunk: Trunk, precision: Precision) -> None:
    check_fused(trunk, precision)


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.BF16])
@pytest.mark.parametrize("trunk", TRUNKS)
def test_equals_it_without_the_private_operators(
    trunk: Trunk, precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference_network, "onednn_works", lambda dtype: False)
    assert not compile_network(random_network(trunk), precision=precision).fused
    check_fused(trunk, precision)


@pytest.mark.parametrize("problem", [AttributeError, RuntimeError("schema changed"), NotImplementedError, TypeError])
def test_missing_or_changed_operators_are_noticed(problem: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise problem

    monkeypatch.setattr(fused_conv, "OneDnnConv", broken)
    fused_conv.onednn_works.cache_clear()
    try:
        assert not fused_conv.onednn_works(torch.float32)
    finally:
        fused_conv.onednn_works.cache_clear()


def test_operators_that_compute_something_else_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(OneDnnConv):
        def __call__(self, *inputs: torch.Tensor | None) -> torch.Tensor:
            return super().__call__(*inputs) * 1.01  # type: ignore[arg-type]

    monkeypatch.setattr(fused_conv, "OneDnnConv", Wrong)
    fused_conv.onednn_works.cache_clear()
    try:
        assert not fused_conv.onednn_works(torch.float32)
    finally:
        fused_conv.onednn_works.cache_clear()


@pytest.mark.skipif(not fused_conv.onednn_works(torch.float32), reason="no fused operators here")
def test_shapes_may_change_from_call_to_call() -> None:
    folded = Folded(
        weight=torch.randn(8, 4, 3, 3), bias=torch.randn(8), stride=(1, 1), padding=(1, 1), dilation=(1, 1), groups=1
    )
    fused, plain = OneDnnConv(folded, Act.RELU), PlainConv(folded, Act.RELU)
    for batch, size in [(1, 8), (2, 8), (2, 8), (2, 8), (1, 8), (3, 5), (3, 5), (2, 8)]:
        x = torch.randn(batch, 4, size, size).contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(fused(x), plain(x), rtol=1e-4, atol=1e-4)


def test_model_is_left_as_it_is_and_results_repeat() -> None:
    network = random_network(Trunk.RESNET18)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    ready = compile_network(network, precision=Precision.FP32)
    frames = torch.randint(0, 256, (2, 3, 32, 32, 3), dtype=torch.uint8)
    copy = frames.clone()
    first = ready(frames).actions
    ready(frames)
    assert torch.equal(ready(frames).actions, ready(frames).actions)
    torch.testing.assert_close(first, ready(frames).actions, rtol=1e-4, atol=1e-4)
    assert torch.equal(frames, copy)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_number_of_clips_at_once_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    ready = compile_network(random_network(Trunk.RESNET18), precision=Precision.FP32)
    frames = torch.randint(0, 256, (5, 3, 32, 32, 3), dtype=torch.uint8)
    together = ready(frames).actions
    monkeypatch.setattr(inference_network, "CPU_PIXELS", 2 * 3 * 32 * 32)
    torch.testing.assert_close(ready(frames).actions, together, rtol=1e-4, atol=1e-4)


def test_precision(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(precision_module, "bf16_is_fast", lambda device: True)
    assert fast_precision(Precision.AUTO, CPU) is Precision.BF16
    assert fast_precision(Precision.FP32, CPU) is Precision.FP32
    monkeypatch.setattr(precision_module, "bf16_is_fast", lambda device: False)
    assert fast_precision(Precision.AUTO, CPU) is Precision.FP32
    assert fast_precision(Precision.BF16, CPU) is Precision.BF16
    assert "slow" in caplog.text
    assert bf16_is_fast(torch.device("meta")) is False


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_device_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="--device cpu"):
        compile_network(random_network(Trunk.RESNET18), device="cuda")


def test_allocator_setting_is_harmless_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.libc_ver", lambda: ("", ""))
    assert keep_memory() is False
