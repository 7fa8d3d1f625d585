"""The network: a temporal shift module on an image trunk, with an action head and a scene head.

`config`, `card` and `card_file` are free of torch; the rest loads on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bineego.lazy import attach

if TYPE_CHECKING:
    from bineego.tsm.model_file import load_model

__all__ = ["load_model"]

__getattr__ = attach(__name__, {"load_model": "model_file"})
