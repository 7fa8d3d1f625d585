"""EfficientNet-Lite0: against its published implementation, and its weights from their package."""

from __future__ import annotations

import importlib.util
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from tsm.references import SlowShift

from bineego.errors import ModelError
from bineego.tsm import imagenet
from bineego.tsm.config import NetworkConfig, Precision, Trunk
from bineego.tsm.inference_network import compile_network
from bineego.tsm.network import TSM
from bineego.tsm.preprocess import normalise
from bineego.tsm.trunk import SameConv2d
from bineego.tsm.weights import init_trunk

LITE0 = Trunk.EFFICIENTNET_LITE0


@pytest.fixture(scope="module")
def published() -> nn.Module:
    """The published implementation with its weights."""
    package = pytest.importorskip("efficientnet_lite_pytorch")
    network = package.EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(imagenet.fetch(LITE0), weights_only=True))
    return network.eval()  # type: ignore[no-any-return]


def ours(*, shift: bool = False) -> TSM:
    network = TSM(NetworkConfig(trunk=LITE0, n_classes=3, shift=shift)).eval()
    init_trunk(network, "imagenet")
    return network


@pytest.mark.parametrize("size", [224, 128, 96])
def test_equals_the_published_implementation(published: Any, size: int) -> None:
    frames = torch.randint(0, 256, (2, 1, size, size, 3), dtype=torch.uint8)
    network = ours()
    with torch.inference_mode():
        pictures = normalise(frames, pixels=network.trunk.pixels).flatten(0, 1)
        wanted = published.extract_features(pictures).mean((2, 3))
        torch.testing.assert_close(network.trunk(pictures, 1), wanted, rtol=0, atol=1e-4)
        folded = compile_network(network, precision=Precision.FP32).trunk.features(frames)
        torch.testing.assert_close(folded, wanted, rtol=0, atol=1e-4)


def test_pixels_are_those_of_its_training() -> None:
    frames = torch.tensor([0, 127, 255], dtype=torch.uint8).view(1, 1, 1, 1, 3)
    got = normalise(frames, pixels=ours().trunk.pixels).flatten()
    torch.testing.assert_close(got, torch.tensor([-127 / 128, 0.0, 1.0]))


def test_shift_and_its_gradient_equal_the_reference(published: Any) -> None:
    n_frames = 3
    shifted = 0
    for block in published._blocks:
        options = block._block_args
        if options.expand_ratio > 1 and options.stride in (1, [1]) and options.input_filters == options.output_filters:
            block._expand_conv = SlowShift(block._expand_conv, n_frames)
            shifted += 1
    assert shifted == 9
    try:
        x = torch.randn(n_frames, 3, 64, 64, requires_grad=True)
        y = x.detach().clone().requires_grad_()
        got = ours(shift=True).trunk(x, n_frames)
        wanted = published.extract_features(y).mean((2, 3))
        torch.testing.assert_close(got, wanted, rtol=0, atol=1e-4)
        got.square().sum().backward()
        wanted.square().sum().backward()
        torch.testing.assert_close(x.grad, y.grad, rtol=1e-3, atol=1e-3 * float(y.grad.abs().max()))  # type: ignore[union-attr]
    finally:
        for block in published._blocks:
            if isinstance(getattr(block, "_expand_conv", None), SlowShift):
                block._expand_conv = block._expand_conv.conv


@pytest.mark.parametrize("size", range(5, 13))
@pytest.mark.parametrize("kernel", [3, 5])
def test_padding_keeps_the_size_rounded_up(size: int, kernel: int) -> None:
    conv = SameConv2d(2, 2, kernel, 2, bias=False)
    assert conv(torch.zeros(1, 2, size, size + 1)).shape == (1, 2, -(-size // 2), -(-(size + 1) // 2))


def test_padding_of_an_even_picture_is_below_and_to_the_right() -> None:
    conv = SameConv2d(1, 1, 3, 2, bias=False)
    with torch.no_grad():
        conv.weight.zero_()
        conv.weight[0, 0, 0, 0] = 1  # gives the top left pixel that it sees
    picture: Tensor = torch.arange(16.0).view(1, 1, 4, 4)
    assert torch.equal(conv(picture).flatten(), torch.tensor([0.0, 2.0, 8.0, 10.0]))


@pytest.mark.parametrize("init", ["imagenet", "auto"])
def test_weights_need_no_network(init: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    network = TSM(NetworkConfig(trunk=LITE0, n_classes=3))
    report = init_trunk(network, init)
    assert report.kind == "imagenet"
    assert report.sha256 == imagenet.LITE0_SHA256
    assert set(report.loaded) == {f"trunk.{name}" for name in network.trunk.state_dict()}
    assert all("a head for other labels" in line for line in report.skipped)


def test_other_weights_in_the_package_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / imagenet.LITE0_FILE
    file.parent.mkdir()
    content = bytearray(imagenet.fetch(LITE0).read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    spec = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(ModelError, match="not the expected ones") as caught:
        imagenet.fetch(LITE0)
    assert "pip install" in str(caught.value)


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="not installed") as caught:
        imagenet.fetch(LITE0)
    assert imagenet.LITE0_PACKAGE in str(caught.value)
