"""What the card says of bf16, and what `auto` makes of it."""

from __future__ import annotations

import dataclasses
import json
import logging

import pytest
import torch
from tsm.references import random_network

from bineego.errors import ModelError
from bineego.labels import LabelSet
from bineego.tsm import precision as precision_module
from bineego.tsm.card import Bf16Check, ModelCard
from bineego.tsm.card_file import card_from_json, card_to_json
from bineego.tsm.config import Precision, Trunk
from bineego.tsm.inference_network import compile_for_inference
from bineego.tsm.model_file import Model
from bineego.tsm.precision import safe_precision

CPU = torch.device("cpu")
GOOD = Bf16Check(agreement=0.995, fp32=0.4, bf16=0.4019)


def card(check: Bf16Check | None) -> ModelCard:
    network = random_network(Trunk.RESNET18).config
    return ModelCard(name="a", network=network, labels=LabelSet(actions=("x", "y", "z")), interval=0.5, bf16=check)


@pytest.mark.parametrize(
    ("change", "passed"),
    [
        ({}, True),
        ({"bf16": 0.3981}, True),
        ({"agreement": 0.9949}, False),
        ({"bf16": 0.4021}, False),
        ({"bf16": 0.3979}, False),
        ({"fp32": 0.0, "bf16": 0.0}, True),
        ({"fp32": 0.0, "bf16": 0.001}, False),
    ],
)
def test_bounds(change: dict[str, float], passed: bool) -> None:
    assert dataclasses.replace(GOOD, **change).passed is passed


def test_card_keeps_it_and_older_cards_are_read() -> None:
    assert card_from_json(card_to_json(card(GOOD))).bf16 == GOOD
    assert card_from_json(card_to_json(card(None))).bf16 is None
    older = json.loads(card_to_json(card(GOOD)))
    del older["bf16"]
    assert card_from_json(json.dumps(older)).bf16 is None


@pytest.mark.parametrize("value", [{"agreement": 1.0}, {"agreement": 2.0, "fp32": 0.1, "bf16": 0.1}, "yes"])
def test_checks_that_cannot_be_used(value: object) -> None:
    with pytest.raises(ModelError, match="bf16"):
        card_from_json(json.dumps(json.loads(card_to_json(card(GOOD))) | {"bf16": value}))


def test_auto_is_safe(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bineego")
    bad = dataclasses.replace(GOOD, agreement=0.99)
    monkeypatch.setattr(precision_module, "bf16_is_fast", lambda device: False)
    assert safe_precision(Precision.AUTO, CPU, card(GOOD)) is Precision.FP32
    assert safe_precision(Precision.AUTO, CPU, card(None)) is Precision.FP32
    assert caplog.text == ""  # nothing is lost here
    monkeypatch.setattr(precision_module, "bf16_is_fast", lambda device: True)
    assert safe_precision(Precision.AUTO, CPU, card(GOOD)) is Precision.BF16
    for forced in (Precision.FP32, Precision.BF16):
        assert safe_precision(forced, CPU, card(bad)) is forced
    assert caplog.text == ""
    assert safe_precision(Precision.AUTO, CPU, card(None)) is Precision.FP32
    assert "not checked in bf16" in caplog.text
    assert safe_precision(Precision.AUTO, CPU, card(bad)) is Precision.FP32
    assert "99.00% of the predictions as in fp32" in caplog.text
    assert all("--precision bf16" in message for message in caplog.messages)


def test_for_inference_asks_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision_module, "bf16_is_fast", lambda device: True)
    network = random_network(Trunk.RESNET18)
    for check, wanted in ((GOOD, Precision.BF16), (None, Precision.FP32)):
        assert compile_for_inference(Model(network=network, card=card(check))).precision is wanted
