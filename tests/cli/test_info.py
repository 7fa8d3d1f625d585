"""`bineego info`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bineego.cli.app import app
from bineego.errors import ModelError
from bineego.labels import LabelSet
from bineego.tsm.card import ModelCard
from bineego.tsm.config import NetworkConfig, Trunk


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from bineego.tsm.model_file import save_model
    from bineego.tsm.network import TSM

    network = NetworkConfig(trunk=Trunk.MOBILENET_V2, n_classes=3)
    card = ModelCard(
        name="first",
        network=network,
        labels=LabelSet(actions=("jump", "run")),
        interval=0.5,
        metrics={"mAP": [0.5, 0.25], "loss": 0.123456789, "nothing": None},
        data={"name": "three videos", "subsets": {"train": 2, "val": 1}},
        training={"lr": 0.001, "begun": {"init": "random weights"}},
        environment={"torch": "2.10"},
    )
    folder = tmp_path_factory.mktemp("runs") / "first"
    save_model(folder / "model.safetensors", TSM(network), card)
    return folder


def test_without_a_model_it_is_the_newest_run(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["info"])
    assert isinstance(result.exception, ModelError)
    (tmp_path / "runs").symlink_to(run_folder.parent)
    for arguments in (["info"], ["info", "first"]):
        assert CliRunner().invoke(app, arguments).stdout.startswith("model first\n")


def test_prints_the_card(run_folder: Path) -> None:
    for path in (run_folder, run_folder / "model.safetensors"):
        result = CliRunner().invoke(app, ["info", str(path)])
        assert result.exit_code == 0, result.output
        lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
        assert lines[0] == "model first"
        assert "trunk mobilenet_v2" in lines
        assert "interval 0.5 s" in lines
        assert "actions 2: jump, run" in lines
        assert "scenes none: it has no scene head" in lines
        assert "scores softmax, temperature 1" in lines
        assert "metrics mAP (0.5, 0.25), loss 0.1235, nothing -" in lines
        assert "data name three videos, subsets (train 2, val 1)" in lines
        assert "training lr 0.001, begun (init random weights)" in lines
        assert "environment torch 2.10" in lines


def test_it_fits_a_screen(run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many labels and videos there are."""
    from bineego.tsm.model_file import load_model, save_model

    monkeypatch.setenv("COLUMNS", "80")
    model = load_model(run_folder / "model.safetensors")
    videos = [f"a video of a long name {i}" for i in range(3000)]
    card = dataclasses.replace(model.card, data={"train": videos}, training={f"option {i}": i for i in range(99)})
    save_model(tmp_path / "model.safetensors", model.network, card)
    lines = CliRunner().invoke(app, ["info", str(tmp_path)]).stdout.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert "train (3000)" in " ".join(lines)


def test_json_holds_everything(run_folder: Path) -> None:
    result = CliRunner().invoke(app, ["info", str(run_folder), "--json"])
    card = json.loads(result.stdout)
    assert card["metrics"]["loss"] == 0.123456789
    assert card["labels"]["actions"] == ["jump", "run"]
    assert card["network"]["trunk"] == "mobilenet_v2"


def test_no_model(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["info", str(tmp_path)])
    assert isinstance(result.exception, ModelError)


def test_a_temporal_model_names_its_features_and_its_head(tmp_path: Path) -> None:
    from bineego.heads.config import HeadConfig
    from bineego.tsm.config import TemporalConfig
    from bineego.tsm.model_file import save_model
    from bineego.tsm.temporal_network import TemporalNetwork

    head = HeadConfig(n_features=7, n_classes=3, width=8, layers=2, members=5)
    network = TemporalConfig(head=head, kinds=("motion",), widths=(129,), directions=(7,), rate=12.5)
    card = ModelCard(name="quick", network=network, labels=LabelSet(actions=("jump", "run")), interval=0.08)
    save_model(tmp_path / "model.safetensors", TemporalNetwork(network), card)
    result = CliRunner().invoke(app, ["info", str(tmp_path)])
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "trunk none: motion only, 256 px" in lines
    assert "features 1: motion, 12.5 steps per second" in lines
    assert "head temporal, 5 x 2 dilated layers of 8 channels" in lines
