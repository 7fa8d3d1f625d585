"""Weights in: every known source, and files that must be refused. No network is touched."""

from __future__ import annotations

import functools
import hashlib
import io
import logging
import os
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor
from tsm.references import TORCHVISION

from bineego.errors import ModelError
from bineego.labels import LabelSet
from bineego.tsm import imagenet
from bineego.tsm.card import ModelCard
from bineego.tsm.config import NetworkConfig, Trunk
from bineego.tsm.model_file import save_model
from bineego.tsm.network import TSM
from bineego.tsm.state_file import trunk_names
from bineego.tsm.weights import init_trunk

State = dict[str, Tensor]


def new(trunk: Trunk = Trunk.MOBILENET_V2, n_classes: int = 4, n_scenes: int = 0) -> TSM:
    with torch.device("meta"):
        network = TSM(NetworkConfig(trunk=trunk, n_classes=n_classes, n_scenes=n_scenes))
    network.to_empty(device="cpu")
    for tensor in network.state_dict().values():
        tensor.zero_()
    return network


@functools.cache
def torchvision_state(name: str) -> State:
    with torch.device("meta"):
        state = torchvision.models.get_model(name, weights=None).state_dict()
    generator = torch.Generator().manual_seed(0)
    return {
        key: torch.tensor(7) if key.endswith("tracked") else torch.rand(tensor.shape, generator=generator)
        for key, tensor in state.items()
    }


def same_trunk(network: TSM, state: State) -> bool:
    """Whether every tensor of the trunk is torchvision's."""
    return all(torch.equal(tensor, state[name]) for name, tensor in network.trunk.state_dict().items())


def official_mobilenet(state: State) -> State:
    """torchvision's MobileNetV2 under the names of the official TSM code: a block's layers in a row, some shifted."""
    renamed = {}
    for name, tensor in state.items():
        found = re.fullmatch(r"features\.(\d+)\.conv\.([\d.]+)\.(\w+)", name)
        if found is None:
            new_name = name.replace("classifier.1", "new_fc")
        else:
            number, place, what = found.groups()
            if f"features.{number}.conv.3.weight" in state:
                row = {"0.0": "0", "0.1": "1", "1.0": "3", "1.1": "4", "2": "6", "3": "7"}[place]
            else:
                row = {"0.0": "0", "0.1": "1", "1": "3", "2": "4"}[place]
            wrapped = ".net" if row == "0" and number in ("3", "5", "6") else ""
            new_name = f"features.{number}.conv.{row}{wrapped}.{what}"
        renamed[new_name if "new_fc" in new_name else f"base_model.{new_name}"] = tensor
    return {f"module.{name}": tensor for name, tensor in renamed.items()}


def official_resnet(state: State, *, non_local: bool = False) -> State:
    """torchvision's ResNet under the names of the official TSM code."""
    renamed = {}
    for name, tensor in state.items():
        new_name = re.sub(r"^(layer\d\.\d+\.conv1)\.", r"\1.net.", name)
        if non_local:
            new_name = re.sub(r"^(layer2\.0)\.", r"\1.block.", new_name)
        new_name = new_name.replace("fc.", "new_fc.") if name.startswith("fc.") else f"base_model.{new_name}"
        renamed[f"module.{new_name}"] = tensor
    if non_local:
        renamed["module.base_model.layer2.0.nl.g.weight"] = torch.rand(4, 4, 1, 1, 1)
    return renamed


def test_random_changes_nothing() -> None:
    network = new()
    report = init_trunk(network, "random")
    assert (report.kind, report.sha256, report.summary()) == ("random", None, "random weights")
    assert all(tensor.abs().sum() == 0 for tensor in network.state_dict().values())


@pytest.mark.parametrize("trunk", [Trunk.MOBILENET_V2, Trunk.RESNET18])
@pytest.mark.parametrize("form", ["pth", "legacy", "checkpoint", "safetensors", "official"])
def test_known_files(trunk: Trunk, form: str, tmp_path: Path) -> None:
    state = torchvision_state(trunk.value)
    path = tmp_path / "weights"
    match form:
        case "pth":
            torch.save(state, path)
        case "legacy":  # the format of PyTorch before 1.6, which most published files have
            torch.save(state, path, _use_new_zipfile_serialization=False)
        case "checkpoint":
            torch.save({"epoch": 3, "model": state, "optimizer": {"state": {}, "lr": 0.1}}, path)
        case "safetensors":
            save_file(state, path)
        case "official":
            names = official_mobilenet(state) if trunk is Trunk.MOBILENET_V2 else official_resnet(state)
            torch.save({"epoch": 1, "arch": "tsm", "state_dict": names, "best_prec1": torch.tensor(0.5)}, path)
    network = new(trunk)
    report = init_trunk(network, path)
    assert same_trunk(network, state)
    assert network.action_head is not None
    assert network.action_head.weight.abs().sum() == 0
    assert report.kind == "file"
    assert report.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(report.loaded) == len(network.trunk.state_dict())
    assert len(report.skipped) == 2
    assert all("a head for other labels" in line for line in report.skipped)
    assert f"{len(report.loaded)} tensors loaded, 2 skipped" in report.summary()


