"""The public API: five verbs and a loader, found lazily."""

from __future__ import annotations

import subprocess
import sys

import pytest

import bineego


def test_every_public_name_is_there() -> None:
    for name in bineego.__all__:
        assert callable(getattr(bineego, name))
        assert getattr(bineego, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        bineego.nonsense  # noqa: B018


def test_importing_costs_nothing() -> None:
    code = "import sys, bineego; print('torch' in sys.modules or 'pandas' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        == "False"
    )
