"""The other trunks: against the slow reference, the official implementation's record, and fused."""

from __future__ import annotations

import pytest
from tsm.references import check_against_record, check_against_reference, check_fused

from bineego.tsm.config import Precision, Trunk

LARGE = [Trunk.RESNEXT101_32X8D, Trunk.RESNEXT101_64X4D]
REST = [Trunk.RESNET34, Trunk.RESNEXT50_32X4D, *LARGE]


@pytest.mark.parametrize("trunk", REST)
def test_forward_and_gradient_equal_the_reference(trunk: Trunk) -> None:
    check_against_reference(trunk)


@pytest.mark.parametrize("trunk", REST)
def test_equals_the_official_implementation(trunk: Trunk) -> None:
    check_against_record(trunk)


@pytest.mark.parametrize("trunk", LARGE)
@pytest.mark.parametrize("precision", [Precision.FP32, Precision.BF16])
def test_fused_equals_unfused(trunk: Trunk, precision: Precision) -> None:
    check_fused(trunk, precision)
