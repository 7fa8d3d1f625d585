"""Names that load on first use."""

from __future__ import annotations

import pytest

from bineego.lazy import attach


def test_a_name_comes_from_its_submodule() -> None:
    get = attach("bineego", {"tiou": "segments"})
    from bineego.segments import tiou

    assert get("tiou") is tiou


def test_an_unknown_name_says_which_package() -> None:
    with pytest.raises(AttributeError, match=r"'bineego' has no attribute 'nonsense'"):
        attach("bineego", {})("nonsense")