def test_non_local_checkpoint_says_what_it_leaves_out(tmp_path: Path) -> None:
    path = tmp_path / "nl.pth"
    torch.save({"state_dict": official_resnet(torchvision_state("resnet50"), non_local=True)}, path)
    network = new(Trunk.RESNET50)
    report = init_trunk(network, path)
    assert same_trunk(network, torchvision_state("resnet50"))
    assert "module.base_model.layer2.0.nl.g.weight (no such layer in this trunk)" in report.skipped


@pytest.mark.parametrize(
    ("official", "ours"),
    [
        ("module.base_model.layer1.0.conv1.net.weight", "layer1.0.conv1.weight"),
        ("module.base_model.layer3.2.block.conv1.net.weight", "layer3.2.conv1.weight"),  # non-local, shifted
        ("module.base_model.layer2.net.0.downsample.0.weight", "layer2.0.downsample.0.weight"),  # temporal pooling
        ("module.base_model.layer1.0.net.bn3.running_var", "layer1.0.bn3.running_var"),  # the shift before the block
        ("base_model.features.18.0.weight", "features.18.0.weight"),
        ("module.new_fc.bias", "new_fc.bias"),
    ],
)
def test_official_names(official: str, ours: str) -> None:
    assert trunk_names({official: torch.zeros(1)}) == {official: ours}


def test_names_are_found_for_every_trunk() -> None:
    for trunk in Trunk:
        with torch.device("meta"):
            network = TSM(NetworkConfig(trunk=trunk, n_classes=2))
        assert set(trunk_names(network.state_dict()).values()) >= set(network.trunk.state_dict())


def test_other_input_channels_are_averaged(tmp_path: Path) -> None:
    state = dict(torchvision_state("resnet18"))
    state["conv1.weight"] = torch.rand(64, 10, 7, 7)  # optical flow
    torch.save(state, tmp_path / "flow.pth")
    network = new(Trunk.RESNET18)
    report = init_trunk(network, tmp_path / "flow.pth")
    assert report.reshaped == ("conv1.weight (10 input channels to 3)",)
    got = network.trunk.state_dict()["conv1.weight"]
    torch.testing.assert_close(got.sum(1), state["conv1.weight"].sum(1))


def test_old_files_without_batch_counters(tmp_path: Path) -> None:
    state = {key: tensor for key, tensor in torchvision_state("resnet18").items() if "tracked" not in key}
    torch.save(state, tmp_path / "old.pth")
    network = new(Trunk.RESNET18)
    init_trunk(network, tmp_path / "old.pth")
    assert torch.equal(network.trunk.state_dict()["bn1.weight"], state["bn1.weight"])


@pytest.mark.parametrize(
    ("file_of", "wanted"),
    [("resnet34", Trunk.RESNET18), ("resnet18", Trunk.RESNET34), ("resnet50", Trunk.RESNEXT50_32X4D),
     ("resnet18", Trunk.MOBILENET_V2)],
)  # fmt: skip
def test_weights_of_another_trunk_are_named(file_of: str, wanted: Trunk, tmp_path: Path) -> None:
    torch.save(torchvision_state(file_of), tmp_path / "w.pth")
    network = new(wanted)
    with pytest.raises(ModelError, match=f"not weights of {wanted}(?s:.*)--trunk {file_of}"):
        init_trunk(network, tmp_path / "w.pth")
    assert all(tensor.abs().sum() == 0 for tensor in network.state_dict().values())  # untouched


def test_our_own_models(tmp_path: Path) -> None:
    labels = LabelSet(actions=("a", "b", "c"), scenes=("x", "y"))
    source = new(n_classes=4, n_scenes=2)
    for tensor in source.state_dict().values():
        tensor.fill_(3)
    path = tmp_path / "run" / "model.safetensors"
    save_model(path, source, ModelCard(name="m", network=source.config, labels=labels, interval=0.5))

    same = new(n_classes=4, n_scenes=2)
    report = init_trunk(same, path.parent, labels=labels)
    assert all(bool((tensor == 3).all()) for tensor in same.state_dict().values())
    assert report.skipped == ()
    assert "action_head.weight" in report.loaded

    # The same names in another order are other labels; the scenes are the same.
    other = new(n_classes=4, n_scenes=2)
    report = init_trunk(other, path, labels=LabelSet(actions=("b", "a", "c"), scenes=("x", "y")))
    assert other.action_head is not None
    assert other.scene_head is not None
    assert other.action_head.weight.abs().sum() == 0
    assert bool((other.scene_head.weight == 3).all())
    assert len(report.skipped) == 2

    unknown = new(n_classes=4, n_scenes=2)
    init_trunk(unknown, path)
    assert unknown.scene_head is not None
    assert unknown.scene_head.weight.abs().sum() == 0


