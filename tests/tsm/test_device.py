from __future__ import annotations

import pytest

from bineego.errors import UsageError
from bineego.tsm.device import choose_device


def test_devices() -> None:
    assert choose_device("cpu").type == "cpu"
    assert choose_device("auto").type in ("cuda", "mps", "cpu")
    for absent in ("cuda:99", "tpu"):
        with pytest.raises(UsageError):
            choose_device(absent)
