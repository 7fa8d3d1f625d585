"""Our forward against logits recorded from the official implementation (see official_record.py)."""

from __future__ import annotations

import pytest
from tsm.references import check_against_record

from bineego.tsm.config import Trunk


@pytest.mark.parametrize("trunk", [Trunk.RESNET18, Trunk.RESNET50, Trunk.RESNET101, Trunk.MOBILENET_V2])
def test_equals_the_official_implementation(trunk: Trunk) -> None:
    check_against_record(trunk)
