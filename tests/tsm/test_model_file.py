"""Models as files: exact round trips, and every way a file can be wrong."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from bineego.datasets.recording import View
from bineego.decoding import default, of_version_1
from bineego.errors import ModelError, ResourceExhausted, UsageError
from bineego.labels import LabelSet
from bineego.priors import Priors
from bineego.tracks import Activation
from bineego.tsm import load_model, model_file
from bineego.tsm.card import VIEWS, ModelCard
from bineego.tsm.card_file import CARD_KEY, DIGEST_KEY, FORMAT_KEY, card_from_json, card_to_json, read_card
from bineego.tsm.config import NetworkConfig, Trunk
from bineego.tsm.model_file import save_model
from bineego.tsm.network import TSM
from bineego.tsm.state_file import read_state_file
from bineego.video.frames import FrameOptions

NETWORK = NetworkConfig(trunk=Trunk.MOBILENET_V2, n_classes=4, n_scenes=2, n_frames=4)
LABELS = LabelSet(actions=("jump", 'öl "wechseln"', "a,b"), scenes=("Dining & Food Outlets", "x"))


LETTERS = st.characters(exclude_categories=["C", "Z"])


def card(**changes: object) -> ModelCard:
    """A card with something in every field."""
    values = {
        "name": "run 1",
        "network": NETWORK,
        "labels": LABELS,
        "interval": 0.1 + 0.2,
        "clip_duration": 1.0,
        "frames": FrameOptions(size=64, keep_aspect=True),
        "view": "third_person",
        "activation": Activation.SIGMOID,
        "temperature": 1 / 3,
        "decoding": dataclasses.replace(default(0.1), boundary=0.5),
        "priors": Priors(
            dwell=np.array([1.0, np.nan, 2.5, 1e-9]),
            share=np.array([0.1, 0.2, 0.3, 0.4]),
            scene_share=np.array([[0.25] * 4, [np.nan] * 4]),
        ),
        "training": {"lr": 0.001, "steps": (1, 2), "nested": {"a": None}},
        "metrics": {"mAP": [0.5, 0.25], "loss": float("nan")},
        "data": {"name": "x", "counts": {"train": 3}},
        "environment": {"torch": "2"},
    }
    return ModelCard(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def network() -> TSM:
    torch.manual_seed(1)
    return TSM(NETWORK).eval()


@pytest.fixture(scope="module")
def saved(network: TSM, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "model.safetensors"
    save_model(path, network, card())
    return path


def test_round_trip_is_exact(saved: Path, network: TSM) -> None:
    for path in (saved, saved.parent, str(saved)):
        model = load_model(path)
        assert card_to_json(model.card) == card_to_json(card())
        assert not model.network.training
        state = model.network.state_dict()
        assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())
    clips = torch.randn(1, 4, 3, 32, 32, dtype=torch.float64)
    # Equal to the bit are the weights; how a sum is ordered may depend on where tensors lie, hence double precision.
    expected = copy.deepcopy(network).double()(clips).actions
    torch.testing.assert_close(copy.deepcopy(model.network).double()(clips).actions, expected, rtol=1e-9, atol=1e-20)
    assert all(parameter.requires_grad for parameter in model.network.parameters())


def test_equal_models_are_equal_files(saved: Path, network: TSM, tmp_path: Path) -> None:
    for number in range(8):  # safetensors itself gives the texts of a header another order each time
        save_model(tmp_path / f"{number}.safetensors", network, card())
        assert (tmp_path / f"{number}.safetensors").read_bytes() == saved.read_bytes()


def test_the_card_lies_beside_the_weights(saved: Path) -> None:
    assert saved.parent / "model.card.json" in saved.parent.iterdir()
    assert card_to_json(card_from_json((saved.parent / "model.card.json").read_text())) == card_to_json(card())


def test_card_alone_is_read_without_torch(saved: Path) -> None:
    assert card_to_json(read_card(saved)) == card_to_json(card())
    code = "import sys; from pathlib import Path; from bineego.tsm.card_file import read_card; "
    code += "print(read_card(Path(sys.argv[1])).name, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(saved)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "run 1 False"


def test_a_model_is_ready_without_what_takes_long_to_load(saved: Path) -> None:
    """torchvision and PyTorch's compiler cost a second each; only ImageNet weights and training may need them."""
    code = (
        "import sys, torch, bineego.inference.score; from bineego.tsm import load_model; "
        "from bineego.tsm.inference_network import compile_for_inference; "
        "compile_for_inference(load_model(sys.argv[1]))(torch.zeros(1, 4, 32, 32, 3, dtype=torch.uint8)); "
        "print([name for name in ('torchvision', 'torch._dynamo', 'lightning_fabric', 'cv2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(saved)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_card_keeps_every_field() -> None:
    read = card_from_json(card_to_json(card()))
    assert read.network == NETWORK
    assert read.labels == LABELS
    assert (read.interval, read.temperature, read.activation) == (0.1 + 0.2, 1 / 3, Activation.SIGMOID)
    assert read.frames == FrameOptions(size=64, keep_aspect=True)
    assert read.priors is not None
    for name, array in card().priors.to_arrays().items():  # type: ignore[union-attr]
        np.testing.assert_array_equal(read.priors.to_arrays()[name], array)
    assert read.training == {"lr": 0.001, "steps": [1, 2], "nested": {"a": None}}
    assert read.metrics["loss"] is None
    assert card_from_json(card_to_json(card(priors=None, clip_duration=None))).priors is None


@given(
    interval=st.floats(0.01, 3600),
    names=st.lists(
        st.text(st.characters(exclude_categories=["C", "Z"]), max_size=8), min_size=1, max_size=5, unique=True
    ),
    metrics=st.dictionaries(st.text(max_size=4), st.floats(allow_nan=False, allow_infinity=False), max_size=3),
)
def test_card_json_round_trips(interval: float, names: list[str], metrics: dict[str, float]) -> None:
    labels = LabelSet(actions=tuple(names))
    network = NetworkConfig(n_classes=len(names) + 1)
    before = ModelCard(name="", network=network, labels=labels, interval=interval, metrics=metrics)
    after = card_from_json(card_to_json(before))
    assert (after.interval, after.labels, after.metrics) == (interval, labels, metrics)


def test_a_wrong_card_is_refused_before_writing(network: TSM, tmp_path: Path) -> None:
    other = card(network=dataclasses.replace(NETWORK, trunk=Trunk.RESNET18))
    with pytest.raises(ValueError, match="resnet18"):
        save_model(tmp_path / "m.safetensors", network, other)
    with pytest.raises(UsageError):
        save_model(tmp_path, network, card())
    assert list(tmp_path.iterdir()) == []


def rewritten(saved: Path, path: Path, **metadata: str | None) -> Path:
    """The saved model under another header."""
    header = {FORMAT_KEY: "1", CARD_KEY: card_to_json(card())} | metadata
    save_file(load_file(saved), path, {name: text for name, text in header.items() if text is not None})
    return path


def test_missing_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing.safetensors"):
        for read in (load_model, read_card):
            with pytest.raises(ModelError, match="no ") as error:
                read(path)
            assert error.value.exit_code == 6


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234567",
        b"\xff" * 64,
        b"label,start,end\n" * 9,
        pickle.dumps({"a": 1}),
        (20).to_bytes(8, "little") + b"{",
        (8).to_bytes(8, "little") + b'"string"' + b"0" * 9,
        (9).to_bytes(8, "little") + b'{"a": 1}}' + b"0" * 9,
    ],
)
def test_other_files(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    for read in (load_model, read_card):
        with pytest.raises(ModelError, match=r"model\.safetensors"):
            read(path)


def test_a_single_flipped_bit_is_noticed(saved: Path, tmp_path: Path) -> None:
    content = saved.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    rng = np.random.default_rng(0)
    places = [*rng.integers(0, header, 30).tolist(), *rng.integers(header, len(content), 30).tolist()]
    path = tmp_path / "m.safetensors"
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        for read in (load_model, read_state_file):
            with pytest.raises(ModelError):
                read(path)


def test_a_model_of_version_0_1_loads_with_a_note(
    saved: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old = rewritten(saved, tmp_path / "m.safetensors", **{FORMAT_KEY: "1", DIGEST_KEY: None})
    with caplog.at_level(logging.INFO, logger="bineego"):
        load_model(old)
    assert "without a checksum" in caplog.text
    with pytest.raises(ModelError, match="damaged"):
        load_model(rewritten(saved, tmp_path / "n.safetensors", **{FORMAT_KEY: "2", DIGEST_KEY: None}))


def test_no_card_and_other_versions(saved: Path, tmp_path: Path) -> None:
    for changes, words in [
        ({CARD_KEY: None}, "no bineego model card.*(?s:.*)--init FILE"),
        ({FORMAT_KEY: "3"}, "format '3' is not supported"),
        ({FORMAT_KEY: None}, "format None is not supported"),
        ({CARD_KEY: "{"}, "not JSON"),
        ({CARD_KEY: "[]"}, "card cannot be used"),
    ]:
        path = rewritten(saved, tmp_path / "m.safetensors", **changes)
        for read in (load_model, read_card):
            with pytest.raises(ModelError, match=words):
                read(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"interval": 0}, "interval"),
        ({"interval": None}, "interval"),
        ({"temperature": -1}, "temperature"),
        ({"network": {"trunk": "vgg", "n_classes": 4, "n_scenes": 2}}, "trunk"),
        ({"labels": {"actions": ["a"], "scenes": ["x", "y"]}}, "4 action logits for 1 actions"),
        ({"labels": {"actions": ["a", "a", "b"], "scenes": ["x", "y"]}}, "listed twice"),
        ({"labels": {"actions": [1, 2, 3], "scenes": []}}, "labels"),
        ({"labels": None}, "labels"),
        ({"priors": {"dwell": [1], "share": [1, 2], "scene_share": []}}, "priors"),
        ({"priors": {"dwell": [1, 2], "share": [1, 2], "scene_share": [[1], [1, 2]]}}, "shape"),
        ({"colour": "red"}, "colour"),
        ({"activation": "tanh"}, "activation"),
    ],
)
def test_cards_that_cannot_be_used(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        card_from_json(json.dumps(json.loads(card_to_json(card())) | changes))


def test_weights_that_do_not_fit_the_card(saved: Path, tmp_path: Path) -> None:
    header = {FORMAT_KEY: "1", CARD_KEY: card_to_json(card())}
    path = tmp_path / "m.safetensors"
    good = load_file(saved)
    nan = good["action_head.bias"].clone()
    nan[0] = float("nan")
    for change, words in [
        ({"action_head.bias": nan}, "not finite"),
        ({"action_head.bias": torch.zeros(7)}, r"float32 \[7\], expected float32 \[4\]"),
        ({"action_head.bias": torch.zeros(4, dtype=torch.float16)}, "float16"),
        ({"more": torch.zeros(1)}, "belongs to no layer"),
    ]:
        save_file(good | change, path, header)
        with pytest.raises(ModelError, match=words):
            load_model(path)
    save_file({name: tensor for name, tensor in good.items() if "head" not in name}, path, header)
    with pytest.raises(ModelError, match=r"action_head.weight is missing \(and 3 more like it\)"):
        load_model(path)


def test_cut_off_file(saved: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(saved.read_bytes()[:-100])
    with pytest.raises(ModelError, match="damaged"):
        load_model(path)


def test_a_disk_that_fails_under_a_mapped_file_is_no_bug(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As PyTorch tells it."""

    def failing(path: Path, **_: object) -> object:
        raise RuntimeError(f"Error closing file <{path}>: Input/output error (5)")

    monkeypatch.setattr(model_file, "safe_open", failing)
    for read in (load_model, read_state_file):
        with pytest.raises(ResourceExhausted, match=r"Input/output error \(5\)") as found:
            read(saved)
        assert found.value.where == str(saved)


def test_a_card_of_version_0_1_keeps_its_independent_seconds() -> None:
    values = json.loads(card_to_json(card()))
    del values["decoding"]
    for evidence in (0.1, None):
        back = card_from_json(json.dumps(values | {"evidence": evidence}))
        assert back.decoding == of_version_1(evidence)
    assert back.decoding is None
    with pytest.raises(ModelError, match="independent_seconds"):
        card_from_json(json.dumps(values | {"evidence": -1}))
    with pytest.raises(ModelError, match="evidence"):
        card_from_json(json.dumps(values | {"evidence": "x"}))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"interval": 1e-9}, "interval must be from 0.01 to 3600"),
        ({"interval": 1e300}, "interval must be from"),
        ({"interval": True}, "interval: must be a number"),
        ({"temperature": 1e300}, "temperature must be from"),
        ({"temperature": True}, "temperature: must be a number"),
        ({"clip_duration": 1e-9}, "clip_duration must be from"),
        ({"view": "above"}, "view must be one of panoramic"),
        ({"labels": {"actions": ["a\nb", "x", "y"], "scenes": ["s", "t"]}}, "labels.actions.0"),
        ({"labels": {"actions": ["a\x1b[31m", "x", "y"], "scenes": ["s", "t"]}}, "labels.actions.0"),
        ({"network": {"n_frames": 100_000}}, "clips of 100,000 frames; at most 1,000"),
        ({"network": {"n_frames": 1000}, "frames": {"size": 4096}}, "at most 1,000,000,000"),
        ({"network": {"n_frames": True}}, "network.n_frames: must be a number"),
        ({"frames": {"size": 10**9}}, "frames.size"),
    ],
)
def test_what_no_card_says_is_refused_with_the_limit(changes: dict[str, object], says: str) -> None:
    values = json.loads(card_to_json(card()))
    for name, change in changes.items():
        values[name] = values[name] | change if isinstance(change, dict) else change
    with pytest.raises(ModelError, match=re.escape(says)):
        card_from_json(json.dumps(values))


def test_the_views_of_a_card_are_those_of_data_sets() -> None:
    assert tuple(map(str, View)) == VIEWS