class Malicious:
    """Unpickled in full, it would make a folder."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.proof),)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_never_runs(zipped: bool, tmp_path: Path) -> None:
    proof, path = tmp_path / "proof", tmp_path / "bad.pth"
    content = {"state_dict": torchvision_state("mobilenet_v2"), "extra": Malicious(proof)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match=r"would run code \(\w+\.mkdir\)(?s:.*)keep only its weights") as error:
        init_trunk(new(), path)
    assert error.value.exit_code == 6
    assert not proof.exists()


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x80\x02", b"PK\x03\x04" + b"0" * 50, b"\x00" * 100, (9).to_bytes(8, "little") + b"{}"]
)
def test_files_that_hold_no_weights(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"w\.pth"):
        init_trunk(new(), path)


def test_damaged_files(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save({name: torch.rand(4) for name in "abcdef"}, buffer)
    good, path = buffer.getvalue(), tmp_path / "w.pth"
    for at in range(0, len(good), 397):
        path.write_bytes(good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :])
        with pytest.raises(ModelError):
            init_trunk(new(), path)
        path.write_bytes(good[:at])
        with pytest.raises(ModelError):
            init_trunk(new(), path)


def test_content_that_is_no_network(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    for content in ([1, 2], {"a": 1}, torch.zeros(3), {}):
        torch.save(content, path)
        with pytest.raises(ModelError, match="contains no named weights"):
            init_trunk(new(), path)
    torch.save(torchvision_state("mobilenet_v2") | {"features.0.1.bias": torch.full((32,), float("inf"))}, path)
    with pytest.raises(ModelError, match="not finite"):
        init_trunk(new(), path)


def test_a_missing_file_and_a_misspelt_word() -> None:
    with pytest.raises(ModelError, match="did you mean 'imagenet'"):
        init_trunk(new(), "imagent")


# ImageNet: cached, downloaded, out of reach


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """PyTorch's cache, empty; and no network."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))

    def no_network(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no network in tests")

    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    return tmp_path / "hub" / "checkpoints"


def imagenet_file(monkeypatch: pytest.MonkeyPatch) -> tuple[bytes, str]:
    """A weights file as torchvision would publish it, and its address."""
    buffer = io.BytesIO()
    torch.save(torchvision_state("mobilenet_v2"), buffer)
    content = buffer.getvalue()
    url = f"https://weights.example/mobilenet_v2-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    monkeypatch.setattr(imagenet, "weights_url", lambda trunk: url)
    return content, url


def test_cached_imagenet_weights(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, url = imagenet_file(monkeypatch)
    hub.mkdir(parents=True)
    (hub / url.rsplit("/", 1)[1]).write_bytes(content)
    for init in ("imagenet", "auto"):
        network = new()
        assert init_trunk(network, init).kind == "imagenet"
        assert same_trunk(network, torchvision_state("mobilenet_v2"))


def test_damaged_cache(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, url = imagenet_file(monkeypatch)
    hub.mkdir(parents=True)
    (hub / url.rsplit("/", 1)[1]).write_bytes(content[:-1])
    with pytest.raises(ModelError, match=r"damaged(?s:.*)delete the file"):
        init_trunk(new(), "imagenet")


def test_out_of_reach(hub: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ModelError, match="not available") as error:
        init_trunk(new(Trunk.RESNET50), "imagenet")
    assert error.value.exit_code == 6
    assert error.value.remedy is not None
    assert all(part in error.value.remedy for part in ("resnet50-0676ba61.pth", str(hub), "--init"))
    assert not hub.exists()

    with caplog.at_level(logging.WARNING):
        report = init_trunk(new(Trunk.RESNET50), "auto")
    assert report.kind == "random"
    assert report.note is not None
    assert "not available" in report.summary()
    assert "RANDOM WEIGHTS" in caplog.text


def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hang(*_: object, **__: object) -> None:
        release.wait(30)
        raise TimeoutError

    monkeypatch.setattr(urllib.request, "urlopen", hang)
    assert imagenet.reachable("https://weights.example/w.pth", seconds=0.1) is False
    release.set()


class Answer(io.BytesIO):
    headers: dict[str, str]


@pytest.mark.parametrize("promised", [0, 1])
def test_download(promised: int, hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, _ = imagenet_file(monkeypatch)

    def urlopen(*_: object, **__: object) -> Answer:
        answer = Answer(content)
        answer.headers = {"Content-Length": str(len(content) + promised)}
        return answer

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    network, steps = new(), []
    if promised:  # more than came: the connection broke
        with pytest.raises(ModelError, match="stopped at"):
            init_trunk(network, "imagenet")
        assert list(hub.iterdir()) == []
        return
    report = init_trunk(network, "imagenet", on_progress=lambda done, total: steps.append(done / total))
    assert report.kind == "imagenet"
    assert steps[-1] == 1
    assert len(list(hub.iterdir())) == 1


def test_real_addresses_carry_a_checksum() -> None:
    for trunk in TORCHVISION:
        assert re.search(r"/\w+-[0-9a-f]{8}\.pth$", imagenet.weights_url(trunk))
