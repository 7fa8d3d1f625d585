"""Temporal models as files: head, projection and trunk in one, read back as they were."""

import dataclasses

import pytest
import torch

from bineego.errors import ModelError
from bineego.heads.config import HeadConfig
from bineego.labels import LabelSet
from bineego.tsm.card import ModelCard
from bineego.tsm.card_file import read_card
from bineego.tsm.config import NetworkConfig, TemporalConfig, Trunk
from bineego.tsm.model_file import load_model, save_model
from bineego.tsm.network import TSM
from bineego.tsm.temporal_network import TemporalNetwork

LABELS = LabelSet(actions=("bend", "jump"), scenes=("hall",))
HEAD = HeadConfig(n_features=7, n_classes=3, n_scenes=1, width=8, layers=2, members=2)
TRUNK = NetworkConfig(trunk=Trunk.RESNET18, n_classes=2, shift=False)


def config(**changes) -> TemporalConfig:
    values = {
        "head": HEAD, "kinds": ("final", "motion"), "widths": (512, 129), "directions": (4, 3), "rate": 12.5,
        "trunk": TRUNK, "weights": "abc",
    }  # fmt: skip
    return TemporalConfig(**(values | changes))


def card(of: TemporalConfig) -> ModelCard:
    return ModelCard(name="m", network=of, labels=LABELS, interval=1 / of.rate)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    torch.manual_seed(0)
    network = TemporalNetwork(config()).eval()
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save_model(path, network, card(network.config))
    return network, path


def test_a_file_gives_back_the_model(saved):
    network, path = saved
    model = load_model(path)
    assert isinstance(model.network, TemporalNetwork)
    assert model.card.network == network.config
    assert read_card(path).network == network.config
    features = torch.randn(12, 7)
    for mine, theirs in zip(network(features), model.network(features), strict=True):
        assert torch.equal(mine, theirs)
    assert not model.network.training


def test_its_trunk_comes_back_in_a_network_of_its_own_kind(saved):
    network, path = saved
    maker = load_model(path).network.feature_maker()
    assert isinstance(maker, TSM)
    frames = torch.randn(1, 1, 3, 32, 32)
    with torch.inference_mode():
        assert torch.equal(maker.trunk(frames[0], 1), network.trunk(frames[0], 1))


def test_without_a_trunk(tmp_path):
    alone = config(kinds=("motion",), widths=(129,), directions=(7,), trunk=None, weights="")
    save_model(tmp_path / "m.safetensors", TemporalNetwork(alone), card(alone))
    model = load_model(tmp_path / "m.safetensors")
    assert model.network.feature_maker() is None
    assert model.card.network.trunk is None


def test_a_model_of_clips_is_still_one(tmp_path):
    network = TSM(NetworkConfig(trunk=Trunk.RESNET18, n_classes=3, n_scenes=1))
    save_model(
        tmp_path / "m.safetensors", network, ModelCard(name="m", network=network.config, labels=LABELS, interval=1)
    )
    model = load_model(tmp_path / "m.safetensors")
    assert isinstance(model.clip_network, TSM)
    assert model.card.clip_network == network.config


def test_a_temporal_model_does_not_answer_clip_by_clip(saved):
    model = load_model(saved[1])
    with pytest.raises(TypeError, match="does not work on clips"):
        _ = model.clip_network
    with pytest.raises(TypeError, match="does not work on clips"):
        _ = model.card.clip_network


@pytest.mark.parametrize(
    "changes",
    [{"directions": (4, 4)}, {"widths": (512,)}, {"rate": 0.0}, {"kinds": (), "widths": (), "directions": ()}],
)
def test_shapes_that_do_not_fit_are_refused(changes):
    with pytest.raises(ValueError, match=r"rate|kinds|projections"):
        config(**changes)


def test_another_network_than_that_of_the_card_is_refused(saved):
    network, path = saved
    other = dataclasses.replace(network.config, rate=25.0)
    with pytest.raises(ValueError, match="the card is of"):
        save_model(path, network, card(other))


def test_missing_weights_are_told(saved, tmp_path):
    network, _ = saved
    lacking = TemporalNetwork(config(head=dataclasses.replace(HEAD, members=1)))
    lacking.config = network.config
    save_model(tmp_path / "m.safetensors", lacking, card(network.config))
    with pytest.raises(ModelError, match=r"head\.members\.1.* is missing"):
        load_model(tmp_path / "m.safetensors")
